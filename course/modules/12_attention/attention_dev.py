# %% [markdown]
# # Attention
#
# {{module}}
#
# So far a place in a sequence saw what the architecture let it see: its own token, or the three before it. In this module each token decides for itself where to look, from what it is and from what the others are. It
# is the idea on which every large language model rests, and it is twenty lines long.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors, softmax, layers, gradients, embeddings | masks, attention weights, attention, heads | transformers (module 13), and their cache (14) |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | a mask says what is *hidden*: True hides | the same in `nn.MultiheadAttention`; the other way round in `scaled_dot_product_attention` | one rule for all your code; the given wrappers translate |
# | all weights of a batch are in memory at once | fused kernels keep a block at a time | you will measure what that costs, and see the way out |
# | a row that may look at nothing gets zeros | nan or zeros, depending on the function | a nan in one row spoils the whole loss |
# | a layer each for query, key and value | one packed layer of three times the size | easier to read, the same numbers |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.attention
#| export
import math

import numpy as np

from tinytorch.core.activations import softmax
from tinytorch.core.layers import Linear, Module, Parameter, linear
from tinytorch.core.tensor import Tensor
from tinytorch.random import generator

# %%
import functools
import time
import tracemalloc

from tinytorch import manual_seed, viz
from tinytorch.core.autograd import no_grad
from tinytorch.core.embeddings import Embedding
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import Adam
from tinytorch.profiling import best_of
from tinytorch.testing import check_gradient, close, fixtures, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.attention`. Module 13 builds on `MultiHeadAttention`. PyTorch's words call your functions, too:
#
# ```python
# from tinytorch.nn import MultiheadAttention
# from tinytorch.nn.functional import scaled_dot_product_attention
# ```

# %% [markdown]
# ## Part 1: What may be seen
#
# Eight digits in, the same digits out, in reverse order: `3 1 4 1 5 9 2 6` becomes `6 2 9 5 1 4 1 3`. You would look at the last digit and write it down, then at the one before. The place at which you write decides where you look. Which of our layers can do that? A `Linear` sees one
# place at a time. An average over all places sees everything, and no longer knows what stood where. Here is the second one, as a model; it learns as well as it can.


# %%
LENGTH = 8


def digits_to_reverse(count):
    """Draw rows of digits, and give each with its reverse: two integer arrays (count, LENGTH)."""
    digits = generator().integers(0, 10, size=(count, LENGTH))
    return digits, digits[:, ::-1].copy()


class Reverser(Module):
    """Guess the digits of the reversed row: vectors of digit and place, then something that mixes places, then scores.

    mix: a module from (batch, LENGTH, 32) to the same shape.
    """

    def __init__(self, mix):
        self.digits, self.places = Embedding(10, 32), Embedding(LENGTH, 32)
        self.mix, self.scores = mix, Linear(32, 10)

    def vectors(self, rows):
        return self.digits(Tensor(rows)) + self.places(Tensor(np.arange(LENGTH)))

    def forward(self, rows):
        x = self.vectors(rows)
        return self.scores(x + self.mix(x))


class Average(Module):
    """Every place is told the same: the average of all."""

    def __init__(self):
        self.layer = Linear(32, 32)

    def forward(self, x):
        return self.layer(x).mean(dim=1, keepdim=True)


def learn_to_reverse(model, steps, lr=0.01):
    """Train on fresh rows; return the loss of each step."""
    optimizer, losses = Adam(model.parameters(), lr=lr), []
    for _ in range(steps):
        rows, answers = digits_to_reverse(64)
        optimizer.zero_grad()
        loss = cross_entropy(model(rows).reshape(-1, 10), Tensor(answers.reshape(-1)))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def right_digits(model, count=500):
    """Measure the share of right digits on rows that the model has not seen."""
    rows, answers = digits_to_reverse(count)
    with no_grad():
        return float((model(rows).data.argmax(axis=-1) == answers).mean())


@functools.cache
def averaged():
    """Train the model with the average once; return it and its losses."""
    manual_seed(0)
    model = Reverser(Average())
    return model, learn_to_reverse(model, steps=300)


model, losses = averaged()
print(f"an average over all places: {right_digits(model):.0%} of the digits are right after {len(losses)} steps")

# %% [markdown]
# Guessing would give 10 %. The average tells which digits occur, not where, and more training doesn't help. (Eight vectors laid side by side, as in module 11, would keep their places; but then each place of the text needs weights of its own, and a ninth digit has none.)
#
# What is needed is a *weighted* average whose weights each place chooses. First we settle which places may be chosen at all. In a language model, a token must not see those that come after it: they are the answer. That rule is a table, called a **causal mask**,
# with a row for each place that looks (a **query**) and a column for each place that can be looked at (a **key**):
#
# | | key 0 | key 1 | key 2 | key 3 |
# | --- | --- | --- | --- | --- |
# | query 0 | | hidden | hidden | hidden |
# | query 1 | | | hidden | hidden |
# | query 2 | | | | hidden |
# | query 3 | | | | |
#
# In code, hidden is True. A token always sees itself: the diagonal is not hidden.
#
# Sometimes there are more keys than queries. When a text is written token by token, the tokens before are known already, and only the newest ones ask. The queries are always the *last* places: with 5 keys, 2 queries are at places 3 and 4.


# %% nbgrader={"grade_id": "causal_mask", "solution": true}
#| export
def causal_mask(queries, keys=None):
    """Say for each query which keys are hidden: those that come after it.

    Args:
        queries: how many places look. They are the last of the places that can be looked at.
        keys: how many places can be looked at; None for as many as there are queries.

    Returns:
        A bool array (queries, keys), True where the key is hidden.

    TODO: compare the place of each key with the place of each query.

    APPROACH:
    1. keys=None means: as many as queries.
    2. Query number i stands at the place keys - queries + i, key number j at the place j.
    3. Hidden is what stands further on than the query.

    EXAMPLE:
    >>> causal_mask(3)
    array([[False,  True,  True],
           [False, False,  True],
           [False, False, False]])

    HINT: `np.arange(n)[:, None]` is a column; a column compared with a row gives a table.
    """
    ### BEGIN SOLUTION
    keys = queries if keys is None else keys
    places = np.arange(keys - queries, keys)
    return np.arange(keys) > places[:, None]
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: causal_mask

# %% nbgrader={"grade_id": "test_causal_mask", "grade": true}
test = unit_test("causal_mask")


@test.check("three places", points=2)
def _():
    same(causal_mask(3), [[False, True, True], [False, False, True], [False, False, False]])


@test.check("two queries, which are the last of five places", points=2)
def _():
    same(causal_mask(2, 5), [[False, False, False, False, True], [False, False, False, False, False]])


### BEGIN HIDDEN TESTS
@test.check("any numbers of queries and keys, place by place", points=4, hidden=True)
def _():
    for queries in (1, 2, int(test.rng.integers(3, 9))):
        for more in (0, 1, int(test.rng.integers(2, 9))):
            keys = queries + more
            expected = [[j > more + i for j in range(keys)] for i in range(queries)]
            same(causal_mask(queries, keys), expected)


@test.check("one place sees itself; the table is of bools", points=2, hidden=True)
def _():
    same(causal_mask(1), [[False]])
    same(str(causal_mask(4).dtype), "bool")
    same(causal_mask(4).shape, (4, 4))


### END HIDDEN TESTS
test.report()

# %%
viz.matrix(causal_mask(4, 6).astype("float32"), "Hidden from the last four of six tokens", xlabel="key", ylabel="query")

# %% [markdown]
# **What's happening**
# 1. Each row is a token that looks, each column one that can be looked at; 1 is hidden.
# 2. The two tokens on the left are known to all four.
# 3. The hidden part is a triangle at the upper right: the future.
# 4. The last row hides nothing: the newest token sees everything.

