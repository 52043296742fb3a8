"""Convolution with channels first of all: in memory (channels, images, rows, columns).

What comes out has the shape (images, channels, rows, columns), as everybody sees it; the next layer finds it in the
order that it needs, and nothing is moved between them.
"""

import numpy as np

from tinytorch.core.autograd import RULES, rule
from tinytorch.core.tensor import Tensor, primitive, register_implementation
from tinytorch.fast.blocks import FLOATS
from tinytorch.fast.switching import NAME, default
from tinytorch.fast.way_back import gives_new
from tinytorch.fast.windows import windows_of


def fits(x, weight):
    """Tell whether these arrays are images and kernels of one dtype, with the same channels."""
    kinds = x.dtype in FLOATS and x.dtype == weight.dtype and x.size > 0 and weight.size > 0
    return kinds and x.ndim == 4 == weight.ndim and x.shape[1] == weight.shape[1]


def conv2d(x, weight, stride=1, padding=0):
    """Convolve by one product for some images at a time."""
    if not fits(x, weight):
        return default("conv2d")(x, weight, stride=stride, padding=padding)
    return _convolved(x, weight, None, stride, padding)


def _convolved(x, weight, bias, stride, padding):
    """Return the convolution, and what was added to it, as (N, out, down, across)."""
    windows, kernels = windows_of(x, weight, stride, padding), weight.reshape(len(weight), -1)
    out = np.empty((len(weight), len(x), *windows.places), x.dtype)
    for some in windows.groups():
        product = kernels @ windows.matrix(some)
        if bias is not None:
            product += bias[:, None]  # here, in long rows: what is no place yet costs less than many short rows
        out[:, some] = windows.maps(product, some)
    return out.swapaxes(0, 1)


def _gradients(grad, x, weight, stride, padding, wanted):
    """Return the gradients for images, kernels and bias."""
    windows, kernels = windows_of(x, weight, stride, padding), weight.reshape(len(weight), -1)
    maps, for_bias = grad.swapaxes(0, 1), np.zeros(len(weight), x.dtype)
    for_x = np.empty(windows.x.shape, x.dtype) if wanted[0] else None
    for_kernels = np.zeros_like(kernels) if wanted[1] else None
    for some in windows.groups():
        blame = windows.blame(maps[:, some])
        for_bias += blame @ np.ones(blame.shape[1], x.dtype)
        if wanted[1]:
            for_kernels += blame @ windows.matrix(some).T
        if wanted[0]:
            for_x[:, some] = windows.pixels(kernels.T @ blame, some)
    return (
        for_x.swapaxes(0, 1) if wanted[0] else None,
        for_kernels.reshape(weight.shape) if wanted[1] else None,
        for_bias,
    )


@rule("conv2d/fast", reads="inputs")
def conv2d_gradients(grad, out, x, weight, stride=1, padding=0, wanted=(True, True)):
    """The gradients of conv2d for images and kernels."""
    if not fits(x, weight):
        return RULES["conv2d"](grad, out, x, weight, stride=stride, padding=padding, wanted=wanted)
    return _gradients(grad, x, weight, stride, padding, wanted)[:2]


@primitive
def conv2d_in_one(x, weight, bias, stride=1, padding=0):
    """Convolve, and add one bias to each map."""
    return _convolved(x, weight, bias, stride, padding)


@rule("conv2d_in_one", reads="inputs")
@gives_new
def conv2d_in_one_gradients(grad, out, x, weight, bias, stride=1, padding=0, wanted=(True, True, True)):
    """The gradients for images, kernels and bias."""
    return _gradients(grad, x, weight, stride, padding, wanted)


def conv2d_with_bias(x, weight, bias=None, stride=1, padding=0):
    """Convolve and add the bias as one operation."""
    tensors = all(isinstance(each, Tensor) for each in (x, weight, bias))
    if tensors and fits(x.data, weight.data) and (bias.shape, bias.dtype) == (weight.shape[:1], weight.dtype):
        return conv2d_in_one(x, weight, bias, stride=stride, padding=padding)
    return default("conv2d_with_bias")(x, weight, bias, stride, padding)


register_implementation("conv2d", NAME, conv2d)
WHOLE = {"conv2d_with_bias": conv2d_with_bias}
