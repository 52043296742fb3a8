# %% [markdown]
# # Losses
#
# {{module}}
#
# A model answers; a loss says in one number how wrong the answer is. Training does nothing but make this number smaller,
# so whatever the number rewards is what you will get. You build the four losses that most of deep learning runs on, and
# you build them so that they survive large numbers.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors, activations, layers | `mse_loss`, `cross_entropy`, `binary_cross_entropy_with_logits`, and the stable `log_softmax` below them | every training step from module 05 on |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | a target of `cross_entropy` is the index of the right class | also a probability for each class | one kind is enough to learn from, and it needs no memory for zeros |
# | logits are `(N, C)`: one row per example | also `(N, C, H, W)` and others | reshape first; the arithmetic is the same |
# | shapes of prediction and target must be equal in `mse_loss` | broadcast, with a warning | the broadcast is nearly always a bug, see Part 1 |
# | no class weights, no label smoothing | both | each is one multiplication that you could now add |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.losses
#| export
import numpy as np

from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor, composed, primitive, unwrap

# %%
import math

from tinytorch import manual_seed, viz
from tinytorch.core.activations import softmax
from tinytorch.core.layers import Linear
from tinytorch.datasets import Digits
from tinytorch.profiling import best_of
from tinytorch.testing import close, fixtures, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.losses` (`tinytorch/core/losses.py`). Users write
#
# ```python
# from tinytorch.nn import CrossEntropyLoss, MSELoss     # as objects
# import tinytorch.nn.functional as F                    # F.cross_entropy(...), F.mse_loss(...)
# ```

# %% [markdown]
# ## Part 1: How far off? Mean squared error
#
# A model predicts tomorrow's temperatures: 20, 22 and 19 degrees. It turns out to be 21, 22 and 16. How wrong was it?
#
# | prediction | target | error | squared |
# | --- | --- | --- | --- |
# | 20 | 21 | -1 | 1 |
# | 22 | 22 | 0 | 0 |
# | 19 | 16 | 3 | 9 |
#
# Adding the errors themselves would be a bad idea: -1 and 3 partly cancel, and a model that is ten degrees too warm one
# day and ten too cold the next would look perfect. Squaring makes every error count upwards. The mean of the squares,
# $(1 + 0 + 9) / 3 = 3.33$, is the **mean squared error**:
#
# $$\text{MSE} = \frac{1}{n} \sum_{i=1}^{n} (\hat y_i - y_i)^2$$
#
# Squaring has a second effect, which is a choice: the error of 3 counts nine times the error of 1. One day that is far
# off costs more than many that are a little off. And it has a third, which module 05 will be glad of: the square is
# smooth, so it has a slope everywhere, and the slope says in which direction to improve.
#
# All our losses end the same way: one number per example becomes the mean, the sum, or stays as it is. This is given.


# %%
#| export
def reduced(losses, reduction):
    """Give the mean or the sum of a Tensor of losses, or the losses themselves ("none")."""
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":
        return losses
    raise ValueError(f"reduction is one of 'mean', 'sum', 'none', got {reduction!r}")


def check_same_shape(name, input, target):
    """Refuse shapes that differ: numpy would broadcast (N,) against (N, 1) to (N, N) and average the wrong numbers."""
    if input.shape != target.shape:
        raise ValueError(f"{name} compares number with number, got {input.shape} and {target.shape}: reshape one")


# %% nbgrader={"grade_id": "mse_loss", "solution": true}
#| export
def mse_loss(input, target, reduction="mean"):
    """Return the mean squared error of predictions.

    Args:
        input: the predictions, a Tensor of any shape.
        target: what they should have been, a Tensor of the same shape.
        reduction: "mean", "sum" or "none".

    TODO: square the differences and reduce them.

    APPROACH:
    1. Let check_same_shape("mse_loss", input, target) refuse shapes that differ.
    2. Take the difference, and square it: operators of Tensor do both.
    3. Hand the squares to reduced(...).

    EXAMPLE:
    >>> mse_loss(Tensor([20.0, 22.0, 19.0]), Tensor([21.0, 22.0, 16.0])).item()
    3.3333...

    HINT: `** 2` works on Tensors.

    TINYTORCH ASSUMPTIONS: shapes are equal. PyTorch broadcasts unequal ones and warns; that is nearly always a mistake.
    """
    ### BEGIN SOLUTION
    check_same_shape("mse_loss", input, target)
    return reduced((input - target) ** 2, reduction)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: mse_loss

# %% nbgrader={"grade_id": "test_mse_loss", "grade": true}
test = unit_test("mse_loss")


@test.check("the mean of the temperatures' squared errors", points=3)
def _():
    close(mse_loss(Tensor([20.0, 22.0, 19.0]), Tensor([21.0, 22.0, 16.0])).data, 10 / 3)


@test.check("sum and none", points=2)
def _():
    prediction, target = Tensor([20.0, 22.0, 19.0]), Tensor([21.0, 22.0, 16.0])
    close(mse_loss(prediction, target, reduction="sum").data, 10.0)
    close(mse_loss(prediction, target, reduction="none").data, [1.0, 0.0, 9.0])


@test.check("a column and a row are refused; made of tensor operations", points=1)
def _():
    raises(ValueError, mse_loss, Tensor([[1.0], [2.0]]), Tensor([1.0, 2.0]), says="(2, 1)")
    recorded = fixtures.recorded_inputs(Tensor, mse_loss, Tensor([1.0]), Tensor([2.0]))
    true(recorded == [True, True], "made of tensor operations: what is computed on .data gives no gradient back")