# %% [markdown]
# **Predict, then run**: how many of the cells are hidden for 1,000 tokens?

# %%
print(int(causal_mask(1000).sum()), "of", 1000 * 1000)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $1000 \cdot 999 / 2 = 499500$, nearly half. What is hidden is computed and thrown away here; a fused kernel skips those blocks.
# </details>

# %% [markdown]
# ## Part 2: Where to look
#
# Think of a dictionary. You have a **query**; each entry has a **key** and a **value**. A Python dictionary gives the value whose key is *equal* to the query. A soft one compares the query with all keys, and mixes the values by how well their keys fit. How well two vectors fit is their product, as in module 11.
#
# By hand, with vectors of 4 numbers: the query is $(2, 0, 0, 0)$, the keys are $(2, 0, 0, 0)$, $(0, 2, 0, 0)$ and $(0, 0, 0, 2)$.
#
# | key | product with the query | divided by $\sqrt 4$ | softmax |
# | --- | --- | --- | --- |
# | 0 | 4 | 2 | 0.787 |
# | 1 | 0 | 0 | 0.107 |
# | 2 | 0 | 0 | 0.107 |
#
# The softmax runs over the keys: each query has a row of weights that add up to 1. Why the division? A product of two vectors of $d$ random numbers is a sum of $d$ terms, so its typical size is $\sqrt d$. Without the division by the root of the size softmax saturates: you'll see it below.
#
# What is hidden must get the weight 0, exactly. So its score is made so low that softmax gives nothing: a hidden score of 0 would still get a share. A score of $-10^9$ is low enough: $e^{-10^9}$ is 0 in any float.
#
# There is one trap. A query from which *everything* is hidden (in practice: a row of padding) has no highest score. With $-\infty$ everywhere softmax gives nan; with $-10^9$ everywhere it gives equal shares of what must not be seen. A row that may look at nothing gets weights of 0. So fill the weights once more, after the softmax.
#
# Queries and keys may have a batch and heads in front. So count dimensions from the end: -1 and -2, never 0 or 1. And stay with tensors: what is computed on `.data` gives no gradient back.


