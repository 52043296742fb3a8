"""Convolution and pooling with channels first of all: in memory (channels, images, rows, columns).

What comes out has the shape (images, channels, rows, columns), as everybody sees it; the next layer finds it in the
order that it needs, and nothing is moved between them.
"""

import numpy as np

from tinytorch.core.autograd import RULES, rule
from tinytorch.core.spatial import conv_output_size
from tinytorch.core.tensor import Tensor, primitive, register_implementation
from tinytorch.fast.blocks import FLOATS
from tinytorch.fast.switching import NAME, default

NUMBERS = 400_000  # of a matrix of windows at once: 1.6 MB in float32


class Windows:
    """Where windows lie on images, and matrices with a window in each column, some images at a time."""

    def __init__(self, x, weight, stride, padding):
        self.x, (_, self.channels, *self.kernel) = x.swapaxes(0, 1), weight.shape
        self.stride, self.padding = stride, padding
        self.places = tuple(conv_output_size(x.shape[a], weight.shape[a], stride, padding) for a in (2, 3))
        self.height = self.channels * self.kernel[0] * self.kernel[1]
        self.area = self.places[0] * self.places[1]
        self.at_once = max(1, min(len(x), NUMBERS // max(1, self.height * self.area)))

    def groups(self):
        """Give slices of so many images as a matrix holds."""
        return (slice(s, min(s + self.at_once, self.x.shape[1])) for s in range(0, self.x.shape[1], self.at_once))

    def padded(self, images):
        """Make zeros for some images, padding included."""
        rows, columns = (size + 2 * self.padding for size in self.x.shape[2:])
        return np.zeros((self.channels, images, rows, columns), self.x.dtype)

    def inside(self, padded):
        """Return the view without padding."""
        (rows, columns), p = self.x.shape[2:], self.padding
        return padded[:, :, p : p + rows, p : p + columns]

    def cells(self, padded):
        """Give each cell of the kernel with what it meets at all places: a view."""
        (down, across), step = self.places, self.stride
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                yield (
                    (slice(None), i, j),
                    padded[:, :, i : i + step * (down - 1) + 1 : step, j : j + step * (across - 1) + 1 : step],
                )

    def matrix(self, some, room, padded):
        """Fill the matrix (channels * rows * columns, images * places) of some images."""
        count = some.stop - some.start
        self.inside(padded)[:, :count] = self.x[:, some]
        cells = room[: self.height * count * self.area].reshape(self.channels, *self.kernel, count, *self.places)
        for place, met in self.cells(padded[:, :count]):
            cells[place] = met
        return cells.reshape(self.height, count * self.area)


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
    windows, kernels = Windows(x, weight, stride, padding), weight.reshape(len(weight), -1)
    out = np.empty((len(weight), len(x) * windows.area), x.dtype)
    room, padded = np.empty(windows.at_once * windows.height * windows.area, x.dtype), windows.padded(windows.at_once)
    for some in windows.groups():
        places = out[:, some.start * windows.area : some.stop * windows.area]
        np.matmul(kernels, windows.matrix(some, room, padded), out=places)
        if bias is not None:
            places += bias[:, None]
    return out.reshape(len(weight), len(x), *windows.places).swapaxes(0, 1)


def _gradients(grad, x, weight, stride, padding, wanted):
    """Return the gradients for images and kernels."""
    windows, kernels = Windows(x, weight, stride, padding), weight.reshape(len(weight), -1)
    blame = np.ascontiguousarray(grad.swapaxes(0, 1)).reshape(len(weight), -1)
    for_x = np.empty(windows.x.shape, x.dtype) if wanted[0] else None
    for_kernels = np.zeros_like(kernels) if wanted[1] else None
    room, padded = np.empty(windows.at_once * windows.height * windows.area, x.dtype), windows.padded(windows.at_once)
    for some in windows.groups():
        its = blame[:, some.start * windows.area : some.stop * windows.area]
        if wanted[1]:
            for_kernels += its @ windows.matrix(some, room, padded).T
        if wanted[0]:
            for_x[:, some] = _back_to_pixels(windows, kernels.T @ its, some.stop - some.start)
    return (
        for_x.swapaxes(0, 1) if wanted[0] else None,
        for_kernels.reshape(weight.shape) if wanted[1] else None,
        blame,
    )


def _back_to_pixels(windows, matrix, count):
    """Add each number of a matrix of windows to the pixel that it came from."""
    padded = windows.padded(count)
    cells = matrix.reshape(windows.channels, *windows.kernel, count, *windows.places)
    for place, met in windows.cells(padded):
        met += cells[place]
    return windows.inside(padded)


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
def conv2d_in_one_gradients(grad, out, x, weight, bias, stride=1, padding=0, wanted=(True, True, True)):
    """The gradients for images, kernels and bias."""
    for_x, for_weight, blame = _gradients(grad, x, weight, stride, padding, wanted)
    return for_x, for_weight, blame.sum(axis=1) if wanted[2] else None


def conv2d_with_bias(x, weight, bias=None, stride=1, padding=0):
    """Convolve and add the bias as one operation."""
    tensors = all(isinstance(each, Tensor) for each in (x, weight, bias))
    if tensors and fits(x.data, weight.data) and (bias.shape, bias.dtype) == (weight.shape[:1], weight.dtype):
        return conv2d_in_one(x, weight, bias, stride=stride, padding=padding)
    return default("conv2d_with_bias")(x, weight, bias, stride, padding)


def max_pool2d(x, kernel_size):
    """Take the largest of each window of two by two by comparing neighbours; other sizes as they were."""
    if kernel_size != 2 or x.ndim != 4:
        return default("max_pool2d")(x, kernel_size)
    rows, columns = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    taller = np.maximum(x[:, :, 0:rows:2, :columns], x[:, :, 1:rows:2, :columns])
    return np.maximum(taller[..., 0::2], taller[..., 1::2])


@rule("max_pool2d/fast")
def max_pool2d_gradients(grad, out, x, kernel_size):
    """The gradient of max_pool2d: each window's blame goes to the first of its largest pixels."""
    if kernel_size != 2 or x.ndim != 4:
        return RULES["max_pool2d"](grad, out, x, kernel_size)
    rows, columns = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    whole = (rows, columns) == x.shape[2:]
    for_x = np.empty_like(x) if whole else np.zeros_like(x)
    waiting = np.ones_like(out, dtype=bool)
    for i in (0, 1):
        for j in (0, 1):
            some = (slice(None), slice(None), slice(i, rows, 2), slice(j, columns, 2))
            wins = x[some] == out
            wins &= waiting
            np.multiply(grad, wins, out=for_x[some])
            waiting ^= wins
    return for_x


for function in (conv2d, max_pool2d):
    register_implementation(function.__name__, NAME, function)
WHOLE = {"conv2d_with_bias": conv2d_with_bias}
