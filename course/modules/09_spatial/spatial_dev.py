# %% [markdown]
# # Spatial
#
# {{module}}
#
# So far every image was torn into a row of pixels before a layer saw it; the layer could not know that two pixels were
# neighbours. In this module you build layers that look at an image as an image: a small window slides over it, and the
# same few weights are used everywhere.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors, gradients, layers, `Trainer` | `conv2d` and its gradient, `max_pool2d`, `Conv2d`, pooling layers | the milestone of 1998, and module 16, which makes your convolution fast |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | images are `(batch, channels, height, width)` | the same, and `channels_last` | one layout, one set of formulas |
# | `conv2d` slides the kernel as it is (cross-correlation) | the same; only the name says convolution | a kernel that is learned may as well be learned unflipped |
# | stride and padding are one number for both axes | one number or a pair | square steps are what networks use |
# | no `dilation`, no `groups` | both | two more loops, no new idea |
# | `max_pool2d` has stride = kernel_size | any stride, padding | windows that don't overlap are one `reshape` |
# | one matrix product for each cell of the kernel | one large product, or Winograd, by size | the loops show the idea; module 16 is about speed |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.spatial
#| export
import math

import numpy as np

from tinytorch.core.autograd import rule
from tinytorch.core.layers import Module, Parameter, kaiming_uniform
from tinytorch.core.tensor import Tensor, primitive

# %%
import functools
import time

from tinytorch import manual_seed, viz
from tinytorch.core.autograd import no_grad, topological_order
from tinytorch.core.dataloader import DataLoader, TensorDataset
from tinytorch.core.layers import Flatten, Linear, ReLU, Sequential
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import Adam
from tinytorch.core.training import Trainer
from tinytorch.datasets import Digits, FashionMini, cat
from tinytorch.testing import check_gradient, close, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.spatial`. Users write
#
# ```python
# from tinytorch import nn
# from tinytorch.nn import functional as F
# model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# ```

# %% [markdown]
# ## Part 1: How many places are there?
#
# A **kernel** is a small grid of weights, say 3 x 3. Lay it on the upper left corner of an image, multiply each weight by the pixel below
# it and add up the products: one number. Move it one pixel to the right: the next number. The numbers, in the order of the places, are an image
# again: a **feature map**. It says how much each place looks like the kernel.
#
# How large is the map? In a row of 8 pixels a window of 3 can begin at pixel 0, 1, 2, 3, 4 or 5: six places.
#
# ```
# pixels   0 1 2 3 4 5 6 7
# first   [0 1 2]
# second    [1 2 3]
#   ...
# last                [5 6 7]        8 - 3 + 1 = 6 places
# ```
#
# Two knobs change that. **Stride** is how far the window moves each time: with stride 2 it begins at 0, 2, 4; that is three places, and one
# pixel at the end is never looked at. **Padding** puts a frame of zeros around the image: with padding 1 the row has 10 pixels, so a window of 3 has
# 8 places, as many as the image has pixels. From the first place there remain *size + 2 padding - kernel* pixels to move over.


# %% nbgrader={"grade_id": "conv_output_size", "solution": true}
#| export
def conv_output_size(size, kernel_size, stride=1, padding=0):
    """Return how many places a window has along one axis.

    Args:
        size: pixels along the axis.
        kernel_size: length of the window.
        stride: pixels from one place to the next.
        padding: zeros added at each of the two ends.

    TODO: return the number of places, an integer; refuse a window that doesn't fit in at all.

    APPROACH:
    1. Work out how many pixels the window can move over; both ends are padded.
    2. If that is less than 0, raise a ValueError that says the padded size and the kernel size.
    3. Count the steps of `stride` that fit into it, and the place at which the window starts.

    EXAMPLE:
    >>> conv_output_size(8, 3), conv_output_size(8, 3, stride=2), conv_output_size(8, 3, padding=1)
    (6, 3, 8)

    HINT: steps are whole. A window that would hang over the edge has no place: round down, never up.
    """
    ### BEGIN SOLUTION
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(
            f"a window needs as many pixels as it is long, got {size + 2 * padding} for {kernel_size}: pad, or take a "
            "smaller kernel"
        )
    return room // stride + 1
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: conv_output_size

# %% nbgrader={"grade_id": "test_conv_output_size", "grade": true}
test = unit_test("conv_output_size")


@test.check("a window of 3 on 8 pixels, with stride and padding", points=2)
def _():
    same(conv_output_size(8, 3), 6)
    same(conv_output_size(7, 3, stride=2), 3)
    same(conv_output_size(8, 3, padding=1), 8)


@test.check("a last window that would hang over the edge doesn't count", points=1)
def _():
    same(conv_output_size(8, 3, stride=2), 3)


@test.check("a window that just fits has a place, a larger one is refused with both sizes", points=1)
def _():
    same(conv_output_size(2, 4, padding=1), 1)
    raises(ValueError, conv_output_size, 2, 5, padding=1, says="4")
    raises(ValueError, conv_output_size, 2, 5, padding=1, says="5")


### BEGIN HIDDEN TESTS
@test.check("as many as can be counted one by one", points=4, hidden=True)
def _():
    for _ in range(30):
        size, kernel, stride, padding = (
            int(test.rng.integers(low, high)) for low, high in ((5, 40), (1, 6), (1, 5), (0, 4))
        )
        starts = [start for start in range(0, size + 2 * padding, stride) if start + kernel <= size + 2 * padding]
        same(conv_output_size(size, kernel, stride=stride, padding=padding), len(starts))
    same(conv_output_size(9, 3, 2, 1), 5)


@test.check("a window that fits exactly has one place, a larger one is refused", points=2, hidden=True)
def _():
    same(conv_output_size(3, 3, stride=2), 1)
    same(conv_output_size(1, 3, padding=1), 1)
    raises(ValueError, conv_output_size, 4, 7, padding=1, says="6")
    raises(ValueError, conv_output_size, 4, 7, padding=1, says="7")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: a photograph of 224 x 224 meets a kernel of 7 x 7 with stride 2 and padding 3 (the first layer of a ResNet). How large is the map?

# %%
print(conv_output_size(224, 7, stride=2, padding=3))

# %% [markdown]
# <details><summary>Answer</summary>
#
# 112: there are $224 + 6 - 7 = 223$ pixels to move over, 111 whole steps of 2, and the place at the start. Half the size, exactly.
# </details>

# %% [markdown]
# ## Part 2: Sliding a kernel
#
# An image may have several channels (red, green, blue), and a layer several kernels, each of which makes a map of its own. So the weight has four axes,
# `(out, in, rows, columns)`, and for image $n$, kernel $o$ and place $(r, c)$
#
# $$y_{n,o,r,c} = \sum_{k} \sum_{i} \sum_{j} w_{o,k,i,j} \; x_{n,\,k,\,r s + i,\,c s + j} \qquad (s \text{ is the stride})$$
#
# Written out, that's six loops, and a seventh over the images. Here they are, so that the formula can be read as a program.


# %%
def conv2d_loops(x, weight):
    """Convolve as the formula says: stride 1, no padding. Correct, and far too slow to train with."""
    n_images, n_kernels = len(x), len(weight)
    rows = conv_output_size(x.shape[2], weight.shape[2])
    columns = conv_output_size(x.shape[3], weight.shape[3])
    out = np.zeros((n_images, n_kernels, rows, columns))
    for n in range(n_images):
        for o in range(n_kernels):
            for r in range(rows):
                for c in range(columns):
                    for k in range(x.shape[1]):
                        for i in range(weight.shape[2]):
                            for j in range(weight.shape[3]):
                                out[n, o, r, c] += weight[o, k, i, j] * x[n, k, r + i, c + j]
    return out


