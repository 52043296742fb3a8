"""What a Tensor can do that no module teaches: changes in place, and PyTorch's other spellings.

Everything here is made of the student's own operations, looked up when it is called: if their `add` is wrong, so is
`+=`. Promises: a change in place is one (views see it), or an error that says why not; the error for a word of
PyTorch that is not here says what to use instead.
"""

import numpy as np

from tinytorch import autograd
from tinytorch.array_advice import below_tracebacks
from tinytorch.bound import AnyTensor, beside, core, is_tensor
from tinytorch.explaining import check_are_numbers, is_number
from tinytorch.in_place import change
from tinytorch.missing import explain
from tinytorch.numpy_meets import with_numpy
from tinytorch.options import with_options, with_options_of_methods
from tinytorch.words import along, comparing, elementwise, making, ordering, places, shaping
from tinytorch.words.converting import converted, to
from tinytorch.words.devices import CPU
from tinytorch.words.showing import described, formatted, only_number, truth


class InPlace:
    """Changes in place: each computes with the student's operations, and writes into the memory that there is."""

    def __iadd__(self, other):
        return change(self, lambda x, other: x + other, other)

    def __isub__(self, other):
        return change(self, lambda x, other: x - other, other)

    def __imul__(self, other):
        return change(self, lambda x, other: x * other, other)

    def __itruediv__(self, other):
        return change(self, lambda x, other: x / other, other)

    def __ipow__(self, other):
        return change(self, lambda x, other: x**other, other)

    def __setitem__(self, key, value):
        change(self, lambda x, value: x.with_part(value, key), value)

    def add_(self, other, alpha=1):
        return self.__iadd__(other if alpha == 1 else other * alpha)

    def sub_(self, other, alpha=1):
        return self.__isub__(other if alpha == 1 else other * alpha)

    def mul_(self, other):
        return self.__imul__(other)

    def div_(self, other):
        return self.__itruediv__(other)

    def pow_(self, exponent):
        return self.__ipow__(exponent)

    def addcmul_(self, a, b, value=1):
        return change(self, lambda x, a, b: x + a * b * value, a, b)

    def addcdiv_(self, a, b, value=1):
        return change(self, lambda x, a, b: x + a / b * value, a, b)

    def lerp_(self, end, weight):
        return change(self, lambda x, end: x + (end - x) * weight, end)

    def clamp_(self, min=None, max=None):
        return change(self, lambda x: x.clamp(min, max))

    def exp_(self):
        return change(self, lambda x: x.exp())

    def sqrt_(self):
        return change(self, lambda x: x.sqrt())

    def neg_(self):
        return change(self, lambda x: -x)

    def relu_(self):
        return change(self, lambda x: x.relu())

    def masked_fill_(self, mask, value):
        return change(self, lambda x: x.masked_fill(mask, value))

    def scatter_(self, dim, index, src=None, value=None):
        return change(self, lambda x: shaping.scatter(x, dim, index, src, value))

    def fill_(self, value):
        return self.copy_(value)

    def zero_(self):
        return self.copy_(0)

    def copy_(self, other):
        return change(self, lambda x, other: x.with_part(other, ...), other)

    def uniform_(self, low=0.0, high=1.0, generator=None):
        return self.copy_(making.rand(self.shape, generator=generator) * (high - low) + low)

    def normal_(self, mean=0.0, std=1.0, generator=None):
        return self.copy_(making.randn(self.shape, generator=generator) * std + mean)

    def requires_grad_(self, requires_grad=True):
        if not self.is_leaf:
            raise RuntimeError("only a leaf chooses whether it wants a gradient, got a result: use detach()")
        if requires_grad and not self.dtype.startswith("float"):
            raise RuntimeError(f"only floats have gradients, got {self.dtype}: make it of floats")
        self.requires_grad = requires_grad
        return self

    def detach_(self):
        self.requires_grad, self.grad_fn = False, None
        return self


