# %% [markdown]
# # Tensor
#
# {{module}}
#
# A neural network is arithmetic on large blocks of numbers. In this module you build the block, the `Tensor`, and the
# few operations that carry everything after it. At the end a classifier of handwritten digits runs on your code
# alone.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | nothing: you start with numpy | `Tensor`, broadcasting, `mean`, `matmul`, and the way every operation takes | each of the 19 modules that follow |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# Our `Tensor` speaks PyTorch's words. Where it is simpler, this table says so.
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | `x.data` is a numpy array | a tensor without gradient | numpy does the arithmetic, and you can always look inside |
# | Python integers become `int32` | `int64` | half the memory, and enough to count anything in this course |
# | dtypes are strings, `"float32"` | objects, `torch.float32` | strings print, compare and store; `tinytorch.float32` works too |
# | the only device is the CPU | also GPUs | a GPU changes where the arithmetic runs, not what it computes |
# | a recorded tensor that was used, or is a view, refuses `x += 1` | often possible | an error, never a wrong gradient; `x = x + 1` always works |
# | `x.sum()` calls a function named `reduce_sum` | `torch.sum` | a notebook keeps Python's own `sum` |

# %% [markdown]
# ## Setup
#
# Run this once. The first cell belongs to the framework, the second to this notebook only.

# %%
#| default_exp core.tensor
#| export
import functools
import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from tinytorch.explaining import array_of_numbers, as_sizes, check_dim, check_dtype, check_inputs
from tinytorch.random import generator
from tinytorch.tensor_base import TensorBase, not_an_array

# %%
from tinytorch import viz
from tinytorch.datasets import Digits, FashionMini
from tinytorch.profiling import best_of
from tinytorch.testing import close, fixtures, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# Cells that start with `#| export` become the file `tinytorch/core/tensor.py`: once you run
# `tito module complete tensor`, the later modules import what you write here.
#
# ```python
# from tinytorch import Tensor, tensor, zeros          # as users write it
# from tinytorch.core.tensor import Tensor, primitive  # as the next modules write it
# ```

# %% [markdown]
# ## Part 1: Numbers with a shape
#
# Below are handwritten digits, eight pixels high and wide. To the computer each is 64 numbers in a row. That they
# make a picture is an agreement: *after every eighth number a new line begins*. A **tensor** is this pair: a row of
# numbers in memory, and a **shape** that says how to read it.
#
# | shape | name | for example |
# | --- | --- | --- |
# | `()` | scalar | a loss: 0.35 |
# | `(8,)` | vector | one row of pixels |
# | `(8, 8)` | matrix | one grey image |
# | `(32, 8, 8)` | three dimensions | a batch of 32 images |
# | `(32, 3, 8, 8)` | four dimensions | a batch of 32 colour images: red, green, blue |
#
# Think of the numbers as a street of houses in a fixed order. The shape is the numbering: as one long street, or as
# blocks and houses within a block. Renumbering is free. Moving the houses is work.

# %%
images, labels = Digits(train=True).arrays()
print("all images:", images.shape, images.dtype, "   one image:", images[7].shape)
viz.images(images[7:15], titles=[str(n) for n in labels[7:15]], title="Eight of 3,823 digits")

# %% [markdown]
# **What's happening**
# 1. `images` is one array of shape `(3823, 8, 8)`: image, row, column.
# 2. Leaving out the first index, as in `images[7]`, gives an array with one dimension fewer.
# 3. `labels` has the shape `(3823,)`: one number for each image, the digit that was meant.

# %% [markdown]
# ### From Python to an array
#
# `as_array` turns whatever we are given into an array. It also fixes the **dtype**, the kind of number: Python's own
# floats have 64 bits, and half of that is plenty for a neural network. This function is given; read it.

# %%
#| export
FLOAT64 = np.dtype("float64")
LARGEST_INT32 = 2**31 - 1


def as_array(data, dtype=None):
    """Turn a number, nested lists or an ndarray into an ndarray.

    Python floats become float32, integers int32, truth values bool. What comes from numpy keeps its dtype; an ndarray is
    not copied.
    """
    if isinstance(data, Tensor):
        raise TypeError("a Tensor is made of numbers, got a Tensor: take x.clone() for a copy, x.data for its array")
    check_dtype(dtype)
    array = data if isinstance(data, np.ndarray) else array_of_numbers(data)
    if array.dtype.kind not in "biuf":  # truth values, integers, unsigned integers, floats
        raise TypeError(
            f"a Tensor holds numbers, got {data!r:.60}: give a number, nested lists of numbers or an ndarray"
        )
    if dtype is None and not isinstance(data, (np.ndarray, np.generic)):  # np.generic: one number out of an array
        if array.dtype.kind in "iu" and array.size and np.abs(array).max() > LARGEST_INT32:
            raise ValueError(f"integers become int32 and end at {LARGEST_INT32}, got {data!r:.60}: say dtype='int64'")
        dtype = {"f": "float32", "i": "int32", "u": "int32"}.get(array.dtype.kind)
    return array if dtype is None else array.astype(dtype, copy=False)


# %% [markdown]
# ### The same numbers, another shape
#
# **By hand.** The twelve numbers 0 to 11 can be read as `(3, 4)`, as `(4, 3)`, as `(2, 2, 3)` or as `(12,)`. In
# memory nothing moves. They can't be read as `(5, 2)`: that would be ten.
#
# Often all sizes but one are known: "32 images, whatever that makes for each". Then one size may be written as `-1`,
# and it follows from the others: 2048 numbers as `(32, -1)` must be `(32, 64)`, since 2048 / 32 = 64.


