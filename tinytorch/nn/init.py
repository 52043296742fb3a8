"""How weights begin: PyTorch's `torch.nn.init`. Each function writes into a tensor, records nothing, and returns it.

Promises: bounds that a student works out in module 03 are computed by their `kaiming_uniform`.
"""

import math

import numpy as np

from tinytorch.bound import core
from tinytorch.missing import explain
from tinytorch.random import generator
from tinytorch.versions import count_change

TRIES = 200  # to draw again what lies outside; with bounds of one std, 0.32**200 of the numbers would be left
GAINS = {"linear": 1.0, "sigmoid": 1.0, "conv2d": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 0.75}


def calculate_gain(nonlinearity, param=None):
    """Tell how much larger weights should be before this activation."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        raise ValueError(f"the gain of {nonlinearity!r} isn't known: use one of {', '.join([*GAINS, 'leaky_relu'])}")
    return GAINS[nonlinearity]


def _written(tensor, array):
    tensor.data[...] = array
    count_change(tensor.data)
    return tensor


def constant_(tensor, value):
    """Write one number everywhere."""
    return _written(tensor, value)


def zeros_(tensor):
    """Write zeros."""
    return _written(tensor, 0)


def ones_(tensor):
    """Write ones."""
    return _written(tensor, 1)


def eye_(tensor):
    """Write the identity matrix."""
    return _written(tensor, np.eye(*tensor.shape))


def uniform_(tensor, a=0.0, b=1.0):
    """Draw uniformly from [a, b)."""
    return _written(tensor, generator().uniform(a, b, tensor.shape))


def normal_(tensor, mean=0.0, std=1.0):
    """Draw normally."""
    return _written(tensor, generator().normal(mean, std, tensor.shape))


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0):
    """Draw normally, and draw again what is outside [a, b]."""
    drawn = generator().normal(mean, std, tensor.shape)
    for _ in range(TRIES):
        outside = (drawn < a) | (drawn > b)
        if not outside.any():
            return _written(tensor, drawn)
        drawn[outside] = generator().normal(mean, std, int(outside.sum()))
    raise ValueError(
        f"hardly any number with mean {mean} and std {std} is in [{a}, {b}]: choose bounds around the mean"
    )


def _fans(tensor):
    """Count the inputs and the outputs of each weight."""
    if tensor.ndim < 2:
        raise ValueError(f"fan in and fan out need at least 2 dimensions, got {tensor.shape}")
    cells = math.prod(tensor.shape[2:])
    return tensor.shape[1] * cells, tensor.shape[0] * cells


def xavier_uniform_(tensor, gain=1.0):
    """Draw uniformly, so that the variance is gain**2 / mean of fan in and fan out (Glorot and Bengio 2010)."""
    return _written(tensor, core("layers").kaiming_uniform(tensor.shape, sum(_fans(tensor)) / 2, gain))


def xavier_normal_(tensor, gain=1.0):
    """Draw normally, with the variance of xavier_uniform_."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(_fans(tensor))))


def _fan(tensor, mode):
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    return _fans(tensor)[mode == "fan_out"]


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """Draw uniformly with the student's kaiming_uniform (He et al. 2015)."""
    gain = calculate_gain(nonlinearity, a)
    return _written(tensor, core("layers").kaiming_uniform(tensor.shape, _fan(tensor, mode), gain))


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """Draw normally, with the variance of kaiming_uniform_."""
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode)))


def orthogonal_(tensor, gain=1.0):
    """Draw a matrix whose rows (or columns, if there are fewer) are at right angles."""
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    tall = generator().standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return _written(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def __getattr__(name):
    raise AttributeError(explain(__name__, name, list(globals())))
