# %% [markdown]
# # Rows
#
# {{module}}

# %%
#| default_exp core.rows
#| export
import numpy as np

# %%
from tinytorch.testing import close, raises, same, unit_test


# %% nbgrader={"grade_id": "double", "solution": true}
#| export
def double(x):
    """Return twice `x`."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_double", "grade": true}
test = unit_test("double")


@test.check("a number", points=20)
def _():
    same(double(2), 4)


### BEGIN HIDDEN TESTS
@test.check("another number", points=10, hidden=True)
def _():
    same(double(21), 42)


### END HIDDEN TESTS
test.report()


# %% nbgrader={"grade_id": "value", "solution": true}
#| export
def value(kind):
    """Return a small value of a kind."""
    ### BEGIN SOLUTION
    if kind in ("size", "number"):
        return 4
    if kind == "text":
        return "abcd"
    if kind == "error":
        raise ValueError("four is wanted")
    if kind == "keys":
        return {"a": 1, "b": 2}
    return [[1, 2], [3, 4]]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_value", "grade": true}
test = unit_test("value")


def _walk(kind):
    """Visit every member of every row, as tests of batches do."""
    return sum(1 for row in value(kind) for _ in row)


@test.check("rows", points=4)
def _():
    same(_walk("rows"), 4)


@test.check("batches", points=4)
def _():
    same(sum(len(list(batch)) for batch in value("batches")), 4)


@test.check("lists of rows", points=4)
def _():
    same(value("lists"), [[1, 2], [3, 4]])


@test.check("rows of different lengths", points=4)
def _():
    close(list(value("ragged")), [[1, 2], [3, 4]])


@test.check("sorted rows", points=4)
def _():
    same(sorted(value("sorted")), [[1, 2], [3, 4]])


@test.check("by its length", points=4)
def _():
    rows = value("length")
    same([rows[i] for i in range(len(rows))], [[1, 2], [3, 4]])


@test.check("as one array", points=4)
def _():
    same(np.concatenate(value("joined")), [1, 2, 3, 4])


@test.check("an iterator's end", points=4)
def _():
    same(list(iter(value("iterator"))), [[1, 2], [3, 4]])


@test.check("text", points=4)
def _():
    same(value("text"), "abcd")


@test.check("an error's text", points=4)
def _():
    raises(ValueError, value, "error", says="four")


@test.check("keys", points=4)
def _():
    same(value("keys"), {"a": 1, "b": 2})


@test.check("as many numbers", points=4)
def _():
    same(np.zeros(value("number")), [0, 0, 0, 0])


@test.check("nested", points=4)
def _():
    close(value("nested"), [[1, 2], [3, 4]])


@test.check("a list of an array", points=4)
def _():
    same(len(list(value("listed"))), 2)


@test.check("a rank", points=2)
def _():
    same(np.linalg.matrix_rank(np.eye(value("size"))), 4)


### BEGIN HIDDEN TESTS
@test.check("still four", points=2, hidden=True)
def _():
    same(value("number"), 4)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What does a row of nothing cost?

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# Nothing, until somebody walks through it.
# ### END SOLUTION
