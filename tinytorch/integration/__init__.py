"""Tests of several modules together, to be read: what must hold when a student's tensors, layers and optimizers meet.

`tito test integration` runs them on the student's own package. A test names the modules that it needs, and runs when
they are complete; it uses only PyTorch's words. Each docstring states the law.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class IntegrationTest:
    """A law about several modules."""

    name: str
    title: str
    needs: tuple[str, ...]
    run: Callable[[], None]


TESTS: dict[str, IntegrationTest] = {}


def integration_test(*needs: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Add a function to the tests; its docstring is the title, `needs` the slugs of the modules that it needs."""

    def add(function: Callable[[], None]) -> Callable[[], None]:
        title = (function.__doc__ or "").strip().rstrip(".")
        TESTS[function.__name__] = IntegrationTest(function.__name__, title, needs, function)
        return function

    return add
