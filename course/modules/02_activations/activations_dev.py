# %% [markdown]
# # Activations
#
# {{module}}
#
# Matrix products can only stretch and turn. In this module you build the functions that bend, and learn to judge them
# by their slope, to compute them without overflow, and to turn any scores into probabilities.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | `Tensor`, broadcasting, `matmul` | ReLU, sigmoid, GELU, softmax, and a way to measure any slope | every layer from 03 on; softmax in 04 (losses) and 12 (attention) |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | every activation returns a new tensor | `inplace=True` overwrites its input | what was computed may be needed for the gradient |
# | `relu` has slope 0 at 0 | the same | there is no slope at a kink; any number from 0 to 1 would do |
# | in float32, `erf` is a formula good to 5e-7 | one good to the last bit | numpy has no `erf`, and float32 itself is only good to 6e-8 |
# | activations are functions | also layers, `nn.ReLU()` | layers come in module 03, which wraps these functions |

# %% [markdown]
# ## Setup
#
# Run this once. The first cell belongs to the framework, the second to this notebook only.

# %%
#| default_exp core.activations
#| export
import math

import numpy as np

from tinytorch.core.tensor import Tensor, primitive, where

# %%
from tinytorch import viz
from tinytorch.core.tensor import exp, log, sqrt
from tinytorch.datasets import Digits
from tinytorch.profiling import best_of
from tinytorch.testing import close, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# `tinytorch.core.activations`. Users reach it in PyTorch's words:
#
# ```python
# import tinytorch.nn.functional as F
# F.relu(x), F.softmax(x, dim=-1)
# ```

# %% [markdown]
# ## Part 1: Why bend?
#
# Two layers should be able to do more than one. But two matrix products are one:
#
# $$(x\,W_1)\,W_2 = x\,(W_1 W_2)$$
#
# **By hand.** Double a number, then triple it: $3\,(2x) = 6x$. A hundred such layers are still *one* multiplication.
# Biases don't help either: $3\,(2x + 1) + 4 = 6x + 7$, a straight line as before. No stack of straight lines will
# ever draw a V.
#
# One bend is enough to change that. The simplest is the **rectified linear unit**: keep what is positive, replace the
# rest by zero.
#
# $$\mathrm{relu}(x) = \max(x, 0)$$
#
# Think of it as a gate for water. Pressure from one side passes as it is; from the other side nothing gets through.
# With two gates you have the V: $|x| = \mathrm{relu}(x) + \mathrm{relu}(-x)$. With three, a hat:
# $\mathrm{relu}(x+1) - 2\,\mathrm{relu}(x) + \mathrm{relu}(x-1)$. And from hats, each as wide and as high as you
# want, any curve without jumps can be put together, as finely as you like. That is all there is to "neural networks can
# approximate anything".


# %% nbgrader={"grade_id": "relu", "solution": true}
#| export
@primitive
def relu(a):
    """Keep what is positive, replace the rest by zero.

    TODO: Return a new array of the same shape and dtype; an operation never changes its argument.

    APPROACH:
    1. Compare every element with 0 and take the larger.

    EXAMPLE:
    >>> relu(Tensor([-2.0, 0.0, 3.0]))
    Tensor([0., 0., 3.])

    HINT: numpy has a function that compares two arrays, or an array and a number, and takes the larger in each place.
    """
    ### BEGIN SOLUTION
    return np.maximum(a, 0)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: relu

# %% nbgrader={"grade_id": "test_relu", "grade": true}
test = unit_test("relu")


@test.check("keeps the positive, zeroes the negative, leaves its argument as it was", points=3)
def _():
    given = remote(np.array([-2.0, 0.0, 3.0], dtype=np.float32))
    with unchanged(given):
        out = relu(Tensor(given))
    same(out.data, [0.0, 0.0, 3.0])


### BEGIN HIDDEN TESTS
@test.check("random values of any shape; float32 stays float32", points=4, hidden=True)
def _():
    a = test.rng.normal(size=(3, 4, 2)).astype(np.float32)
    given = remote(a)
    with unchanged(given):
        out = relu(Tensor(given))
    same(out.data, np.where(a > 0, a, 0))
    same(out.dtype, "float32")


@test.check("very large and infinite values", points=3, hidden=True)
def _():
    same(relu(Tensor([-1e30, 1e30, -float("inf"), float("inf")])).data, np.float32([0, 1e30, 0, np.inf]))


### END HIDDEN TESTS
test.report()

