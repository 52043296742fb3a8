# %% [markdown]
# # Quantization
#
# {{module}}
#
# A weight of a network is stored in four bytes. In this module you store it in one: you lay a grid of whole numbers over the weights, find out how much the rounding costs, where it fails, and how to make it fail later. At the end your digits model has a quarter of its size and the same answers.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors, layers, losses, gradients, optimizers | scales, whole numbers for weights and for activations, a layer that stores bytes | models that fit: the compression of module 18 and the contest of module 20 |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in production | why |
# | --- | --- | --- |
# | weights are stored in 8 bits and turned back into floats for each product | whole numbers are multiplied by the chip | numpy has no fast product of bytes; you will measure how slow it is |
# | one scale for a matrix, or one for each row | also one for each group of 32 to 128 weights | the same functions, a different shape |
# | a number of 4 bits takes a whole byte in memory | two of them share a byte | packing changes the bytes, not the numbers |
# | rounding is to the nearest place | GPTQ and its kin round so that the layer's *result* is right | needs data and a matrix inverse; the grid is the same |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.quantization
#| export
import copy

import numpy as np

from tinytorch.core.autograd import is_grad_enabled, rule
from tinytorch.core.layers import Linear, Module
from tinytorch.core.tensor import Tensor, primitive

# %%
import functools
import io
import tracemalloc

from tinytorch import manual_seed, viz
from tinytorch.core.autograd import no_grad
from tinytorch.core.layers import ReLU, Sequential, linear
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import Adam
from tinytorch.datasets import Digits
from tinytorch.profiling import best_of
from tinytorch.random import generator
from tinytorch.testing import close, fixtures, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.quantization`. Two of PyTorch's words call your functions:
#
# ```python
# from tinytorch import fake_quantize_per_channel_affine, fake_quantize_per_tensor_affine
# ```

# %% [markdown]
# ## Part 1: A grid for the weights
#
# The processor of an Arduino Uno has 32 kB for the program and its constant data. Your model for the digits, with 128 hidden units, has 9,610 weights of 4 bytes each. It doesn't fit. (The same arithmetic decides whether a language model of 7 billion weights fits into your laptop: 28 GB in float32, 7 GB in one byte each.)
#
# Here is that model, trained on the digits.


# %%
@functools.cache
def digits(train):
    """Return the images as rows of 64 numbers, and their labels."""
    images, labels = Digits(train=train).arrays()
    return images.reshape(-1, 64), labels


def train(model, steps, lr=0.003):
    """Take steps of Adam on batches of 64 digits."""
    images, labels = digits(train=True)
    optimizer = Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        rows = generator().integers(0, len(images), size=64)
        optimizer.zero_grad()
        cross_entropy(model(Tensor(images[rows])), Tensor(labels[rows])).backward()
        optimizer.step()
    return model


@functools.cache
def trained():
    """Train the digits model once."""
    manual_seed(0)
    return train(Sequential(Linear(64, 128), ReLU(), Linear(128, 10)), steps=600)


def right(model):
    """Measure the share of test digits that a model (or a function of a Tensor) names correctly."""
    images, labels = digits(train=False)
    with no_grad():
        return float((model(Tensor(images)).data.argmax(axis=1) == labels).mean())


def with_weights(change):
    """Copy the trained model, and replace the weights of each layer by change(weights)."""
    model = copy.deepcopy(trained())
    for layer in (model[0], model[2]):
        layer.weight.data = change(layer.weight.data)
    return model


size = sum(tensor.nbytes for tensor in trained().state_dict().values())
print(f"{right(trained()):.1%} right with {size:,} bytes")
cut_off = with_weights(lambda weight: weight.astype("int8").astype("float32"))
print(f"{right(cut_off):.1%} right when each weight is simply made a whole number of one byte")

# %% [markdown]
# One byte can hold the whole numbers from -128 to 127, and all our weights lie between -1 and 1: cut to whole numbers, every one of them is 0, and the model guesses.
#
# So don't store the weight; store the **place** on a grid where it lies. The grid has a place at 0 and others at equal distances on both sides of it. The distance between two neighbours is called the **scale**; a weight is about scale times place. Which scale? As small as possible, so that rounding moves the weights little.
# But the largest weight must still lie on the grid: it gets the last place, 127.
#
# $$\text{scale} = \frac{\max |w|}{127}$$
#
# By hand, for the weights $(0.5, -2.54, 1)$: the largest is 2.54, in size; the scale is $2.54 / 127 = 0.02$. Their places are 25, -127 and 50.
#
# Three things to watch:
#
# - The largest weight is the largest *in size*: -2.54, not 1.
# - The largest weight belongs on place 127, so divide by 127 and not by 128: there is no place 128. (There is a place -128. It stays unused, so that the grid is the same on both sides.)
# - A row of zeros has no largest weight, and a scale of 0 would be divided by later: give it the scale 1.
#
# A matrix may have one scale for all its weights, or one for each row (`per_row=True`). The rows of a layer's weight are its outputs, so each unit has a grid of its own. Kernels of a convolution have the shape (out, in, 3, 3): there a "row" is everything with the same first index.


# %%
#| export
def last_place(bits):
    """Return the last place of a grid that is the same on both sides: 127 for 8 bits, 7 for 4, 1 for 2."""
    return 2 ** (bits - 1) - 1


# %% nbgrader={"grade_id": "scale_for", "solution": true}
#| export
def scale_for(x, last=127, per_row=False):
    """Return the distance between neighbours of a grid on which the largest number of x has the last place.

    Args:
        x: an array; with per_row it has at least two dimensions.
        last: the last place of the grid.
        per_row: False for one scale; True for one for each x[0], x[1], ...

    Returns:
        A float32 number, or with per_row a float32 array (rows, 1, ...) with as many dimensions as x, so that it broadcasts.

    TODO: the largest size, divided by the last place; 1 where that is 0.

    APPROACH:
    1. Take the sizes, then their maximum: over everything, or over all dimensions but the first.
    2. Keep the dimensions if per_row, so that the result broadcasts against x.
    3. Divide by the last place; make it float32.
    4. Where the scale is 0, put 1 in its place.

    EXAMPLE:
    >>> scale_for(np.array([[0.5, -2.54, 1.0], [0.0, 0.0, 0.0]]), per_row=True)
    array([[0.02],
           [1.  ]], dtype=float32)

    HINT: `axis` may be a tuple: `tuple(range(1, x.ndim))` are all dimensions but the first, and None are all of them.
    """
    ### BEGIN SOLUTION
    dims = tuple(range(1, x.ndim)) if per_row else None
    scale = (np.abs(x).max(axis=dims, keepdims=per_row) / last).astype("float32")
    return np.where(scale > 0, scale, np.float32(1))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: scale_for

# %% nbgrader={"grade_id": "test_scale_for", "grade": true}
test = unit_test("scale_for")


@test.check("one scale for three weights, by hand", points=3)
def _():
    close(scale_for(np.array([0.5, -2.54, 1.0])), 0.02)


@test.check("a scale for each row; a row of zeros gets 1", points=3)
def _():
    x = np.array([[0.5, -2.54, 1.0], [0.0, 0.0, 0.0]], dtype="float32")
    close(scale_for(x, per_row=True), [[0.02], [1.0]])
    close(scale_for(np.zeros((2, 2), dtype="float32")), 1.0)


### BEGIN HIDDEN TESTS
@test.check("any shape, whole and by rows, for any last place", points=5, hidden=True)
def _():
    for shape in [(5,), (3, 4), (4, 2, 3, 3)]:
        for last in (127, 7, 3, 1):
            x = remote(test.rng.normal(size=shape).astype("float32"))
            with unchanged(x):
                close(scale_for(x, last), abs(x.read()).max() / last)
    for shape in [(3, 4), (1, 5), (4, 2, 3, 3)]:
        x = test.rng.normal(size=shape)
        largest = abs(x).reshape(shape[0], -1).max(axis=1)
        expected = (largest / 7).reshape(shape[0], *[1] * (len(shape) - 1))
        close(scale_for(x, last=7, per_row=True), expected)


@test.check("the result is float32, whatever came in", points=2, hidden=True)
def _():
    for kind in ("float32", "float64"):
        x = test.rng.normal(size=(3, 4)).astype(kind)
        same(str(scale_for(x, per_row=True).dtype), "float32")
        close(scale_for(x), abs(x).max() / 127)