# %% nbgrader={"grade_id": "infer_shape", "solution": true}
#| export
def infer_shape(size, shape):
    """Return `shape` with a size of -1 replaced, so that it holds exactly `size` numbers.

    TODO: Work out the -1, if there is one, and refuse a shape that doesn't hold `size` numbers.

    APPROACH:
    1. Multiply the sizes that are known (`math.prod`).
    2. One -1: it must be `size` divided by that product. If there is a remainder, refuse; beside a 0, too.
    3. No -1: the product itself must be `size`. Two or more -1: refuse.
    4. To refuse is `raise ValueError(...)`; say the rule, `size` and `shape` in the message.

    EXAMPLE:
    >>> infer_shape(12, (3, -1))
    (3, 4)
    >>> infer_shape(12, (5, 2))
    ValueError: reshape keeps the number of elements, got 12 for shape (5, 2): ...

    HINT: `shape.count(-1)` counts them; `tuple(... for n in shape)` builds the answer.
    """
    ### BEGIN SOLUTION
    known = math.prod(n for n in shape if n != -1)
    if shape.count(-1) == 1 and known > 0 and size % known == 0:
        return tuple(size // known if n == -1 else n for n in shape)
    if -1 in shape or known != size:
        raise ValueError(
            f"reshape keeps the number of elements, got {size} for shape {shape}: choose sizes whose product is {size}, "
            "one of them may be -1"
        )
    return shape
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: infer_shape

# %% nbgrader={"grade_id": "test_infer_shape", "grade": true}
test = unit_test("infer_shape")


@test.check("a shape that fits comes back as it is", points=2)
def _():
    same(infer_shape(12, (3, 4)), (3, 4))
    same(infer_shape(12, (1, 12)), (1, 12))


@test.check("one -1 follows from the others", points=2)
def _():
    same(infer_shape(12, (3, -1)), (3, 4))


@test.check("what does not fit is refused, a remainder, two -1, and a -1 beside a 0 too", points=2)
def _():
    raises(ValueError, infer_shape, 12, (5, 2), says="(5, 2)")
    raises(ValueError, infer_shape, 12, (5, -1), says="12")
    raises(ValueError, infer_shape, 12, (-1, -1))
    raises(ValueError, infer_shape, 0, (-1, 0))
    same(infer_shape(12, (-1, 6)), (2, 6))


### BEGIN HIDDEN TESTS
@test.check("-1 at any place of random shapes", points=3, hidden=True)
def _():
    for _ in range(5):
        shape = tuple(int(n) for n in test.rng.integers(1, 6, size=4))
        place = int(test.rng.integers(4))
        asked = (*shape[:place], -1, *shape[place + 1 :])
        same(infer_shape(int(np.prod(shape)), asked), shape)
    same(infer_shape(12, (-1,)), (12,))
    same(infer_shape(0, (0, 3)), (0, 3))
    sizes = infer_shape(12, (2, -1))
    true(all(isinstance(n, (int, np.integer)) for n in sizes), "sizes are whole numbers")


@test.check("a shape that does not fit is refused, with both numbers in the message", points=3, hidden=True)
def _():
    raises(ValueError, infer_shape, 12, (5, 2), says="12")
    raises(ValueError, infer_shape, 12, (5, 2), says="(5, 2)")
    raises(ValueError, infer_shape, 12, (5, -1))
    same(infer_shape(12, (6, -1)), (6, 2))


@test.check("two -1 are refused, and one beside a 0: it could be anything", points=3, hidden=True)
def _():
    raises(ValueError, infer_shape, 0, (-1, 0))
    raises(ValueError, infer_shape, 12, (-1, -1))
    raises(ValueError, infer_shape, 12, (-1, 3, -1))
    raises(ValueError, infer_shape, 1, (-1, -1))
    same(infer_shape(12, (-1, 3, 1)), (4, 3, 1))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Now look at the houses on the street. Each colour is one row of the matrix.

# %%
numbers = np.arange(12, dtype=np.float32).reshape(3, 4)
viz.memory_layout(numbers, title="12 numbers read as (3, 4)")

# %% [markdown]
# **What's happening**
# 1. Above is how we think of the array, below is where its numbers lie.
# 2. One step to the right is one place on. One step down is four places on: a whole row.
# 3. Rows lie together. An array like this is called **contiguous**.

# %%
viz.memory_layout(numbers.T, title="the same 12 numbers, transposed: (4, 3)")

# %% [markdown]
# **What's happening**
# 1. Rows and columns have changed places in what we see, above.
# 2. The row below is exactly as before: transposing moved no number. Only the steps changed, from (4, 1) to (1, 4).
# 3. A row's numbers now lie apart. The array is **not contiguous**: reading it row by row jumps through memory.

# %% [markdown]
# **Predict, then run**: `numbers.reshape(12)` needs no copy. Does `numbers.T.reshape(12)`? The first cell shows whether
# two arrays share their memory; the second asks you before it answers.

# %%
print("reshape shares memory:", np.shares_memory(numbers, numbers.reshape(12)))
print("transpose shares memory:", np.shares_memory(numbers, numbers.T))

# %%
viz.Prediction(
    "transpose_copies",
    "Does numbers.T.reshape(12) need a copy?",
    lambda: not np.shares_memory(numbers, numbers.T.reshape(12)),
    choices=["yes", "no"],
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It does copy. `numbers.T.reshape(12)` must begin 0, 4, 8: these numbers aren't neighbours in memory, and no single
# step leads through all twelve. So numpy has to move the houses. Renumbering is free, moving is work.
# </details>

# %% [markdown]
# ## Part 2: The Tensor, and the way of every operation
#
# Why not simply use numpy arrays? Because from module 05 on each result must know *how it was computed*, so that
# gradients can flow back. An array can't know that. A `Tensor` is an array with room for it: `requires_grad`, `grad`,
# `grad_fn`.
#
# The class below is given, and it's long but dull on purpose: each method is one line that calls a function. **The
# functions are what you write.** Python looks a function up at the moment it is called, so the class may mention
# `add` before `add` exists. Skim it once, and come back when you wonder what `x.sum()` calls.
#
# Its base, `TensorBase`, is not yours to write: PyTorch's many other words (`x > 0`, `x.mean()`, `x += 1`, ...),
# each made of your functions. If your `add` is wrong, so is `x += 1`.


# %%
#| export
class Tensor(TensorBase):
    """Numbers with a shape. Each method is one line; the work is done by functions."""

    def __init__(self, data, dtype=None, requires_grad=False):
        self._data = as_array(data, dtype)
        self.grad = None  # filled by backward(): a Tensor of the same shape
        self.grad_fn = None  # the Call that made this tensor, if one was recorded
        self.requires_grad = _checked_requires_grad(requires_grad, self._data)

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, array):
        self._data = as_array(unwrap(array))

    @property
    def shape(self):
        return self._data.shape

    @property
    def ndim(self):
        return self._data.ndim

    @property
    def dtype(self):
        return str(self._data.dtype)

    # Element by element

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

    def __neg__(self):
        return neg(self)

    def exp(self):
        return exp(self)

    def log(self):
        return log(self)

    def sqrt(self):
        return sqrt(self)

    # Along a dimension

    def sum(self, dim=None, keepdim=False):
        return reduce_sum(self, dim=dim, keepdim=keepdim)

    # Matrix products

    def __matmul__(self, other):
        return matmul(self, other)

    def __rmatmul__(self, other):
        return matmul(other, self)

    def matmul(self, other):
        return matmul(self, other)

    # Other shapes of the same numbers

    @property
    def T(self):
        return permute(self, dims=tuple(reversed(range(self.ndim))))

    def reshape(self, *shape):
        return reshape(self, shape=as_sizes(shape))

    def permute(self, *dims):
        return permute(self, dims=as_sizes(dims))

    def transpose(self, dim0, dim1):
        return transpose(self, dim0, dim1)

    def unsqueeze(self, dim):
        return unsqueeze(self, dim)

    def clone(self):
        return clone(self)

    def __getitem__(self, key):
        return getitem(self, key)

    # Gradients

    def detach(self):
        return Tensor(self._data)

    def backward(self, gradient=None, retain_graph=None):
        return _ask_recorder(self, gradient)


def _checked_requires_grad(requires_grad, array):
    if requires_grad and array.dtype.kind != "f":
        raise ValueError(f"only floats have gradients, got {array.dtype} with requires_grad=True: say dtype='float32'")
    return bool(requires_grad)


# %% [markdown]
# ### primitive: unwrap, compute, wrap, hand over
#
# You will write operations as plain functions on *arrays*. The decorator `primitive` makes them work on tensors. It
# is the most important piece of the whole framework, and it's a dozen lines. The figure shows the way of `x + y`.

# %%
viz.steps(
    [
        ("two Tensors", "(2, 3) and (3,)"),
        ("unwrap", "x.data, y.data"),
        ("compute", "a + b, in numpy"),
        ("wrap", "a new Tensor"),
        ("one Tensor", "(2, 3)"),
    ],
    title="What happens in x + y",
    aside=(3, "recorder", "none before module 05"),
)

# %% [markdown]
# **What's happening**
# 1. `unwrap` takes the array out of every tensor, even inside a list. Anything else stays what it is.
# 2. The function computes. It knows nothing of tensors, so it can be tested, timed and replaced like any function.
# 3. `wrap` makes a new tensor of the result. The inputs are untouched.
# 4. If there is a recorder, it is told: this operation, these inputs, this result. That is all that module 05 will
#    need.

# %%
#| export
IMPLEMENTATIONS = {}  # operation -> {name: function}
IN_USE = {}  # operation -> the name of the implementation that is called
RECORDER = SimpleNamespace(
    record=None,
    backward=None,
    advice="backward() is built in module 05_autograd: run `tito module start autograd`",
)


@dataclass(slots=True)
class Call:
    """One call of an operation, as a recorder sees it."""

    operation: str
    implementation: str
    inputs: tuple  # as they were given: Tensors, lists of Tensors, arrays, numbers
    arrays: list  # the same, unwrapped
    options: dict
    result: object  # what the function returned: an array, or (array, saved)
    versions: object = None  # how often its arrays had been changed in place by then
    rule: object = None  # its own gradient rule, if it has one


def primitive(function):
    """Turn a function on arrays into an operation on tensors.

    Tensors are given by position, options by name. `function` returns an array, or (array, saved) if something that
    it computed on the way will be needed for the gradient.
    """
    operation = function.__name__
    register_implementation(operation, "default", function)
    implementations = IMPLEMENTATIONS[operation]

    @functools.wraps(function)
    def on_tensors(*inputs, **options):
        name = IN_USE[operation]
        arrays = [x._data if type(x) is Tensor else unwrap(x) for x in inputs]
        try:
            result = implementations[name](*arrays, **options)
        except (TypeError, ValueError, IndexError, AttributeError):
            check_inputs(operation, arrays, options)  # if these are to blame, it says so in our words
            raise
        if result is None or type(result) is Tensor:
            raise TypeError(not_an_array(operation, result))
        out = wrap(result, arrays)
        if RECORDER.record is not None:
            RECORDER.record(Call(operation, name, inputs, arrays, options, result), out)
        return out

    return on_tensors


def unwrap(x):
    """Take the array out of a Tensor, also inside a list or tuple; anything else stays as it is."""
    if isinstance(x, Tensor):
        return x.data
    if isinstance(x, (list, tuple)):
        return type(x)(item.data if isinstance(item, Tensor) else item for item in x)
    return x


def wrap(result, arrays=()):
    """Make a Tensor of a result. A float64 that none of the arrays brought in becomes float32."""
    array = np.asarray(result[0] if isinstance(result, tuple) else result)
    if array.dtype is FLOAT64 and not any(_holds_float64(x) for x in arrays):
        array = array.astype("float32")
    out = Tensor.__new__(Tensor)  # numbers that were computed need none of the questions that __init__ asks
    out._data = array
    return out


def _holds_float64(x):
    if isinstance(x, (list, tuple)):
        return any(_holds_float64(item) for item in x)
    return isinstance(x, np.ndarray) and x.dtype == FLOAT64


# %% [markdown]
# ### Two seats kept free
#
# The recorder is the first seat: module 05 takes it with `set_recorder`. The second is the table of implementations.
# An operation is known by its *name*, and the name can be pointed at another function:
# `use_implementation("matmul", "loops")`. In module 16 you will make your own framework faster that way, and be able
# to go back.


# %%
#| export
def set_recorder(record, backward):
    """Let `record(call, out)` see every operation, and `backward(tensor, gradient)` answer x.backward()."""
    RECORDER.record, RECORDER.backward = record, backward


def _ask_recorder(tensor, gradient):
    """Let the recorder compute the gradients of everything that `tensor` was made of (built in module 05)."""
    if RECORDER.backward is None:
        raise NotImplementedError(RECORDER.advice)
    RECORDER.backward(tensor, gradient)


def register_implementation(operation, name, function):
    """Add a way to compute `operation`; use_implementation switches to it."""
    IMPLEMENTATIONS.setdefault(operation, {})[name] = function
    IN_USE.setdefault(operation, name)


def use_implementation(operation, name):
    """Point `operation` at the implementation `name`; return the name used before, so that you can go back."""
    if operation not in IMPLEMENTATIONS:
        raise KeyError(f"there is no operation {operation!r}. There are: {', '.join(sorted(IMPLEMENTATIONS))}")
    if name not in IMPLEMENTATIONS[operation]:
        raise KeyError(f"{operation!r} has no implementation {name!r}. It has: {', '.join(IMPLEMENTATIONS[operation])}")
    before, IN_USE[operation] = IN_USE[operation], name
    return before


def composed(function):
    """Let a function that is made of other operations be replaced by name, too."""
    operation = function.__name__
    register_implementation(operation, "default", function)

    @functools.wraps(function)
    def in_use(*inputs, **options):
        return IMPLEMENTATIONS[operation][IN_USE[operation]](*inputs, **options)

    return in_use


# %% [markdown]
# **By hand.** The smallest operation there is, and a recorder of one line that only prints what it is told.


# %%
@primitive
def double(a):
    return 2 * a


set_recorder(lambda call, out: print(f"{call.operation}: {call.arrays} -> {out}"), backward=None)
double(double(Tensor([1.0, 2.0])))
set_recorder(None, None)

# %% [markdown]
# Two lines: which operation, on what, with what result. Read from the last to the first, they tell how to go back.
#
# And the usual ways to make a tensor. All random numbers come from one generator, so that `tinytorch.manual_seed(0)`
# makes a whole experiment repeat itself.


# %%
#| export
def tensor(data, dtype=None, requires_grad=False):
    """Make a Tensor with a copy of the numbers; Tensor(array) shares them."""
    return Tensor(as_array(data, dtype).copy(), requires_grad=requires_grad)


def full(shape, value, dtype="float32", requires_grad=False):
    """Make a Tensor with `value` everywhere."""
    check_dtype(dtype)
    return Tensor(np.full(shape, value, dtype), requires_grad=requires_grad)


def zeros(*shape, dtype="float32", requires_grad=False):
    """Make a Tensor of zeros: zeros(2, 3) or zeros((2, 3))."""
    return full(as_sizes(shape), 0, dtype, requires_grad)


def ones(*shape, dtype="float32", requires_grad=False):
    """Make a Tensor of ones."""
    return full(as_sizes(shape), 1, dtype, requires_grad)


def zeros_like(x):
    """Make zeros of the shape and dtype of x."""
    return full(x.shape, 0, x.dtype)


def ones_like(x):
    """Make ones of the shape and dtype of x."""
    return full(x.shape, 1, x.dtype)


def arange(start, end=None, step=1, dtype=None, requires_grad=False):
    """Count from `start` (0 if only one number is given) up to, but not including, `end`."""
    first, last = (0, start) if end is None else (start, end)
    return Tensor(np.arange(first, last, step).tolist(), dtype, requires_grad)


def eye(n, m=None, dtype="float32"):
    """Make the n x n identity matrix, or the first n rows of a wider one: (n, m)."""
    return Tensor(np.eye(n, m), dtype)


def rand(*shape, requires_grad=False):
    """Draw uniformly from [0, 1)."""
    return Tensor(generator().random(as_sizes(shape), dtype="float32"), requires_grad=requires_grad)


def randn(*shape, requires_grad=False):
    """Draw from the normal distribution with mean 0 and variance 1."""
    return Tensor(generator().standard_normal(as_sizes(shape), dtype="float32"), requires_grad=requires_grad)


def randint(low, high, shape):
    """Draw integers from low to high - 1."""
    return Tensor(generator().integers(low, high, shape, dtype="int32"))


# %%
print(tensor([[1.0, 2.0], [3.0, 4.0]]))
print(ones(2, 3).shape, arange(5), tensor([True, False]).dtype, tensor(3.5).shape)

# %% [markdown]
# **Predict, then run**: a `float64` array goes in. Which dtype does the tensor have? And one made of the same numbers
# as a list?

# %%
print(Tensor(np.array([0.5, 1.5])).dtype, Tensor([0.5, 1.5]).dtype)

# %% [markdown]
# <details><summary>Answer</summary>
#
# `float64` and `float32`. If you hand over an array, you have chosen a dtype, and it is kept. If you type numbers,
# you have not, and get `float32`. Gradient checks will hand over float64 arrays to measure more finely.
# </details>

# %% [markdown]
# ## Part 3: The same numbers in other shapes
#
# The first operations are given, as examples of the form. Each is a line or two of numpy; `reshape` uses your
# `infer_shape`. Note which are primitives and which are *composed* of others: what is composed needs no gradient of
# its own, since it follows from its parts.


# %%
#| export
@primitive
def reshape(a, shape):
    """Read the same numbers, in the same order, with another shape; one size may be -1."""
    return a.reshape(infer_shape(a.size, shape))


@primitive
def permute(a, dims):
    """Put the dimensions into another order: permute(x, dims=(0, 2, 1))."""
    return a.transpose(dims)


def transpose(x, dim0, dim1):
    """Swap two dimensions."""
    dims, one, other = list(range(x.ndim)), _place(dim0, x.ndim), _place(dim1, x.ndim)
    dims[one], dims[other] = other, one
    return permute(x, dims=tuple(dims))


def _place(dim, ndim):
    """Count a dimension from the front."""
    check_dim(dim, ndim)
    return dim % ndim


def unsqueeze(x, dim):
    """Put in a dimension of size 1 before `dim`; -1 puts it last."""
    place = _place(dim, x.ndim + 1)
    return reshape(x, shape=(*x.shape[:place], 1, *x.shape[place:]))


def squeeze(x, dim):
    """Take out the dimension `dim` if its size is 1."""
    place = _place(dim, x.ndim)
    return reshape(x, shape=(*x.shape[:place], *x.shape[place + 1 :])) if x.shape[place] == 1 else x


@primitive
def broadcast_to(a, shape):
    """Stretch to `shape` as broadcasting does, without copying."""
    return np.broadcast_to(a, shape)


@primitive
def clone(a):
    """Copy the numbers, row after row."""
    return a.copy()


@primitive
def getitem(a, key):
    """Take the part that `key` describes: a number, a slice, an array of indices or truth values, or a tuple of these."""
    return a[key]


@primitive
def with_part(a, value, key):
    """Copy the numbers, with `value` where x[key] is."""
    out = a.copy()
    out[key] = value
    return out


@primitive
def gather(a, dim, index):
    """Take along `dim` the element that `index` names, in each place of `index`."""
    return a[_mesh(dim, index)]


def _mesh(dim, index):
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[dim] = index
    return tuple(places)


@primitive
def cat(arrays, dim=0):
    """Join a list along a dimension that there is: two (2, 3) give (4, 3)."""
    return np.concatenate(arrays, axis=dim)


def stack(tensors, dim=0):
    """Join a list along a new dimension: two (2, 3) give (2, 2, 3)."""
    return cat([unsqueeze(x, dim) for x in tensors], dim=dim)


# %% [markdown]
# Sixteen pieces of clothing, `(16, 28, 28)`, are to become one picture of 4 by 4, `(112, 112)`. The count is right,
# 12,544 numbers, so why not reshape at once?

# %%
clothes = Tensor(FashionMini(train=True).arrays()[0][:16])
scrambled = clothes.reshape(112, 112)
mosaic = clothes.reshape(4, 4, 28, 28).permute(0, 2, 1, 3).reshape(112, 112)
viz.images([scrambled.data, mosaic.data], titles=["reshape alone", "reshape, permute, reshape"], size=3.2)

# %% [markdown]
# **What's happening**
# 1. `reshape` keeps the order in memory. One row of the left picture is 112 numbers in a row: four pixel rows of
#    *one* piece, side by side. So each piece appears four times, squashed to a quarter of its height.
# 2. One row of the right picture must be one pixel row of *four different* pieces. In memory these don't lie
#    together.
# 3. So we name the dimensions: `(4, 4, 28, 28)` is mosaic row, mosaic column, pixel row, pixel column.
# 4. `permute(0, 2, 1, 3)` puts the pixel row before the mosaic column. Now each row of the picture can be read in
#    order.
# 5. The left picture came without an error message. Reshape where you mean permute, and a network learns from
#    squashed clothes.

# %% [markdown]
# **Predict, then run**: `x` has the shape `(2, 3)`. Are `x.reshape(3, 2)` and `x.T` the same?

# %%
x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(x.T)
print(x.reshape(3, 2))

# %% [markdown]
# <details><summary>Answer</summary>
#
# They have the same shape and the same numbers, in different places. `reshape` reads 1 2 3 4 5 6 straight on, two to a line.
# `T` makes each column a row.
# </details>

# %% [markdown]
# ## Part 4: Element by element
#
# Two tensors of the same shape are added number by number. More often the shapes differ: a batch of 32 images plus
# *one* correction for all; a matrix plus a row of biases; anything times 2. Copying the small one 32 times would be
# slow and wasteful. **Broadcasting** gives the result that the copies would give, without making them.
#
# **By hand.** `(2, 3)` plus `(3,)`. Write the shapes one below the other, right-aligned:
#
# ```
# a        2  3
# b           3      nothing above the 2 of a: as if there were a 1
# ----------------
# result   2  3
# ```
#
# Go from right to left. Equal sizes stay. A 1, or nothing, is stretched to the other size. Anything else is an error.
# So `(2, 3)` with `(2, 1)` gives `(2, 3)`, and `(2, 1)` with `(3,)` gives `(2, 3)`, in which both were stretched. But
# `(2, 3)` with `(2,)` is an error: there is a 2 below the 3.

# %%
viz.broadcast(np.array([[1, 2, 3], [4, 5, 6]]), np.array([10, 20, 30]), title="One row for all rows")

# %% [markdown]
# **What's happening**
# 1. `b` has the shape `(3,)`; below the `(2, 3)` of `a` it counts as `(1, 3)`.
# 2. Its only row is used for both rows of `a`. The faint numbers exist nowhere in memory.
# 3. The result is real: six new numbers.

# %%
viz.broadcast(np.array([[1], [2], [3]]), np.array([10, 20, 30, 40]), title="A column and a row make a table")

# %% [markdown]
# **What's happening**
# 1. `(3, 1)` and `(4,)`: each has a 1, or nothing, where the other has a size.
# 2. The column is stretched to the right, the row downwards.
# 3. Seven numbers became twelve. With 10,000 each it would be a hundred million: broadcasting saves memory on the way
#    in, never on the way out.


# %% nbgrader={"grade_id": "broadcast_shape", "solution": true}
#| export
def broadcast_shape(a, b):
    """Return the shape that arrays of the shapes `a` and `b` broadcast to.

    TODO: Apply the rule from right to left, and refuse shapes that don't fit.

    APPROACH:
    1. For i = 1, 2, ... up to the longer length, take the sizes m = a[-i] and n = b[-i]; a missing one counts as 1.
    2. If they differ and neither is 1: `raise ValueError(...)` with the rule and both shapes in the message.
    3. The result's size is n if m is 1, else m.
    4. You found the sizes from right to left: return them from left to right, as a tuple.

    EXAMPLE:
    >>> broadcast_shape((2, 3), (3,))
    (2, 3)
    >>> broadcast_shape((2, 3), (2,))
    ValueError: shapes (2, 3) and (2,) do not broadcast: ...

    HINT: `a[-i] if i <= len(a) else 1`; `sizes.insert(0, n)` puts a number in front.
    """
    ### BEGIN SOLUTION
    sizes = []
    for i in range(1, max(len(a), len(b)) + 1):
        m = a[-i] if i <= len(a) else 1
        n = b[-i] if i <= len(b) else 1
        if m != n and m != 1 and n != 1:
            raise ValueError(
                f"shapes {a} and {b} do not broadcast: from the right, sizes must be equal or 1, got {m} and {n}; "
                "reshape one of them"
            )
        sizes.insert(0, n if m == 1 else m)
    return tuple(sizes)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: broadcast_shape

# %% nbgrader={"grade_id": "test_broadcast_shape", "grade": true}
test = unit_test("broadcast_shape")


@test.check("equal shapes, and one row for all rows", points=3)
def _():
    same(broadcast_shape((2, 3), (2, 3)), (2, 3))
    same(broadcast_shape((2, 3), (3,)), (2, 3))
    same(broadcast_shape((1, 3), (2, 1)), (2, 3))


@test.check("a size that differs and is not 1 is refused, with both shapes in the message", points=3)
def _():
    raises(ValueError, broadcast_shape, (2, 3), (2,), says="(2, 3)")
    raises(ValueError, broadcast_shape, (2, 3), (2,), says="(2,)")
    same(broadcast_shape((2, 3), (1,)), (2, 3))


### BEGIN HIDDEN TESTS
@test.check("a scalar fits everything, on either side", points=3, hidden=True)
def _():
    same(broadcast_shape((), (4, 5)), (4, 5))
    same(broadcast_shape((4, 5), ()), (4, 5))
    same(broadcast_shape((), ()), ())


@test.check("random shapes, as numpy has it", points=7, hidden=True)
def _():
    for _ in range(10):
        shape = tuple(int(n) for n in test.rng.integers(1, 5, size=4))
        a = tuple(1 if test.rng.random() < 0.4 else n for n in shape)
        b = tuple(1 if test.rng.random() < 0.4 else n for n in shape)[int(test.rng.integers(4)) :]
        same(broadcast_shape(a, b), np.broadcast_shapes(a, b))
        same(broadcast_shape(b, a), np.broadcast_shapes(a, b))


@test.check("the message names both shapes", points=4, hidden=True)
def _():
    raises(ValueError, broadcast_shape, (4, 3), (2, 3), says="(4, 3)")
    raises(ValueError, broadcast_shape, (4, 3), (2, 3), says="(2, 3)")
    same(broadcast_shape((4, 3), (1, 3)), (4, 3))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: ten labels as `(10,)`, ten predictions as a column `(10, 1)`. What is the shape of their
# difference?

# %%
print(broadcast_shape((10, 1), (10,)))

# %% [markdown]
# <details><summary>Answer</summary>
#
# `(10, 10)`: every prediction minus every label. No error, a mean of it is a number like any other, and training
# learns nonsense. It's one of the commonest silent mistakes in deep learning, so look at shapes first whenever a loss
# behaves strangely.
# </details>

# %% [markdown]
# ### Your first operation
#
# Now `add`, on arrays. numpy broadcasts by itself; what you add is the message. The decorator does the rest.


# %% nbgrader={"grade_id": "add", "solution": true}
#| export
@primitive
def add(a, b):
    """Add two arrays element by element; shapes broadcast.

    TODO: Return the sum. If the shapes don't fit, let `broadcast_shape` raise its message.

    APPROACH:
    1. Return the sum, computed by numpy, inside `try:`. numpy raises a ValueError if the shapes don't fit.
    2. After `except ValueError:` call `broadcast_shape` with the shapes of a and b: it raises the message that helps.

    EXAMPLE:
    >>> add(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
    Tensor([4., 6.])
    >>> Tensor([1.0, 2.0]) + 10
    Tensor([11., 12.])

    HINT: a or b may be a plain number, as in x + 10: `np.shape(a)` works for both, `a.shape` doesn't.
    """
    ### BEGIN SOLUTION
    try:
        return a + b
    except ValueError:
        broadcast_shape(np.shape(a), np.shape(b))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: add

# %% nbgrader={"grade_id": "test_add", "grade": true}
test = unit_test("add")


@test.check("adds element by element, a plain number too", points=2)
def _():
    same(add(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).data, [4.0, 6.0])
    same((Tensor([1.0, 2.0]) + 10).data, [11.0, 12.0])


@test.check("shapes that do not fit get the message of broadcast_shape", points=2)
def _():
    raises(ValueError, add, Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), Tensor([1.0, 2.0]), says="(2, 3)")
    same(
        add(Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), Tensor([[1.0], [2.0]])).data, [[2.0, 3.0, 4.0], [6.0, 7.0, 8.0]]
    )


