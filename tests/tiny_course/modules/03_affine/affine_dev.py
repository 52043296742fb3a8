# %% [markdown]
# # Affine
#
# {{module}}
#
# A tiny module: the engine's tests make notebooks, packages and grades of it.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | scale, shift | Affine | Stack |

# %% [markdown]
# ## 🎯 Module Assumptions
# Arrays are small, so nothing is done in place; a production framework would.

# %% [markdown]
# ## Setup

# %%
#| default_exp core.affine
#| export
import numpy as np

from tinytorch.core.scale import scale
from tinytorch.core.shift import shift

# %%
from tinytorch.testing import close, raises, same, unit_test

# %% [markdown]
# ## Where this code lives
# In `tinytorch.core.affine`.

# %% [markdown]
# The shell of the layer is given; its method calls a function that you write.

# %%
#| export
class Affine:
    """Compute `factor * x + offset`."""

    def __init__(self, factor, offset):
        self.factor, self.offset = factor, offset

    def __call__(self, x):
        return forward(self, x)

# %% [markdown]
# ## Part 1: Forward
# A layer keeps its numbers and applies them.
#
# > 💡 **Production Reality**: a framework would fuse this with its neighbour.

# %% nbgrader={"grade_id": "forward", "solution": true}
#| export
def forward(layer, x):
    """Return the layer's factor times `x`, plus its offset.

    TODO: write the one line that does it.

    APPROACH:
    1. Let numpy do the loop.

    EXAMPLE:
    >>> forward(Affine(2.0, 1.0), np.array([3.0]))
    array([7.])

    HINT: Two functions that you wrote do all of it.
    """
    ### BEGIN SOLUTION
    secret_layer = shift(scale(x, layer.factor), layer.offset)
    return secret_layer
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: forward

# %% nbgrader={"grade_id": "test_forward", "grade": true}
test = unit_test("forward")


@test.check("one number", points=30)
def _():
    same(Affine(2.0, 1.0)(np.array([3.0])), [7.0])


### BEGIN HIDDEN TESTS
@test.check("random numbers", points=60, hidden=True)
def _():
    x = test.rng.normal(size=(2, 3))
    close(Affine(0.5, -1.0)(x), 0.5 * x - 1.0)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: what comes out for zeros?
#
# <details><summary>Answer</summary>
# The offset.
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
same(Affine(2.0, 1.0)(np.array([3.0])), [7.0])

# %% [markdown]
# ## 🤔 Checkpoint
# ### Question 1: what it costs
# How many bytes did you measure above, and how does that grow? PyTorch's `torch.mul` has the same cost: which line of yours is it?
#
# Rubric: 0 no number; half the number alone; full the number and how it grows.

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# 4000 bytes for 1000 numbers: four a number, so it grows linearly. SECRET-affine-words.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
# Scale and shift in one layer.
