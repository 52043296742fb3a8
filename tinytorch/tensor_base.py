"""What a Tensor can do that no module teaches: changes in place, and PyTorch's other spellings.

Everything here is made of the student's own operations, looked up when it is called: if their `add` is wrong, so is
`+=`. Promises: a change in place is one (views see it), or an error that says why not; a word of PyTorch that is not
here says what to use instead.
"""

import numpy as np

from tinytorch.missing import explain
from tinytorch.versions import count_change

VIEWS = ("getitem", "reshape", "permute", "broadcast_to")


class TensorBase:
    """The base of Tensor. It has no numbers of its own."""

    was_read = False  # whether a recorded operation took this tensor in

    def __getattr__(self, name):
        raise AttributeError(explain("Tensor", name))

    # In place

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

    def clamp_(self, min=None, max=None):
        return change(self, lambda x: x.clamp(min, max))

    def masked_fill_(self, mask, value):
        return change(self, lambda x: x.masked_fill(mask, value))

    def fill_(self, value):
        return self.copy_(value)

    def zero_(self):
        return self.copy_(0)

    def copy_(self, other):
        return change(self, lambda x, other: x.with_part(other, ...), other)

    # Other spellings

    @property
    def is_leaf(self):
        return self.grad_fn is None

    def requires_grad_(self, requires_grad=True):
        if not self.is_leaf:
            raise RuntimeError("only a leaf chooses whether it wants a gradient, got a result: use detach()")
        if requires_grad and not self.dtype.startswith("float"):
            raise RuntimeError(f"only floats have gradients, got {self.dtype}: make it of floats")
        self.requires_grad = requires_grad
        return self

    def dim(self):
        return self.ndim

    def view(self, *shape):
        return self.reshape(*shape)

    def t(self):
        if self.ndim > 2:
            raise RuntimeError(f"t() takes a matrix, got shape {self.shape}: use transpose(dim0, dim1)")
        return self.T

    def cpu(self):
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


def converted(x, dtype):
    """Return x itself if it has that dtype already."""
    return x if x.dtype == dtype else x.to(dtype)


def change(x, compute, *others):
    """Compute a new value of x, and write it into the memory that x has; return x."""
    before = snapshot(x, others)
    new = compute(before, *(before if other is x else other for other in others))
    check_fits(x, new)
    if new.grad_fn is not None:
        check_may_be_recorded(x)
    x.data[...] = new.data
    count_change(x.data)
    if new.grad_fn is not None:
        x.requires_grad, x.grad_fn = True, new.grad_fn
    return x


def snapshot(x, others):
    """Give what x was before: where gradients are wanted, with its own copy of the numbers and its own past."""
    before = x.detach()
    if x.requires_grad or any(getattr(other, "requires_grad", False) for other in others):
        before.data = x.data.copy()
        before.requires_grad, before.grad_fn = x.requires_grad, x.grad_fn
    return before


def check_fits(x, new):
    """Refuse a value that does not fit into the memory of x."""
    if new.shape != x.shape:
        raise RuntimeError(f"a change in place keeps the shape {x.shape}, got {new.shape}: write x = x + ... instead")
    if not np.can_cast(new.data.dtype, x.data.dtype, "same_kind"):
        raise RuntimeError(f"{new.dtype} does not fit into {x.dtype} in place: write x = x + ... instead")
    if not x.data.flags.writeable:
        raise RuntimeError("several elements of this tensor may lie in one place in memory: take clone() first")


def check_may_be_recorded(x):
    """Refuse a recorded change whose gradient would be wrong."""
    if x.grad_fn is None and x.requires_grad:
        raise RuntimeError(
            "a leaf that requires grad can't be changed in place while operations are recorded: use `with no_grad():`"
        )
    if x.grad_fn is not None and x.grad_fn.operation in VIEWS:
        raise RuntimeError("a recorded view can't be changed in place: take clone() first")
    if x.was_read:
        raise RuntimeError(
            "this tensor went into a recorded operation, and a recorded change in place would alter its history: "
            "write x = x + ... instead of x += ..."
        )
