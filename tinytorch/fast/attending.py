"""Attention as a single operation, a few heads at a time; results lie in memory as merging the heads needs them."""

import math

import numpy as np

from tinytorch.core.autograd import rule
from tinytorch.core.tensor import Tensor, primitive
from tinytorch.fast.blocks import FLOATS, rows_at_once
from tinytorch.fast.curves import powers
from tinytorch.fast.switching import default
from tinytorch.fast.way_back import gives_new


@primitive
def attention_in_one(q, k, v, mask):
    """Mix values (..., keys, size) by how much queries (..., queries, d) look at keys; mask is None, or True hides.

    Kept for the gradient: the powers of the scores, and one over their sums.
    """
    scores, out = np.empty((*q.shape[:-1], k.shape[-2]), q.dtype), _as_merged(q.shape[:-1], v.shape[-1], q.dtype)
    shares, scale = np.empty((*q.shape[:-1], 1), q.dtype), 1 / math.sqrt(q.shape[-1])
    shown = None if mask is None else (~mask).astype(q.dtype)
    for some in _pieces(scores):
        part, its_out = scores[some], out[some]
        np.matmul(q[some], k[some].swapaxes(-1, -2), out=part)
        part *= scale
        sums = powers(part, part, _of_piece(shown, some, scores))
        np.reciprocal(sums, out=shares[some][..., 0])
        np.matmul(part, v[some], out=its_out)
        its_out *= shares[some]
    return out, scores, shares


def _pieces(scores):
    """Give slices of the first axis, so that their scores stay in the cache; a single matrix is one piece."""
    if scores.ndim == 2:
        return [slice(None)]
    count = rows_at_once(scores[0].size)
    return [slice(start, start + count) for start in range(0, len(scores), count)]


def _of_piece(shown, some, scores):
    """Take what belongs to a piece of the scores, if there is something for each."""
    each = shown is not None and shown.ndim == scores.ndim and len(shown) == len(scores)
    return shown[some] if each else shown


def _as_merged(front, size, dtype):
    """Make room for (..., heads, time, size) that lies in memory as (..., time, heads, size)."""
    if len(front) < 2:
        return np.empty((*front, size), dtype)
    *others, heads, time = front
    return np.empty((*others, time, heads, size), dtype).swapaxes(-2, -3)


@rule("attention_in_one", reads="inputs out")
@gives_new
def attention_gradients(grad, out, q, k, v, mask):
    """The gradients for queries, keys and values."""
    out, scores, shares = out
    for_v, for_q, for_k = (_as_merged(x.shape[:-1], x.shape[-1], x.dtype) for x in (v, q, k))
    scale, ones = 1 / math.sqrt(q.shape[-1]), np.ones((v.shape[-1], 1), v.dtype)
    for some in _pieces(scores):
        part, its_grad = scores[some], grad[some] * shares[some]
        np.matmul(part.swapaxes(-1, -2), its_grad, out=for_v[some])
        blame = np.matmul(its_grad, v[some].swapaxes(-1, -2))
        its_grad *= out[some]
        blame -= its_grad @ ones  # what softmax takes out: the sum over keys of weight and blame is grad times out
        blame *= part
        blame *= scale
        np.matmul(blame, k[some], out=for_q[some])
        np.matmul(blame.swapaxes(-1, -2), q[some], out=for_k[some])
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