# %%
x = Tensor(np.linspace(-2, 2, 81))
v = relu(x) + relu(-x)
hat = relu(x + 1) - 2 * relu(x) + relu(x - 1)
viz.lines(x.data, {"V: 2 gates": v.data, "hat: 3 gates": hat.data}, title="What straight lines can't do", xlabel="x")

# %% [markdown]
# **What's happening**
# 1. Each gate adds one kink, at the place where its input changes sign.
# 2. `relu(x)` and `relu(-x)` share their kink at 0, and one of the two is always zero: together they are $|x|$.
# 3. The hat rises with the first gate, falls with the second, which counts twice, and the third stops the fall.
# 4. The numbers 1, -2, 1 and the shifts are weights and biases. Here they were thought out; training finds them.

# %% [markdown]
# **Predict, then run**: what does `relu(relu(x))` look like? And `relu(x) - relu(-x)`?

# %%
x = Tensor([-2.0, 3.0])
print(relu(relu(x)), relu(x) - relu(-x))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The second gate changes nothing: what passed the first is not negative. And `relu(x) - relu(-x)` is $x$ itself: two
# bends can cancel, so a network with gates can also do what one without them can.
# </details>

# %% [markdown]
# ## Part 2: Judge them by their slope
#
# A network learns by asking of each weight: *if I turn you a little, how much does the result change?* That is a
# slope, a derivative. The answer must travel back through every activation on its way, and each multiplies it by its
# own slope. A slope near zero stops the message; so the slope matters at least as much as the value.
#
# Any slope can be measured. Go a small step $h$ to the right and to the left, and divide the difference of the values
# by the distance, $2h$:
#
# $$f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# **By hand.** $f(x) = x^2$ at 3, with $h = 0.1$: $(9.61 - 8.41) / 0.2 = 6$, and the derivative $2x$ is indeed 6.
# Looking to *one* side only would give $(9.61 - 9) / 0.1 = 6.1$. Both sides make the errors cancel: they are called
# **central differences**. In module 05 they will check each of your gradients.


# %% nbgrader={"grade_id": "numerical_derivative", "solution": true}
#| export
def numerical_derivative(function, x, step=1e-5):
    """Measure the slope of an element-by-element operation at each number of the array x, by central differences.

    TODO: Return an array of slopes, of the shape of x.

    APPROACH:
    1. Make x a float64 array: in float32 the small difference would drown in rounding.
    2. Call `function` on a Tensor of x + step, and on one of x - step, and take the arrays out of the results.
    3. Return their difference divided by the distance.

    EXAMPLE:
    >>> numerical_derivative(exp, np.array([0.0, 1.0]))
    array([1.        , 2.71828183])

    HINT: `np.asarray(x, dtype="float64")`. A Tensor of a float64 array stays float64.
    """
    ### BEGIN SOLUTION
    x = np.asarray(x, dtype="float64")
    above = function(Tensor(x + step)).data
    below = function(Tensor(x - step)).data
    return (above - below) / (2 * step)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: numerical_derivative

# %% nbgrader={"grade_id": "test_numerical_derivative", "grade": true}
test = unit_test("numerical_derivative")


@test.check("the slope of exp is exp, measured finely also where float32 numbers come in", points=6)
def _():
    close(numerical_derivative(exp, np.array([0.0, 1.0])), [1.0, 2.718281828], rtol=1e-7)
    close(numerical_derivative(exp, np.array([0.0, 1.0], dtype=np.float32)), [1.0, 2.718281828], rtol=1e-7)


### BEGIN HIDDEN TESTS
@test.check("log and sqrt at random places, to 8 digits", points=7, hidden=True)
def _():
    x = test.rng.uniform(0.5, 3, size=(2, 5))
    given = remote(x)
    with unchanged(given):
        close(numerical_derivative(log, given), 1 / x, rtol=1e-8)
    close(numerical_derivative(sqrt, x), 0.5 / np.sqrt(x), rtol=1e-8)


@test.check("float32 numbers come in, the measurement is still fine", points=4, hidden=True)
def _():
    x = test.rng.uniform(0.5, 3, size=6).astype(np.float32)
    close(numerical_derivative(log, x), 1 / x.astype(np.float64), rtol=1e-7)


@test.check("the step is used on both sides", points=3, hidden=True)
def _():
    x, h = test.rng.uniform(0.5, 1, size=4), 0.25
    close(numerical_derivative(exp, x, step=h), np.exp(x) * math.sinh(h) / h, rtol=1e-9)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# How small should the step be? Measure the slope of exp at 1 with many steps, and draw how wrong it is.

