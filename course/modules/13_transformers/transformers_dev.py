# %% [markdown]
# # Transformers
#
# {{module}}
#
# Attention lets every token look at the ones before it. In this module you put it into a block that can be stacked, stack a few, and get a **GPT**: a network that
# reads some text and says which character comes next. Then you let it speak, one character at a time.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors, layers, gradients, optimizers, the Trainer, embeddings, attention | layer norm, the MLP, the transformer block, sampling, generation | language models: module 14 makes them faster, 17 and 18 smaller |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch and in large models | why |
# | --- | --- | --- |
# | `layer_norm` works along the last axis | along the last few, as told | a vector for each token is what transformers have; `layer_norm_over` (given) flattens the rest |
# | it is composed of tensor operations | one fused operation with a gradient of its own | the gradient comes from the operations that you have |
# | positions are learnt, one vector for each | rotated queries and keys (RoPE) | a table is the simplest thing that works |
# | one token is one character | pieces of words (module 10) | 65 tokens make a small table and a fast model |
# | each new token computes all the old ones again | keys and values are kept | that's module 14 |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.transformers
#| export
import math

import numpy as np

from tinytorch.core.activations import gelu, relu
from tinytorch.core.attention import MultiheadAttention, MultiHeadAttention
from tinytorch.core.autograd import no_grad
from tinytorch.core.embeddings import Embedding
from tinytorch.core.layers import Dropout, Linear, Module, ModuleList, Parameter
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Tensor
from tinytorch.random import generator

# %%
import functools
import time

from tinytorch import manual_seed, viz
from tinytorch.core.layers import Identity
from tinytorch.core.optimizers import Adam
from tinytorch.core.tokenization import CharTokenizer
from tinytorch.core.training import Trainer
from tinytorch.datasets import shakespeare, trained_transformer
from tinytorch.testing import check_gradient, close, fixtures, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# The text of this module: a million characters of Shakespeare's plays, as ids. The last tenth is held out, to measure with.

# %%
plays = shakespeare()
tokenizer = CharTokenizer(plays)
everything = np.array(tokenizer.encode(plays), dtype="int32")
cut = len(everything) * 9 // 10
train_ids, unseen_ids = everything[:cut], everything[cut:]
print(f"{len(train_ids):,} characters to learn from, {len(unseen_ids):,} held out, {len(tokenizer)} different ones")
print(plays[:60])

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.transformers`. Users write
#
# ```python
# from tinytorch import nn
# from tinytorch.nn import Transformer
# from tinytorch.nn.functional import layer_norm
#
# norm = nn.LayerNorm(64)
# ```

# %% [markdown]
# ## Part 1: Layer norm
#
# In a deep network each layer works on what the one before it gives. If the numbers grow by a tenth from layer to layer, they are 3 times as large after twelve, and 14,000 times as large after a hundred.
# **Layer norm** (Ba, Kiros and Hinton 2016, arXiv 1607.06450) ends that: it takes *each vector by itself*, moves its mean to 0, and stretches it so that its variance is 1. Then each place
# gets a scale $w$ and a shift $b$ that are learnt, so that the network may choose another size where that helps:
#
# $$\text{layer\_norm}(x) = \frac{x - \text{mean}(x)}{\sqrt{\text{var}(x) + \varepsilon}} \cdot w + b \qquad \text{mean and var along the last axis}$$
#
# By hand: $x = [1, 3]$. The mean is 2, the distances from it are $-1$ and $1$, the variance is their average square, 1. Result: $[-1, 1]$. And $[100, 300]$? The same $[-1, 1]$: size doesn't matter any more.
#
# Three places where it goes wrong:
#
# - The mean of each vector by itself, not one mean for the whole batch.
# - `x.var(...)` divides by n - 1 unless you say `correction=0`.
# - `eps` stands under the root: outside of it the result is another one.
#
# (What does $\varepsilon$ do? A vector whose numbers are all equal has variance 0, and nobody wants to divide by that.)


# %% nbgrader={"grade_id": "layer_norm", "solution": true}
#| export
def layer_norm(x, weight=None, bias=None, eps=1e-5):
    """Give each vector along the last axis mean 0 and variance 1; then scale and shift it.

    Args:
        x: a Tensor (..., dim).
        weight, bias: Tensors (dim,), or None: no scale, no shift.
        eps: keeps the root away from 0.

    Returns:
        A Tensor of the shape of x, made of tensor operations.

    TODO: center, divide by the root, then weight and bias if they are given.

    APPROACH:
    1. Subtract the mean along the last axis; keep that axis, so that it broadcasts.
    2. The variance along the same axis, dividing by n (not n - 1).
    3. Divide by the root of variance plus eps.
    4. Multiply by weight and add bias, each only if it isn't None.

    EXAMPLE:
    >>> layer_norm(Tensor([[1.0, 3.0], [100.0, 300.0]]))
    Tensor([[-1.,  1.],
            [-1.,  1.]])

    HINT: `x.mean(dim=-1, keepdim=True)` and `x.var(dim=-1, correction=0, keepdim=True)`; `(...).sqrt()` is the root.
    """
    ### BEGIN SOLUTION
    centered = x - x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, correction=0, keepdim=True)
    out = centered / (variance + eps).sqrt()
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: layer_norm

# %% nbgrader={"grade_id": "test_layer_norm", "grade": true}
test = unit_test("layer_norm")


def normed(x, weight=1.0, bias=0.0, eps=1e-5):
    """The formula in numpy."""
    centered = x - x.mean(axis=-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(axis=-1, keepdims=True) + eps) * weight + bias


@test.check("two vectors by hand, each by itself", points=2)
def _():
    x = Tensor([[1.0, 3.0], [100.0, 300.0]])
    close(layer_norm(x).data, [[-1.0, 1.0], [-1.0, 1.0]], atol=1e-4)
    close(layer_norm(x, Tensor([2.0, 3.0]), Tensor([10.0, 20.0])).data, [[8.0, 23.0], [8.0, 23.0]], atol=1e-4)


@test.check("eps under the root: variance 1 and eps 3 make 2", points=1)
def _():
    close(layer_norm(Tensor([[1.0, 3.0]]), eps=3.0).data, [[-0.5, 0.5]])


@test.check("a batch of texts, along the last axis; a bias without a weight", points=2)
def _():
    x = Tensor([[[1.0, 3.0], [5.0, 3.0], [2.0, 8.0]], [[0.0, 4.0], [9.0, 1.0], [6.0, 8.0]]])
    signs = np.array([[[-1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]]])
    close(layer_norm(x).data, signs, atol=1e-4)
    close(layer_norm(x, bias=Tensor([10.0, 20.0])).data, signs + np.array([10.0, 20.0]), atol=1e-4)


@test.check("the gradients come back to x, weight and bias", points=1)
def _():
    check_gradient(layer_norm, normed, [(2, 3), (3,), (3,)], rtol=1e-4)


### BEGIN HIDDEN TESTS
@test.check("random batches with weight and bias, which stay as they are", points=4, hidden=True)
def _():
    arrays = [test.rng.normal(2.0, 3.0, size=shape).astype("float32") for shape in [(2, 3, 5), (5,), (5,)]]
    same(len(arrays), 3)
    x, w, b = (remote(a) for a in arrays)
    with unchanged(x), unchanged(w), unchanged(b):
        close(layer_norm(Tensor(x), Tensor(w), Tensor(b)).data, normed(*arrays), rtol=1e-4, atol=1e-4)
    close(layer_norm(Tensor(arrays[0]), Tensor(arrays[1])).data, normed(arrays[0], arrays[1]), rtol=1e-4, atol=1e-4)
    close(layer_norm(Tensor(arrays[0]), None, Tensor(arrays[2])).data, normed(arrays[0], 1.0, arrays[2]), atol=1e-4)


