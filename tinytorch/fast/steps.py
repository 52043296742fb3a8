"""Adam piece by piece: both averages are changed in place, the parameter is a new array.

Anything that kept the parameter's old array (a graph, a snapshot) keeps the old numbers.
"""

import functools
import math

import numpy as np

from tinytorch.core.tensor import register_implementation
from tinytorch.fast.blocks import FLOATS, PIECE, alike, room_like, views
from tinytorch.fast.switching import NAME, default


def adam_step(p, g, m, v, t, lr, betas, eps):
    """Take one step of Adam; m and v are changed, p is not."""
    if not (fits(p, g, m, v) and t > 0):
        return default("adam_step")(p, g, m, v, t, lr, betas, eps)
    moved, numbers = room_like(p), factors(t, float(lr), tuple(betas), float(eps), p.dtype)
    parts = views(p, g, m, v, moved) if p.size > PIECE else [(p, g, m, v, moved)]
    for part in parts:
        take(*part, *numbers)
    return moved, m, v


def take(p, g, m, v, new, keep, rest, keep_squares, rest_squares, least, size):
    """Change m and v, and write the new numbers; their place is used on the way."""
    np.multiply(g, rest, new)
    np.multiply(m, keep, m)
    np.add(m, new, m)
    np.multiply(g, g, new)
    np.multiply(new, rest_squares, new)
    np.multiply(v, keep_squares, v)
    np.add(v, new, v)
    np.sqrt(v, new)
    np.add(new, least, new)
    np.divide(m, new, new)
    np.multiply(new, size, new)
    np.subtract(p, new, new)


@functools.lru_cache(maxsize=16)
def factors(t, lr, betas, eps, dtype):
    """Give the numbers of a step as arrays, which go into a call in half the time of plain ones."""
    keep, keep_squares = betas
    scale = math.sqrt(1 - keep_squares**t)  # corrects v's root; taken into the two numbers that follow, not into v
    size, least = lr * scale / (1 - keep**t), eps * scale
    return [np.array(x, dtype) for x in (keep, 1 - keep, keep_squares, 1 - keep_squares, least, size)]


def fits(p, g, m, v):
    """Tell whether these are arrays that lie alike, and both averages can be changed without anything else."""
    if not (isinstance(p, np.ndarray) and p.dtype in FLOATS and p.size and alike(p, g, m, v)):
        return False
    if m.base is None and v.base is None:  # each has memory of its own, which only a view of it shares
        return m is not v and all(x is not m and x is not v and x.base is not m and x.base is not v for x in (p, g))
    return not any(np.may_share_memory(*pair) for pair in ((m, v), (m, g), (v, g), (m, p), (v, p)))


register_implementation("adam_step", NAME, adam_step)
