# %% [markdown]
# # Shift
#
# {{module}}
#
# A tiny module: the engine's tests make notebooks, packages and grades of it.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | scale | shift | Affine |

# %% [markdown]
# ## 🎯 Module Assumptions
# Arrays are small, so nothing is done in place; a production framework would.

# %% [markdown]
# ## Setup

# %%
#| default_exp core.shift
#| export
import numpy as np

from tinytorch.core.scale import scale

# %%
from tinytorch.testing import close, raises, same, unit_test

# %% [markdown]
# ## Where this code lives
# In `tinytorch.core.shift`.

# %% [markdown]
# ## Part 1: Plus a number
# Shifting moves what scaling stretched.
#
# > 💡 **Production Reality**: a framework would fuse this with its neighbour.

# %% nbgrader={"grade_id": "shift", "solution": true}
#| export
def shift(x, offset):
    """Return every number of `x` plus `offset`.

    TODO: write the one line that does it.

    APPROACH:
    1. Let numpy do the loop.

    EXAMPLE:
    >>> shift(np.array([1.0, 2.0]), 3)
    array([4., 5.])

    HINT: `+` works on whole arrays.
    """
    ### BEGIN SOLUTION
    secret_sum = x + offset
    return secret_sum
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: shift

# %% nbgrader={"grade_id": "test_shift", "grade": true}
test = unit_test("shift")


@test.check("two numbers", points=30)
def _():
    same(shift(np.array([1.0, 2.0]), 3), [4.0, 5.0])


### BEGIN HIDDEN TESTS
@test.check("random numbers, scaled first", points=60, hidden=True)
def _():
    x = test.rng.normal(size=(2, 3))
    close(shift(scale(x, 2), 0.5), 2 * x + 0.5)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: what comes out for zeros?
#
# <details><summary>Answer</summary>
# The offset everywhere.
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
same(shift(scale(np.array([1.0]), 2), 1), [3.0])

# %% [markdown]
# ## 🤔 Checkpoint
# ### Question 1: what it costs
# How many bytes did you measure above, and how does that grow? PyTorch's `torch.mul` has the same cost: which line of yours is it?
#
# Rubric: 0 no number; half the number alone; full the number and how it grows.

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# 4000 bytes for 1000 numbers: four a number, so it grows linearly. SECRET-shift-words.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
# Add a number to arrays.
