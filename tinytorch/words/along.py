"""Along a dimension: products, norms, running sums, and whether any or all are true."""

import math

import numpy as np

from tinytorch.autograd import Function
from tinytorch.bound import beside
from tinytorch.words.places import check_dims, place


class Prod(Function):
    """The product along the last dimension; a factor's gradient is the product of the others, even if one is 0."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.data)
        return beside(x)["wrap"](np.prod(x.data, axis=-1, dtype=_kind_of_sum(x.data)), [x.data])

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        one = np.ones_like(x[..., :1])
        before = np.cumprod(np.concatenate([one, x[..., :-1]], axis=-1), axis=-1)
        after = np.cumprod(np.concatenate([one, x[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
        return beside(grad)["Tensor"](grad.data[..., None] * before * after)


class Cumsum(Function):
    """The sums of all up to each place, along the last dimension."""

    @staticmethod
    def forward(ctx, x):
        return beside(x)["wrap"](np.cumsum(x.data, axis=-1, dtype=_kind_of_sum(x.data)), [x.data])

    @staticmethod
    def backward(ctx, grad):
        return beside(grad)["Tensor"](np.cumsum(grad.data[..., ::-1], axis=-1)[..., ::-1].copy())


def _kind_of_sum(array):
    return "int64" if array.dtype.kind == "b" else array.dtype


def prod(x, dim=None, keepdim=False):
    """Multiply along `dim`, or everything."""
    if dim is None:
        return Prod.apply(x.reshape(-1))
    out = Prod.apply(last(x, dim))
    return out.unsqueeze(dim) if keepdim else out


def cumsum(x, dim):
    """Add up along `dim`: each place has the sum of all up to it."""
    return back(Cumsum.apply(last(x, dim)), dim)


def cumprod(x, dim):
    """Multiply along `dim`: each place has the product of all up to it."""
    moved = last(x, dim)
    size = moved.shape[-1]
    if size == 0:
        return x
    parts = [prod(moved[..., : i + 1], dim=-1) for i in range(size)]
    return back(beside(x)["stack"](parts, dim=-1), dim)


def last(x, dim):
    """Move a dimension to the end."""
    dim = place(x, dim)
    return x.permute(*(d for d in range(x.ndim) if d != dim), dim)


def back(x, dim):
    """Move the last dimension to where `dim` was."""
    dims = list(range(x.ndim - 1))
    dims.insert(dim % x.ndim, x.ndim - 1)
    return x.permute(*dims)


def norm(x, p=2, dim=None, keepdim=False):
    """Take the p-norm along `dim` or of everything: the root of the sum of |x| to the power p."""
    dim = dim if dim is not None or not keepdim else tuple(range(x.ndim))
    if p == math.inf:
        return x.abs().amax(dim=dim, keepdim=keepdim)
    if p == 1:
        return x.abs().sum(dim=dim, keepdim=keepdim)
    if p == 2 or p == "fro":
        return beside(x)["_root"]((x * x).sum(dim=dim, keepdim=keepdim))
    if p == 0:
        return (x != 0).float().sum(dim=dim, keepdim=keepdim)
    return (x.abs() ** p).sum(dim=dim, keepdim=keepdim) ** (1 / p)


def any(x, dim=None, keepdim=False):
    """Tell whether one along `dim` is true (not 0)."""
    check_dims(x, dim)
    return beside(x)["Tensor"](np.asarray(np.any(x.data, axis=dim, keepdims=keepdim)))


def all(x, dim=None, keepdim=False):
    """Tell whether all along `dim` are true (not 0)."""
    check_dims(x, dim)
    return beside(x)["Tensor"](np.asarray(np.all(x.data, axis=dim, keepdims=keepdim)))


def count_nonzero(x, dim=None):
    """Count what is not 0."""
    check_dims(x, dim)
    return beside(x)["Tensor"](np.asarray(np.count_nonzero(x.data, axis=dim), dtype="int64"))


def logsumexp(x, dim, keepdim=False):
    """Take the logarithm of the sum of powers of e; what the student's log_softmax took off is it."""
    from tinytorch import log_softmax

    check_dims(x, dim)
    first = (slice(None),) * (dim % x.ndim) + (slice(0, 1),)
    out = x[first] - log_softmax(x, dim=dim)[first]
    return out if keepdim else out.squeeze(dim)


def median(x, dim=None, keepdim=False):
    """Take the middle number (of two, the smaller), with its place if `dim` is given."""
    from tinytorch.words.ordering import Found, sort

    if dim is None:
        return sort(x.reshape(-1)).values[(x.numel() - 1) // 2]
    check_dims(x, dim)
    key = (slice(None),) * (dim % x.ndim) + (slice((x.shape[dim] - 1) // 2, (x.shape[dim] + 1) // 2),)
    found = [each[key] for each in sort(x, dim)]
    return Found(*(each if keepdim else each.squeeze(dim) for each in found))


def mean(x, dim=None, keepdim=False):
    """Average along `dim`, or everything."""
    return x.mean(dim, keepdim)


def var(x, dim=None, unbiased=True, correction=None, keepdim=False):
    """Average the squared distance from the mean; `correction` is taken off the count."""
    return x.var(dim, unbiased, correction, keepdim)


def std(x, dim=None, unbiased=True, correction=None, keepdim=False):
    """Take the root of the variance."""
    return x.std(dim, unbiased, correction, keepdim)
