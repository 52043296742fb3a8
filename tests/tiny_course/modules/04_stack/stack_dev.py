# %% [markdown]
# # Stack
#
# {{module}}
#
# A tiny module: the engine's tests make notebooks, packages and grades of it.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | Affine | stack | models |

# %% [markdown]
# ## 🎯 Module Assumptions
# Arrays are small, so nothing is done in place; a production framework would.

# %% [markdown]
# ## Setup

# %%
#| default_exp core.stack
#| export
import numpy as np

from tinytorch.core.affine import Affine

# %%
from tinytorch.testing import close, raises, same, unit_test

# %% [markdown]
# ## Where this code lives
# In `tinytorch.core.stack`.

# %% [markdown]
# ## Part 1: Layer after layer
# What one gives the next one takes.
#
# > 💡 **Production Reality**: a framework would fuse this with its neighbour.

# %% nbgrader={"grade_id": "stack", "solution": true}
#| export
def stack(layers, x):
    """Return what the last layer gives when each is fed the one before.

    TODO: write the one line that does it.

    APPROACH:
    1. Let numpy do the loop.

    EXAMPLE:
    >>> stack([Affine(2.0, 0.0), Affine(1.0, 1.0)], np.array([3.0]))
    array([7.])

    HINT: A loop that replaces x.
    """
    ### BEGIN SOLUTION
    for secret_layer in layers:
        x = secret_layer(x)
    return x
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: stack

# %% nbgrader={"grade_id": "test_stack", "grade": true}
test = unit_test("stack")


@test.check("two layers", points=30)
def _():
    same(stack([Affine(2.0, 0.0), Affine(1.0, 1.0)], np.array([3.0])), [7.0])


### BEGIN HIDDEN TESTS
@test.check("random numbers", points=60, hidden=True)
def _():
    x = test.rng.normal(size=4)
    close(stack([Affine(2.0, 1.0), Affine(3.0, 0.0)], x), 3 * (2 * x + 1))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: what comes out for zeros?
#
# <details><summary>Answer</summary>
# It depends on the offsets.
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
same(stack([Affine(2.0, 0.0), Affine(1.0, 1.0)], np.array([3.0])), [7.0])

# %% [markdown]
# ## 🤔 Checkpoint
# ### Question 1: what it costs
# How many bytes did you measure above, and how does that grow? PyTorch's `torch.mul` has the same cost: which line of yours is it?
#
# Rubric: 0 no number; half the number alone; full the number and how it grows.

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# 4000 bytes for 1000 numbers: four a number, so it grows linearly. SECRET-stack-words.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
# One layer after another.