### BEGIN HIDDEN TESTS
@test.check("random predictions of several shapes", points=6, hidden=True)
def _():
    for shape in [(5,), (4, 3), (2, 3, 4)]:
        a, b = test.rng.normal(size=shape).astype("float32"), test.rng.normal(size=shape).astype("float32")
        close(mse_loss(Tensor(a), Tensor(b)).data, np.mean((a - b) ** 2))
        close(mse_loss(Tensor(a), Tensor(b), reduction="none").data, (a - b) ** 2)


@test.check("shapes that differ are refused", points=3, hidden=True)
def _():
    raises(ValueError, lambda: mse_loss(Tensor([[1.0], [2.0]]), Tensor([1.0, 2.0])), says="(2, 1)")
    a, b = Tensor([[1.0], [2.0]]), Tensor([[1.0], [4.0]])
    close(mse_loss(a, b).data, 2.0)
    same(fixtures.recorded_inputs(Tensor, mse_loss, a, b), [True, True])  # made of tensor operations


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Look at what squaring does to an error, beside the absolute value, the other obvious way to make it count upwards.

# %%
errors = np.linspace(-3, 3, 121)
viz.lines(
    errors,
    {"squared error": errors**2, "absolute error": np.abs(errors)},
    "What an error costs",
    xlabel="prediction - target",
    ylabel="loss",
    notes=[(2, 4, "twice the error, four times the loss")],
)

# %% [markdown]
# **What's happening**
# 1. Both curves are lowest at 0, where the prediction is right.
# 2. Below an error of 1 the square is the milder of the two, above it is harsher: 3 costs 9.
# 3. The slope of the square grows with the error: far off, the loss pulls hard; near the target it lets go gently.
# 4. The absolute value pulls equally hard everywhere and has a corner at 0, where the slope jumps from -1 to 1.

# %% [markdown]
# **Predict, then run**: one of a hundred measured temperatures is a typing error, 200 instead of 20. What does it do to
# the mean squared error of a model that is otherwise off by 1 degree each day?


# %%
def loss_with_a_typing_error():
    measured, predicted = np.full(100, 20.0), np.full(100, 21.0)
    measured[0] = 200.0
    return mse_loss(Tensor(predicted), Tensor(measured)).item()


