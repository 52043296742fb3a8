# %% [markdown]
# # Scale
#
# {{module}}
#
# A tiny module: the engine's tests make notebooks, packages and grades of it.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | nothing | scale, halve | Affine |

# %% [markdown]
# ## 🎯 Module Assumptions
# Arrays are small, so nothing is done in place; a production framework would.

# %% [markdown]
# ## Setup

# %%
#| default_exp core.scale
#| export
import numpy as np

# %%
from tinytorch.testing import close, raises, same, unit_test

# %% [markdown]
# ## Where this code lives
# In `tinytorch.core.scale`.

# %% [markdown]
# ## Part 1: Times a number
# Scaling is the smallest thing that a layer does.
#
# > 💡 **Production Reality**: a framework would fuse this with its neighbour.

# %% nbgrader={"grade_id": "scale", "solution": true}
#| export
def scale(x, factor):
    """Return every number of `x` times `factor`.

    TODO: write the one line that does it.

    APPROACH:
    1. Let numpy do the loop.

    EXAMPLE:
    >>> scale(np.array([1.0, 2.0]), 3)
    array([3., 6.])

    HINT: `*` works on whole arrays.
    """
    if np.ndim(factor) != 0:
        raise ValueError(f"factor must be one number, got shape {np.shape(factor)}: pass a number")
    ### BEGIN SOLUTION
    secret_product = x * factor
    return secret_product
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: scale

# %% nbgrader={"grade_id": "test_scale", "grade": true}
test = unit_test("scale")


@test.check("two numbers", points=15)
def _():
    same(scale(np.array([1.0, 2.0]), 3), [3.0, 6.0])


### BEGIN HIDDEN TESTS
@test.check("random numbers", points=35, hidden=True)
def _():
    x = test.rng.normal(size=(3, 4))
    close(scale(x, -2.5), x * -2.5)
    raises(ValueError, lambda: scale(x, x), says="one number")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: what comes out for zeros?
#
# <details><summary>Answer</summary>
# Zeros.
# </details>

# %% [markdown]
# ## Part 2: Half of it
# A function may use another one.

# %% nbgrader={"grade_id": "halve", "solution": true}
#| export
def halve(x):
    """Return half of every number of `x`.

    TODO: write the one line that does it.

    APPROACH:
    1. Let numpy do the loop.

    EXAMPLE:
    >>> halve(np.array([4.0]))
    array([2.])

    HINT: `scale` is there already.
    """
    ### BEGIN SOLUTION
    return scale(x, 0.5)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: halve

# %% nbgrader={"grade_id": "test_halve", "grade": true}
test = unit_test("halve")


@test.check("one number", points=10)
def _():
    same(halve(np.array([4.0])), [2.0])


### BEGIN HIDDEN TESTS
@test.check("random numbers", points=30, hidden=True)
def _():
    x = test.rng.normal(size=5)
    close(halve(x), x / 2)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: what comes out for zeros?
#
# <details><summary>Answer</summary>
# Zeros.
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
same(halve(scale(np.array([1.0, 3.0]), 2)), [1.0, 3.0])

# %% [markdown]
# ## 🤔 Checkpoint
# ### Question 1: what it costs
# How many bytes did you measure above, and how does that grow? PyTorch's `torch.mul` has the same cost: which line of yours is it?
#
# Rubric: 0 no number; half the number alone; full the number and how it grows.

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# 4000 bytes for 1000 numbers: four a number, so it grows linearly. SECRET-scale-words.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
# Multiply arrays by a number.
