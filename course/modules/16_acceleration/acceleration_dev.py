# %% [markdown]
# # Acceleration
#
# {{module}}
#
# In module 15 you measured where a training step spends its time. Now you make four of its parts faster: the convolution, the loss, the optimizer and `gelu`. None of your old functions is touched. Each new one is kept beside the old one, under a name of its own, gives the same numbers, and can be switched on and off, even in the middle of
# training. And you measure each of them, because not every idea that sounds fast is fast.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | convolution by loops, a loss made of small operations, Adam with new arrays, instruments | im2col, a fused loss, Adam in place, `gelu` in blocks | training everything you have, in less time and memory |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | you choose an implementation by its name | cuDNN and oneDNN choose by shape, some by trying (`torch.backends.cudnn.benchmark`) | then you see what was chosen, and why |
# | an operation is fused by hand | `torch.compile` fuses chains of operations by itself | by hand you learn what there is to gain |
# | numpy on one thread | compiled code on all cores | two measurements can be compared |
# | Adam in place, one parameter after the other | in place, all parameters at once (`foreach`, `fused`) | the same idea: write where you have read |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.acceleration
#| export
import math
from contextlib import contextmanager

import numpy as np

from tinytorch.core.activations import erf
from tinytorch.core.autograd import rule
from tinytorch.core.losses import checked_targets, reduced
from tinytorch.core.optimizers import adam_step
from tinytorch.core.spatial import conv_output_size, met_by, pad2d, pair
from tinytorch.core.tensor import primitive, register_implementation, use_implementation

# %%
import time

from tinytorch import manual_seed, viz
from tinytorch.core.activations import gelu
from tinytorch.core.layers import GELU, Flatten, Linear, Sequential
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import Adam
from tinytorch.core.profiling import amdahl, bytes_of_call, flops_of_call, peak_bytes, time_call, timeline
from tinytorch.core.spatial import Conv2d, MaxPool2d, conv2d
from tinytorch.core.tensor import IMPLEMENTATIONS, IN_USE, Tensor
from tinytorch.core.training import train_step
from tinytorch.testing import close, fixtures, raises, remote, same, shares_memory, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.acceleration`. Importing it registers your functions; nothing changes until somebody asks for them by name:
#
# ```python
# from tinytorch.core.acceleration import accelerated
# with accelerated():                      # all four
#     trainer.fit(loader, epochs=3)
# with accelerated(conv2d="im2col"):       # or those that you name
#     model(images)
# ```

# %% [markdown]
# ## Part 1: Windows become columns
#
# Here is the step of a small convolutional network, and where its time goes. Write down a guess first: what takes longest, and how much would the step gain if that cost nothing?


# %%
def make_step(seed=0, images=32):
    """Build a convolutional network; return (model, a function that trains it by one step)."""
    manual_seed(seed)
    model = Sequential(
        Conv2d(1, 8, 3, padding=1), GELU(), MaxPool2d(2), Conv2d(8, 16, 3, padding=1), GELU(), MaxPool2d(2),
        Flatten(), Linear(784, 256), GELU(), Linear(256, 10),
    )  # fmt: skip
    optimizer, rng = Adam(model.parameters()), np.random.default_rng(seed)
    x = Tensor(rng.normal(size=(images, 1, 28, 28)).astype("float32"))
    y = Tensor(rng.integers(0, 10, size=images))
    return model, lambda: train_step(model, cross_entropy, optimizer, x, y)


SHOWN = ("conv2d", "gelu", "adam_step", "max_pool2d", "matmul")


def milliseconds_by_operation(*steps, repeats=7):
    """Profile steps that take turns, so that a busy moment meets all; return for each {operation: median milliseconds}."""
    shares = [{name: [] for name in (*SHOWN, "all others")} for _ in steps]
    for turn in range(repeats + 1):
        for step, found in zip(steps, shares, strict=True):
            spent = dict.fromkeys(found, 0.0)
            for span in timeline(step, time.process_time):
                name = span.operation.split("/")[0]  # a rule may belong to one implementation: "conv2d/im2col"
                spent[name if name in SHOWN else "all others"] += 1000 * span.seconds
            for name in found if turn else ():  # the first turn warms up
                found[name].append(spent[name])
    return [{name: float(np.median(each)) for name, each in found.items()} for found in shares]


(before,) = milliseconds_by_operation(make_step()[1])
whole = sum(before.values())
for name, spent in before.items():
    print(
        f"{name:>12}: {spent:6.2f} ms, {spent / whole:.0%}; for nothing: {amdahl(spent / whole, math.inf):.2f} times as fast"
    )

# %% [markdown]
# Your convolution of module 09 calls a matrix product for each cell of the kernel: nine small products for 3 x 3, and nine additions of whole feature maps. With *one* channel such a product is no product at all: a column times a row.
#
# The idea of **im2col** (image to columns; Chellapilla, Puri and Simard 2006): copy each window into a *column* of a matrix. Put all windows side by side, and the whole convolution is a single product, (kernels as rows) times (windows as columns).
#
# By hand, a kernel of 2 x 2 on two rows of four pixels; three windows, so three columns of four numbers:
#
# ```
# 1 2 3 4        windows  1 2   2 3   3 4            1 2 3     pixel (0, 0) of each window
# 5 6 7 8                 5 6   6 7   7 8            2 3 4     pixel (0, 1)
#                                                    5 6 7     pixel (1, 0)
#                                                    6 7 8     pixel (1, 1)
# ```
#
# Read the matrix by *rows*, and you meet an old friend: a row is what one cell of the kernel meets at all places, `met_by` of module 09. So it can be filled with one assignment for each cell of the kernel; no loop over places or images is needed.
#
# - With channels, the first channel's cells come first, then the second's: the order of `weight.reshape(out, -1)`. Otherwise weights meet the wrong pixels.
# - Places go along the last axis. The other layout, a window in each row, looks as good; you'll measure what it costs.


# %% nbgrader={"grade_id": "im2col", "solution": true}
#| export
def im2col(x, kernel_size, stride=1, padding=0):
    """Copy each window of each image into a column.

    Args:
        x: images, an array (N, C, H, W). It must not be changed.
        kernel_size: (rows, columns) of a window.
        stride, padding: as in conv2d.

    Returns:
        An array (N, C * rows * columns, places), of the dtype of x; places in reading order.

    TODO: fill an array, one assignment for each cell of the kernel.

    APPROACH:
    1. How many places are there down and across? Pad the images.
    2. Make an empty array (N, C, rows of the kernel, columns of the kernel, places down, places across).
    3. For each cell (i, j) of the kernel: put what it meets where it belongs.
    4. Reshape to three axes.

    EXAMPLE:
    >>> im2col(np.array([[[[1, 2, 3, 4], [5, 6, 7, 8]]]]), (2, 2))
    array([[[1, 2, 3],
            [2, 3, 4],
            [5, 6, 7],
            [6, 7, 8]]])

    HINT: `met_by(padded, i, j, down, across, stride)` is (N, C, down, across), and so is `filled[:, :, i, j]`.
    """
    ### BEGIN SOLUTION
    down = conv_output_size(x.shape[2], kernel_size[0], stride, padding)
    across = conv_output_size(x.shape[3], kernel_size[1], stride, padding)
    padded = pad2d(x, padding)
    filled = np.empty((*x.shape[:2], *kernel_size, down, across), dtype=x.dtype)
    for i in range(kernel_size[0]):
        for j in range(kernel_size[1]):
            filled[:, :, i, j] = met_by(padded, i, j, down, across, stride)
    return filled.reshape(len(x), x.shape[1] * kernel_size[0] * kernel_size[1], down * across)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: im2col

