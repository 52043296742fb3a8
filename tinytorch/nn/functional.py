"""The same things as plain functions: PyTorch's `torch.nn.functional`."""

from tinytorch.faces import make_face, same_words

WORDS = same_words("relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu", "softmax", "linear", "dropout")

__getattr__, __dir__ = make_face(__name__, WORDS)
