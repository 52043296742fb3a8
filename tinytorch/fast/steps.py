"""Adam piece by piece: both averages are changed in place, the parameter is a new array.

Anything that kept the parameter's old array (a graph, a snapshot) keeps the old numbers.
"""

import math

import numpy as np

from tinytorch.core.tensor import register_implementation
from tinytorch.fast.blocks import FLOATS, PIECE, alike, room_like, views
from tinytorch.fast.switching import NAME, default


def adam_step(p, g, m, v, t, lr, betas, eps):
    """Take one step of Adam; m and v are changed, p is not."""
    if not (fits(p, g, m, v) and t > 0):
        return default("adam_step")(p, g, m, v, t, lr, betas, eps)
    moved, (keep, keep_squares) = room_like(p), betas
    scale = math.sqrt(1 - keep_squares**t)  # corrects v's root; taken into the two numbers that follow, not into v
    size, least = lr * scale / (1 - keep**t), eps * scale
    parts = views(p, g, m, v, moved) if p.size > PIECE else [(p, g, m, v, moved)]
    for p_part, g_part, m_part, v_part, new in parts:  # the new numbers' place is used on the way
        np.multiply(g_part, 1 - keep, out=new)
        m_part *= keep
        m_part += new
        np.multiply(g_part, g_part, out=new)
        new *= 1 - keep_squares
        v_part *= keep_squares
        v_part += new
        np.sqrt(v_part, out=new)
        new += least
        np.divide(m_part, new, out=new)
        new *= size
        np.subtract(p_part, new, out=new)
    return moved, m, v


def fits(p, g, m, v):
    """Tell whether these are arrays that lie alike, and both averages can be changed without anything else."""
    if not (isinstance(p, np.ndarray) and p.dtype in FLOATS and p.size and alike(p, g, m, v)):
        return False
    if m.base is None and v.base is None:  # each has memory of its own, which only a view of it shares
        return m is not v and all(x is not m and x is not v and x.base is not m and x.base is not v for x in (p, g))
    return not any(np.may_share_memory(*pair) for pair in ((m, v), (m, g), (v, g), (m, p), (v, p)))


register_implementation("adam_step", NAME, adam_step)