# %% [markdown]
# **By hand.** One channel, one kernel of 2 x 2. The map has 2 x 2 places:
#
# ```
# image          kernel       place (0,0): 1·1 + 2·0 + 4·0 + 5·(-1) = -4
# 1 2 3          1  0         place (0,1): 2·1 + 3·0 + 5·0 + 6·(-1) = -4
# 4 5 6          0 -1         place (1,0): 4·1 + 5·0 + 7·0 + 8·(-1) = -4
# 7 8 9                       place (1,1): 5·1 + 6·0 + 8·0 + 9·(-1) = -4
# ```
#
# There is a better order. Don't ask "what does the place (r, c) see?", ask "what does the kernel's cell (i, j) meet?" Cell (0, 0) meets, over all places, the pixels
# 1 2 / 4 5: a *shifted copy of the image*. Cell (1, 1) meets 5 6 / 8 9. So the whole map is
#
# ```
# 1·[1 2] + 0·[2 3] + 0·[4 5] + (-1)·[5 6]  =  [-4 -4]
#   [4 5]     [5 6]     [7 8]        [8 9]     [-4 -4]
# ```
#
# Four terms for four cells, whatever the size of the image: two loops instead of seven, and numpy does the rest. Two helpers are given. `pad2d` puts the frame of zeros around the images; `met_by` gives what the cell
# (i, j) meets at all places: a view into the padded images, nothing is copied.


# %%
#| export
def pad2d(x, padding):
    """Put `padding` zeros around the last two axes of an array (N, C, H, W)."""
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def met_by(padded, i, j, rows, columns, stride=1):
    """Return what the kernel's cell (i, j) meets at each place: a view (N, C, rows, columns) of an array (N, C, H, W)."""
    return padded[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]


# %%
small = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
print("cell (0, 0) meets", met_by(small, 0, 0, 2, 2)[0, 0].tolist())
print("cell (1, 1) meets", met_by(small, 1, 1, 2, 2)[0, 0].tolist())

# %% [markdown]
# With channels, the cell (i, j) has not one weight but a matrix of them, `weight[:, :, i, j]` of the shape `(out, in)`: at each place it turns the `in` numbers that it meets into `out` numbers. That's a
# matrix product. Put the places into one row, `(N, in, rows · columns)`, and `(out, in) @ (N, in, places)` gives `(N, out, places)`.
#
# > Don't turn the kernel around: mathematicians' convolution does, deep learning doesn't.


# %% nbgrader={"grade_id": "conv2d", "solution": true}
#| export
@primitive
def conv2d(x, weight, stride=1, padding=0):
    """Slide every kernel over every image: cross-correlation, as in the formula above.

    Args:
        x: images, an array (N, in, H, W).
        weight: kernels, an array (out, in, rows, columns).
        stride: pixels from one place to the next.
        padding: zeros around the image.

    Returns:
        An array (N, out, places down, places across).

    TODO: add up one matrix product for each cell of the kernel.

    APPROACH:
    1. How many places are there down and across? Pad the images.
    2. Begin with zeros, one row of places for each image and kernel.
    3. For each cell of the kernel: what does it meet? Multiply by that cell's weights, and add.
    4. Give the result its four axes.

    EXAMPLE:
    >>> x = Tensor(np.arange(1.0, 10.0).reshape(1, 1, 3, 3))
    >>> conv2d(x, Tensor([[[[1.0, 0.0], [0.0, -1.0]]]])).tolist()
    [[[[-4.0, -4.0], [-4.0, -4.0]]]]

    HINT: x and weight are arrays here (`primitive` unwraps). Height and width differ: `weight.shape[2]` and `x.shape[2]`
    are rows, `weight.shape[3]` and `x.shape[3]` columns.
    """
    ### BEGIN SOLUTION
    rows = conv_output_size(x.shape[2], weight.shape[2], stride, padding)
    columns = conv_output_size(x.shape[3], weight.shape[3], stride, padding)
    padded = pad2d(x, padding)
    out = np.zeros((len(x), len(weight), rows * columns), dtype=x.dtype)
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            met = met_by(padded, i, j, rows, columns, stride)
            out += weight[:, :, i, j] @ met.reshape(len(x), x.shape[1], rows * columns)
    return out.reshape(len(x), len(weight), rows, columns)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: conv2d

# %% nbgrader={"grade_id": "test_conv2d", "grade": true}
test = unit_test("conv2d")