viz.Prediction(
    "typing_error",
    "Without the typing error the loss is 1. What is it with it?",
    loss_with_a_typing_error,
    within=0.1,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Without it the loss is 1. The typo adds 179² / 100 = 320: one wrong number of a hundred is 99.7 % of the loss, and
# training will bend the model towards it. Where such outliers are expected, use the absolute error, or Huber's loss,
# which is the square near 0 and the absolute value further out.
# </details>

# %% [markdown]
# ## Part 2: Adding exponentials without overflow
#
# A classifier answers with one score per class, its **logits**, such as $(2, 1, 0)$. Softmax (module 02) makes
# probabilities of them: $e^{2} : e^{1} : e^{0}$, so $(0.665, 0.245, 0.090)$. The loss of a classifier will be made of
# the logarithm of such a probability:
#
# $$\log p_i = \log \frac{e^{x_i}}{\sum_j e^{x_j}} = x_i - \log \sum_j e^{x_j}$$
#
# The last term is called **log-sum-exp**. By hand for $(2, 1, 0)$: $\log(7.389 + 2.718 + 1) = \log 11.107 = 2.408$.
# On paper that is all. On a computer it is a trap: in float32, $e^{89}$ is already larger than the largest number.

# %%
with np.errstate(over="ignore"):
    for largest in (2.0, 80.0, 100.0):
        logits = np.array([largest, 1.0, 0.0], dtype="float32")
        print(f"log(sum(exp({logits}))) = {np.log(np.sum(np.exp(logits)))}")

# %% [markdown]
# The answer to the last line is plainly 100 (adding $e^1$ and $e^0$ to $e^{100}$ changes nothing that float32 could
# show), yet the machine says infinity. The remedy is one line of algebra. Take any number $m$ out of the sum:
#
# $$\log \sum_j e^{x_j} = \log \Big( e^{m} \sum_j e^{x_j - m} \Big) = m + \log \sum_j e^{x_j - m}$$
#
# This holds for every $m$. Choose the largest logit: then the largest exponent is $e^0 = 1$. Nothing can overflow, and
# the sum is at least 1, so its logarithm is not in danger either. Logits far below the largest become $e^{-200} = 0$,
# which is as it should be.
#
# Write it for arrays: here `a` is a numpy array, not a Tensor. (An operation of our framework is a plain function on
# arrays; Part 3 makes a Tensor operation of it.)


# %% nbgrader={"grade_id": "logsumexp", "solution": true}
#| export
def logsumexp(a, dim=-1):
    """Return log(sum(exp(a))) along one axis, without overflow.

    Args:
        a: an array.
        dim: the axis that is summed; it is kept with length 1, so that the result can be subtracted from `a`.

    TODO: take the largest value out of the sum.

    APPROACH:
    1. m: the largest value along dim (keep the axis).
    2. Sum exp(a - m) along dim (keep the axis).
    3. Return m + log of the sum.

    EXAMPLE:
    >>> logsumexp(np.array([[2.0, 1.0, 0.0]]))
    array([[2.40760596]])
    >>> logsumexp(np.array([[1000.0, 1000.0]]))       # 1000 + log 2
    array([[1000.69314718]])

    HINT: np.max and np.sum take axis=... and keepdims=True.
    """
    ### BEGIN SOLUTION
    m = np.max(a, axis=dim, keepdims=True)
    return m + np.log(np.sum(np.exp(a - m), axis=dim, keepdims=True))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: logsumexp

# %% nbgrader={"grade_id": "test_logsumexp", "grade": true}
test = unit_test("logsumexp")


@test.check("the example by hand, axis kept", points=2)
def _():
    close(logsumexp(np.array([[2.0, 1.0, 0.0]])), [[2.407606]])


@test.check("a thousand does not overflow, whatever the other rows are", points=3)
def _():
    close(logsumexp(np.array([[1000.0, 1000.0], [-1000.0, -1000.0]])), [[1000.6931472], [-999.3068528]])
    close(logsumexp(np.array([[0.0, 1000.0]])), [[1000.0]])


### BEGIN HIDDEN TESTS
@test.check("random arrays, either axis", points=5, hidden=True)
def _():
    a = test.rng.normal(size=(4, 6))
    close(logsumexp(a, dim=1), np.log(np.exp(a).sum(axis=1, keepdims=True)))
    close(logsumexp(a, dim=0), np.log(np.exp(a).sum(axis=0, keepdims=True)))


@test.check("very large and very small float32 logits stay finite", points=5, hidden=True)
def _():
    shift = float(test.rng.uniform(200, 5000))
    a = np.array([[0.0, -1.0, -2.0]], dtype="float32")
    expected = np.log(np.exp(a).sum())
    close(logsumexp(a + np.float32(shift)), [[shift + expected]], rtol=1e-4)
    close(logsumexp(a - np.float32(shift)), [[expected - shift]], rtol=1e-4)
    both = np.concatenate([a + np.float32(shift), a - np.float32(shift)])
    close(logsumexp(both), [[shift + expected], [expected - shift]], rtol=1e-4)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# How near does log-sum-exp come to the plain maximum? Hold one logit at 0 and move the other.

# %%
moving = np.linspace(-6, 6, 121)
pairs = np.stack([moving, np.zeros_like(moving)], axis=1)
viz.lines(
    moving,
    {"logsumexp(x, 0)": logsumexp(pairs)[:, 0], "max(x, 0)": np.maximum(moving, 0)},
    "Log-sum-exp is a smooth maximum",
    xlabel="x",
    notes=[(0, math.log(2), "both equal: log 2 above")],
)

# %% [markdown]
# **What's happening**
# 1. Where one logit is far larger, the sum is that one exponential and the logarithm undoes it: the curve is the maximum.
# 2. Where both are equal, the sum has two equal terms, so the curve lies $\log 2 = 0.69$ above.
# 3. The corner of the maximum has become a bend with a slope everywhere. (The curve is also `softplus`, see Part 5.)

# %% [markdown]
# **Predict, then run**: does subtracting the *smallest* value instead of the largest work as well? It is also some $m$.

# %%
with np.errstate(over="ignore"):
    logits = np.array([0.0, 1000.0], dtype="float32")
    print("minimum taken out:", logits.min() + np.log(np.sum(np.exp(logits - logits.min()))))

# %% [markdown]
# <details><summary>Answer</summary>
#
# On paper yes. In the machine $e^{x - \min}$ overflows as before: with logits 0 and 1000 the exponent is 1000 again.
# Only the largest value guarantees exponents of at most 0.
# </details>

# %% [markdown]
# ## Part 3: Logarithms of probabilities
#
# With log-sum-exp at hand, the logarithm of softmax is one subtraction: $\log p_i = x_i - \text{logsumexp}(x)$. For
# $(2, 1, 0)$: subtract 2.408 and get $(-0.408, -1.408, -2.408)$. Check: $e^{-0.408} = 0.665$.
#
# Why not simply `log(softmax(x))`? Softmax has no overflow (module 02 saw to that), but it **underflows**: a class that is
# 200 logits behind gets the probability $e^{-200}$, which float32 stores as 0, and $\log 0 = -\infty$. Never take the
# logarithm of a number that may have been rounded to 0; go back to where it came from and take the logarithm on paper.
#
# `log_softmax` is the first operation of this module that belongs to the framework: `@primitive` (module 01) lets it take
# and return Tensors, while you write it for arrays.


# %% nbgrader={"grade_id": "log_softmax", "solution": true}
#| export
@primitive
def log_softmax(a, dim=-1):
    """Return the logarithm of softmax along one axis.

    Args:
        a: logits, an array.
        dim: the axis along which the probabilities add up to 1.

    TODO: take off the largest logit, then log-sum-exp of what is left. No steps this time: you will find them.

    EXAMPLE:
    >>> log_softmax(Tensor([[2.0, 1.0, 0.0]])).data
    array([[-0.407606, -1.407606, -2.407606]], dtype=float32)

    HINT: a - logsumexp(a, dim) is the same on paper, but beside 1e8 a float32 has no room for log 2.
    """
    ### BEGIN SOLUTION
    shifted = a - np.max(a, axis=dim, keepdims=True)
    return shifted - logsumexp(shifted, dim)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: log_softmax

# %% nbgrader={"grade_id": "test_log_softmax", "grade": true}
test = unit_test("log_softmax")


@test.check("the example by hand, and a second row; columns with dim=0", points=3)
def _():
    logits = Tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    rows = [[-0.407606, -1.407606, -2.407606], [-2.407606, -1.407606, -0.407606]]
    close(log_softmax(logits).data, rows)
    close(log_softmax(logits, dim=0).data, [[-0.126928, -0.693147, -2.126928], [-2.126928, -0.693147, -0.126928]])


@test.check("a hopeless class keeps its logarithm; beside 1e8 there is room for log 2", points=2)
def _():
    close(log_softmax(Tensor([[0.0, -200.0]])).data, [[0.0, -200.0]])
    close(log_softmax(Tensor([[1e8, 1e8]])).data, [[-0.693147, -0.693147]])


### BEGIN HIDDEN TESTS
@test.check("exponentials add up to 1 along the axis", points=5, hidden=True)
def _():
    a = test.rng.normal(scale=3, size=(3, 5, 4)).astype("float32")
    for dim in (0, 1, 2, -1):
        close(np.exp(log_softmax(Tensor(a), dim=dim).data).sum(axis=dim), np.ones(a.sum(axis=dim).shape))
    close(log_softmax(Tensor([[1e8, 1e8, 0.0]])).data, [[-0.693147, -0.693147, -1e8]])
    close(log_softmax(Tensor([[1e8, 1e8], [0.0, 1.0]])).data, [[-0.693147, -0.693147], [-1.313262, -0.313262]])
    close(log_softmax(Tensor(a), dim=0).data, a - np.log(np.exp(a).sum(axis=0, keepdims=True)), rtol=1e-4, atol=1e-4)
    close(log_softmax(Tensor([[1e8, 0.0], [1e8, 1e8]]), dim=0).data, [[-0.693147, -1e8], [-0.693147, 0.0]])


@test.check("differences of logits are kept; a shift of all changes nothing", points=5, hidden=True)
def _():
    a = test.rng.normal(size=(6, 7))
    given = remote(a)
    with unchanged(given):
        out = log_softmax(Tensor(given)).data
    close(out[:, 1:] - out[:, :1], a[:, 1:] - a[:, :1])
    close(log_softmax(Tensor(a + 300.0)).data, out)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Let one logit fall behind the other, and compare the two ways in float32.

# %%
behind = np.linspace(0, 140, 141, dtype="float32")
two_classes = np.stack([np.zeros_like(behind), -behind], axis=1)
with np.errstate(divide="ignore"):
    naive = np.log(softmax(Tensor(two_classes)).data[:, 1])
viz.lines(
    behind,
    {"log_softmax(x)": log_softmax(Tensor(two_classes)).data[:, 1], "log(softmax(x))": naive},
    "Logarithm of the smaller probability",
    xlabel="logits behind",
    ylabel="log p",
    notes=[(104, -104, "softmax is 0: -inf", "right")],
)

# %% [markdown]
# **What's happening**
# 1. Both curves fall by 1 for each logit: they compute the same thing.
# 2. Below $e^{-87}$ float32 has fewer and fewer digits left for a number (the naive curve wavers, too little to be seen here).
# 3. At about 104 softmax gives exactly 0; its logarithm is $-\infty$, and the curve ends.
# 4. A loss of infinity has no useful slope: one such example would end the training of a whole model.

# %% [markdown]
# **Predict, then run**: what are the values of `log_softmax` for a hundred equal logits?

# %%
viz.Prediction(
    "hundred_equal_logits",
    "What is log_softmax of each of a hundred equal logits?",
    lambda: log_softmax(Tensor(np.full((1, 100), 7.0)))[0, 0].item(),
    within=0.01,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Each probability is 1/100, each logarithm $-\log 100 = -4.605$, whatever the logits' common value is.
# </details>

# %% [markdown]
# ## Part 4: How surprised? Cross-entropy
#
# Think of a weather forecaster who must put numbers on the possibilities: 70 % sun, 20 % clouds, 10 % rain. It rains. How
# bad was the forecast? A good measure is **surprise**: $-\log p$ of what really happened. Rain had been given 10 %, so
# the surprise is $-\log 0.1 = 2.30$. Had it been sunny, $-\log 0.7 = 0.36$. Someone who had said 100 % rain would not be
# surprised at all ($-\log 1 = 0$), and someone who had said 0 %, infinitely.
#
# A classifier is such a forecaster, and **cross-entropy** is its mean surprise over the examples. For logits
# $x$ (one row per example) and the right classes $y$:
#
# $$\text{cross-entropy} = -\frac{1}{N} \sum_{n=1}^{N} \log p_{n, y_n}, \qquad \log p = \text{log\_softmax}(x)$$
#
# By hand, for the logits $(2, 1, 0)$ of Part 3:
#
# | right class | its $\log p$ | loss |
# | --- | --- | --- |
# | 0 | -0.408 | 0.408 |
# | 2 | -2.408 | 2.408 |
#
# Only the right class's logarithm is picked; the others matter through the log-sum-exp inside it. Picking one element per
# row is what numpy's index arrays do: `table[[0, 1], [2, 0]]` is `[table[0, 2], table[1, 0]]`.

# %%
table = np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]])
print(table[np.arange(2), [2, 0]])