@test.check("numbers so small that the scale would be 0", points=2, hidden=True)
def _():
    tiny = np.array([[1e-44, -1e-45], [1.27, 0.0]], dtype="float32")
    close(scale_for(tiny, per_row=True), [[1.0], [0.01]])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# How far apart are the scales of single rows? For the first layer of the digits model, 128 units:

# %%
weight = trained()[0].weight.data
rows = np.sort(scale_for(weight, per_row=True)[:, 0])
viz.lines(
    None,
    {"one for each row, sorted": rows, "one for the whole layer": np.full(len(rows), scale_for(weight))},
    "Scales of the first layer",
    xlabel="row",
    ylabel="scale",
    ylim=(0, 1.1 * rows[-1]),
)

# %% [markdown]
# **What's happening**
# 1. The whole layer needs the scale of its largest weight, which is in one row.
# 2. All other rows could do with a finer grid: the distance between the lines is what they lose.
# 3. A scale for each row costs 4 bytes for each row of 64 weights: cheap.

# %% [markdown]
# **Predict, then run**: what happens to the scale if all weights are doubled? And to the places?

# %%
print(scale_for(2 * weight) / scale_for(weight))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The scale is doubled, and the places stay the same. Rounding costs the same *share* of the largest weight, whatever the unit is: that's why the grid knows nothing of metres, grams or layers.
# </details>

# %% [markdown]
# ## Part 2: To whole numbers
#
# Divide by the scale and round: that is the place. By hand, with the scale 0.02: the weight 0.333 gives 16.65, so the place 17.
#
# Later, in Part 5, the 0 of the numbers won't be place 0: then the **zero point**, a whole number, is added after rounding. And a number may lie outside the grid: it gets the first or the last place, whichever is nearer. That is called clipping.
#
# Three mistakes that all run without a message:
#
# - Making it `int8` without rounding cuts towards 0: 16.65 becomes 16, and the error may be a whole scale instead of half a scale.
# - Clip before you make it `int8`: the number 200 as a byte is -56, since bytes wrap around.
# - Clip after the zero point is added: only then do you know where the number lies.


# %% nbgrader={"grade_id": "quantize", "solution": true}
#| export
def quantize(x, scale, zero_point=0, first=-127, last=127):
    """Return the places of numbers on a grid.

    Args:
        x: an array of floats.
        scale: the distance between neighbours, a number or an array that broadcasts to x.
        zero_point: the place of 0, a whole number.
        first, last: the first and the last place of the grid, -128 to 127.

    Returns:
        An int8 array of the shape of x: the nearest place of each number; outside the grid, its end.

    TODO: divide, round, add the zero point, clip; then make it int8.

    APPROACH:
    1. Divide by the scale and round to the nearest whole number.
    2. Add the zero point.
    3. Clip to first and last.
    4. Make it int8.

    EXAMPLE:
    >>> quantize(np.array([0.333, -2.54, 9.0]), 0.02)
    array([  17, -127,  127], dtype=int8)

    HINT: `np.round` rounds; `np.clip(a, low, high)`; `.astype("int8")` comes last.
    """
    ### BEGIN SOLUTION
    places = np.round(x / scale) + zero_point
    return np.clip(places, first, last).astype("int8")
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: quantize

# %% nbgrader={"grade_id": "test_quantize", "grade": true}
test = unit_test("quantize")


@test.check("the nearest place, up and down, on both sides", points=2)
def _():
    same(quantize(np.array([0.333, -0.333, 0.327, -0.327, 0.0]), 0.02), [17, -17, 16, -16, 0])


@test.check("what lies outside gets the end of the grid", points=2)
def _():
    same(quantize(np.array([4.0, -4.0, 2.54]), 0.02), [127, -127, 127])


@test.check("the zero point is added before clipping", points=2)
def _():
    same(quantize(np.array([0.0, 1.01, 9.0, -9.0]), 0.1, zero_point=-100, first=-128, last=127), [-100, -90, -10, -128])
    same(quantize(np.array([3.0, 20.0]), 0.1, zero_point=-100, first=-128, last=127), [-70, 100])


### BEGIN HIDDEN TESTS
@test.check("random numbers, a scale for all and a scale for each row", points=3, hidden=True)
def _():
    x = remote(test.rng.normal(size=(4, 50)).astype("float32"))
    scale = remote(test.rng.uniform(0.01, 0.1, size=(4, 1)).astype("float32"))
    with unchanged(x), unchanged(scale):
        same(quantize(x, 0.013), np.clip(np.round(x.read() / 0.013), -127, 127))
        same(quantize(x, scale), np.clip(np.round(x.read() / scale.read()), -127, 127))


@test.check("bytes of the right kind; the place -128 stays unused unless asked for", points=2, hidden=True)
def _():
    q = quantize(np.array([[-1e6, 1e6, -1.28]]), 0.01)
    same(str(q.dtype), "int8")
    same(q, [[-127, 127, -127]])
    same(quantize(np.array([-1e30, -1.28]), 0.01, first=-128), [-128, -128])


@test.check("few bits, and a zero point on either side", points=2, hidden=True)
def _():
    x = test.rng.normal(size=200)
    for last in (7, 3, 1):
        same(quantize(x, 0.37, first=-last, last=last), np.clip(np.round(x / 0.37), -last, last))
    for zero_point in (-128, -3, 90):
        expected = np.clip(np.round(x / 0.021) + zero_point, -128, 127)
        same(quantize(x, 0.021, zero_point, -128, 127), expected)


@test.check("the negative has the negative place, and what lies on the grid stays there", points=2, hidden=True)
def _():
    x = test.rng.normal(size=100)
    same(quantize(-x, 0.017), -quantize(x, 0.017))
    places = np.arange(-127, 128)
    same(quantize(places * 0.017, 0.017), places)


### END HIDDEN TESTS
test.report()

# %%
places = quantize(weight, scale_for(weight))
counts = [int((places == place).sum()) for place in range(-127, 128)]
viz.lines(
    np.arange(-127, 128), {"weights": counts}, "Places of the first layer's weights", xlabel="place", ylabel="count"
)

# %% [markdown]
# **What's happening**
# 1. Most weights are small, so most lie in the middle of the grid.
# 2. The outer places are nearly empty: they are there for a handful of large weights.
# 3. The same numbers as bytes: a quarter of the memory.

# %% [markdown]
# **Predict, then run**: the whole matrix has 8,192 weights. How many *different* numbers are left?

# %%
print(len(np.unique(weight)), "different weights before,", len(np.unique(quantize(weight, scale_for(weight)))), "after")

# %% [markdown]
# <details><summary>Answer</summary>
#
# At most 255, one for each place, and fewer where places stay empty. Before, nearly every weight was a number of its own. That the answers hardly change shows how few of those 32 bits were needed.
# </details>

# %% [markdown]
# ## Part 3: And back
#
# The way back is scale times place, with the zero point taken off first:
#
# $$x \approx (q - \text{zero point}) \cdot \text{scale}$$
#
# By hand, with the scale 0.02: place 17 gives 0.34. The weight was 0.333, so the error is 0.007. How large can it be? The nearest place is at most half a step away: **the error is at most scale / 2**, here 0.01. That's the one promise of this module, and it holds for every number that lies within the grid.
#
# A byte minus a byte is a byte: 100 minus -128 would be 228, and wraps around to -28. So make `q` float32 first, then subtract.


# %% nbgrader={"grade_id": "dequantize", "solution": true}
#| export
def dequantize(q, scale, zero_point=0):
    """Return the numbers that belong to places of a grid: the way back from quantize.

    Args:
        q: an int8 array.
        scale: the distance between neighbours, a number or a float32 array that broadcasts to q.
        zero_point: the place of 0, a whole number.

    Returns:
        A float32 array of the shape of q.

    TODO: take the zero point off, multiply by the scale; in float32 from the beginning.

    APPROACH:
    1. Make q float32.
    2. Subtract the zero point, then multiply by the scale.

    EXAMPLE:
    >>> dequantize(np.array([17, -127], dtype="int8"), 0.02)
    array([ 0.34, -2.54], dtype=float32)

    HINT: try `np.array([100], dtype="int8") - np.int8(-128)`.
    """
    ### BEGIN SOLUTION
    return (q.astype("float32") - zero_point) * scale
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: dequantize