def by_formula(x, w, stride, padding):
    """The formula, place by place."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = ((x.shape[a] - w.shape[a]) // stride + 1 for a in (2, 3))
    out = np.zeros((len(x), len(w), rows, columns))
    for r in range(rows):
        for c in range(columns):
            patch = x[:, None, :, r * stride : r * stride + w.shape[2], c * stride : c * stride + w.shape[3]]
            out[:, :, r, c] = (patch * w).sum(axis=(2, 3, 4))
    return out


@test.check("the example by hand", points=2)
def _():
    x = Tensor(np.arange(1.0, 10.0).reshape(1, 1, 3, 3))
    same(conv2d(x, Tensor([[[[1.0, 0.0], [0.0, -1.0]]]])).data, [[[[-4.0, -4.0], [-4.0, -4.0]]]])


@test.check("the kernel is not turned around, and need not be square", points=2)
def _():
    x = Tensor([[[[1.0, 2.0, 4.0, 8.0], [16.0, 32.0, 64.0, 128.0]]]])
    same(conv2d(x, Tensor([[[[1.0, 10.0]]]])).data, [[[[21.0, 42.0, 84.0], [336.0, 672.0, 1344.0]]]])


@test.check("stride 2 and padding 1", points=2)
def _():
    x = Tensor(np.arange(1.0, 10.0).reshape(1, 1, 3, 3))
    result = conv2d(x, Tensor(np.ones((1, 1, 3, 3))), stride=2, padding=1)
    same(result.data, [[[[12.0, 16.0], [24.0, 28.0]]]])


@test.check("two images of two channels, three kernels: a matrix product for each cell", points=4)
def _():
    x, w = np.arange(36.0).reshape(2, 2, 3, 3), np.arange(24.0).reshape(3, 2, 2, 2)
    close(conv2d(Tensor(x), Tensor(w)).data, by_formula(x, w, 1, 0))


### BEGIN HIDDEN TESTS
@test.check("several images, channels and kernels, as the formula says", points=6, hidden=True)
def _():
    x, w = test.rng.normal(size=(3, 2, 6, 7)), test.rng.normal(size=(4, 2, 3, 2))
    given = remote(x), remote(w)
    with unchanged(given[0]), unchanged(given[1]):
        close(conv2d(Tensor(given[0]), Tensor(given[1])).data, by_formula(x, w, 1, 0))


@test.check("every stride and padding, odd and even sizes", points=6, hidden=True)
def _():
    for stride, padding, height, width in ((2, 0, 7, 8), (2, 1, 8, 5), (3, 2, 7, 6), (1, 2, 4, 5)):
        x, w = test.rng.normal(size=(2, 3, height, width)), test.rng.normal(size=(2, 3, 3, 3))
        result = conv2d(Tensor(x), Tensor(w), stride=stride, padding=padding)
        close(result.data, by_formula(x, w, stride, padding))


@test.check("an empty batch, a kernel of one pixel, float32 stays float32", points=3, hidden=True)
def _():
    x = test.rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    w = test.rng.normal(size=(2, 3, 1, 1)).astype(np.float32)
    result = conv2d(Tensor(x), Tensor(w))
    close(result.data, by_formula(x, w, 1, 0), atol=1e-5)
    same(result.dtype, "float32")
    same(conv2d(Tensor(x[:0]), Tensor(w)).data.shape, (0, 2, 4, 5))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Move the slider (or press the arrow keys): the kernel slides over an 8 x 8 digit. On the left is the window in the image, in the middle the products, on the right the map that your `conv2d` gives.

# %%
digit = Digits(train=True).arrays()[0][1]
across = np.array([[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
viz.SlidingKernel(
    digit,
    across,
    lambda: conv2d(Tensor(digit[None, None]), Tensor(across[None, None])).data[0, 0],
    title="An edge detector",
)

# %% [markdown]
# **What's happening**
# 1. The kernel has -1 above and +1 below: its answer is large where it's bright below and dark above, an *upper edge*.
# 2. At a lower edge the answer is negative; where all pixels are alike the products cancel to 0.
# 3. Six places across, six down: the map is two pixels smaller than the image.
# 4. The same nine weights answered at all 36 places. A linear layer from 64 pixels to 36 numbers has 2,304.

# %% [markdown]
# A photograph shows more. Nine numbers, written by hand, and no training:

# %%
grey = cat().mean(axis=2).astype(np.float32) / 255
kernels = {
    "upper edges": np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]]),
    "left edges": np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
    "blur": np.full((3, 3), 1 / 9),
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
}
weight = np.stack(list(kernels.values()))[:, None].astype(np.float32)
maps = conv2d(Tensor(grey[None, None]), Tensor(weight), padding=1).data[0]
viz.images(
    [grey[::3, ::3], *maps[:, ::3, ::3].clip(-1, 1)],
    ["photograph", *kernels],
    "One photograph, four kernels",
    columns=5,
    size=1.9,
)

# %% [markdown]
# **What's happening**
# 1. Whiskers and stripes appear in the maps of edges: upper edges where brightness grows downwards, left edges where it grows to the right.
# 2. The blur takes the mean of nine pixels; fine hairs disappear.
# 3. To sharpen is to subtract a blur: what differs from its neighbours is made to differ more.
# 4. With `padding=1` the maps are as large as the photograph. At the frame the kernel meets zeros, so a dark line can be seen there.

# %% [markdown]
# **Predict, then run**: how much faster are two loops than seven, for 4 images of 12 x 12, 8 channels, and 8 kernels of 3 x 3?

# %%
x, w = np.random.default_rng(0).normal(size=(4, 8, 12, 12)), np.random.default_rng(1).normal(size=(8, 8, 3, 3))
start = time.perf_counter()
slow = conv2d_loops(x, w)
seven = time.perf_counter() - start
start = time.perf_counter()
fast = conv2d(Tensor(x), Tensor(w))
two = time.perf_counter() - start
close(fast.data, slow)
print(
    f"seven loops {1000 * seven:.0f} ms, two loops {1000 * two:.2f} ms: {seven / two:,.0f} times faster, the same numbers"
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# A few hundred times. The multiplications are the same 230,400; Python runs nine rounds instead of 230,400.
# </details>

# %% [markdown]
# ## Part 3: The gradient, over the same two loops
#
# Each cell of the kernel made one term of the sum: its weights $W_{ij}$ (out, in), times what it met, $M_{ij}$ (in, places). That is a matrix product, and for $C = A B$ you know the rules from
# module 05: $\bar A = \bar C B^{\mathsf T}$, $\bar B = A^{\mathsf T} \bar C$. Here they say, for each cell (i, j):
#
# $$\bar W_{ij} = \sum_{n} \bar Y_n\, M_{ij,n}^{\mathsf T} \qquad\qquad \bar M_{ij} = W_{ij}^{\mathsf T}\, \bar Y$$
#
# The first is the gradient for that cell's weights: every place of every image used them, so all of these add up. The second is the blame for what the cell met. A pixel was met by *several* cells (one in the middle of the image by all nine),
# and is blamed by each: so it's added where it was met, into an array of zeros as large as the padded images. `met_by` gives a view, so adding to the view adds in the right place. What fell on the frame of zeros is nobody's fault: cut it off.
#
# **By hand.** The example of Part 2, with a blame of 1 at each of the four places. The cell (0, 0) met 1, 2, 4, 5: its weight gets 12; the cell (1, 1) met 5, 6, 8, 9: 28. The middle pixel was met by all four cells, whose weights are 1, 0, 0, -1: its gradient is 0. The
# first pixel was met by the cell (0, 0) alone: 1.
#
# > Add (`+=`) the blame for the pixels. With `=` the last cell that met a pixel would wipe out what the others said.


# %% nbgrader={"grade_id": "conv2d_rule", "solution": true}
#| export
@rule("conv2d", reads="inputs")
def conv2d_rule(grad, out, x, weight, stride=1, padding=0, wanted=(True, True)):
    """Return the gradients of conv2d for the images and for the kernels.

    Args:
        grad: the gradient of the result, an array (N, out, places down, places across).
        out: the result of conv2d; every rule is handed it, this one has no need of it.
        x, weight, stride, padding: what conv2d was called with.
        wanted: whether the gradient of x is wanted, and whether that of weight is; None is returned for what is not.

    TODO: the two loops of conv2d, with two products in place of one.

    APPROACH:
    1. Make zeros for the gradient of the padded images and for that of the kernels.
    2. For each cell: its weights' gradient, summed over images; and the blame for what it met, added where it was met.
    3. Cut the padding off, so that the gradient is as large as x.
    4. Return None for what isn't wanted.

    EXAMPLE:
    >>> x, w = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    >>> conv2d_rule(np.ones((1, 1, 2, 2)), None, x, w)[1]
    array([[[[12., 16.],
             [24., 28.]]]])

    HINT: `met_by(...)[...] += blame` adds into a view; hand it the stride here, too. `.T` transposes a matrix, and
    `a.swapaxes(1, 2)` each matrix of a stack; a reshape would mix their numbers up. `a[p:-p]` is empty when p is 0: cut
    with `p : p + height`.
    """
    ### BEGIN SOLUTION
    rows, columns = grad.shape[2:]
    blame = grad.reshape(len(x), len(weight), rows * columns)
    padded = pad2d(x, padding)
    for_padded, for_weight = np.zeros_like(padded), np.zeros_like(weight)
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            if wanted[0]:
                for_met = weight[:, :, i, j].T @ blame
                met_by(for_padded, i, j, rows, columns, stride)[...] += for_met.reshape(*x.shape[:2], rows, columns)
            if wanted[1]:
                met = met_by(padded, i, j, rows, columns, stride).reshape(*x.shape[:2], rows * columns)
                for_weight[:, :, i, j] = (blame @ met.swapaxes(1, 2)).sum(axis=0)
    for_x = for_padded[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]
    return for_x if wanted[0] else None, for_weight if wanted[1] else None
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: conv2d_rule

# %% nbgrader={"grade_id": "test_conv2d_rule", "grade": true}
test = unit_test("conv2d_rule")


def numpy_conv2d(x, w, stride=1, padding=0):
    """The formula, place by place: what gradients are compared with."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = ((x.shape[a] - w.shape[a]) // stride + 1 for a in (2, 3))
    out = np.zeros((len(x), len(w), rows, columns))
    for r in range(rows):
        for c in range(columns):
            patch = x[:, None, :, r * stride : r * stride + w.shape[2], c * stride : c * stride + w.shape[3]]
            out[:, :, r, c] = (patch * w).sum(axis=(2, 3, 4))
    return out


@test.check("the example by hand: for the kernel", points=2)
def _():
    x, w = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    close(conv2d_rule(np.ones((1, 1, 2, 2)), np.full((1, 1, 2, 2), -4.0), x, w)[1], [[[[12.0, 16.0], [24.0, 28.0]]]])