class Comparable:
    """Element by element: comparisons, truth values and bits; none of them has a gradient."""

    __hash__ = object.__hash__  # a tensor is hashed by identity, not by its numbers: == compares element by element

    def __eq__(self, other):
        return self._compared(np.equal, other)

    def __ne__(self, other):
        return self._compared(np.not_equal, other)

    def __lt__(self, other):
        return self._compared(np.less, other)

    def __le__(self, other):
        return self._compared(np.less_equal, other)

    def __gt__(self, other):
        return self._compared(np.greater, other)

    def __ge__(self, other):
        return self._compared(np.greater_equal, other)

    def _compared(self, function, other):
        comparable = is_tensor(other) or isinstance(other, (list, tuple)) or is_number(other)
        return beside(self)["compare"](function, self, other) if comparable else NotImplemented  # as Python answers

    def __and__(self, other):
        return elementwise.both(self, other, np.logical_and, np.bitwise_and)

    def __or__(self, other):
        return elementwise.both(self, other, np.logical_or, np.bitwise_or)

    def __xor__(self, other):
        return elementwise.both(self, other, np.logical_xor, np.bitwise_xor)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self):
        return elementwise.both(self, True if self.dtype == "bool" else -1, np.logical_xor, np.bitwise_xor)

    greater, greater_equal, less, less_equal = elementwise.gt, elementwise.ge, elementwise.lt, elementwise.le
    not_equal = elementwise.ne
    eq, ne, lt, le, gt, ge = (getattr(elementwise, name) for name in ("eq", "ne", "lt", "le", "gt", "ge"))
    isnan, isinf, isfinite = elementwise.isnan, elementwise.isinf, elementwise.isfinite
    logical_and, logical_or = elementwise.logical_and, elementwise.logical_or
    logical_xor, logical_not = elementwise.logical_xor, elementwise.logical_not
    equal, allclose, isclose = comparing.equal, comparing.allclose, comparing.isclose