### BEGIN HIDDEN TESTS
@test.check("random shapes broadcast as in numpy", points=3, hidden=True)
def _():
    a = test.rng.normal(size=(4, 1, 3)).astype(np.float32)
    b = test.rng.normal(size=(2, 1)).astype(np.float32)
    left, right = remote(a), remote(b)
    with unchanged(left), unchanged(right):
        close(add(Tensor(left), Tensor(right)).data, a + b)
    close((Tensor(a) + Tensor(b)).data, a + b)


@test.check("a plain number on either side, and float32 stays float32", points=1, hidden=True)
def _():
    x = Tensor([1.0, 2.0])
    same((x + 10).data, [11.0, 12.0])
    same((10 + x).data, [11.0, 12.0])
    same((x + 0.5).dtype, "float32")


@test.check("shapes that do not fit: the message names both", points=2, hidden=True)
def _():
    a, b = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), Tensor([1.0, 2.0])
    raises(ValueError, add, a, b, says="(2, 3)")
    raises(ValueError, add, a, b, says="(2,)")
    same(add(a, Tensor([1.0, 2.0, 3.0])).data, [[2.0, 4.0, 6.0], [5.0, 7.0, 9.0]])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# ### The rest of the family
#
# All others have the same form, so they are given: `_elementwise` computes first, too, and asks for the message only
# if numpy has refused. Checking first would cost a microsecond or two on each call, and calls that fail are rare.


