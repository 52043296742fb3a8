"""Layer norm as a single operation: means are products, sums of squares need no array of squares."""

import numpy as np

from tinytorch.core.autograd import rule
from tinytorch.core.tensor import Tensor, primitive
from tinytorch.fast.blocks import FLOATS, room, rows_at_once
from tinytorch.fast.switching import default
from tinytorch.fast.way_back import gives_new


@primitive
def norm_in_one(x, weight, bias, eps):
    """Normalize the last axis of x (..., dim), scale and shift it; keep the normalized x and each row's scale."""
    rows = x.reshape(-1, x.shape[-1])
    normal, out, scales = room(rows.shape, x.dtype), room(rows.shape, x.dtype), np.empty((len(rows), 1), x.dtype)
    share = np.full((rows.shape[1], 1), 1 / rows.shape[1], x.dtype)
    its_weight, its_bias = (_repeated(p, rows) for p in (weight, bias))
    for some in _pieces(rows):
        its_normal = normal[some]
        np.subtract(rows[some], rows[some] @ share, out=its_normal)
        its_scale = scales[some]
        its_scale[:, 0] = 1 / np.sqrt(np.vecdot(its_normal, its_normal) / rows.shape[1] + eps)
        its_normal *= its_scale
        its = np.multiply(its_normal, 1 if weight is None else its_weight[: len(its_normal)], out=out[some])
        if bias is not None:
            its += its_bias[: len(its_normal)]
    return out.reshape(x.shape), normal, scales


def _pieces(rows):
    """Give slices of rows, so many that a few pieces stay in the cache."""
    count = rows_at_once(rows.shape[1])
    return [slice(start, start + count) for start in range(0, len(rows), count)]


def _repeated(parameter, rows):
    """Write scale or shift once for each row of a piece: a pass over all of it is shorter than one for each row."""
    if parameter is None:
        return None
    repeated = room((min(len(rows), rows_at_once(len(parameter))), len(parameter)), parameter.dtype)
    repeated[...] = parameter
    return repeated


@rule("norm_in_one", reads="inputs out")
@gives_new
def norm_gradients(grad, out, x, weight, bias, eps):
    """The gradients for x, weight and bias.

    Out of each row's gradient is taken what only moves or stretches the row. The sums that say how much are products
    with a vector, and so are the gradients for weight and bias.
    """
    _, normal, scales = out
    rows, dim = grad.reshape(normal.shape), normal.shape[1]
    scale = np.ones(dim, grad.dtype) if weight is None else weight
    for_x, share = room(normal.shape, x.dtype), (scale / dim)[:, None]
    for_weight, for_bias = np.zeros(dim, x.dtype), np.zeros(dim, x.dtype)
    its_scale = _repeated(scale, rows)
    ones, rest = np.ones(len(its_scale), x.dtype), room(its_scale.shape, x.dtype)
    for some in _pieces(rows):
        its_grad, its_normal, its = rows[some], normal[some], for_x[some]
        its_ones, product = ones[: len(its)], np.multiply(its_grad, its_normal, out=rest[: len(its)])
        for_weight += its_ones @ product
        for_bias += its_ones @ its_grad
        np.multiply(its_grad, its_scale[: len(its)], out=its)
        stretch = product @ share
        np.multiply(its_normal, stretch, out=product)
        product += its_grad @ share
        its -= product
        its *= scales[some]
    return for_x.reshape(x.shape), None if weight is None else for_weight, None if bias is None else for_bias, None


def layer_norm(x, weight=None, bias=None, eps=1e-5):
    """Normalize the last axis as one operation."""
    if fits(x, weight, bias):
        return norm_in_one(x, weight, bias, eps)
    return default("layer_norm")(x, weight, bias, eps)


def fits(x, *parameters):
    """Tell whether x has an axis to normalize, and scale and shift are vectors of its size and dtype."""
    if not isinstance(x, Tensor) or not x.data.ndim or not x.data.size or x.data.dtype not in FLOATS:
        return False
    wanted = x.data.shape[-1:], x.data.dtype
    return all(p is None or (isinstance(p, Tensor) and (p.data.shape, p.data.dtype) == wanted) for p in parameters)


def layer_norm_over(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Normalize over the last axes; if that is one, without any reshaping."""
    one = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if len(one) == 1 and isinstance(input, Tensor) and input.shape[-1:] == one and fits(input, weight, bias):
        return norm_in_one(input, weight, bias, eps)
    return default("layer_norm_over")(input, normalized_shape, weight, bias, eps)


WHOLE = {"layer_norm": layer_norm, "layer_norm_over": layer_norm_over}