class Python:
    """What Python and numpy expect of a tensor."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        """Let array + tensor ask the student's add, and p.data -= tensor write into the array."""
        return with_numpy(self, ufunc, method, inputs, out, options)

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[places.place(self, dim)]

    def numel(self):
        return self.data.size

    nelement = numel

    def dim(self):
        return self.ndim

    ndimension = dim

    def element_size(self):
        return self.data.itemsize

    @property
    def itemsize(self):
        return self.data.itemsize

    @property
    def nbytes(self):
        return self.data.nbytes

    def is_contiguous(self):
        return self.data.flags.c_contiguous

    def is_floating_point(self):
        return self.data.dtype.kind == "f"

    def data_ptr(self):
        return self.data.__array_interface__["data"][0]

    def stride(self, dim=None):
        steps = tuple(step // self.data.itemsize for step in self.data.strides)
        return steps if dim is None else steps[dim]

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("a single number has no length: its shape is ()")
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __contains__(self, value):
        return bool((self.data == beside(self)["unwrap"](value)).any())

    def item(self):
        return only_number(self)

    def tolist(self):
        return self.data.tolist()

    def numpy(self):
        return self.data

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        if self.data.dtype.kind not in "biu":
            raise TypeError(f"an index must be a whole number, got {self.dtype}: take .long()")
        return int(self.item())

    def __bool__(self):
        return truth(self)

    def __repr__(self):
        return described(self)

    def __format__(self, how):
        return formatted(self, how)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("numpy works on arrays, got a Tensor: pass x.data")


class Dtypes:
    """Other dtypes; the only device is the CPU."""

    device = CPU
    is_cuda = False

    to = to

    def type(self, dtype=None):
        return self.dtype if dtype is None else self.to(dtype)

    def type_as(self, other):
        return converted(self, other.dtype)

    def cpu(self):
        return self

    def cuda(self, device=None):
        return self.to("cuda")

    def pin_memory(self):
        return self

    def float(self):
        return converted(self, "float32")

    def double(self):
        return converted(self, "float64")

    def int(self):
        return converted(self, "int32")

    def long(self):
        return converted(self, "int64")

    def bool(self):
        return converted(self, "bool")

    def new_tensor(self, data):
        return beside(self)["tensor"](data, self.dtype)

    def new_zeros(self, *shape):
        return beside(self)["zeros"](*shape, dtype=self.dtype)

    def new_ones(self, *shape):
        return beside(self)["ones"](*shape, dtype=self.dtype)

    def new_full(self, shape, value):
        return beside(self)["full"](shape, value, self.dtype)


class Reduced:
    """Along a dimension."""

    def mean(self, dim=None, keepdim=False):
        if self.numel() == 0:  # without numbers there is no mean: PyTorch gives nan for each, or none at all
            return self.sum(dim=dim, keepdim=keepdim) * float("nan")
        return beside(self)["mean"](self, dim=dim, keepdim=keepdim)

    def amax(self, dim=None, keepdim=False):
        self._check_extreme("amax", dim)
        return beside(self)["amax"](self, dim=dim, keepdim=keepdim)

    def amin(self, dim=None, keepdim=False):
        self._check_extreme("amin", dim)
        return beside(self)["amin"](self, dim=dim, keepdim=keepdim)

    def argmax(self, dim=None, keepdim=False):
        self._check_extreme("argmax", dim)
        return beside(self)["argmax"](self, dim=dim, keepdim=keepdim)

    def argmin(self, dim=None, keepdim=False):
        self._check_extreme("argmin", dim)
        return beside(self)["argmin"](self, dim=dim, keepdim=keepdim)

    def _check_extreme(self, word, dim):
        places.check_dims(self, dim)
        if 0 in (self.shape if dim is None else [self.shape[dim]] if isinstance(dim, int) and self.ndim else ()):
            raise ValueError(f"{word} of an empty tensor is not a number, got shape {self.shape}: check numel() first")

    def var(self, dim=None, unbiased=True, correction=None, keepdim=False):
        if self.numel() == 0:
            return self.sum(dim=dim, keepdim=keepdim) * float("nan")
        correction = int(unbiased) if correction is None else correction
        return beside(self)["var"](self, dim=dim, correction=correction, keepdim=keepdim)

    def std(self, dim=None, unbiased=True, correction=None, keepdim=False):
        return beside(self)["_root"](self.var(dim, unbiased, correction, keepdim))

    max, min, argsort, sort, topk = ordering.max, ordering.min, ordering.argsort, ordering.sort, ordering.topk
    unique, bincount, nonzero = ordering.unique, ordering.bincount, ordering.nonzero
    prod, cumsum, cumprod, norm, median = along.prod, along.cumsum, along.cumprod, along.norm, along.median
    any, all, count_nonzero, logsumexp = along.any, along.all, along.count_nonzero, along.logsumexp

    def gather(self, dim, index):
        return beside(self)["gather"](self, dim, index)


class Shapes:
    """The same numbers, or parts of them, in other shapes."""

    @property
    def mT(self):
        return self.transpose(-2, -1)

    def t(self):
        if self.ndim > 2:
            raise RuntimeError(f"t() takes a matrix, got shape {self.shape}: use transpose(dim0, dim1)")
        return self.T

    def view(self, *shape):
        if len(shape) == 1 and isinstance(shape[0], str):
            raise NotImplementedError(
                f"the same bits can't be read as other numbers here: convert with to({shape[0]!r})"
            )
        return self.reshape(*shape)

    def reshape_as(self, other):
        return self.reshape(other.shape)

    view_as = reshape_as

    def ravel(self):
        return self.reshape(-1)

    def expand_as(self, other):
        return self.expand(*other.shape)

    def contiguous(self):
        return self if self.is_contiguous() else self.clone()

    def with_part(self, value, key):
        return beside(self)["with_part"](self, value, key)

    flatten, unflatten, squeeze, expand = shaping.flatten, shaping.unflatten, shaping.squeeze, shaping.expand
    split, chunk, unbind, select, narrow = shaping.split, shaping.chunk, shaping.unbind, shaping.select, shaping.narrow
    index_select, masked_select, scatter = shaping.index_select, shaping.masked_select, shaping.scatter
    repeat, tile, repeat_interleave = shaping.repeat, shaping.tile, shaping.repeat_interleave
    flip, roll, movedim = shaping.flip, shaping.roll, shaping.movedim
    moveaxis = movedim
    tril, triu, diag = shaping.tril, shaping.triu, shaping.diag

    swapaxes = swapdims = lambda self, dim0, dim1: self.transpose(dim0, dim1)


class Functions:
    """Functions of numbers, as methods."""

    def abs(self):
        return beside(self)["absolute"](self)

    __abs__ = abs

    def pow(self, exponent):
        return self**exponent

    def add(self, other, alpha=1):
        return self + (other if alpha == 1 else other * alpha)

    def sub(self, other, alpha=1):
        return self - (other if alpha == 1 else other * alpha)

    def mul(self, other):
        return self * other

    def div(self, other):
        return self / other

    def neg(self):
        return -self

    absolute, negative, subtract, multiply, divide, true_divide = abs, neg, sub, mul, div, div

    def __mod__(self, other):
        return elementwise.remainder(self, other)

    def __floordiv__(self, other):
        return elementwise.floor_divide(self, other)

    def clamp(self, min=None, max=None):
        return beside(self)["clamp"](self, min, max)

    clip = clamp

    def clamp_min(self, min):
        return self.clamp(min=min)

    def clamp_max(self, max):
        return self.clamp(max=max)

    def maximum(self, other):
        return beside(self)["maximum"](self, other)

    def minimum(self, other):
        return beside(self)["minimum"](self, other)

    def where(self, condition, other):
        check_are_numbers("where", condition, other)
        return beside(self)["where"](condition, self, other)

    def masked_fill(self, mask, value):
        check_are_numbers("masked_fill", mask, value)
        return beside(self)["where"](mask, value, self)

    def lerp(self, end, weight):
        return self + (end - self) * weight

    sin, cos, tan = elementwise.sin, elementwise.cos, elementwise.tan
    log1p, expm1, log2, log10 = elementwise.log1p, elementwise.expm1, elementwise.log2, elementwise.log10
    floor, ceil, round, trunc, sign = (getattr(elementwise, n) for n in ("floor", "ceil", "round", "trunc", "sign"))
    square, reciprocal, rsqrt = elementwise.square, elementwise.reciprocal, elementwise.rsqrt
    remainder, floor_divide = elementwise.remainder, elementwise.floor_divide
    mm, bmm, mv, dot, outer, addmm = (getattr(comparing, n) for n in ("mm", "bmm", "mv", "dot", "outer", "addmm"))

    def relu(self):
        return from_core("activations", "relu")(self)

    def sigmoid(self):
        return from_core("activations", "sigmoid")(self)

    def tanh(self):
        return from_core("activations", "tanh")(self)

    def softmax(self, dim):
        return from_core("activations", "softmax")(self, dim=dim)

    def log_softmax(self, dim):
        return from_core("losses", "log_softmax")(self, dim=dim)


class TensorBase(AnyTensor, InPlace, Comparable, Python, Dtypes, Reduced, Shapes, Functions):
    """The base of Tensor. It has no numbers of its own."""

    _grad = grad_fn = None
    requires_grad = False
    was_read = False  # whether a recorded operation took this tensor in

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        with_options_of_methods(cls)
        if cls.__name__ == "Parameter":
            with_options(cls, "tinytorch.nn")

    @property
    def grad(self):
        """The gradient, a Tensor, or None as long as there is none."""
        return self._grad

    @grad.setter
    def grad(self, gradient):
        if gradient is not None and not is_tensor(gradient):
            raise TypeError(
                f"a gradient must be a Tensor or None, got {type(gradient).__name__}: write Tensor(...) around it"
            )
        self._grad = gradient

    @property
    def is_leaf(self):
        return self.grad_fn is None

    def retain_grad(self):
        return autograd.retain_grad(self)

    def __getattr__(self, name):
        raise AttributeError(explain("Tensor", name, dir(type(self))))


def not_an_array(operation, result):
    """Say what is wrong with an operation's function that returned None or a Tensor instead of an array."""
    if result is None:
        return f"{operation} returned None, an array was expected: is a `return` missing?"
    return f"{operation} returned a Tensor, an array was expected: inside @primitive are arrays, it makes the Tensor"


for part in (Reduced, Shapes, Functions):
    with_options_of_methods(part)
below_tracebacks(lambda word: any(hasattr(kind, word) for kind in TensorBase.__subclasses__()))


def from_core(slug, name):
    """Find a function that a later module builds."""
    return getattr(core(slug), name)