# %% nbgrader={"grade_id": "test_im2col", "grade": true}
test = unit_test("im2col")


def windows_of(x, kernel, stride, padding):
    """Cut out each window by itself."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    down, across = ((x.shape[axis] - size) // stride + 1 for axis, size in ((2, kernel[0]), (3, kernel[1])))
    places = [(r * stride, c * stride) for r in range(down) for c in range(across)]
    cut = [x[:, :, r : r + kernel[0], c : c + kernel[1]].reshape(len(x), -1) for r, c in places]
    return np.stack(cut, axis=2)


@test.check("the example by hand", points=3)
def _():
    x = np.array([[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]])
    same(im2col(x, (2, 2)), [[[1, 2, 3], [2, 3, 4], [5, 6, 7], [6, 7, 8]]])


@test.check("two channels: the first channel's cells come first", points=3)
def _():
    x = np.array([[[[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]]])
    same(im2col(x, (1, 2)), [[[1, 2], [2, 3], [10, 20], [20, 30]]])


@test.check("a border of padding, and steps of two", points=2)
def _():
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    expected = [[[0, 0, 0, 4], [0, 0, 3, 0], [0, 2, 0, 0], [1, 0, 0, 0]]]
    same(im2col(x, (2, 2), stride=2, padding=1), expected)


### BEGIN HIDDEN TESTS
@test.check("any stride and padding, kernels that aren't square, several images", points=6, hidden=True)
def _():
    for stride, padding, kernel in ((1, 0, (3, 2)), (2, 1, (3, 3)), (3, 2, (2, 4)), (2, 0, (1, 1))):
        x = test.rng.normal(size=(3, 2, 7, 6))
        given = remote(x)
        with unchanged(given):
            same(im2col(given, kernel, stride, padding), windows_of(x, kernel, stride, padding))


@test.check("float32 stays float32; an empty batch; one window", points=3, hidden=True)
def _():
    x = test.rng.normal(size=(2, 3, 4, 5)).astype("float32")
    columns = im2col(x, (4, 5))
    same(columns, x.reshape(2, 60, 1))
    same(str(columns.dtype), "float32")
    same(im2col(x[:0], (3, 3), padding=1).shape, (0, 27, 20))


@test.check("a window that doesn't fit is refused", points=3, hidden=True)
def _():
    x = test.rng.normal(size=(1, 1, 3, 4))
    raises(ValueError, im2col, x, (4, 2), says="4")
    raises(ValueError, im2col, x, (2, 5), says="5")
    same(im2col(x, (3, 4)), x.reshape(1, 12, 1))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Move the slider (or press the arrow keys): on the left is an image of 5 x 5 with its window, on the right your matrix; the marked column *is* the window.

# %%
image = np.arange(1.0, 26.0).reshape(5, 5)
viz.WindowMatrix(image, (3, 3), im2col(image[None, None], (3, 3))[0], title="Each window is a column")

# %% [markdown]
# **What's happening**
# 1. Nine windows of nine pixels: the matrix has 81 numbers, the image 25. Pixels that belong to several windows were copied several times.
# 2. One row of the matrix is what one cell of the kernel meets, at all places: a shifted image.
# 3. The same shade is the same pixel. It runs upwards to the right: what is the last pixel of a window is an earlier one of the next.

# %% [markdown]
# **Predict, then run**: an image of 28 x 28 is turned into a matrix for 3 x 3 kernels with padding 1. How many times as many numbers as the image does it have? And with stride 2?

# %%
image = np.zeros((1, 1, 28, 28), dtype="float32")
for stride in (1, 2):
    print(f"stride {stride}: {im2col(image, (3, 3), stride, 1).size / image.size:.2f} times as many")

# %% [markdown]
# <details><summary>Answer</summary>
#
# 9 times with stride 1: there are as many windows as pixels, and each has nine. With stride 2 there's a quarter of the windows: 2.25 times. It's memory for time, and there must be enough of it: Part 2.
# </details>

# %% [markdown]
# ## Part 2: One product, under a name
#
# Kernels as rows, `weight.reshape(out, -1)`: `(out, C·rows·columns)`. Windows as columns: `(N, C·rows·columns, places)`. Their product is `(N, out, places)`, which needs only its two axes of places back.
#
# By hand, the kernel `[[1, 0], [0, -1]]` is the row `1 0 0 -1`; times the matrix above that's `1 - 6, 2 - 7, 3 - 8`: three places with -5.
#
# With 64 images and 32 channels the matrix would be nine times as large as all the feature maps. Don't make it for the whole batch: a product wants large matrices, but those of 8 images are large enough, and the next 8 can reuse the memory. `IMAGES_AT_ONCE` says how many.

# %%
#| export
IMAGES_AT_ONCE = 8  # the matrix of windows is nine times as large as these images, for 3 x 3


# %% nbgrader={"grade_id": "conv2d_im2col", "solution": true}
#| export
def conv2d_im2col(x, weight, stride=1, padding=0):
    """Convolve as conv2d does, by one product for each few images.

    Args:
        x: images, an array (N, in, H, W).
        weight: kernels, an array (out, in, rows, columns).
        stride, padding: as in conv2d.

    Returns:
        An array (N, out, places down, places across).

    TODO: for IMAGES_AT_ONCE images at a time, windows to columns and one product.

    APPROACH:
    1. How many places are there? Make an empty result (N, out, places down * places across), of the dtype of x.
    2. Make rows of the kernels.
    3. For each start 0, IMAGES_AT_ONCE, 2 * IMAGES_AT_ONCE, ...: kernels times columns of those images.
    4. Give the result its four axes.

    EXAMPLE:
    >>> conv2d_im2col(np.array([[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]]), np.array([[[[1.0, 0.0], [0.0, -1.0]]]]))
    array([[[[-5., -5., -5.]]]])

    HINT: a slice may reach over the end, `x[56:64]` of 60 images are four. `range(0, len(x), IMAGES_AT_ONCE)` has the starts.
    """
    ### BEGIN SOLUTION
    down = conv_output_size(x.shape[2], weight.shape[2], stride, padding)
    across = conv_output_size(x.shape[3], weight.shape[3], stride, padding)
    out = np.empty((len(x), len(weight), down * across), dtype=x.dtype)
    kernels = weight.reshape(len(weight), -1)
    for start in range(0, len(x), IMAGES_AT_ONCE):
        some = slice(start, start + IMAGES_AT_ONCE)
        out[some] = kernels @ im2col(x[some], weight.shape[2:], stride, padding)
    return out.reshape(len(x), len(weight), down, across)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: conv2d_im2col

# %% nbgrader={"grade_id": "test_conv2d_im2col", "grade": true}
test = unit_test("conv2d_im2col")


def by_places(x, w, stride, padding):
    """The formula, place by place."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    down, across = ((x.shape[a] - w.shape[a]) // stride + 1 for a in (2, 3))
    out = np.zeros((len(x), len(w), down, across))
    for r in range(down):
        for c in range(across):
            patch = x[:, None, :, r * stride : r * stride + w.shape[2], c * stride : c * stride + w.shape[3]]
            out[:, :, r, c] = (patch * w).sum(axis=(2, 3, 4))
    return out