# %%
#| export
def _elementwise(function, a, b):
    """Apply a numpy function of two arrays; if the shapes don't fit, let broadcast_shape say so."""
    try:
        return function(a, b)
    except ValueError:
        broadcast_shape(np.shape(a), np.shape(b))
        raise


@primitive
def sub(a, b):
    """Subtract b from a."""
    return _elementwise(np.subtract, a, b)


@primitive
def mul(a, b):
    """Multiply element by element."""
    return _elementwise(np.multiply, a, b)


@primitive
def div(a, b):
    """Divide a by b."""
    return _elementwise(np.true_divide, a, b)


@primitive
def power(a, b):
    """Raise a to the power b."""
    return _elementwise(np.power, a, b)


@primitive
def maximum(a, b):
    """Take the larger of a and b in each place."""
    return _elementwise(np.maximum, a, b)


@primitive
def where(condition, a, b):
    """Take a where the condition holds, else b."""
    return np.where(condition, a, b)


@primitive
def neg(a):
    """Change the sign."""
    return -a


@primitive
def exp(a):
    """Raise e to the power of each element."""
    return np.exp(a)


@primitive
def log(a):
    """Take the natural logarithm."""
    return np.log(a)


@primitive
def sqrt(a):
    """Take the square root."""
    return np.sqrt(a)