@test.check("equal numbers give the bias, no division by zero", points=2, hidden=True)
def _():
    close(
        layer_norm(Tensor(np.full((2, 4), 7.0, dtype="float32")), None, Tensor([1.0, 2.0, 3.0, 4.0])).data,
        [[1.0, 2.0, 3.0, 4.0]] * 2,
    )


@test.check("the gradients for x, weight and bias", points=3, hidden=True)
def _():
    check_gradient(layer_norm, normed, [(2, 3, 4), (4,), (4,)], rtol=1e-4)
    tensors = [Tensor(test.rng.normal(size=shape)) for shape in [(3, 4), (4,), (4,)]]
    same(fixtures.recorded_inputs(Tensor, layer_norm, *tensors), [True, True, True])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The layer around it is given: it carries `weight` (ones to begin with) and `bias` (zeros). `layer_norm_over` takes PyTorch's arguments, in which the axes are named by their sizes.


# %%
#| export
def layer_norm_over(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Normalise over the last axes, whose sizes are `normalized_shape` (an integer or a tuple), as PyTorch's F.layer_norm."""
    sizes = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not sizes or input.shape[-len(sizes) :] != sizes:
        raise ValueError(f"normalized_shape {sizes} must be the last sizes of the input, whose shape is {input.shape}")
    flat = input.reshape(*input.shape[: -len(sizes)], math.prod(sizes))
    weight, bias = (p if p is None else p.reshape(-1) for p in (weight, bias))
    return layer_norm(flat, weight, bias, eps).reshape(*input.shape)


class LayerNorm(Module):
    """layer_norm as a layer, with a scale and a shift that are learnt.

    Args:
        normalized_shape: the size of the vectors, or the sizes of the last axes.
        elementwise_affine: False leaves out scale and shift; bias=False the shift.
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps = shape, eps
        self.weight = Parameter(np.ones(shape, dtype="float32")) if elementwise_affine else None
        self.bias = Parameter(np.zeros(shape, dtype="float32")) if elementwise_affine and bias else None

    def forward(self, x):
        return layer_norm_over(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}"


# %%
rng = np.random.default_rng(0)
sizes = np.array([[0.1], [1.0], [10.0]])
vectors = rng.normal(size=(3, 12)) * sizes + np.array([[0.0], [5.0], [-20.0]])
normalised = LayerNorm(12)(Tensor(vectors)).data
viz.lines(
    None,
    {f"before: size {s[0]:g}": row for s, row in zip(sizes, vectors, strict=True)}
    | {f"after: size {s[0]:g}": row for s, row in zip(sizes, normalised, strict=True)},
    "Three vectors of 12 numbers, before and after layer norm",
    xlabel="place in the vector",
    ylabel="value",
)

# %% [markdown]
# **What's happening**
# 1. Before, one vector hardly moves, one lies around 5, one jumps between -40 and 0.
# 2. After, all three lie between about -2 and 2, around 0.
# 3. The pattern within each vector, which number is large and which small, is the same as before: that's what later layers read.

# %% [markdown]
# **Predict, then run**: what does `layer_norm` give for the vector $[5, 5, 5, 5]$, and what for $[0, 0, 0, 1000]$?

# %%
print(LayerNorm(4)(Tensor([[5.0, 5.0, 5.0, 5.0], [0.0, 0.0, 0.0, 1000.0]])).data.round(3))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Zeros: all distances from the mean are 0, and $\varepsilon$ keeps 0 / 0 away. The second becomes about $[-0.58, -0.58, -0.58, 1.73]$: one number of four can't be further out than $\sqrt{3}$, however large it was.
# </details>

# %% [markdown]
# ### A class of your own (not graded)
#
# Many of today's models leave out the mean: **RMSNorm** (Zhang and Sennrich 2019) only divides by the root of the mean square, $x / \sqrt{\text{mean}(x^2) + \varepsilon} \cdot w$.
# Write it as a `Module`: in `__init__` a Parameter `weight` of ones, in `forward` the formula. `LayerNorm` above shows the form.

# %%
# class RMSNorm(Module):
#     ...

# %%
if "RMSNorm" in globals():
    own = RMSNorm(2)  # noqa: F821
    close(own(Tensor([[3.0, 4.0]])).data, [[3 / math.sqrt(12.5), 4 / math.sqrt(12.5)]], rtol=1e-4)
    same([name for name, _ in own.named_parameters()], ["weight"])
    print("your RMSNorm works, and its weight is found")
else:
    print("no class RMSNorm yet: write it in the cell above")

# %% [markdown]
# <details><summary>One way to write it</summary>
#
# ```python
# class RMSNorm(Module):
#     def __init__(self, dim, eps=1e-5):
#         self.weight, self.eps = Parameter(np.ones(dim, dtype="float32")), eps
#
#     def forward(self, x):
#         return x / ((x**2).mean(dim=-1, keepdim=True) + self.eps).sqrt() * self.weight
# ```
# </details>

# %% [markdown]
# ## Part 2: The MLP
#
# Attention moves information *between* places. What to make of it is decided at each place by itself, by a small network of two layers that is the same for all places: **up** to four times the size,
# an activation, and **down** again.
#
# $$\text{feed\_forward}(x) = \text{down}(\text{gelu}(\text{up}(x)))$$
#
# By hand, with vectors of one number: up makes two of it, $[x, -x]$; the activation is relu; down adds the two. For $x = -3$: $[-3, 3]$, then $[0, 3]$, then 3. Together they compute the absolute value, which no linear layer can.
#
# - Without the activation in between, two linear layers are no more than one.
# - No activation after the second layer: what is added to x must be free to be negative.


# %% nbgrader={"grade_id": "feed_forward", "solution": true}
#| export
def feed_forward(x, up, down, activation=gelu):
    """Apply a layer, an activation, and another layer, at each place by itself.

    Args:
        x: a Tensor (..., dim).
        up, down: layers, called with a Tensor: dim to hidden, hidden to dim.
        activation: a function of a Tensor.

    Returns:
        A Tensor of the shape of x, made of tensor operations: nothing is computed on `.data`.

    TODO: up, activation, down.

    APPROACH:
    1. Call `up` with x.
    2. Apply the activation that was given.
    3. Call `down` with the result.

    EXAMPLE:
    >>> add_one, double = (lambda x: x + 1), (lambda x: 2 * x)
    >>> feed_forward(Tensor([[2.0]]), add_one, double, activation=relu)
    Tensor([[6.]])

    HINT: one line. A layer is called like a function.
    """
    ### BEGIN SOLUTION
    return down(activation(up(x)))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: feed_forward

# %% nbgrader={"grade_id": "test_feed_forward", "grade": true}
test = unit_test("feed_forward")


def layer(weight, bias):
    """A Linear layer with these numbers."""
    made = Linear(len(weight[0]), len(weight))
    made.weight.data = np.array(weight, dtype="float32")
    made.bias.data = np.array(bias, dtype="float32")
    return made


@test.check("the absolute value by hand, and its negative", points=3)
def _():
    up = layer([[1.0], [-1.0]], [0.0, 0.0])
    close(feed_forward(Tensor([[-3.0], [2.0]]), up, layer([[1.0, 1.0]], [0.0]), relu).data, [[3.0], [2.0]])
    close(feed_forward(Tensor([[-3.0], [2.0]]), up, layer([[-1.0, -1.0]], [0.5]), relu).data, [[-2.5], [-1.5]])


@test.check("the gradient comes back to x", points=1)
def _():
    up, down = layer([[2.0], [-1.0]], [0.0, 0.0]), layer([[3.0, 1.0]], [0.0])
    traced = fixtures.recorded_inputs(Tensor, feed_forward, Tensor([[1.0], [-2.0]]), up, down, relu)[0]
    true(traced, "no gradient can come back to x: a step was computed on .data, not with tensor operations")


### BEGIN HIDDEN TESTS
@test.check("random layers with gelu, for a batch of texts", points=4, hidden=True)
def _():
    w1, b1, w2, b2 = (test.rng.normal(size=shape).astype("float32") for shape in [(6, 3), (6,), (3, 6), (3,)])
    x = test.rng.normal(size=(2, 4, 3)).astype("float32")
    hidden = x @ w1.T + b1
    active = np.array([0.5 * h * (1 + math.erf(h / math.sqrt(2))) for h in hidden.ravel().tolist()]).reshape(
        hidden.shape
    )
    given = remote(x)
    with unchanged(given):
        out = feed_forward(Tensor(given), layer(w1.tolist(), b1.tolist()), layer(w2.tolist(), b2.tolist()))
    close(out.data, active @ w2.T + b2, rtol=1e-4, atol=1e-4)


@test.check("made of tensor operations", points=2, hidden=True)
def _():
    up, down, x = Linear(3, 6), Linear(6, 3), Tensor(test.rng.normal(size=(2, 3)))
    same(fixtures.recorded_inputs(Tensor, feed_forward, x, up, down), [True, False, False])
    same(feed_forward(x, up, layer([[0.0] * 6] * 3, [1.0, 2.0, 3.0])).data, [[1.0, 2.0, 3.0]] * 2)


### END HIDDEN TESTS
test.report()


# %%
#| export
class FeedForward(Module):
    """The MLP of a transformer block: dim to hidden (four times dim, if not told) and back."""

    def __init__(self, dim, hidden=None):
        self.up = Linear(dim, hidden or 4 * dim)
        self.down = Linear(hidden or 4 * dim, dim)

    def forward(self, x):
        return feed_forward(x, self.up, self.down)


# %% [markdown]
# **Predict, then run**: attention at width $d$ has four layers of $d \times d$. How many weights does the MLP have in comparison?

# %%
for name, part in {"attention": MultiHeadAttention(64, 4), "MLP": FeedForward(64)}.items():
    print(f"{name:>10}: {sum(p.numel() for p in part.parameters()):,} weights")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Twice as many: $d \cdot 4d$ up and $4d \cdot d$ down make $8d^2$, against $4d^2$. Most of a language model's weights are in its MLPs.
# </details>

# %% [markdown]
# ## Part 3: The block
#
# Now the two are put together, and it's here that depth becomes possible. A block doesn't *replace* its input: it reads it (normalised), computes something, and **adds** that to it.
#
# $$x \leftarrow x + \text{attention}(\text{norm}_1(x)) \qquad\qquad x \leftarrow x + \text{mlp}(\text{norm}_2(x))$$
#
# Think of $x$ as a stream that flows from the first block to the last, and of each half of a block as somebody who reads the stream and writes a note into it. The sum's gradient goes back to *both* parts: unchanged along the
# stream (**residual connection**, He et al. 2015), and through the layer. So even the first of a hundred blocks hears what was wrong at the end.
#
# By hand, with numbers instead of vectors: both norms double, attention adds 10, the MLP multiplies by 3. For $x = 1$: attention gets 2 and gives 12, the stream is $1 + 12 = 13$. The MLP gets 26 and gives 78, the stream is $13 + 78 = 91$.
#
# - The sum itself is never normalised. (The transformer of 2017 did so; it trains only with a careful warm-up. This form is called *pre-norm*.)
# - The second half starts from the result of the first, not from the block's input again.
# - Each half has a norm of its own.
# - Add by `+`, and never write into `x.data`: the stream that you were handed stays as it is.
#
# This exercise has no list of steps: the order of the calls is in the two formulas.


# %% nbgrader={"grade_id": "transformer_block", "solution": true}
#| export
def transformer_block(x, norm1, attention, norm2, mlp):
    """Let attention and the MLP each read the normalised stream x, and add what they say to it.

    Args:
        x: a Tensor (batch, time, dim).
        norm1, attention: the first half; each is called with a Tensor.
        norm2, mlp: the second half.

    Returns:
        A Tensor of the shape of x.

    TODO: both halves.

    EXAMPLE:
    >>> double, add_ten, triple = (lambda x: 2 * x), (lambda x: x + 10), (lambda x: 3 * x)
    >>> transformer_block(Tensor([[1.0]]), double, add_ten, double, triple)
    Tensor([[91.]])

    HINT: which x does the second formula read?
    """
    ### BEGIN SOLUTION
    x = x + attention(norm1(x))
    return x + mlp(norm2(x))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: transformer_block

# %% nbgrader={"grade_id": "test_transformer_block", "grade": true}
test = unit_test("transformer_block")


def affine(weight, bias=0.0):
    """A layer that computes weight * x + bias on vectors of one number."""
    made = Linear(1, 1)
    made.weight.data = np.array([[weight]], dtype="float32")
    made.bias.data = np.array([bias], dtype="float32")
    return made


@test.check("the numbers by hand", points=4)
def _():
    out = transformer_block(Tensor([[1.0], [0.0]]), affine(2.0), affine(1.0, 10.0), affine(2.0), affine(3.0))
    close(out.data, [[91.0], [70.0]])


@test.check("each half has its own norm", points=3)
def _():
    out = transformer_block(Tensor([[1.0]]), affine(2.0), affine(1.0), affine(5.0), affine(1.0, 1.0))
    close(out.data, [[19.0]])


@test.check("the stream that was handed in stays as it is", points=1)
def _():
    stream = remote(np.array([[1.0], [2.0]], dtype="float32"))
    with unchanged(stream):
        out = transformer_block(Tensor(stream), affine(2.0), affine(1.0, 1.0), affine(2.0), affine(3.0))
    close(out.data, [[28.0], [49.0]])


### BEGIN HIDDEN TESTS
@test.check("random layers", points=5, hidden=True)
def _():
    w = test.rng.uniform(-2, 2, size=(4, 2)).astype("float32").tolist()
    x = test.rng.normal(size=(2, 3, 1)).astype("float32")
    first = x + w[1][0] * (w[0][0] * x + w[0][1]) + w[1][1]
    second = first + w[3][0] * (w[2][0] * first + w[2][1]) + w[3][1]
    given = remote(x)
    with unchanged(given):
        out = transformer_block(Tensor(given), *(affine(*pair) for pair in w))
    close(out.data, second, rtol=1e-4, atol=1e-4)


@test.check("halves that say nothing leave the stream as it is", points=3, hidden=True)
def _():
    x = test.rng.normal(size=(2, 3, 1)).astype("float32")
    same(transformer_block(Tensor(x), affine(3.0), affine(0.0), affine(4.0), affine(0.0)).data, x)
    out = transformer_block(Tensor(x), affine(3.0), affine(0.0, 1.0), affine(4.0), affine(0.0, 2.0))
    close(out.data, x + 3)


@test.check("the gradient arrives along the stream and through both halves", points=4, hidden=True)
def _():
    x = Tensor(np.ones((2, 1), dtype="float32"), requires_grad=True)
    attention, mlp = affine(1.0, 10.0), affine(3.0)
    transformer_block(x, affine(2.0), attention, affine(2.0), mlp).sum().backward()
    close(x.grad.data, [[21.0], [21.0]])
    close(attention.weight.grad.data, [[28.0]])
    close(mlp.weight.grad.data, [[52.0]])


### END HIDDEN TESTS
test.report()


# %%
#| export
class Block(Module):
    """A transformer block: causal attention and an MLP, each with its norm.

    Args:
        dim: the size of the vectors.
        heads: how many attention heads share it.
    """

    def __init__(self, dim, heads):
        self.norm1, self.attention = LayerNorm(dim), MultiHeadAttention(dim, heads, causal=True)
        self.norm2, self.mlp = LayerNorm(dim), FeedForward(dim)

    def forward(self, x, cache=None):
        def attention(x):
            return self.attention(x, cache=cache)

        return transformer_block(x, self.norm1, attention, self.norm2, self.mlp)


# %% [markdown]
# Twelve blocks, untrained. What is left of the input? We measure it by how much the tokens' vectors differ from each other after each block: a token that can't be told from its neighbour is lost. And how large is the gradient that reaches
# each block's MLP? With residual and norm, and without one or both.


# %%
class Chain(Module):
    """A block without residual connections: each half replaces the stream."""

    def __init__(self, block):
        self.block = block

    def forward(self, x):
        x = self.block.attention(self.block.norm1(x))
        return self.block.mlp(self.block.norm2(x))


@functools.cache
def through_blocks(residual, norm, depth=12, dim=32):
    """Return how much tokens differ from each other after each block, and the gradient's norm at each block's MLP."""
    manual_seed(0)
    x, blocks, sizes = Tensor(np.random.default_rng(1).normal(size=(4, 16, dim))), [], []
    for _ in range(depth):
        block = Block(dim, heads=4)
        if not norm:
            block.norm1 = block.norm2 = Identity()
        blocks.append(block)
        x = block(x) if residual else Chain(block)(x)
        sizes.append(float(np.sqrt(x.data.var(axis=(0, 1)).mean())))
    (x * Tensor(np.random.default_rng(2).normal(size=x.shape))).mean().backward()
    return sizes, [float(np.linalg.norm(block.mlp.up.weight.grad.data)) for block in blocks]


variants = {
    "residual and norm": (True, True),
    "residual only": (True, False),
    "norm only": (False, True),
    "neither": (False, False),
}
measured = {name: through_blocks(*choice) for name, choice in variants.items()}
for name, (sizes, gradients) in measured.items():
    print(
        f"{name:>18}: differences {sizes[0]:.2g} -> {sizes[-1]:.2g}, gradient first / last {gradients[0] / gradients[-1]:.2g}"
    )
blocks = np.arange(1, 13)
viz.lines(
    blocks,
    {name: m[0] for name, m in measured.items()},
    "How much tokens differ after each block",
    xlabel="block",
    log="y",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. With neither, each block makes the differences smaller by about the same factor: a straight line downwards on a logarithmic axis. After twelve blocks they are below what float32 can tell apart; only the layers' biases are left.
# 2. Norm alone stretches them again in each block, but attention averages over tokens, and nothing keeps what was there: they still get lost, slowly.
# 3. With residuals the stream keeps what it has, and each block adds a little. Without the norm it grows faster; with it, whatever reads the stream gets numbers of size 1.

# %%
viz.lines(
    np.arange(1, 13),
    {name: through_blocks(*choice)[1] for name, choice in variants.items()},
    "Gradient that reaches each block's MLP",
    xlabel="block",
    ylabel="norm",
    log="y",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. Read from right to left: the gradient comes from the loss, after block 12.
# 2. With neither, it fades by the same factor in each block: the first blocks learn nothing, whatever the last ones need from them.
# 3. Each of the two remedies keeps the gradient's size. But look at both figures together: norm alone lets a large gradient through to blocks whose tokens can hardly be told apart. Only the residual keeps both, and with the norm the sizes stay even through a hundred blocks.

# %% [markdown]
# **Predict, then run**: a new block is put into a trained network, its `attention.output` and `mlp.down` set to zero. What changes?

# %%
manual_seed(0)
newcomer, x = Block(8, heads=2), Tensor(np.random.default_rng(0).normal(size=(1, 3, 8)))
for p in newcomer.parameters():
    p.data = np.zeros_like(p.data)
print("largest change:", float(np.abs(newcomer(x).data - x.data).max()))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nothing: both halves add zero to the stream. (The cell sets all the block's weights to zero, which includes those.) A block begins as "do nothing" and learns what to add; some models are started in exactly this way.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: where to put the norm decided whether large models could be trained. Pre-norm is in GPT-2 and everything after it, often with RMSNorm instead of layer norm. The stream of a model with
# > 70 billion weights has 8,192 numbers for each token, and 80 blocks write into it.

# %% [markdown]
# ## Part 4: GPT
#
# The rest is a shell, and given. Token ids get a vector each (module 11), positions, too; the sum is the stream; blocks read and write it; after a last norm, a linear layer gives a score for each token of the vocabulary,
# *at each place*. The scores at place $t$ are the guess for the token at place $t + 1$, made from what there is up to $t$: no place sees the future, so a text of 64 characters is 64 exercises at once.


# %%
#| export
class Transformer(Module):
    """A GPT: from ids (batch, time) to scores (batch, time, vocabulary).

    Args:
        vocabulary: how many tokens there are.
        context: the longest text that it can read, in tokens.
        dim, heads, layers: the size of the stream, heads of each attention, number of blocks.
    """

    def __init__(self, vocabulary, context, dim=64, heads=4, layers=2):
        self.vocabulary, self.context = vocabulary, context
        self.tokens, self.positions = Embedding(vocabulary, dim), Embedding(context, dim)
        for table in (self.tokens, self.positions):
            table.weight.data = 0.1 * table.weight.data  # the blocks' notes begin small; so must what they are added to
        self.blocks = ModuleList([Block(dim, heads) for _ in range(layers)])
        self.norm, self.head = LayerNorm(dim), Linear(dim, vocabulary)

    def forward(self, ids, caches=None, start=0):
        """Score the next token at each place; with caches, one for each block, ids are at the places from `start` on."""
        time = ids.shape[-1]
        if start + time > self.context:
            raise ValueError(f"the context has {self.context} places, got {start + time} tokens: hand on the last ones")
        x = self.tokens(ids) + self.positions(Tensor(np.arange(start, start + time)))
        for block, cache in zip(self.blocks, caches or [None] * len(self.blocks), strict=True):
            x = block(x, cache=cache)
        return self.head(self.norm(x))

    def extra_repr(self):
        return f"vocabulary={self.vocabulary}, context={self.context}"


# %% [markdown]
# The loss is your cross-entropy. It wants rows of scores and one class for each, so `(batch, time, vocabulary)` is laid out as `(batch * time, vocabulary)`.
# Batches are windows from random places of the text, and the targets are the same windows, one character further on.


# %%
#| export
def language_loss(scores, targets):
    """Average the cross-entropy over all places: scores (batch, time, vocabulary), targets (batch, time)."""
    return cross_entropy(scores.reshape(-1, scores.shape[-1]), targets.reshape(-1))


def random_windows(ids, count, length):
    """Cut `count` windows from random places of an array of ids: inputs and, one place further, targets."""
    starts = generator().integers(0, len(ids) - length, size=count)
    windows = ids[starts[:, None] + np.arange(length + 1)]
    return Tensor(windows[:, :-1]), Tensor(windows[:, 1:])


def held_out_loss(model, ids, count=256, batch_size=64):
    """Return the loss, in nats a token, on `count` windows that are spread evenly over the ids."""
    starts = np.linspace(0, len(ids) - model.context - 1, count).astype(int)
    windows = ids[starts[:, None] + np.arange(model.context + 1)]
    total = 0.0
    with no_grad():
        for begin in range(0, count, batch_size):
            batch = windows[begin : begin + batch_size]
            total += language_loss(model(Tensor(batch[:, :-1])), Tensor(batch[:, 1:])).item() * len(batch)
    return total / count


# %% [markdown]
# Look at one batch, then train a little: 60 steps, with the Trainer of module 08. (Its `fit` measures right answers in epochs; a language model is measured by its loss, so we let the trainer take the steps and measure ourselves.)

# %%
manual_seed(0)
inputs, targets = random_windows(train_ids, count=2, length=40)
for row in range(2):
    print("input: ", repr(tokenizer.decode(inputs.data[row])))
    print("target:", repr(tokenizer.decode(targets.data[row])))


def train(model, windows, steps, lr=0.01):
    """Take steps on windows of the text; return the losses."""
    trainer = Trainer(model, language_loss, Adam(model.parameters(), lr=lr), max_norm=1.0)
    return [trainer.train_batch(*windows(train_ids, 16, model.context)) for _ in range(steps)]


manual_seed(0)
small = Transformer(len(tokenizer), context=32, dim=32, heads=4, layers=2)
losses = train(small, random_windows, steps=60)
print(
    f"first loss {losses[0]:.2f}, all {len(tokenizer)} equally likely: {math.log(len(tokenizer)):.2f}, last loss {losses[-1]:.2f}"
)

# %% [markdown]
# ### Watch it learn to write
#
# Real training takes minutes, so it was done once, with this module's reference: a model of 112,577 weights. What it wrote on the way was kept, together with its weights, in a file that comes with the package.
# The next cell *reads* that file, it doesn't train. The milestone of this module trains your own.

# %%
trained = trained_transformer()
print(trained.recipe, "\n")
for steps, text in trained.samples.items():
    print(f"--- after {steps} steps: {trained.held_out[steps]:.2f} nats a character on unseen text\n{text}\n")

# %%
every = 25
smooth = trained.losses[: len(trained.losses) // every * every].reshape(-1, every).mean(axis=1)
viz.lines(
    np.arange(len(smooth)) * every + every / 2,
    {"training": smooth},
    "Loss of the kept training, averages of 25 steps",
    xlabel="step",
    ylabel="nats a character",
    log="x",
)

# %% [markdown]
# **What's happening**
# 1. After 0 steps the scores are small random numbers: a little worse than if every character were equally likely, which costs $\ln 65 = 4.17$ nats.
# 2. After 100 steps it knows how often each letter comes, that lines are short, and some pairs of letters.
# 3. After 400, words: short ones are right, long ones look like English. Names are in capitals, with a colon after them.
# 4. After 1,500, most words exist, and the form of a play is there. There's still no sense in it: the model sees 64 characters, and has as many weights as a small photograph has pixels.

# %% [markdown]
# **Predict, then run**: load the kept weights into *your* classes. Which loss should your model have on the unseen text, if all you wrote is right?

# %%
gpt = Transformer(**trained.sizes)
gpt.load_state_dict(trained.state)
last = max(trained.held_out)
print(
    f"kept: {trained.held_out[last]:.3f} after {last} steps; your classes with its weights: {held_out_loss(gpt, unseen_ids):.3f}"
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The same, except for the third digit: weights are kept in 16 bits. If yours is far off, some part of your block does something different from the block that was trained.
# </details>

# %% [markdown]
# ### Find the fault (not graded)
#
# Somebody made training "much better". The next cell trains two equal models with equal steps, one with `random_windows`, one with `careless_windows`. The new loss is wonderful. Too wonderful:
# nobody can know the next letter that well. There's one planted mistake in the cell. Find it with what you have: decode a batch, as above.


# %%
def careless_windows(ids, count, length):
    """Cut windows from random places of the text."""
    starts = generator().integers(0, len(ids) - length - 1, size=count)
    windows = np.stack([ids[start : start + length + 1] for start in starts])
    inputs, targets = windows[:, 1:], windows[:, -length:]
    return Tensor(inputs), Tensor(targets)


for windows in (random_windows, careless_windows):
    manual_seed(0)
    model = Transformer(len(tokenizer), context=32, dim=32, heads=4, layers=1)
    found = train(model, windows, steps=60)
    print(
        f"{windows.__name__:>17}: loss {found[0]:.2f} -> {found[-1]:.2f}; on unseen text {held_out_loss(model, unseen_ids, 64):.2f}"
    )

# %% [markdown]
# <details><summary>Answer</summary>
#
# `windows[:, 1:]` and `windows[:, -length:]` are the same columns: inputs and targets are equal, and the model learns to copy. Two things give it away: decoded, both lines of a row are the same text, and the loss on unseen text, measured with the right
# windows, is worse than before training. A loss that is too good is a fault until shown otherwise.
# </details>

# %% [markdown]
# ## Part 5: Choose the next token
#
# The model gives a score for each token; softmax makes probabilities of them. Now one token must be chosen. Always the likeliest? Then the same text comes each time, and soon it goes round in circles. So we draw.
#
# **How to draw**: lay the probabilities side by side on a ruler from 0 to 1, each as wide as it is likely, and point at the place $u$, a random number from 0 up to 1. By hand: probabilities $[0.5, 0.3, 0.2]$ end at $0.5, 0.8, 1$. $u = 0.4$
# points at token 0, $u = 0.6$ at token 1, $u = 0.9$ at token 2.
#
# **Temperature** $T$ divides the scores before softmax. $T < 1$ makes large differences larger (careful), $T > 1$ smaller (daring), $T = 0$ means: always the likeliest. Divide the scores, not the probabilities.
# By hand: $T = 0.5$ squares each probability, $[0.25, 0.09, 0.04]$, and divided by their sum it's $[0.66, 0.24, 0.11]$.
#
# **Top k** keeps the $k$ likeliest tokens and gives all others the probability 0 (several may be equal to the last one kept: keep them too). What top k leaves over must be made to add up to 1 again.
# By hand: top 2 of the above is $[0.5, 0.3, 0] / 0.8 = [0.625, 0.375, 0]$.
#
# With u = 0, a token whose probability is 0 must not be chosen. (It takes no room on the ruler, not even its beginning.)
#
# The random number is handed to you as an argument, so that a test knows which answer is right.


# %% nbgrader={"grade_id": "sample_next", "solution": true}
#| export
def sample_next(logits, u, temperature=1.0, top_k=None):
    """Choose a token by its score.

    Args:
        logits: an array of scores, one for each token. It isn't changed.
        u: a random number, 0 <= u < 1.
        temperature: divides the scores; 0 chooses the largest score, whatever u is.
        top_k: only the k tokens with the largest scores may be chosen (and those that are equal to the last of them);
            None: all. May be larger than the vocabulary.

    Returns:
        The token's id, a Python int.

    TODO: temperature, top k, the ruler.

    APPROACH:
    1. Temperature 0: the place of the largest score.
    2. Divide the scores by the temperature, in float64 (`np.asarray(logits, dtype="float64")`): the model's are float32,
       in which u times the length may be rounded up to the last end. A new array: `/=` would change your caller's.
    3. With top k (if it is smaller than the vocabulary): find the k-th largest score, and set all that are
       smaller to -inf. exp(-inf) is 0.
    4. exp of (scores - largest score), then the ends of the pieces by `np.cumsum`. The last end is the whole length.
    5. The first token whose end lies *beyond* u times the whole length.

    EXAMPLE:
    >>> scores = np.log([0.5, 0.3, 0.2])
    >>> [sample_next(scores, u) for u in (0.4, 0.6, 0.9)]
    [0, 1, 2]
    >>> sample_next(scores, 0.9, top_k=2)
    1

    HINT: `np.sort(scores)[-k]` is the k-th largest. `np.searchsorted(ends, place, side="right")` counts the ends up to the
    place, those that are equal to it included. `int(...)` makes a Python int.
    """
    ### BEGIN SOLUTION
    if temperature == 0:
        return int(np.argmax(logits))
    scores = np.asarray(logits, dtype="float64") / temperature
    if top_k is not None and top_k < len(scores):
        scores = np.where(scores < np.sort(scores)[-top_k], -np.inf, scores)
    edges = np.cumsum(np.exp(scores - scores.max()))
    return int(np.searchsorted(edges, u * edges[-1], side="right"))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: sample_next

# %% nbgrader={"grade_id": "test_sample_next", "grade": true}
test = unit_test("sample_next")


def by_hand():
    """The scores of the text, made again for each call."""
    return np.log([0.5, 0.3, 0.2])


def chosen(logits, temperature=1.0, top_k=None, draws=40):
    """What is chosen at evenly spread u, by formula, in another way than the ruler's."""
    order = np.sort(logits)[::-1]
    allowed = logits >= order[min(top_k or len(logits), len(logits)) - 1]
    p = np.where(allowed, np.exp((logits - order[0]) / temperature), 0.0)
    ends, places = np.cumsum(p / p.sum()), (np.arange(draws) + 0.5) / draws
    return places, [int(np.argmax(ends > place)) for place in places]


def clear(logits, places, expected, **options):
    """Compare all draws, but for those that lie within rounding of an end."""
    same(len(expected), len(places))
    same([sample_next(logits, float(u), **options) for u in places], expected)


@test.check("the ruler by hand", points=2)
def _():
    same([sample_next(by_hand(), u) for u in (0.0, 0.4, 0.6, 0.9)], [0, 0, 1, 2])
    same([sample_next(by_hand(), u, temperature=0.5) for u in (0.64, 0.67, 0.88, 0.91)], [0, 1, 1, 2])


@test.check("temperature 0, whatever u is", points=1)
def _():
    same([sample_next(np.array([1.0, 5.0, 2.0]), u, temperature=0) for u in (0.0, 0.99)], [1, 1])


@test.check("top 2, and u = 0 where token 0 may not be chosen", points=3)
def _():
    same([sample_next(by_hand(), u, top_k=2) for u in (0.61, 0.64, 0.99)], [0, 1, 1])
    same(sample_next(by_hand()[::-1], 0.0, top_k=2), 1)


@test.check("the scores stay as they are; the id is a Python int", points=2)
def _():
    scores = remote(by_hand())
    with unchanged(scores):
        token = sample_next(scores, 0.4, temperature=0.5)
    with unchanged(scores):
        sample_next(scores, 0.4, top_k=1)
    true(isinstance(token, int), "the id is to be a Python int: int(...) makes one")


@test.check("top k larger than the vocabulary; equal scores are all kept", points=1)
def _():
    same(sample_next(by_hand(), 0.9, top_k=99), 2)
    same([sample_next(np.array([2.0, 2.0, 0.0]), u, top_k=1) for u in (0.2, 0.7)], [0, 1])


@test.check("scores of a thousand; u just below 1, with scores in float64 and in float32", points=2)
def _():
    same(sample_next(np.array([1000.0, 999.0]), 0.8), 1)
    same(sample_next(np.zeros(10), 1 - 2.0**-53), 9)
    same(sample_next(np.zeros(10, dtype="float32"), 1 - 2.0**-25), 9)


### BEGIN HIDDEN TESTS
@test.check("random scores at several temperatures", points=4, hidden=True)
def _():
    for temperature in (0.3, 1.0, 4.0):
        logits = remote(test.rng.normal(0.0, 2.0, size=12))
        places, expected = chosen(logits.read(), temperature)
        with unchanged(logits):
            sample_next(logits, 0.5, temperature=temperature)
        clear(logits, places, expected, temperature=temperature)


@test.check("random scores with top k, larger than the vocabulary too", points=4, hidden=True)
def _():
    for k in (1, 3, 11, 12, 50):
        logits = test.rng.normal(size=12)
        places, expected = chosen(logits, 0.8, k)
        clear(logits, places, expected, temperature=0.8, top_k=k)


@test.check("equal scores: all that equal the last one kept", points=2, hidden=True)
def _():
    scores = np.array([0.0, 3.0, 3.0, 3.0, 1.0])
    same([sample_next(scores, u, top_k=2) for u in (0.0, 0.3, 0.4, 0.6, 0.7, 0.99)], [1, 1, 2, 2, 3, 3])


@test.check("scores of a thousand don't overflow; u just below 1 stays inside; a Python int", points=4, hidden=True)
def _():
    same(sample_next(np.array([1000.0, 999.0, -1000.0]), 0.5), 0)
    same(sample_next(np.array([1000.0, 999.0, -1000.0]), 0.8), 1)
    u = 1 - 2.0**-53
    for n in (2, 7, 65):
        logits = test.rng.normal(size=n).astype("float32")
        for near in (u, 1 - 2.0**-25):  # the second is 1 in float32, the type of a model's scores
            true(0 <= sample_next(logits, near) < n, "the id is one of the vocabulary")
        same(sample_next(np.append(logits, [50.0, -50.0]).astype("float32"), u, top_k=n), n)
    true(isinstance(sample_next(logits, 0.2), int), "the id is a Python int")
    true(isinstance(sample_next(logits, 0.2, temperature=0), int), "the id is a Python int at temperature 0, too")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What does the trained model expect next? Move the temperature with the mouse or the arrow keys, and choose another beginning. The shares are counted: your `sample_next` draws at 500 evenly spread places of the ruler.

# %%
beginnings = ["ROMEO:\nWhat", "JULIET:\nO", "First Citiz", "the ki", "To be, or not to b"]


def scores_after(text):
    """The model's scores for the character after a text."""
    with no_grad():
        return gpt(Tensor([tokenizer.encode(text)[-gpt.context :]])).data[0, -1]


scores_of = {text: scores_after(text) for text in beginnings}


def shares(beginning, temperature):
    """How often each character is drawn."""
    drawn = [sample_next(scores_of[beginning], (i + 0.5) / 500, temperature) for i in range(500)]
    return np.bincount(drawn, minlength=len(tokenizer)) / len(drawn)


viz.NextToken(shares, beginnings, [tokenizer.decode([i]) for i in range(len(tokenizer))])

# %% [markdown]
# **What's happening**
# 1. At temperature 1 the shares are the model's own: after `ROMEO:` and `What` a blank is likely, but an `'` or a letter is possible.
# 2. Colder, the likeliest takes all. Hotter, rare characters get their chance, and above 2 the text falls apart.
# 3. After `First Citiz` there's hardly a choice at any temperature: the score of `e` is far above the others.

# %% [markdown]
# **Predict, then run**: which temperature gives the share 1 to a single character, and can top k = 1 do the same at any temperature?

# %%
scores_there = scores_after("the ki")
for temperature, k in ((0.0, None), (1.0, 1), (5.0, 1)):
    picks = {tokenizer.decode([sample_next(scores_there, u, temperature, k)]) for u in np.linspace(0, 0.999, 50)}
    print(f"temperature {temperature}, top k {k}: {picks}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Temperature 0 and top k = 1 are the same, as long as no two scores are equal. (A very small temperature comes close to it.) Dividing by a temperature never changes the order of the scores.
# </details>

# %% [markdown]
# ## Part 6: Write
#
# Now the loop: read the text so far, choose a token, append it, and again. What was chosen becomes part of the input, so each token may depend on all before it. (Such models are called *autoregressive*.)
#
# By hand: suppose the context is 3 tokens, and the text so far is `[7, 8, 9, 10]`. The model reads `[8, 9, 10]`, as a batch of one text, and gives scores `(1, 3, vocabulary)`. The row of the last place is the guess for what follows 10.
#
# - The model has no position for a token beyond its context: hand it the last `model.context` tokens, no more.
# - The first `model.context` tokens would make it write the same letter for ever.
# - Only the scores at the last place speak about what isn't there yet.
#
# For each token draw *one* number by `generator().random()`, so that a seed repeats the text.


# %% nbgrader={"grade_id": "generate", "solution": true}
#| export
def generate(model, ids, steps, temperature=1.0, top_k=None):
    """Continue a text, token by token.

    Args:
        model: takes ids (1, time) as a Tensor, gives scores (1, time, vocabulary); `model.context` is the longest time.
        ids: the text so far, a list or an array of at least one id. It isn't changed.
        steps: how many tokens to append.
        temperature, top_k: as in sample_next.

    Returns:
        A list: ids, and the new ones after them.

    TODO: the loop. No gradients are wanted: without `no_grad()` each step would keep its whole graph.

    APPROACH:
    1. Copy the list.
    2. For each step call the model, within `no_grad()`, on the last `model.context` ids, a batch of one.
    3. Take the scores at the last place, and draw with `sample_next` and a fresh `generator().random()`.
    4. Append, and go on.

    EXAMPLE:
    >>> generate(gpt, tokenizer.encode("ROMEO:"), steps=3)          # the end is drawn: yours may differ
    [30, 27, 25, 17, 27, 10, 0, 35, 46]

    HINT: `Tensor([some_list])` has the shape (1, time); `logits.data[0, -1]` is the array of scores at the last place.
    """
    ### BEGIN SOLUTION
    ids = list(ids)
    for _ in range(steps):
        with no_grad():
            logits = model(Tensor([ids[-model.context :]]))
        ids.append(sample_next(logits.data[0, -1], generator().random(), temperature, top_k))
    return ids
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: generate

# %% nbgrader={"grade_id": "test_generate", "grade": true}
test = unit_test("generate")


@test.check("a model that counts goes on counting, beyond its context", points=3)
def _():
    model = fixtures.counting_model(Tensor, vocabulary=10, context=4)
    same(generate(model, [3], 3, temperature=0), [3, 4, 5, 6])
    same(generate(model, [1, 2, 3, 4, 5, 6, 7], 4), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])


@test.check("the model reads as many ids as its context holds, and no graph is kept", points=2)
def _():
    model = fixtures.counting_model(Tensor, vocabulary=10, context=3)
    generate(model, [6], 4, temperature=0)
    read, graphs = [int(n) for n in model.lengths], [bool(r) for r in model.recorded]
    true(read == [1, 2, 3, 3], f"the model is to read 1, 2, 3 and 3 ids, and read {read}")
    true(not any(graphs), "the model was called with gradients recorded: call it within no_grad()")


@test.check("the ids that you were given stay as they are", points=1)
def _():
    text = [4, 2]
    generate(fixtures.counting_model(Tensor, 10, 4), text, 2, temperature=0)
    true(text == [4, 2], "the list that you were given was changed: copy it first, list(ids)")
    given = remote(np.array([4, 2]))
    with unchanged(given):
        written = generate(fixtures.counting_model(Tensor, 10, 4), given, 2, temperature=0)
    same([int(i) for i in written], [4, 2, 3, 4])


@test.check("drawn with a seed: a number for each token, temperature and top k handed on", points=3)
def _():
    manual_seed(3)
    drawn = [int(10 * generator().random()) for _ in range(12)]
    manual_seed(3)
    same(generate(fixtures.counting_model(Tensor, 10, 4, sureness=0.0), [0], 12), [0, *drawn])
    unsure = fixtures.counting_model(Tensor, 10, 4, sureness=1.0)
    same(generate(unsure, [0], 8, top_k=1), list(range(9)))
    same(generate(unsure, [0], 8, temperature=0.02), list(range(9)))


### BEGIN HIDDEN TESTS
@test.check("the model reads all that its context holds, and no graph is kept", points=4, hidden=True)
def _():
    model = fixtures.counting_model(Tensor, vocabulary=10, context=5)
    start = int(test.rng.integers(10))
    same(generate(model, [start, start], 6, temperature=0), [start, *((start + i) % 10 for i in range(7))])
    same(list(model.lengths), [2, 3, 4, 5, 5, 5])
    same(list(model.recorded), [False] * 6)


@test.check("one random number for each token: a seed repeats the text", points=3, hidden=True)
def _():
    seed, model = int(test.rng.integers(1000)), fixtures.counting_model(Tensor, 10, 4, sureness=0.0)
    manual_seed(seed)
    drawn = [float(generator().random()) for _ in range(30)]
    manual_seed(seed)
    same(generate(model, [0], 30), [0, *(int(u * 10) for u in drawn)])


@test.check("temperature and top k are handed on; no steps give the text itself", points=4, hidden=True)
def _():
    manual_seed(int(test.rng.integers(1000)))
    model = fixtures.counting_model(Tensor, 10, 4, sureness=1.0)
    same(generate(model, [0], 12, top_k=1), [*range(10), 0, 1, 2])
    same(generate(model, [0], 12, temperature=0.01), [*range(10), 0, 1, 2])
    true(generate(model, [0], 40) != [i % 10 for i in range(41)], "at temperature 1 an unsure model doesn't only count")
    same(generate(model, [4, 2], 0), [4, 2])
    same(generate(model, np.array([4, 2]), 1, temperature=0), [4, 2, 3])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Your own code writes a play, with the weights of the kept training. Change the beginning, the temperature, the seed.

# %%
manual_seed(1)
start = time.perf_counter()
text = tokenizer.decode(generate(gpt, tokenizer.encode("ROMEO:\n"), steps=300, temperature=0.7, top_k=20))
seconds = time.perf_counter() - start
print(text)
print(f"\n{seconds / 300 * 1000:.1f} ms for each character")

# %% [markdown]
# **Predict, then run**: what does it write at temperature 0? And at 3?

# %%
for temperature in (0, 3.0):
    manual_seed(0)
    print(f"--- temperature {temperature}")
    print(tokenizer.decode(generate(gpt, tokenizer.encode("The "), steps=150, temperature=temperature)))

# %% [markdown]
# <details><summary>Answer</summary>
#
# At 0 it gets into a circle: once the last 64 characters are the same as before, the next must be, too. At 3 it's letter salad: rare characters are nearly as likely as common ones, and after one of them the model has never seen anything like its own text.
# </details>

# %% [markdown]
# ## PyTorch's encoder layer (given)
#
# PyTorch calls the same block `nn.TransformerEncoderLayer`. With `norm_first=True` it's yours, without a mask unless it is given one. Its default is still the form of 2017, which normalises the sum.
# Its weights have PyTorch's names, so that a state moves from one framework to the other.


# %%
#| export
class TransformerEncoderLayer(Module):
    """A block as PyTorch has it: attention over all places (or as a mask allows), then the MLP.

    Args:
        d_model, nhead, dim_feedforward: the size of the vectors, heads, hidden size of the MLP.
        dropout: probability, in both halves (PyTorch drops some of attention's weights, too).
        activation: "relu", "gelu", or a function.
        batch_first: True for (batch, time, dim), as everywhere in this course; False for (time, batch, dim).
        norm_first: True is pre-norm, your transformer_block; False normalises the sums, as in 2017.
    """

    def __init__(
        self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=relu, layer_norm_eps=1e-5,
        batch_first=False, norm_first=False, bias=True,
    ):  # fmt: skip
        self.self_attn = MultiheadAttention(d_model, nhead, bias=bias, batch_first=batch_first)
        self.linear1, self.linear2 = Linear(d_model, dim_feedforward, bias), Linear(dim_feedforward, d_model, bias)
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2))
        self.dropout, self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout), Dropout(dropout)
        self.activation, self.norm_first = {"relu": relu, "gelu": gelu}.get(activation, activation), norm_first

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        """Return what the block makes of src; masks as in MultiheadAttention, True hides."""
        if is_causal and src_mask is None:
            raise ValueError("is_causal only says that src_mask is causal: give the mask, too")

        def attend(x):
            out, _ = self.self_attn(x, x, x, src_key_padding_mask, need_weights=False, attn_mask=src_mask)
            return self.dropout1(out)

        if self.norm_first:
            return transformer_block(src, self.norm1, attend, self.norm2, self._think)
        src = self.norm1(src + attend(src))
        return self.norm2(src + self._think(src))

    def _think(self, x):
        return self.dropout2(feed_forward(x, self.linear1, self.linear2, lambda h: self.dropout(self.activation(h))))


