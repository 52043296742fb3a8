"""Ask in words for what plain values cannot show: whether memory is shared, an argument was left alone, state survives.

The words are answered where the arrays live: in this process, or, in the judge, in the student's.
"""

import copy
import pickle
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tinytorch.testing.compare import Difference
from tinytorch.testing.show import show, type_name


class RemoteArray(np.ndarray):
    """An array that lives with the student's code; `read()` gives its present value.

    In a notebook it is the array itself. Results of arithmetic on it are ordinary arrays.
    """

    def read(self) -> np.ndarray:
        """Return a copy of the present value."""
        return np.array(self)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        if array is self:  # an operation in place, such as a += 1
            return self
        return array[()] if return_scalar else np.asarray(array)


class Here:
    """Answers the words in this process."""

    def remote(self, array: np.ndarray) -> RemoteArray:
        return np.array(array).view(RemoteArray)

    def shares_memory(self, a, b) -> bool:
        return bool(np.shares_memory(_array(a), _array(b)))

    def is_contiguous(self, a) -> bool:
        return bool(_array(a).flags.c_contiguous)

    def clone(self, x):
        return copy.deepcopy(x)

    def saved_and_loaded(self, state):
        return pickle.loads(pickle.dumps(state))


_place = Here()


def use_place(place: Here) -> Here:
    """Let `place` answer the words from now on, and return the previous one."""
    global _place
    previous, _place = _place, place
    return previous


def remote(array) -> RemoteArray:
    """Return an array that lives with the student's code, so that changes made there can be seen with `.read()`."""
    return _place.remote(np.asarray(array))


def shares_memory(a, b) -> bool:
    """Tell whether two arrays (or two tensors' `.data`) that came from student code overlap in memory."""
    return _place.shares_memory(a, b)


def is_contiguous(a) -> bool:
    """Tell whether an array (or a tensor's `.data`) that came from student code lies in memory row after row."""
    return _place.is_contiguous(a)


def clone(x):
    """Return a deep copy of an object of the student's, made where it lives."""
    return _place.clone(x)


def saved_and_loaded(state):
    """Return `state` as it is after saving it to a file and loading it again."""
    return _place.saved_and_loaded(state)


@contextmanager
def unchanged(array) -> Iterator[None]:
    """Require that the block leaves the remote array as it was."""
    if not hasattr(array, "read"):
        raise TypeError(f"unchanged() takes a remote array, got {show(array)}: write a = remote(...) and pass a")
    before = array.read()
    yield
    after = array.read()
    if after.shape != before.shape or not np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"):
        raise Difference(
            "an argument was modified: compute a new array instead of changing the one that was given",
            kind="argument modified",
            got=show(after),
            expected=show(before),
        )


def _array(x) -> np.ndarray:
    if isinstance(x, np.ndarray):
        return x
    data = getattr(x, "data", None)
    if isinstance(data, np.ndarray):
        return data
    raise TypeError(f"an array or a tensor was expected, got an object of class {type_name(x)}")
