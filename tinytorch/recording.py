"""What surrounds the student's recorder: which tensors want a gradient, and switches for recording.

`no_grad` and its like are used as `with no_grad():`, as `@no_grad()`, and as `@no_grad` without brackets. Promises: the
same switch may be entered again, even inside itself; a decorated generator runs switched, but the code that asks it
for values does not.
"""

import functools
import inspect
from collections.abc import Iterable
from contextlib import ContextDecorator
from types import SimpleNamespace
from typing import Any

from tinytorch.bound import AnyTensor


def tensors_in(inputs: Iterable) -> list[Any]:
    """List each Tensor among the inputs of a call, those in a list (cat) too."""
    found = []
    for x in inputs:
        if isinstance(x, AnyTensor):
            found.append(x)
        elif isinstance(x, (list, tuple)):
            found += tensors_in(x)
    return found


def wanting(inputs: Iterable) -> list[Any]:
    """List each Tensor among the inputs that wants a gradient, those in a list too."""
    found = []
    for x in inputs:
        if isinstance(x, AnyTensor):
            if x.requires_grad:
                found.append(x)
        elif isinstance(x, (list, tuple)):
            found += wanting(x)
    return found


def mark_read(inputs: Iterable) -> None:
    """Note on each Tensor among the inputs that a recorded operation took it in."""
    for x in inputs:
        if isinstance(x, AnyTensor):
            x.was_read = True
        elif isinstance(x, (list, tuple)):
            mark_read(x)


def wants_gradient(inputs: Iterable) -> bool:
    """Tell whether somebody wants a gradient of one of the inputs, those in a list (cat) too."""
    for x in inputs:
        if isinstance(x, AnyTensor):
            if x.requires_grad:
                return True
        elif isinstance(x, (list, tuple)) and wants_gradient(x):
            return True
    return False


def wanted_pairs(pairs: Iterable[tuple]) -> list[tuple]:
    """List the pairs of an input and its gradient where the input is a Tensor that wants one, those in a list too."""
    found = []
    for x, gradient in pairs:
        if isinstance(x, AnyTensor):
            if x.requires_grad:
                found.append((x, gradient))
        elif isinstance(x, (list, tuple)) and gradient is not None:
            found += wanted_pairs(zip(x, gradient, strict=True))
    return found


class Switch(ContextDecorator):
    """A context, and a decorator, in which `state.enabled` is `recording`."""

    state: SimpleNamespace
    recording: bool

    def __new__(cls, function=None):
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self):
        self.before = []

    def __enter__(self):
        self.before.append(self.state.enabled)
        self.state.enabled = self.recording

    def __exit__(self, *error):
        self.state.enabled = self.before.pop()

    def __call__(self, function):
        if not inspect.isgeneratorfunction(function):
            return super().__call__(function)

        @functools.wraps(function)
        def step_by_step(*inputs, **options):
            steps, sent = function(*inputs, **options), None
            while True:
                with self:
                    try:
                        value = steps.send(sent)
                    except StopIteration as end:
                        return end.value
                sent = yield value

        return step_by_step
