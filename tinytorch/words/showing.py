"""A tensor as text, and as one number."""

import numpy as np


def described(x):
    """Write a tensor as one would type it, with what differs from the default."""
    text = np.array2string(x.data, separator=", ", prefix="Tensor(")
    dtype = "" if x.dtype in ("float32", "int32", "bool") else f", dtype={x.dtype!r}"
    return f"Tensor({text}{dtype}{', requires_grad=True' if x.requires_grad else ''})"


def only_number(x):
    """Take the number out of a tensor that has one."""
    if x.numel() != 1:
        raise ValueError(
            f"a single number is needed, got the shape {x.shape}: reduce it first, as in x.mean() or x.max()"
        )
    return x.data.item()


def truth(x):
    """Tell whether the number of a tensor that has one is not 0."""
    if x.numel() != 1:
        raise ValueError(
            f"a Tensor of several numbers is neither true nor false, got the shape {x.shape}: to ask whether one was "
            "given, write `is not None`; for all or any of them, x.all() or x.any()"
        )
    return bool(x.item())


def formatted(x, how):
    """Format a single number as Python does; of several, only the plain form is known."""
    if x.ndim == 0:
        return format(x.item(), how)
    if how:
        raise TypeError(f"{how!r} formats one number, got the shape {x.shape}: format each of x.tolist()")
    return repr(x)