@test.check("the example by hand: for the image, where a pixel is met by several cells", points=2)
def _():
    x, w = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    expected = [[[[1.0, 1.0, 0.0], [1.0, 0.0, -1.0], [0.0, -1.0, -1.0]]]]
    close(conv2d_rule(np.ones((1, 1, 2, 2)), np.full((1, 1, 2, 2), -4.0), x, w)[0], expected)


@test.check("with padding the gradient is as large as the image", points=1)
def _():
    x, w = np.ones((1, 1, 2, 3)), np.array([[[[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]]])
    close(conv2d_rule(np.ones((1, 1, 2, 3)), 2 * x, x, w, padding=1)[0], np.full((1, 1, 2, 3), 2.0))


@test.check("two images of two channels, three kernels: against central differences", points=3)
def _():
    check_gradient(conv2d, numpy_conv2d, [(2, 2, 3, 3), (3, 2, 2, 2)], rng=test.rng)


@test.check("the same with stride 2", points=2)
def _():
    check_gradient(conv2d, numpy_conv2d, [(2, 2, 5, 4), (3, 2, 2, 2)], rng=test.rng, stride=2)


@test.check("None for what isn't wanted", points=1)
def _():
    x, w, grad = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2))
    for_x, for_w = conv2d_rule(grad, grad, x, w, wanted=(False, True))
    same(for_x, None)
    close(for_w, [[[[8.0, 12.0], [20.0, 24.0]]]])
    same(conv2d_rule(grad, grad, x, w, wanted=(True, False))[1], None)


### BEGIN HIDDEN TESTS
@test.check("two channels, several images, larger: against central differences", points=5, hidden=True)
def _():
    check_gradient(conv2d, numpy_conv2d, [(2, 2, 5, 4), (3, 2, 3, 2)], rng=test.rng)


@test.check("with stride and padding, odd and even sizes", points=5, hidden=True)
def _():
    for stride, padding, height, width in ((2, 1, 5, 6), (3, 0, 7, 5), (1, 2, 3, 4)):
        check_gradient(
            conv2d, numpy_conv2d, [(2, 2, height, width), (2, 2, 3, 3)], rng=test.rng, stride=stride, padding=padding
        )


@test.check("arguments stay as they were, and what nobody wants is None", points=4, hidden=True)
def _():
    x, w = test.rng.normal(size=(2, 2, 4, 4)), test.rng.normal(size=(3, 2, 3, 3))
    grad = test.rng.normal(size=(2, 3, 4, 4))
    given = [remote(array) for array in (grad, numpy_conv2d(x, w, padding=1), x, w)]
    with unchanged(given[0]), unchanged(given[1]), unchanged(given[2]), unchanged(given[3]):
        for_x, for_w = conv2d_rule(*given, padding=1)
    none, only_w = conv2d_rule(*given, padding=1, wanted=(False, True))
    same(none, None)
    close(only_w, for_w)
    only_x, none = conv2d_rule(*given, padding=1, wanted=(True, False))
    same(none, None)
    close(only_x, for_x)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What is the gradient of an image good for? It shows what the answer depends on. Take one cell of the map of a *second* convolution, and ask for its gradient at the pixels: only those that it can see have one. Where that is, is its **receptive field**.

# %%
fields = []
for layers in (1, 2, 3):
    pixels = Tensor(np.zeros((1, 1, 13, 13)), requires_grad=True)
    out = pixels
    for _ in range(layers):
        out = conv2d(out, Tensor(np.ones((1, 1, 3, 3))), padding=1)
    out[0, 0, 6, 6].backward()
    fields.append(pixels.grad.data[0, 0])
viz.images(
    fields, [f"{n} layer{'s' * (n > 1)}: {int((f.sum(axis=0) > 0).sum())} pixels wide" for n, f in enumerate(fields, 1)],
    "What one number of the map depends on", size=2.2,
)  # fmt: skip

# %% [markdown]
# **What's happening**
# 1. After one layer, a number sees 3 x 3 pixels; after two, 5 x 5; after three, 7 x 7: each layer adds a pixel on every side.
# 2. The middle counts most: there are more ways from it to the result.
# 3. To see a whole photograph with 3 x 3 kernels alone, a hundred layers would be needed. Pooling, next, makes it quick: after it, one step is two pixels.

# %% [markdown]
# **Predict, then run**: the gradient of `conv2d(x, w).sum()` for the pixels of a large image, with a kernel of nine ones. What is it in the middle, and in the corner?

# %%
pixels = Tensor(np.zeros((1, 1, 6, 6)), requires_grad=True)
conv2d(pixels, Tensor(np.ones((1, 1, 3, 3)))).sum().backward()
print(pixels.grad.data[0, 0].astype(int))

# %% [markdown]
# <details><summary>Answer</summary>
#
# 9 in the middle, since nine cells met that pixel; 1 in the corner, which only one cell of one window ever meets. Without padding, pixels at the border have less of a say.
# </details>

# %% [markdown]
# ## Part 4: Pooling
#
# To know that there is a whisker it's enough to know it *about* there. **Max pooling** keeps the strongest answer of each window of, say, 2 x 2, and forgets where in the window it was. The map becomes a quarter as large, what comes next sees twice as far, and a shift of one pixel often changes nothing.
#
# ```
# 1 2 | 0 1
# 3 4 | 5 0           4 5
# ----+----    ->
# 7 0 | 1 2           7 2
# 0 1 | 0 1
# ```
#
# The windows don't overlap, so no window has to be cut out: give the array *two* axes in place of one, `(height,)` becomes `(rows, 2)`. Then `array[..., r, i, c, j]` is the pixel (i, j) of the window (r, c), and the maximum is taken along i and j.
# Rows and columns at the end that fill no window are left out first: a height of 5 has two windows of 2, as `conv_output_size` would say.


# %% nbgrader={"grade_id": "max_pool2d", "solution": true}
#| export
@primitive
def max_pool2d(x, kernel_size):
    """Return the largest number of each window of kernel_size x kernel_size; windows don't overlap.

    Args:
        x: an array (N, C, H, W).
        kernel_size: height and width of a window, an integer.

    Returns:
        An array (N, C, H // kernel_size, W // kernel_size).

    TODO: cut off what fills no window, reshape to six axes, take the maximum along two of them.

    APPROACH:
    1. How many whole windows are there down and across?
    2. Cut the array to whole windows.
    3. Reshape to (N, C, rows, kernel_size, columns, kernel_size), and take the maximum over the pixels of each window.

    EXAMPLE:
    >>> max_pool2d(Tensor([[[[1.0, 2.0, 0.0, 1.0], [3.0, 4.0, 5.0, 0.0]]]]), 2).tolist()
    [[[[4.0, 5.0]]]]

    HINT: `max(axis=a)` takes the maximum along one axis, which is gone then: those behind it move up by one. Along the
    pixel's row first, then along its column, is faster than `max(axis=(a, b))`, which takes both at once.
    """
    ### BEGIN SOLUTION
    rows, columns = x.shape[2] // kernel_size, x.shape[3] // kernel_size
    whole = x[:, :, : rows * kernel_size, : columns * kernel_size]
    return whole.reshape(*x.shape[:2], rows, kernel_size, columns, kernel_size).max(axis=3).max(axis=4)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: max_pool2d

# %% nbgrader={"grade_id": "test_max_pool2d", "grade": true}
test = unit_test("max_pool2d")


@test.check("the example by hand", points=3)
def _():
    x = Tensor([[[[1.0, 2.0, 0.0, 1.0], [3.0, 4.0, 5.0, 0.0], [7.0, 0.0, 1.0, 2.0], [0.0, 1.0, 0.0, 1.0]]]])
    same(max_pool2d(x, 2).data, [[[[4.0, 5.0], [7.0, 2.0]]]])


