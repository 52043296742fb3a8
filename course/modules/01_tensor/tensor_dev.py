# %% [markdown]
# # Tensor
#
# {{module}}

# %%
#| default_exp core.tensor
#| export
import functools
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from tinytorch.random import generator

# %%
#| export
FLOAT64 = np.dtype("float64")


def as_array(data, dtype=None):
    """Turn numbers, nested lists or an ndarray into an ndarray.

    Python floats become float32, ints int32, truth values bool; an ndarray keeps its dtype and is not copied.
    """
    if isinstance(data, Tensor):
        raise TypeError("a Tensor is made of numbers, got a Tensor: take x.clone() for a copy, x.data for its array")
    array = data if isinstance(data, np.ndarray) else np.asarray(data)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a Tensor holds numbers, got {data!r:.60}: give a number, a nested list or an ndarray")
    if dtype is None and not isinstance(data, np.ndarray):
        dtype = {"f": "float32", "i": "int32", "u": "int32"}.get(array.dtype.kind)
    return array if dtype is None else array.astype(dtype, copy=False)


# %%
#| export
class Tensor:
    """Numbers with a shape. Its methods are one line each: the work is done by functions of the same name."""

    __array_ufunc__ = None  # ndarray + Tensor asks the Tensor, and np.exp(Tensor) is an error instead of a surprise
    device = "cpu"

    def __init__(self, data, dtype=None, requires_grad=False):
        self._data = as_array(data, dtype)
        self.requires_grad = requires_grad
        self.grad = None  # a Tensor of the same shape, once backward() has run
        self.grad_fn = None  # the Call that made this tensor, if it was recorded

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, array):
        self._data = as_array(array)

    @property
    def shape(self):
        return self._data.shape

    @property
    def ndim(self):
        return self._data.ndim

    @property
    def dtype(self):
        return str(self._data.dtype)

    @property
    def T(self):
        return transpose(self, -2, -1)

    def numel(self):
        return self._data.size

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def item(self):
        return self._data.item()

    def tolist(self):
        return self._data.tolist()

    def numpy(self):
        return self._data

    def to(self, target):
        return to(self, target)

    def detach(self):
        return Tensor(self._data)

    def clone(self):
        return clone(self)

    def is_contiguous(self):
        return self._data.flags.c_contiguous

    def contiguous(self):
        return self if self.is_contiguous() else clone(self)

    def backward(self, gradient=None):
        return backward(self, gradient)

    def __repr__(self):
        return describe(self)

    def __len__(self):
        return len(self._data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __bool__(self):
        return bool(self.item())

    def __array__(self, dtype=None, copy=None):
        raise TypeError("numpy works on arrays, got a Tensor: pass x.data")

    __hash__ = object.__hash__  # by identity, since == compares element by element

    def __getitem__(self, key):
        return getitem(self, key)

    def __add__(self, other):
        return add(self, other)

    def __radd__(self, other):
        return add(other, self)

    def __sub__(self, other):
        return sub(self, other)

    def __rsub__(self, other):
        return sub(other, self)

    def __mul__(self, other):
        return mul(self, other)

    def __rmul__(self, other):
        return mul(other, self)

    def __truediv__(self, other):
        return div(self, other)

    def __rtruediv__(self, other):
        return div(other, self)

    def __pow__(self, other):
        return power(self, other)

    def __rpow__(self, other):
        return power(other, self)

    def __matmul__(self, other):
        return matmul(self, other)

    def __rmatmul__(self, other):
        return matmul(other, self)

    def __neg__(self):
        return neg(self)

    def __abs__(self):
        return absolute(self)

    def __eq__(self, other):
        return compare(np.equal, self, other)

    def __ne__(self, other):
        return compare(np.not_equal, self, other)

    def __lt__(self, other):
        return compare(np.less, self, other)

    def __le__(self, other):
        return compare(np.less_equal, self, other)

    def __gt__(self, other):
        return compare(np.greater, self, other)

    def __ge__(self, other):
        return compare(np.greater_equal, self, other)

    def exp(self):
        return exp(self)

    def log(self):
        return log(self)

    def sqrt(self):
        return sqrt(self)

    def abs(self):
        return absolute(self)

    def pow(self, exponent):
        return power(self, exponent)

    def clamp(self, min=None, max=None):
        return clamp(self, min, max)

    def masked_fill(self, mask, value):
        return where(mask, value, self)

    def sum(self, dim=None, keepdim=False):
        return reduce_sum(self, dim=dim, keepdim=keepdim)

    def mean(self, dim=None, keepdim=False):
        return mean(self, dim=dim, keepdim=keepdim)

    def var(self, dim=None, correction=1, keepdim=False):
        return var(self, dim=dim, correction=correction, keepdim=keepdim)

    def std(self, dim=None, correction=1, keepdim=False):
        return sqrt(var(self, dim=dim, correction=correction, keepdim=keepdim))

    def amax(self, dim=None, keepdim=False):
        return amax(self, dim=dim, keepdim=keepdim)

    def amin(self, dim=None, keepdim=False):
        return amin(self, dim=dim, keepdim=keepdim)

    def max(self, dim=None, keepdim=False):
        return extreme(amax, argmax, self, dim, keepdim)

    def min(self, dim=None, keepdim=False):
        return extreme(amin, argmin, self, dim, keepdim)

    def argmax(self, dim=None, keepdim=False):
        return argmax(self, dim=dim, keepdim=keepdim)

    def argmin(self, dim=None, keepdim=False):
        return argmin(self, dim=dim, keepdim=keepdim)

    def reshape(self, *shape):
        return reshape(self, shape=shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)

    def flatten(self, start_dim=0):
        return reshape(self, shape=(*self.shape[:start_dim], -1))

    def unsqueeze(self, dim):
        return unsqueeze(self, dim)

    def squeeze(self, dim):
        return squeeze(self, dim)

    def transpose(self, dim0, dim1):
        return transpose(self, dim0, dim1)

    def permute(self, *dims):
        return permute(self, dims=dims)

    def expand(self, *shape):
        return broadcast_to(self, shape=shape)

    def matmul(self, other):
        return matmul(self, other)


# %%
#| export
RECORDER = SimpleNamespace(
    record=None,
    backward=None,
    advice="backward() is built in module 05_autograd: run `tito module start autograd`",
)


def set_recorder(record, backward):
    """Let `record(call, out)` see every call of an operation, and `backward(tensor, gradient)` answer x.backward()."""
    RECORDER.record, RECORDER.backward = record, backward


def backward(tensor, gradient=None):
    """Compute the gradient of `tensor` with respect to every tensor it was made of (built in module 05)."""
    if RECORDER.backward is None:
        raise NotImplementedError(RECORDER.advice)
    RECORDER.backward(tensor, gradient)


# %%
#| export
IMPLEMENTATIONS = {}  # operation -> {name: function}
IN_USE = {}  # operation -> the name of the implementation that is called


def register_implementation(operation, name, function):
    """Add a way to compute `operation`; use_implementation switches to it."""
    IMPLEMENTATIONS.setdefault(operation, {})[name] = function
    IN_USE.setdefault(operation, name)


def use_implementation(operation, name):
    """Switch `operation` to the implementation `name`; return the name used before, so that one can go back."""
    if operation not in IMPLEMENTATIONS:
        raise KeyError(f"there is no operation '{operation}'. There are: {', '.join(sorted(IMPLEMENTATIONS))}")
    if name not in IMPLEMENTATIONS[operation]:
        raise KeyError(f"'{operation}' has no implementation '{name}'. It has: {', '.join(IMPLEMENTATIONS[operation])}")
    before, IN_USE[operation] = IN_USE[operation], name
    return before


# %%
#| export
@dataclass(slots=True)
class Call:
    """One call of an operation, as the recorder sees it."""

    operation: str
    implementation: str
    inputs: tuple  # as they were given: Tensors, lists of Tensors, numbers, arrays
    arrays: list  # the same with every Tensor unwrapped
    options: dict
    result: object  # what the function returned: an array, or (array, saved)


def unwrap(x):
    """Take the array out of a Tensor, also inside a list or a tuple; anything else stays as it is."""
    if isinstance(x, Tensor):
        return x.data
    if isinstance(x, (list, tuple)):
        return type(x)(unwrap(item) if isinstance(item, Tensor) else item for item in x)
    return x


def wrap(result, arrays=()):
    """Make a Tensor of a result. A float64 that nobody asked for becomes float32."""
    array = np.asarray(result[0] if isinstance(result, tuple) else result)
    if array.dtype == FLOAT64 and not any(holds_float64(a) for a in arrays):
        array = array.astype("float32")
    return Tensor(array)


def holds_float64(x):
    """Tell whether x is a float64 array, or a list with one in it."""
    if isinstance(x, (list, tuple)):
        return any(holds_float64(item) for item in x)
    return isinstance(x, np.ndarray) and x.dtype == FLOAT64


def primitive(function):
    """Turn a function on arrays into an operation on tensors.

    Tensors come in by position, options by keyword. The function returns an array, or (array, saved) if its gradient rule needs something kept.
    """
    operation = function.__name__
    register_implementation(operation, "default", function)

    @functools.wraps(function)
    def on_tensors(*inputs, **options):
        arrays = [unwrap(x) for x in inputs]
        name = IN_USE[operation]
        result = IMPLEMENTATIONS[operation][name](*arrays, **options)
        out = wrap(result, arrays)
        if RECORDER.record is not None:
            RECORDER.record(Call(operation, name, inputs, arrays, options, result), out)
        return out

    return on_tensors


def composed(function):
    """Give a function that is made of other operations a name, so that a faster implementation may replace it."""
    operation = function.__name__
    register_implementation(operation, "default", function)

    @functools.wraps(function)
    def in_use(*inputs, **options):
        return IMPLEMENTATIONS[operation][IN_USE[operation]](*inputs, **options)

    return in_use

# %% infer_shape
#| export
def infer_shape(size, shape):
    """x"""
    shape = tuple(shape)
    known = 1
    for n in shape:
        if n != -1:
            known *= n
    if shape.count(-1) == 1 and known > 0 and size % known == 0:
        return tuple(size // known if n == -1 else n for n in shape)
    if shape.count(-1) > 0 or known != size:
        raise ValueError(f"reshape keeps the number of elements: {size} elements do not fit {shape}")
    return shape


# %% broadcast_shape
#| export
def broadcast_shape(a, b):
    ndim = max(len(a), len(b))
    a_padded = (1,) * (ndim - len(a)) + tuple(a)
    b_padded = (1,) * (ndim - len(b)) + tuple(b)
    result = []
    for m, n in zip(a_padded, b_padded, strict=True):
        if m != n and m != 1 and n != 1:
            raise ValueError(f"shapes {a} and {b} do not broadcast: sizes {m} and {n} differ and neither is 1")
        result.append(n if m == 1 else m)
    return tuple(result)


# %% nbgrader={"grade_id": "add", "solution": true}
#| export
@primitive
def add(a, b):
    broadcast_shape(np.shape(a), np.shape(b))
    return a + b

# %%
#| export
def elementwise(function, a, b):
    """Apply a numpy function of two arrays; if the shapes do not fit, let broadcast_shape say so."""
    try:
        return function(a, b)
    except ValueError:
        broadcast_shape(np.shape(a), np.shape(b))
        raise


@primitive
def sub(a, b):
    return elementwise(np.subtract, a, b)


@primitive
def mul(a, b):
    return elementwise(np.multiply, a, b)


@primitive
def div(a, b):
    return elementwise(np.true_divide, a, b)


@primitive
def power(a, b):
    return elementwise(np.power, a, b)


@primitive
def maximum(a, b):
    return elementwise(np.maximum, a, b)


@primitive
def where(condition, a, b):
    return np.where(condition, a, b)


@primitive
def neg(a):
    return -a


@primitive
def exp(a):
    return np.exp(a)


@primitive
def log(a):
    return np.log(a)


@primitive
def sqrt(a):
    return np.sqrt(a)


def compare(function, a, b):
    """Compare element by element; truth values have no gradient, so nothing is recorded."""
    return wrap(elementwise(function, unwrap(a), unwrap(b)))


def minimum(a, b):
    return -maximum(-a, -b)


def absolute(x):
    return maximum(x, -x)


def clamp(x, min=None, max=None):
    x = x if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)

# %% reductions
#| export
@primitive
def reduce_sum(a, dim=None, keepdim=False):
    """Add along `dim`: an axis, several, or all (None)."""
    return np.sum(a, axis=as_axis(dim), keepdims=keepdim)


@primitive
def amax(a, dim=None, keepdim=False):
    """Take the largest along `dim`."""
    return np.max(a, axis=as_axis(dim), keepdims=keepdim)


def amin(x, dim=None, keepdim=False):
    """Take the smallest along `dim`."""
    return -amax(-x, dim=dim, keepdim=keepdim)

# %% mean
#| export
def mean(x, dim=None, keepdim=False):
    total = reduce_sum(x, dim=dim, keepdim=keepdim)
    return total * (total.numel() / x.numel())

# %%
#| export
def as_axis(dim):
    """Give numpy a tuple where PyTorch takes a list of dimensions."""
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def var(x, dim=None, correction=1, keepdim=False):
    """Average the squared distance from the mean; `correction=1` divides by n - 1, as PyTorch does."""
    squares = (x - mean(x, dim=dim, keepdim=True)) ** 2
    average = mean(squares, dim=dim, keepdim=keepdim)
    count = x.numel() // average.numel()
    return average * (count / (count - correction))


def argmax(x, dim=None, keepdim=False):
    """Tell where the largest is (int64); not recorded, since a place has no gradient."""
    return Tensor(np.asarray(np.argmax(x.data, axis=dim, keepdims=keepdim and dim is not None)))


def argmin(x, dim=None, keepdim=False):
    """Tell where the smallest is."""
    return argmax(-x, dim=dim, keepdim=keepdim)


class Extreme(NamedTuple):
    """What x.max(dim) returns: the values, and where they were found."""

    values: Tensor
    indices: Tensor


def extreme(value, place, x, dim, keepdim):
    """Return the extreme value alone, or with its place if a dimension is named, as PyTorch does."""
    if dim is None:
        return value(x)
    return Extreme(value(x, dim=dim, keepdim=keepdim), place(x, dim=dim, keepdim=keepdim))

# %% shapes
#| export
@primitive
def reshape(a, shape):
    """Give the same elements, in the same order, another shape; one size may be -1."""
    return a.reshape(infer_shape(a.size, shape))


@primitive
def permute(a, dims):
    """Reorder the axes."""
    return a.transpose(dims)


def transpose(x, dim0, dim1):
    """Swap two axes."""
    dims = list(range(x.ndim))
    dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
    return permute(x, dims=tuple(dims))


@primitive
def broadcast_to(a, shape):
    return np.broadcast_to(a, shape)


@primitive
def clone(a):
    return a.copy()


@primitive
def getitem(a, key):
    return a[key]


@primitive
def cat(arrays, dim=0):
    return np.concatenate(arrays, axis=dim)


def stack(tensors, dim=0):
    return cat([unsqueeze(x, dim) for x in tensors], dim=dim)


def unsqueeze(x, dim):
    place = dim + x.ndim + 1 if dim < 0 else dim
    return reshape(x, shape=(*x.shape[:place], 1, *x.shape[place:]))


def squeeze(x, dim):
    place = dim + x.ndim if dim < 0 else dim
    return reshape(x, shape=(*x.shape[:place], *x.shape[place + 1 :])) if x.shape[place] == 1 else x

# %%
#| export
def matmul_loops(a, b):
    (rows, inner), columns = a.shape, b.shape[1]
    out = np.zeros((rows, columns), dtype=a.dtype)
    for i in range(rows):
        for j in range(columns):
            for k in range(inner):
                out[i, j] += a[i, k] * b[k, j]
    return out


# %% nbgrader={"grade_id": "matmul", "solution": true}
#| export
@primitive
def matmul(a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        raise ValueError(f"matmul needs at least one axis on each side, got {np.shape(a)} @ {np.shape(b)}: multiply with *")
    rows = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != rows:
        raise ValueError(f"matmul needs inner sizes to match, got {a.shape} @ {b.shape}: transpose one")
    return np.matmul(a, b)

# %% factories
#| export
def tensor(data, dtype=None, requires_grad=False):
    """Make a Tensor with numbers of its own (a copy)."""
    return Tensor(as_array(data, dtype).copy(), requires_grad=requires_grad)


def full(shape, value, dtype="float32", requires_grad=False):
    return Tensor(np.full(shape, value, dtype), requires_grad=requires_grad)


def zeros(*shape, dtype="float32", requires_grad=False):
    return full(as_shape(shape), 0, dtype, requires_grad)


def ones(*shape, dtype="float32", requires_grad=False):
    return full(as_shape(shape), 1, dtype, requires_grad)


def zeros_like(x):
    return full(x.shape, 0, x.dtype)


def ones_like(x):
    return full(x.shape, 1, x.dtype)


def arange(start, end=None, step=1, dtype=None):
    first, last = (0, start) if end is None else (start, end)
    return Tensor(np.arange(first, last, step).tolist(), dtype)


def eye(n, dtype="float32"):
    return Tensor(np.eye(n, dtype=dtype))


def rand(*shape, requires_grad=False):
    return Tensor(generator().random(as_shape(shape), dtype="float32"), requires_grad=requires_grad)


def randn(*shape, requires_grad=False):
    return Tensor(generator().standard_normal(as_shape(shape), dtype="float32"), requires_grad=requires_grad)


def randint(low, high, shape):
    return Tensor(generator().integers(low, high, shape, dtype="int32"))


def as_shape(shape):
    """Let zeros(2, 3) and zeros((2, 3)) mean the same."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape


def to(x, target):
    if target == "cpu" : return x
    if target in ("cuda", "mps"):
        raise RuntimeError(f"there is only the CPU here, got to({target!r}): leave the line out, the numbers are the same")
    if x.requires_grad:
        raise ValueError(f"to({target!r}) would cut the gradient: make the tensor with dtype={target!r}, or detach() first")
    return Tensor(x.data.astype(target))


def describe(x):
    return f"Tensor({np.array2string(x.data, separator=', ', prefix='Tensor(')})"
