"""The same things as plain functions: PyTorch's `torch.nn.functional`."""

from tinytorch.faces import make_face, same_words

WORDS = same_words(
    "relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu", "softmax", "softplus", "log_softmax",
    "linear", "dropout", "embedding", "one_hot", "unfold", "avg_pool2d", "adaptive_avg_pool2d", "batch_norm",
    "scaled_dot_product_attention",
    "mse_loss", "cross_entropy", "binary_cross_entropy_with_logits",
) | {
    "conv2d": "conv2d_with_bias",
    "max_pool2d": "max_pool2d_with_stride",
    "layer_norm": "layer_norm_over",
}  # fmt: skip

__getattr__, __dir__ = make_face(__name__, WORDS)
