# %% [markdown]
# # Pairs
#
# {{module}}

# %%
#| default_exp core.pairs
#| export

# %%
from tinytorch.testing import same, unit_test


# %% nbgrader={"grade_id": "pair_sum", "solution": true}
#| export
def pair_sum(a, b):
    """Return a + b."""
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_pair_sum", "grade": true}
test = unit_test("pair_sum")


@test.check("two numbers", points=30)
def _():
    same(pair_sum(1, 2), 3)


### BEGIN HIDDEN TESTS
@test.check("random arrays", points=60, hidden=True)
def _():
    a, b = test.rng.normal(size=(2, 5))
    same(pair_sum(a, b), a + b)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What does it cost?

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# One addition.
# ### END SOLUTION
