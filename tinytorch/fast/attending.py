"""Attention as a single operation, a few heads at a time; results lie in memory as merging the heads wants them."""

import math

import numpy as np

from tinytorch.core.autograd import rule
from tinytorch.core.tensor import Tensor, primitive
from tinytorch.fast.blocks import FLOATS
from tinytorch.fast.curves import softmax_gradient, softmax_rows
from tinytorch.fast.switching import default

HIDDEN = -1e9  # added to a score that is hidden: its weight is exactly 0


@primitive
def attention_in_one(q, k, v, mask):
    """Mix values (..., keys, size) by how much queries (..., queries, d) look at keys; mask is None, or True hides."""
    weights = np.matmul(q, k.swapaxes(-1, -2))
    weights *= 1 / math.sqrt(q.shape[-1])
    if mask is not None:
        weights += np.where(mask, np.asarray(HIDDEN, q.dtype), np.asarray(0, q.dtype))
    rows = weights.reshape(-1, weights.shape[-1])
    softmax_rows(rows, rows)
    out = _as_merged(q.shape[:-1], v.shape[-1], q.dtype)
    np.matmul(weights, v, out=out)
    return out, weights


def _as_merged(front, size, dtype):
    """Make room for (..., heads, time, size) that lies in memory as (..., time, heads, size)."""
    if len(front) < 2:
        return np.empty((*front, size), dtype)
    *others, heads, time = front
    return np.empty((*others, time, heads, size), dtype).swapaxes(-2, -3)


@rule("attention_in_one", reads="inputs out")
def attention_gradients(grad, out, q, k, v, mask):
    """The gradients for queries, keys and values."""
    weights = out[1]
    for_v, for_q, for_k = (_as_merged(x.shape[:-1], x.shape[-1], x.dtype) for x in (v, q, k))
    np.matmul(weights.swapaxes(-1, -2), grad, out=for_v)
    blame = np.matmul(grad, v.swapaxes(-1, -2))
    rows = blame.reshape(-1, blame.shape[-1])
    softmax_gradient(rows, weights.reshape(rows.shape), rows)
    blame *= 1 / math.sqrt(q.shape[-1])
    np.matmul(blame, k, out=for_q)
    np.matmul(blame.swapaxes(-1, -2), q, out=for_k)
    return for_q, for_k, for_v, None


def attention(q, k, v, mask=None, cache=None):
    """Attend as one operation, where shapes in front are the same and no query has everything hidden."""
    if cache is not None:
        k, v = cache.append(k, v)
    if fits(q, k, v) and mask_fits(mask, q, k):
        return attention_in_one(q, k, v, mask if mask is None or mask.any() else None)
    return default("attention")(q, k, v, mask)


def fits(q, k, v):
    """Tell whether these are tensors of one dtype, shaped for attention without broadcasting."""
    if not all(isinstance(x, Tensor) and x.data.ndim >= 2 and x.data.dtype in FLOATS for x in (q, k, v)):
        return False
    (*front, _, d), (*front_k, keys, d_k), (*front_v, values, _) = q.shape, k.shape, v.shape
    same = front == front_k == front_v and d == d_k and keys == values and q.dtype == k.dtype == v.dtype
    return same and q.data.size > 0 and k.data.size > 0


def mask_fits(mask, q, k):
    """Tell whether a mask hides by truth values, and hides nowhere all keys of a query."""
    if mask is None:
        return True
    if not isinstance(mask, np.ndarray) or mask.dtype != bool or mask.ndim > q.ndim or not mask.ndim:
        return False
    wanted = (*q.shape[:-1], k.shape[-2])
    fitting = all(n in (1, m) for n, m in zip(reversed(mask.shape), reversed(wanted), strict=False))
    return fitting and not mask.all(axis=-1).any()


WHOLE = {"attention": attention}
