"""Further ways to make a tensor."""

import numpy as np

from tinytorch.bound import core, is_tensor
from tinytorch.explaining import as_sizes, check_are_numbers
from tinytorch.random import generator as shared


def placed(name):
    """Make a function of core that also takes PyTorch's `device=` and `requires_grad=`; the only device is the CPU."""

    def function(*arguments, size=None, device=None, requires_grad=False, **options):
        if str(device).partition(":")[0] not in ("None", "cpu"):
            raise RuntimeError(f"there is no GPU here, got device={str(device)!r}: leave it out")
        arguments = arguments if size is None else (size, *arguments)
        if options.get("dtype", "") is None:  # as if it were left out
            del options["dtype"]
        if name in ("eye", "arange"):
            check_are_numbers(name, *arguments)
        made = getattr(core("tensor"), name)(*arguments, **options)
        return made.requires_grad_() if requires_grad else made

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Do what {name} of module 01 does."
    return function


zeros, ones, eye, arange = placed("zeros"), placed("ones"), placed("eye"), placed("arange")
_tensor_of_numbers, _filled = placed("tensor"), placed("full")


def tensor(data, dtype=None, device=None, requires_grad=False):
    """Make a Tensor; lists may contain Tensors of one number."""
    numbers = _without_tensors(data) if isinstance(data, (list, tuple)) else data
    return _tensor_of_numbers(numbers, dtype=dtype, device=device, requires_grad=requires_grad)


def _without_tensors(data):
    """Take the numbers out of the Tensors in nested lists."""
    if isinstance(data, (list, tuple)):
        return [_without_tensors(part) for part in data]
    return data.item() if is_tensor(data) else data


def full(size, fill_value, dtype=None, device=None, requires_grad=False):
    """Make `fill_value` everywhere, in its own dtype if none is given."""
    value = _number(fill_value)
    dtype = dtype or _tensor_of_numbers(value).dtype
    return _filled(size, value, dtype=dtype, device=device, requires_grad=requires_grad)


def zeros_like(x, dtype=None, device=None, requires_grad=False):
    """Make zeros of the shape of x."""
    return zeros(x.shape, dtype=dtype or x.dtype, device=device, requires_grad=requires_grad)


def ones_like(x, dtype=None, device=None, requires_grad=False):
    """Make ones of the shape of x."""
    return ones(x.shape, dtype=dtype or x.dtype, device=device, requires_grad=requires_grad)


def _tensor(array, dtype=None, requires_grad=False):
    return core("tensor").Tensor(array if dtype is None else array.astype(dtype), requires_grad=requires_grad)


def as_tensor(data, dtype=None, device=None):
    """Make a Tensor; an array's memory is shared, a Tensor is itself."""
    if is_tensor(data):
        return data if dtype is None or data.dtype == dtype else data.to(dtype)
    return core("tensor").Tensor(data, dtype)


def from_numpy(array):
    """Make a Tensor that shares the array's memory."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy takes a numpy array, got {type(array).__name__}: use tensor(data)")
    return core("tensor").Tensor(array)


def linspace(start, end, steps, dtype="float32", device=None, requires_grad=False):
    """Make `steps` numbers from start to end, both included, at equal distances."""
    check_are_numbers("linspace", start, end, steps)
    return _tensor(np.linspace(_number(start), _number(end), steps), dtype, requires_grad)


def logspace(start, end, steps, base=10.0, dtype="float32", device=None, requires_grad=False):
    """Make `steps` numbers from base**start to base**end, at equal ratios."""
    return _tensor(np.logspace(start, end, steps, base=base), dtype, requires_grad)


def _number(x):
    return x.item() if is_tensor(x) else x


def empty(*shape, size=None, dtype="float32", device=None, requires_grad=False):
    """Make a Tensor whose numbers are still to be written; here they are zeros."""
    return zeros(*shape, size=size, dtype=dtype, device=device, requires_grad=requires_grad)


def full_like(x, fill_value, dtype=None, device=None, requires_grad=False):
    """Make `fill_value` everywhere, in the shape and dtype of x."""
    return core("tensor").full(x.shape, _number(fill_value), dtype or x.dtype, requires_grad=requires_grad)


def empty_like(x, dtype=None, device=None, requires_grad=False):
    """Make a Tensor of the shape and dtype of x; its numbers are zeros."""
    return full_like(x, 0, dtype, requires_grad=requires_grad)


def drawn(draw):
    """Make a function that draws a shape from PyTorch's `generator=`, or from the one that everything shares."""

    def function(*shape, size=None, generator=None, dtype="float32", device=None, requires_grad=False):
        shape = as_sizes(shape if size is None else size)
        return _tensor(draw(generator or shared(), shape), dtype, requires_grad)

    function.__name__ = function.__qualname__ = draw.__name__
    function.__doc__ = draw.__doc__
    return function


