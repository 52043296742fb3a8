"""The way back without copies: a gradient that a rule has made for nobody else becomes the leaf's own.

Promises: leaves get, bit for bit, what `backpropagate` of module 05 gives them, in arrays that nobody else holds.
"""

import numpy as np

from tinytorch.core.autograd import find_rule, first_gradient, input_gradients, parents
from tinytorch.core.tensor import wrap


def gives_new(rule):
    """Mark a rule each of whose gradients is an array of its own: no input, nothing kept, never one for two inputs."""
    rule.gives_new = True
    return rule


def backpropagate(tensor, gradient=None):
    """Compute the gradient of `tensor` for every leaf that it was computed from, and add it to the leaf's .grad."""
    grads = {id(tensor): (first_gradient(tensor, gradient), False)}  # the gradient, and whether nobody else holds it
    for current in latest_first(tensor):
        grad, is_new = grads.pop(id(current))
        call = current.grad_fn
        if call is None:
            total = added_to(current.grad, grad, is_new)
            current.grad = wrap(total, (total,))  # without the questions that Tensor() asks of what isn't computed
            continue
        is_new = getattr(find_rule(call), "gives_new", False)
        for parent, more in input_gradients(call, grad):
            known = grads.get(id(parent))
            grads[id(parent)] = (more, is_new) if known is None else (summed(*known, more, is_new), True)


def summed(first, first_is_new, second, second_is_new):
    """Add two gradients, into one that nobody else holds, if there is one."""
    place = first if first_is_new else second if second_is_new else None
    return np.asarray(np.add(first, second, out=place))  # numpy makes a plain number of two arrays without axes


def added_to(before, grad, is_new):
    """Return the array of a leaf's gradient; it may be `grad` itself if that is new and lies as a copy would."""
    if before is not None:
        return before.data + grad
    return grad if is_new and grad.flags.c_contiguous else grad.copy()


def latest_first(tensor):
    """List all tensors that `tensor` was computed from, as `topological_order` does: each after all that used it."""
    order, seen, stack = [], set(), [tensor]
    while stack:
        current = stack.pop()
        if current is None:  # what lies below it is done with
            order.append(stack.pop())
        elif id(current) not in seen:
            seen.add(id(current))
            stack += (current, None, *parents(current))
    return order[::-1]


WHOLE = {"backpropagate": backpropagate}