# %%
widths = np.logspace(-13, 0, 40)
error64 = [abs(numerical_derivative(exp, np.array(1.0), step=h) - math.e) for h in widths]
one, narrow = np.float32(1), widths.astype("float32")
error32 = np.abs((np.exp(one + narrow) - np.exp(one - narrow)) / (2 * narrow) - math.e)
errors = {"float64": np.array(error64), "float32": error32}
viz.lines(
    widths, errors, title="How wrong is the measured slope of exp at 1?", xlabel="step h", ylabel="error", log="xy"
)

# %% [markdown]
# **What's happening**
# 1. Come from the right: the error falls with $h^2$. A step ten times smaller is a hundred times better, since a
#    curve is straighter when seen from close by.
# 2. Further to the left it rises again, with $1/h$: the two values agree in nearly all digits, and what is left of
#    their difference is rounding.
# 3. In float64 the best step is near $10^{-5}$, and ten digits are right. That is the default above.
# 4. In float32 it is near $5 \cdot 10^{-3}$, with five digits; below $3 \cdot 10^{-8}$ the step vanishes: adding it
#    to 1 changes nothing. That's why gradients are checked in float64.

# %% [markdown]
# **Predict, then run**: what does the measurement say about relu at 0, where there is a kink?

# %%
print(numerical_derivative(relu, np.array([-1.0, 0.0, 1.0])))

# %% [markdown]
# <details><summary>Answer</summary>
#
# 0.5: one side has slope 0, the other 1, and central differences take the middle. There is no right answer at a kink.
# PyTorch and we say 0, and gradient checks stay away from such places.
# </details>

# %% [markdown]
# ## Part 3: Sigmoid, a gate that opens slowly
#
# Some results must lie between 0 and 1: a probability, or how far a gate is open. The **sigmoid** brings any number
# there:
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}}$$
#
# **By hand.** $\sigma(0) = 1/(1+1) = 0.5$. At 2 it is $1/(1 + 0.135) = 0.881$, at -2 it's $1 - 0.881 = 0.119$: the
# curve is the same from both ends. And far out? $e^{100}$ is a number with 44 digits. In float32 the largest is
# $3.4 \cdot 10^{38}$, so even $e^{89}$ **overflows** to infinity. numpy warns; sometimes the result is right by
# luck ($1/\infty = 0$), sometimes it is `nan`, not a number, which then spreads through the whole network.
#
# The cure is to never raise $e$ to a positive power. Multiply the fraction above and below by $e^{x}$ and you get a
# second form that's just as true. Each is safe on one side:
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}} \;\text{ for } x \ge 0, \qquad \sigma(x) = \frac{e^{x}}{1 + e^{x}} \;\text{ for } x < 0$$
#
# Look closely. Below the line both have $1 + e^{-|x|}$. Above it is $1$, which is $e^0$, or $e^x$: in one term,
# $e^{\min(x,\,0)}$.


# %%
def without_overflow(function, numbers):
    """Return function(Tensor(numbers)).data; a number too large or not a number is an error instead of a warning."""
    with np.errstate(over="raise", invalid="raise"):
        return function(Tensor(numbers)).data


# %% nbgrader={"grade_id": "sigmoid", "solution": true}
#| export
@primitive
def sigmoid(a):
    """Bring every number between 0 and 1: 1 / (1 + exp(-a)), without overflow.

    TODO: Return the sigmoid; e must never be raised to a positive power.

    APPROACH:
    1. Above the line: exp(min(a, 0)), which is 1 where a >= 0.
    2. Below the line: 1 + exp(-|a|).

    EXAMPLE:
    >>> sigmoid(Tensor([-1000.0, 0.0, 1000.0]))
    Tensor([0. , 0.5, 1. ])

    HINT: `np.minimum(a, 0)`. With `np.where(condition, one, other)` it can be done, too, but it computes *both* sides and
    then chooses, so both must be harmless.
    """
    ### BEGIN SOLUTION
    return np.exp(np.minimum(a, 0)) / (1 + np.exp(-np.abs(a)))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: sigmoid

# %% nbgrader={"grade_id": "test_sigmoid", "grade": true}
test = unit_test("sigmoid")


@test.check("one half at 0, and the examples by hand", points=3)
def _():
    close(sigmoid(Tensor([0.0, 2.0, -2.0])).data, [0.5, 0.8807971, 0.1192029])


