"""Functions of `torch.nn.functional` that no module teaches, and PyTorch's options of those that one does."""

import numpy as np

from tinytorch.bound import beside, core
from tinytorch.words.along import norm


def relu(x, inplace=False):
    """Keep what is positive; `inplace` saves no memory here."""
    return core("activations").relu(x)


def relu6(x):
    """Keep what is between 0 and 6."""
    return x.clamp(0, 6)


def elu(x, alpha=1.0):
    """Keep what is positive; below 0 bend to -alpha: alpha * (exp(x) - 1)."""
    below = alpha * x.clamp(max=0).expm1()
    return beside(x)["where"](x.data > 0, x, below)


def gelu(x, approximate="none"):
    """The student's gelu; "tanh" is the approximation by a tanh (Hendrycks and Gimpel 2016)."""
    if approximate == "none":
        return core("activations").gelu(x)
    if approximate != "tanh":
        raise ValueError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
    return 0.5 * x * (1 + core("activations").tanh(0.7978845608028654 * (x + 0.044715 * x**3)))  # sqrt(2 / pi)


def softmax(x, dim=-1):
    """The student's softmax."""
    return core("activations").softmax(x, dim=dim)


def logsigmoid(x):
    """The logarithm of the sigmoid, made of the student's softplus."""
    return -core("losses").softplus(-x)


def one_hot(x, num_classes=-1):
    """Make a row for each class index: 1 at its class, else 0; whole numbers, as PyTorch's."""
    if x.data.dtype.kind not in "iu":
        raise TypeError(f"one_hot takes class indices, whole numbers, got {x.dtype}: take .long()")
    classes = int(x.data.max()) + 1 if num_classes == -1 else num_classes
    if x.numel() and (x.data.min() < 0 or x.data.max() >= classes):
        raise ValueError(f"classes lie in 0..{classes - 1}, got {x.data.min()}..{x.data.max()}")
    return beside(x)["Tensor"]((x.data[..., None] == np.arange(classes)).astype("int64"))


def normalize(x, p=2, dim=1, eps=1e-12):
    """Divide by the norm along `dim`."""
    return x / norm(x, p, dim, keepdim=True).clamp(min=eps)


def cosine_similarity(x, y, dim=1, eps=1e-8):
    """Multiply along `dim` after both were brought to length 1."""
    lengths = norm(x, 2, dim).clamp(min=eps) * norm(y, 2, dim).clamp(min=eps)
    return (x * y).sum(dim=dim) / lengths