@test.check("the example by hand, without the loops of module 09", points=2)
def _():
    x, w = np.array([[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]]), np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    same(fixtures.without("conv2d", conv2d_im2col, x, w), [[[[-5.0, -5.0, -5.0]]]])


@test.check("the matrix is never made for all images", points=3)
def _():
    x = np.ones((96, 2, 16, 16), dtype="float32")
    true(
        fixtures.stays_below(1_500_000, conv2d_im2col, x, np.ones((3, 2, 3, 3), dtype="float32"), padding=1),
        "96 images stay below 1.5 MB, where the matrix of all of them has 1.8 MB alone",
    )


### BEGIN HIDDEN TESTS
@test.check("every stride and padding, channels, kernels, numbers of images", points=6, hidden=True)
def _():
    for count, stride, padding, kernel in ((3, 1, 0, (3, 2)), (8, 2, 1, (3, 3)), (19, 3, 2, (2, 3)), (1, 1, 1, (1, 1))):
        x, w = test.rng.normal(size=(count, 2, 7, 6)), test.rng.normal(size=(4, 2, *kernel))
        given = remote(x), remote(w)
        with unchanged(given[0]), unchanged(given[1]):
            close(conv2d_im2col(*given, stride=stride, padding=padding), by_places(x, w, stride, padding))


@test.check("float32 stays float32, and no image is no error", points=4, hidden=True)
def _():
    x, w = (test.rng.normal(size=shape).astype("float32") for shape in ((9, 3, 5, 4), (2, 3, 3, 3)))
    result = conv2d_im2col(x, w, padding=1)
    close(result, by_places(x, w, 1, 1), atol=1e-5)
    same(str(result.dtype), "float32")
    same(conv2d_im2col(x[:0], w).shape, (0, 2, 3, 2))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Now the way back; it's given. The gradient of a kernel is one product, too: blame times windows. The blame of the pixels is a product that gives a matrix of windows, and each of its numbers must be added to the pixel that it came from: **col2im**, the way back of `im2col`. The rule makes the matrix again instead of keeping it: kept on
# the tape for each layer, it would take nine times the memory of all feature maps.
#
# And the registration. `register_implementation("conv2d", "im2col", ...)` puts your function beside the old one; `@rule("conv2d/im2col")` is the rule for *this* implementation (an implementation without a rule of its own uses that of its operation).


# %%
#| export
def col2im(columns, x_shape, kernel_size, stride=1, padding=0):
    """Add each number of a matrix of windows to the pixel that it came from; return an array of the shape x_shape."""
    count, channels, height, width = x_shape
    down = conv_output_size(height, kernel_size[0], stride, padding)
    across = conv_output_size(width, kernel_size[1], stride, padding)
    padded = np.zeros((count, channels, height + 2 * padding, width + 2 * padding), dtype=columns.dtype)
    cells = columns.reshape(count, channels, *kernel_size, down, across)
    for i in range(kernel_size[0]):
        for j in range(kernel_size[1]):
            met_by(padded, i, j, down, across, stride)[...] += cells[:, :, i, j]
    return padded[:, :, padding : padding + height, padding : padding + width]


@rule("conv2d/im2col")
def conv2d_im2col_rule(grad, out, x, weight, stride=1, padding=0, wanted=(True, True)):
    """The gradients of conv2d for images and kernels, a few images at a time."""
    window, kernels = weight.shape[2:], weight.reshape(len(weight), -1)
    for_x = np.empty_like(x) if wanted[0] else None
    for_kernels = np.zeros_like(kernels) if wanted[1] else None
    for start in range(0, len(x), IMAGES_AT_ONCE):
        some = slice(start, start + IMAGES_AT_ONCE)
        blame = grad[some].reshape(-1, len(weight), grad.shape[2] * grad.shape[3])
        if wanted[0]:
            for_x[some] = col2im(kernels.T @ blame, x[some].shape, window, stride, padding)
        if wanted[1]:
            columns = im2col(x[some], window, stride, padding)
            for_kernels += (blame @ columns.swapaxes(1, 2)).sum(axis=0)
    return for_x, for_kernels.reshape(weight.shape) if wanted[1] else None


register_implementation("conv2d", "im2col", conv2d_im2col)


@primitive
def unfold(x, kernel_size, padding=0, stride=1):
    """Give each window as a column: PyTorch's F.unfold, without dilation."""
    return im2col(x, pair(kernel_size), stride, padding)


@rule("unfold")
def unfold_rule(grad, out, x, kernel_size, padding=0, stride=1):
    """The gradient of unfold: each number's blame goes to its pixel."""
    return col2im(grad, x.shape, pair(kernel_size), stride, padding)


@contextmanager
def accelerated(**names):
    """Compute with other implementations inside `with accelerated(conv2d="im2col"):`; without names, with all of FAST."""
    before = {}
    try:
        for operation, name in (names or FAST).items():
            before[operation] = use_implementation(operation, name)
        yield
    finally:
        for operation, name in before.items():
            use_implementation(operation, name)


FAST = {"conv2d": "im2col", "cross_entropy": "fused", "adam_step": "in_place", "gelu": "blocks"}


# %% [markdown]
# Does it pay? Each line is a layer with a different number of channels; forwards, and forwards and backwards. The clock is the one that stands still while others compute. What we compare takes turns, so a busy moment of the machine hits both.


# %%
def medians_ms(*runs, repeats=9):
    """Return the median milliseconds of each of some functions, which take turns."""
    times = [
        [time_call(run, repeats=1, warm_up=0, clock=time.process_time).median for run in runs]
        for _ in range(repeats + 1)
    ]
    return (1000 * np.median(times[1:], axis=0)).tolist()  # the first turn warms up


def under(run, **names):
    """Return a function that calls run() with other implementations."""

    def run_under_names():
        with accelerated(**names):
            run()

    return run_under_names


def layer_run(channels, kernels, size, backwards):
    """Return a function that convolves 32 images, and goes back if told."""
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(32, channels, size, size)).astype("float32"), requires_grad=channels > 1)
    w = Tensor(rng.normal(size=(kernels, channels, 3, 3)).astype("float32"), requires_grad=True)

    def run():
        out = conv2d(x, w, padding=1)
        if backwards:
            out.backward(out.data)

    return run


gains = {"forwards": [], "and backwards": []}
LAYERS = [(1, 8, 28), (8, 16, 14), (16, 32, 14), (32, 32, 14)]
for channels, kernels, size in LAYERS:
    for way, backwards in (("forwards", False), ("and backwards", True)):
        run = layer_run(channels, kernels, size, backwards)
        loops, columns = medians_ms(under(run, conv2d="default"), under(run, conv2d="im2col"))
        gains[way].append(loops / columns)
        print(
            f"{channels:>3} to {kernels:>2} channels, {way:>13}: loops {loops:6.2f} ms, im2col {columns:6.2f} ms: {loops / columns:.2f} times as fast"
        )