@test.check("far out: no overflow, and never nan", points=3)
def _():
    close(without_overflow(sigmoid, [-1000.0, 1000.0]), [0.0, 1.0])


### BEGIN HIDDEN TESTS
@test.check("random values of any shape", points=5, hidden=True)
def _():
    a = test.rng.uniform(-8, 8, size=(3, 2, 4)).astype(np.float32)
    given = remote(a)
    with unchanged(given):
        close(sigmoid(Tensor(given)).data, 1 / (1 + np.exp(-a.astype(np.float64))))


@test.check("tiny probabilities keep their digits", points=5, hidden=True)
def _():
    a = test.rng.uniform(-80, -20, size=6).astype(np.float32)
    close(sigmoid(Tensor(a)).data, np.exp(a.astype(np.float64)), rtol=1e-5, atol=0)


@test.check("no overflow on either side, in float32 and float64", points=4, hidden=True)
def _():
    far = test.rng.uniform(100, 1000, size=5)
    for numbers in (far, far.astype(np.float32)):
        close(without_overflow(sigmoid, numbers), np.ones(5))
        close(without_overflow(sigmoid, -numbers), np.zeros(5))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Its sister **tanh** goes from -1 to 1, so that its results lie around 0. The two are the same curve, moved and
# stretched: $\tanh(x) = 2\,\sigma(2x) - 1$. numpy has it, so it's given, and so is a relu that leaks.


# %%
#| export
@primitive
def tanh(a):
    """Bring every number between -1 and 1."""
    return np.tanh(a)


def leaky_relu(x, negative_slope=0.01):
    """Keep what is positive, let a little of the negative through: where one gate never opens again, this one learns."""
    return where(x > 0, x, x * negative_slope)


# %%
x = np.linspace(-6, 6, 241)
drawn = {f.__name__: (f(Tensor(x)).data, numerical_derivative(f, x)) for f in (relu, sigmoid, tanh)}
viz.slopes(x, drawn, title="Three activations and their slopes, measured by you")

# %% [markdown]
# **What's happening**
# 1. relu's slope is 0 or 1. What passes, passes whole; what doesn't is gone.
# 2. sigmoid's slope is never more than 1/4, and beyond ±5 nearly 0: it is **saturated**. Turning a weight changes
#    nothing there.
# 3. tanh's slope reaches 1, but only at 0; it saturates even sooner.

# %% [markdown]
# Now send a message back through twenty layers. Each layer multiplies it by the slope at the place where it works.

# %%
survivors = {}
for function in (relu, sigmoid, tanh):
    values, message = np.random.default_rng(0).normal(size=10_000), np.ones(10_000)
    mean_size = [1.0]
    for _ in range(20):
        message = message * numerical_derivative(function, values)
        values = function(Tensor(values)).data
        mean_size.append(np.abs(message).mean())
    survivors[function.__name__] = mean_size
viz.lines(
    None,
    survivors,
    title="What is left of a slope after n activations",
    xlabel="activations",
    ylabel="mean size",
    log="y",
)

# %% [markdown]
# **What's happening**
# 1. Through sigmoids the message shrinks more than fourfold with each layer. After twenty, a ten-trillionth is left. The
#    first layers of a deep network of sigmoids learn nothing: this is the **vanishing gradient**, and it held up the
#    field for years.
# 2. tanh does better: near 0 its slope is nearly 1, and repeated tanh moves every value towards 0.
# 3. relu loses half at the first gate (the negative half) and nothing afterwards. That's why deep networks became
#    possible with it.
# 4. There are no weights in this experiment. Module 03 chooses them so that a signal keeps its size on its way.

# %% [markdown]
# **Predict, then run**: the slope of the sigmoid at x can be had from its value alone. Which one is it: $s^2$,
# $1 - s$ or $s\,(1 - s)$? Think of its value at 0, and of both ends.


# %%
def slope_of_sigmoid():
    """Compare the measured slope with the three; say which one it is."""
    s = sigmoid(Tensor(np.array([-3.0, 0.0, 3.0]))).data
    measured = numerical_derivative(sigmoid, np.array([-3.0, 0.0, 3.0]))
    by_name = {"s²": s**2, "1 - s": 1 - s, "s (1 - s)": s * (1 - s)}
    return min(by_name, key=lambda name: np.abs(by_name[name] - measured).max())


