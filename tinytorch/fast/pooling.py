"""Pooling of two by two pixels: first neighbors in a line, all at once, then lines; a few lines at a time."""

import numpy as np

from tinytorch.core.autograd import RULES, rule
from tinytorch.core.tensor import register_implementation
from tinytorch.fast.blocks import FLOATS, ROWS
from tinytorch.fast.switching import NAME, default


def fits(x, kernel_size):
    """Tell whether these are images with an even number of lines and columns, and windows of two by two."""
    return kernel_size == 2 and x.ndim == 4 and x.dtype in FLOATS and not (x.shape[2] % 2 or x.shape[3] % 2)


def max_pool2d(x, kernel_size):
    """Take the largest of each window of two by two by comparing neighbors; other sizes as they were."""
    if not fits(x, kernel_size):
        return default("max_pool2d")(x, kernel_size)
    wide = np.maximum(x[..., 0::2], x[..., 1::2])
    return np.maximum(wide[:, :, 0::2], wide[:, :, 1::2])


@rule("max_pool2d/fast")
def max_pool2d_gradients(grad, out, x, kernel_size):
    """The gradient of max_pool2d: each window's blame goes to the first of its largest pixels."""
    if not fits(x, kernel_size):
        return RULES["max_pool2d"](grad, out, x, kernel_size)
    if x.flags.c_contiguous:
        return _shared_out(grad, x)
    return _shared_out(grad.swapaxes(0, 1), x.swapaxes(0, 1)).swapaxes(0, 1)


def _shared_out(grad, x):
    """Return for pixels x (.., .., lines, columns) what each gets of grad (.., .., lines / 2, columns / 2)."""
    for_x, half = np.empty(x.shape, x.dtype), x.shape[3] // 2
    pixels, blame, gradient = x.reshape(-1), grad.reshape(-1), for_x.reshape(-1)
    step = max(1, 2 * ROWS // max(1, 4 * half)) * 4 * half  # whole pairs of lines
    for start in range(0, pixels.size, step):
        part, its = pixels[start : start + step], gradient[start : start + step]
        wide, left_wins = np.maximum(part[0::2], part[1::2]).reshape(-1, 2, half), part[0::2] >= part[1::2]
        upper_wins, given = wide[:, 0] >= wide[:, 1], blame[start // 4 : (start + step) // 4].reshape(-1, half)
        np.multiply(given, upper_wins.astype(x.dtype), out=wide[:, 0])
        np.subtract(given, wide[:, 0], out=wide[:, 1])
        share = wide.reshape(-1)
        np.multiply(share, left_wins.astype(x.dtype), out=its[0::2])
        np.subtract(share, its[0::2], out=its[1::2])
    return for_x


register_implementation("max_pool2d", NAME, max_pool2d)