@test.check("what fills no window is left out, also where all numbers are negative", points=2)
def _():
    x = Tensor(np.arange(15.0).reshape(1, 1, 3, 5) - 20.0)
    same(max_pool2d(x, 2).data, [[[[-14.0, -12.0]]]])


### BEGIN HIDDEN TESTS
@test.check("random maps, window by window, also all negative", points=6, hidden=True)
def _():
    for size, height, width in ((2, 6, 8), (3, 7, 9), (2, 5, 4)):
        x = test.rng.normal(size=(2, 3, height, width)) - 5.0
        rows, columns = height // size, width // size
        expected = np.zeros((2, 3, rows, columns))
        for r in range(rows):
            for c in range(columns):
                expected[:, :, r, c] = x[:, :, size * r : size * r + size, size * c : size * c + size].max(axis=(2, 3))
        given = remote(x)
        with unchanged(given):
            close(max_pool2d(Tensor(given), size).data, expected)


@test.check("a window of one pixel changes nothing, one as large as the map leaves one number", points=4, hidden=True)
def _():
    x = test.rng.normal(size=(2, 2, 3, 3))
    close(max_pool2d(Tensor(x), 1).data, x)
    close(max_pool2d(Tensor(x), kernel_size=3).data, x.max(axis=(2, 3), keepdims=True))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Its gradient is given. Only the pixel that won is to blame; if several are equal the first one gets it all, as in PyTorch.


# %%
#| export
@rule("max_pool2d")
def max_pool2d_rule(grad, out, x, kernel_size):
    """The gradient of max_pool2d: each window's blame goes to the first of its largest pixels."""
    for_x, rows, columns = np.zeros_like(x), *out.shape[2:]
    waiting = np.ones(out.shape, dtype=bool)
    for i in range(kernel_size):
        for j in range(kernel_size):
            wins = waiting & (met_by(x, i, j, rows, columns, kernel_size) == out)
            met_by(for_x, i, j, rows, columns, kernel_size)[...] = grad * wins
            waiting &= ~wins
    return for_x


# %%
def before_and_after_pooling():
    """Return the maps of a digit and of the same digit shifted by a pixel, and both maps pooled."""
    images = [np.roll(digit, shift, axis=1)[None, None] for shift in (0, 1)]
    edges = [conv2d(Tensor(image), Tensor(across[None, None]), padding=1) for image in images]
    return [each.data[0, 0] for each in edges], [max_pool2d(each, 2).data[0, 0] for each in edges]


edges, pooled = before_and_after_pooling()
viz.images(
    [*edges, *pooled],
    ["map", "map, shifted", "pooled", "pooled, shifted"],
    "A shift of one pixel, before and after pooling",
    size=1.7,
)

# %% [markdown]
# **What's happening**
# 1. The image moved by a pixel, and so did the map: the kernel found the same edges, a pixel further on. *A shift of the image is a shift of the map.*
# 2. After pooling, the two look more alike: what moved within its window left no trace.
# 3. What moved into the next window did. Pooling makes a network less sensitive to shifts, not insensitive.

# %% [markdown]
# **Predict, then run**: how much do the maps differ, and how much the pooled ones? (Mean difference, as a share of the mean size.)

