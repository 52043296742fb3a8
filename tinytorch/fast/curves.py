"""Activations in pieces that stay in the cache; slopes are kept instead of computed again."""

import math

import numpy as np

from tinytorch.core.autograd import RULES, rule
from tinytorch.core.tensor import register_implementation
from tinytorch.fast.blocks import FLOATS, PIECE, alike, is_dense, room_like, rows_at_once, views
from tinytorch.fast.switching import NAME, default
from tinytorch.fast.way_back import gives_new

FLOAT32 = np.dtype("float32")
DENSITY = 1 / math.sqrt(2 * math.pi)
# Phi(a) is (1 + tanh(a p(a^2))) / 2 with this polynomial p, its highest power first. Fitted so that Phi(a) is wrong by
# 2.4e-6 at most, and a Phi(a) by 3.8e-6; a p(a^2) never turns back.
TO_TANH = (
    1.2397079327477604e-06,
    -3.3388834126090796e-05,
    -0.00010463815424133198,
    0.0364181999693866,
    0.7978611380210976,
)
NEAR = 30  # powers of numbers within -30 and 30, and sums of them, lie far inside of what float32 can hold


def gelu(a):
    """Return a Phi(a) and its slope."""
    if a.dtype != FLOAT32 or not is_dense(a):
        return default("gelu")(a), None
    out, slope = room_like(a), room_like(a)
    with np.errstate(over="ignore"):
        for part, below, its_slope in views(a, out, slope):  # Phi(a) is where a Phi(a) will be
            share_below(part, its_slope, below)
            its_slope *= -0.5
            np.exp(its_slope, out=its_slope)
            its_slope *= DENSITY
            its_slope *= part
            its_slope += below
            below *= part
    return out, slope


def share_below(a, square, below):
    """Write a^2, and Phi(a): the share of the normal distribution that lies below a."""
    np.multiply(a, a, out=square)
    np.multiply(square, TO_TANH[0], out=below)
    for coefficient in TO_TANH[1:-1]:
        below += coefficient
        below *= square
    below += TO_TANH[-1]
    below *= a
    np.tanh(below, out=below)
    below *= 0.5
    below += 0.5


@rule("gelu/fast")
@gives_new
def gelu_slopes(grad, out, a):
    """The gradient of gelu where its slope was kept."""
    if out[1] is None:
        return np.array(RULES["gelu"](grad, out[0], a))
    return np.multiply(grad, out[1], out=room_like(out[1])) if alike(out[1], grad) else grad * out[1]


def sigmoid(a):
    """Return 1 / (1 + exp(-a)): a power too large for its dtype is infinite, and one over that is 0."""
    if a.dtype not in FLOATS or not is_dense(a):
        return default("sigmoid")(a)
    out = room_like(a)
    with np.errstate(over="ignore"):
        for part, its_out in views(a, out):
            np.negative(part, out=its_out)
            np.exp(its_out, out=its_out)
            its_out += 1
            np.reciprocal(its_out, out=its_out)
    return out


@rule("sigmoid/fast", reads="out")
@gives_new
def sigmoid_slopes(grad, out, a):
    """The gradient of sigmoid, piece by piece: out (1 - out)."""
    if not alike(out, grad):
        return grad * out * (1 - out)
    gradient = room_like(out)
    for its_grad, its_out, its_gradient in views(grad, out, gradient):
        np.subtract(1, its_out, out=its_gradient)
        its_gradient *= its_out
        its_gradient *= its_grad
    return gradient


def softmax(a, dim=-1):
    """Return the softmax; along the last axis a few rows at a time."""
    if a.dtype not in FLOATS or a.ndim == 0 or dim not in (-1, a.ndim - 1) or not a.size or not a.flags.c_contiguous:
        return default("softmax")(a, dim=dim)
    out = room_like(a)
    rows, its_rows = a.reshape(-1, a.shape[-1]), out.reshape(-1, a.shape[-1])
    count = rows_at_once(a.shape[-1])
    for start in range(0, len(rows), count):
        part = its_rows[start : start + count]
        sums = powers(rows[start : start + count], part)
        part *= np.reciprocal(sums)[:, None]
    return out


def powers(a, out, shown=None):
    """Write exp(a - something) for each row (the last axis) into `out`, which may be `a`; return the rows' sums.

    `shown` is None, or 1 where a number counts and 0 where it is hidden. Nothing is subtracted where that is safe: the
    largest of each row takes longer to find than all powers to compute. What a row gets depends on what is shown of it
    alone, bit for bit.
    """
    if not -NEAR < a.min() <= a.max() < NEAR:
        a, top = _with_tops(a, shown)
        a = np.subtract(a, top, out=out)
    np.exp(a, out=out)
    if shown is not None:
        out *= shown
    return out @ np.ones(a.shape[-1], a.dtype)


def _with_tops(a, shown):
    """Return the numbers, -inf where they are hidden, and what to subtract from each row: 0, or its largest number."""
    low = high = a
    if shown is not None:
        low, high = (np.where(shown == 0, far, a) for far in (np.inf, -np.inf))
    top = high.max(axis=-1, keepdims=True)
    is_safe = (top < NEAR) & (low.min(axis=-1, keepdims=True) > -NEAR)
    return high, np.where(is_safe, 0, top)


def softmax_gradient(grad, out, gradient):
    """Write out (grad - sum(grad out)) of each row of matrices into `gradient`."""
    count, ones = rows_at_once(out.shape[1]), np.ones(out.shape[1], out.dtype)
    for start in range(0, len(out), count):
        its_grad, its_out, its_gradient = (each[start : start + count] for each in (grad, out, gradient))
        np.multiply(its_grad, its_out, out=its_gradient)
        sums = its_gradient @ ones
        its_gradient -= its_out * sums[:, None]


@rule("softmax/fast", reads="out")
@gives_new
def softmax_slopes(grad, out, a, dim=-1):
    """The gradient of softmax, a few rows at a time."""
    if dim not in (-1, out.ndim - 1) or not alike(out, grad) or not out.flags.c_contiguous or not out.size:
        return out * (grad - (grad * out).sum(axis=dim, keepdims=True))
    gradient = room_like(out)
    softmax_gradient(*(each.reshape(-1, out.shape[-1]) for each in (grad, out, gradient)))
    return gradient


def relu(a):
    """Keep what is positive."""
    return np.maximum(a, 0)


@rule("relu/fast", reads="out")
@gives_new
def relu_slopes(grad, out, a):
    """The gradient of relu, piece by piece."""
    if out.size < PIECE or not alike(out, grad):
        return grad * (out > 0)
    gradient = room_like(out)
    for its_grad, its_out, its_gradient in views(grad, out, gradient):
        np.copyto(its_gradient, its_out > 0)  # multiplying by truth values takes half as long again
        its_gradient *= its_grad
    return gradient


for function in (gelu, sigmoid, softmax, relu):
    register_implementation(function.__name__, NAME, function)