@drawn
def rand(source, shape):
    """Draw uniformly from [0, 1)."""
    return source.random(shape, dtype="float32")


@drawn
def randn(source, shape):
    """Draw from the normal distribution with mean 0 and variance 1."""
    return source.standard_normal(shape, dtype="float32")


def rand_like(x, generator=None, dtype=None, device=None, requires_grad=False):
    """Draw uniformly from [0, 1), in the shape of x and, if none is given, its dtype."""
    return rand(x.shape, generator=generator, dtype=dtype or x.dtype, requires_grad=requires_grad)


def randn_like(x, generator=None, dtype=None, device=None, requires_grad=False):
    """Draw normally, in the shape of x and, if none is given, its dtype."""
    return randn(x.shape, generator=generator, dtype=dtype or x.dtype, requires_grad=requires_grad)


def randint(low=0, high=None, size=None, generator=None, dtype="int32", device=None):
    """Draw integers from low to high - 1; with one bound, randint(high, size), from 0 on."""
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    check_are_numbers("randint", low, high)
    return _tensor((generator or shared()).integers(low, high, size, dtype="int64"), dtype)


def randint_like(x, low=0, high=None, dtype=None):
    """Draw integers from low to high - 1, in the shape of x and, if none is given, its dtype."""
    return randint(low, high, x.shape, dtype=dtype or x.dtype)


def randperm(n, generator=None, dtype="int64", device=None):
    """Draw an order of 0 to n - 1: the student's shuffled_order, or from a given generator."""
    check_are_numbers("randperm", n)
    order = core("dataloader").shuffled_order  # an exercise: before it is solved, nobody draws an order
    return _tensor(order(n) if generator is None else generator.permutation(n), dtype)


def normal(mean, std, size=None, generator=None):
    """Draw normally with this mean and standard deviation: numbers with a size, or tensors."""
    size = size or (mean.shape if is_tensor(mean) else std.shape)
    return randn(size, generator=generator) * std + mean


def bernoulli(p, generator=None):
    """Draw 1 with the probability that p has in each place, else 0."""
    if ((p.data < 0) | (p.data > 1)).any():
        raise ValueError(f"bernoulli takes probabilities from 0 to 1, got {p.data.min():g} to {p.data.max():g}")
    return _tensor((generator or shared()).random(p.shape) < p.data, p.dtype)


def multinomial(weights, num_samples, replacement=False, generator=None):
    """Draw places of a row, or of each row, in proportion to its weights."""
    source, rows = generator or shared(), np.atleast_2d(weights.data).astype("float64")
    chances = rows / rows.sum(axis=1, keepdims=True)
    found = [source.choice(len(row), num_samples, replace=replacement, p=row) for row in chances]
    return _tensor(np.array(found[0] if weights.ndim == 1 else found), "int64")


def meshgrid(*tensors, indexing="ij"):
    """Make the coordinates of all points of a grid."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    return tuple(_tensor(array.copy()) for array in np.meshgrid(*(x.data for x in given), indexing=indexing))


def vstack(tensors):
    """Put rows, or matrices, below each other."""
    return core("tensor").cat([x.reshape(1, -1) if x.ndim < 2 else x for x in tensors], dim=0)


def hstack(tensors):
    """Put vectors, or matrices, side by side."""
    return core("tensor").cat(list(tensors), dim=0 if tensors[0].ndim < 2 else 1)
