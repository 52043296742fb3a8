"""In order: extremes with their places, sorting, the largest few, what there is."""

from typing import NamedTuple

import numpy as np

from tinytorch.bound import beside, is_tensor
from tinytorch.words.places import check_dims


class Found(NamedTuple):
    """Values, and where they were found."""

    values: object
    indices: object


def max(x, dim=None, keepdim=False):
    """Take the largest of all, along `dim` (with its place), or of two tensors in each place."""
    return beside(x)["maximum"](x, dim) if is_tensor(dim) else _extreme("amax", "argmax", x, dim, keepdim)


def min(x, dim=None, keepdim=False):
    """Take the smallest of all, along `dim` (with its place), or of two tensors in each place."""
    return beside(x)["minimum"](x, dim) if is_tensor(dim) else _extreme("amin", "argmin", x, dim, keepdim)


def _extreme(value, place, x, dim, keepdim):
    x._check_extreme(value, dim)
    if dim is None:
        return beside(x)[value](x)
    return _found(x, beside(x)[place](x, dim=dim, keepdim=True), dim, keepdim)


def _found(x, indices, dim, keepdim=True):
    found = Found(beside(x)["gather"](x, dim, indices), indices)
    return found if keepdim else Found(*(each.squeeze(dim) for each in found))


def argsort(x, dim=-1, descending=False, stable=False):
    """Tell in which order the numbers along `dim` would be sorted."""
    check_dims(x, dim)
    array = x.data
    if not descending:
        return beside(x)["Tensor"](np.argsort(array, axis=dim, kind="stable"))
    backwards = np.flip(np.argsort(np.flip(array, axis=dim), axis=dim, kind="stable"), axis=dim)
    return beside(x)["Tensor"](array.shape[dim] - 1 - backwards if array.ndim else backwards)


def sort(x, dim=-1, descending=False, stable=False):
    """Sort along `dim`: the values, and where each was."""
    if x.ndim == 0:
        return Found(x, beside(x)["Tensor"](np.zeros((), dtype="int64")))
    return _found(x, argsort(x, dim, descending), dim)


def topk(x, k, dim=-1, largest=True, sorted=True):
    """Take the k largest (or smallest) along `dim`, in order, and where each was."""
    check_dims(x, dim)
    if not 0 <= k <= x.shape[dim]:
        raise ValueError(f"topk takes between 0 and {x.shape[dim]} along dim={dim} of shape {x.shape}, got k={k}")
    order = argsort(x, dim, descending=largest).data
    return _found(x, beside(x)["Tensor"](np.take(order, range(k), axis=dim)), dim)


def unique(x, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """List the values that there are, in order; on request where each number is in the list, and how often."""
    check_dims(x, dim)
    wanted = [True, return_inverse, return_counts]
    found = np.unique(x.data, return_inverse=True, return_counts=True, axis=dim)
    made = [beside(x)["Tensor"](array) for array, asked in zip(found, wanted, strict=True) if asked]
    return made[0] if len(made) == 1 else tuple(made)


def bincount(x, weights=None, minlength=0):
    """Count how often each whole number from 0 on occurs."""
    if x.data.dtype.kind not in "biu" or x.ndim != 1:
        raise TypeError(f"bincount takes a vector of whole numbers, got {x.dtype} of shape {x.shape}: use x.long()")
    given = None if weights is None else weights.data
    return beside(x)["Tensor"](np.bincount(x.data, given, minlength))


def nonzero(x, as_tuple=False):
    """List the places of what is not 0, one row each."""
    places = np.nonzero(x.data)
    make = beside(x)["Tensor"]
    return tuple(make(place) for place in places) if as_tuple else make(np.stack(places, axis=-1))