# %%
for name, (a, b) in zip(("maps", "pooled"), before_and_after_pooling(), strict=True):
    print(f"{name:>6}: {np.abs(a - b).mean() / np.abs(a).mean():.0%}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The pooled ones differ by a good deal less, but not by nothing. Each further convolution and pooling takes away some more.
# </details>

# %% [markdown]
# ## Part 5: What does a layer cost?
#
# A convolution has few weights and does much with them. What it costs is counted in **multiply-accumulates** (MACs): one weight times one number, added to a sum.
#
# You need not be told how: this one you do **alone**. Think of one number of the result: how many products is it the sum of? And how many numbers does the result have?
#
# > The kernel is used once at each place of the *result*: with a stride of 2 that's a quarter of the pixels.


# %% nbgrader={"grade_id": "conv2d_macs", "solution": true}
#| export
def conv2d_macs(x_shape, weight_shape, stride=1, padding=0):
    """Count the multiplications of conv2d(x, weight, stride=stride, padding=padding), those with padded zeros included.

    Args:
        x_shape: (N, in, H, W).
        weight_shape: (out, in, rows, columns).

    TODO: return their number for the whole batch, an integer.

    EXAMPLE:
    >>> conv2d_macs((1, 1, 3, 3), (1, 1, 2, 2))
    16

    HINT: in the example there are 4 places with 4 products each.
    """
    ### BEGIN SOLUTION
    rows = conv_output_size(x_shape[2], weight_shape[2], stride, padding)
    columns = conv_output_size(x_shape[3], weight_shape[3], stride, padding)
    return x_shape[0] * rows * columns * math.prod(weight_shape)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: conv2d_macs

# %% nbgrader={"grade_id": "test_conv2d_macs", "grade": true}
test = unit_test("conv2d_macs")


@test.check("the example by hand", points=2)
def _():
    same(conv2d_macs((1, 1, 3, 3), (1, 1, 2, 2)), 16)


@test.check("with stride 2 there are fewer places", points=3)
def _():
    same(conv2d_macs((1, 1, 5, 5), (1, 1, 3, 3), stride=2), 36)


@test.check("two images of three channels, five kernels, a frame of zeros", points=1)
def _():
    same(conv2d_macs((2, 3, 4, 4), (5, 3, 3, 3), padding=1), 4320)


### BEGIN HIDDEN TESTS
@test.check("images, channels and kernels, counted one by one", points=5, hidden=True)
def _():
    for _ in range(8):
        n, fan_in, fan_out, height, width = (int(test.rng.integers(1, 7)) for _ in range(5))
        rows, columns, stride, padding = (
            int(test.rng.integers(low, high)) for low, high in ((1, 4), (1, 4), (1, 4), (0, 3))
        )
        height, width = height + 3, width + 3
        down = len(range(0, height + 2 * padding - rows + 1, stride))
        across = len(range(0, width + 2 * padding - columns + 1, stride))
        counted = sum(fan_in * rows * columns for _ in range(n * fan_out * down * across))
        same(
            conv2d_macs((n, fan_in, height, width), (fan_out, fan_in, rows, columns), stride=stride, padding=padding),
            counted,
        )


@test.check("the first layer of a ResNet has 118,013,952", points=4, hidden=True)
def _():
    same(conv2d_macs((1, 3, 224, 224), (64, 3, 7, 7), stride=2, padding=3), 118_013_952)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: halve height and width of an image (by pooling), and double the channels in and out. What happens to weights and MACs of a 3 x 3 layer?

# %%
for shape, weight_shape in (((1, 16, 32, 32), (16, 16, 3, 3)), ((1, 32, 16, 16), (32, 32, 3, 3))):
    print(f"{shape}: {math.prod(weight_shape):>6,} weights, {conv2d_macs(shape, weight_shape, padding=1):,} MACs")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Four times as many weights, and as many MACs as before: a quarter of the places, four times the work at each. That is why networks double their channels where they pool.
# </details>

# %% [markdown]
# ## Part 6: Layers, a real image, and an experiment
#
# The layers are given: each is a shell around a function of yours. Read how the bias comes in (module 01's broadcasting), and why `avg_pool2d` needs no code of its own.


# %%
#| export
def conv2d_with_bias(x, weight, bias=None, stride=1, padding=0):
    """Convolve, and add one bias to each map: PyTorch's F.conv2d. x (N, in, H, W), weight (out, in, rows, columns)."""
    if x.ndim != 4 or x.shape[1] != weight.shape[1]:
        raise ValueError(
            f"images must be (N, {weight.shape[1]}, H, W) for a weight {tuple(weight.shape)}, got {tuple(x.shape)}: "
            "channels come second; x.unsqueeze(1) adds the axis of a grey image"
        )
    out = conv2d(x, weight, stride=stride, padding=padding)
    return out if bias is None else out + bias.reshape(-1, 1, 1)


class Conv2d(Module):
    """Kernels that slide over images; weight (out, in, rows, columns) and bias (out,) start as in PyTorch."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bias=True):
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = pair(kernel_size), stride, padding
        fan_in, gain = in_channels * math.prod(self.kernel_size), 1 / math.sqrt(3)
        self.weight = Parameter(kaiming_uniform((out_channels, in_channels, *self.kernel_size), fan_in, gain))
        self.bias = Parameter(kaiming_uniform((out_channels,), fan_in, gain)) if bias else None

    def forward(self, x):
        return conv2d_with_bias(x, self.weight, self.bias, self.stride, self.padding)

    def extra_repr(self):
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, bias={self.bias is not None}"
        )


def pair(size):
    """Let 3 mean (3, 3)."""
    return tuple(size) if isinstance(size, (tuple, list)) else (size, size)


# %%
#| export
def max_pool2d_with_stride(x, kernel_size, stride=None):
    """Take the maximum of each window: PyTorch's F.max_pool2d, for square windows that don't overlap."""
    height, width = pair(kernel_size)
    if height != width or pair(kernel_size if stride is None else stride) != (height, width):
        raise ValueError(
            f"max_pool2d takes square windows with stride = kernel_size, got {kernel_size} with stride {stride}: "
            "windows that overlap are not built in this course"
        )
    return max_pool2d(x, kernel_size=height)


def avg_pool2d(x, kernel_size, stride=None, padding=0):
    """Take the mean of each window: a convolution of each channel by itself, with a kernel whose weights are all alike."""
    rows, columns = pair(kernel_size)
    n, channels, height, width = x.shape
    kernel = Tensor(np.full((1, 1, rows, columns), 1 / (rows * columns), dtype=x.dtype))
    step = rows if stride is None else stride
    out = conv2d(x.reshape(n * channels, 1, height, width), kernel, stride=step, padding=padding)
    return out.reshape(n, channels, *out.shape[2:])


def adaptive_avg_pool2d(x, output_size):
    """Take means so that output_size places remain, whatever the size of the images: two products with averaging matrices."""
    down, across = (averages(size, places) for size, places in zip(x.shape[2:], pair(output_size), strict=True))
    return Tensor(down.astype(x.dtype)) @ x @ Tensor(across.T.astype(x.dtype))


def averages(size, places):
    """Return a matrix (places, size) whose rows take means of the windows floor(i size / places) to ceil((i + 1) size / places)."""
    matrix = np.zeros((places, size))
    for i in range(places):
        start, end = i * size // places, -(-(i + 1) * size // places)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


class MaxPool2d(Module):
    """max_pool2d as a layer."""

    def __init__(self, kernel_size, stride=None):
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, x):
        return max_pool2d_with_stride(x, self.kernel_size, self.stride)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}"


class AvgPool2d(Module):
    """avg_pool2d as a layer."""

    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x):
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}"


class AdaptiveAvgPool2d(Module):
    """adaptive_avg_pool2d as a layer."""

    def __init__(self, output_size):
        self.output_size = output_size

    def forward(self, x):
        return adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self):
        return f"output_size={self.output_size}"


# %% [markdown]
# First a look, without any training: a loader over real images, *one at a time*, and one convolution with eight random kernels.

# %%
manual_seed(9)
fashion, labels = FashionMini(train=True).arrays()
loader = DataLoader(TensorDataset(fashion[:, None], labels), batch_size=1, shuffle=True)
image, label = next(iter(loader))
layer = Conv2d(1, 8, kernel_size=3, padding=1)
with no_grad():
    maps = layer(image)
print("the loader gives", image.shape, "and the layer", maps.shape)
viz.images(
    [image.data[0, 0], *maps.data[0]], [FashionMini(train=True).classes[int(label.data[0])], *(f"kernel {i}" for i in range(8))],
    "One image, eight untrained kernels", columns=9,
)  # fmt: skip

# %% [markdown]
# **What's happening**
# 1. `(1, 1, 28, 28)`: one image, one channel. The layer makes eight maps of it: `(1, 8, 28, 28)`.
# 2. Even random kernels show edges and surfaces: some are dark where the cloth is, some bright, some only at the outline.
# 3. Training will change 80 numbers (8 kernels of 9 weights, and 8 biases) so that the maps become useful.

# %% [markdown]
# ### A class of your own
#
# Until now models were made by `Sequential`. For anything else you write a class: layers become attributes in `__init__`, and `forward` says how they are used. **Write one** (nobody grades it): grey digits `(N, 1, 8, 8)` in, ten scores `(N, 10)` out. Convolve, relu, pool, convolve, relu; then
# take the *mean of each map* (`x.mean(dim=(2, 3))`) in place of `Flatten`, so that where something was seen doesn't matter at all; then a linear layer.


# %%
class MyNetwork(Module):
    """Your own model: images (N, 1, 8, 8) to scores (N, 10). Write __init__ and forward."""


# %%
def try_out(make):
    """Build a model and show one batch to it; say what is missing, if something is."""
    if make.forward is Module.forward:
        return f"{make.__name__} has no forward yet: write it in the cell above, then run this one again"
    model = make()
    scores = model(Tensor(np.zeros((5, 1, 8, 8), dtype="float32")))
    count = sum(p.numel() for p in model.parameters())
    return f"{count:,} weights; 5 images give scores of the shape {scores.shape}, expected (5, 10)"


print(try_out(MyNetwork))

# %% [markdown]
# <details><summary>One answer</summary>
#
# ```python
# class MyNetwork(Module):
#     def __init__(self):
#         self.first, self.second = Conv2d(1, 16, 3, padding=1), Conv2d(16, 32, 3, padding=1)
#         self.answer = Linear(32, 10)
#
#     def forward(self, x):
#         x = max_pool2d(relu(self.first(x)), kernel_size=2)
#         return self.answer(relu(self.second(x)).mean(dim=(2, 3)))
# ```
#
# It has 5,130 weights. (`relu` is in `tinytorch.core.activations`.)
# </details>

# %% [markdown]
# ### The experiment
#
# Two models learn the digits: the MLP of 1986 and a convolutional network with *fewer* weights. Then both are shown the test digits shifted by one and by two pixels, left, right, up and down; nobody trained them for that. Training both takes some seconds.


# %%
def digits(train):
    images, targets = Digits(train=train).arrays()
    return TensorDataset(images[:, None], targets)


def train(model, epochs, lr):
    """Train on the digits with Adam; return the trained model."""
    trainer = Trainer(model, cross_entropy, Adam(model.parameters(), lr=lr))
    trainer.fit(
        DataLoader(digits(True), batch_size=64, shuffle=True), DataLoader(digits(False), batch_size=256), epochs
    )
    return model


def shifted(images, down, right):
    """Move images by some pixels; what comes in at the border is black."""
    moved = np.zeros_like(images)
    height, width = images.shape[-2:]
    moved[..., max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = images[
        ..., max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return moved


def accuracy_when_shifted(model, pixels):
    """Return the share of test digits that are read right, shifted into each of the four directions."""
    images, targets = Digits(train=False).arrays()
    ways = [(0, 0)] if pixels == 0 else [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)]
    with no_grad():
        answers = [model(Tensor(shifted(images[:, None], *way))).data.argmax(axis=1) for way in ways]
    return float(np.mean(np.stack(answers) == targets))


def mlp():
    return Sequential(Flatten(), Linear(64, 128), ReLU(), Linear(128, 10))


def cnn():
    return Sequential(
        *(Conv2d(1, 16, 3, padding=1), ReLU(), MaxPool2d(2)),  # 16 maps of 4 x 4
        *(Conv2d(16, 32, 3, padding=1), ReLU(), MaxPool2d(4)),  # of each of 32 maps, its strongest answer
        *(Flatten(), Linear(32, 10)),
    )


@functools.cache
def trained(make, lr):
    """Train a model once; cells further down ask for the same one."""
    manual_seed(0)
    return train(make(), epochs=8, lr=lr)


def shares_read():
    """Return for each model the shares of digits that it reads, shifted by 0, 1 and 2 pixels."""
    models = {"MLP": trained(mlp, 0.003), "CNN": trained(cnn, 0.01)}
    return {name: [accuracy_when_shifted(model, by) for by in (0, 1, 2)] for name, model in models.items()}


start = time.perf_counter()
results = shares_read()
for make, (name, shares) in zip((mlp, cnn), results.items(), strict=True):
    count = sum(p.numel() for p in make().parameters())
    print(f"{name}: {count:,} weights; right when shifted by 0, 1, 2 pixels:", [f"{share:.1%}" for share in shares])
print(f"both trained in {time.perf_counter() - start:.0f} s")
viz.lines(
    [0, 1, 2],
    results,
    "Nobody trained them for this",
    xlabel="shifted by (pixels)",
    ylabel="share read right",
    markers=True,
    ylim=(0, 1),
)

# %% [markdown]
# **What's happening**
# 1. Unshifted, the two are nearly equal; the CNN has half the weights.
# 2. For the MLP a shifted digit is a new picture: every pixel now meets other weights. It falls at the first pixel.
# 3. The kernels of the CNN find the same strokes a pixel further on; pooling forgets some of the rest. It falls more slowly.
# 4. It does fall: an image of 8 x 8 is nearly all border, where kernels meet the frame of zeros, and digits lose ink there, which no model can read.

# %% [markdown]
# **Predict, then run**: which of the two would profit more from training on shifted digits?

# %%
print({name: f"{shares[0] - shares[2]:.1%} lost by two pixels" for name, shares in shares_read().items()})

# %% [markdown]
# <details><summary>Answer</summary>
#
# The MLP: it has more to gain. That is called data augmentation, and it teaches by examples what the convolution has built in. It comes at a price: one more example for each shift, and the weights to learn each of them.
# </details>

# %% [markdown]
# Now look inside. Choose an image, a layer and a channel; on the left is the image with the pixels that the marked number can see, then the map, and the same channel before training.


# %%
def layer_maps(model):
    """Return a function from one image (1, H, W) to {layer: maps (channels, h, w)} of the model's convolutions and poolings."""

    def maps_of(image):
        x, found = Tensor(np.asarray(image, dtype="float32")[None]), {}
        with no_grad():
            for index, layer in enumerate(model):
                x = layer(x)
                if isinstance(layer, (Conv2d, MaxPool2d)):
                    found[f"{index}: {type(layer).__name__}"] = x.data[0]
        return found

    return maps_of


model = trained(cnn, 0.01)
manual_seed(0)
fresh = Sequential(Conv2d(1, 16, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(16, 32, 3, padding=1), ReLU())
pictures = {
    f"digit {label}": image[None]
    for image, label in zip(*(part[:10] for part in Digits(train=False).arrays()), strict=True)
}
pictures |= {"cat": grey[None, 30:190:2, 100:300:2], "shirt": fashion[labels == 6][0][None]}
viz.FeatureMaps(
    pictures,
    layer_maps(list(model)[:5]),
    untrained=layer_maps(fresh),
    kernels={"0: Conv2d": model[0].weight.data, "3: Conv2d": model[3].weight.data},
    fields={"0: Conv2d": 3, "2: MaxPool2d": 4, "3: Conv2d": 8},
)

# %% [markdown]
# **What's happening**
# 1. The first layer's channels are edges of several directions, as your hand-written kernels were; nobody told them.
# 2. Behind the pooling, maps are coarser and each number sees more of the image.
# 3. The kernels work on any image: on the cat, which the network has never seen, they find the same kinds of edges.
# 4. Untrained channels show edges, too, but many of them show the same.

# %% [markdown]
# ### Advanced (optional): batch normalisation
#
# Ioffe and Szegedy (2015): give each channel mean 0 and variance 1 over the batch, then a scale and a shift that are learned. While training, the batch's own mean and variance are used, and a running average of them is kept; in evaluation the running average is used, so that an answer doesn't depend on
# who else is in the batch. It's composed of tensor operations, so its gradient comes by itself, *through* mean and variance. Forgetting that path, or computing on `.data`, is the usual bug.


# %%
#| export
def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Normalise each channel of x (N, C) or (N, C, H, W): PyTorch's F.batch_norm. Training updates the running statistics."""
    shape, dims = (1, -1, *[1] * (x.ndim - 2)), (0, *range(2, x.ndim))
    mean, var = running_mean.reshape(*shape), running_var.reshape(*shape)
    if training:
        mean, var = x.mean(dim=dims, keepdim=True), x.var(dim=dims, correction=0, keepdim=True)
        keep_running(running_mean, running_var, mean, var, x.numel() // mean.numel(), momentum)
    out = (x - mean) / (var + eps).sqrt()
    out = out if weight is None else out * weight.reshape(*shape)
    return out if bias is None else out + bias.reshape(*shape)


def keep_running(running_mean, running_var, mean, var, count, momentum):
    """Move the running statistics towards those of a batch; the variance as an estimate for all data, count / (count - 1)."""
    if count < 2:
        raise ValueError(
            f"batch norm needs at least 2 numbers for each channel in training, got {count}: take a larger batch"
        )
    running_mean.data = (1 - momentum) * running_mean.data + momentum * mean.data.reshape(-1)
    running_var.data = (1 - momentum) * running_var.data + momentum * (count / (count - 1)) * var.data.reshape(-1)


class BatchNorm2d(Module):
    """Batch normalisation of images (N, C, H, W). The running statistics are buffers: saved with the model, not trained."""

    ndim = 4

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, dtype="float32"))
        self.bias = Parameter(np.zeros(num_features, dtype="float32"))
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, dtype="float32")))
        self.register_buffer("running_var", Tensor(np.ones(num_features, dtype="float32")))

    def forward(self, x):
        if x.ndim != self.ndim or x.shape[1] != self.num_features:
            raise ValueError(
                f"{type(self).__name__} takes {self.ndim} axes, the second of {self.num_features}, got {tuple(x.shape)}: "
                "channels come second"
            )
        return batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )

    def extra_repr(self):
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


