"""Words for the test cells of a module: named checks with points, comparisons that explain themselves.

A test cell means the same in a notebook, where it touches the student's objects directly, and in the judge, where it
holds handles to objects of another process. Compare plain values (`x.data`), never framework objects; ask in words
(`unchanged`, `shares_memory`, ...) for what plain values cannot show.

    test = unit_test("add")

    @test.check("adds element by element", points=5)
    def _():
        same(add(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).data, [4.0, 6.0])

    test.report()
"""

from tinytorch.testing import fixtures
from tinytorch.testing.compare import close, raises, same, true
from tinytorch.testing.exercise import ChecksFailed, unit_test
from tinytorch.testing.gradients import check_gradient
from tinytorch.testing.words import clone, is_contiguous, remote, saved_and_loaded, shares_memory, unchanged

__all__ = [
    "ChecksFailed",
    "check_gradient",
    "clone",
    "close",
    "fixtures",
    "is_contiguous",
    "raises",
    "remote",
    "same",
    "saved_and_loaded",
    "shares_memory",
    "true",
    "unchanged",
    "unit_test",
]