def minimum(a, b):
    """Take the smaller of a and b: made of other operations, so it needs no gradient of its own."""
    return -maximum(-a, -b)


def absolute(x):
    """Drop the sign."""
    return maximum(x, -x)


@primitive
def clip(a, min, max):
    """Move what is below `min` to min, and what is above `max` to max."""
    return a if min is None and max is None else np.clip(a, min, max)


def clamp(x, min=None, max=None):
    """Move what is below `min` to min, and what is above `max` to max."""
    return clip(x, min, max)


def compare(function, a, b):
    """Compare element by element; truth values have no gradient, so nothing is recorded."""
    return wrap(_elementwise(function, unwrap(a), unwrap(b)))


# %% [markdown]
# ## Part 5: Along a dimension
#
# A loss is *one* number, made of thousands. An average image is made of thousands of images. Both **reduce**: they
# add up along one or several dimensions, and these dimensions disappear.

# %%
viz.reduction(np.arange(12).reshape(3, 4), title="Which dimension disappears?")

# %% [markdown]
# **What's happening**
# 1. `dim=0` walks down the rows: the 3 disappears, 4 sums are left.
# 2. `dim=1` walks along the columns: the 4 disappears, 3 sums are left.
# 3. Without `dim` everything is added, and the shape is `()`.
# 4. `keepdim=True` leaves a 1 where the dimension was: `(3, 1)` instead of `(3,)`. Then the result still lies beside
#    its rows, and broadcasting can stretch it back: `x - x.mean(dim=1, keepdim=True)` takes from each row its own
#    mean.