# %% [markdown]
# A wrong target would pick a wrong number silently (index -1 is the last class), so this check is given.
#
# (`@composed`, from module 01, lets module 16 replace this function by a faster one, by name.)


# %%
#| export
def checked_targets(input, target):
    """Return the array of class indices, or say what is wrong with them."""
    classes = unwrap(target)
    if input.ndim != 2:
        raise ValueError(f"cross_entropy needs logits of shape (N, C), got {input.shape}: reshape them")
    if classes.shape != input.shape[:1]:
        raise ValueError(f"each row of logits needs one class, got logits {input.shape} and targets {classes.shape}")
    if classes.dtype.kind not in "iu":
        raise TypeError(f"targets are class indices, whole numbers; got {classes.dtype}: convert with .to('int32')")
    if classes.size and (classes.min() < 0 or classes.max() >= input.shape[1]):
        raise ValueError(f"classes lie in 0..{input.shape[1] - 1}, got {classes.min()}..{classes.max()}")
    return classes


# %% nbgrader={"grade_id": "cross_entropy", "solution": true}
#| export
@composed
def cross_entropy(input, target, reduction="mean"):
    """Return the mean surprise of a classifier.

    Args:
        input: logits, a Tensor (N, C).
        target: the right class of each row, a Tensor of N integers.
        reduction: "mean", "sum" or "none".

    TODO: pick the log-probability of the right class in each row, change its sign, reduce.

    APPROACH:
    1. checked_targets(input, target) gives the class indices as an array.
    2. log_softmax of the logits along dim=1.
    3. Pick one element per row: log_probs[rows, classes], with rows = np.arange(N).
    4. Change the sign, and hand the N surprises to reduced(...).

    EXAMPLE:
    >>> cross_entropy(Tensor([[2.0, 1.0, 0.0]]), Tensor([0])).item()
    0.4076...

    HINT: Tensors can be indexed with arrays as numpy arrays can: log_probs[np.arange(N), classes].

    TINYTORCH ASSUMPTIONS: a target is one class. PyTorch also takes a probability for each class.
    """
    ### BEGIN SOLUTION
    classes = checked_targets(input, target)
    log_probs = log_softmax(input, dim=1)
    picked = log_probs[np.arange(len(classes)), classes]
    return reduced(-picked, reduction)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: cross_entropy