# %% [markdown]
# ## Systems Analysis
#
# Where are the weights, and what does a step cost? A rule of thumb says: a training step takes about $6N$ multiplications and additions for each token, where $N$ is the number of weights that are multiplied: $2N$ forwards, $4N$ backwards.

# %%
dim, layers, context, vocabulary = 64, 2, 64, len(tokenizer)
by_formula = {
    "embeddings": (vocabulary + context) * dim,
    "attention": layers * 4 * (dim * dim + dim),
    "MLP": layers * (8 * dim * dim + 5 * dim),
    "norms": (2 * layers + 1) * 2 * dim,
    "head": dim * vocabulary + vocabulary,
}
counted = sum(p.numel() for p in gpt.parameters())
for part, count in by_formula.items():
    print(f"{part:>11}: {count:8,} weights, {count / counted:5.1%}")
print(f"      total: {sum(by_formula.values()):8,} by formula, {counted:,} by parameters()")


def step_seconds(model, batch, repeats=3):
    """The shortest of a few training steps."""
    optimizer = Adam(model.parameters(), lr=0.001)
    trainer, times = Trainer(model, language_loss, optimizer), []
    for _ in range(repeats):
        inputs, targets = random_windows(train_ids, batch, model.context)
        begin = time.perf_counter()
        trainer.train_batch(inputs, targets)
        times.append(time.perf_counter() - begin)
    return min(times)