# %%
#| export
def _axis(dim):
    """Give numpy a tuple where PyTorch takes a list of dimensions."""
    return tuple(dim) if isinstance(dim, list) else dim


LONG_SUM = 1000  # from here on float32 loses digits if numbers are added one after the other


def _block_sums(a, axis):
    """Add blocks of neighbours along an axis: what remains is short, and rounded less often."""
    starts = np.arange(0, a.shape[axis], math.isqrt(a.shape[axis]))
    return np.add.reduceat(a, starts, axis=axis, dtype=np.sum(a[:0]).dtype)


@primitive
def reduce_sum(a, dim=None, keepdim=False):
    """Add along `dim`: one dimension, several, or all (None)."""
    axis = _axis(dim)
    several = isinstance(axis, tuple)
    for each in () if axis is None or np.ndim(a) < 2 else axis if several else (axis,):
        if a.shape[_place(each, a.ndim)] > LONG_SUM:
            a = _block_sums(a, each)
        if several:  # one after the other: numpy would add them all in one long row
            a = np.sum(a, axis=each, keepdims=True)
    return np.sum(a, axis=axis, keepdims=keepdim)


@primitive
def amax(a, dim=None, keepdim=False):
    """Take the largest along `dim`."""
    return np.max(a, axis=_axis(dim), keepdims=keepdim)


# %% [markdown]
# `mean` is the sum, divided by *how many numbers went into it*. It isn't a primitive: you compose it of existing
# operations, and so its gradient will follow from theirs.
#
# **By hand.** `(3, 4)` along `dim=1`: 12 numbers become 3 sums, so 12 / 3 = 4 numbers went into each.


# %% nbgrader={"grade_id": "mean", "solution": true}
#| export
def mean(x, dim=None, keepdim=False):
    """Average a tensor along `dim`: one dimension, several, or all (None).

    TODO: Return the mean, a Tensor, made of tensor operations.

    APPROACH:
    1. Add with `reduce_sum`, handing on dim and keepdim.
    2. Work out from the numbers of elements before and after how many went into each sum.
    3. Divide.

    EXAMPLE:
    >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    Tensor([2., 3.])

    HINT: `x.numel()` counts the elements. With this, dim may be negative, a tuple or None: there's no need to look at it.
    """
    ### BEGIN SOLUTION
    total = reduce_sum(x, dim=dim, keepdim=keepdim)
    return total / (x.numel() // total.numel())
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: mean

# %% nbgrader={"grade_id": "test_mean", "grade": true}
test = unit_test("mean")


@test.check("of everything, and along each dimension", points=5)
def _():
    x = Tensor([[1.0, 2.0], [3.0, 6.0]])
    same(mean(x).data, 3.0)
    same(mean(x, dim=0).data, [2.0, 4.0])
    same(x.mean(dim=1).data, [1.5, 4.5])
    same(mean(x, dim=1, keepdim=True).data, [[1.5], [4.5]])
    recorded = fixtures.recorded_inputs(Tensor, mean, x)
    true(recorded == [True], "made of tensor operations: what is computed on .data gives no gradient back")


### BEGIN HIDDEN TESTS
@test.check("random shapes, any dimension, counted from either end", points=5, hidden=True)
def _():
    a = test.rng.normal(size=(3, 4, 5)).astype(np.float32)
    for dim in (0, 1, 2, -1, -3, None):
        close(mean(Tensor(a), dim=dim).data, a.mean(axis=dim))


@test.check("keepdim leaves a 1, several dimensions at once", points=5, hidden=True)
def _():
    a = test.rng.normal(size=(3, 4, 5)).astype(np.float32)
    close(mean(Tensor(a), dim=1, keepdim=True).data, a.mean(axis=1, keepdims=True))
    same(fixtures.recorded_inputs(Tensor, mean, Tensor(a), dim=1), [True])  # made of tensor operations
    close(mean(Tensor(a), dim=(0, 2)).data, a.mean(axis=(0, 2)))
    close(mean(Tensor(a), dim=(0, -1), keepdim=True).data, a.mean(axis=(0, 2), keepdims=True))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The relatives are given. `var` is a good example of composing: mean, difference, square, mean again.


# %%
#| export
def var(x, dim=None, correction=1, keepdim=False):
    """Average the squared distance from the mean; `correction=1` divides by n - 1, as PyTorch does."""
    squares = (x - mean(x, dim=dim, keepdim=True)) ** 2
    average = mean(squares, dim=dim, keepdim=keepdim)
    count = x.numel() // average.numel()
    return average * (count / (count - correction) if count > correction else math.nan)


def _root(variance):
    """Take the square root; where the variance is 0, so is the gradient."""
    flat = variance == 0
    return where(flat, variance, sqrt(where(flat, 1.0, variance)))


def amin(x, dim=None, keepdim=False):
    """Take the smallest along `dim`."""
    return -amax(-x, dim=dim, keepdim=keepdim)


def argmax(x, dim=None, keepdim=False):
    """Find the index of the largest; a place has no gradient, so nothing is recorded."""
    return Tensor(np.asarray(np.argmax(x.data, axis=dim, keepdims=keepdim)))


def argmin(x, dim=None, keepdim=False):
    """Find the index of the smallest."""
    return Tensor(np.asarray(np.argmin(x.data, axis=dim, keepdims=keepdim)))


# %% [markdown]
# With `mean` and broadcasting, real data can be looked at: the average of all threes, and how far one three is from
# it.

# %%
threes = Tensor(images[labels == 3])
average = threes.mean(dim=0)
pictures = [threes[0], threes[1], average, (threes[0] - average).abs()]
viz.images([x.data for x in pictures], titles=["a three", "another", "the mean of all", "|first - mean|"], size=1.6)

# %% [markdown]
# **What's happening**
# 1. `threes` has the shape `(389, 8, 8)`; `mean(dim=0)` leaves `(8, 8)`, an image.
# 2. It's blurred: bright where nearly everybody puts ink, grey where people differ.
# 3. The last picture is bright where the first three differs from the average one.

# %% [markdown]
# **Predict, then run**: `x` has the shape `(4, 6)`, one row for each student. Does `x - x.mean(dim=1)` take from each
# row its mean?

# %%
x = Tensor(np.arange(24.0).reshape(4, 6))
try:
    x - x.mean(dim=1)
except ValueError as error:
    print(error)

# %% [markdown]
# <details><summary>Answer</summary>
#
# No: `(4, 6)` and `(4,)` don't broadcast, since there is a 4 below the 6. With `keepdim=True` the means are a column
# `(4, 1)` and it works. And if `x` were square, `(6, 6)`, there would be *no error*: column 0 would lose the mean of
# row 0, column 1 that of row 1, and so on. So write `keepdim=True` whenever the result goes back to where it came
# from.
# </details>

# %% [markdown]
# ## Part 6: Matrix products
#
# Nearly all the time of a neural network goes into one operation. A matrix product answers many questions at once:
# *how much does each row of `a` agree with each column of `b`?* Agreement is a sum of products.

# %%
viz.matmul(np.arange(6).reshape(2, 3), np.arange(12).reshape(3, 4), row=1, column=2, title="One row meets one column")

# %% [markdown]
# **What's happening**
# 1. Row 1 of `a` and column 2 of `b` both have three numbers: the **inner** size, 3, must be the same on both sides.
# 2. They are multiplied in pairs, and the products added: 3·2 + 4·6 + 5·10 = 80.
# 3. The number goes to row 1, column 2. So `(2, 3) @ (3, 4)` gives the **outer** sizes, `(2, 4)`.
# 4. That's 2 · 4 cells with 3 multiplications each: 24 in all, and 2 m k n arithmetic operations in general, counting
#    the additions too.

# %% [markdown]
# First as it is defined, three loops. It will be slow; you will need it to see *how* slow.


# %% nbgrader={"grade_id": "matmul_loops", "solution": true}
#| export
def matmul_loops(a, b):
    """Multiply two matrices, arrays of the shapes (m, k) and (k, n), by three loops.

    TODO: Return the product, an array of the shape (m, n). Don't use @, np.dot or np.matmul.

    APPROACH:
    1. Start with zeros of the right shape and of the dtype of a.
    2. For each row i of a and each column j of b,
    3. for each k, add a[i, k] * b[k, j] to the cell [i, j].

    EXAMPLE:
    >>> matmul_loops(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])

    HINT: `np.zeros((rows, columns), dtype=a.dtype)`.
    """
    ### BEGIN SOLUTION
    (rows, inner), columns = a.shape, b.shape[1]
    out = np.zeros((rows, columns), dtype=a.dtype)
    for i in range(rows):
        for j in range(columns):
            for k in range(inner):
                out[i, j] += a[i, k] * b[k, j]
    return out
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: matmul_loops

# %% nbgrader={"grade_id": "test_matmul_loops", "grade": true}
test = unit_test("matmul_loops")


@test.check("one row by one column is one number", points=2)
def _():
    same(matmul_loops(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])), [[11.0]])