# %% nbgrader={"grade_id": "test_cross_entropy", "grade": true}
test = unit_test("cross_entropy")


@test.check("one row, by hand", points=3)
def _():
    close(cross_entropy(Tensor([[2.0, 1.0, 0.0]]), Tensor([0])).data, 0.407606)
    close(cross_entropy(Tensor([[2.0, 1.0, 0.0]]), Tensor([2])).data, 2.407606)


@test.check("the mean over rows, one surprise for each", points=3)
def _():
    logits = Tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    loss = cross_entropy(logits, Tensor([0, 2])).data
    true(not np.allclose(loss, 0.376555), "the mean is taken once: reduced() divides by the number of rows already")
    close(loss, (0.407606 + 1.098612) / 2)
    close(cross_entropy(logits, Tensor([0, 2]), reduction="none").data, [0.407606, 1.098612])


@test.check("a class that does not exist is refused, -1 too", points=2)
def _():
    raises(ValueError, cross_entropy, Tensor([[1.0, 2.0]]), Tensor([2]), says="0..1")
    raises(ValueError, cross_entropy, Tensor([[1.0, 2.0]]), Tensor([-1]))
    close(cross_entropy(Tensor([[1.0, 2.0]]), Tensor([1])).data, 0.313262)


### BEGIN HIDDEN TESTS
@test.check("random logits", points=5, hidden=True)
def _():
    x, y = test.rng.normal(size=(8, 5)), test.rng.integers(0, 5, 8)
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    surprise = -np.log(p[np.arange(8), y])
    logits, classes = remote(x), remote(y)
    with unchanged(logits), unchanged(classes):
        close(cross_entropy(Tensor(logits), Tensor(classes)).data, surprise.mean())
    close(cross_entropy(Tensor(x), Tensor(y), reduction="none").data, surprise)
    close(cross_entropy(Tensor(x), Tensor(y), reduction="sum").data, surprise.sum())


@test.check("confident and wrong by a thousand logits is finite", points=4, hidden=True)
def _():
    logits, target = Tensor([[1000.0, 0.0]]), Tensor([1])
    close(cross_entropy(logits, target).data, 1000.0)
    same(fixtures.recorded_inputs(Tensor, cross_entropy, logits, target)[0], True)  # made of tensor operations


@test.check("impossible targets are refused", points=3, hidden=True)
def _():
    raises(ValueError, lambda: cross_entropy(Tensor([[1.0, 2.0]]), Tensor([2])), says="0..1")
    raises(ValueError, lambda: cross_entropy(Tensor([[1.0, 2.0]]), Tensor([0, 1])), says="(1, 2)")
    close(cross_entropy(Tensor([[1.0, 1.0]]), Tensor([1])).data, math.log(2))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The price of a probability:

# %%
p = np.linspace(0.005, 1, 200)
viz.lines(
    p,
    {"-log p": -np.log(p), "(1 - p)²": (1 - p) ** 2},
    "Surprise at what really happened",
    xlabel="probability given to the right class",
    ylabel="loss",
    notes=[(0.1, 2.30, "10 %: 2.30"), (0.7, 0.36, "70 %: 0.36")],
)

# %% [markdown]
# **What's happening**
# 1. Being right and sure costs nothing: both curves end at 0 for $p = 1$.
# 2. From 70 % down to 10 % the surprise grows by a factor of six; halving $p$ always adds $\log 2 = 0.69$.
# 3. Towards $p = 0$ surprise grows without bound: confident and wrong is the worst you can be.
# 4. The squared error of a probability can't exceed 1: whether the right class was given 10 % or 0.1 % hardly matters to it, though the second forecast is a hundred times worse. That is why classifiers are trained with cross-entropy.

# %% [markdown]
# Now real data: the handwritten digits, and a layer that has learned nothing yet. What loss should it have?