class BatchNorm1d(BatchNorm2d):
    """Batch normalisation of rows (N, C)."""

    ndim = 2


# %% [markdown]
# ## Systems Analysis
#
# First what each layer of your CNN has, makes and does, for one image; then time; then what the tape keeps.


# %%
def table(model, shape):
    """List for each layer: weights and biases, numbers in its result, MACs, and MACs for each weight."""
    rows, x = [], Tensor(np.zeros(shape, dtype="float32"))
    for layer in model:
        macs = 0
        if isinstance(layer, Conv2d):
            macs = conv2d_macs(x.shape, layer.weight.shape, layer.stride, layer.padding)
        if isinstance(layer, Linear):
            macs = layer.weight.numel()
        x = layer(x)
        uses = macs / layer.weight.numel() if macs else 0  # a bias is added, not multiplied
        rows.append((type(layer).__name__, sum(p.numel() for p in layer.parameters()), x.numel(), macs, uses))
    return rows


counted = table(cnn(), (1, 1, 8, 8))
for name, weights, numbers, macs, _ in counted:
    print(f"{name:>10} {weights:>7,} weights and biases {numbers:>7,} numbers {macs:>9,} MACs")
convs = [row for row in counted if row[3]]
viz.bars(
    [f"{i}: {row[0]}" for i, row in enumerate(convs)],
    {"MACs for each weight": [row[4] for row in convs]},
    "How often is a weight used?",
)

