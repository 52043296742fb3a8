"""A small course with one sound module, and the holes that a test plants in it."""

from dataclasses import replace
from pathlib import Path

from tito.curriculum import Module
from tito.staff.auditing.digests import own_digests
from tito.staff.auditing.record import read_record, write_record

TIERS = "tiers:\n  - {name: arrays, title: Arrays}\n"

DATA = """title: Halves
tier: arrays
hours: 0.5
prerequisites: []
summary: Halve arrays and find their largest number.
exports: [halve, spread]
exercises:
  - {name: halve, points: 40, uses: []}
  - {name: spread, points: 50, uses: [halve]}
written:
  - {name: checkpoint_cost, points: 10}
"""

SOURCE = '''# %% [markdown]
# # Halves
#
# {{module}}

# %%
#| default_exp core.halves
#| export
import numpy as np

# %%
from tinytorch.testing import close, raises, remote, same, true, unchanged, unit_test

# %% nbgrader={"grade_id": "halve", "solution": true}
#| export
def halve(x):
    """Return half of every number of x, which must not be empty."""
    ### BEGIN SOLUTION
    if x.size == 0:
        raise ValueError("nothing to halve, got an empty array: pass numbers")
    return x / 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "test_halve", "grade": true}
test = unit_test("halve")


@test.check("two numbers", points=12)
def _():
    same(halve(np.array([2.0, 4.0])), [1.0, 2.0])


### BEGIN HIDDEN TESTS
@test.check("random numbers, which stay what they are", points=20, hidden=True)
def _():
    x = remote(test.rng.normal(size=(3, 4)))
    with unchanged(x):
        close(halve(x), x.read() / 2)


@test.check("an empty array is refused, others are not", points=8, hidden=True)
def _():
    raises(ValueError, halve, np.zeros(0), says="empty")
    same(halve(np.array([6.0])), [3.0])


### END HIDDEN TESTS
test.report()

# %% nbgrader={"grade_id": "spread", "solution": true}
#| export
def spread(x):
    """Return half the distance from the smallest to the largest number of each row."""
    ### BEGIN SOLUTION
    return halve(np.max(x, axis=1) - np.min(x, axis=1))
    ### END SOLUTION

# %% nbgrader={"grade_id": "test_spread", "grade": true}
test = unit_test("spread")


@test.check("one row", points=15)
def _():
    same(spread(np.array([[1.0, 5.0, 2.0]])), [2.0])


### BEGIN HIDDEN TESTS
@test.check("random rows, which stay what they are", points=35, hidden=True)
def _():
    x = remote(test.rng.normal(size=(4, 6)))
    with unchanged(x):
        close(spread(x), np.ptp(x.read(), axis=1) / 2)


### END HIDDEN TESTS
test.report()

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# Half.
# ### END SOLUTION
'''


def with_holes(*holes: tuple[str, str]) -> str:
    """Return the module's source with each first text replaced by the second."""
    source = SOURCE
    for right, wrong in holes:
        if source.count(right) != 1:
            raise ValueError(f"a hole replaces a text that is there once, got {source.count(right)} of {right!r}")
        source = source.replace(right, wrong)
    return source


def replant(course: Path, *holes: tuple[str, str]) -> None:
    """Plant holes in a module that was written without them."""
    (course / "modules" / "01_halves" / "halves_dev.py").write_text(with_holes(*holes), encoding="utf-8")


def forge(module: Module) -> None:
    """Make the record claim that it was made from the module as it is now."""
    record = read_record(module)
    assert record is not None
    write_record(module, replace(record, own=own_digests(module)))


def plant(root: Path, *holes: tuple[str, str]) -> Path:
    """Write the course under `root`, with each first text replaced by the second; return its folder."""
    source = with_holes(*holes)
    folder = root / "course" / "modules" / "01_halves"
    folder.mkdir(parents=True)
    (folder / "halves_dev.py").write_text(source, encoding="utf-8")
    (folder / "module.yaml").write_text(DATA, encoding="utf-8")
    (folder / "ABOUT.md").write_text("A module for the audit's tests.\n", encoding="utf-8")
    semesters = root / "course" / "semesters"
    semesters.mkdir()
    (semesters / "tiers.yaml").write_text(TIERS, encoding="utf-8")
    return root / "course"