# %%
manual_seed(0)
images, labels = Digits(train=True).arrays()
untrained = Linear(64, 10)
logits = untrained(Tensor(images.reshape(-1, 64)))
losses = cross_entropy(logits, Tensor(labels), reduction="none").data
print(f"mean loss {losses.mean():.3f}, and log(10) = {math.log(10):.3f}")
worst = np.argsort(-losses)[:8]
viz.images(
    images[worst],
    [f"{label}: {loss:.2f}" for label, loss in zip(labels[worst], losses[worst], strict=True)],
    "The digits that surprise it most",
)

# %% [markdown]
# **What's happening**
# 1. An untrained layer gives all ten classes about the same score, so each gets a probability of about 1/10.
# 2. The surprise of 1/10 is $\log 10 = 2.303$, and the measured mean is near it, a little above: the scores are not quite equal, and being sure of the wrong class costs more than being sure of the right one saves.
# 3. This is a test that costs nothing: if the first loss of a classifier with $C$ classes is far from $\log C$, something is wrong before training begins (inputs not scaled, wrong targets, weights too large).
# 4. The pictures are those where the accidental scores were most against the right class.

# %% [markdown]
# **Predict, then run**: multiply the untrained layer's logits by 100. The class with the highest score stays the same in
# each row. What happens to the loss?

# %%
print("logits * 1:  ", cross_entropy(logits, Tensor(labels)).item())
print("logits * 100:", cross_entropy(logits * 100.0, Tensor(labels)).item())

# %% [markdown]
# <details><summary>Answer</summary>
#
# It explodes. The layer is right as often as before, about one time in ten, but now it is sure of itself, and nine times
# out of ten sure of the wrong class. Cross-entropy looks at confidence; accuracy does not.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: a language model is a classifier over its vocabulary, 50,000 classes and more, at every
# > position of the text. Its loss is this function, and "perplexity", the number in every report, is $e^{\text{loss}}$: the number of
# > equally likely words that the model seems to be choosing from. For real vocabularies the logits are the largest tensor
# > of the whole training step; libraries compute the loss without ever storing the probabilities.

# %% [markdown]
# ## Part 5: Yes or no, from logits
#
# With two classes one logit is enough: let the other be 0. Then $p = \sigma(x) = 1 / (1 + e^{-x})$ is the probability
# of "yes", and the surprise is $-\log p$ for a yes ($y = 1$) and $-\log (1 - p)$ for a no ($y = 0$):
#
# $$\text{BCE} = -y \log \sigma(x) - (1 - y) \log (1 - \sigma(x))$$
#
# Taken literally this has the trap of Part 3 twice: $\sigma(40)$ is exactly 1 in float32, so $\log(1 - 1) = -\infty$. Again
# the remedy is on paper. With two logits $(x, 0)$, log-sum-exp is $\log(e^x + e^0) = \log(1 + e^x)$, the **softplus** of
# $x$. Then $\log \sigma(x) = x - \text{softplus}(x)$, and $\log(1 - \sigma(x)) = 0 - \text{softplus}(x)$. Put these
# in, and all but two terms cancel:
#
# $$\text{BCE} = \text{softplus}(x) - x\,y$$
#
# By hand: $x = 0$ says "no idea", and costs $\log 2 = 0.693$ either way. $x = 3$ costs $3.049 - 3 = 0.049$ for a yes
# and $3.049$ for a no.
#
# Softplus itself needs the largest-value trick once more: with $m = \max(x, 0)$,
# $\log(1 + e^{x}) = m + \log(1 + e^{-|x|})$. For a tiny $t = e^{-|x|}$, `np.log1p(t)` computes $\log(1 + t)$ without
# losing the digits of $t$ in the sum.


# %% nbgrader={"grade_id": "softplus", "solution": true}
#| export
@primitive
def softplus(a):
    """Return log(1 + exp(a)), element by element, without overflow.

    Args:
        a: an array.

    TODO: write it with exponents that are never positive.

    APPROACH:
    1. The larger of a and 0.
    2. Add log1p(exp(-|a|)).

    EXAMPLE:
    >>> softplus(Tensor([-1000.0, 0.0, 1000.0])).data
    array([   0.       ,    0.6931472, 1000.       ], dtype=float32)

    HINT: np.maximum, np.log1p, np.exp, np.abs.
    """
    ### BEGIN SOLUTION
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: softplus

# %% nbgrader={"grade_id": "test_softplus", "grade": true}
test = unit_test("softplus")


@test.check("far left, middle, far right; a tiny number keeps its digits", points=3)
def _():
    close(softplus(Tensor([-1000.0, 0.0, 1000.0])).data, [0.0, 0.6931472, 1000.0])
    close(softplus(Tensor(np.array([-40.0]))).data / math.exp(-40), [1.0])


### BEGIN HIDDEN TESTS
@test.check("random values", points=4, hidden=True)
def _():
    a = test.rng.normal(scale=4, size=(5, 6))
    close(softplus(Tensor(a)).data, np.log(1 + np.exp(a)))


@test.check("small numbers keep their digits", points=3, hidden=True)
def _():
    a = -float(test.rng.uniform(40, 60))
    close(softplus(Tensor(np.array([a]))).data / np.exp(a), [1.0])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Now the loss itself, from operations on Tensors:


