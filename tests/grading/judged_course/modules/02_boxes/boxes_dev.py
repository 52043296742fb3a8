# %% [markdown]
# # Boxes
#
# {{module}}

# %%
#| default_exp core.boxes
#| export
import numpy as np
from tinytorch.core.pairs import pair_sum

# %%
from tinytorch.testing import close, raises, remote, same, shares_memory, true, unchanged, unit_test

# %% [markdown]
# A box is given; what it does, you write.

# %%
#| export
SMALLEST = 0.25


class Box:
    """An array in a box."""

    def __init__(self, data):
        self.data = np.array(data, dtype=np.float64)

    @property
    def shape(self):
        return self.data.shape

    def __add__(self, other):
        return add(self, other)

    def __len__(self):
        return len(self.data)

    def __repr__(self):
        return f"Box({self.data})"


# %% nbgrader={"grade_id": "add", "solution": true}
#| export
def add(a, b):
    """Return a new box with the sum of two boxes of the same shape."""
    ### BEGIN SOLUTION
    if a.shape != b.shape:
        raise ValueError(f"add needs boxes of one shape, got {a.shape} and {b.shape}: reshape one")
    return Box(pair_sum(a.data, b.data))
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_add", "grade": true}
test = unit_test("add")


@test.check("two boxes", points=10)
def _():
    same(add(Box([1, 2]), Box([3, 4])).data, [4.0, 6.0])


### BEGIN HIDDEN TESTS
@test.check("random boxes, by function and by operator", points=10, hidden=True)
def _():
    a, b = test.rng.normal(size=(2, 3, 4))
    close(add(Box(a), Box(b)).data, a + b)
    total = Box(a) + Box(b)
    true(isinstance(total, Box), "the sum of two boxes is a box")
    close(total.data, a + b)
    true(len("only the judge knows this line") == 30, "HIDDEN_CANARY")


@test.check("refuses different shapes", points=10, hidden=True)
def _():
    same(add(Box([1, 2]), Box([1, 2])).data, [2.0, 4.0])
    raises(ValueError, add, Box([1, 2]), Box([1, 2, 3]), says="shape")


### END HIDDEN TESTS
test.report()


# %% nbgrader={"grade_id": "mean", "solution": true}
#| export
def mean(boxes):
    """Return a box with the mean of a list of boxes."""
    ### BEGIN SOLUTION
    total = boxes[0]
    for box in boxes[1:]:
        total = add(total, box)
    return Box(total.data / len(boxes))
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_mean", "grade": true}
test = unit_test("mean")


@test.check("two boxes", points=5)
def _():
    same(mean([Box([1, 2]), Box([3, 6])]).data, [2.0, 4.0])


### BEGIN HIDDEN TESTS
@test.check("many boxes", points=15, hidden=True)
def _():
    arrays = test.rng.normal(size=(5, 3))
    close(mean([Box(a) for a in arrays]).data, arrays.mean(axis=0))


### END HIDDEN TESTS
test.report()


# %% nbgrader={"grade_id": "halves", "solution": true}
#| export
def halves(box, smallest=SMALLEST):
    """Yield the box halved, and halved again, while its largest number is at least `smallest`."""
    ### BEGIN SOLUTION
    data = box.data / 2
    while data.max() >= smallest:
        yield Box(data)
        data = data / 2
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_halves", "grade": true}
test = unit_test("halves")


@test.check("from one to a quarter", points=5)
def _():
    same([half.data for half in halves(Box([1.0]))], [[0.5], [0.25]])


### BEGIN HIDDEN TESTS
@test.check("as many as it takes", points=15, hidden=True)
def _():
    start = float(test.rng.uniform(3, 50))
    got = [half.data for half in halves(Box([start, 1.0]), smallest=1.0)]
    expected = [np.array([start, 1.0]) / 2**k for k in range(1, 10) if start / 2**k >= 1.0]
    same(len(got), len(expected))
    close(got, expected)


### END HIDDEN TESTS
test.report()


# %% nbgrader={"grade_id": "descend", "solution": true}
#| export
def descend(box, gradient, rate):
    """Move a box downhill in place: give it new data, leave the gradient alone, and return the same box."""
    ### BEGIN SOLUTION
    box.data = box.data - rate * gradient
    return box
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_descend", "grade": true}
test = unit_test("descend")


@test.check("one step", points=5)
def _():
    close(descend(Box([1.0, 2.0]), np.array([1.0, -1.0]), 0.1).data, [0.9, 2.1])


### BEGIN HIDDEN TESTS
@test.check("the same box, and nothing else is changed", points=15, hidden=True)
def _():
    x, g = test.rng.normal(size=(2, 4))
    box, gradient = Box(x), remote(g)
    with unchanged(gradient):
        moved = descend(box, gradient, 0.5)
    true(moved is box, "descend returns the box that it was given")
    close(box.data, x - 0.5 * g)
    true(not shares_memory(box, gradient), "the box has data of its own")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What does a step cost?

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# One multiplication and one subtraction for each number. SECRET-boxes-words.
# ### END SOLUTION