# %% nbgrader={"grade_id": "test_dequantize", "grade": true}
test = unit_test("dequantize")


@test.check("scale times place, by hand", points=2)
def _():
    close(dequantize(np.array([17, -127, 0], dtype="int8"), 0.02), [0.34, -2.54, 0.0])


@test.check("the zero point is taken off, and nothing wraps around", points=2)
def _():
    close(dequantize(np.array([100, -128, 127], dtype="int8"), 0.5, zero_point=-128), [114.0, 0.0, 127.5])


### BEGIN HIDDEN TESTS
@test.check("float32, with a number or a scale for each row", points=3, hidden=True)
def _():
    q = remote(test.rng.integers(-127, 128, size=(3, 5)).astype("int8"))
    scale = remote(test.rng.uniform(0.01, 0.1, size=(3, 1)).astype("float32"))
    with unchanged(q), unchanged(scale):
        numbers = dequantize(q, scale)
    close(numbers, q.read() * scale.read())
    same(str(numbers.dtype), "float32")
    same(str(dequantize(q, 0.25).dtype), "float32")
    for zero_point in (-128, 5, 127):
        close(dequantize(q, 0.25, zero_point), (q.read().astype("int32") - zero_point) * 0.25)


@test.check("there and back: the error is at most half a step", points=3, hidden=True)
def _():
    x = test.rng.uniform(-1, 1, size=(6, 40)).astype("float32")
    scale = (abs(x).max(axis=1, keepdims=True) / 127).astype("float32")
    places = np.clip(np.round(x / scale), -127, 127).astype("int8")
    back = dequantize(places, scale)
    true(bool((abs(back - x) <= scale / 2 * 1.0001).all()), "no number has moved by more than half a step")
    same(np.round(back / scale), places)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Ten numbers and a grid, for 2 to 8 bits. Move the slider (the arrow keys do, too).


# %%
def rounded(x, bits, per_row=False):
    """Return x as it comes back from a grid of so many bits."""
    last = last_place(bits)
    scale = scale_for(x, last, per_row)
    return dequantize(quantize(x, scale, first=-last, last=last), scale)


def grid(x, bits):
    """Return all numbers that the grid for x has."""
    last = last_place(bits)
    return dequantize(np.arange(-last, last + 1).astype("int8"), scale_for(x, last))


ten = np.array([-0.93, -0.71, -0.42, -0.2, -0.06, 0.11, 0.29, 0.48, 0.77, 1.0], dtype="float32")
viz.NumberLine(ten, {bits: (grid(ten, bits), rounded(ten, bits)) for bits in range(2, 9)}, "Ten numbers on a grid")

# %% [markdown]
# **What's happening**
# 1. The ticks are the grid; the last one on the right lies on the largest number, whatever the number of bits.
# 2. Each dot moves to its nearest tick. With 2 bits there are three: everything becomes -1, 0 or 1.
# 3. Each further bit doubles the ticks, so it halves the distance between them and the largest possible error.
# 4. With 8 bits the grid is finer than the dots: nothing seems to move.

# %% [markdown]
# Now all 8,192 weights of the first layer: their typical error against the bits, with one scale and with one for each row. W. R. Bennett showed in 1948 that an error that is equally likely everywhere within a step has the typical size $\text{scale}/\sqrt{12}$.


# %%
def typical_error(x, bits, per_row):
    """Return the root of the mean square of what rounding changes."""
    return float(np.sqrt(((rounded(x, bits, per_row) - x) ** 2).mean()))


bits = list(range(2, 9))
errors = {
    "one scale": [typical_error(weight, b, per_row=False) for b in bits],
    "one for each row": [typical_error(weight, b, per_row=True) for b in bits],
    "scale / √12 (one scale)": [float(scale_for(weight, last_place(b))) / np.sqrt(12) for b in bits],
}
for b, whole, by_row, _ in zip(bits, *errors.values(), strict=True):
    print(f"{b} bits: error {whole:.5f} with one scale, {by_row:.5f} by rows: {whole / by_row:.1f} times smaller")
viz.lines(bits, errors, "Typical error of a weight", xlabel="bits", ylabel="error", log="y", markers=True)

# %% [markdown]
# **What's happening**
# 1. On a logarithmic axis both are nearly straight: each bit halves the error.
# 2. A scale for each row is better by the same factor everywhere: its grids are finer. The factor is printed above.
# 3. Bennett's line fits from 3 bits on: it coincides with that of one scale. With 2 bits most weights are nearer to 0 than half a step, so they become 0, and the error is the weight itself.

# %% [markdown]
# The error of a weight is not what we care about. How many digits are still named correctly?

# %%
accuracies = {
    name: [100 * right(with_weights(lambda w, b=b, p=per_row: rounded(w, b, p))) for b in bits]
    for name, per_row in {"one scale": False, "one for each row": True}.items()
}
for b, whole, by_row in zip(bits, *accuracies.values(), strict=True):
    print(f"{b} bits: {whole:.1f} % with one scale, {by_row:.1f} % by rows")