# %% [markdown]
# **What's happening**
# 1. The first convolution uses each weight at 64 places, the second at 16; the linear layer once.
# 2. Most weights are in the second convolution, most activations in the first, at full size: memory for parameters and memory for the tape are in different places.
# 3. So convolution trades memory for arithmetic: few weights, used again and again. That is what a processor's caches like, and why `MACs` predict its time better than `weights`.


# %%
def seconds(channels, repeats=5):
    """Time one convolution, forwards and backwards; the best of several."""
    x = Tensor(np.ones((16, channels, 16, 16), dtype="float32"), requires_grad=True)
    layer, times = Conv2d(channels, channels, 3, padding=1), []
    for _ in range(repeats):
        start = time.perf_counter()
        layer(x).sum().backward()
        times.append(time.perf_counter() - start)
    return min(times)


widths = [4, 8, 16, 32, 64]
took = [seconds(width) for width in widths]
work = [3 * conv2d_macs((16, width, 16, 16), (width, width, 3, 3), padding=1) for width in widths]
for width, each, macs in zip(widths, took, work, strict=True):
    print(f"{width:>3} channels: {1000 * each:6.2f} ms, {macs / each / 1e9:5.2f} billion MACs a second")
model = cnn()
loss = cross_entropy(model(Tensor(np.zeros((64, 1, 8, 8), "float32"))), Tensor(np.zeros(64, "int32")))
kept = sum(t.data.nbytes for t in topological_order(loss) if t.grad_fn is not None)
held = sum(p.data.nbytes for p in model.parameters())
print(f"the tape of one batch of 64 keeps {kept / 1e6:.1f} MB: {kept / held:.0f} times the weights")
viz.lines(
    widths,
    {"measured": [1000 * each for each in took]},
    "Time of one convolution, forwards and backwards",
    xlabel="channels",
    ylabel="ms",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. Twice the channels are four times the MACs; yet with few channels the time only about doubles. There it's moving the pixels that takes the time (twice as many), not multiplying them.
# 2. With more channels each number that was moved is used more often, and MACs a second rise: the matrix products come closer to what the processor can do.
# 3. The tape keeps every map of every image of the batch; it's many times the weights (the ratio is printed above). Training a CNN runs out of memory by its *activations*.

# %% [markdown]
# > 💡 **Production Reality**: PyTorch lays everything that the nine cells meet side by side (`unfold`, "im2col") and computes one large product; for 3 x 3 kernels libraries also have Winograd's form, with less than half the multiplications. Which one is taken depends on the shape, and is tried out at run time (`torch.backends.cudnn.benchmark`).
# > The formula is the same in all of them.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# A shift moves the map; gradients pass through everything; a network of your layers learns.

# %%
rng = np.random.default_rng(3)
x, w = rng.normal(size=(2, 3, 9, 9)), rng.normal(size=(4, 3, 3, 3))
with no_grad():
    here, there = conv2d(Tensor(x), Tensor(w)), conv2d(Tensor(np.roll(x, 1, axis=3)), Tensor(w))
close(there.data[..., 1:], here.data[..., :-1])
manual_seed(1)
model = Sequential(Conv2d(1, 4, 3, padding=1), BatchNorm2d(4), ReLU(), MaxPool2d(2), Conv2d(4, 8, 3, stride=2, padding=1), AdaptiveAvgPool2d(1), Flatten(), Linear(8, 10))  # fmt: skip
sample, answers = (part[:64] for part in Digits(train=True).arrays())
optimizer, losses = Adam(model.parameters(), lr=0.02), []
for _ in range(30):
    optimizer.zero_grad()
    loss = cross_entropy(model(Tensor(sample[:, None])), Tensor(answers))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
true(losses[-1] < losses[0] / 2, "thirty steps halve the loss")
same([p.grad is not None for p in model.parameters()], [True] * 8)
close(avg_pool2d(Tensor(x), 3).data, x.reshape(2, 3, 3, 3, 3, 3).mean(axis=(3, 5)))
raises(ValueError, lambda: Conv2d(3, 4, 3)(Tensor(x[:, :2])), says="channels come second")
raises(ValueError, lambda: MaxPool2d(3, stride=2)(Tensor(x)), says="stride = kernel_size")
raises(ValueError, lambda: BatchNorm2d(2)(Tensor(x)), says="channels come second")
print(f"the loss fell from {losses[0]:.2f} to {losses[-1]:.2f}; a shift of the image is a shift of the map")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: few weights, much work
#
# Cite from your tables the weights and MACs of the second convolution and of the linear layer, and your two accuracies for digits shifted by two pixels. Why does the convolution have so many more MACs per weight? What does the same fact have to do with the shifted digits?
#
# Rubric (5 points): 0, no measured numbers; half, the numbers, and that a kernel's weights are used at every place; full, also that therefore an edge is found wherever it lies, so that a shift of the image only shifts the map, while the MLP has other weights for each pixel.

# %% [markdown] nbgrader={"grade_id": "checkpoint_sharing", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# The second convolution has 4,640 weights and 73,728 MACs, the linear layer 330 weights and 320 MACs. A kernel's weights are used at each of the 16 places, those of the linear layer once. The CNN read about 53 % of the digits shifted by two pixels, the MLP 13 %: since the same
# kernel looks everywhere, a shifted stroke gives the same answer at a shifted place, and pooling forgets part of the place. In the MLP a shifted pixel meets other weights, which have never seen such a digit.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# Which of your functions is this? What is the shape of `columns`, and what do your two loops do in place of `unfold`? Which of the two needs more memory, and by how much for a 3 x 3 kernel?
#
# ```python
# def mystery(x, weight, stride, padding):
#     out, _, rows, cols = weight.shape
#     columns = F.unfold(x, (rows, cols), stride=stride, padding=padding)
#     result = weight.reshape(out, -1) @ columns
#     height = (x.shape[2] + 2 * padding - rows) // stride + 1
#     return result.reshape(len(x), out, height, -1)
# ```
#
# Rubric (5 points): 0, not recognised; half, `conv2d`, with the shape (N, in · rows · cols, places); full, also that `unfold` lays what all cells meet side by side for one product, where the loops add one product for each cell, and that it therefore needs about nine times the memory of the image.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It is conv2d. columns has the shape (N, in * rows * cols, places): unfold copies what each cell of the kernel meets (our met_by) into one matrix, and one product sums over cells and channels at once. Our loops take one cell after the other and add up. For a 3 x 3 kernel with stride 1 unfold's matrix is
# about nine times as large as the images; our loop holds one shifted copy at a time.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A kernel slides over the image; there are size + 2 padding - kernel pixels to move over, in steps of the stride.
# - A convolution is a sum over the kernel's cells: each one's weights, times a shifted copy of the image. Its gradient goes over the same two loops.
# - Pooling keeps the strongest answer and forgets where in the window it was.
# - Weights are shared over places: few of them, much work, and a shift of the image is a shift of the map.
# - Parameters and activations of a CNN are in different layers; training memory is mostly activations.
#
# **Next**: the milestone of 1998 (`tito milestone run cnn`). Then from pixels to text: module 10 turns it into numbers.
