# Generated from scale_dev.py by `tito export scale`: edit it there, this file is overwritten.


# scale_dev.py:22
import numpy as np


# scale_dev.py:39 (scale)
def scale(x, factor):
    """Return every number of `x` times `factor`.

    TODO: write the one line that does it.

    APPROACH:
    1. Let numpy do the loop.

    EXAMPLE:
    >>> scale(np.array([1.0, 2.0]), 3)
    array([3., 6.])

    HINT: `*` works on whole arrays.
    """
    if np.ndim(factor) != 0:
        raise ValueError(f"factor must be one number, got shape {np.shape(factor)}: pass a number")
    secret_product = x * factor
    return secret_product


# scale_dev.py:96 (halve)
def halve(x):
    """Return half of every number of `x`.

    TODO: write the one line that does it.

    APPROACH:
    1. Let numpy do the loop.

    EXAMPLE:
    >>> halve(np.array([4.0]))
    array([2.])

    HINT: `scale` is there already.
    """
    return scale(x, 0.5)


__all__ = [
    "scale",
    "halve",
]
