"""The gradient rules of operations that no module teaches; module 05 puts them next to its own."""

import numpy as np

from tinytorch.bound import core


def with_part(grad, out, a, value, key):
    """Where something was put in, the gradient is that of what was put in."""
    for_a = grad.copy()
    for_a[key] = 0
    return for_a, grad[key]


def gather(grad, out, a, dim, index):
    """Put the gradient where the elements came from; one that was taken several times adds up."""
    for_a = np.zeros_like(a)
    np.add.at(for_a, core("tensor")._mesh(dim, index), grad)
    return for_a


def clip(grad, out, a, min, max):
    """What was moved has no gradient; what is on a bound was not moved."""
    below = np.False_ if min is None else np.less(a, min)
    above = np.False_ if max is None else np.greater(a, max)
    return grad * ~(below | above), grad * below, grad * above


SLOPES = {"with_part": ("indices", with_part), "gather": ("indices", gather), "clip": ("inputs", clip)}
