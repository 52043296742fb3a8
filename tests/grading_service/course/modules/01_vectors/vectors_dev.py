# %% [markdown]
# # Vectors
#
# {{module}}

# %%
#| default_exp core.vectors
#| export
import numpy as np

# %%
from tinytorch.testing import same, unit_test


# %% nbgrader={"grade_id": "scale", "solution": true}
#| export
def scale(values, factor):
    """Return the values times a factor."""
    ### BEGIN SOLUTION
    return np.asarray(values) * factor
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_scale", "grade": true}
test = unit_test("scale")


@test.check("doubles three numbers", points=20)
def _():
    same(scale([1.0, 2.0, 3.0], 2.0), [2.0, 4.0, 6.0])


### BEGIN HIDDEN TESTS
@test.check("random values HIDDEN-CANARY-17", points=40, hidden=True)
def _():
    values = test.rng.normal(size=5)
    same(scale(values, 3.0), values * 3.0)


### END HIDDEN TESTS
test.report()


# %% nbgrader={"grade_id": "total", "solution": true}
#| export
def total(values):
    """Return the sum of the values."""
    ### BEGIN SOLUTION
    return float(np.sum(values))
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_total", "grade": true}
test = unit_test("total")


@test.check("adds three numbers", points=30)
def _():
    same(total([1.0, 2.0, 3.5]), 6.5)


test.report()

# %% [markdown]
# **Question.** What are the units of a scaled vector?
#
# Rubric: 0 nothing, 5 names the factor's units, 10 says that units multiply.

# %% [markdown] nbgrader={"grade_id": "checkpoint_units", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# The units of the factor times those of the values.
# ### END SOLUTION
