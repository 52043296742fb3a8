"""Parts, repetitions and other shapes of tensors."""

import math

import numpy as np

from tinytorch.bound import beside, core, is_tensor
from tinytorch.explaining import as_sizes, check_are_numbers
from tinytorch.words.places import place


def cat(tensors, dim=0):
    """Join a list along a dimension that there is, as the student's cat does."""
    return _joined("cat", tensors, dim, "sizes other than that of dim must be equal")


def stack(tensors, dim=0):
    """Join a list along a new dimension, as the student's stack does."""
    return _joined("stack", tensors, dim, "shapes must be equal")


concat = concatenate = cat


def _joined(name, tensors, dim, rule):
    tensors = list(tensors)
    wrong = [type(x).__name__ for x in tensors if not is_tensor(x)]
    if wrong or not tensors:
        raise TypeError(
            f"{name} takes a list of Tensors, got {wrong[0] if wrong else 'an empty one'}: use tensor(data)"
        )
    try:
        return core("tensor").__dict__[name](tensors, dim=dim)
    except ValueError:
        raise ValueError(
            f"{name} along dim={dim}: {rule}, got {[x.shape for x in tensors]}: reshape or cut them"
        ) from None


def flatten(x, start_dim=0, end_dim=-1):
    """Make one dimension of those from start_dim to end_dim."""
    if x.ndim == 0:
        return x.reshape(1)
    start, end = place(x, start_dim), place(x, end_dim)
    if start > end:
        raise ValueError(f"flatten goes from an earlier dimension to a later one, got {start_dim} to {end_dim}")
    return x.reshape(*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :])


def unflatten(x, dim, sizes):
    """Make several dimensions of one."""
    dim = place(x, dim)
    if -1 in sizes:
        sizes = beside(x)["infer_shape"](x.shape[dim], tuple(sizes))
    return x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :])


def squeeze(x, dim=None):
    """Take out the dimension `dim` if its size is 1, those of a tuple, or all such."""
    if isinstance(dim, int):
        return beside(x)["squeeze"](x, dim)
    chosen = range(x.ndim) if dim is None else [place(x, d) for d in dim]
    return x.reshape(*(n for d, n in enumerate(x.shape) if not (n == 1 and d in chosen)))


def expand(x, *shape):
    """Stretch sizes of 1; -1 keeps a size."""
    shape = as_sizes(shape)
    old = (1,) * (len(shape) - x.ndim) + x.shape
    if len(old) != len(shape) or any(n not in (1, size) and size != -1 for n, size in zip(old, shape, strict=True)):
        raise RuntimeError(f"expand stretches sizes of 1, got {tuple(shape)} for shape {x.shape}: use repeat to copy")
    return beside(x)["broadcast_to"](
        x, shape=tuple(n if size == -1 else size for size, n in zip(shape, old, strict=True))
    )


def split(x, sizes, dim=0):
    """Cut along `dim` into pieces of one size (the last may be smaller), or of the sizes of a list."""
    length = x.shape[place(x, dim)]
    if isinstance(sizes, int):
        if sizes < 1:
            raise ValueError(f"split takes a size of at least 1, got {sizes}")
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)] or [0]
    if sum(sizes) != length:
        raise ValueError(f"the pieces must add up to {length}, the size of dim={dim}, got {list(sizes)}")
    ends = np.cumsum(sizes).tolist()
    return tuple(x[_along(x, dim, slice(end - size, end))] for size, end in zip(sizes, ends, strict=True))


def chunk(x, chunks, dim=0):
    """Cut along `dim` into at most `chunks` pieces, all but the last equally long."""
    if chunks < 1:
        raise ValueError(f"chunk takes a number of pieces of at least 1, got {chunks}")
    return split(x, max(1, math.ceil(x.shape[place(x, dim)] / chunks)), dim)


def unbind(x, dim=0):
    """List the parts along `dim`."""
    return tuple(x[_along(x, dim, i)] for i in range(x.shape[place(x, dim)]))


def select(x, dim, index):
    """Take one part along `dim`."""
    return x[_along(x, dim, index)]


def narrow(x, dim, start, length):
    """Take `length` parts along `dim` from `start` on."""
    if not 0 <= start <= start + length <= x.shape[place(x, dim)]:
        raise IndexError(f"there are no {length} parts from {start} on along dim={dim} of shape {x.shape}: take fewer")
    return x[_along(x, dim, slice(start, start + length))]


