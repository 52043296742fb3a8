"""Dimensions by number: counted from the front, or refused."""


def place(x, dim):
    """Count a dimension of x from the front."""
    if not -x.ndim <= dim < x.ndim:
        raise IndexError(f"dim lies in {-x.ndim}..{x.ndim - 1} here, got {dim}: count again with x.shape")
    return dim % x.ndim


def check_dims(x, dim):
    """Refuse a dimension, or one of several, that x hasn't; None is all."""
    for each in () if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,):
        if x.ndim or each not in (0, -1):
            place(x, each)
