"""Walk through large arrays in pieces that stay in the processor's cache.

Promises: what `views` gives are views, of the same elements of each array, in whatever order they lie; what `room`
makes begins where a line of the cache does, so that no group of numbers read at a time lies in two lines.
"""

import math
from collections.abc import Iterator

import numpy as np

PIECE = 65_536  # numbers: 256 kB in float32, a few of them in a core's second cache; half as many cost more in calls
ROWS = 32_768  # the same where each row has steps of its own, and more arrays take part
LINE = 64  # bytes of a line of the cache; passes over two arrays took half the time where both begin at one
SMALL = 4096  # numbers of an array for which finding such a place takes longer than it saves
FLOATS = (np.dtype("float32"), np.dtype("float64"))


def room(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Make an array whose numbers are not set yet."""
    count = math.prod(shape)
    if count < SMALL:
        return np.empty(shape, dtype)
    wider = np.empty(count + LINE // dtype.itemsize, dtype)
    skipped = -wider.__array_interface__["data"][0] % LINE // dtype.itemsize
    return wider[skipped : skipped + count].reshape(shape)


def room_like(array: np.ndarray) -> np.ndarray:
    """Make an array of the same shape and dtype, that lies in memory in the same way."""
    return room(array.shape, array.dtype) if array.flags.c_contiguous else np.empty_like(array)


def views(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Give the arrays piece by piece, each flat; they must lie alike in memory (`alike`)."""
    flat = [array.ravel(order="K") for array in arrays]
    if flat[0].size <= PIECE:
        yield tuple(flat)
        return
    pieces = -(-flat[0].size // PIECE)
    step = -(-flat[0].size // (pieces * LINE)) * LINE  # as long as each other, and each begins with a line of the cache
    for start in range(0, flat[0].size, step):
        yield tuple([each[start : start + step] for each in flat])


def alike(first: np.ndarray, *others: np.ndarray) -> bool:
    """Tell whether arrays have the same dtype and shape, and lie in memory in the same order without gaps."""
    strides, shape, dtype = first.strides, first.shape, first.dtype
    for other in others:
        if other.strides != strides or other.shape != shape or other.dtype != dtype:
            return False
    return is_dense(first)


def is_dense(array: np.ndarray) -> bool:
    """Tell whether the elements fill one stretch of memory, with the axes in any order."""
    if array.flags.c_contiguous:
        return True
    step = array.itemsize
    for stride, size in sorted((s, n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride != step:
            return False
        step *= size
    return True


def rows_at_once(width: int) -> int:
    """Return how many rows of this width make a piece."""
    return max(1, ROWS // max(1, width))