manual_seed(0)
fresh = Transformer(vocabulary, context, dim, heads=4, layers=layers)
tokens = 16 * context
seconds = step_seconds(fresh, batch=16)
multiplied = counted - by_formula["embeddings"]  # a row is looked up, not multiplied
operations = 6 * multiplied * tokens
print(
    f"a step on {tokens} tokens: {operations / 1e9:.2f} billion operations, {seconds * 1000:.0f} ms: {operations / seconds / 1e9:.1f} billion in a second"
)

# %%
kept = {
    # query, key and value share one input; output and up have one each; down's is four times as wide
    "inputs of the linear layers": layers * (1 + 1 + 1 + 4) * tokens * dim * 4,
    "attention's weights": layers * 2 * 16 * 4 * context * context * 4,
    "scores for the vocabulary": 2 * tokens * vocabulary * 4,
    "weights, gradients, Adam": 4 * counted * 4,
}
viz.bars(
    ["a step"],
    {part: [size / 1e6] for part, size in kept.items()},
    "What a step keeps in memory, by formula",
    ylabel="MB",
)

# %% [markdown]
# **What's happening**
# 1. Most weights are in the MLPs; the embeddings of 65 characters are few. (With 50,000 tokens they would be most of this model.)
# 2. The weights with their gradients and Adam's two averages are a small part of the memory: what the layers keep for the way back is more, and grows with the batch.
# 3. Attention's weights grow with the *square* of the context: at 64 characters they are one part among others, at 1,024 they are 16 times as much for each token.
# 4. The rate in the printed line is below what a matrix product alone reaches: norms, softmax and GELU move numbers instead of multiplying them.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# Everything together: nothing from the future, a model that learns a text by heart, and writing that repeats it.

