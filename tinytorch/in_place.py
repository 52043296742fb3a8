"""Change tensors in place, or say why not.

Promises: a change in place is one (views see it); where it is recorded, its gradient is that of `x = x + ...`; a change
whose gradient would be wrong is an error.
"""

import numpy as np

from tinytorch.versions import count_change

VIEWS = ("getitem", "reshape", "permute", "broadcast_to")


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
        raise RuntimeError(
            f"a change in place must keep the shape {x.shape}, got {new.shape}: write x = x + ... instead"
        )
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
        raise RuntimeError(
            "a recorded view can't be changed in place: instead of y[0] += 1 write z = y.clone(); z[0] = y[0] + 1"
        )
    if x.was_read:
        raise RuntimeError(
            "this tensor went into a recorded operation, and a recorded change in place would alter its history: "
            "write x = x + ... instead of x += ..."
        )
