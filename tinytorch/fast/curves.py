"""Activations in pieces: one exponential each, and slopes that are kept instead of computed again."""

import math

import numpy as np

from tinytorch.core.activations import ERF_COEFFICIENTS, ERF_P
from tinytorch.core.autograd import RULES, rule
from tinytorch.core.tensor import register_implementation
from tinytorch.fast.blocks import FLOATS, PIECE, alike, is_dense, rows_at_once, views
from tinytorch.fast.switching import NAME, default

FLOAT32 = np.dtype("float32")
TO_ERF = 1 / math.sqrt(2)
DENSITY = 1 / math.sqrt(2 * math.pi)


def gelu(a):
    """Return a Phi(a) and its slope; the error function and the bell curve share their exponential."""
    if a.dtype != FLOAT32 or not is_dense(a):
        return default("gelu")(a), None
    out = np.empty_like(a)
    slope = np.empty_like(out)
    room = [np.empty(min(a.size, PIECE), FLOAT32) for _ in range(2)]
    for part, its_out, its_slope in views(a, out, slope):
        below, bell = (each[: part.size] for each in room)
        np.multiply(part, part, out=bell)
        bell *= -0.5
        np.exp(bell, out=bell)
        _below(part, bell, below, its_slope)
        np.multiply(part, below, out=its_out)
        bell *= DENSITY
        bell *= part
        np.add(below, bell, out=its_slope)
    return out, slope


def _below(a, bell, below, t):
    """Write Phi(a), where bell is exp(-a^2 / 2); `t` is room for what is computed on the way."""
    np.abs(a, out=t)
    t *= ERF_P * TO_ERF
    t += 1
    np.reciprocal(t, out=t)
    np.multiply(t, 0.5 * ERF_COEFFICIENTS[0], out=below)
    for coefficient in ERF_COEFFICIENTS[1:]:
        below += 0.5 * coefficient
        below *= t
    below *= bell  # half of what lies beyond |a|, on both sides
    np.subtract(0.5, below, out=below)
    np.copysign(below, a, out=below)
    below += 0.5


@rule("gelu/fast")
def gelu_slopes(grad, out, a):
    """The gradient of gelu where its slope was kept."""
    if out[1] is None:
        return RULES["gelu"](grad, out[0], a)
    return grad * out[1]


def sigmoid(a):
    """Return 1 / (1 + exp(-a)): a power too large for its dtype is infinite, and one over that is 0."""
    if a.dtype not in FLOATS or not is_dense(a):
        return default("sigmoid")(a)
    out = np.empty_like(a)
    with np.errstate(over="ignore"):
        for part, its_out in views(a, out):
            np.negative(part, out=its_out)
            np.exp(its_out, out=its_out)
            its_out += 1
            np.reciprocal(its_out, out=its_out)
    return out


@rule("sigmoid/fast", reads="out")
def sigmoid_slopes(grad, out, a):
    """The gradient of sigmoid, piece by piece: out (1 - out)."""
    if not alike(out, grad):
        return grad * out * (1 - out)
    gradient = np.empty_like(out)
    for its_grad, its_out, its_gradient in views(grad, out, gradient):
        np.subtract(1, its_out, out=its_gradient)
        its_gradient *= its_out
        its_gradient *= its_grad
    return gradient


def softmax(a, dim=-1):
    """Return the softmax; along the last axis a few rows at a time."""
    if a.dtype not in FLOATS or a.ndim == 0 or dim not in (-1, a.ndim - 1) or not a.size or not a.flags.c_contiguous:
        return default("softmax")(a, dim=dim)
    out = np.empty_like(a)
    softmax_rows(a.reshape(-1, a.shape[-1]), out.reshape(-1, a.shape[-1]))
    return out


def softmax_rows(a, out):
    """Write the softmax of each row of a matrix into `out`, which may be the matrix itself."""
    count = rows_at_once(a.shape[1])
    ones = np.ones(a.shape[1], a.dtype)
    for start in range(0, len(a), count):
        part, its_out = a[start : start + count], out[start : start + count]
        np.subtract(part, part.max(axis=1, keepdims=True), out=its_out)
        np.exp(its_out, out=its_out)
        its_out *= np.reciprocal(its_out @ ones)[:, None]


def softmax_gradient(grad, out, gradient):
    """Write out (grad - sum(grad out)) of each row of matrices into `gradient`, which may be `grad` itself."""
    count = rows_at_once(out.shape[1])
    for start in range(0, len(out), count):
        some = slice(start, start + count)
        sums = np.einsum("ij,ij->i", grad[some], out[some])
        np.subtract(grad[some], sums[:, None], out=gradient[some])
        gradient[some] *= out[some]


@rule("softmax/fast", reads="out")
def softmax_slopes(grad, out, a, dim=-1):
    """The gradient of softmax, a few rows at a time."""
    if dim not in (-1, out.ndim - 1) or not alike(out, grad) or not out.flags.c_contiguous or not out.size:
        return out * (grad - (grad * out).sum(axis=dim, keepdims=True))
    gradient = np.empty_like(out)
    softmax_gradient(*(each.reshape(-1, out.shape[-1]) for each in (grad, out, gradient)))
    return gradient


def relu(a):
    """Keep what is positive."""
    return np.maximum(a, 0)


@rule("relu/fast", reads="out")
def relu_slopes(grad, out, a):
    """The gradient of relu, piece by piece."""
    if not alike(out, grad):
        return grad * (out > 0)
    gradient = np.empty_like(out)
    for its_grad, its_out, its_gradient in views(grad, out, gradient):
        np.multiply(its_grad, its_out > 0, out=its_gradient)
    return gradient


for function in (gelu, sigmoid, softmax, relu):
    register_implementation(function.__name__, NAME, function)