# %%
manual_seed(0)
model = Transformer(vocabulary=10, context=8, dim=16, heads=2, layers=2)
ids = np.random.default_rng(0).integers(0, 10, size=(1, 8))
other = ids.copy()
other[0, 5] = (other[0, 5] + 1) % 10
before, after = model(Tensor(ids)).data, model(Tensor(other)).data
same(before[:, :5], after[:, :5])  # to the last bit: place 5 is the future of places 0 to 4
true(bool(np.abs(before[:, 5:] - after[:, 5:]).max() > 1e-6), "what comes after place 5 does depend on it")
raises(ValueError, lambda: model(Tensor(np.zeros((1, 9), dtype="int32"))), says="context")

line = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5] * 6)
trainer = Trainer(model, language_loss, Adam(model.parameters(), lr=0.02), max_norm=1.0)
for _ in range(60):
    loss = trainer.train_batch(*random_windows(line, 8, 8))
true(loss < 0.5, f"a line of 9 digits is learnt by heart, the loss was {loss:.2f}")
same(generate(model, [3, 1, 4, 1, 5], 9, temperature=0), [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 1, 4, 1, 5])
print("norm, MLP, block, GPT, sampling and writing work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what a step costs
#
# Cite your measured milliseconds for a training step and the number of weights. By the rule of $6N$ operations for each token: what would a step take, on your machine at the measured rate, for a model with twice the width `dim` and the same
# number of blocks? And for twice the context, with the same number of texts in a batch? Which part of the memory grows fastest in the second case?
#
# Rubric: 0: no measured number; half: about four times for twice the width (weights grow with the square) and about twice for twice the context (tokens); full: also attention's weights, which grow with the square of the context, as the part that grows fastest.

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured about 80 ms for a step of the model with 112,577 weights (it varies with the machine). Twice the width: the weights in attention and MLP grow fourfold, so about 320 ms. Twice the context with 16 texts: twice as many tokens, so about 160 ms, and a little more, since
# each token's attention looks at twice as many others. Attention's weights (texts, heads, time, time) grow fourfold, everything else in the activations only twofold, so they grow fastest.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# This loop writes text with PyTorch (`torch.topk` gives the largest values in falling order; `torch.multinomial(p, 1)` draws an index with the probabilities p). Which lines are `generate`, which are `sample_next`? What does the line marked `a` do to
# tokens outside the top k? Which tokens does the line marked `b` leave out, and what would happen without it?
#
# ```python
# @torch.no_grad()
# def mystery(net, seq, n, heat, keep):
#     for _ in range(n):
#         window = seq[:, -net.block_size:]                   # b
#         s = net(window)[:, -1, :] / heat
#         best, _ = torch.topk(s, keep)
#         s = s.masked_fill(s < best[:, [-1]], float("-inf"))   # a
#         p = torch.softmax(s, dim=-1)
#         seq = torch.cat([seq, torch.multinomial(p, 1)], dim=1)
#     return seq
# ```
#
# Rubric: 0: not recognised; half: the loop, `b`, the model's call, `[:, -1, :]` and `cat` are generate, the rest sample_next; full: also that -inf gets the probability 0 after softmax, and that `b` leaves out the oldest tokens, for which the model has no positions (an index error or a shape error).

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# generate: the loop, no_grad, the window (b), the call with [:, -1, :], and cat. sample_next: dividing by heat, topk and masked_fill (a), softmax, and multinomial, which does what the ruler with u does. a sets scores below the k-th largest to -inf; exp(-inf) is 0, so they can't be drawn,
# and softmax makes the rest add up to 1. b leaves out the oldest tokens when there are more than block_size. Without it the model would look for positions that its table doesn't have, and fail.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - Layer norm gives each vector mean 0 and size 1: whatever comes before, the next layer gets numbers of the size that it expects.
# - Attention moves information between places; the MLP, with most of the weights, works at each place.
# - A block adds to the stream: signal and gradient pass through twelve blocks, or a hundred.
# - A GPT guesses the next token at each place; nothing looks into the future, so one text is many exercises.
# - Temperature and top k decide how daring it is; the ruler and one random number choose.
#
# **Next**: `tito milestone run transformer` trains your own. Module 14 makes writing faster: each token is computed once.
