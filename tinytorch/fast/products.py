"""Matrix products: one large one instead of many small ones, and a linear layer as a single operation."""

import functools
import math

import numpy as np

from tinytorch.core.autograd import RULES, rule
from tinytorch.core.tensor import Tensor, primitive, register_implementation
from tinytorch.fast.blocks import FLOATS
from tinytorch.fast.switching import NAME, default
from tinytorch.fast.way_back import gives_new


def as_rows(a):
    """Read an array (..., n) as a matrix of rows; n may be 0."""
    return a if a.ndim == 2 else a.reshape(math.prod(a.shape[:-1]), a.shape[-1])


@functools.lru_cache(maxsize=16)
def ones(count, dtype):
    """Give ones, whose product with rows is their sum; all callers share them."""
    shared = np.ones(count, dtype)
    shared.flags.writeable = False
    return shared


def matmul(a, b):
    """Multiply; many rows by one matrix is one product, however the rows are stacked."""
    if np.ndim(a) > 2 and np.ndim(b) == 2 and a.shape[-1] == len(b):
        return (as_rows(a) @ b).reshape(*a.shape[:-1], b.shape[1])
    return default("matmul")(a, b)


@rule("matmul/fast", reads="inputs")
def matmul_gradients(grad, out, a, b, wanted=(True, True)):
    """The gradients of a product; that of the matrix on the right lies in memory as the left one needs it."""
    if a.ndim < 2 or b.ndim != 2:
        return RULES["matmul"](grad, out, a, b, wanted=wanted)
    rows = as_rows(grad)
    for_a = (rows @ b.T).reshape(a.shape) if wanted[0] else None
    return for_a, (rows.T @ as_rows(a)).T if wanted[1] else None


@primitive
def linear_in_one(x, weight, bias):
    """Return x @ weight.T + bias for x (..., in), weight (out, in) and bias (out,) or None."""
    out = as_rows(x) @ weight.T
    if bias is not None:
        out += bias
    return out.reshape(*x.shape[:-1], len(weight))


@rule("linear_in_one", reads="inputs")
@gives_new
def linear_gradients(grad, out, x, weight, bias, wanted=(True, True, True)):
    """The gradients for x, weight and bias."""
    rows = as_rows(grad)
    return (
        (rows @ weight).reshape(x.shape) if wanted[0] else None,
        rows.T @ as_rows(x) if wanted[1] else None,
        ones(len(rows), rows.dtype) @ rows if wanted[2] else None,
    )


def linear(x, weight, bias=None):
    """Apply a linear layer as one operation."""
    if fits(x, weight, bias):
        return linear_in_one(x, weight, bias)
    return default("linear")(x, weight, bias)


def fits(x, weight, bias):
    """Tell whether these are tensors of one dtype that make a linear layer."""
    if not (isinstance(x, Tensor) and isinstance(weight, Tensor) and (bias is None or isinstance(bias, Tensor))):
        return False
    a, w = x.data, weight.data
    shapes = a.ndim >= 2 and w.ndim == 2 and a.shape[-1] == w.shape[1]
    kinds = a.dtype in FLOATS and a.dtype == w.dtype
    return shapes and kinds and (bias is None or (bias.data.shape == w.shape[:1] and bias.data.dtype == w.dtype))


register_implementation("matmul", NAME, matmul)
WHOLE = {"linear": linear}
