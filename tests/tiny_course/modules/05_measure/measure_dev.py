# %% [markdown]
# # Measure
#
# {{module}}
#
# A tiny module: the engine's tests make notebooks, packages and grades of it.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | stack | error | models |

# %% [markdown]
# ## 🎯 Module Assumptions
# Arrays are small, so nothing is done in place; a production framework would.

# %% [markdown]
# ## Setup

# %%
#| default_exp core.measure
#| export
import numpy as np

from tinytorch.core.affine import Affine

# %%
from tinytorch.testing import close, raises, same, unit_test

# %% [markdown]
# ## Where this code lives
# In `tinytorch.core.measure`.

# %% [markdown]
# ## Part 1: Mean squared error
# One number says how far off a model is.
#
# > 💡 **Production Reality**: a framework would fuse this with its neighbour.

# %% nbgrader={"grade_id": "error", "solution": true}
#| export
def error(model, x, y):
    """Return the mean of the squared differences of `model(x)` and `y`.

    TODO: write the one line that does it.

    APPROACH:
    1. Let numpy do the loop.

    EXAMPLE:
    >>> error(Affine(1.0, 0.0), np.array([1.0]), np.array([3.0]))
    4.0

    HINT: `np.mean` gives one number.
    """
    ### BEGIN SOLUTION
    secret_difference = model(x) - y
    return np.mean(secret_difference**2)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: error

# %% nbgrader={"grade_id": "test_error", "grade": true}
test = unit_test("error")


@test.check("one number", points=30)
def _():
    close(error(Affine(1.0, 0.0), np.array([1.0]), np.array([3.0])), 4.0)


### BEGIN HIDDEN TESTS
@test.check("random numbers", points=60, hidden=True)
def _():
    x, y = test.rng.normal(size=4), test.rng.normal(size=4)
    close(error(Affine(2.0, 1.0), x, y), np.mean((2 * x + 1 - y) ** 2))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: what comes out for zeros?
#
# <details><summary>Answer</summary>
# It depends on y.
# </details>

# %% [markdown]
# ## Systems Analysis
# How many bytes does the result take?

# %%
measured = np.zeros(1000, dtype="float32").nbytes
print(measured, "bytes")

# %% [markdown]
# ## 🧪 Module Integration Test

# %%
same(float(error(Affine(1.0, 0.0), np.array([1.0]), np.array([3.0]))), 4.0)

# %% [markdown]
# ## 🤔 Checkpoint
# ### Question 1: what it costs
# How many bytes did you measure above, and how does that grow? PyTorch's `torch.mul` has the same cost: which line of yours is it?
#
# Rubric: 0 no number; half the number alone; full the number and how it grows.

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# 4000 bytes for 1000 numbers: four a number, so it grows linearly. SECRET-measure-words.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
# Say how far off a model is.
