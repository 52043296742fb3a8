"""Gradients by hand: PyTorch's `torch.autograd`.

>>> class Cube(Function):
...     @staticmethod
...     def forward(ctx, x):
...         ctx.save_for_backward(x)
...         return x**3
...     @staticmethod
...     def backward(ctx, grad):
...         (x,) = ctx.saved_tensors
...         return grad * 3 * x**2
>>> Cube.apply(x)

Promises: the student's recorder and walk do the work; without module 05 values are right and nothing is recorded.
"""

import contextlib

import numpy as np

from tinytorch.bound import beside, core, is_tensor
from tinytorch.missing import explain
from tinytorch.recording import Switch


class Context:
    """What a Function keeps from forward for backward."""

    def __init__(self, inputs):
        self.needs_input_grad = tuple(is_tensor(x) and x.requires_grad for x in inputs)
        self.saved_tensors = ()

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *tensors):
        """Accept PyTorch's hint: what has no gradient gets none here either."""


class Function:
    """An operation with a gradient of its own: write forward(ctx, ...) and backward(ctx, grad) as static methods."""

    @staticmethod
    def forward(ctx, *inputs):
        raise NotImplementedError("a Function computes in forward(ctx, ...), a static method: define it")

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError("a Function gives one gradient per input in backward(ctx, grad): define it")

    @classmethod
    def apply(cls, *inputs):
        """Compute, and let the recorder keep how: inputs are given to forward without their history."""
        ctx = Context(inputs)
        out = cls.forward(ctx, *(x.detach() if is_tensor(x) else x for x in inputs))
        if not is_tensor(out):
            raise TypeError(f"{cls.__name__}.forward must return one Tensor, got {type(out).__name__}")
        if any(ctx.needs_input_grad):
            ctx.kind = beside(out)["Tensor"]
            record(cls.__name__, inputs, out, rule_of(cls, ctx))
        return out


def record(operation, inputs, out, rule):
    """Hand a call with a rule of its own to the recorder, if there is one."""
    names = beside(out)
    recorder = names["RECORDER"].record
    if recorder is not None:
        arrays = [names["unwrap"](x) for x in inputs]
        recorder(names["Call"](operation, "default", inputs, arrays, {}, out.data, rule=rule), out)


def rule_of(function, ctx):
    """Turn a Function's backward into a rule on arrays."""

    def rule(grad, out, *arrays):
        found = function.backward(ctx, ctx.kind(grad))
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(arrays):
            raise ValueError(
                f"{function.__name__}.backward must give one gradient per input, {len(arrays)}, got {len(found)}"
            )
        return tuple(x.data if is_tensor(x) else x for x in found)

    rule.reads, rule.asks = "", False  # what was saved is guarded by nobody but its owner
    return rule


class passing:
    """A rule that hands a gradient on, and shows it to somebody on the way."""

    reads, asks = "", False

    def __init__(self, show):
        self.show = show

    def __call__(self, grad, out, *arrays):
        self.show(grad)
        return grad


def watch(x, show):
    """Let `show(gradient)` see each gradient that reaches the result x on its way back."""
    names = beside(x)
    before = x.detach()
    before.requires_grad, before.grad_fn = True, x.grad_fn
    x.grad_fn = names["Call"]("watched", "default", (before,), [x.data], {}, x.data, rule=passing(show))


def retain_grad(x):
    """Let the result x keep a .grad, as leaves do."""
    if not x.requires_grad:
        raise RuntimeError("only a tensor that wants a gradient can keep one: set requires_grad=True at its start")
    if x.grad_fn is not None and x.grad_fn.operation != "watched":
        watch(x, lambda grad: _add_to_grad(x, grad))


def _add_to_grad(x, grad):
    x.grad = type(x)(grad.copy() if x.grad is None else x.grad.data + grad)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=False):
    """Return the gradients of `outputs` for each of `inputs`, and leave every .grad as it is."""
    if create_graph:
        raise NotImplementedError("gradients of gradients are not recorded here: leave create_graph=True out")
    inputs = (inputs,) if is_tensor(inputs) else tuple(inputs)
    if not all(x.requires_grad for x in inputs):
        raise RuntimeError("grad() needs inputs with requires_grad=True, got one without")
    found = {}
    with _grads_put_aside(outputs), contextlib.ExitStack() as stack:
        for i, x in enumerate(inputs):
            if x.grad_fn is not None:
                stack.callback(setattr, x, "grad_fn", x.grad_fn)
                watch(x, lambda grad, i=i: found.update({i: grad + found.get(i, 0)}))
        outputs.backward(grad_outputs)
        found |= {i: x.grad.data for i, x in enumerate(inputs) if x.grad_fn is None and x.grad is not None}
    if len(found) < len(inputs) and not allow_unused:
        raise RuntimeError("one of the inputs was not used to compute the outputs: set allow_unused=True to get None")
    return tuple(beside(outputs)["Tensor"](np.array(found[i])) if i in found else None for i in range(len(inputs)))


@contextlib.contextmanager
def _grads_put_aside(outputs):
    """Empty the .grad of all that `outputs` was computed from, and bring it back."""
    kept = [(x, x.grad) for x in _history(outputs)]
    for x, _ in kept:
        x.grad = None
    try:
        yield
    finally:
        for x, gradient in kept:
            x.grad = gradient


def _history(tensor):
    """List the tensors that a result was computed from."""
    seen, waiting = {}, [tensor]
    while waiting:
        x = waiting.pop()
        if id(x) in seen:
            continue
        seen[id(x)] = x
        for given in x.grad_fn.inputs if x.grad_fn is not None else ():
            waiting += [t for t in (given if isinstance(given, (list, tuple)) else [given]) if is_tensor(t)]
    return list(seen.values())


class set_grad_enabled(contextlib.ContextDecorator):
    """Record from here on, or don't; as a context, only inside it."""

    def __init__(self, mode):
        self.state = core("autograd").GRAD
        self.before, self.state.enabled = self.state.enabled, bool(mode)
        self.mode = bool(mode)

    def __enter__(self):
        self.state.enabled = self.mode

    def __exit__(self, *error):
        self.state.enabled = self.before


class enable_grad(Switch):
    """Record inside `with enable_grad():`, also inside no_grad()."""

    recording = True

    @property
    def state(self):
        return core("autograd").GRAD


def __getattr__(name):
    if name in ("no_grad", "inference_mode", "is_grad_enabled"):
        import tinytorch

        return getattr(tinytorch, name)
    raise AttributeError(explain("tinytorch.autograd", name, ["Function", "grad", "no_grad", "enable_grad"]))