viz.Prediction(
    "slope_of_sigmoid", "What is the slope of the sigmoid?", slope_of_sigmoid, choices=["s²", "1 - s", "s (1 - s)"]
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $s\,(1 - s)$: 1/4 at 0, and 0 at both ends. So the backward pass needs no new power of $e$: the result that was
# there already is enough. You'll use this in module 05.
# </details>

# %% [markdown]
# ## Part 4: GELU, the gate of transformers
#
# relu decides hard: open or shut. What if the gate were open *with a probability* that grows with its input? Take a
# standard normal random number, and let $x$ through if it's larger. On average, what passes is
#
# $$\mathrm{gelu}(x) = x \cdot \Phi(x), \qquad \Phi(x) = \tfrac{1}{2}\left(1 + \mathrm{erf}\!\left(\tfrac{x}{\sqrt 2}\right)\right)$$
#
# where $\Phi(x)$ is the probability that a standard normal number is below $x$. Far to the right the gate is surely
# open, and gelu is $x$; far to the left it is 0; in between there is no kink.
#
# **By hand.** $\Phi(0) = 0.5$, so gelu(0) is 0. $\Phi(1) = 0.841$, so gelu(1) is 0.841. $\Phi(-1) = 0.159$, so
# gelu(-1) is $-0.159$: below zero!
#
# numpy has no `erf`. The one below is given: exact for float64 (each number by itself, slow), and for float32 a
# formula that errs by less than 0.0000005.

# %%
#| export
# Abramowitz and Stegun (1964), formula 7.1.26: errs by at most 1.5e-7; float32 arithmetic adds as much again.
ERF_P = 0.3275911
ERF_COEFFICIENTS = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
ERF_BLOCK = 16_384  # numbers at a time: 64 KB, so that what is computed on the way stays in the processor's cache


def erf(a):
    """Compute the error function of an array: twice the area under the bell curve exp(-t^2)/sqrt(pi) from 0 to a."""
    if a.dtype == np.float64:
        return np.array([math.erf(x) for x in a.ravel().tolist()]).reshape(a.shape)
    flat, out = a.ravel(), np.empty(a.size, dtype=a.dtype)
    for start in range(0, a.size, ERF_BLOCK):
        out[start : start + ERF_BLOCK] = _erf_of_block(flat[start : start + ERF_BLOCK])
    return out.reshape(a.shape)


def _erf_of_block(a):
    size = np.abs(a)
    t = np.reciprocal(1 + ERF_P * size)
    polynomial = ERF_COEFFICIENTS[0] * t
    for coefficient in ERF_COEFFICIENTS[1:]:  # in place: these arrays are our own
        polynomial += coefficient
        polynomial *= t
    polynomial *= np.exp(-size * size)
    return np.copysign(1 - polynomial, a)


# %% nbgrader={"grade_id": "gelu", "solution": true}
#| export
@primitive
def gelu(a):
    """Let each number through as far as a normal random number is likely to be below it: a * Phi(a), exactly.

    TODO: Return a * Phi(a). No steps this time: you will find them.

    EXAMPLE:
    >>> gelu(Tensor([-1.0, 0.0, 1.0]))
    Tensor([-0.15865526,  0.        ,  0.8413447 ])

    HINT: `math.sqrt(2)` is a plain Python number and leaves float32 as it is.

    TINYTORCH ASSUMPTIONS: the exact form, PyTorch's default. Its `approximate="tanh"` differs by up to 0.0005.
    """
    ### BEGIN SOLUTION
    probability = 0.5 * (1 + erf(a / math.sqrt(2)))
    return a * probability
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: gelu

# %% nbgrader={"grade_id": "test_gelu", "grade": true}
test = unit_test("gelu")


@test.check("the examples by hand", points=5)
def _():
    close(gelu(Tensor([-1.0, 0.0, 1.0])).data, [-0.1586553, 0.0, 0.8413447])


### BEGIN HIDDEN TESTS
@test.check("random values, exact in float64", points=6, hidden=True)
def _():
    a = test.rng.uniform(-4, 4, size=(3, 5))
    expected = [[x * 0.5 * math.erfc(-x / math.sqrt(2)) for x in row] for row in a.tolist()]
    given = remote(a)
    with unchanged(given):
        close(gelu(Tensor(given)).data, expected, rtol=1e-9, atol=1e-12)


@test.check("float32 stays float32; far out it is x or 0", points=4, hidden=True)
def _():
    out = gelu(Tensor([-30.0, 30.0]))
    same(out.dtype, "float32")
    close(out.data, [0.0, 30.0])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# A cheaper cousin opens its gate by the sigmoid: $\mathrm{silu}(x) = x\,\sigma(x)$. It is composed of what is already there.


# %%
#| export
def silu(x):
    """Let each number through as far as its sigmoid says: x * sigmoid(x)."""
    return x * sigmoid(x)


# %%
x = np.linspace(-4, 4, 241)
drawn = {f.__name__: (f(Tensor(x)).data, numerical_derivative(f, x)) for f in (relu, gelu, silu)}
viz.slopes(x, drawn, title="A hard gate and two soft ones")

# %% [markdown]
# **What's happening**
# 1. Far from 0 all three agree: closed on the left, open on the right.
# 2. The soft gates dip below zero, gelu to -0.17 near -0.75, silu to -0.28 near -1.28.
# 3. Their slopes have no jump, and are not zero just left of 0: a gate that is a little too far shut can still learn
#    to open.
# 4. Their slopes even exceed 1 for a while, before they settle.

# %% [markdown]
# > 💡 **Production Reality**: GPT-2 and BERT use GELU, Llama and most of its successors SiLU as one half of a pair of
# > gates (SwiGLU). Convolutional networks mostly stay with ReLU: it is cheap, and exact zeros can be skipped or
# > packed. In production an activation is **fused** with the operation before it, so that its numbers never travel to
# > memory in between.

# %% [markdown]
# **Predict, then run**: is gelu(-10) exactly 0?

# %%
viz.Prediction("gelu_far_left", "Is gelu(-10) exactly 0?", lambda: gelu(Tensor([-10.0])).item() == 0, ["yes", "no"])

# %% [markdown]
# <details><summary>Answer</summary>
#
# In mathematics it's $-7.6 \cdot 10^{-23}$. In both dtypes erf is rounded to -1 before the 1 is added, and what is
# left is 0 (with a minus sign). Where 1 and almost -1 are added, the small rest is lost, whatever the dtype: this is
# called *cancellation*. Here it does no harm.
# </details>

# %% [markdown]
# ## Part 5: Softmax, from scores to probabilities
#
# A classifier ends in ten scores, one for each digit. Any numbers, even negative ones. What we want is probabilities:
# positive, adding up to 1, and the highest score the most probable. Raise $e$ to each score, which makes it positive,
# and divide by the sum:
#
# $$\mathrm{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$
#
# **By hand.** The scores are 1, 2, 3: $e^1 = 2.72$, $e^2 = 7.39$, $e^3 = 20.09$, together 30.19. The probabilities are
# 0.090, 0.245, 0.665. A score that is higher by 1 is $e = 2.72$ times as probable, wherever it stands. So only
# *differences* count: 101, 102, 103 give the same probabilities, but $e^{103}$ overflows. Hence the trick that every
# framework uses: subtract the largest score first. The largest power is then $e^0 = 1$, the sum lies between 1 and
# the number of scores, and nothing can overflow.


# %% nbgrader={"grade_id": "softmax", "solution": true}
#| export
@primitive
def softmax(a, dim=-1):
    """Turn scores into probabilities that add up to 1 along `dim`, without overflow.

    TODO: Return the softmax along `dim`.

    APPROACH:
    1. Subtract the largest score along dim. Keep the dimension, so that it broadcasts back.
    2. Raise e to what is left.
    3. Divide by the sum along dim.

    EXAMPLE:
    >>> softmax(Tensor([1.0, 2.0, 3.0]))
    Tensor([0.09003057, 0.24472848, 0.66524094])
    >>> softmax(Tensor([1000.0, 1000.0]))
    Tensor([0.5, 0.5])

    HINT: here a is an *array*, so numpy's words apply: `a.max(axis=dim, keepdims=True)`.
    """
    ### BEGIN SOLUTION
    powers = np.exp(a - a.max(axis=dim, keepdims=True))
    return powers / powers.sum(axis=dim, keepdims=True)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: softmax

# %% nbgrader={"grade_id": "test_softmax", "grade": true}
test = unit_test("softmax")


@test.check("the example by hand", points=3)
def _():
    close(softmax(Tensor([1.0, 2.0, 3.0])).data, [0.09003057, 0.24472848, 0.66524094])


@test.check("each row by itself, and each column with dim=0", points=3)
def _():
    scores = Tensor([[0.0, 0.0], [0.0, math.log(3)]])
    close(softmax(scores).data, [[0.5, 0.5], [0.25, 0.75]])
    close(softmax(scores, dim=0).data, [[0.5, 0.25], [0.5, 0.75]])


@test.check("large scores do not overflow, whatever the other rows are", points=4)
def _():
    close(without_overflow(softmax, [1000.0, 1000.0, 0.0]), [0.5, 0.5, 0.0])
    close(without_overflow(softmax, [[1000.0, 1000.0], [-1000.0, -1000.0]]), [[0.5, 0.5], [0.5, 0.5]])


### BEGIN HIDDEN TESTS
@test.check("along any dimension of random scores", points=8, hidden=True)
def _():
    a = test.rng.normal(size=(2, 3, 4)).astype(np.float32)
    for dim in (0, 1, 2, -1, -2):
        powers = np.exp(a.astype(np.float64))
        close(softmax(Tensor(a), dim=dim).data, powers / powers.sum(axis=dim, keepdims=True))


@test.check("only differences count", points=4, hidden=True)
def _():
    a = test.rng.normal(size=(4, 5))
    shift = test.rng.uniform(200, 5000, size=(4, 1))
    plain = np.exp(a) / np.exp(a).sum(axis=-1, keepdims=True)
    given = remote(a)
    with unchanged(given):
        close(softmax(Tensor(given)).data, plain)
    close(without_overflow(softmax, a + shift), plain)
    close(without_overflow(softmax, a - shift), plain)


@test.check("each row has its own largest score", points=3, hidden=True)
def _():
    a = np.array([[1000.0, 999.0], [-1000.0, -1001.0]])
    close(without_overflow(softmax, a), [[0.7310586, 0.2689414]] * 2)


### END HIDDEN TESTS
test.report()

# %%
scores = np.array([2.0, 1.0, 0.5, -1.0, 1.8])
drawn = {f"scores x {factor}": softmax(Tensor(scores * factor)).data for factor in (0.1, 1, 5)}
viz.lines(
    None,
    drawn,
    title="The same scores, whispered, said, shouted",
    xlabel="which score",
    ylabel="probability",
    joined=False,
)

# %% [markdown]
# **What's happening**
# 1. Small scores (rings) differ little, so all five are nearly equally probable: 1/5.
# 2. Multiplied by 5, the differences grow, and the highest score takes most. Score 4, only 0.2 lower, still keeps a
#    good quarter.
# 3. In the limit the highest takes all: a *soft* maximum became a hard one. Language models call $1/\text{factor}$
#    the **temperature**.

# %% [markdown]
# **Predict, then run**: a score is $-\infty$. What is its probability? (Attention, module 12, uses this to hide the
# future.)

# %%
print(softmax(Tensor([0.0, float("-inf"), 0.0])))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Exactly 0, since $e^{-\infty} = 0$, and the others share the rest. But a row of nothing but $-\infty$ gives `nan`:
# the largest is $-\infty$ too, and $-\infty - (-\infty)$ is not a number.
# </details>

# %% [markdown]
# ## Systems Analysis
#
# What does an activation cost? Each numpy step reads a whole array and writes another. relu is one step, gelu about
# twenty. Measure on a million numbers, as many as a layer of a real model has.


# %%
def nanoseconds_each(function, x):
    """Return the time for one element in nanoseconds, the median of many runs."""
    return best_of(function, x).median / x.numel() * 1e6


x = Tensor(np.random.default_rng(0).normal(size=(1000, 1000)).astype(np.float32))
for function in (relu, sigmoid, tanh, gelu, softmax):
    cost = nanoseconds_each(function, x)
    print(f"{function.__name__:8} {cost:6.2f} ns for each number, {cost / nanoseconds_each(relu, x):5.1f} x relu")

# %% [markdown]
# A million numbers in float32 are 4 MB, and each step makes another 4 MB: more than fits into a fast cache, so
# numbers travel to memory and back. `erf` above avoids that by taking 16,384 numbers at a time; its nineteen steps
# then find them in the cache. Compiled frameworks go further, and do all steps on one number before they take the
# next: the *fusion* of the sidebar above. In module 16 you do it yourself.
#
# **Predict, then run**: relu can be written as a choice, `np.where(x > 0, x, 0)`. Is that as fast as `np.maximum`?
# And does it matter whether the numbers are sorted?


# %%
def chosen(x):
    return np.where(x.data > 0, x.data, np.float32(0))


ordered = Tensor(np.sort(x.data, axis=None))
for name, numbers in (("random order", x), ("sorted", ordered)):
    print(
        f"{name:12} np.where {nanoseconds_each(chosen, numbers):.2f} ns, relu {nanoseconds_each(relu, numbers):.2f} ns"
    )

# %% [markdown]
# <details><summary>Answer</summary>
#
# On most machines the choice is several times as slow in random order, and much less so when sorted. A processor
# begins with the next number before it knows the sign of this one, so it guesses which side will be taken. In random
# order every second guess is wrong and its work is thrown away. `np.maximum` needs no guess: it is one instruction.
# </details>

# %% [markdown]
# ## 🧪 Module Integration Test
#
# The template reader of module 01 gave scores. Softmax makes them probabilities, and so it can say how *sure* it is.
# Which digits is it least sure of?

# %%
images, labels = Digits(train=True).arrays()
unseen, truth = Digits(train=False).arrays()
templates = np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])
scores = Tensor(unseen.reshape(-1, 64)) @ Tensor(templates.T) - Tensor(0.5 * (templates**2).sum(axis=1))
probabilities = softmax(scores, dim=1)
sureness = probabilities.amax(dim=1).data
right = probabilities.argmax(dim=1).data == truth