viz.lines(
    [channels for channels, _, _ in LAYERS],
    gains | {"no gain": [1.0] * len(LAYERS)},
    "im2col against the loops of module 09",
    xlabel="channels",
    ylabel="times as fast",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. With one channel, im2col wins by a lot: the loops' "products" only scaled feature maps, nine times, and added them up.
# 2. With more channels the loops' products become real ones, and there's nothing left to gain. Look for lines below 1: copying nine times the numbers isn't free, and on the way back they are copied twice, once by `im2col` and once by `col2im`.
# 3. So neither is "the fast convolution". It depends on the shape; that's why libraries choose (cuDNN has several algorithms for this one operation).

# %% [markdown]
# And the other layout, with a window in each *row*? It has the same numbers, and one large product. The cost is in filling it, and in putting the channels where the next layer expects them.

# %%
rng = np.random.default_rng(0)
kernels = rng.normal(size=(32, 16 * 9)).astype("float32")
images = rng.normal(size=(8, 16, 14, 14)).astype("float32")


def windows_as_rows():
    """Copy windows into rows: neighbours in a row come from far apart."""
    padded = pad2d(images, 1)
    filled = np.empty((8, 14, 14, 16, 3, 3), dtype="float32")
    for i in range(3):
        for j in range(3):
            filled[..., i, j] = met_by(padded, i, j, 14, 14, 1).transpose(0, 2, 3, 1)
    return filled.reshape(8 * 196, 16 * 9)


def product_of_rows():
    """Multiply, and bring the channels to the front."""
    return np.ascontiguousarray((rows @ kernels.T).reshape(8, 196, 32).transpose(0, 2, 1))


columns, rows = im2col(images, (3, 3), padding=1), windows_as_rows()
close(product_of_rows(), kernels @ columns, atol=1e-4)
filling = medians_ms(lambda: im2col(images, (3, 3), padding=1), windows_as_rows, repeats=25)
product = medians_ms(lambda: kernels @ columns, product_of_rows, repeats=25)
for place, layout in enumerate(("columns", "rows")):
    both = filling[place] + product[place]
    print(f"windows as {layout:>7}: filled in {filling[place]:.3f} ms, product {product[place]:.3f} ms: {both:.3f} ms")

# %% [markdown]
# **Predict, then run**: which of the two needs less memory at its peak, the loops or im2col? Think of 64 images at once, and of 8 at a time.

# %%
x, w = (rng.normal(size=shape).astype("float32") for shape in ((64, 16, 14, 14), (32, 16, 3, 3)))
for name, function in (("loops", IMPLEMENTATIONS["conv2d"]["default"]), ("im2col", conv2d_im2col)):
    print(f"{name:>7}: {peak_bytes(lambda f=function: f(x, w, padding=1)) / 1e6:.2f} MB at the peak")
print(f"matrix of all 64 images: {9 * x.nbytes / 1e6:.2f} MB")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Read it off above: the matrix of 8 images is small beside what the loops hold, since these make a padded copy, a contiguous copy and a product of the whole batch's size. For all images at once it would be 9 times the images, by far the most.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: cuDNN never writes the matrix to memory. Its kernels read windows where they are and lay them out in the chip's own fast memory ("implicit GEMM"). FlashAttention does the same with the weights of attention: what isn't written needn't be read again.

# %% [markdown]
# ## Part 3: A loss in one pass
#
# Your `cross_entropy` is made of small operations: log-softmax, picking, a sign, a mean. Each makes an array and a node on the tape, and on the way back each has a rule that makes another. `getitem`'s rule even makes a whole table of zeros, to put one number in each row.
#
# **Fusing** means: one operation instead of several, with one rule. It pays twice: numbers are used while they're at hand, and the rule can be simpler than the rules of the parts together. For a row of logits $z$ with the right class $k$,
#
# $$\text{loss} = \log \sum_j e^{z_j - m} - (z_k - m), \qquad \frac{\partial\,\text{loss}}{\partial z_j} = \text{softmax}(z)_j - [j = k] \qquad (m = \max_j z_j)$$
#
# The slope is "what the model said, minus what was right". Everything that it needs turns up on the way: $e^{z_j - m}$ divided by its sum *is* the softmax. So compute loss and slope together, and keep the slope for the way back.
#
# By hand, for $z = (2, 1, 0)$ and $k = 0$: shifted $(0, -1, -2)$, powers $(1, 0.368, 0.135)$, sum $1.503$. Loss $\log 1.503 - 0 = 0.408$; softmax $(0.665, 0.245, 0.090)$; slope $(-0.335, 0.245, 0.090)$.
#
# Memory is part of the point, too. One array of the logits' size is enough: first it holds the shifted logits, then the powers, then the softmax, and at last the slope. `np.exp(a, out=a)` and `a /= b` write where they have read. Do this only to an array of your own: the logits belong to the model.
#
# - Pick the right class's logit *before* you overwrite it with its power.


# %% [markdown]
# Its rule is given, one line, and so is the function that will take the place of `cross_entropy`: it checks and reduces as before.


# %%
#| export
@rule("cross_entropy_fused")
def cross_entropy_fused_rule(grad, out, logits, classes):
    """The gradient for the logits: each row's slope, times that row's gradient."""
    _, slope = out
    return grad[:, None] * slope, None


def cross_entropy_in_one_pass(input, target, reduction="mean"):
    """Return the mean surprise of a classifier, as cross_entropy does: logits (N, C), N classes."""
    return reduced(cross_entropy_fused(input, checked_targets(input, target)), reduction)


register_implementation("cross_entropy", "fused", cross_entropy_in_one_pass)


# %% nbgrader={"grade_id": "cross_entropy_fused", "solution": true}
#| export
@primitive
def cross_entropy_fused(logits, classes):
    """Return each row's surprise, and keep its slope for the gradient.

    Args:
        logits: an array (N, C). It must not be changed.
        classes: the right class of each row, an array of N integers, already checked.

    Returns:
        (losses, slope): arrays (N,) and (N, C). `primitive` makes a Tensor of the losses; the slope goes to the rule.

    TODO: one array of the logits' size, used again and again.

    APPROACH:
    1. Subtract each row's largest logit: this array is your own.
    2. Pick the right class's number of each row, with rows = np.arange(N).
    3. Turn the array into powers, in place; sum each row.
    4. The losses: log of the sums minus what you picked.
    5. Turn the array into the slope, in place: divide by the sums, subtract 1 at the right classes.

    EXAMPLE:
    >>> cross_entropy_fused(Tensor([[2.0, 1.0, 0.0]]), np.array([0])).data
    array([0.407606], dtype=float32)

    HINT: `keepdims=True` for the largest and for the sum; `np.log(total)[:, 0]` has one number for each row.
    """
    ### BEGIN SOLUTION
    slope = logits - logits.max(axis=1, keepdims=True)
    rows = np.arange(len(logits))
    picked = slope[rows, classes]
    np.exp(slope, out=slope)
    total = slope.sum(axis=1, keepdims=True)
    slope /= total
    slope[rows, classes] -= 1
    return np.log(total)[:, 0] - picked, slope
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: cross_entropy_fused

# %% nbgrader={"grade_id": "test_cross_entropy_fused", "grade": true}
test = unit_test("cross_entropy_fused")


def softmax_of(z):
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@test.check("the example by hand, loss and gradient", points=4)
def _():
    z = Tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    losses = cross_entropy_fused(z, np.array([0]))
    close(losses.data, [0.407606], atol=1e-5)
    losses.sum().backward()
    close(z.grad.data, [[-0.334759, 0.244728, 0.090031]], atol=1e-5)


@test.check("one array of the logits' size, and no second one", points=3)
def _():
    z = Tensor(np.ones((500, 200), dtype="float32"))
    true(fixtures.stays_below(640_000, cross_entropy_fused, z, np.zeros(500, dtype="int64")), "1.6 arrays of 400 kB")


### BEGIN HIDDEN TESTS
@test.check("random logits and classes, as the formula says; the logits stay as they are", points=7, hidden=True)
def _():
    z, k = test.rng.normal(size=(7, 5)) * 3, test.rng.integers(0, 5, size=7)
    given, classes = remote(z), remote(k)
    with unchanged(given), unchanged(classes):
        close(cross_entropy_fused(Tensor(given), classes).data, -np.log(softmax_of(z)[np.arange(7), k]))
    same(cross_entropy_fused(Tensor(z.astype("float32")), k).dtype, "float32")


@test.check("the gradient, each row with a weight of its own", points=6, hidden=True)
def _():
    z, k, weights = test.rng.normal(size=(6, 4)), test.rng.integers(0, 4, size=6), test.rng.normal(size=6)
    given = Tensor(z, requires_grad=True)
    (cross_entropy_fused(given, k) * Tensor(weights)).sum().backward()
    close(given.grad.data, weights[:, None] * (softmax_of(z) - np.eye(4)[k]))


@test.check("huge logits do no harm, and one row is enough", points=5, hidden=True)
def _():
    z = Tensor([[1000.0, 0.0], [-1000.0, 0.0]], requires_grad=True)
    losses = cross_entropy_fused(z, np.array([1, 1]))
    close(losses.data, [1000.0, 0.0])
    losses.sum().backward()
    close(z.grad.data, [[1.0, -1.0], [0.0, 0.0]])
    close(cross_entropy_fused(Tensor([[3.0, 3.0]]), np.array([1])).data, [math.log(2)], atol=1e-5)


### END HIDDEN TESTS
test.report()

# %%
for shape in ((64, 10), (4096, 10), (1024, 65), (256, 5000)):
    z = Tensor(rng.normal(size=shape).astype("float32"), requires_grad=True)
    y = Tensor(rng.integers(0, shape[1], size=shape[0]))

    def loss_and_back(z=z, y=y):
        z.grad = None
        cross_entropy(z, y).backward()

    both = [under(loss_and_back, cross_entropy=name) for name in ("default", "fused")]
    slow, fast = medians_ms(*both)
    slow_peak, fast_peak = (peak_bytes(run) / z.data.nbytes for run in both)
    print(
        f"{shape!s:>11}: {slow:6.2f} ms and {fast:6.2f} ms, {slow / fast:4.1f} times as fast; at the peak {slow_peak:4.1f} and {fast_peak:4.1f} arrays of the logits' size"
    )

# %% [markdown]
# **Predict, then run**: `cross_entropy` is called once in a step, on 32 x 10 numbers. What will the *step* at the top gain from the fused one?
#
# <details><summary>Answer</summary>
#
# Next to nothing: all the loss's operations together are a small part of "all others". Amdahl doesn't ask how elegant a change is. It's another matter for a language model with 50,000 words: there the logits are the largest arrays of all, and fusing the loss decides whether it fits into memory.
# </details>

# %% [markdown]
# ## Part 4: Adam without new arrays
#
# Adam does about a dozen operations on each weight, and `adam_step` of module 06 makes an array of the weights' size for each. It reads and writes some 30 numbers per weight, where seven would do: read $p, g, m, v$, write $p, m, v$. It has no product in it, so memory is its only limit (the roofline of module 15).
#
# Two ideas, and both are needed. **In place**: write the new value where the old one was; nobody asks for the old $m$ any more. **In blocks**: take 16,384 numbers, do all steps with them, then take the next. The intermediate results of a block are 64 kB each: they stay in the cache, and memory never sees them. The given `in_blocks` cuts arrays of the
# same shape into blocks of rows. They are *views*: what's written into a block is in the array.
#
# By hand, for one weight: $p = 2$, $g = 4$, $m = v = 0$, $t = 1$: afterwards $m$ holds 0.4, $v$ holds 0.016, and $p$ holds 1.9, in the very arrays that you were given.
#
# - `m = 0.9 * m + ...` makes a new array and calls it `m`; the old one doesn't change. In place is `m *= 0.9`, and then `m += ...`.
# - The gradient isn't yours: somebody may want to look at it after the step.
# - Keep the order of module 06: first scaled, then divided. Then each number is rounded in the same way, and the weights are the same *bit for bit*: switching in the middle of training changes nothing.


# %%
#| export
BLOCK = 16_384  # numbers: 64 kB in float32, so that a few such arrays fit into a core's cache


def in_blocks(*arrays):
    """Yield views of about BLOCK numbers (whole rows) of each array, together; the arrays have the same shape."""
    arrays = [np.atleast_1d(array) for array in arrays]
    rows = max(1, BLOCK * len(arrays[0]) // max(1, arrays[0].size))
    for start in range(0, len(arrays[0]), rows):
        yield tuple(array[start : start + rows] for array in arrays)


# %% nbgrader={"grade_id": "adam_in_place", "solution": true}
#| export
def adam_in_place(p, g, m, v, t, lr, betas, eps):
    """Take one step of Adam, written into p, m and v; return these three arrays.

    Args:
        p, m, v: parameter and running averages, arrays of the same shape: they are changed.
        g: the gradient, an array of the same shape. It must not be changed.
        t, lr, betas, eps: as in adam_step.

    TODO: adam_step of module 06, block by block, in place.

    APPROACH:
    1. Walk through in_blocks(p, g, m, v).
    2. Multiply the block of m by betas[0] and add (1 - betas[0]) times the gradient, both in place; v likewise, with g * g.
    3. The step: lr times the corrected m, divided by (square root of the corrected v) + eps. Subtract it in place.
    4. After the last block, return p, m and v.

    EXAMPLE:
    >>> p, m, v = np.array([2.0]), np.array([0.0]), np.array([0.0])
    >>> _ = adam_in_place(p, np.array([4.0]), m, v, t=1, lr=0.1, betas=(0.9, 0.999), eps=1e-8)
    >>> p, m, v
    (array([1.9]), array([0.4]), array([0.016]))

    HINT: temporary arrays of a block's size do no harm. `(1 - betas[1]) * (g * g)` in this order, as in module 06.
    """
    ### BEGIN SOLUTION
    for p_part, g_part, m_part, v_part in in_blocks(p, g, m, v):
        m_part *= betas[0]
        m_part += (1 - betas[0]) * g_part
        v_part *= betas[1]
        v_part += (1 - betas[1]) * (g_part * g_part)
        step = lr * (m_part / (1 - betas[0] ** t))
        step /= np.sqrt(v_part / (1 - betas[1] ** t)) + eps
        p_part -= step
    return p, m, v
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: adam_in_place

# %% nbgrader={"grade_id": "test_adam_in_place", "grade": true}
test = unit_test("adam_in_place")
SETTINGS = {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8}


def step_of_adam(p, g, m, v, t, lr, betas, eps):
    m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * (g * g)
    return p - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps), m, v


@test.check("the example by hand, in the arrays that were given", points=3)
def _():
    p, g, m, v = (remote(np.array([number])) for number in (2.0, 4.0, 0.0, 0.0))
    adam_in_place(p, g, m, v, t=1, **SETTINGS)
    close([p.read()[0], m.read()[0], v.read()[0]], [1.9, 0.4, 0.016])
    same(g.read(), [4.0])


@test.check("no new array of the weights' size", points=3)
def _():
    p, g, m, v = (np.ones((100, 5000), dtype="float32") for _ in range(4))
    true(fixtures.stays_below(1_000_000, adam_in_place, p, g, m, v, 1, **SETTINGS), "half an array of 2 MB")


### BEGIN HIDDEN TESTS
@test.check("the same bits as adam_step, also later on, in every shape", points=6, hidden=True)
def _():
    for shape, t in (((3, 4), 1), ((7,), 12), ((5, 2, 3), 3), ((20_000, 3), 2), ((), 5)):
        p, g, m = (test.rng.normal(size=shape).astype("float32") for _ in range(3))
        v = np.square(m)
        given = [remote(each) for each in (p, g, m, v)]
        with unchanged(given[1]):
            adam_in_place(*given, t=t, **SETTINGS)
        after, averaged, squared = step_of_adam(p, g, m, v, t, **SETTINGS)
        same(given[0].read(), np.asarray(after, dtype="float32"))
        same(given[2].read(), np.asarray(averaged, dtype="float32"))
        same(given[3].read(), np.asarray(squared, dtype="float32"))


@test.check("what comes back are the arrays that were given", points=4, hidden=True)
def _():
    p, g, m, v = (remote(np.square(test.rng.normal(size=(4, 3)))) for _ in range(4))
    after, averaged, squared = adam_in_place(p, g, m, v, t=2, **SETTINGS)
    true(shares_memory(after, p), "the parameter's array")
    true(shares_memory(averaged, m), "the array of the average")
    true(shares_memory(squared, v), "the array of the squares")


@test.check("other settings, and a transposed gradient", points=4, hidden=True)
def _():
    p, g, m = test.rng.normal(size=(6, 5)), test.rng.normal(size=(5, 6)).T, test.rng.normal(size=(6, 5))
    v, settings = np.square(m), {"lr": 0.03, "betas": (0.7, 0.95), "eps": 1e-2}
    given = [remote(each) for each in (p, g, m, v)]
    adam_in_place(*given, t=4, **settings)
    after, averaged, squared = step_of_adam(p, g, m, v, 4, **settings)
    close(given[0].read(), after)
    close(given[2].read(), averaged)
    close(given[3].read(), squared)


### END HIDDEN TESTS
test.report()

# %%
#| export
register_implementation(adam_step.__name__, "in_place", adam_in_place)  # imported: what is registered first is in use


# %%
weights = rng.normal(size=(1000, 784)).astype("float32")
given = [weights, 0.1 * weights, np.zeros_like(weights), np.zeros_like(weights)]
copies = [array.copy() for array in given]
settings = {"t": 3, "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
new_arrays, in_place = IMPLEMENTATIONS["adam_step"]["default"], adam_in_place
slow, fast = medians_ms(lambda: new_arrays(*given, **settings), lambda: in_place(*copies, **settings))
adam_gain = slow / fast
print(f"new arrays {slow:.2f} ms, in place {fast:.2f} ms: {adam_gain:.1f} times as fast")
peaks = [peak_bytes(lambda f=f: f(*copies, **settings)) / weights.nbytes for f in (new_arrays, in_place)]
print(f"beyond p, g, m and v: {peaks[0]:.2f} and {peaks[1]:.2f} arrays of the weights' size")
viz.bars(
    ["new arrays", "in place"],
    {"p, g, m, v": [16, 16], "more, at the peak": [4 * peak for peak in peaks]},
    "What Adam holds for each weight",
    ylabel="bytes",
)

# %% [markdown]
# **What's happening**
# 1. Weight, gradient and two averages are 4 bytes each: 16 bytes are the least that Adam needs.
# 2. The first version holds several more arrays of this size at its peak. That's memory that you need at the very moment when the gradients are there, too.
# 3. The second one needs next to nothing, and the less it moves, the less it waits.
# 4. For very small parameters (a bias of 10 numbers) blocks and `in place` gain nothing: Python's calls take the time.

# %% [markdown]
# **Predict, then run**: in-place has a price. `kept = p.data` remembers the weights before a step. What does it hold after it, with each of the two?

# %%
for name in ("default", "in_place"):
    manual_seed(0)
    layer = Linear(2, 1)
    optimizer, kept = Adam(layer.parameters(), lr=0.1), layer.weight.data
    first = kept.copy()
    with accelerated(adam_step=name):
        (layer(Tensor([[1.0, 1.0]])) ** 2).sum().backward()
        optimizer.step()
    print(f"{name:>9}: kept {'is what it was' if np.array_equal(kept, first) else 'has changed'}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# With new arrays it's what it was; in place it has changed, since `kept` and the parameter are the same memory. If you keep the best weights of a training run, keep a *copy*. (`state_dict()` of module 06's optimizers copies, so a training can be saved and resumed, bit for bit.) PyTorch's optimizers write in place, and this is a classic fault there.
# </details>

# %% [markdown]
# ## Part 5: gelu in blocks, with its slope
#
# `gelu(a)` is $a\,\Phi(a)$. Its rule needs the slope $\Phi(a) + a\,\varphi(a)$ with the density $\varphi(a) = e^{-a^2/2} / \sqrt{2\pi}$, so it computes $\Phi$, with the expensive `erf`, a second time. The fused loss shows the way: compute the slope while $\Phi$ is at hand, and keep it.
#
# By hand, for $a = 1$: $\Phi = 0.8413$, $\varphi = 0.2420$; the result is $0.8413$, the slope $0.8413 + 1 \cdot 0.2420 = 1.0833$. For $a = 0$: result 0, slope 0.5.
#
# **Now alone.** This one has no steps: you know how Adam walks through blocks.
#
# - The slope is the sum of *two* terms; $\Phi(a)$ alone is a frequent mistake.
# - Make the two results whole arrays, and everything else in blocks. A large array passed over a dozen times comes from memory a dozen times.


# %% nbgrader={"grade_id": "gelu_in_blocks", "solution": true}
#| export
def gelu_in_blocks(a):
    """Return a * Phi(a), and its slope, block by block.

    Args:
        a: an array of any shape. It must not be changed.

    Returns:
        (out, slope): arrays of the shape and dtype of a.

    TODO: fill both arrays, one block at a time.

    EXAMPLE:
    >>> gelu_in_blocks(np.array([-1.0, 0.0, 1.0], dtype="float32"))
    (array([-0.15865526,  0.        ,  0.8413447 ], dtype=float32), array([-0.08331547,  0.5       ,  1.0833155 ], dtype=float32))

    HINT: `in_blocks(a, out, slope)` gives views, and `part[...] = numbers` writes into one. `erf` of module 02 takes arrays; math.sqrt
    leaves float32 as it is.
    """
    ### BEGIN SOLUTION
    out, slope = np.empty_like(a), np.empty_like(a)
    for a_part, out_part, slope_part in in_blocks(a, out, slope):
        below = 0.5 * (1 + erf(a_part / math.sqrt(2)))
        out_part[...] = a_part * below
        slope_part[...] = below + a_part * np.exp(-0.5 * a_part * a_part) / math.sqrt(2 * math.pi)
    return out, slope
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: gelu_in_blocks

# %% nbgrader={"grade_id": "test_gelu_in_blocks", "grade": true}
test = unit_test("gelu_in_blocks")


def gelu_by_formula(a):
    below = np.array([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in a.ravel().tolist()]).reshape(a.shape)
    return a * below, below + a * np.exp(-0.5 * a * a) / math.sqrt(2 * math.pi)


@test.check("the example by hand: results and slopes", points=2)
def _():
    out, slope = gelu_in_blocks(np.array([-1.0, 0.0, 1.0], dtype="float32"))
    close(out, [-0.158655, 0.0, 0.841345], atol=1e-5)
    close(slope, [-0.083315, 0.5, 1.083315], atol=1e-5)


@test.check("beside the two results only some blocks are held", points=2)
def _():
    true(fixtures.stays_below(5_200_000, gelu_in_blocks, np.ones((500, 1000), dtype="float32")), "two results, 4 MB")


### BEGIN HIDDEN TESTS
@test.check("every shape, several blocks, the argument stays as it is", points=4, hidden=True)
def _():
    for shape in ((3, 4), (2, 3, 5), (40_000,), (30, 1000), (), (0,)):
        a = (3 * test.rng.normal(size=shape)).astype("float32")
        given, expected = remote(a), gelu_by_formula(a.astype("float64"))
        with unchanged(given):
            out, slope = gelu_in_blocks(given)
        same([out.shape, slope.shape], [shape, shape])
        close(out, expected[0], atol=2e-6)
        close(slope, expected[1], atol=2e-6)


@test.check("float32 and float64 stay what they are", points=2, hidden=True)
def _():
    for dtype in ("float32", "float64"):
        a = test.rng.normal(size=(3, 7)).astype(dtype)
        out, slope = gelu_in_blocks(a)
        same([str(out.dtype), str(slope.dtype)], [dtype, dtype])
        close(out, gelu_by_formula(a)[0], atol=1e-6)


### END HIDDEN TESTS
test.report()


# %%
#| export
@rule("gelu/blocks")
def gelu_in_blocks_rule(grad, out, a):
    """The gradient of gelu, where its slope was kept."""
    return grad * out[1]


register_implementation("gelu", "blocks", gelu_in_blocks)

# %% [markdown]
# The loser stands beside the winner: if you only evaluate, you need no slope, and pay for it all the same.


# %%
a = Tensor(rng.normal(size=(1000, 784)).astype("float32"), requires_grad=True)


def gelu_and_back():
    """Go forwards and backwards."""
    a.grad = None
    gelu(a).backward(a.data)


for way, run in (("forwards", lambda: gelu(a)), ("forwards and backwards", gelu_and_back)):
    slow, fast = medians_ms(under(run, gelu="default"), under(run, gelu="blocks"))
    gelu_gain = slow / fast
    print(f"{way:>22}: {slow:6.2f} ms, in blocks with slope {fast:6.2f} ms: {gelu_gain:.2f} times as fast")

# %% [markdown]
# **Predict, then run**: the kept slope is an array of the activation's size. What does it do to the memory on the tape?
#
# <details><summary>Answer</summary>
#
# For each `gelu` the tape keeps input and result, and now the slope as well: three arrays instead of two. Saving time by keeping things is the commonest trade there is; checkpointing (computing again instead of keeping) is the opposite one. Part 2's rule, which makes the matrix of windows again, chose that.
# </details>

# %% [markdown]
# ### Find the slow line
#
# A colleague has written a `gelu` of their own and registered it. It gives the right numbers, in float32; but the network has become *much* slower. One line is to blame. Ask your instruments: is it slower by a factor, whatever the size? What does it hold at its peak, in bytes for each number? Then look.


# %%
def colleagues_gelu(a):
    """Something in here is slow."""
    scaled = a / np.sqrt(2.0)
    below = 0.5 * (1 + erf(scaled))
    return a * below


register_implementation("gelu", "colleague", colleagues_gelu)
for count in (1000, 10_000, 100_000):
    a = rng.normal(size=count).astype("float32")
    line = [f"{count:>7} numbers:"]
    for name in ("default", "colleague"):
        run = lambda a=a, name=name: IMPLEMENTATIONS["gelu"][name](a)  # noqa: E731
        (spent,) = medians_ms(run, repeats=3)
        line.append(f"{name} {spent:7.3f} ms, {peak_bytes(run) / count:5.1f} bytes for each;")
    print(*line)

# def repaired_gelu(a):
#     ...

# %%
if "repaired_gelu" in globals():
    a = rng.normal(size=100_000).astype("float32")
    close(repaired_gelu(a), colleagues_gelu(a), atol=1e-5)  # noqa: F821
    slow, fast = medians_ms(lambda: colleagues_gelu(a), lambda: repaired_gelu(a), repeats=3)  # noqa: F821
    print(f"{slow / fast:.0f} times as fast")

# %% [markdown]
# <details><summary>The slow line</summary>
#
# `np.sqrt(2.0)` is a *numpy* number, a float64, and float32 divided by float64 is float64. From there on everything has twice the bytes; worse, `erf` of module 02 takes the exact way for float64, number by number in Python. The result looks innocent, since `primitive` turns a float64 that nobody brought in back into float32. `math.sqrt(2)`, a plain
# Python number, leaves the dtype as it is. No test of values finds this; bytes do.
# </details>

# %% [markdown]
# ### On your own: a layer with its own implementation
#
# Not graded, and without a test: im2col wins with few channels only, so the first layer of a network should use it and the later ones not. Write a class `Switched(Module)` that goes around a layer: `Switched(layer, conv2d="im2col")` keeps the layer as `self.inner` and the names as `self.names`; `forward(x)` calls the layer inside `with accelerated(...)`.
# Does the way back use the right rule, too, although it runs after the `with` has ended? (A call remembers its implementation.)


# %%
# class Switched(Module):


# %%
if "Switched" in globals():
    x = Tensor(rng.normal(size=(32, 1, 28, 28)).astype("float32"))
    layer = Conv2d(1, 8, 3, padding=1)
    switched = Switched(layer, conv2d="im2col")  # noqa: F821
    close(switched(x).data, layer(x).data, atol=1e-5)
    slow, fast = medians_ms(lambda: layer(x), lambda: switched(x))
    print(f"{slow:.2f} ms, switched {fast:.2f} ms")

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class Switched(Module):
#     def __init__(self, inner, **names):
#         self.inner, self.names = inner, names
#
#     def forward(self, x):
#         with accelerated(**self.names):
#             return self.inner(x)
# ```
#
# The tape keeps `Call.implementation`, and `find_rule` of module 05 asks for the rule of that implementation first: the way back fits the way forwards, whatever is switched on by then.
# </details>

# %% [markdown]
# ## Systems Analysis
#
# Now all four at once, on the step from the beginning, old and new in turn. The bar in the middle is Amdahl's prediction: each part's measured time, divided by what its new implementation gained by itself.

# %%
before, after = milliseconds_by_operation(make_step()[1], under(make_step()[1]))
gain_of = {"conv2d": gains["and backwards"][0], "gelu": gelu_gain, "adam_step": adam_gain}
predicted = {name: spent / gain_of.get(name, 1.0) for name, spent in before.items()}
for name, spent in before.items():
    print(f"{name:>12}: {spent:6.2f} ms, predicted {predicted[name]:6.2f}, after {after[name]:6.2f}")
whole, then, now = (sum(times.values()) for times in (before, predicted, after))
print(f"  whole step: {whole:6.2f} ms, predicted {then:6.2f}, after {now:6.2f}")
print(f"{whole / now:.2f} times as fast; predicted were {whole / then:.2f} times")
viz.bars(
    ["before", "predicted", "after"],
    {name: [before[name], predicted[name], after[name]] for name in before},
    "One training step, by operation",
    ylabel="ms",
)

# %% [markdown]
# **What's happening**
# 1. Each colour is one operation, forwards and backwards together.
# 2. What you didn't touch (pooling, products) takes about as long as before, and a larger *share* now.
# 3. A prediction is as good as its measurement. The gain of `conv2d` was measured with one channel; this step's second layer has eight, where im2col gains nothing, so its bar is higher than predicted. Adam's and `gelu`'s gains come from other sizes, too.
# 4. The step never gains as much as its best part.

# %% [markdown]
# Which of them made it onto the roof? A roofline asks how far an operation is from what the machine allows.


# %%
def fastest(run):
    """Return the shortest of some times, in seconds."""
    run()
    return min(time_call(run, repeats=1, warm_up=0, clock=time.process_time).median for _ in range(7))


def dot_of(make, **names):
    """Return (flops per byte, flops per second) of the one operation that make() calls."""
    with accelerated(**names):
        call, seconds = make().grad_fn, fastest(make)
    return flops_of_call(call) / bytes_of_call(call), flops_of_call(call) / seconds


square = rng.normal(size=(1024, 1024)).astype("float32")
large, target = np.ones(12_000_000, dtype="float32"), np.ones(12_000_000, dtype="float32")
flops_per_second = 2 * 1024**3 / fastest(lambda: square @ square)
bytes_per_second = 2 * large.nbytes / fastest(lambda: np.copyto(target, large))
images = Tensor(rng.normal(size=(32, 1, 28, 28)).astype("float32"))
kernels = Tensor(rng.normal(size=(8, 1, 3, 3)).astype("float32"), requires_grad=True)
many = Tensor(rng.normal(size=(1000, 784)).astype("float32"), requires_grad=True)
dots = {
    "conv2d, loops": dot_of(lambda: conv2d(images, kernels, padding=1), conv2d="default"),
    "conv2d, im2col": dot_of(lambda: conv2d(images, kernels, padding=1), conv2d="im2col"),
    "gelu": dot_of(lambda: gelu(many), gelu="default"),
}
for name, (intensity, speed) in dots.items():
    print(f"{name:>15}: {intensity:6.2f} flops per byte, {speed / 1e9:7.3f} billion flops/s")
moved = 7 * weights.nbytes  # Adam has to read p, g, m, v and to write p, m, v
for name, run in (
    ("new arrays", lambda: new_arrays(*given, **settings)),
    ("in place", lambda: in_place(*copies, **settings)),
):
    print(
        f"Adam, {name:>10}: needs {moved / fastest(run) / bytes_per_second:.0%} of what memory could move in that time"
    )
viz.roofline(flops_per_second, bytes_per_second, dots, "What was won, under the roof")

# %% [markdown]
# **What's happening**
# 1. `im2col` moved the convolution straight up: the same flops, the same shapes, in less time.
# 2. It still isn't at the roof. The matrix of windows is written and read, and isn't counted in the bytes of the call: only a kernel that never writes it could get there.
# 3. `gelu` stays far below the slope: its one counted flop hides an `erf`, which is a few dozen real ones. Forwards, blocks can't change that.
# 4. Adam, in place, comes closer to what memory can do. It's bound by memory, and no cleverer arithmetic would help it.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# The same training with the old and with the new implementations, and one that is switched in the middle; saved, and resumed.


# %%
def trained(*names_by_step):
    """Train one step with each set of implementations; return the model's weights in one row."""
    model, step = make_step(images=12)
    for names in names_by_step:
        with accelerated(**names):
            step()
    return np.concatenate([p.data.ravel() for p in model.parameters()])


usual = dict.fromkeys(FAST, "default")
plain = trained(usual, usual, usual)
close(trained(FAST, FAST, FAST), plain, rtol=1e-3, atol=2e-4)
for operation, name in FAST.items():
    close(trained(usual, {operation: name}, usual), plain, rtol=1e-3, atol=2e-4)
same(trained({"adam_step": "in_place"}, usual, {"adam_step": "in_place"}), plain)
same({operation: IN_USE[operation] for operation in FAST}, usual)


def resumed(name):
    """Train two steps, save, load into new objects, train two more; return the weights and those without a pause."""
    manual_seed(0)
    x, y = Tensor(rng.normal(size=(6, 4)).astype("float32")), Tensor(np.array([0, 1, 2, 0, 1, 2]))
    layer, other = Linear(4, 3), Linear(4, 3)
    optimizer, later = Adam(layer.parameters()), Adam(other.parameters())
    with accelerated(adam_step=name):
        for _ in range(2):
            train_step(layer, cross_entropy, optimizer, x, y)
        for mine, saved in zip(other.parameters(), layer.parameters(), strict=True):
            mine.data = saved.data.copy()
        later.load_state_dict(optimizer.state_dict())
        for _ in range(2):
            train_step(layer, cross_entropy, optimizer, x, y)
            train_step(other, cross_entropy, later, x, y)
    return layer.weight.data, other.weight.data


same(*resumed("in_place"))
raises(KeyError, use_implementation, "conv2d", "winograd", says="im2col")
print("the new ones agree with the old ones, and a resumed training goes on to the same bits")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what paid?
#
# Cite from your own runs the gain of each of the four by itself, and that of the whole step. Which of them would you not switch on for a network whose layers all have 32 channels, and which would you not use for evaluation? Why did the fused loss change so little in this step, and where would it matter?
#
# Rubric (5 points): 0, no measured numbers; half, four gains and that of the step; full, also that im2col's gain goes with the channels and `gelu`'s slope is of no use in evaluation, and that the loss's share decides (32 x 10 numbers here, a whole vocabulary in a language model).

# %% [markdown] nbgrader={"grade_id": "checkpoint_gains", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# Forwards and backwards, im2col 4.3 times with one channel and 0.75 times (a loss!) with 32, the fused loss 1.2 to 1.6 times, Adam 1.7 times, gelu 1.8 times, but 0.9 times forwards only; the whole step 1.2 times. With 32 channels I'd leave the loops, for evaluation the old gelu. The loss takes about one hundredth of the step, so by Amdahl it can bring 1 %; with 50,000 words its arrays are the largest of the model.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# Which of your functions is this? Which line is your in-place `m`, and why does each name end with `_`? What does `addcdiv_` save in comparison with yours? Which check of yours would fail if the `sqrt` were `sqrt_`?
#
# ```python
# exp_avg.lerp_(grad, 1 - beta1)
# exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
# step_size = lr / (1 - beta1**step)
# denom = (exp_avg_sq.sqrt() / math.sqrt(1 - beta2**step)).add_(eps)
# param.addcdiv_(exp_avg, denom, value=-step_size)
# ```
#
# Rubric (5 points): 0, not recognised; half, `adam_in_place`, `lerp_` is the new m, and an underscore means in place; full, also that `addcdiv_` multiplies, divides and adds in one pass without the array `step`, and that `sqrt_` would put the root into the running average itself, so v is wrong (the first check).

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It is adam_in_place. exp_avg is m, and lerp_ goes (1 - beta1) of the way from m to the gradient, which is beta1 m + (1 - beta1) g. An underscore at the end means that the tensor itself is changed. addcdiv_ divides, scales and adds in one pass; mine has an array "step" for each block. With sqrt_ the average v itself would become its root, and the example by hand
# fails, because v has to hold 0.016.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A faster implementation is kept beside the slow one, under a name, gives the same numbers, and can be switched off.
# - im2col turns many small products into a large one, and pays with memory. With few channels it wins; with many it's about even.
# - Fusing saves passes and simplifies rules: slope = softmax minus what was right.
# - In place and in blocks: what isn't written needn't be read again. Whoever keeps a reference keeps what is written later.
# - What a part gains and what the whole gains are two numbers. Measure both, and put the loser beside the winner.
#
# **Next**: module 17 makes numbers smaller instead of fewer.