def index_select(x, dim, index):
    """Take the parts along `dim` that `index` names."""
    return x[_along(x, dim, index.data)]


def _along(x, dim, key):
    return (slice(None),) * place(x, dim) + (key,)


def masked_select(x, mask):
    """Take what the mask says, in a row."""
    return x[mask]


def repeat(x, *times):
    """Put copies side by side: so many along each dimension."""
    times = as_sizes(times)
    x = x.reshape(*(1,) * (len(times) - x.ndim), *x.shape)
    for dim, count in enumerate(times):
        if count != 1:
            x = beside(x)["cat"]([x] * count, dim=dim) if count else x[_along(x, dim, slice(0, 0))]
    return x


def tile(x, *times):
    """Put copies side by side; missing counts in front are 1."""
    times = as_sizes(times)
    return repeat(x, *(1,) * (x.ndim - len(times)), *times)


def repeat_interleave(x, repeats, dim=None):
    """Repeat each part along `dim`, or each number."""
    x, dim = (x.reshape(-1), 0) if dim is None else (x, dim)
    counts = repeats.data if is_tensor(repeats) else repeats
    return x[_along(x, dim, np.repeat(np.arange(x.shape[dim]), counts))]


def flip(x, *dims):
    """Turn the order around along each of `dims`."""
    for dim in as_sizes(dims):
        x = x[_along(x, dim, np.arange(x.shape[place(x, dim)])[::-1])]
    return x


def roll(x, shifts, dims=None):
    """Move along a dimension; what leaves at one end comes in at the other."""
    if dims is None:
        return roll(x.reshape(-1), shifts, 0).reshape(*x.shape)
    pairs = zip(shifts, dims, strict=True) if isinstance(shifts, (tuple, list)) else [(shifts, dims)]
    for shift, dim in pairs:
        x = x[_along(x, dim, np.roll(np.arange(x.shape[place(x, dim)]), shift))]
    return x


def movedim(x, source, destination):
    """Move one dimension to another place."""
    source, destination = place(x, source), place(x, destination)
    dims = [d for d in range(x.ndim) if d != source]
    dims.insert(destination, source)
    return x.permute(*dims)


def tril(x, diagonal=0):
    """Keep what is on the diagonal and below; the rest is 0."""
    return _kept(x, np.tri(*x.shape[-2:], k=diagonal, dtype=bool))


def triu(x, diagonal=0):
    """Keep what is on the diagonal and above; the rest is 0."""
    return _kept(x, ~np.tri(*x.shape[-2:], k=diagonal - 1, dtype=bool))


def _kept(x, mask):
    return beside(x)["where"](mask, x, np.zeros((), dtype=x.dtype))


def diag(x, diagonal=0):
    """Put a vector on a diagonal, or take a matrix's diagonal."""
    if x.ndim not in (1, 2):
        raise RuntimeError(f"diag takes a vector or a matrix, got shape {x.shape}: take one with x[i]")
    if x.ndim == 1:
        size = len(x) + abs(diagonal)
        rows, columns = np.arange(len(x)) + max(-diagonal, 0), np.arange(len(x)) + max(diagonal, 0)
        return beside(x)["full"]((size, size), 0, x.dtype).with_part(x, (rows, columns))
    rows, columns = np.nonzero(np.eye(*x.shape, k=diagonal, dtype=bool))
    return x[rows, columns]


def scatter(x, dim, index, src=None, value=None):
    """Copy x, with the numbers of `src` (or one number, `value`) where `index` says along `dim`."""
    src = value if src is None else src
    index = index.reshape(1) if index.ndim == 0 else index
    part = src[tuple(slice(n) for n in index.shape)] if is_tensor(src) else src
    return x.with_part(part, beside(x)["_mesh"](dim, index.data))


def where(condition, x=None, y=None):
    """Take x where the condition is true, else y; for a condition alone, list its places."""
    check_are_numbers("where", condition, x, y)
    if (x is None) != (y is None):
        raise TypeError("where takes a condition and both values, got one of them: where(x > 0, x, 0.0)")
    if x is None:
        from tinytorch.words.ordering import nonzero

        return nonzero(condition, as_tuple=True)
    return beside(condition)["where"](condition, x, y)