@test.check("the example of the figure, in float32", points=3)
def _():
    product = matmul_loops(np.arange(6, dtype="float32").reshape(2, 3), np.arange(12, dtype="float32").reshape(3, 4))
    same(product, [[20.0, 23.0, 26.0, 29.0], [56.0, 68.0, 80.0, 92.0]])
    same(str(product.dtype), "float32")


### BEGIN HIDDEN TESTS
@test.check("random matrices, as numpy multiplies them", points=7, hidden=True)
def _():
    for _ in range(3):
        m, k, n = (int(size) for size in test.rng.integers(1, 7, size=3))
        a, b = remote(test.rng.normal(size=(m, k))), remote(test.rng.normal(size=(k, n)))
        with unchanged(a), unchanged(b):
            close(matmul_loops(a, b), a.read() @ b.read())


@test.check("float32 stays float32", points=3, hidden=True)
def _():
    a = test.rng.normal(size=(3, 2)).astype(np.float32)
    product = matmul_loops(a, a.T)
    same(str(product.dtype), "float32")
    close(product, a @ a.T)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# ### The operation
#
# For daily use numpy does the work (`a @ b`), in a library that uses the processor to the full. The operation
# `matmul` puts a message in front of it that helps, for this is the error that you will see most often in your life
# with neural networks.
#
# Arrays with more dimensions are *batches* of matrices: `(5, 2, 3) @ (5, 3, 4)` is five products at once,
# `(5, 2, 4)`. Attention (module 12) lives on this. numpy does it by itself; the inner sizes are the last of `a` and
# the last but one of `b`.