# %% nbgrader={"grade_id": "binary_cross_entropy_with_logits", "solution": true}
#| export
def binary_cross_entropy_with_logits(input, target, reduction="mean"):
    """Return the mean surprise of a yes-or-no classifier.

    Args:
        input: one logit per answer, a Tensor of any shape.
        target: 1 for yes, 0 for no (or a probability between), a Tensor of the same shape.
        reduction: "mean", "sum" or "none".

    TODO: softplus of the logits minus logits times targets, reduced.

    APPROACH:
    1. Let check_same_shape refuse shapes that differ.
    2. Compute softplus(input) - input * target.
    3. Hand it to reduced(...).

    EXAMPLE:
    >>> binary_cross_entropy_with_logits(Tensor([3.0, 3.0]), Tensor([1.0, 0.0]), reduction="none").data
    array([0.04858732, 3.0485873 ], dtype=float32)

    HINT: no sigmoid is needed.
    """
    ### BEGIN SOLUTION
    check_same_shape("binary_cross_entropy_with_logits", input, target)
    return reduced(softplus(input) - input * target, reduction)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: binary_cross_entropy_with_logits

# %% nbgrader={"grade_id": "test_binary_cross_entropy_with_logits", "grade": true}
test = unit_test("binary_cross_entropy_with_logits")


@test.check("sure and right, sure and wrong", points=3)
def _():
    logits, target = Tensor([3.0, 3.0]), Tensor([1.0, 0.0])
    close(binary_cross_entropy_with_logits(logits, target, reduction="none").data, [0.0485873, 3.0485873])


@test.check("no idea costs log 2; sure and wrong by a thousand is finite; shapes must match", points=2)
def _():
    close(binary_cross_entropy_with_logits(Tensor([0.0, 0.0]), Tensor([1.0, 0.0])).data, 0.6931472)
    close(binary_cross_entropy_with_logits(Tensor([1000.0, -1000.0]), Tensor([0.0, 1.0])).data, 1000.0)
    raises(ValueError, binary_cross_entropy_with_logits, Tensor([[1.0]]), Tensor([1.0]), says="(1, 1)")


### BEGIN HIDDEN TESTS
@test.check("random logits against the definition", points=5, hidden=True)
def _():
    x, y = test.rng.normal(size=(6, 3)), test.rng.integers(0, 2, (6, 3)).astype("float64")
    p = 1 / (1 + np.exp(-x))
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    logits, labels = remote(x), remote(y)
    with unchanged(logits), unchanged(labels):
        close(binary_cross_entropy_with_logits(Tensor(logits), Tensor(labels)).data, expected.mean())
    close(binary_cross_entropy_with_logits(Tensor(x), Tensor(y), reduction="none").data, expected)


@test.check("logits of some hundred stay finite; shapes must match", points=5, hidden=True)
def _():
    high, low = (float(size) for size in test.rng.integers(200, 2000, 2))
    logits, target = Tensor([high, -low]), Tensor([0.0, 1.0])
    close(binary_cross_entropy_with_logits(logits, target).data, (high + low) / 2)
    # made of tensor operations, so that gradients will find their way back
    same(fixtures.recorded_inputs(Tensor, binary_cross_entropy_with_logits, logits, target)[0], True)
    raises(ValueError, binary_cross_entropy_with_logits, Tensor([[1.0, 2.0]]), Tensor([1.0, 0.0]), says="(1, 2)")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The loss for both answers, and what the literal formula makes of it in float32:

# %%
x = np.linspace(-50, 50, 201, dtype="float32")
with np.errstate(divide="ignore", over="ignore"):
    literal = -np.log(1 - 1 / (1 + np.exp(-x)))
yes, no = np.ones_like(x), np.zeros_like(x)
viz.lines(
    x,
    {
        "the answer is yes": binary_cross_entropy_with_logits(Tensor(x), Tensor(yes), reduction="none").data,
        "the answer is no": binary_cross_entropy_with_logits(Tensor(x), Tensor(no), reduction="none").data,
        "no, literal formula": np.where(np.isfinite(literal), literal, np.nan),
    },
    "Cross-entropy of a yes-or-no question",
    xlabel="logit",
    ylabel="loss",
    notes=[(17, 17, "the literal one ends here")],
)

# %% [markdown]
# **What's happening**
# 1. The two curves are mirror images: a logit of 10 is to "yes" what -10 is to "no".
# 2. On the wrong side the loss is the logit itself, a straight line: the pull back has a constant strength, however wrong the model is.
# 3. On the right side it fades to nothing: no reward for being surer still.
# 4. The literal formula ends at about 17, where float32 rounds $\sigma(x)$ to 1.

# %% [markdown]
# **Predict, then run**: for which logit is the loss smallest if the target is 0.8 (eight of ten annotators said yes)?

# %%
candidates = np.linspace(-4, 4, 801)
target = np.full_like(candidates, 0.8)
at = binary_cross_entropy_with_logits(Tensor(candidates), Tensor(target), reduction="none").data
print("smallest at", candidates[np.argmin(at)])


# %% [markdown]
# <details><summary>Answer</summary>
#
# Where the model says 80 % itself: $\sigma(x) = 0.8$, so $x = \log(0.8 / 0.2) = 1.386$. Cross-entropy is smallest where the
# forecast equals the frequency; that is what makes its probabilities worth something.
# </details>

# %% [markdown]
# The same losses as objects, for those who like to configure once and call often (PyTorch offers both). They are given.


# %%
#| export
class Loss(Module):
    """What the loss objects have in common: they remember the reduction."""

    def __init__(self, reduction="mean"):
        self.reduction = reduction


class MSELoss(Loss):
    """mse_loss as an object."""

    def forward(self, input, target):
        return mse_loss(input, target, self.reduction)


class CrossEntropyLoss(Loss):
    """cross_entropy as an object."""

    def forward(self, input, target):
        return cross_entropy(input, target, self.reduction)


