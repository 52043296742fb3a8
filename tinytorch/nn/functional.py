"""The same things as plain functions: PyTorch's `torch.nn.functional`."""

from tinytorch.faces import in_room, make_face, same_words

WORDS = same_words(
    "leaky_relu", "sigmoid", "tanh", "silu", "softplus", "log_softmax",
    "linear", "dropout", "embedding", "unfold", "avg_pool2d", "adaptive_avg_pool2d", "batch_norm",
    "scaled_dot_product_attention",
    "mse_loss",
) | {
    "conv2d": "conv2d_with_bias",
    "max_pool2d": "max_pool2d_with_stride",
    "layer_norm": "layer_norm_over",
}  # fmt: skip

ROOMS = {
    **in_room(
        "tinytorch.nn.more_functions",
        "relu", "relu6", "elu", "gelu", "softmax", "logsigmoid", "one_hot", "normalize", "cosine_similarity",
    ),
    **in_room(
        "tinytorch.nn.more_losses",
        "l1_loss", "huber_loss", "smooth_l1_loss", "nll_loss", "cross_entropy", "binary_cross_entropy",
        "binary_cross_entropy_with_logits", "kl_div",
    ),
}  # fmt: skip

__getattr__, __dir__ = make_face(__name__, WORDS, ROOMS)