# %% nbgrader={"grade_id": "matmul", "solution": true}
#| export
@primitive
def matmul(a, b):
    """Multiply matrices, or batches of them: (..., m, k) @ (..., k, n) gives (..., m, n).

    TODO: Compare the inner sizes, raise a helpful error if they differ, and let numpy multiply.

    APPROACH:
    1. The inner size of a is its last one. That of b is its last but one, or its only one if b is a vector.
    2. If they differ: `raise ValueError(...)` that says the rule, both shapes, and what to do.
    3. Return the product, computed by numpy.

    EXAMPLE:
    >>> Tensor([[1.0, 2.0]]) @ Tensor([[3.0], [4.0]])
    Tensor([[11.]])
    >>> zeros(3, 4) @ zeros(3, 4)
    ValueError: matmul needs inner sizes to match, got (3, 4) @ (3, 4): 4 is not 3

    HINT: `b.shape[-2:]` are the last two sizes, or the only one; the first of these is the inner size.

    TINYTORCH ASSUMPTIONS: the CPU, and whichever matrix library numpy was built with.
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        raise ValueError(f"matmul needs a vector or a matrix on each side, got {np.shape(a)} @ {np.shape(b)}: use *")
    ### BEGIN SOLUTION
    inner = b.shape[-2:][0]
    if a.shape[-1] != inner:
        raise ValueError(f"matmul needs inner sizes to match, got {a.shape} @ {b.shape}: {a.shape[-1]} is not {inner}")
    return np.matmul(a, b)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: matmul

# %% nbgrader={"grade_id": "test_matmul", "grade": true}
test = unit_test("matmul")


@test.check("a matrix by a matrix, and by a vector", points=3)
def _():
    product = matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[1.0, 0.0], [1.0, 1.0]]))
    same(product.data, [[3.0, 2.0], [7.0, 4.0]])
    same(matmul(Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Tensor([1.0, 1.0])).data, [3.0, 7.0, 11.0])


@test.check("inner sizes that differ are refused, with both shapes in the message", points=2)
def _():
    raises(ValueError, matmul, Tensor([[1.0, 2.0]]), Tensor([[1.0, 2.0]]), says="(1, 2)")
    same(matmul(Tensor([[1.0, 2.0]]), Tensor([[1.0], [2.0]])).data, [[5.0]])


### BEGIN HIDDEN TESTS
@test.check("vectors on either side", points=3, hidden=True)
def _():
    a, v = test.rng.normal(size=(3, 4)).astype(np.float32), test.rng.normal(size=4).astype(np.float32)
    close((Tensor(a) @ Tensor(v)).data, a @ v)
    close((Tensor(v) @ Tensor(a.T)).data, v @ a.T)
    close((Tensor(v) @ Tensor(v)).data, v @ v)


@test.check("batches of matrices", points=4, hidden=True)
def _():
    a = test.rng.normal(size=(5, 2, 3)).astype(np.float32)
    b = test.rng.normal(size=(5, 3, 4)).astype(np.float32)
    left, right = remote(a), remote(b)
    with unchanged(left), unchanged(right):
        close((Tensor(left) @ Tensor(right)).data, a @ b)
    close((Tensor(a) @ Tensor(b[0])).data, a @ b[0])


@test.check("the message names both shapes", points=3, hidden=True)
def _():
    a, b = Tensor(np.zeros((5, 3, 4))), Tensor(np.zeros((3, 6)))
    raises(ValueError, matmul, a, b, says="(5, 3, 4)")
    raises(ValueError, matmul, a, b, says="(3, 6)")
    same(matmul(a, Tensor(np.ones((4, 6)))).data, np.zeros((5, 3, 6)))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Now there are two ways to the same product. Give the slow one a name, point `matmul` at it, and go back.

# %%
register_implementation("matmul", "loops", matmul_loops)
before = use_implementation("matmul", "loops")
try:
    print("by loops:", (Tensor([[1.0, 2.0]]) @ Tensor([[3.0], [4.0]])).data)
finally:
    use_implementation("matmul", before)

# %% [markdown]
# **Predict, then run**: which of these products exist, and what are their shapes? `(32, 64) @ (64, 10)`,
# `(32, 64) @ (10, 64)`, `(64,) @ (64, 10)`, `(7, 32, 64) @ (64, 10)`.

# %%
for left, right in [((32, 64), (64, 10)), ((32, 64), (10, 64)), ((64,), (64, 10)), ((7, 32, 64), (64, 10))]:
    try:
        print(left, "@", right, "->", (zeros(left) @ zeros(right)).shape)
    except ValueError as error:
        print(left, "@", right, "->", error)

# %% [markdown]
# <details><summary>Answer</summary>
#
# `(32, 10)`; an error, 64 against 10; `(10,)`: the vector counts as one row, and that row's dimension is dropped;
# `(7, 32, 10)`: the one matrix serves all seven, matrices broadcast in the dimensions before the last two.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: PyTorch sends a matrix product to a library written for the processor at hand: MKL or
# > OpenBLAS on a CPU, cuBLAS on a GPU. Modern GPUs have *tensor cores*, circuits that multiply small matrices in one
# > step, in 16 or even 8 bits. Hardly any other operation has circuits of its own, so model builders shape their
# > networks to consist of this one.

# %% [markdown]
# ## Systems Analysis
#
# Two implementations, the same multiplications, on your machine. How far apart are they? `best_of` calls a function
# again and again for a fifth of a second and reports the median: a single run may have been disturbed by somebody else.

# %%
a = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
operations = 2 * 64**3
loops = best_of(matmul_loops, a, a).median / 1e3  # seconds
blas = best_of(matmul, Tensor(a), Tensor(a)).median / 1e3
print(f"(64, 64) @ (64, 64) is {operations:,} arithmetic operations")
print(f"three loops: {loops * 1e3:9.4f} ms  {operations / loops / 1e9:8.4f} GFLOP/s")
print(f"your matmul: {blas * 1e3:9.4f} ms  {operations / blas / 1e9:8.4f} GFLOP/s")
print(f"ratio: {loops / blas:,.0f}")

# %% [markdown]
# Both do the same multiplications, but the loops spend nearly all their time elsewhere: for each product Python looks
# up two elements, makes an object for each, finds out its kind, and only then multiplies. The library has one such
# start for the whole matrix; then it keeps small blocks of both matrices in the processor's fastest memory, close by,
# and multiplies eight or sixteen pairs with a single instruction.
#
# A product of `(m, k)` and `(k, n)` takes $m \cdot k \cdot n$ multiplications, so for square matrices $O(n^3)$: twice the
# size, eight times the work, for the loops and for the library alike.
#
# Memory is the other side. A tensor takes `numel · bytes per number`: the 3,823 digits, `3823 · 64 · 4` bytes in
# float32, are 0.98 MB, and twice that in float64. A transposed or reshaped tensor takes nothing, as long as it needs
# no copy. And if it does? Copy 16 million numbers in the order in which they lie, and in the order of the transpose.

# %%
big = np.ones((4000, 4000), dtype=np.float32)
straight, turned = best_of(big.copy), best_of(np.ascontiguousarray, big.T)
print(f"64 MB copied: {straight.median:.0f} ms as they lie, {turned.median:.0f} ms transposed")
print(f"ratio: {turned.median / straight.median:.1f}")

# %% [markdown]
# The same bytes, the same operation. Memory is fetched in lines of 64 bytes, 16 neighbouring numbers. Reading
# straight on uses all 16; jumping from row to row uses one of them, and the line is gone by the time the next is
# wanted. A view costs nothing to make, but reading it may.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# Your operations, together, read handwriting. The mean image of each digit is its *template*, a row of `(10, 64)`. A
# new image belongs to the nearest template: the one with the smallest squared distance. Spelt out,
# $\|x - t\|^2 = \|x\|^2 - 2\,x \cdot t + \|t\|^2$; the first term is the same for all templates, so the nearest one
# has the largest $x \cdot t - \tfrac{1}{2}\|t\|^2$. And that, for all images and all templates at once, is a matrix
# product and a row that is broadcast.

# %%
test_images, test_labels = Digits(train=False).arrays()
templates = stack([Tensor(images[labels == digit]).mean(dim=0) for digit in range(10)]).reshape(10, 64)
scores = Tensor(test_images).reshape(-1, 64) @ templates.T - 0.5 * (templates * templates).sum(dim=1)
accuracy = (scores.argmax(dim=1) == test_labels).data.mean()
print(f"scores: {scores.shape}   right: {accuracy:.1%} of {len(test_labels)} digits of people never seen before")

same(scores.shape, (1797, 10))
true(accuracy > 0.85, "templates made of mean images recognise more than 85 % of the digits")
viz.images(
    list(templates.reshape(10, 8, 8).data),
    titles=[str(digit) for digit in range(10)],
    columns=10,
    title="Ten templates",
)

# %% [markdown]
# **What's happening**
# 1. Nobody told the program what a seven looks like. Averages did.
# 2. It's a linear model, `x @ w + b`, with weights that were averaged instead of learnt. Module 03 makes this a
#    layer.
# 3. What it gets wrong are digits that lie between two averages. Bending the boundaries is what module 02 is for.

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: where does the time go?
#
# Cite the ratio that you measured above between three loops and `matmul`. Both do the same number of multiplications.
# Name **two** different reasons for the ratio, and say for each what the library does instead.
#
# Rubric (5 points): 0, no number of one's own, or no reason that fits; half, the number and one reason; full, the
# number and two different reasons (for example: work of Python on each element; several pairs with one instruction;
# blocks kept in fast memory; several cores).

# %% [markdown] nbgrader={"grade_id": "checkpoint_speed", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured a ratio of about 9,000 (yours will differ; a few thousand to a few tens of thousands is usual). First, in the
# loops Python handles each element by itself: it looks it up, makes an object, checks its type, and that costs far
# more than the multiplication. The library pays such costs once for the whole matrix. Second, the library multiplies
# 8 or 16 pairs of float32 with one instruction, and keeps blocks of the matrices in the cache, so that the numbers
# are there when they are needed.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: read some PyTorch
#
# For each line marked with a letter, say which of *your own* functions does its work, and what shape comes out.
#
# ```python
# import torch
#
# x = torch.randn(32, 1, 8, 8)
# flat = x.reshape(32, -1)                 # a
# w = torch.randn(10, 64)
# b = torch.zeros(10)
# scores = flat @ w.T                      # b
# scores = scores + b                      # c
# centre = scores.mean(dim=1)              # d
# try:
#     scores - centre                      # e
# except RuntimeError as error:
#     print("why?", error)
# ```
#
# Rubric (5 points): 0, fewer than two lines right; half, at least three of the five with function and shape; full,
# all of a to d, and for e the reason and a line that works.

# %% [markdown] nbgrader={"grade_id": "checkpoint_pytorch", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# a: infer_shape works out the -1, (32, 64). b: matmul, (32, 64) @ (64, 10) gives (32, 10). c: add, with
# broadcast_shape: (32, 10) and (10,) give (32, 10). d: mean, (32,). e: broadcast_shape refuses (32, 10) and (32,),
# since from the right 10 is above 32; `scores.mean(dim=1, keepdim=True)` has the shape (32, 1) and works.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A tensor is a row of numbers in memory and a shape that says how to read it. `reshape` and `permute` change the
#   reading; a copy is made only if the new order can't be read from the old.
# - Every operation goes the same way: unwrap, compute, wrap, hand over. `primitive` walks it, you write the
#   computation.
# - Broadcasting stretches sizes of 1, from the right, without copying. `keepdim=True` keeps a result in its place.
# - The matrix product is where the time goes, and the reason that it is fast is not in Python.
#
# Complete the module with `tito module complete tensor`. Next, in **02 activations**: why a network made of matrix
# products alone, however deep, is only one matrix product, and what to put in between.