# %% nbgrader={"grade_id": "attention_weights", "solution": true}
#| export
def attention_weights(q, k, mask=None):
    """Say how much each query looks at each key.

    Args:
        q: the queries, a Tensor (..., queries, d).
        k: the keys, a Tensor (..., keys, d).
        mask: None, or a bool array that broadcasts to (..., queries, keys): True hides.

    Returns:
        A Tensor (..., queries, keys). Hidden keys have 0. Each row adds up to 1, except one in which all
        keys are hidden: it is 0.

    TODO: products, divided by the root of d; hide; softmax; hide again.

    APPROACH:
    1. Multiply q with the transposed k (the last two dimensions), and divide by the square root of d.
    2. If there's a mask (ask `mask is not None`), fill the hidden scores with -1e9.
    3. Softmax along the keys.
    4. If there's a mask, fill the hidden weights with 0.

    EXAMPLE:
    >>> q, k = Tensor([[2.0, 0.0, 0.0, 0.0]]), Tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])
    >>> attention_weights(q, k)
    Tensor([[0.8807971, 0.11920292]])

    HINT: `k.transpose(-2, -1)`; `scores.masked_fill(mask, value)` gives a new Tensor.
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is None:
        return softmax(scores, dim=-1)
    hidden = scores.masked_fill(mask, -1e9)
    return softmax(hidden, dim=-1).masked_fill(mask, 0.0)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: attention_weights

# %% nbgrader={"grade_id": "test_attention_weights", "grade": true}
test = unit_test("attention_weights")
queries = np.array([[2.0, 0.0, 0.0, 0.0]], dtype="float32")
keys = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]], dtype="float32")


def expected_weights(q, k, mask=None):
    scores = q @ k.swapaxes(-2, -1) / np.sqrt(q.shape[-1])
    scores = scores if mask is None else np.where(mask, -1e30, scores)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    if mask is not None:
        powers = np.where(mask, 0.0, powers)
    return powers / np.maximum(powers.sum(axis=-1, keepdims=True), 1e-30)


@test.check("one query and three keys, by hand", points=2)
def _():
    close(attention_weights(Tensor(queries), Tensor(keys)).data, [[0.78698605, 0.10650698, 0.10650698]])


@test.check("a hidden key gets 0, and the others share", points=2)
def _():
    mask = np.array([[True, False, False]])
    same(attention_weights(Tensor(queries), Tensor(keys), mask).data, [[0.0, 0.5, 0.5]])


@test.check("a row that may look at nothing gets 0, and no nan", points=2)
def _():
    mask = np.array([[True, True, True]])
    same(attention_weights(Tensor(queries), Tensor(keys), mask).data, [[0.0, 0.0, 0.0]])


@test.check("a batch: two texts of three queries and five keys, which stay as they are", points=2)
def _():
    asked, offered = remote(test.rng.normal(size=(2, 3, 4))), remote(test.rng.normal(size=(2, 5, 4)))
    with unchanged(asked), unchanged(offered):
        weights = attention_weights(Tensor(asked), Tensor(offered)).data
    close(weights, expected_weights(asked.read(), offered.read()))


@test.check("the gradient comes back to queries and keys", points=1)
def _():
    check_gradient(attention_weights, expected_weights, [(2, 4), (3, 4)])


### BEGIN HIDDEN TESTS
@test.check("batches and heads, one mask for all, more keys than queries", points=5, hidden=True)
def _():
    q = remote(test.rng.normal(size=(2, 3, 4, 5)))
    k = remote(test.rng.normal(size=(2, 3, 6, 5)))
    mask = remote(test.rng.uniform(size=(4, 6)) < 0.4)
    with unchanged(q), unchanged(k), unchanged(mask):
        close(attention_weights(Tensor(q), Tensor(k), mask).data, expected_weights(q.read(), k.read(), mask.read()))
        close(attention_weights(Tensor(q), Tensor(k)).data, expected_weights(q.read(), k.read()))


@test.check("a mask of its own for each row of a batch; any size of vectors", points=2, hidden=True)
def _():
    for size in (1, 3, 64):
        q, k = test.rng.normal(size=(3, 2, size)), test.rng.normal(size=(3, 4, size))
        mask = np.zeros((3, 1, 4), dtype=bool)
        mask[1, 0, 2:] = mask[2, 0, :3] = True
        close(attention_weights(Tensor(q), Tensor(k), mask).data, expected_weights(q, k, mask))


@test.check("large scores stay finite, and what is hidden has 0 bit for bit", points=2, hidden=True)
def _():
    q, k = 30 * test.rng.normal(size=(5, 8)), 30 * test.rng.normal(size=(5, 8))
    future = np.arange(5) > np.arange(5)[:, None]
    weights = attention_weights(Tensor(q), Tensor(k), future).data
    close(weights, expected_weights(q, k, future), atol=1e-7)
    same(weights[future], [0.0] * 10)
    close(weights.sum(axis=-1), [1.0] * 5)


@test.check("gradients of queries and keys, with a row that sees nothing", points=2, hidden=True)
def _():
    mask = np.array([[False, True, True], [True, True, True], [False, False, True]])
    shapes = [(2, 3, 4), (2, 3, 4)]
    check_gradient(attention_weights, expected_weights, shapes, rng=test.rng, mask=mask)
    q, k = Tensor(test.rng.normal(size=(2, 3))), Tensor(test.rng.normal(size=(2, 3)))
    same(fixtures.recorded_inputs(Tensor, attention_weights, q, k), [True, True])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# And now without the division. Take random queries and keys of growing size, whose numbers have a spread of 1: how large is the largest of 16 weights on average, and how steep is the softmax there? Its slope for a weight $w$ is $w (1 - w)$, from modules 02 and 05. A flat softmax passes on no blame.


# %%
def largest_and_slope(size, scaled):
    """Return the mean largest weight of 16, and the mean slope of the softmax, for random vectors."""
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(200, 1, size)), rng.normal(size=(200, 16, size))
    stretch = 1.0 if scaled else math.sqrt(size)  # undoes the division
    weights = attention_weights(Tensor(stretch * q), Tensor(k)).data
    return weights.max(axis=-1).mean(), (weights * (1 - weights)).mean()


sizes = [1, 4, 16, 64, 256, 1024]
divided, plain = ([largest_and_slope(size, scaled) for size in sizes] for scaled in (True, False))
for size, (_, slope), (_, plain_slope) in zip(sizes, divided, plain, strict=True):
    print(f"size {size:>4}: slope {slope:.4f} with the division, {plain_slope:.4f} without")
viz.lines(
    sizes,
    {"divided by the root": [pair[0] for pair in divided], "not divided": [pair[0] for pair in plain]},
    "The largest of 16 weights",
    xlabel="numbers in a vector",
    ylabel="weight",
    log="x",
    ylim=(0, 1.05),
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. With the division the largest weight is the same for all sizes: the scores keep their spread of 1.
# 2. Without it the scores spread as $\sqrt d$, and one key takes nearly everything: the softmax has become a hard choice.
# 3. The choice is random, since nothing was learnt yet, and the printed slope says how hard it is to unlearn: it falls towards 0.
# 4. That is why the formula has a root in it: so that attention starts undecided.

# %% [markdown]
# **Predict, then run**: two equal keys. What weights do they get?

# %%
print(attention_weights(Tensor([[1.0, 5.0]]), Tensor([[2.0, 3.0], [2.0, 3.0]])).data)

# %% [markdown]
# <details><summary>Answer</summary>
#
# One half each, whatever the query is. Attention can't tell equal keys apart: that is why the place must be in the vector (module 11).
# </details>

# %% [markdown]
# ## Part 3: The soft look-up
#
# The weights say where to look; what one gets is the mixture of the **values**. By hand, with the weights of Part 2 and the values 10, 20 and 30:
#
# $$0.787 \cdot 10 + 0.107 \cdot 20 + 0.107 \cdot 30 = 13.2$$
#
# Mostly the first value, since mostly the first key fits. For all queries at once that is a product of the table of weights with the values, and this is all of attention (Vaswani et al. 2017, arXiv 1706.03762):
#
# $$\text{attention}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt d}\right) V$$
#
# One thing more, for later. When a text is written token by token, the keys and values of the tokens before have been computed already. Module 14 keeps them in a **cache**: `k, v = cache.append(k, v)` hands it the new ones and gives back all so far. Here you only make the place for it. An empty cache has the length 0, and so counts as false: ask `cache is not None`.
#
# Take the weights from your `attention_weights`: it knows what a row gets that may look at nothing.


# %% nbgrader={"grade_id": "attention", "solution": true}
#| export
def attention(q, k, v, mask=None, cache=None):
    """Mix the values by how much each query looks at each key.

    Args:
        q, k, v: Tensors (..., queries, d), (..., keys, d) and (..., keys, size).
        mask: None, or a bool array that broadcasts to (..., queries, keys), True hides; with a cache, keys are all so far.
        cache: None, or what remembers keys and values of earlier calls; append(k, v) gives all so far.

    Returns:
        A Tensor (..., queries, size).

    TODO: let the cache complete keys and values, if there is one; weights; mixture.

    APPROACH:
    1. If there is a cache, replace k and v by what its append gives.
    2. Compute the weights with your attention_weights.
    3. Multiply them with the values.

    EXAMPLE:
    >>> q, k = Tensor([[2.0, 0.0, 0.0, 0.0]]), Tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])
    >>> attention(q, k, Tensor([[10.0], [20.0]]))
    Tensor([[11.192029]])

    HINT: each query's result is a row: (queries, keys) times (keys, size).
    """
    ### BEGIN SOLUTION
    if cache is not None:
        k, v = cache.append(k, v)
    return attention_weights(q, k, mask) @ v
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: attention

# %% nbgrader={"grade_id": "test_attention", "grade": true}
test = unit_test("attention")


def mixture(q, k, v, mask=None):
    scores = q @ k.swapaxes(-2, -1) / np.sqrt(q.shape[-1])
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    if mask is not None:
        powers = np.where(mask, 0.0, powers)
    return powers @ v / powers.sum(axis=-1, keepdims=True)


@test.check("the soft look-up by hand", points=2)
def _():
    q = Tensor([[2.0, 0.0, 0.0, 0.0]])
    k = Tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]])
    close(attention(q, k, Tensor([[10.0], [20.0], [30.0]])).data, [[13.195209]])


@test.check("a hidden value has no influence at all; where all are hidden, 0 comes back", points=2)
def _():
    q = Tensor([[1.0, 2.0]])
    k, mask = Tensor([[1.0, 0.0], [1.0, 0.0]]), np.array([[False, True]])
    same(attention(q, k, Tensor([[7.0, 8.0], [1e6, -1e6]]), mask).data, [[7.0, 8.0]])
    nothing = np.array([[True, True]])
    same(attention(q, k, Tensor([[7.0, 8.0], [9.0, 9.0]]), nothing).data, [[0.0, 0.0]])


@test.check("a cache that is empty at first completes keys and values", points=2)
def _():
    cache = fixtures.growing_cache(Tensor)
    q, k, v = Tensor([[0.0, 0.0]]), Tensor([[1.0, 1.0]]), Tensor([[10.0]])
    same(attention(q, k, v, cache=cache).data, [[10.0]])
    same(attention(q, k, Tensor([[30.0]]), cache=cache).data, [[20.0]])


### BEGIN HIDDEN TESTS
@test.check("batches and heads, values of another size, masked and not", points=4, hidden=True)
def _():
    q, k = remote(test.rng.normal(size=(2, 3, 4, 5))), remote(test.rng.normal(size=(2, 3, 6, 5)))
    v = remote(test.rng.normal(size=(2, 3, 6, 2)))
    mask = np.arange(6) > np.arange(2, 6)[:, None]
    with unchanged(q), unchanged(k), unchanged(v):
        close(attention(Tensor(q), Tensor(k), Tensor(v)).data, mixture(q.read(), k.read(), v.read()))
        close(attention(Tensor(q), Tensor(k), Tensor(v), mask).data, mixture(q.read(), k.read(), v.read(), mask))


@test.check("token by token with a cache is the same as all at once", points=3, hidden=True)
def _():
    q, k, v = (test.rng.normal(size=(2, 5, 3)) for _ in range(3))
    expected = mixture(q, k, v, np.arange(5) > np.arange(5)[:, None])
    cache, start = fixtures.growing_cache(Tensor), 0
    for count in (2, 1, 2):
        end = start + count
        q_now, k_now, v_now = (Tensor(array[:, start:end]) for array in (q, k, v))
        mask = np.arange(end) > np.arange(start, end)[:, None]
        close(attention(q_now, k_now, v_now, mask, cache).data, expected[:, start:end])
        start = end
    same(len(cache), 5)


@test.check("gradients of queries, keys and values", points=2, hidden=True)
def _():
    mask = np.array([[False, True, True], [False, False, True], [False, False, False]])
    check_gradient(attention, mixture, [(2, 3, 4), (2, 3, 4), (2, 3, 2)], rng=test.rng, mask=mask)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# A query of two numbers is turned in a full circle. The three keys point in three directions, and the values are 10, 20 and 30.

# %%
angles = np.linspace(0, 2 * np.pi, 121)
turning = 4 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
sides = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
looked_up = attention(Tensor(turning), Tensor(sides), Tensor([[10.0], [20.0], [30.0]])).data[:, 0]
shares = attention_weights(Tensor(turning), Tensor(sides)).data
viz.lines(
    angles * 180 / np.pi,
    {f"weight of the value {10 * (i + 1)}": shares[:, i] for i in range(3)} | {"result / 30": looked_up / 30},
    "A soft dictionary",
    xlabel="direction of the query (degrees)",
    ylabel="weight",
)

# %% [markdown]
# **What's happening**
# 1. Where the query points at a key (0, 90, 180 degrees), that key's weight is the largest.
# 2. In between the weights change smoothly, so the result has a slope everywhere: it can be learnt.
# 3. At 270 degrees the query points away from the second key, and the two others fit equally badly: half and half. Weights add up to 1, so attention always gives something.
# 4. A longer query would make the choice harder: the length says how sure it is.

# %% [markdown]
# **Predict, then run**: what does attention give if all queries are zero?

# %%
print(attention(Tensor(np.zeros((1, 2))), Tensor(sides), Tensor([[10.0], [20.0], [30.0]])).data)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 20, the plain average: all products are 0, so all weights are equal. The model of Part 1 is attention that never learnt to look.
# </details>

# %% [markdown]
# ## Part 4: Several heads
#
# One row of weights adds up to 1: a token that looks at the verb looks less at the subject. So the vectors are cut into pieces, and each piece attends for itself. Such a piece is called a **head**: 4 heads on vectors of 32 numbers have 8 numbers each. It costs no more products (but a table of weights for each head).
#
# For your `attention` a head is one more dimension in front, like a batch:
#
# $$(\text{batch}, \text{time}, 32) \;\to\; (\text{batch}, \text{time}, 4, 8) \;\to\; (\text{batch}, 4, \text{time}, 8)$$
#
# By hand: two tokens of four numbers, $(1, 2, 3, 4)$ and $(5, 6, 7, 8)$, for two heads. Head 0 gets the first half of each token, $(1, 2)$ and $(5, 6)$; head 1 gets $(3, 4)$ and $(7, 8)$.
#
# The second arrow is needed. If you reshape to (heads, time, size) at once, head 0 gets both halves of the first token: tokens end up where heads should be. The shape is right, everything runs, and the model is nonsense.
#
# A number of heads that doesn't divide the size has to be refused, in words that help.


# %% nbgrader={"grade_id": "split_heads", "solution": true}
#| export
def split_heads(x, heads):
    """Cut each vector into one piece for each head.

    Args:
        x: a Tensor (..., time, dim).
        heads: how many; it must divide dim.

    Returns:
        A Tensor (..., heads, time, dim / heads).

    TODO: refuse what doesn't divide; reshape; swap two dimensions.

    APPROACH:
    1. If dim can't be divided by heads, raise a ValueError that shows both numbers.
    2. Reshape to (..., time, heads, dim / heads).
    3. Swap the dimensions of time and heads.

    EXAMPLE:
    >>> split_heads(Tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]), heads=2).tolist()
    [[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]

    HINT: `*front, time, dim = x.shape` keeps all dimensions before; `x.transpose(-3, -2)` swaps.
    """
    ### BEGIN SOLUTION
    *front, time, dim = x.shape
    if dim % heads:
        raise ValueError(f"{heads} heads can't share {dim} numbers equally: take a number that divides {dim}")
    return x.reshape(*front, time, heads, dim // heads).transpose(-3, -2)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: split_heads

# %% nbgrader={"grade_id": "test_split_heads", "grade": true}
test = unit_test("split_heads")


@test.check("two tokens for two heads, by hand", points=2)
def _():
    x = Tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    same(split_heads(x, 2).data, [[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]])


@test.check("a batch of two texts: head 0 has the first half of each token", points=1)
def _():
    x = np.arange(24.0).reshape(2, 3, 4)
    pieces = split_heads(Tensor(x), 2)
    same(pieces.shape, (2, 2, 3, 2))
    same(pieces.data[:, 0], x[:, :, :2])
    same(pieces.data[:, 1], x[:, :, 2:])


@test.check("heads that don't divide the size are refused, and the message names both numbers", points=1)
def _():
    said = raises(ValueError, split_heads, Tensor(np.zeros((3, 64), dtype="float32")), 5)
    late = "split_heads did not refuse 5 heads for 64 numbers itself; reshape failed later"
    true("reshape" not in said and "(3, 5, 12)" not in said, late)
    true("64" in said, f"the message is to show the size, 64; it says: {said}")
    true("5" in said, f"the message is to show the number of heads, 5; it says: {said}")
    same(split_heads(Tensor(np.zeros((2, 6), dtype="float32")), 6).shape, (6, 2, 1))


### BEGIN HIDDEN TESTS
@test.check("batches of any kind, number by number", points=4, hidden=True)
def _():
    for front in [(), (3,), (2, 3)]:
        for heads in (1, 2, 6):
            x = remote(test.rng.normal(size=(*front, 5, 6)))
            with unchanged(x):
                pieces = split_heads(Tensor(x), heads).data
            expected = np.stack(np.split(x.read(), heads, axis=-1), axis=-3)
            same(pieces, expected)


@test.check("the message has both numbers; gradients find their way back", points=2, hidden=True)
def _():
    raises(ValueError, split_heads, Tensor(np.zeros((3, 2, 10), dtype="float32")), 4, says="10")
    raises(ValueError, split_heads, Tensor(np.zeros((3, 2, 10), dtype="float32")), 4, says="4")
    same(fixtures.recorded_inputs(Tensor, split_heads, Tensor(test.rng.normal(size=(2, 4))), heads=2), [True])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Afterwards the heads' results are laid side by side again: (..., heads, time, size) becomes (..., time, heads * size). It's the way back, so that `merge_heads(split_heads(x, h))` is `x` again.
#
# This exercise has no list of steps. Watch out for the order: swap first, then reshape. Reshaping without the swap gives the right shape and mixes the tokens.


# %% nbgrader={"grade_id": "merge_heads", "solution": true}
#| export
def merge_heads(x):
    """Lay the heads' vectors side by side: the way back from split_heads.

    Args:
        x: a Tensor (..., heads, time, size).

    Returns:
        A Tensor (..., time, heads * size).

    TODO: undo what split_heads did. Write down the shapes before you write code.

    EXAMPLE:
    >>> merge_heads(Tensor([[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]])).tolist()
    [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]

    HINT: what did split_heads do last?
    """
    ### BEGIN SOLUTION
    *front, heads, time, size = x.shape
    return x.transpose(-3, -2).reshape(*front, time, heads * size)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: merge_heads

# %% nbgrader={"grade_id": "test_merge_heads", "grade": true}
test = unit_test("merge_heads")


@test.check("two heads of three tokens, by hand", points=2)
def _():
    x = Tensor([[[1.0, 2.0], [5.0, 6.0], [9.0, 10.0]], [[3.0, 4.0], [7.0, 8.0], [11.0, 12.0]]])
    same(merge_heads(x).data, [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]])


def side_by_side(x):
    """The two heads of each token side by side."""
    return np.concatenate([x[..., 0, :, :], x[..., 1, :, :]], axis=-1)


@test.check("a batch of texts", points=1)
def _():
    x = np.arange(24.0).reshape(2, 2, 3, 2)
    same(merge_heads(Tensor(x)).data, side_by_side(x))


@test.check("the gradient comes back", points=1)
def _():
    check_gradient(merge_heads, side_by_side, [(2, 3, 2)])


### BEGIN HIDDEN TESTS
@test.check("batches of any kind, number by number", points=4, hidden=True)
def _():
    for front in [(), (3,), (2, 4)]:
        for heads in (1, 2, 3):
            x = remote(test.rng.normal(size=(*front, heads, 5, 2)))
            with unchanged(x):
                merged = merge_heads(Tensor(x)).data
            parts = [x.read()[..., head, :, :] for head in range(heads)]
            same(merged, np.concatenate(parts, axis=-1))


@test.check("gradients find their way back", points=2, hidden=True)
def _():
    x = Tensor(test.rng.normal(size=(2, 3, 4)))
    same(fixtures.recorded_inputs(Tensor, merge_heads, x), [True])
    same(merge_heads(x).shape, (3, 8))


### END HIDDEN TESTS
test.report()

# %%
numbered = np.arange(24.0, dtype="float32").reshape(4, 6)
wrong_way = numbered.reshape(2, 4, 3)
viz.matrix(
    np.concatenate([split_heads(Tensor(numbered), 2).data[0], wrong_way[0]], axis=1), "Head 0: split, and reshaped"
)

# %% [markdown]
# **What's happening**
# 1. Four tokens of six numbers, numbered from 0 to 23, for two heads. Each row is a token.
# 2. The left half (three columns) is right: head 0 has the first three numbers of each token: 0 1 2, 6 7 8, 12 13 14, 18 19 20.
# 3. The right half was reshaped only. Its rows are 0 1 2, 3 4 5, ...: the second "token" is the other half of the first one.

# %% [markdown]
# **Predict, then run**: does `split_heads` copy the numbers?

# %%
original = Tensor(numbered)
print(np.shares_memory(split_heads(original, 2).data, original.data))

# %% [markdown]
# <details><summary>Answer</summary>
#
# No: reshaping and swapping change the strides only (module 01), so both look at the same memory. `merge_heads` must copy, since its numbers don't lie in order.
# </details>

# %% [markdown]
# ## Part 5: A layer that attends
#
# Where do queries, keys and values come from? From the tokens' vectors, each by a linear layer that learns: what do I look for, what do I offer, what do I say if I'm chosen? Then each is split into heads; the heads attend; their results are merged. A last linear layer mixes what the heads found: without it no head would know of the others.
#
# $$x \;\to\; \text{query, key, value} \;\to\; \text{split} \;\to\; \text{attention} \;\to\; \text{merge} \;\to\; \text{output}$$
#
# Each of the three layers reads x itself: the keys aren't made from the queries. And attend after splitting: merged first, there would be one head with one row of weights.


# %% nbgrader={"grade_id": "multi_head_attention", "solution": true}
#| export
def multi_head_attention(x, query, key, value, output, heads, mask=None, cache=None):
    """Let each token look at the others with several heads.

    Args:
        x: a Tensor (..., time, dim).
        query, key, value, output: layers; each is called with a Tensor (..., time, dim).
        heads: how many heads share the vectors.
        mask, cache: as your attention takes them.

    Returns:
        A Tensor (..., time, dim).

    TODO: three layers, split each, attend, merge, the last layer.

    APPROACH:
    1. Make queries, keys and values of x, and split each into heads.
    2. Attend, with mask and cache.
    3. Merge the heads and hand the result to the output layer.

    EXAMPLE:
    >>> layers = [Linear(4, 4) for _ in range(4)]
    >>> multi_head_attention(Tensor(np.ones((2, 3, 4), dtype="float32")), *layers, heads=2).shape
    (2, 3, 4)

    HINT: a call for each arrow of the line above; your functions take any dimensions in front.
    """
    ### BEGIN SOLUTION
    q, k, v = (split_heads(layer(x), heads) for layer in (query, key, value))
    return output(merge_heads(attention(q, k, v, mask, cache)))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: multi_head_attention

# %% nbgrader={"grade_id": "test_multi_head_attention", "grade": true}
test = unit_test("multi_head_attention")
FUTURE = np.arange(5) > np.arange(5)[:, None]


def drawn_layers(dim):
    """Four layers with drawn weights, and these weights."""
    layers = [Linear(dim, dim) for _ in range(4)]
    weights = [(test.rng.normal(size=(dim, dim)), test.rng.normal(size=dim)) for _ in range(4)]
    for layer, (weight, bias) in zip(layers, weights, strict=True):
        layer.weight.data, layer.bias.data = weight, bias
    return layers, weights


def head_by_head(x, weights, heads, mask=None):
    q, k, v = (x @ weight.T + bias for weight, bias in weights[:3])
    size, found = x.shape[-1] // heads, []
    for start in range(0, x.shape[-1], size):
        piece = slice(start, start + size)
        scores = q[..., piece] @ k[..., piece].swapaxes(-2, -1) / np.sqrt(size)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        if mask is not None:
            powers = np.where(mask, 0.0, powers)
        found.append(powers @ v[..., piece] / powers.sum(axis=-1, keepdims=True))
    return np.concatenate(found, axis=-1) @ weights[3][0].T + weights[3][1]


@test.check("query, key and value are called once with x, output once with the merged heads", points=3)
def _():
    x = test.rng.normal(size=(2, 3, 4))
    names, layers = ("query", "key", "value", "output"), [fixtures.recording() for _ in range(4)]  # give what they get
    multi_head_attention(Tensor(x), *layers, 2)
    for name, layer in zip(names, layers, strict=True):
        calls = len(layer.seen)
        true(calls == 1, f"{name} is to be called once, and was called {calls} times")
        shape = tuple(layer.seen[0][0].shape)
        true(shape == (2, 3, 4), f"{name} is to be called with the shape (2, 3, 4), and was called with {shape}")
    layers = [fixtures.recording(layer) for layer in drawn_layers(4)[0]]
    multi_head_attention(Tensor(x), *layers, 2)
    for name, layer in zip(names[:3], layers[:3], strict=True):
        true(bool(np.array_equal(layer.seen[0][0].data, x)), f"{name} is to be called with x, and got other numbers")


@test.check("two heads of three numbers, computed head by head", points=3)
def _():
    layers, weights = drawn_layers(6)
    x = test.rng.normal(size=(2, 4, 6))
    close(multi_head_attention(Tensor(x), *layers, 2).data, head_by_head(x, weights, 2))


@test.check("nothing from the future: a later token leaves the results before it, bit for bit", points=3)
def _():
    layers, _ = drawn_layers(4)
    x = test.rng.normal(size=(5, 4))
    changed = x.copy()
    changed[3] += 1.0
    before = multi_head_attention(Tensor(x), *layers, 2, FUTURE).data
    after = multi_head_attention(Tensor(changed), *layers, 2, FUTURE).data
    same(after[:3], before[:3])
    true(float(abs(after[3:] - before[3:]).min()) > 0, "the results from the changed token on change")


@test.check("a cache is handed on: the second call knows the tokens of the first", points=2)
def _():
    layers, weights = drawn_layers(4)
    x, cache = test.rng.normal(size=(1, 3, 4)), fixtures.growing_cache(Tensor)
    multi_head_attention(Tensor(x[:, :2]), *layers, 2, cache=cache)
    true(len(cache) == 2, f"the cache is to hold 2 places after 2 tokens, and holds {len(cache)}")
    last = multi_head_attention(Tensor(x[:, 2:]), *layers, 2, cache=cache).data
    close(last, head_by_head(x, weights, 2)[:, 2:])


### BEGIN HIDDEN TESTS
@test.check("any number of heads, with a mask and without", points=6, hidden=True)
def _():
    for heads in (1, 2, 3, 6):
        layers, weights = drawn_layers(6)
        x = remote(test.rng.normal(size=(2, 5, 6)))
        with unchanged(x):
            close(multi_head_attention(Tensor(x), *layers, heads).data, head_by_head(x.read(), weights, heads))
        mask = remote(FUTURE)
        with unchanged(mask):
            masked = multi_head_attention(Tensor(x), *layers, heads, mask=mask).data
        close(masked, head_by_head(x.read(), weights, heads, FUTURE))


@test.check("token by token with a cache is the same as all at once", points=4, hidden=True)
def _():
    layers, weights = drawn_layers(4)
    x = test.rng.normal(size=(2, 5, 4))
    expected = head_by_head(x, weights, 2, FUTURE)
    cache = fixtures.growing_cache(Tensor)
    for place in range(5):
        now = multi_head_attention(Tensor(x[:, place : place + 1]), *layers, 2, cache=cache)
        close(now.data, expected[:, place : place + 1])
    same(len(cache), 5)


@test.check("the gradient reaches the tokens and all four layers", points=4, hidden=True)
def _():
    layers, weights = drawn_layers(4)
    check_gradient(
        lambda x: multi_head_attention(x, *layers, 2), lambda x: head_by_head(x, weights, 2), [(3, 4)], rng=test.rng
    )
    for i in range(4):
        grad = layers[i].weight.grad
        true(grad is not None and float(abs(grad.data).sum()) > 0, "each layer learns")


### END HIDDEN TESTS
test.report()


# %% [markdown]
# The layer is given: four linear layers, and whether the future is hidden. Module 13 stacks it.


# %%
#| export
class MultiHeadAttention(Module):
    """Each token looks at the others of its row, with several heads.

    Args:
        embed_dim: the size of the vectors.
        num_heads: how many heads share it; must divide embed_dim.
        causal: True hides from each token those that come after it.
    """

    def __init__(self, embed_dim, num_heads, causal=False):
        if num_heads < 1 or embed_dim % num_heads:
            fitting = [n for n in range(1, embed_dim + 1) if embed_dim % n == 0]
            raise ValueError(f"{num_heads} heads can't share {embed_dim} numbers: take one of {fitting}")
        self.num_heads, self.causal = num_heads, causal
        self.query, self.key = Linear(embed_dim, embed_dim), Linear(embed_dim, embed_dim)
        self.value, self.output = Linear(embed_dim, embed_dim), Linear(embed_dim, embed_dim)

    def forward(self, x, cache=None):
        layers = self.query, self.key, self.value, self.output
        return multi_head_attention(x, *layers, self.num_heads, mask=self.mask(x, cache), cache=cache)

    def mask(self, x, cache=None):
        """Return what is hidden from the tokens x, (..., time, dim): the future, if causal; a cache holds the past."""
        if not self.causal:
            return None
        time, past = x.shape[-2], 0 if cache is None else len(cache)
        return causal_mask(time, past + time)

    def weights(self, x):
        """Return where each head looks: a Tensor (..., heads, time, time)."""
        q, k = split_heads(self.query(x), self.num_heads), split_heads(self.key(x), self.num_heads)
        return attention_weights(q, k, self.mask(x))


# %% [markdown]
# Now the digits again: the model of Part 1, with one head in place of the average.


# %%
@functools.cache
def attending(heads, steps=150):
    """Train a reverser that attends, once; return it, its losses, and the weights for a row before and after."""
    manual_seed(0)
    model = Reverser(MultiHeadAttention(32, heads))
    before = weights_for(model, SHOWN)
    losses = learn_to_reverse(model, steps)
    return model, losses, before, weights_for(model, SHOWN)


def weights_for(model, row):
    """Return where each head looks in one row of digits: an array (heads, LENGTH, LENGTH)."""
    with no_grad():
        return model.mix.weights(model.vectors(np.array([row]))).data[0]


SHOWN = [3, 1, 4, 1, 5, 9, 2, 6]
start = time.perf_counter()
model, losses, _, _ = attending(1)
seconds = time.perf_counter() - start
print(f"one head: {right_digits(model):.1%} of the digits are right after {len(losses)} steps and {seconds:.1f} s")
viz.lines(
    None,
    {"one head": losses, "the average": averaged()[1][: len(losses)], "guessing": [np.log(10)] * len(losses)},
    "Reversing eight digits",
    xlabel="step",
    ylabel="loss (nats)",
)

# %% [markdown]
# **What's happening**
# 1. Both models begin a little worse than guessing, which costs $\log 10 \approx 2.3$.
# 2. The average learns which digits occur, and then stands still: nothing in it says where they stood.
# 3. Attention finds out within about twenty steps that the place matters, and its loss falls to 0: the task is solved, for rows that it has never seen.
# 4. No weight belongs to a pair of places. The layers learnt to make a query at place 0 that fits the key of place 7.

# %% [markdown]
# Where does it look? The heat map is the table of weights: a row for each place that writes, a column for each that can be read.

# %%
_, _, before, after = attending(1)
rows, columns = [f"writes {i}" for i in range(LENGTH)], [f"{digit} at {i}" for i, digit in enumerate(SHOWN)]
viz.AttentionMap({"before training": before[0], "after training": after[0]}, rows, columns, "Where each place looks")

# %% [markdown]
# **What's happening**
# 1. Before training the weights are spread without a pattern: the vectors are random, and so are their products.
# 2. After training there is a diagonal, from the lower left to the upper right: place 0 reads place 7, place 1 reads place 6, and so on.
# 3. Nobody said so. The weights were the cheapest way to a small loss.
# 4. The sliders choose a map and a row (the arrow keys move them, too), and the line says in words where that row looks.

# %%
model, losses, _, several = attending(4)
print(f"four heads: {right_digits(model):.1%} of the digits are right after {len(losses)} steps")
viz.AttentionMap({f"head {i}": several[i] for i in range(4)}, rows, columns, "Four heads")

# %% [markdown]
# **What's happening**
# 1. Each head has a table of its own, of the same row of digits.
# 2. One of them would be enough for this task, so they share it: where one is undecided, another one is sure.
# 3. What a head does is not chosen by anybody, and other seeds divide the work differently.

# %% [markdown]
# **Predict, then run**: the trained model with one head gets a row in which all digits are 7. Where does it look?

# %%
print(weights_for(attending(1)[0], [7] * LENGTH).argmax(axis=-1)[0])

# %% [markdown]
# <details><summary>Answer</summary>
#
# At the same places, 7 to 0 (a single row may be off): it looks by the place, not by the digit. In texts, heads of both kinds are found: some look at the token before, some for a bracket that is still open.
# </details>

# %% [markdown]
# ### Find the fault
#
# Somebody wrote causal attention in a hurry. It runs, its shapes are right, and it trains. One line is wrong. Find it with your own tools: change a token and see which results change; add up the rows of the weights.


# %%
class Hasty(Module):
    """Causal attention with one head. Something is wrong with it."""

    def __init__(self, dim):
        self.query, self.key, self.value = Linear(dim, dim), Linear(dim, dim), Linear(dim, dim)

    def weights(self, x):
        weights = attention_weights(self.query(x), self.key(x))
        return weights.masked_fill(causal_mask(x.shape[-2]), 0.0)

    def forward(self, x):
        return self.weights(x) @ self.value(x)


def changed_places(layer, x, place):
    """Change the token at one place, and list the places whose results change with it."""
    other = x.copy()
    other[place] += 1.0
    difference = layer(Tensor(x)).data != layer(Tensor(other)).data
    return [int(i) for i in np.flatnonzero(difference.any(axis=-1))]


# %%
manual_seed(0)
tokens = np.random.default_rng(0).normal(size=(6, 8)).astype("float32")
print("yours: a change at place 4 is seen at", changed_places(MultiHeadAttention(8, 1, causal=True), tokens, place=4))
suspect = Hasty(8)
# changed_places(suspect, ...), suspect.weights(...)

# %% [markdown]
# <details><summary>The fault</summary>
#
# The mask comes after the softmax. `changed_places(suspect, tokens, place=4)` gives all six places, and the rows of `suspect.weights(Tensor(tokens))` add up to less than 1: the future has had its share of the softmax before it was removed, so each row knows from its
# sum how well the future fits. The mask belongs to the scores. A loss that is too good to be true is the usual sign of a leak.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: one such layer with 12,288 numbers and 96 heads, and 95 more like it, are the attention of GPT-3 (Brown et al. 2020). Since keys and values of all tokens must be kept while it writes, newer models let several heads share them
# > ("grouped queries"), and FlashAttention (Dao et al. 2022) never stores the table of weights. Both change what it costs, not what it computes.

# %% [markdown]
# ### On your own: one look at a whole row
#
# Not graded, and without a test: write a class `Glance(Module)` that turns a row of vectors (batch, time, 32) into one vector (batch, 1, 32). It has a single query, which doesn't come from the tokens: it's a parameter, and it learns what to look for. An `__init__` of one line
# (`Parameter` takes an array) and a `forward(x)` of one line with your `attention` are enough. The next cell lets it find out whether there's a 7 in a row.

# %%
# class Glance(Module):


# %%
class FindsSeven(Module):
    """Say for each row of digits whether there's a 7: two scores."""

    def __init__(self, glance):
        self.digits, self.glance, self.scores = Embedding(10, 32), glance, Linear(32, 2)

    def forward(self, rows):
        return self.scores(self.glance(self.digits(Tensor(rows)))).reshape(-1, 2)


if "Glance" in globals():
    manual_seed(0)
    own = FindsSeven(Glance())  # noqa: F821
    optimizer = Adam(own.parameters(), lr=0.01)
    for _ in range(100):
        rows_of_digits = generator().integers(0, 10, size=(64, LENGTH))
        optimizer.zero_grad()
        cross_entropy(own(rows_of_digits), Tensor((rows_of_digits == 7).any(axis=1).astype("int32"))).backward()
        optimizer.step()
    rows_of_digits = generator().integers(0, 10, size=(500, LENGTH))
    right = (own(rows_of_digits).data.argmax(axis=1) == (rows_of_digits == 7).any(axis=1)).mean()
    print(f"{right:.0%} of the rows are judged rightly")

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class Glance(Module):
#     def __init__(self):
#         self.query = Parameter(0.1 * np.random.default_rng(0).normal(size=(1, 32)).astype("float32"))
#
#     def forward(self, x):
#         return attention(self.query, x, x)
# ```
#
# The query broadcasts over the batch. After training, the products of `query` with the ten digits' vectors show what it looks for.
# </details>

# %% [markdown]
# ## PyTorch's words (given)
#
# PyTorch has the same function and the same layer under other names, with more arguments. They translate, and call yours.


# %%
#| export
def hidden_of(mask, hides):
    """Translate a mask of PyTorch's: bools, in which `hides` (True or False) hides, or numbers to add, 0 or -inf."""
    if mask is None:
        return None
    array = np.asarray(mask.data if isinstance(mask, Tensor) else mask)
    if array.dtype == bool:
        return array if hides else ~array
    if not np.isin(array, (0.0, -np.inf)).all():
        raise ValueError("a mask of numbers may hold 0 and -inf only: attention here hides, it adds nothing to scores")
    return array == -np.inf


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    """Attend as PyTorch's function does: True in a mask of bools means that a key may be looked at."""
    if dropout_p or enable_gqa:
        raise ValueError("dropout_p and enable_gqa are not built here: leave them out")
    if is_causal and attn_mask is not None:
        raise ValueError("attn_mask and is_causal exclude each other: give one of them")
    hidden = hidden_of(attn_mask, hides=False)
    if is_causal:
        queries, keys = query.shape[-2], key.shape[-2]
        hidden = causal_mask(max(queries, keys))[:queries, :keys]  # PyTorch counts both from the first place
    if scale is not None:
        query = query * (scale * math.sqrt(query.shape[-1]))
    return attention(query, key, value, hidden)


class MultiheadAttention(Module):
    """PyTorch's layer (its name has a small h): queries may come from elsewhere than keys and values.

    Args:
        embed_dim, num_heads: the size of the vectors, and how many heads share it.
        bias: whether the layers have one; batch_first: (batch, time, dim) instead of (time, batch, dim).
    """

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, batch_first=False):
        if dropout:
            raise ValueError(f"weights are not dropped out here, got dropout={dropout}: put a Dropout behind the layer")
        self.embed_dim, self.num_heads, self.batch_first = embed_dim, num_heads, batch_first
        bound = math.sqrt(6 / (4 * embed_dim))
        packed = generator().uniform(-bound, bound, size=(3 * embed_dim, embed_dim))
        self.in_proj_weight = Parameter(packed.astype("float32"))
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype="float32")) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if bias:
            self.out_proj.bias.data = np.zeros(embed_dim, dtype="float32")

    def forward(
        self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True
    ):
        """Return (result, weights); weights are None unless need_weights, and the heads' mean if average_attn_weights."""
        if query.ndim == 3 and not self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        q, k, v = (self._part(number, x) for number, x in enumerate((query, key, value)))
        mask = self._hidden(attn_mask, key_padding_mask, query.shape[:-2])
        layers = (lambda _: q), (lambda _: k), (lambda _: v), self.out_proj
        out = multi_head_attention(query, *layers, self.num_heads, mask)
        weights = self._weights(q, k, mask, average_attn_weights) if need_weights else None
        return out.transpose(0, 1) if query.ndim == 3 and not self.batch_first else out, weights

    def _part(self, number, x):
        rows = slice(number * self.embed_dim, (number + 1) * self.embed_dim)
        return linear(x, self.in_proj_weight[rows], None if self.in_proj_bias is None else self.in_proj_bias[rows])

    def _hidden(self, attn_mask, key_padding_mask, front):
        hidden, padding = hidden_of(attn_mask, hides=True), hidden_of(key_padding_mask, hides=True)
        if hidden is not None and hidden.ndim == 3:  # a table for each row and head
            hidden = hidden.reshape(*front, self.num_heads, *hidden.shape[1:])
        if padding is None:
            return hidden
        padding = padding[..., None, None, :]
        return padding if hidden is None else padding | hidden

    def _weights(self, q, k, mask, average):
        weights = attention_weights(split_heads(q, self.num_heads), split_heads(k, self.num_heads), mask)
        return weights.mean(dim=-3) if average else weights