close(probabilities.sum(dim=1).data, np.ones(len(truth)))
surer, doubtful = right[sureness >= np.median(sureness)].mean(), right[sureness < np.median(sureness)].mean()
print(f"right among the surer half: {surer:.1%}, among the other half: {doubtful:.1%}")
true(surer > doubtful, "where softmax is surer, it is right more often")

least = np.argsort(sureness)[:8]
titles = [f"{truth[i]}, said {int(probabilities.argmax(dim=1).data[i])}" for i in least]
viz.images(unseen[least], titles=titles, title="The eight digits it was least sure of", size=1.3)

# %% [markdown]
# **What's happening**
# 1. Scores became probabilities along `dim=1`: ten for each image, adding up to 1.
# 2. The reader is right more often where it is surer. That is what probabilities are for.
# 3. The least sure ones are hard for people too.

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what does a gate cost?
#
# Cite your measured times of relu and gelu for one number. Explain the ratio by counting passes over memory in your
# own code (with `erf`), and say why a fused implementation would be faster although it does the same arithmetic.
#
# Rubric (5 points): 0, no numbers of one's own; half, the numbers and a count of the steps that is about right; full,
# in addition that intermediate arrays travel to memory and back, and that fusing keeps them in registers or cache.

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 0.4 ns for relu and 4 ns for gelu, ten times as much (your numbers will differ). relu is one step: read
# an array, write one. gelu takes about twenty: a division by sqrt 2; in erf the size, a product, a sum, a reciprocal,
# nine for the coefficients, square and sign, exp, a product, a difference, copysign; then a sum and two products.
# Each step outside the blocks of erf reads and writes 4 MB, which don't stay in the cache. A fused version does all
# steps on one number (or one small block) while it is in a register or in the cache, so memory is read once and
# written once.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: read some PyTorch
#
# For each line marked with a letter, say which of *your own* functions does its work, and what it prints.
#
# ```python
# import torch
# import torch.nn.functional as F
#
# x = torch.tensor([[-2.0, 0.0, 3.0]])
# print(F.relu(x))                                           # a
# p = F.softmax(torch.tensor([[1.0, 2.0, 3.0], [101.0, 102.0, 103.0]]), dim=1)
# print(torch.allclose(p[0], p[1]))                          # b
# print(F.softmax(x, dim=0))                                 # c
# h = 1e-5
# z = torch.tensor([0.0], dtype=torch.float64)
# print((torch.sigmoid(z + h) - torch.sigmoid(z - h)) / (2 * h))   # d
# ```
#
# Rubric (5 points): 0, fewer than two right; half, two of a to d with function and printed values; full, all four,
# and why c is a trap.

# %% [markdown] nbgrader={"grade_id": "checkpoint_pytorch", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# a: relu, prints 0, 0, 3. b: softmax, True, since only differences of scores count. c: softmax along the wrong
# dimension: each column has one score, so it prints 1, 1, 1 and no error. d: numerical_derivative of sigmoid at 0,
# prints 0.25, the largest slope a sigmoid has.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - Without a bend, any number of layers is one layer. With gates, any curve can be put together.
# - An activation is judged by its slope: slopes multiply on the way back. Sigmoids shrink the message by a factor of at least 4
#   at each step, relu passes it whole or not at all, gelu and silu without a kink.
# - Never raise $e$ to a positive power: subtract the largest score, use $e^{-|x|}$.
# - Central differences measure any slope; in float64, with a step near $10^{-5}$.
#
# Complete the module with `tito module complete activations`. Next, in **03 layers**: matrix products and gates
# become objects that know their own parameters.
