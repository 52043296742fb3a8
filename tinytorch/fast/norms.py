"""Layer norm as a single operation: means are products, sums of squares need no array of squares."""

import numpy as np

from tinytorch.core.autograd import rule
from tinytorch.core.tensor import Tensor, primitive
from tinytorch.fast.blocks import FLOATS, rows_at_once
from tinytorch.fast.switching import default


@primitive
def norm_in_one(x, weight, bias, eps):
    """Normalise the last axis of x (..., dim), scale and shift it; keep the normalised x and each row's scale."""
    rows = x.reshape(-1, x.shape[-1])
    normal, out, scales = np.empty_like(rows, order="C"), np.empty_like(rows, order="C"), np.empty(len(rows), x.dtype)
    count, share = rows_at_once(rows.shape[1]), np.full(rows.shape[1], 1 / rows.shape[1], x.dtype)
    for start in range(0, len(rows), count):
        some = slice(start, start + count)
        part, its_normal, its_scales = rows[some], normal[some], scales[some]
        np.subtract(part, (part @ share)[:, None], out=its_normal)
        squares = np.einsum("ij,ij->i", its_normal, its_normal)
        its_scales[...] = 1 / np.sqrt(squares / rows.shape[1] + eps)
        its_normal *= its_scales[:, None]
        np.multiply(its_normal, 1 if weight is None else weight, out=out[some])
        if bias is not None:
            out[some] += bias
    return out.reshape(x.shape), normal, scales


@rule("norm_in_one", reads="inputs out")
def norm_gradients(grad, out, x, weight, bias, eps, wanted=(True, True, True, False)):
    """The gradients for x, weight and bias."""
    _, normal, scales = out
    rows = grad.reshape(normal.shape)
    for_x = _for_rows(rows, normal, scales, weight).reshape(x.shape) if wanted[0] else None
    for_weight = np.einsum("ij,ij->j", rows, normal) if wanted[1] else None
    return for_x, for_weight, np.ones(len(rows), rows.dtype) @ rows if wanted[2] else None, None


def _for_rows(grad, normal, scales, weight):
    """Take out of each row's gradient what only moves or stretches the row, and scale the rest."""
    for_rows, width = np.empty_like(normal), normal.shape[1]
    count, share = rows_at_once(width), np.full(width, 1 / width, grad.dtype)
    for start in range(0, len(grad), count):
        some = slice(start, start + count)
        part, its_normal = for_rows[some], normal[some]
        np.multiply(grad[some], 1 if weight is None else weight, out=part)
        stretch, move = np.einsum("ij,ij->i", part, its_normal) / width, part @ share
        part -= its_normal * stretch[:, None]
        part -= move[:, None]
        part *= scales[some][:, None]
    return for_rows


def layer_norm(x, weight=None, bias=None, eps=1e-5):
    """Normalise the last axis as one operation."""
    if fits(x, weight, bias):
        return norm_in_one(x, weight, bias, eps)
    return default("layer_norm")(x, weight, bias, eps)


def fits(x, *parameters):
    """Tell whether x has an axis to normalise, and scale and shift are vectors of its size and dtype."""
    if not isinstance(x, Tensor) or not x.data.ndim or not x.data.size or x.data.dtype not in FLOATS:
        return False
    wanted = x.data.shape[-1:], x.data.dtype
    return all(p is None or (isinstance(p, Tensor) and (p.data.shape, p.data.dtype) == wanted) for p in parameters)


def layer_norm_over(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Normalise over the last axes; if that is one, without any reshaping."""
    one = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if len(one) == 1 and isinstance(input, Tensor) and input.shape[-1:] == one and fits(input, weight, bias):
        return norm_in_one(input, weight, bias, eps)
    return default("layer_norm_over")(input, normalized_shape, weight, bias, eps)


WHOLE = {"layer_norm": layer_norm, "layer_norm_over": layer_norm_over}