class BCEWithLogitsLoss(Loss):
    """binary_cross_entropy_with_logits as an object."""

    def forward(self, input, target):
        return binary_cross_entropy_with_logits(input, target, self.reduction)


# %% [markdown]
# ### A class of your own (ungraded)
#
# One typing error was 99.7 % of the squared error in Part 1. The **Huber loss** squares small errors, $e^2 / 2$, and takes large ones ($|e| > 1$) as they are, $|e| - 1/2$: a parabola that goes on as a straight line. The cell
# still has the squared error. Write `forward` with operations on Tensors (`(input - target).abs()`, `tinytorch.where`), and see what the typing error costs then.


# %%
class Huber(Module):
    """A squared error that large errors don't rule."""

    def forward(self, input, target):
        return mse_loss(input, target) / 2


measured, typed = Tensor([20.0, 22.0, 19.0]), Tensor([21.0, 22.0, 160.0])
print("the loss with a typing error:", Huber()(measured, typed).item())

# %% [markdown]
# ## Systems Analysis
#
# Ten classes cost nothing. What does cross-entropy cost with the 50,000 words of a language model? Measure the time of one call, and count the bytes of the logits.

# %%
rows, sizes, times = 64, [10, 100, 1_000, 10_000, 50_000], []
for classes in sizes:
    many = Tensor(np.random.default_rng(0).normal(size=(rows, classes)).astype("float32"))
    right = Tensor(np.zeros(rows, dtype="int32"))
    times.append(best_of(cross_entropy, many, right).median)
    print(f"{classes:>6} classes: {times[-1]:8.3f} ms, logits {many.data.nbytes / 1e6:7.2f} MB")
viz.lines(
    sizes,
    {"cross_entropy": times},
    f"Time of one loss, {rows} rows",
    xlabel="classes",
    ylabel="ms",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. On the left the curve is flat: with few classes the time goes into calling numpy about ten times, not into arithmetic.
# 2. On the right it is a line of slope one, $O(\text{rows} \cdot \text{classes})$: twice the classes, twice the exponentials and twice the memory.
# 3. 64 rows of 50,000 float32 logits are 12.8 MB, and the function makes several arrays of that size on its way. They no longer fit into the processor's cache, which costs extra.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# All pieces together: the objects agree with the functions, cross-entropy of two classes is the binary loss, and no loss
# ever says that a better answer is worse.

# %%
rng = np.random.default_rng(1)
x, y = rng.normal(size=12).astype("float32"), rng.integers(0, 2, 12)
two = Tensor(np.stack([np.zeros_like(x), x], axis=1))
close(
    CrossEntropyLoss()(two, Tensor(y)).data,
    BCEWithLogitsLoss()(Tensor(x), Tensor(y.astype("float32"))).data,
)
close(MSELoss(reduction="sum")(Tensor(x), Tensor(x + 1)).data, 12.0)
better = [cross_entropy(Tensor([[step, 0.0]]), Tensor([0])).item() for step in range(-5, 6)]
true(better == sorted(better, reverse=True), "a larger logit of the right class means a smaller loss")
same(cross_entropy(two, Tensor(y)).shape, ())
print("the losses work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: the first loss
#
# Cite the mean loss of the untrained layer that you measured in Part 4. A colleague trains a classifier with 1,000
# classes, and the very first loss is 61.4. What should it have been? Name one thing that you would check first.
#
# Rubric (5 points): 0, no number of one's own, or no expected value; half, the expected value is derived, and compared with what one
# measured; full, also a cause that makes the loss too *large*, not one that would leave it where it belongs.

# %% [markdown] nbgrader={"grade_id": "checkpoint_first_loss", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 2.32 for ten classes, near log 10 = 2.303. For 1,000 classes an untrained model should start near log 1000 =
# 6.9. 61.4 is far above, so the model is not undecided but confidently wrong: the logits are much too large. I would
# look at the scale of the inputs first (pixels 0..255 instead of 0..1 make the logits about 255 times as large), then at the
# initial weights.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# These lines are written with PyTorch. Which of your functions is this, what is the line with `amax` for, and which
# mistake of Part 3 would you make by replacing the last two lines with `torch.log(torch.softmax(scores, dim=1))`?
#
# ```python
# def mystery(scores: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
#     rows = torch.arange(scores.shape[0], device=scores.device)
#     top = scores.amax(dim=1, keepdim=True)
#     scores = scores - top
#     norm = scores.exp().sum(dim=1).log()
#     return (norm - scores[rows, answer]).mean()
# ```
#
# Rubric (5 points): 0, not recognised; half, the right function, and what the line protects against; full, also what goes wrong with the
# replacement, and for which inputs.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It is cross_entropy with the mean as reduction: log-sum-exp minus the right class's score, per row. Taking out the largest score
# (amax) keeps the exponents at or below 0, so exp can't overflow. log(softmax) is the same on paper, but a class more than
# about 104 below the best gets the probability 0 in float32 and its logarithm is -infinity.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A loss is one number that training makes smaller. Mean squared error for quantities, cross-entropy for choices.
# - Cross-entropy is the mean surprise $-\log p$ at what really happened; an untrained model over $C$ classes starts at $\log C$.
# - Logarithms of probabilities come from logits directly: $x - \text{logsumexp}(x)$, with the largest value taken out. Never `log(softmax(x))`.
# - Two classes need one logit: softplus(x) - x y.
#
# **Next**: the loss says how wrong the model is. Module 05, autograd, finds out for every single weight in which
# direction it should move, and by how much it matters.
