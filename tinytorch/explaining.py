"""Say what is wrong with the inputs of an operation, in this framework's words instead of numpy's.

Nothing is asked before an operation fails: `check_inputs` looks at its inputs then, and raises if one of them is to
blame. Promises: the kind of error is the one that a user of PyTorch expects (IndexError, TypeError, ValueError); if the
inputs are in order it says nothing, and the operation's own error remains.
"""

import numbers
from typing import Any

import numpy as np

KINDS = "biuf"  # truth values, integers, unsigned integers, floats
DTYPES = "'float32', 'float64', 'int32', 'int64' or 'bool'"


def check_dtype(dtype: Any) -> None:
    """Refuse anything that names no dtype of numbers; None means no dtype."""
    if isinstance(dtype, int):
        raise TypeError(
            f"the second argument is the dtype, got {dtype}: make a tensor of a shape with zeros(2, 3) or rand(2, 3)"
        )
    try:
        known = np.dtype(dtype).kind in KINDS
    except TypeError:
        known = False
    if not known:
        raise TypeError(f"there is no dtype {dtype!r} here: use {DTYPES}")


def array_of_numbers(data: Any) -> np.ndarray:
    """Turn nested lists into an array; the lists must be equally long."""
    try:
        return np.asarray(data)
    except ValueError:
        raise ValueError(f"the lists in a Tensor must be equally long, got {data!r:.60}: pad the short ones") from None


def check_inputs(operation: str, arrays: list, options: dict) -> None:
    """Raise if one of an operation's inputs is to blame for its failure."""
    if operation in ("getitem", "with_part"):
        *arrays, key = (*arrays, *options.values())
        check_key(key, arrays[0].shape)
    for value in arrays:
        check_is_number(operation, value)
    if operation == "with_part":
        check_part(*arrays, key)
    elif isinstance(arrays[0], np.ndarray):
        check_options(operation, options, arrays[0].shape)
    check_shapes(operation, arrays)


def check_is_number(operation: str, value: Any) -> None:
    """Refuse text, None and other things that are not numbers; lists may contain arrays."""
    if isinstance(value, (list, tuple)):
        for part in value:
            check_is_number(operation, part)
    elif not is_number(value):
        shown = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"{operation} takes Tensors, arrays and numbers, got {shown}: {value!r:.40}") from None


def is_number(value: Any) -> bool:
    """Tell whether a value is a number or an array of numbers."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in KINDS
    return isinstance(value, numbers.Real)


def check_are_numbers(word: str, *values: Any) -> None:
    """Refuse options of a word that are not numbers; a Tensor of one number is one, None is left out."""
    for value in values:
        if isinstance(value, str) or not (value is None or is_number(value) or hasattr(value, "item")):
            raise TypeError(f"{word} takes numbers, got {type(value).__name__}: {value!r:.40}")


def check_key(key: Any, shape: tuple) -> None:
    """Refuse an index that names no place in a tensor of this shape."""
    parts = list(key) if isinstance(key, tuple) else [key]
    taken = sum(width(part) for part in parts)
    if taken > len(shape):
        raise IndexError(f"a tensor of shape {shape} has {len(shape)} dimensions, got {taken} indices") from None
    axis = 0
    for part in parts:
        if part is Ellipsis:
            axis += len(shape) - taken
        else:
            check_part_of_key(part, axis, shape)
            axis += width(part)


def width(part: Any) -> int:
    """Count the dimensions that one part of an index covers."""
    if part is None or part is Ellipsis or isinstance(part, (bool, np.bool_)):
        return 0
    array = np.asarray(part) if isinstance(part, (list, np.ndarray)) else None
    return array.ndim if array is not None and array.dtype.kind == "b" else 1


def check_part_of_key(part: Any, axis: int, shape: tuple) -> None:
    """Refuse one part of an index along one dimension."""
    if part is None or isinstance(part, (slice, bool, np.bool_)):
        if isinstance(part, slice) and part.step == 0:
            raise ValueError("the step of a slice must be at least 1, got 0: write x[a:b]") from None
        return
    array = np.asarray(part)
    if array.dtype.kind == "b":
        covered = shape[axis : axis + array.ndim]
        if array.shape != covered:
            raise IndexError(f"a mask must have the shape of what it picks, {covered}; got {array.shape}") from None
    elif array.dtype.kind not in "iu" and array.size:
        raise IndexError(
            f"an index must be an integer, a slice, None, ... or a Tensor of integers or truth values, got {part!r:.30}"
        ) from None
    elif array.size and not -shape[axis] <= array.min() <= array.max() < shape[axis]:
        wrong = array.max() if array.max() >= shape[axis] else array.min()
        raise IndexError(
            f"index {wrong} is outside dimension {axis} of shape {shape}: use {-shape[axis]} to {shape[axis] - 1}"
        ) from None


def check_part(array: np.ndarray, value: Any, key: Any) -> None:
    """Refuse a value that does not fit where x[key] is."""
    place = array[key].shape
    try:
        np.broadcast_to(value, place)
    except ValueError:
        raise ValueError(f"a value of shape {np.shape(value)} doesn't fit the shape {place}: reshape it") from None


def check_options(operation: str, options: dict, shape: tuple) -> None:
    """Refuse dimensions that a tensor of this shape doesn't have, and bounds that are not numbers."""
    for name in ("dim", "dims"):
        dims = options.get(name)
        for dim in () if dims is None else dims if isinstance(dims, (list, tuple)) else (dims,):
            check_dim(dim, max(len(shape), 1))  # a single number may be asked for its 0th or last
    if operation == "permute" and sorted(dim % len(shape) for dim in options["dims"]) != list(range(len(shape))):
        raise ValueError(
            f"permute must name each of the {len(shape)} dimensions once, got {options['dims']} for shape {shape}"
        ) from None
    for name in ("min", "max"):
        check_is_number(operation, options.get(name) or 0)


def check_dim(dim: Any, ndim: int) -> None:
    """Refuse anything that is not a dimension among this many."""
    if not isinstance(dim, numbers.Integral):
        raise TypeError(f"a dimension must be a whole number, got {dim!r:.40}: count with x.shape") from None
    if not -ndim <= dim < ndim:
        raise IndexError(f"dim must be in {-ndim}..{ndim - 1} here, got {dim}: count again with x.shape") from None


def as_sizes(sizes: tuple) -> tuple:
    """Let zeros(2, 3) and zeros((2, 3)) mean the same; refuse anything that is not a whole number."""
    sizes = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else tuple(sizes)
    for size in sizes:
        if not hasattr(size, "__index__"):
            raise TypeError(f"sizes and dimensions must be whole numbers, got {size!r:.40}")
    return sizes


def check_shapes(operation: str, arrays: list) -> None:
    """Refuse truth values, which have no sign, lists that are not a matrix yet, and shapes that don't broadcast."""
    if operation == "matmul" and any(isinstance(value, (list, tuple)) for value in arrays):
        raise TypeError("matmul takes Tensors and arrays, got a list: use tensor(data)") from None
    if operation == "neg" and np.asarray(arrays[0]).dtype.kind == "b":
        raise TypeError("a truth value has no sign: write ~x for the opposite") from None
    if operation == "where":
        try:
            np.broadcast_shapes(*map(np.shape, arrays))
        except ValueError:
            raise ValueError(
                f"where needs shapes that broadcast, got {', '.join(map(str, map(np.shape, arrays)))}: reshape one"
            ) from None