viz.lines(
    bits,
    accuracies | {"32 bits": [100 * right(trained())] * len(bits)},
    "Digits named rightly, against the bits of a weight",
    xlabel="bits",
    ylabel="right (%)",
    ylim=(0, 102),
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. From 8 down to 4 bits hardly anything happens: a few digits out of 1,797 change sides, some of them for the better.
# 2. At 3 bits it begins to cost where one scale must serve all rows, and at 2 bits there is a cliff: only -1, 0 and 1 times the scale are left.
# 3. Where the curves lie within a few tenths, it's luck which one is higher: a tenth of a per cent is two digits. On the cliff the scale for each row is clearly better.
# 4. The network tolerates the errors since each unit adds up 64 or 128 of them, of both signs: most cancel out.

# %% [markdown]
# ### One weight too large
#
# The pixel in the upper left corner is 0 in every image, so the weights of that pixel never matter. Make one of them a hundred times as large as the largest weight. The model with floats gives the same answers as before. And in 8 bits?

# %%
corner = digits(train=False)[0][:, 0]
print("brightest upper left corner of all test images:", corner.max())


def with_outlier(weight):
    """Copy the weights; the first layer's gets one that is a hundred times too large, at a pixel that is always 0."""
    weight = weight.copy()
    if weight.shape == (128, 64):
        weight[0, 0] = 100 * abs(weight).max()
    return weight


for name, change in {
    "32 bits": lambda w: with_outlier(w),
    "8 bits, one scale": lambda w: rounded(with_outlier(w), 8),
    "8 bits, one for each row": lambda w: rounded(with_outlier(w), 8, per_row=True),
}.items():
    print(f"{name:>25}: {right(with_weights(change)):.1%}")
edges = np.linspace(-1.2, 1.2, 50)
outlier = with_outlier(weight)
histograms = {
    "before": weight,
    "8 bits, one scale": rounded(outlier, 8),
    "8 bits, one for each row": rounded(outlier, 8, per_row=True),
}
viz.lines(
    (edges[:-1] + edges[1:]) / 2,
    {name: np.maximum(np.histogram(array, edges)[0], 0.5) for name, array in histograms.items()},
    "Weights beside one that is a hundred times too large",
    xlabel="weight",
    ylabel="count (0.5 is none)",
    log="y",
)

# %% [markdown]
# **What's happening**
# 1. With one scale the grid must reach the outlier. Its step is then nearly as large as the largest of the other weights: three peaks are left, and most weights are in the middle one, at 0.
# 2. With a scale for each row only the outlier's own row is lost: one unit of 128. The curve lies on top of the one for the original weights, and hides it.
# 3. In large language models such outliers are no accident: a few features grow a hundred times as large as the others (Dettmers et al. 2022, arXiv 2208.07339).

# %% [markdown]
# **Predict, then run**: quantise numbers that came back from a grid once more. By how much do they change?

# %%
once = rounded(weight, 4)
print(np.abs(rounded(once, 4) - once).max())

# %% [markdown]
# <details><summary>Answer</summary>
#
# Not at all (up to the last digit of a float32): they lie on the grid already, and its largest number still has the last place. What is lost is lost the first time.
# </details>

# %% [markdown]
# ## Part 4: A layer that stores bytes
#
# So far the rounded weights were floats again, four bytes each. Now they stay bytes: a layer keeps the places and the scales, and makes floats of them only when it is asked for a product.
#
# If it did that for all rows at once, the whole matrix would be there in float32 for as long as the product takes, and the peak of memory would be higher than before. So take a **block of rows** at a time: make floats of some rows of the weight, multiply, keep the results, forget the floats. The rows of the weight are the outputs of
# the layer, so each block gives some columns of the result; side by side they are the whole.
#
# By hand: a weight with 3 rows, in blocks of 2. The first block gives the outputs 0 and 1, the second one the output 2. The last block may be shorter, and must not be lost.
#
# > Turn one block of rows into floats at a time: all rows at once would need more memory than the float layer did. And each block needs its own part of the scales.


# %% nbgrader={"grade_id": "quantized_linear", "solution": true}
#| export
def quantized_linear(x, q, scale, bias=None, rows=64):
    """Apply a linear layer whose weight is stored as places: x @ dequantize(q, scale).T + bias, in blocks of rows.

    Args:
        x: a float32 array (..., in).
        q: the places, an int8 array (out, in).
        scale: a float32 array (out, 1).
        bias: a float32 array (out,), or None.
        rows: how many rows of q are made floats at a time, at least 1.

    Returns:
        A float32 array (..., out).

    TODO: block by block: rows of q and of scale, floats, product; then all blocks side by side, and the bias.

    APPROACH:
    1. Go through the starts of the blocks: 0, rows, 2 * rows, ... up to the number of rows of q.
    2. Make floats of a block's rows, with the same rows of the scale; multiply x by their transpose; keep the result.
    3. Join the results along the last axis.
    4. Add the bias if there is one.

    EXAMPLE:
    >>> q, scale = np.array([[1, 2], [3, 4], [5, 6]], dtype="int8"), np.array([[1.0], [0.5], [0.1]], dtype="float32")
    >>> quantized_linear(np.array([[1.0, 1.0]], dtype="float32"), q, scale, rows=2)
    array([[3. , 3.5, 1.1]], dtype=float32)

    HINT: `range(0, n, rows)`; a slice may reach beyond the end: `q[2:4]` of three rows is the last one.
    """
    ### BEGIN SOLUTION
    parts = []
    for start in range(0, len(q), rows):
        block = slice(start, start + rows)
        parts.append(x @ dequantize(q[block], scale[block]).T)
    out = np.concatenate(parts, axis=-1)
    return out if bias is None else out + bias
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: quantized_linear

# %% nbgrader={"grade_id": "test_quantized_linear", "grade": true}
test = unit_test("quantized_linear")


def drawn_layer(outputs, inputs):
    """Places, scales and a bias."""
    q = test.rng.integers(-127, 128, size=(outputs, inputs)).astype("int8")
    return (
        q,
        test.rng.uniform(0.001, 0.1, size=(outputs, 1)).astype("float32"),
        test.rng.normal(size=outputs).astype("float32"),
    )


@test.check("three rows in blocks of two, by hand", points=3)
def _():
    q = np.array([[1, 2], [3, 4], [5, 6]], dtype="int8")
    scale = np.array([[1.0], [0.5], [0.1]], dtype="float32")
    x = np.array([[1.0, 1.0]], dtype="float32")
    close(quantized_linear(x, q, scale, rows=2), [[3.0, 3.5, 1.1]])
    close(quantized_linear(x, q, scale, np.array([10.0, 20.0, 30.0], dtype="float32"), rows=2), [[13.0, 23.5, 31.1]])


@test.check("a block at a time: the memory at the peak stays far below that of the whole weight as floats", points=3)
def _():
    q, scale, _ = drawn_layer(512, 256)
    x = test.rng.normal(size=(2, 256)).astype("float32")
    little = fixtures.stays_below(2 * q.size, quantized_linear, x, q, scale, None, rows=16)
    true(little, "the peak is less than half of the whole weight in float32")


### BEGIN HIDDEN TESTS
@test.check("any size of blocks, with a bias and without", points=4, hidden=True)
def _():
    q, scale, bias = (remote(array) for array in drawn_layer(7, 5))
    x = remote(test.rng.normal(size=(3, 5)).astype("float32"))
    expected = x.read() @ (q.read() * scale.read()).T
    for rows in (1, 2, 3, 7, 64):
        with unchanged(x), unchanged(q), unchanged(scale), unchanged(bias):
            close(quantized_linear(x, q, scale, rows=rows), expected, atol=1e-5)
            close(quantized_linear(x, q, scale, bias, rows), expected + bias.read(), atol=1e-5)


@test.check("one row, batches of batches, and float32 in the end", points=3, hidden=True)
def _():
    q, scale, bias = drawn_layer(6, 4)
    for front in [(), (5,), (2, 3)]:
        x = test.rng.normal(size=(*front, 4)).astype("float32")
        out = quantized_linear(x, q, scale, bias, rows=4)
        close(out, x @ (q * scale).T + bias, atol=1e-5)
        same(str(out.dtype), "float32")


@test.check("more rows than one block has by default, and little memory for these, too", points=2, hidden=True)
def _():
    q, scale, bias = drawn_layer(3000, 128)
    x = test.rng.normal(size=(2, 128)).astype("float32")
    close(quantized_linear(x, q, scale, bias), x @ (q * scale).T + bias, atol=1e-4)
    little = fixtures.stays_below(2 * q.size, quantized_linear, x, q, scale, bias)
    true(little, "the peak is less than half of the whole weight in float32")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The layer is given. It is made of a trained `Linear`, and it is for use, not for training: bytes have no gradient. Its bias stays float32, since it is one number for a whole row, and a wrong one shifts every result of its unit. `quantize_model` copies a model and replaces each `Linear` in it.


# %%
#| export
class QuantizedLinear(Module):
    """A linear layer whose weight is stored as places of a grid, a byte each; for use, not for training.

    Args:
        layer: a Linear, which is left as it is.
        bits: of a place, 2 to 8. (In memory each takes a byte all the same.)
        per_row: a scale for each row, or one for all.
        rows: how many rows are made floats at a time.
    """

    def __init__(self, layer, bits=8, per_row=True, rows=64):
        if not 2 <= bits <= 8:
            raise ValueError(f"a place is stored in a byte, so it has 2 to 8 bits, got {bits}")
        weight = layer.weight.data
        if not np.isfinite(weight).all():
            raise ValueError("the weight has nan or infinite numbers, which have no place on a grid: train it anew")
        self.in_features, self.out_features, self.bits, self.rows = *weight.shape[::-1], bits, rows
        last = last_place(bits)
        scale = scale_for(weight, last, per_row)
        # Buffers are saved with the model and not trained.
        self.register_buffer("weight", Tensor(quantize(weight, scale, first=-last, last=last)))
        self.register_buffer("scale", Tensor(np.asarray(scale)))
        self.register_buffer("bias", None if layer.bias is None else Tensor(layer.bias.data.copy()))

    def forward(self, x):
        if x.requires_grad and is_grad_enabled():
            raise ValueError(
                "no gradient comes back through bytes: call the model under no_grad(), or train the Linear"
            )
        scale = np.broadcast_to(self.scale.data, (self.out_features, 1))
        bias = None if self.bias is None else self.bias.data
        return Tensor(quantized_linear(x.data, self.weight.data, scale, bias, self.rows))

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bits={self.bits}"


def quantize_model(model, bits=8, per_row=True):
    """Return a copy of a model in which each Linear is a QuantizedLinear; all else stays float32."""
    model, done = copy.deepcopy(model), {}
    if isinstance(model, Linear):
        return QuantizedLinear(model, bits, per_row)
    for module in model.modules():
        for name, child in list(vars(module).items()):
            if isinstance(child, Linear):  # one that stands in two places stays one
                done[id(child)] = done.get(id(child)) or QuantizedLinear(child, bits, per_row)
                setattr(module, name, done[id(child)])
    return model


# %%
small = quantize_model(trained())
print(small)
print(f"{right(trained()):.1%} right in float32, {right(small):.1%} in bytes")

# %% [markdown]
# And does it fit now? A saved model is its `state_dict`; this counts its bytes, name by name.


# %%
def bytes_by_name(model):
    """Return the bytes of each tensor of a model."""
    return {name: tensor.nbytes for name, tensor in model.state_dict().items()}


before, after = bytes_by_name(trained()), bytes_by_name(quantize_model(trained()))
for name, count in after.items():
    print(f"{name:>10}: {before.get(name, 0):>7,} bytes before, {count:>6,} after")
total_before, total_after = sum(before.values()), sum(after.values())
print(
    f"{'all':>10}: {total_before:>7,} bytes before, {total_after:>6,} after: {total_before / total_after:.2f} times smaller"
)
viz.bars(
    ["float32", "one scale", "by rows"],
    {
        part: [
            sum(count for name, count in bytes_by_name(model).items() if name.endswith(part)) / 1000
            for model in (trained(), quantize_model(trained(), per_row=False), small)
        ]
        for part in ("weight", "scale", "bias")
    },
    "The digits model, in float32 and in bytes",
    ylabel="kB",
)

# %% [markdown]
# **What's happening**
# 1. The weights are four times smaller, to the byte.
# 2. The biases stay as they were, and the scales for each row are as many numbers as the biases. Both are 4 bytes for each *row*.
# 3. So the whole model is a little less than four times smaller, and the larger its layers are, the nearer it comes to four.
# 4. It fits into 32 kB, with room for a program.

# %% [markdown]
# **Predict, then run**: a layer has 4,096 inputs and 4,096 outputs. How many times smaller does it get?

# %%
wide = Linear(4096, 4096)
ratio = sum(bytes_by_name(wide).values()) / sum(bytes_by_name(quantize_model(wide)).values())
print(f"{ratio:.3f} times")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nearly four: for each row of 4,096 weights there are 8 bytes of scale and bias beside them, two parts in a thousand. For our second layer, with rows of 128, these are 8 of 136.
# </details>

# %% [markdown]
# ## Part 5: Grids for activations
#
# A chip that multiplies whole numbers needs them on both sides: the *activations*, too, must become bytes. Weights lie on both sides of 0. What comes out of a ReLU doesn't: it is never negative. On our grid the places from -127 to -1 would never be used: half the grid, one bit of eight, is thrown away.
#
# So a range from `low` to `high` gets a grid of its own, which reaches from the place -128 to the place 127:
#
# $$\text{scale} = \frac{\text{high} - \text{low}}{127 - (-128)} \qquad \text{zero point} = -128 - \text{round}\!\left(\frac{\text{low}}{\text{scale}}\right)$$
#
# The zero point is the place of the number 0. It's a whole number, so 0 itself is *exactly* on the grid. That is important: zeros are everywhere (ReLU, padding, pruned weights), and an error in each of them adds up.
#
# By hand, for the range -1 to 4.1: the scale is $5.1 / 255 = 0.02$, the zero point $-128 + 50 = -78$. The number 4.1 is place $205 - 78 = 127$, the number -1 is place $-50 - 78 = -128$.
#
# Two kinds of ranges break the formula:
#
# - A range beside 0, such as 5 to 6, would have its zero point far off the grid. Widen the range first so that 0 lies in it: 0 to 6. Clipping the zero point instead would move the whole grid away from the numbers.
# - A range that is only 0 has the scale 0: return the scale 1 and the zero point 0.


# %% nbgrader={"grade_id": "affine_parameters", "solution": true}
#| export
def affine_parameters(low, high, first=-128, last=127):
    """Return the grid from the place first to the place last for numbers from low to high.

    Args:
        low, high: the smallest and the largest number; both may lie on one side of 0.
        first, last: the first and the last place of the grid.

    Returns:
        (scale, zero_point): a float > 0, and the place of the number 0, a whole number from first to last.

    TODO: widen the range so that 0 lies in it; scale; zero point; a range that is only 0.

    APPROACH:
    1. If low lies above 0 it becomes 0; if high lies below 0 it becomes 0.
    2. The scale is the length of the range, divided by the number of steps between first and last.
    3. If that is 0: return 1.0 and 0.
    4. The zero point is first minus the rounded quotient of low and scale.

    EXAMPLE:
    >>> affine_parameters(-1.0, 4.1)
    (0.02, -78)

    HINT: `min(low, 0.0)`; `round(number)` gives a whole number.
    """
    ### BEGIN SOLUTION
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (last - first)
    if scale == 0:
        return 1.0, 0
    return float(scale), first - round(low / scale)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: affine_parameters

# %% nbgrader={"grade_id": "test_affine_parameters", "grade": true}
test = unit_test("affine_parameters")


def largest_change(x, scale, zero_point, first=-128, last=127):
    """How far numbers move on a grid, in steps."""
    places = np.clip(np.round(x / scale) + zero_point, first, last)
    return float(abs((places - zero_point) * scale - x).max() / scale)


@test.check("a range around 0, by hand; the place of 0 is the nearest one", points=3)
def _():
    scale, zero_point = affine_parameters(-1.0, 4.1)
    close(scale, 0.02)
    same(zero_point, -78)
    same(affine_parameters(-0.992, 4.108)[1], -78)


@test.check("ranges beside 0 are widened: 5 to 6, and -6 to -5", points=3)
def _():
    scale, zero_point = affine_parameters(5.0, 6.0)
    close(scale, 6 / 255)
    same(zero_point, -128)
    scale, zero_point = affine_parameters(-6.0, -5.0)
    close(scale, 6 / 255)
    same(zero_point, 127)


@test.check("a range that is only 0", points=2)
def _():
    scale, zero_point = affine_parameters(0.0, 0.0)
    close(scale, 1.0)
    same(zero_point, 0)


### BEGIN HIDDEN TESTS
@test.check("within the range no number moves by more than half a step, and 0 doesn't move", points=5, hidden=True)
def _():
    for _ in range(40):
        low, high = sorted(test.rng.normal(size=2) * test.rng.uniform(0.1, 50))
        scale, zero_point = affine_parameters(float(low), float(high))
        close(scale, (max(high, 0) - min(low, 0)) / 255)
        true(-128 <= zero_point <= 127, "the zero point is a place of the grid")
        same(zero_point, -128 - round(min(low, 0) / scale))
        x = np.append(test.rng.uniform(low, high, size=200), [low, high])
        true(largest_change(x, scale, zero_point) <= 0.5 + 1e-6, "no number moves by more than half a step")
        same(largest_change(np.zeros(1), scale, zero_point), 0.0)


@test.check("one number alone comes back as it was", points=4, hidden=True)
def _():
    for number in (5.0, -3.0, 0.001, float(test.rng.uniform(1, 100))):
        scale, zero_point = affine_parameters(number, number)
        true(largest_change(np.array([number]), scale, zero_point) < 1e-6, "a constant is exact")


@test.check("grids with fewer places, and with others", points=3, hidden=True)
def _():
    for first, last in [(-8, 7), (-2, 1), (-127, 127), (0, 15)]:
        low, high = -float(test.rng.uniform(0.1, 3)), float(test.rng.uniform(0.1, 3))
        scale, zero_point = affine_parameters(low, high, first, last)
        close(scale, (high - low) / (last - first))
        same(zero_point, first - round(low / scale))
    same(affine_parameters(0.0, 0.0, -8, 7)[1], 0)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What it brings: the hidden activations of the digits model on both kinds of grid.


# %%
def hidden(images):
    """Return the activations after the ReLU, an array (images, 128)."""
    model = trained()
    with no_grad():
        return model[1](model[0](Tensor(images))).data


def on_grid(x, low, high, first=-128, last=127):
    """Return x as it comes back from the grid for a range."""
    scale, zero_point = affine_parameters(low, high, first, last)
    return dequantize(quantize(x, scale, zero_point, first, last), scale, zero_point)


activations = hidden(digits(train=False)[0])
bits = list(range(3, 9))
symmetric = [float(np.sqrt(((rounded(activations, b) - activations) ** 2).mean())) for b in bits]
asymmetric = [
    float(
        np.sqrt(
            (
                (on_grid(activations, 0.0, activations.max(), -(2 ** (b - 1)), 2 ** (b - 1) - 1) - activations) ** 2
            ).mean()
        )
    )
    for b in bits
]
print(f"with 8 bits the error is {symmetric[-1] / asymmetric[-1]:.2f} times smaller with a zero point")
viz.lines(
    bits,
    {"same on both sides": symmetric, "with a zero point": asymmetric},
    "Typical error of an activation after ReLU",
    xlabel="bits",
    ylabel="error",
    log="y",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. With a zero point all places are used, twice as many as before: half the error.
# 2. That is one bit: the lower line is the upper one, shifted by one to the left.
# 3. It costs nothing but a number for each tensor, and a subtraction.

# %% [markdown]
# **Predict, then run**: all numbers of a tensor are 5. Which place do they get, and what comes back?

# %%
print(affine_parameters(5.0, 5.0), on_grid(np.full(3, 5.0), 5.0, 5.0))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The range is widened to 0 ... 5, so 5 lies on the last place, 127, and comes back exactly. The places between are not needed.
# </details>

# %% [markdown]
# ### Find the fault
#
# This function was part of a course like this one for a year. It works for weights, and for nearly all activations. Find the ranges for which it fails, and by how much, with the function below it.


# %%
def hasty_parameters(low, high):
    """Return scale and zero point. Something is wrong with it."""
    scale = max(high - low, 1e-8) / 255
    zero_point = int(np.clip(-128 - round(low / scale), -128, 127))
    return scale, zero_point


def largest_error_in_steps(parameters, low, high):
    """Return how far the numbers of a range move at most, in steps of the grid; 0.5 is what was promised."""
    scale, zero_point = parameters(low, high)
    x = np.linspace(low, high, 101)
    return float(np.abs(dequantize(quantize(x, scale, zero_point, -128), scale, zero_point) - x).max() / scale)


# %%
print("yours, from -1 to 1:", round(largest_error_in_steps(affine_parameters, -1.0, 1.0), 3))
print("theirs, from -1 to 1:", round(largest_error_in_steps(hasty_parameters, -1.0, 1.0), 3))
# other ranges ...

# %% [markdown]
# <details><summary>The fault</summary>
#
# A range that doesn't reach 0. `largest_error_in_steps(hasty_parameters, 5.0, 6.0)` is more than a thousand steps: the scale is that of a range of length 1, the zero point would be -1403, and is clipped to -128. The grid then reaches from 0 to 1, and everything from 5 to 6 comes back as 1. Yours widens the range *before* the scale is computed.
# </details>

# %% [markdown]
# ## Part 6: Which range?
#
# Weights are known, activations are not: they depend on the input. So some batches are sent through the model once, and the range is read off. That is called **calibration**.
#
# The obvious range is from the smallest to the largest number seen. But one very large activation among a million makes the grid coarse for all others, as the outlier did in Part 3. So we keep, say, 99.9 % of the numbers, leave out half of the rest at each end, and let them be clipped.
#
# By hand: of the numbers 0, 1, 2, ..., 100 keep 90 %. At each end 5 % are left out: the range is 5 to 95. `np.quantile(values, [0.05, 0.95])` finds it.
#
# This exercise has no list of steps. Two things to watch:
#
# - The range is that of *all* numbers of all batches together. The mean of the batches' ranges is another one, and the last batch is often shorter.
# - The rest is left out at both ends, half of it at each.


# %% nbgrader={"grade_id": "calibrate", "solution": true}
#| export
def calibrate(batches, keep=1.0):
    """Return the range that holds a share of all numbers of some batches, with half of the rest left out at each end.

    Args:
        batches: arrays of any shapes; may be a generator, which can be walked through only once.
        keep: the share that is kept, from 0 to 1; with 1 the range reaches from the smallest to the largest number.

    Returns:
        (low, high): two floats.

    TODO: put all numbers of all batches into one array, and find its two quantiles.

    EXAMPLE:
    >>> calibrate([np.arange(51.0), np.arange(51.0, 101.0)], keep=0.9)
    (5.0, 95.0)

    HINT: which share of the numbers lies below low, and which below high?
    """
    ### BEGIN SOLUTION
    values = np.concatenate([np.ravel(batch) for batch in batches])
    rest = (1 - keep) / 2
    low, high = np.quantile(values, [rest, 1 - rest])
    return float(low), float(high)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: calibrate

# %% nbgrader={"grade_id": "test_calibrate", "grade": true}
test = unit_test("calibrate")


@test.check("the numbers from 0 to 100 in two batches, by hand", points=3)
def _():
    batches = [np.arange(51.0), np.arange(51.0, 101.0)]
    close(calibrate(batches, keep=0.9), [5.0, 95.0])
    close(calibrate(batches), [0.0, 100.0])


@test.check("batches of different lengths: all numbers count the same", points=3)
def _():
    close(calibrate([np.arange(1.0, 101.0), np.array([0.0])], keep=0.5), [25.0, 75.0])


### BEGIN HIDDEN TESTS
@test.check("random batches of any shape, for several shares", points=5, hidden=True)
def _():
    first, second = (remote(test.rng.normal(size=shape)) for shape in [(4, 6), (3, 2, 5)])
    everything = np.concatenate([first.read().ravel(), second.read().ravel()])
    for keep in (1.0, 0.99, 0.8, 0.5):
        with unchanged(first), unchanged(second):
            low, high = calibrate([first, second], keep)
        close([low, high], np.quantile(everything, [(1 - keep) / 2, (1 + keep) / 2]))


@test.check("numbers on one side of 0, mostly zeros, float32", points=4, hidden=True)
def _():
    batches = [np.maximum(test.rng.normal(size=(20, 8)) - 0.5, 0).astype("float32") for _ in range(3)]
    everything = np.concatenate(batches)
    for keep in (1.0, 0.9):
        close(calibrate(batches, keep=keep), np.quantile(everything, [(1 - keep) / 2, (1 + keep) / 2]))
    same(len(calibrate([np.zeros((2, 2))])), 2)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Clip more and round less, or the other way round? For the hidden activations with 4 bits, on training digits; the errors are those on test digits, separately for numbers inside and outside the range.

# %%
seen = [hidden(digits(train=True)[0][start : start + 256]) for start in range(0, 2048, 256)]
shares = [1.0, 0.9999, 0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9]
inside_errors, outside_errors = [], []
for keep in shares:
    low, high = calibrate(seen, keep)
    squares = (on_grid(activations, low, high, -8, 7) - activations) ** 2
    outside = activations > high
    inside_errors.append(float(np.where(outside, 0, squares).mean()))
    outside_errors.append(float(np.where(outside, squares, 0).mean()))
both = np.add(inside_errors, outside_errors)
best = int(both.argmin())
print(f"smallest error with {shares[best]:.2%} kept: {both[0] / both[best]:.1f} times smaller than with all")
viz.lines(
    [100 * (1 - keep) + 0.005 for keep in shares],
    {"rounded (inside)": inside_errors, "clipped (outside)": outside_errors, "both": both},
    "Mean square error with 4 bits",
    xlabel="left out (%), 0.005 is nothing",
    ylabel="error",
    log="x",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. On the left everything is kept: nothing is clipped, and the grid is coarse because of a few large numbers.
# 2. Further right the range gets shorter, so the step gets smaller and rounding costs less.
# 3. But what lies outside is moved to the end of the grid, by any distance; that error grows.
# 4. The sum has its smallest value in between. With 8 bits rounding costs so little that nearly everything is kept.

# %% [markdown]
# **Predict, then run**: you calibrate in dim light, with images half as bright as those that come later. What is wrong with the range?

# %%
images, _ = digits(train=True)
dim, bright = calibrate([hidden(images / 2)]), calibrate([hidden(images)])
print(f"up to {dim[1]:.2f} in dim light, up to {bright[1]:.2f} in full light", end="; ")
print(f"{(activations > dim[1]).mean():.1%} of the test activations would be clipped")

# %% [markdown]
# <details><summary>Answer</summary>
#
# It is too short: everything brighter than the images seen is clipped, and that affects just the units that are most excited. Calibration data must look like what comes later, as training data must.
# </details>

# %% [markdown]
# ### All of it in whole numbers
#
# Now both sides are bytes. Their product is a whole number, and the sum of 64 or 128 of them too: a chip adds it up in 32 bits. Scales come in only at the end, once for each result:
#
# $$\sum_j (q_j - z)\, s_x \; p_{ij}\, s_i \;=\; s_x\, s_i \sum_j (q_j - z)\, p_{ij}$$
#
# Why 32 bits? One product reaches $255 \cdot 127 = 32385$, which fills 16 bits; 128 of them need 7 bits more.


# %%
def in_whole_numbers(x, layer, low, high):
    """Apply a QuantizedLinear to an array, with x on the grid for low to high, and sums of whole numbers."""
    scale, zero_point = affine_parameters(low, high)
    places = quantize(x, scale, zero_point, -128, 127).astype("int32")
    sums = (places - zero_point) @ layer.weight.data.astype("int32").T
    return (sums * (scale * layer.scale.data[:, 0]) + layer.bias.data).astype("float32")


def digits_in_whole_numbers(keep):
    """Measure the share of right test digits, with both layers in whole numbers."""
    input_range, hidden_range = calibrate([digits(train=True)[0]]), calibrate(seen, keep)
    x = np.maximum(in_whole_numbers(digits(train=False)[0], small[0], *input_range), 0)
    return float((in_whole_numbers(x, small[2], *hidden_range).argmax(axis=1) == digits(train=False)[1]).mean())


print(f"float32: {right(trained()):.2%}; bytes for weights: {right(quantize_model(trained())):.2%}", end="; ")
print(f"bytes for weights and activations: {digits_in_whole_numbers(0.9999):.2%}")

# %% [markdown]
# > 💡 **Production Reality**: what does a chip gain? Four times less memory to read, which is what limits a language model that writes one token at a time. And arithmetic: one AVX-512 instruction multiplies and adds 64 pairs of bytes (VNNI), where the one for float32 takes 16 pairs; by its data sheet an NVIDIA A100 does 624 trillion operations a
# > second on bytes, 312 on 16-bit floats and 19.5 on plain float32. Multiplying two bytes costs about 0.2 pJ, two float32 numbers 3.7 pJ, and fetching one from DRAM hundreds of times as much as the product of two float32 (Horowitz 2014, for 45 nm). Phones do the whole of Part 6 (Jacob et al. 2018, arXiv 1712.05877); language models on laptops have 4-bit weights with a scale
# > for each group of 32 to 128, chosen as GPTQ does (Frantar et al. 2022, arXiv 2210.17323), and activations in 16-bit floats.

# %% [markdown]
# ### On your own: a table in bytes
#
# Not graded, and without a test. The table of an embedding is a weight, too, often the largest one. Write a class `ByteTable(Module)`: `__init__(self, table)` takes a float32 array (tokens, dim) and keeps the places and a scale for each row as buffers (`self.register_buffer(name, tensor)`, as `QuantizedLinear` does); `forward(self, ids)` takes an array of ids and returns the floats of *those rows only*. Your three functions and
# indexing are enough. The next cell looks at the bytes and the error.

# %%
# class ByteTable(Module):


# %%
if "ByteTable" in globals():
    table = np.random.default_rng(0).normal(size=(1000, 64)).astype("float32")
    own = ByteTable(table)  # noqa: F821
    looked_up = own(np.array([[3, 1], [4, 999]]))
    difference = np.abs(getattr(looked_up, "data", looked_up) - table[[[3, 1], [4, 999]]]).max()
    stored = sum(bytes_by_name(own).values())
    print(f"{table.nbytes:,} bytes before, {stored:,} after; four rows looked up are off by at most {difference:.4f}")

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class ByteTable(Module):
#     def __init__(self, table):
#         scale = scale_for(table, per_row=True)
#         self.register_buffer("places", Tensor(quantize(table, scale)))
#         self.register_buffer("scale", Tensor(scale))
#
#     def forward(self, ids):
#         return Tensor(dequantize(self.places.data[ids], self.scale.data[ids]))
# ```
#
# Index first, then make floats: only the rows that were asked for are ever floats.
# </details>

# %% [markdown]
# ### Advanced (optional): training for the grid
#
# With 2 bits the model fell off the cliff, since it was trained without knowing what would happen to its weights. Let it know: in each step use the *rounded* weights for the result. Rounding is a staircase, so its slope is 0 nearly everywhere and no blame would come back. The trick is to pretend that it has the slope 1 (Bengio, Léonard and Courville 2013,
# arXiv 1308.3432): the gradient goes *straight through* to the float weights, which remember small steps until they reach the next place. PyTorch calls rounding there and back `fake_quantize`, and its functions are given; they call yours.


# %%
#| export
@primitive
def fake_quantize(x, scale=1.0, zero_point=0, first=-128, last=127):
    """Round x to a grid and back; the gradient passes where x lies on the grid, and stops where it was clipped."""
    return dequantize(quantize(x, scale, zero_point, first, last), scale, zero_point)


@rule("fake_quantize", reads="inputs")
def fake_quantize_rule(grad, out, x, scale=1.0, zero_point=0, first=-128, last=127):
    places = np.round(x / scale) + zero_point
    return (grad * ((first <= places) & (places <= last)),)


def fake_quantize_per_tensor_affine(input, scale, zero_point, quant_min, quant_max):
    """Round to a grid and back as PyTorch's function does; places are -128 to 127 here."""
    if not -128 <= quant_min <= zero_point <= quant_max <= 127:
        raise ValueError(
            "places are stored in a byte with a sign: -128 <= quant_min <= zero_point <= quant_max <= 127 is needed, "
            f"got {quant_min}, {zero_point}, {quant_max}; subtract 128 from places that count from 0"
        )
    return fake_quantize(input, scale=float(scale), zero_point=int(zero_point), first=quant_min, last=quant_max)


def fake_quantize_per_channel_affine(input, scale, zero_point, axis, quant_min, quant_max):
    """The same with a scale for each index along `axis`, all with the zero point 0."""
    scale, zero_point = (np.asarray(x.data if isinstance(x, Tensor) else x) for x in (scale, zero_point))
    if zero_point.any() or not -128 <= quant_min <= 0 <= quant_max <= 127:
        raise ValueError(
            "rows have zero points of 0 and places from -128 to 127 here, got "
            f"zero_point={zero_point.tolist()}, quant_min={quant_min}, quant_max={quant_max}"
        )
    shape = [1] * input.ndim
    shape[axis] = -1
    scale = scale.astype("float32").reshape(shape)
    return fake_quantize(input, scale=scale, zero_point=0, first=quant_min, last=quant_max)


# %%
class GridLinear(Linear):
    """A Linear that computes with rounded weights, and is trained through the rounding."""

    bits = 2

    def forward(self, x):
        last = last_place(self.bits)
        scale = scale_for(self.weight.data, last, per_row=True)[:, 0]
        weight = fake_quantize_per_channel_affine(self.weight, scale, np.zeros(len(scale)), 0, -last, last)
        return linear(x, weight, self.bias)


def trained_for_the_grid(bits, steps=400):
    """Train a copy of the digits model further, with weights of so many bits in each step."""
    manual_seed(1)
    model = copy.deepcopy(trained())
    for layer in (model[0], model[2]):
        layer.__class__, layer.bits = GridLinear, bits
    return train(model, steps)


for b in (2, 3, 4):
    told = trained_for_the_grid(b)
    print(
        f"{b} bits: {right(quantize_model(trained(), b)):.1%} rounded afterwards, {right(told):.1%} trained for the grid"
    )

# %% [markdown]
# ## Systems Analysis
#
# **Predict**: a layer of 1,024 times 1,024 weights gets one row of numbers. How many bytes does `quantized_linear` need at its peak with blocks of 16 rows, and with all 1,024 at once? Is it faster than the float layer? Write it down, then measure.


# %%
def peak_kilobytes(function, *arguments):
    """Measure how much memory a call needs at its peak, beyond what was there."""
    tracemalloc.start()
    function(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1000


rng = np.random.default_rng(0)
big = rng.normal(size=(1024, 1024)).astype("float32")
x = rng.normal(size=(1, 1024)).astype("float32")
scale = scale_for(big, per_row=True)
q = quantize(big, scale)
floats = best_of(lambda: x @ big.T)
print(f"float32:       {big.nbytes / 1e6:.2f} MB stored, {floats.median:6.2f} ms")
blocks = [4, 16, 64, 256, 1024]
peaks = [peak_kilobytes(quantized_linear, x, q, scale, None, rows) for rows in blocks]
times = [best_of(quantized_linear, x, q, scale, None, rows).median for rows in blocks]
for rows, peak, milliseconds in zip(blocks, peaks, times, strict=True):
    slower = milliseconds / floats.median
    print(
        f"{rows:>5} at once: {(q.nbytes + scale.nbytes) / 1e6:.2f} MB stored, {milliseconds:6.2f} ms ({slower:.0f} times the float layer), peak {peak:7.0f} kB"
    )
many = rng.normal(size=(256, 1024)).astype("float32")
ratio = best_of(quantized_linear, many, q, scale).median / best_of(lambda: many @ big.T).median
print(f"with 256 rows of x: {ratio:.1f} times the float layer")
viz.lines(
    blocks,
    {"peak of the call": peaks, "the whole weight in float32": [big.nbytes / 1000] * len(blocks)},
    "Memory of one call",
    xlabel="rows made floats at a time",
    ylabel="kB",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. The peak grows with the block: a few copies of its rows in float32. All rows at once need more than the float layer ever did.
# 2. It is *slower* than the float layer, by the factor printed above: making floats of a million bytes is more work than one product with each of them.
# 3. With 256 rows of x the floats are made once and used 256 times: the difference shrinks (last line).
# 4. What is gained here is memory, not time.

# %% [markdown]
# And the arithmetic itself? Multiply two square matrices: in float32, and as bytes with sums of 32 bits.

# %%
for n in (64, 128, 256):
    left = rng.integers(-127, 128, size=(n, n)).astype("int8")
    as_float = left.astype("float32")
    float_time = best_of(lambda a=as_float: a @ a).median
    byte_time = best_of(lambda a=left: np.matmul(a, a, dtype="int32")).median
    same(np.matmul(left, left, dtype="int32"), (left.astype("int64") @ left.astype("int64")))
    print(
        f"{n:>4} x {n}: float32 {float_time:8.3f} ms, bytes {byte_time:8.2f} ms: {byte_time / float_time:.0f} times slower"
    )
wrong = int(np.sum(left @ left != np.matmul(left, left, dtype="int32")))
print(f"and without dtype='int32' {wrong:,} of {n * n:,} sums are wrong: bytes wrap around")

# %% [markdown]
# Said plainly: **in numpy, whole numbers are far slower than floats**. For float32 numpy calls OpenBLAS, in which people have spent decades on every instruction; for whole numbers it has a plain loop. A chip with instructions for bytes turns that around, and so does a library that uses them. So what you have gained is a smaller file, less memory,
# and faster loading; what a phone gains in time you have made possible, not measured.
#
# Saved and loaded, as files in memory:


# %%
def saved(**arrays):
    """Return the bytes of a file of arrays."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def loaded(content):
    """Read all arrays of a file."""
    with np.load(io.BytesIO(content)) as arrays:
        return [arrays[name] for name in arrays.files]


float_file, byte_file = saved(weight=big), saved(weight=quantize(big, scale_for(big, per_row=True)), scale=scale)
print(f"float32: {len(float_file):>9,} bytes, loaded in {best_of(loaded, float_file).median:.2f} ms")
print(f"bytes:   {len(byte_file):>9,} bytes, loaded in {best_of(loaded, byte_file).median:.2f} ms")

# %% [markdown]
# ## 🧪 Module Integration Test
#
# The promise of half a step, bytes, accuracy, saved states, and other models.

# %%
rng = np.random.default_rng(3)
numbers = rng.normal(size=(16, 32)).astype("float32")
for last in (127, 7, 3, 1):
    for per_row in (False, True):
        scale = scale_for(numbers, last, per_row)
        back = dequantize(quantize(numbers, scale, first=-last, last=last), scale)
        true(bool((np.abs(back - numbers) <= scale / 2 * 1.0001).all()), "no number moves by more than half a step")
for low, high in [(-1.0, 2.0), (5.0, 6.0), (-6.0, -5.0), (7.0, 7.0), (0.0, 0.0)]:
    true(largest_error_in_steps(affine_parameters, low, high) <= 0.5001, "nor on any range")
small = quantize_model(trained())
true(abs(right(small) - right(trained())) < 0.01, "the digits are named as before")
true(sum(bytes_by_name(trained()).values()) > 3.5 * sum(bytes_by_name(small).values()), "and the model is small")
fresh = quantize_model(Sequential(Linear(64, 128), ReLU(), Linear(128, 10)))
fresh.load_state_dict(small.state_dict())
same(right(fresh), right(small))
same(fresh[0].weight.dtype, "int8")
sixteen = digits(train=False)[0][:16]
close(
    quantized_linear(sixteen, small[0].weight.data, small[0].scale.data, small[0].bias.data, rows=5),
    sixteen @ rounded(trained()[0].weight.data, 8, per_row=True).T + trained()[0].bias.data,
    atol=1e-5,
)
raises(ValueError, lambda: QuantizedLinear(Linear(2, 2), bits=9), says="2 to 8 bits")
raises(ValueError, lambda: small(Tensor(sixteen, requires_grad=True)), says="no_grad")
true(abs(digits_in_whole_numbers(0.9999) - right(trained())) < 0.02, "and so it is in whole numbers")
print("scales, places, layers and ranges work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what a byte costs and what it gains
#
# Cite the bytes of your digits model before and after, layer by layer, and say what stays float32 and why the whole is not exactly four times smaller. Cite your accuracies for 8, 4 and 2 bits. Then take a language model with 7 billion weights in matrices of 4,096 columns: how many GB does it need in float32, in bytes with a scale for each
# row, and with 4 bits packed two to a byte? And what did your own measurement say about time?
#
# Rubric (5 points): 0, no measured numbers; half, the bytes before and after, the accuracies, and 28, 7 and 3.5 GB; full, also that scales and biases are 4 bytes for each row (so wider rows come nearer to four), that the scales of the large model add only one byte in a thousand, and that in numpy the
# time got longer, not shorter: memory is what is gained here.

# %% [markdown] nbgrader={"grade_id": "checkpoint_memory", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# The weights had 32,768 and 5,120 bytes and have 8,192 and 1,280; the biases stay at 512 and 40, and the scales for each row add 512 and 40. In all 38,440 bytes became 10,576, 3.63 times smaller: bias and scale are 8 bytes for each row of 64 or 128 weights. Accuracy was 95.3 % with 8 and with 4 bits, and 68 % with 2 (39 % with one scale). 7 billion weights are 28 GB in float32,
# 7 GB in bytes (the scales: 1.7 million rows of 4 bytes, 7 MB, a thousandth), 3.5 GB with 4 bits. The layer in bytes was several times slower for one row of numbers than the float layer, and products of bytes in numpy about a hundred times slower: numpy has no fast product of whole numbers. A chip that has one gains both.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# Which of your functions is this (it reads an observer's range)? Which of your lines does each commented line belong to? What would go wrong for the range 5 to 6 without the two lines `a`, and why would line `c` not help? What is line `b` for, and what do you do in its place?
#
# ```python
# def mystery(low, high, quant_min=-128, quant_max=127, eps=torch.finfo(torch.float32).eps):
#     low = torch.minimum(low, torch.zeros_like(low))                    # a
#     high = torch.maximum(high, torch.zeros_like(high))                 # a
#     scale = (high - low) / float(quant_max - quant_min)
#     scale = torch.clamp(scale, min=eps)                                # b
#     zero_point = quant_min - torch.round(low / scale).to(torch.int)
#     zero_point = torch.clamp(zero_point, quant_min, quant_max)         # c
#     return scale, zero_point
# ```
#
# Rubric (5 points): 0, not recognised; half, affine_parameters, with a as the widening and b as the case of a scale of 0; full, also that without a the zero point would lie at -1403 and clipping it moves the whole grid to 0 ... 1, so that all numbers come back as 1, and that a range of 0 gives
# the scale 1 and the zero point 0 here.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It's affine_parameters. The lines a are `min(low, 0.0)` and `max(high, 0.0)`, then come scale and zero point. Without a the range 5 to 6 has the scale 1/255 and the zero point -128 - 1275 = -1403. Line c makes it -128, but the scale stays: the grid then reaches from 0 to 1, and 5 to 6 are all clipped to 1. Line b keeps the scale from being 0 when all numbers
# are 0; I return the scale 1 and the zero point 0 then. After a, line c has nothing to do.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A number becomes a place on a grid: divide by the scale, round, clip. Back: multiply. The error is at most half a step.
# - One scale for each row costs 4 bytes for each row, and keeps an outlier's damage in its own row.
# - Down to 4 bits the digits model hardly notices; at 2 bits there is a cliff, unless it was trained for the grid.
# - Numbers on one side of 0 get a zero point; the range is widened to 0, so that 0 is exact.
# - Ranges of activations are measured, and the best one clips a little.
# - In numpy you gain memory, not time. A chip with instructions for bytes gains both.
#
# **Next**: module 18 removes weights instead of shrinking them.
