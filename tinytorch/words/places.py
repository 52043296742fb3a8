"""Dimensions by number: counted from the front, or refused."""

from tinytorch.explaining import check_dim


def place(x, dim):
    """Count a dimension of x from the front."""
    check_dim(dim, x.ndim)
    return dim % x.ndim


def check_dims(x, dim):
    """Refuse a dimension, or one of several, that x doesn't have; None means all."""
    for each in () if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,):
        if x.ndim or each not in (0, -1):
            place(x, each)