# %% [markdown]
# ## Systems Analysis
#
# **Predict**: how much memory does the table of weights need for a text of `T` tokens with 4 heads in float32? And for 2T? Write your number down. Then measure time and peak memory of one layer, without gradients.


# %%
def peak_megabytes(function, *arguments):
    """Measure how much memory a call needs at its peak, beyond what was there."""
    tracemalloc.start()
    function(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


lengths, heads = [64, 128, 256, 512, 1024], 4
manual_seed(0)
layer = MultiHeadAttention(64, heads)
measured = []
with no_grad():
    for length in lengths:
        x = Tensor(np.random.default_rng(0).normal(size=(1, length, 64)).astype("float32"))
        measured.append((best_of(layer, x).median, peak_megabytes(layer, x)))
table = [heads * length * length * 4 / 1e6 for length in lengths]
for length, (milliseconds, megabytes), weights_alone in zip(lengths, measured, table, strict=True):
    print(
        f"{length:>5} tokens: {milliseconds:7.2f} ms, {megabytes:6.2f} MB; one table of weights {weights_alone:6.2f} MB"
    )
slope = np.polyfit(np.log(lengths[2:]), np.log([megabytes for _, megabytes in measured[2:]]), 1)[0]
full = lengths[-1] * math.sqrt(2000 / measured[-1][1])
print(f"memory grows with T to the power {slope:.2f}; 2 GB are full at about {full:,.0f} tokens")
viz.lines(
    lengths,
    {"peak, measured": [megabytes for _, megabytes in measured], "one table of weights": table},
    "Memory of attention",
    xlabel="tokens",
    ylabel="MB",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. On logarithmic axes a power is a straight line: twice the tokens, four times the memory.
# 2. The peak is a few tables: scores, their copies on the way, weights. Short texts lie above the line, since there the vectors themselves count, too.
# 3. Time grows in the same way once the tables are large: as many products as the table has cells, times the size of a head.
# 4. Training keeps these tables for each layer until `backward`: memory limits the text's length long before time does.

# %% [markdown]
# ### Advanced (optional): without the table
#
# Softmax needs the sum over all keys, so it seems that all scores must be there at once. They needn't. Take the keys in blocks, and keep for each query three things: the largest score so far, the sum of powers, and the mixture. When a larger score turns up, shrink what was collected by $e^{\text{old} - \text{new}}$ and
# go on. The result is the same, up to rounding (Milakov and Gimelshein 2018; it's the heart of FlashAttention).


# %%
def attention_in_blocks(q, k, v, size=64):
    """Compute attention of arrays (time, d), no mask: only (time, size) scores exist at any moment."""
    best, total = np.full((len(q), 1), -np.inf, dtype=q.dtype), np.zeros((len(q), 1), dtype=q.dtype)
    mixture = np.zeros((len(q), v.shape[1]), dtype=q.dtype)
    for start in range(0, len(k), size):
        scores = q @ k[start : start + size].T / math.sqrt(q.shape[1])
        top = np.maximum(best, scores.max(axis=1, keepdims=True))
        powers, shrink = np.exp(scores - top), np.exp(best - top)
        total = total * shrink + powers.sum(axis=1, keepdims=True)
        mixture = mixture * shrink + powers @ v[start : start + size]
        best = top
    return mixture / total


rng = np.random.default_rng(0)
for length in (256, 512, 1024, 2048):
    q, k, v = (rng.normal(size=(length, 16)).astype("float32") for _ in range(3))
    whole = attention(Tensor(q), Tensor(k), Tensor(v)).data
    difference = abs(attention_in_blocks(q, k, v) - whole).max()
    needs = peak_megabytes(attention, Tensor(q), Tensor(k), Tensor(v)), peak_megabytes(attention_in_blocks, q, k, v)
    print(
        f"{length:>5} tokens: {needs[0]:6.2f} MB whole, {needs[1]:5.2f} MB in blocks; they differ by {difference:.0e}"
    )

# %% [markdown]
# ## 🧪 Module Integration Test
#
# Heads, masks, cache, gradients, and the law of the future.

# %%
manual_seed(0)
layer = MultiHeadAttention(12, 3, causal=True)
x = np.random.default_rng(1).normal(size=(6, 12)).astype("float32")
for place in range(6):
    same(changed_places(layer, x, place), list(range(place, 6)))
weights = layer.weights(Tensor(x)).data
close(weights.sum(axis=-1), np.ones((3, 6)))
same(weights[:, causal_mask(6)], np.zeros((3, 15)))
cache = fixtures.growing_cache(Tensor)
pieces = [layer(Tensor(x[start:end]), cache=cache).data for start, end in ((0, 3), (3, 4), (4, 6))]
close(np.concatenate(pieces), layer(Tensor(x)).data, atol=1e-6)
close(merge_heads(split_heads(Tensor(x), 3)).data, x)
raises(ValueError, lambda: MultiHeadAttention(64, 6), says="take one of [1, 2, 4, 8, 16, 32, 64]")
layer(Tensor(x)).sum().backward()
true(all(p.grad is not None for p in layer.parameters()), "every weight gets a gradient")
true(right_digits(attending(1)[0]) > 0.99, "one head reverses eight digits")
true(right_digits(averaged()[0]) < 0.5, "the average doesn't")
order = np.random.default_rng(0).permutation(6)
blind = MultiHeadAttention(12, 3)
close(blind(Tensor(x[order])).data, blind(Tensor(x)).data[order], atol=1e-6)
print("heads, masks, cache and gradients work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what a long text costs
#
# Cite your measured peak for 512 and for 1,024 tokens, and at how many tokens your layer fills 2 GB. Explain the factor between the two. A model has 12 such layers and is trained on 16 texts at once: which tables must be kept, and what length of text still fits? What do blocks change, and what don't they?
#
# Rubric (5 points): 0, no measured numbers; half, both peaks, a factor of about four, and why (a cell for each pair of tokens); full, also that training keeps the tables of all layers and texts (so the length shrinks by the root of their number), and that blocks save
# memory but compute as many products.

# %% [markdown] nbgrader={"grade_id": "checkpoint_memory", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 13 MB for 512 and 51 MB for 1,024 tokens: about four times, since there is a cell for each pair of tokens and head. 2 GB would be full at about 6,400 tokens. In training scores and weights of 12 layers and 16 texts are kept until backward, about 200 times as much, so the length falls by about
# the root of 200, 14: about 450 tokens. Blocks need only (time, block) cells at once, so memory grows with T alone; the number of products is the same, T times T.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# Which of your functions does each commented line belong to? What does True mean in `attn_mask` here, and what in yours? What does the line with `tril` compute when there are more keys than queries, and how does your `causal_mask` differ?
#
# ```python
# def mystery(query, key, value, attn_mask=None, is_causal=False):
#     L, S = query.size(-2), key.size(-2)
#     bias = torch.zeros(L, S)
#     if is_causal:
#         keep = torch.ones(L, S, dtype=torch.bool).tril(diagonal=0)        # a
#         bias.masked_fill_(keep.logical_not(), float("-inf"))
#     if attn_mask is not None:
#         bias.masked_fill_(attn_mask.logical_not(), float("-inf"))
#     weight = query @ key.transpose(-2, -1) / math.sqrt(query.size(-1))    # b
#     weight = torch.softmax(weight + bias, dim=-1)                         # b
#     return weight @ value                                                # c
# ```
#
# Rubric (5 points): 0, not recognised; half, a is causal_mask, b attention_weights, c attention, and that True means the opposite; full, also that `tril` counts from the first place, so that a single new query would see only the first key, where ours sees all of
# them, and that a row of -inf gives nan here.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# a is causal_mask, b attention_weights, c attention. In attn_mask True means "may be looked at", in ours "hidden". tril(0) lets query i see the keys 0 to i, counted from the first: one query with five keys would see key 0 only. Our queries are the last places, so one query sees all five, which is what a
# cache needs. If everything is hidden, the softmax of -inf gives nan here; ours gives 0.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - Attention is a soft look-up: compare a query with all keys, and mix the values by how well they fit.
# - The division by $\sqrt d$ keeps softmax undecided at the start, whatever the size.
# - A mask works on the scores. What is hidden has the weight 0, and nothing comes from the future, bit for bit.
# - Heads are one more dimension in front. Splitting is a reshape and a swap; merging is the way back.
# - The table of weights has a cell for each pair of tokens: memory grows with the square of the length.
#
# **Next**: module 13 puts attention, an MLP and two norms into a block, stacks blocks, and lets them write.
