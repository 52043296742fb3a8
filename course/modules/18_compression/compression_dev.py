# %% [markdown]
# # Compression
#
# {{module}}
#
# Your digit reader has 9,610 numbers, 38 kB. The chip of an Arduino Uno has 32 kB of memory for program and numbers together. In this module you make it nine times smaller, and it reads as well as before. There are three ways to leave something out: single weights, whole units, and directions that a layer hardly uses. Then a small model learns from the
# large one what it has never been shown. Each time there is a rival to beat: a small net, trained from scratch.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | layers, losses, optimizers, training | pruning masks, smaller layers, low rank, distillation | the milestone of 2018, and the olympics (module 20) |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | a removed weight is a 0 in the array, and is set to 0 again after each training step | `torch.nn.utils.prune` keeps array and mask, and multiplies them before each call | you see every step; the result is the same |
# | the smallest weights go | the same in `prune.L1Unstructured`; others look at gradients, too | the simplest rule, and hard to beat |
# | a removed unit is gone: the arrays are smaller | `prune.ln_structured` sets it to 0 and removes nothing | only a smaller array is faster |
# | linear layers with a bias | any layer | you'll see filters of convolutions on the way |
# | float32 | int8 on top (module 17) | the two multiply: fewer numbers, and fewer bits in each |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.compression
#| export
from typing import NamedTuple

import numpy as np

from tinytorch.core.layers import Linear
from tinytorch.core.losses import cross_entropy, log_softmax

# %%
import copy
import functools
import zlib

from tinytorch import manual_seed, viz
from tinytorch.core.activations import relu
from tinytorch.core.dataloader import DataLoader, TensorDataset
from tinytorch.core.layers import Module, ReLU, Sequential, linear  # noqa: F401 - for a layer of your own
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import evaluate, train_step
from tinytorch.datasets import Digits
from tinytorch.profiling import best_of
from tinytorch.testing import check_gradient, close, raises, remote, same, shares_memory, true, unchanged, unit_test

# %% [markdown]
# The data are the 8 x 8 digits of module 08, and so is the model: 64 pixels in, 128 hidden units, ten scores out. It's trained here once, for six epochs; all of this module works on copies of it.

# %%
digits, unseen = Digits(train=True), Digits(train=False)
train_set = TensorDataset(digits.arrays()[0].reshape(-1, 64), digits.arrays()[1])
test_loader = DataLoader(TensorDataset(unseen.arrays()[0].reshape(-1, 64), unseen.arrays()[1]), batch_size=600)


def make_model(hidden=128, seed=0):
    """Build a digit reader with weights that depend on the seed alone."""
    manual_seed(seed)
    return Sequential(Linear(64, hidden), ReLU(), Linear(hidden, 10))


def train(model, epochs, after_step=None, loss_fn=cross_entropy, data=train_set):
    """Train with Adam; call `after_step()`, if there is one, after each step. Return the model."""
    optimizer = Adam(model.parameters(), lr=0.002)
    for _ in range(epochs):
        for inputs, targets in DataLoader(data, batch_size=64, shuffle=True):
            train_step(model, loss_fn, optimizer, inputs, targets)
            if after_step is not None:
                after_step()
    return model


def right(model):
    """Return the share of unseen digits that the model reads right."""
    return evaluate(model, cross_entropy, test_loader)[1]


def count(model):
    """Count the numbers of a model, biases included."""
    return sum(p.numel() for p in model.parameters())


EPOCHS, TUNING = 6, 3  # of training, and of fine-tuning after each way of making it smaller
large = train(make_model(), EPOCHS)
print(f"{count(large):,} numbers, {4 * count(large):,} bytes, {right(large):.1%} of the unseen digits are right")

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.compression`. PyTorch has no loss for distillation and no layers that shrink, so there are no other names for them: users write
#
# ```python
# from tinytorch.core.compression import Pruner, drop_units, low_rank_factors, distillation_loss
# ```

# %% [markdown]
# ## Part 1: Redundancy
#
# How many of the 9,610 numbers does the model need? Look at the corner of an image: hardly any digit has ink there. A weight that is multiplied by 0 each time can be anything; one that is close to 0 itself changes its sum by next to nothing. So first of all: how large are the weights?
#
# "Close to zero" needs a measure. A fixed number such as 0.001 would mean something different in each layer, since a layer with more inputs has smaller weights. So it's measured in the layer's own size: the mean of the magnitudes.


# %%
#| export
NEAR_ZERO_THRESHOLD_FACTOR = 0.1  # of the mean magnitude: ten such weights together weigh less than one average weight
LARGEST_SHARE = 0.1  # the "top tenth", for which we report how much of the layer's sum of squares it has


class Redundancy(NamedTuple):
    """How unevenly the weights of one array are spread.

    Attributes:
        mean_magnitude: the mean of the magnitudes, the layer's own measure.
        near_zero: the share of weights that are smaller than NEAR_ZERO_THRESHOLD_FACTOR times that, from 0 to 1.
        top_tenth: the share of the sum of squares that the largest tenth of the weights has, from 0 to 1.
    """

    mean_magnitude: float
    near_zero: float
    top_tenth: float


def analyze_weight_redundancy(weight):
    """Measure an array of weights; see Redundancy."""
    magnitudes = np.sort(np.abs(weight).ravel())
    mean = float(magnitudes.mean())
    top = magnitudes[-max(1, round(LARGEST_SHARE * magnitudes.size)) :]
    squares = float((magnitudes**2).sum()) or 1.0
    near_zero = float(np.mean(magnitudes < NEAR_ZERO_THRESHOLD_FACTOR * mean))
    return Redundancy(mean, near_zero, float((top**2).sum()) / squares)


# %% [markdown]
# By hand, on nine weights first. They stay with us through Part 2:
#
# $$W = \begin{pmatrix} 0.5 & 0.1 & 0.8 \\ 0.05 & 0.9 & 0.2 \\ 0.3 & 0.02 & 0.7 \end{pmatrix}$$
#
# Their mean magnitude is 3.57 / 9 = 0.397, so "near zero" is below 0.0397: only 0.02 is. The largest tenth of nine is one weight, 0.9, and $0.9^2 = 0.81$ of a sum of squares of 2.33: 35 %.

# %%
NINE = np.array([[0.5, 0.1, 0.8], [0.05, 0.9, 0.2], [0.3, 0.02, 0.7]], dtype="float32")
print("nine weights:  ", analyze_weight_redundancy(NINE))
print("hidden layer:  ", analyze_weight_redundancy(large[0].weight.data))
print("scores:        ", analyze_weight_redundancy(large[2].weight.data))
print("untrained:     ", analyze_weight_redundancy(make_model()[0].weight.data))
viz.WeightHistogram({"hidden layer": large[0].weight.data}, threshold=0.05, title="Weights of the hidden layer")

# %% [markdown]
# **What's happening**
# 1. Before training all magnitudes up to 0.125 were equally frequent; training has made a bell with long arms out of them. Few weights do most of the work: compare the share of the top tenth with the untrained layer's.
# 2. The slider (the arrow keys move it, too) is a threshold on both sides of zero, and the line says how many weights lie within it. Find the threshold that has half of them, and the one that has 70 %: in Part 2 you'll write the function that finds it.
# 3. No weight is exactly zero yet. Many are small.

# %% [markdown]
# Are small weights really of no use? Set those below a threshold to 0; and for comparison, as many others, drawn at random.


# %%
def with_zeros(chosen):
    """Return a copy of the model in which the chosen weights of the hidden layer (a bool array) are 0."""
    model = copy.deepcopy(large)
    model[0].weight.data = np.where(chosen, 0, model[0].weight.data)
    return model


small = np.abs(large[0].weight.data) < 0.1
drawn = np.random.default_rng(0).permutation(small.ravel()).reshape(small.shape)
print(f"all weights:                        {right(large):.1%} right")
print(f"without the {small.mean():.0%} that are smallest:   {right(with_zeros(small)):.1%}")
print(f"without as many, drawn at random:   {right(with_zeros(drawn)):.1%}")

# %% [markdown]
# Half the layer can go, if it's the right half. (That much of a net can go is an old finding: "Optimal Brain Damage" by LeCun, Denker and Solla is from 1989.)
#
# **Checkpoint**: a layer's weights are all multiplied by 100. What happens to its three numbers of redundancy?
#
# <details><summary>Answer</summary>
#
# The mean magnitude is 100 times larger; the two shares stay as they are. That's why the threshold is a factor of the mean, and not a number.
# </details>

# %% [markdown]
# ## Part 2: Magnitude pruning
#
# **Pruning** removes weights for good. How many is given by the **sparsity**, the share of zeros: 0.7 means that 70 % go and 30 % stay. Sparsity is the share that goes, not the share that stays. The rule for *which* is the simplest there is: the smallest magnitudes. A weight of -0.9 is not small.
#
# The nine weights, sorted by magnitude:
#
# | place | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
# | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
# | magnitude | 0.02 | 0.05 | 0.1 | 0.2 | 0.3 | 0.5 | 0.7 | 0.8 | 0.9 |
#
# With a sparsity of 0.7 you go 70 % of the way from the first place to the last: 0.7 times 8 is the place 5.6, a little more than half-way from 0.5 to 0.7. So the threshold is $0.5 + 0.6 \cdot (0.7 - 0.5) = 0.62$. That is called the 70th **percentile**, and numpy has a function for it. (`np.percentile` counts up to 100; percentile 0.7 would be nearly the smallest number.)
#
# A model has several layers. Should each lose 70 %, or all of them together? Together is better: a layer that can't spare anything keeps more, another one loses more. So there's *one* threshold for the numbers of all arrays, taken together. (The mean of the layers' own thresholds is another number: it gives a small layer as much say as a large one.)


# %% nbgrader={"grade_id": "calculate_threshold", "solution": true}
#| export
def calculate_threshold(weights, sparsity):
    """Return the magnitude below which the wanted share of all weights lies.

    Args:
        weights: a list of arrays of any shapes.
        sparsity: the share of weights to remove, 0 <= sparsity < 1.
            0.7 sparsity = 70th percentile: keep the top 30 %.

    Returns:
        One float for all arrays together: the percentile of their magnitudes, interpolated as np.percentile does.

    TODO: one long array of all magnitudes, and its percentile.

    APPROACH:
    1. Raise a ValueError that shows the sparsity if it doesn't lie in 0 <= sparsity < 1: with 1 nothing would be left.
    2. Join the magnitudes of all arrays into one long array.
    3. Find its percentile, and return it as a Python float.

    EXAMPLE:
    >>> calculate_threshold([np.array([1.0, -5.0]), np.array([[2.0], [3.0], [4.0]])], sparsity=0.5)
    3.0

    HINT: `np.concatenate` joins a list of arrays with one axis; `ravel()` gives such an array.
    """
    ### BEGIN SOLUTION
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is the share of weights to remove, 0 <= sparsity < 1, got {sparsity}")
    magnitudes = np.concatenate([np.abs(w).ravel() for w in weights])
    return float(np.percentile(magnitudes, 100 * sparsity))  # 0.7 sparsity = 70th percentile: keep the top 30 %
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: calculate_threshold

# %% nbgrader={"grade_id": "test_calculate_threshold", "grade": true}
test = unit_test("calculate_threshold")
nine = np.array([[0.5, 0.1, 0.8], [0.05, -0.9, 0.2], [0.3, 0.02, 0.7]], dtype="float32")


def by_sorting(arrays, sparsity):
    magnitudes = np.sort(np.abs(np.concatenate([array.reshape(-1) for array in arrays])).astype("float64"))
    place = sparsity * (len(magnitudes) - 1)
    low = int(np.floor(place))
    high = min(low + 1, len(magnitudes) - 1)
    return float(magnitudes[low] + (place - low) * (magnitudes[high] - magnitudes[low]))


@test.check("nine weights by hand, one of them -0.9: 70 % lie below 0.62", points=3)
def _():
    close(calculate_threshold([nine], 0.7), 0.62, atol=1e-5)


@test.check("a small and a large array are one crowd", points=3)
def _():
    close(calculate_threshold([np.array([10.0, 20.0]), np.arange(9.0).reshape(3, 3)], 0.5), 5.0)


### BEGIN HIDDEN TESTS
@test.check("random arrays of several shapes, positive and negative", points=5, hidden=True)
def _():
    arrays = [test.rng.normal(size=shape) for shape in [(7,), (4, 3), (2, 3, 3, 3)]]
    given = [remote(array) for array in arrays]
    for sparsity in (0.1, 0.5, float(test.rng.uniform(0.6, 0.9))):
        with unchanged(given[0]), unchanged(given[1]), unchanged(given[2]):
            close(calculate_threshold(given, sparsity), by_sorting(arrays, sparsity))


@test.check(
    "0 gives the smallest magnitude; what is out of range is refused, and the message shows it", points=3, hidden=True
)
def _():
    close(calculate_threshold([np.array([3.0, -2.0, 5.0])], 0), 2.0)
    for sparsity in (1, 1.5, -0.1):
        raises(ValueError, calculate_threshold, [np.array([1.0, 2.0])], sparsity, says=str(sparsity))


@test.check("a plain number", points=1, hidden=True)
def _():
    threshold = calculate_threshold([test.rng.normal(size=5).astype("float32")], 0.5)
    true(isinstance(threshold, float), "calculate_threshold returns a Python float")


### END HIDDEN TESTS
test.report()

# %%
filters = np.random.default_rng(0).normal(size=(64, 32, 3, 3)).astype("float32")
hidden, scores = large[0].weight.data, large[2].weight.data
print(f"threshold for 70 %: all {calculate_threshold([hidden, scores], 0.7):.3f}")
print(f"each by itself: {calculate_threshold([hidden], 0.7):.3f} and {calculate_threshold([scores], 0.7):.3f}")
print(f"64 filters of 32 x 3 x 3, drawn: {calculate_threshold([filters], 0.7):.3f}")

# %% [markdown]
# **Checkpoint**: weights are drawn from a normal distribution with the spread 1. Which threshold removes 68 % of them?
#
# <details><summary>Answer</summary>
#
# About 1: 68 % lie within one spread of the mean. For 70 % it's the 1.04 that you see for the drawn filters.
# </details>

# %% [markdown]
# ### The mask
#
# A threshold is easy to draw and to explain, and it has a flaw: where many weights are equal, a threshold keeps all of them or none. That isn't rare: after quantisation (module 17) there are only 255 values, and after a first pruning most weights are equal to 0. So masks are made by *counting*. Sort, and drop as many as should go, from the front.
#
# A **mask** is an array of the weight's shape that says for each weight whether it stays. True means that the weight stays, so that `weight * mask` is the pruned weight. How many go: the sparsity times the number of weights, rounded to the nearest integer. For nine weights and 0.7 that is 6.3, so 6:
#
# $$\begin{pmatrix} 0.5 & 0.1 & 0.8 \\ 0.05 & 0.9 & 0.2 \\ 0.3 & 0.02 & 0.7 \end{pmatrix} \;\to\; \begin{pmatrix} \cdot & \cdot & 1 \\ \cdot & 1 & \cdot \\ \cdot & \cdot & 1 \end{pmatrix}$$
#
# Which of several equal ones go doesn't matter, only how many. Round, don't cut: `int` cuts off, and 0.29 * 100 is 28.999999999999996 for a computer.


# %% nbgrader={"grade_id": "pruning_mask", "solution": true}
#| export
def pruning_mask(weight, sparsity):
    """Say which weights stay when a share of them, the smallest magnitudes, is removed.

    Args:
        weight: an array of any shape.
        sparsity: the share of weights to remove, 0 <= sparsity <= 1.

    Returns:
        A bool array of the same shape, True where a weight stays. Exactly round(sparsity * size) are False; of equal
        magnitudes any may go.

    TODO: sort by magnitude; the first so many go.

    APPROACH:
    1. Find the order of the magnitudes, as one long row: where is the smallest, the second smallest, ...
    2. Begin with a long row of True.
    3. Set the first round(sparsity * size) places of that order to False.
    4. Give it the weight's shape.

    EXAMPLE:
    >>> pruning_mask(np.array([[0.5, -0.1], [-0.9, 0.2]]), sparsity=0.5)
    array([[ True, False],
           [ True, False]])

    HINT: `np.argsort` gives the places in the order of their values; an array can be indexed with an array of places.
    """
    ### BEGIN SOLUTION
    order = np.argsort(np.abs(weight).ravel())
    mask = np.ones(weight.size, dtype=bool)
    mask[order[: round(sparsity * weight.size)]] = False
    return mask.reshape(weight.shape)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: pruning_mask

# %% nbgrader={"grade_id": "test_pruning_mask", "grade": true}
test = unit_test("pruning_mask")
nine = np.array([[0.5, 0.1, 0.8], [0.05, -0.9, 0.2], [0.3, 0.02, 0.7]], dtype="float32")


@test.check("nine weights by hand: three stay", points=3)
def _():
    same(pruning_mask(nine, 0.7), [[False, False, True], [False, True, False], [False, False, True]])


@test.check("a hundred equal weights: exactly 29 go", points=3)
def _():
    same(int(pruning_mask(np.full((10, 10), 0.5), 0.29).sum()), 71)


### BEGIN HIDDEN TESTS
@test.check(
    "64 filters of 32 x 3 x 3: the number, and nobody who stays is smaller than one who goes", points=4, hidden=True
)
def _():
    filters = test.rng.normal(size=(64, 32, 3, 3)).astype("float32")
    sparsity, given = float(test.rng.uniform(0.3, 0.95)), remote(filters)
    with unchanged(given):
        mask = np.asarray(pruning_mask(given, sparsity))
    same(mask.shape, (64, 32, 3, 3))
    same(int(mask.size - mask.sum()), round(sparsity * filters.size))
    true(float(np.abs(filters[mask]).min()) >= float(np.abs(filters[~mask]).max()), "the smallest magnitudes go")


@test.check("few different values, many of each", points=3, hidden=True)
def _():
    for sparsity in (0.25, 0.5, 0.9):
        weight = test.rng.integers(-2, 3, size=(20, 10)).astype("float32")
        mask = np.asarray(pruning_mask(weight, sparsity))
        same(int(mask.sum()), 200 - round(200 * sparsity))
        true(float(np.abs(weight[mask]).min()) >= float(np.abs(weight[~mask]).max()), "the smallest magnitudes go")


@test.check("bools of any shape; nothing goes, or everything", points=2, hidden=True)
def _():
    for shape in [(6,), (1, 1), (2, 3, 4)]:
        weight = test.rng.normal(size=shape)
        same(str(pruning_mask(weight, 0.5).dtype), "bool")
        same(pruning_mask(weight, 0.0), np.ones(shape, dtype=bool))
        same(pruning_mask(weight, 1.0), np.zeros(shape, dtype=bool))


### END HIDDEN TESTS
test.report()

# %%
viz.matrix(NINE * pruning_mask(NINE, 0.7), "Nine weights, a sparsity of 0.7")

# %% [markdown]
# **What's happening**
# 1. The white cells are the six that were removed: they have the value 0.
# 2. The three largest are what they were: pruning doesn't change what stays.
# 3. Each has a row to itself, but they share only two columns: nothing asks for a pattern. In Part 3 something will.

# %% [markdown]
# ### A class that remembers
#
# For a whole model somebody must keep the masks. This class is given; its methods are a few lines that call your functions. Four helpers come before it: which arrays are pruned, how much of each (that's where your threshold comes in), the statistics, and a check that *says* what must be true of masks.


# %%
#| export
def prunable_weights(model):
    """Find what is worth pruning: {name: parameter} with two or more dimensions. Biases are few, and stay."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.data.ndim >= 2}


def layer_targets(weights, sparsity):
    """Say how sparse each of the arrays {name: array} gets if all of them have one threshold: {name: share}."""
    threshold = calculate_threshold(list(weights.values()), sparsity)
    return {name: float(np.mean(np.abs(weight) < threshold)) for name, weight in weights.items()}


def sparsity_report(masks):
    """Count for each of the masks {name: mask}: {name: {"weights": all, "kept": those that stay, "sparsity": share}}."""
    return {
        name: {"weights": mask.size, "kept": int(mask.sum()), "sparsity": 1 - float(mask.mean())}
        for name, mask in masks.items()
    }


def check_masks(masks, weights):
    """Assert what must be true of masks: one for each array, of its shape, and of two values only."""
    assert masks.keys() == weights.keys(), f"one mask for each of {list(weights)}, got {list(masks)}"
    for name, mask in masks.items():
        assert mask.shape == weights[name].shape, f"{name}: a mask of {mask.shape} for weights of {weights[name].shape}"
        assert mask.dtype == bool, f"{name}: a mask holds True and False, got {mask.dtype}: half a weight can't stay"


class Pruner:
    """Removes the smallest weights of a model, and keeps them removed while the model is trained on.

    Attributes:
        weights: {name: Parameter}, what is pruned: the model's own parameters with two or more dimensions.
        originals: {name: array}, copies of these weights as they were when the Pruner was made.
        masks: {name: bool array of the weight's shape}, True where a weight stays. Before the first `prune` what is
            not 0: a Pruner that is made for a pruned model keeps its zeros.
        statistics: {name: {"weights": how many, "kept": how many stay, "sparsity": share that is removed}}, as of the
            last `prune`.
    """

    def __init__(self, model):
        self.weights = prunable_weights(model)
        self.originals = {name: p.data.copy() for name, p in self.weights.items()}
        self.masks = {name: array != 0 for name, array in self.originals.items()}
        self.statistics = sparsity_report(self.masks)

    def prune(self, sparsity):
        """Remove the smallest of the present weights, this share of all; return the Pruner."""
        targets = layer_targets({name: p.data for name, p in self.weights.items()}, sparsity)
        self.masks = {name: pruning_mask(p.data, targets[name]) for name, p in self.weights.items()}
        check_masks(self.masks, self.originals)
        self.statistics = sparsity_report(self.masks)
        self.apply()
        return self

    def apply(self):
        """Set what the masks remove to 0 (again): call it after every step of an optimizer."""
        for name, p in self.weights.items():
            p.data = p.data * self.masks[name]

    def restore(self):
        """Bring the original weights back."""
        for name, p in self.weights.items():
            p.data = self.originals[name].copy()


# %% [markdown]
# The threshold is common, so the shares of the layers differ. And what pruning does to the histogram:


# %%
def plot_weight_distribution(original, pruned):
    """Draw the weights before and after on top of each other; the threshold is the smallest magnitude that was kept."""
    kept = np.abs(pruned[pruned != 0])
    arrays = {"original": original, "pruned": pruned}
    return viz.WeightHistogram(arrays, threshold=kept.min() if kept.size else 0, title="Before and after")


pruner = Pruner(copy.deepcopy(large)).prune(0.7)
for name, numbers in pruner.statistics.items():
    print(f"{name}: {numbers['kept']:,} of {numbers['weights']:,} stay, sparsity {numbers['sparsity']:.2f}")
plot_weight_distribution(pruner.originals["0.weight"], pruner.weights["0.weight"].data)

# %% [markdown]
# **What's happening**
# 1. The dashed line is what is left. Within the threshold there is nothing; outside, the two lines coincide.
# 2. The removed weights are all at 0 exactly; they'd make one bar higher than the picture, so they are only counted.
# 3. One threshold for both layers removes more of the hidden layer than of the scores, whose weights are larger: nobody had to say so.

# %% [markdown]
# And now the model. It's pruned to several sparsities and measured; then the weights that stayed are trained for three more epochs, and it's measured again. That is called **fine-tuning**: the others learn to do the work of those that went.


# %%
LEVELS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)


@functools.cache
def pruned(sparsity, epochs):
    """Prune a copy of the model, tune it for some epochs; return it."""
    model = copy.deepcopy(large)
    pruner = Pruner(model).prune(sparsity)
    manual_seed(1)
    return train(model, epochs, after_step=pruner.apply)


def masks_for(sparsity):
    """Return the masks of one sparsity: {name: bool array}."""
    return Pruner(copy.deepcopy(large)).prune(sparsity).masks


def bytes_in_a_file(masks):
    """Count what the masked layers take: all numbers; a bit each and the numbers that stay; these with their places."""
    size, kept = sum(mask.size for mask in masks.values()), sum(int(mask.sum()) for mask in masks.values())
    return {"dense": 4 * size, "bitmask": size // 8 + 4 * kept, "indices": (4 + 4) * kept}


shares = {
    name: [right(pruned(level, epochs)) for level in LEVELS] for name, epochs in (("pruned", 0), ("fine-tuned", TUNING))
}
images, labels = digits.arrays()
templates = [images[labels == digit].mean(axis=0) for digit in range(10)]
viz.PruningMask(
    {name: p.data for name, p in prunable_weights(large).items()},
    masks_for,
    LEVELS,
    right=shares,
    stored=bytes_in_a_file,
    templates=templates,
)

# %% [markdown]
# **What's happening**
# 1. Each row of the mask is a hidden unit, each column a pixel; red weights are positive, blue ones negative, grey ones gone. Move the slider and watch whole columns turn grey.
# 2. These columns are pixels. Beside the mask they are laid out like the image, with the number of weights left at each. At 90 %, nobody looks at some of the pixels. They are at the left and right edges, where the ten mean digits are black (x): the model has found out that there's nothing to see.
# 3. Pruning alone costs little up to 70 %, then the line falls off a cliff. Three epochs of tuning bring nearly everything back up to 90 %: the weights weren't needed, but the others must get used to it.
# 4. The bytes are those of a file. Choose the sparsity 0 or 50 %: places cost as much as the weights they belong to. More about that in Part 6.

# %% [markdown]
# **Predict, then run**: somebody prunes to 90 % and trains on, without calling `apply()` after each step. How sparse is the model afterwards?


# %%
def pruned_once(sparsity):
    """Prune, and tune without keeping the zeros; return the share of zeros afterwards."""
    model = copy.deepcopy(large)
    Pruner(model).prune(sparsity)
    train(model, epochs=1)
    zeros = [np.mean(p.data == 0) for p in prunable_weights(model).values()]
    return zeros, right(model)


zeros, share = pruned_once(0.9)
print(f"zeros in the two layers after one epoch: {zeros[0]:.1%} and {zeros[1]:.1%}; {share:.1%} right")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Most of the zeros are gone. A weight that is 0 has a gradient like any other, and the first step moves it. The accuracy looks splendid, since the model isn't pruned any more. What is still 0 had the gradient 0 in every step: weights at pixels that are 0 in each image, and weights of units that no image wakes.
# </details>

# %% [markdown]
# ## Part 3: Structured against unstructured
#
# The pruned array has as many cells as before. A matrix product multiplies by the zeros as it does by all other numbers: neither memory nor time has changed (you'll measure it in Part 6). Zeros scattered anywhere are called **unstructured**.
#
# **Structured** pruning removes whole units: the array gets *smaller*. A unit of the hidden layer has three parts:
#
# | where | what | why |
# | --- | --- | --- |
# | `first.weight` | its row | what it looks at |
# | `first.bias` | one number | A unit takes its bias along |
# | `second.weight` | its column | The next layer has one column for each unit: the same ones must stay |
#
# Which units go? Those whose rows are short: the norm of a row says how strongly a unit answers. This is given, and works for filters of a convolution just the same: each is a row of the first axis.


# %%
#| export
def row_importance(weight):
    """Return the norm of each row of an array (out, ...): how strongly a unit, or a filter, answers."""
    return np.sqrt((weight**2).reshape(len(weight), -1).sum(axis=1))


# %%
print("rows of the nine weights:", row_importance(NINE))
print("64 filters of 32 x 3 x 3:", row_importance(filters).shape)

# %% [markdown]
# By hand, three units. The rows are $(3, 4)$, $(0, 1)$ and $(5, 12)$, their norms 5, 1 and 13. To keep two of them, take the rows 0 and 2 of the first layer, the biases 0 and 2, and the *columns* 0 and 2 of the second layer.
#
# Two traps. `argsort` begins with the smallest, so the units to keep are at its end, `order[-keep:]`. And `order[-0:]` is all of it: keeping no unit would choose all of them, and fail somewhere else with a message about something else. So that number must be refused.


# %% nbgrader={"grade_id": "drop_units", "solution": true}
#| export
def drop_units(first, second, keep):
    """Make two linear layers smaller: of the units between them only the most important ones stay.

    Args:
        first: a Linear (in, units); its rows are the units.
        second: the Linear (units, out) behind it; its columns are the units. What lies between works on each unit alone.
        keep: how many units stay, 1 <= keep <= units.

    Returns:
        Two new Linear layers, (in, keep) and (keep, out). The units may stand in any order, the same in both. The layers
        given stay as they are and share no memory with the new ones.

    TODO: choose the units; build two layers; hand over rows, biases and columns.

    APPROACH:
    1. Raise a ValueError that shows both numbers if keep isn't in 1 <= keep <= first.out_features.
    2. Find the places of the `keep` units with the largest row_importance.
    3. Build the two layers.
    4. Set weight.data and bias.data of both.

    EXAMPLE:
    >>> smaller, behind = drop_units(Linear(64, 128), Linear(128, 10), keep=32)
    >>> smaller, behind
    (Linear(in_features=64, out_features=32, bias=True), Linear(in_features=32, out_features=10, bias=True))

    HINT: `a[places]` are rows, `a[:, places]` columns, and both are copies. The last bias must be copied, too.
    """
    ### BEGIN SOLUTION
    if not 1 <= keep <= first.out_features:
        raise ValueError(f"of {first.out_features} units 1 to {first.out_features} can stay, got keep={keep}")
    chosen = np.argsort(row_importance(first.weight.data))[-keep:]
    smaller, behind = Linear(first.in_features, keep), Linear(keep, second.out_features)
    smaller.weight.data = first.weight.data[chosen]
    smaller.bias.data = first.bias.data[chosen]
    behind.weight.data = second.weight.data[:, chosen]
    behind.bias.data = second.bias.data.copy()
    return smaller, behind
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: drop_units

# %% nbgrader={"grade_id": "test_drop_units", "grade": true}
test = unit_test("drop_units")


def two_layers(sizes):
    """Two layers with drawn numbers, and these numbers."""
    layers = Linear(sizes[0], sizes[1]), Linear(sizes[1], sizes[2])
    numbers = [(test.rng.normal(size=(sizes[i + 1], sizes[i])), test.rng.normal(size=sizes[i + 1])) for i in range(2)]
    for layer, (weight, bias) in zip(layers, numbers, strict=True):
        layer.weight.data, layer.bias.data = weight, bias
    return layers, numbers


def without_the_weakest(x, numbers, keep):
    """What the two layers give if all other units are silent."""
    (w1, b1), (w2, b2) = numbers
    norms = np.sqrt((w1**2).sum(axis=1))
    heard = norms >= np.sort(norms)[-keep]
    return np.maximum(x @ w1.T + b1, 0) * heard @ w2.T + b2


@test.check("three units by hand: the one in the middle goes, with its bias and its column", points=5)
def _():
    first, second = Linear(2, 3), Linear(3, 1)
    first.weight.data, first.bias.data = np.array([[3.0, 4.0], [0.0, 1.0], [5.0, 12.0]]), np.array([10.0, 20.0, 30.0])
    second.weight.data, second.bias.data = np.array([[1.0, 100.0, 2.0]]), np.array([0.5])
    smaller, behind = drop_units(first, second, 2)
    close(behind(smaller(Tensor([[1.0, 1.0]]))).data, [[1 * 17 + 2 * 47 + 0.5]])


@test.check("no unit at all is refused, and so are more than there are", points=3)
def _():
    (first, second), _ = two_layers((2, 3, 2))
    raises(ValueError, drop_units, first, second, 0, says="0")
    raises(ValueError, drop_units, first, second, 4, says="3")
    same(drop_units(first, second, 3)[0].weight.shape, (3, 2))


### BEGIN HIDDEN TESTS
@test.check("any sizes: the same as with the weakest units silent", points=7, hidden=True)
def _():
    for sizes, keep in (((4, 7, 3), 3), ((5, 6, 1), 1), ((3, 4, 2), 4)):
        (first, second), numbers = two_layers(sizes)
        x = test.rng.normal(size=(8, sizes[0]))
        smaller, behind = drop_units(first, second, keep)
        close(behind(relu(smaller(Tensor(x)))).data, without_the_weakest(x, numbers, keep))


@test.check("the arrays are really smaller", points=4, hidden=True)
def _():
    (first, second), _ = two_layers((6, 9, 4))
    smaller, behind = drop_units(first, second, 5)
    same([smaller.weight.shape, smaller.bias.shape], [(5, 6), (5,)])
    same([behind.weight.shape, behind.bias.shape], [(4, 5), (4,)])
    same([smaller.out_features, behind.in_features], [5, 5])


@test.check("the layers given stay as they are, and share no memory with the new ones", points=4, hidden=True)
def _():
    (first, second), numbers = two_layers((3, 4, 2))
    smaller, behind = drop_units(first, second, 4)
    same([first.weight.data, first.bias.data], [numbers[0][0], numbers[0][1]])
    same([second.weight.data, second.bias.data], [numbers[1][0], numbers[1][1]])
    for new, old in ((smaller, first), (behind, second)):
        true(not shares_memory(new.weight, old.weight), "the new weight is a copy")
        true(not shares_memory(new.bias, old.bias), "the new bias is a copy")


@test.check("the most important of many units stay", points=2, hidden=True)
def _():
    (first, second), numbers = two_layers((10, 50, 3))
    smaller, _ = drop_units(first, second, 7)
    norms = np.sqrt((numbers[0][0] ** 2).sum(axis=1))
    kept = np.sqrt((np.asarray(smaller.weight.data) ** 2).sum(axis=1))
    close(np.sort(kept), np.sort(norms)[-7:])


### END HIDDEN TESTS
test.report()


# %% [markdown]
# Now the rival enters. If you have made a model of 32 units from one of 128, you should ask: what if I had trained a model of 32 units right away, for as many epochs in all?


# %%
@functools.cache
def with_fewer_units(keep, epochs):
    """Drop units of a copy of the model, tune it for some epochs; return it."""
    first, second = drop_units(large[0], large[2], keep)
    manual_seed(1)
    return train(Sequential(first, ReLU(), second), epochs)


@functools.cache
def from_scratch(hidden, epochs=EPOCHS + TUNING):
    """Train a small model from scratch, for as many epochs as the large one and its tuning took."""
    return train(make_model(hidden), epochs)


KEPT = (64, 32, 16, 8)
by_units = {
    "units dropped": [right(with_fewer_units(keep, 0)) for keep in KEPT],
    "units dropped, fine-tuned": [right(with_fewer_units(keep, TUNING)) for keep in KEPT],
    "small from scratch": [right(from_scratch(keep)) for keep in KEPT],
}
for name, line in by_units.items():
    print(f"{name:26}", "  ".join(f"{keep} units {share:.1%}" for keep, share in zip(KEPT, line, strict=True)))
viz.lines(KEPT, by_units, "Smaller layers", xlabel="units kept of 128", ylabel="share right", markers=True)

# %% [markdown]
# **What's happening**
# 1. Dropping half the units costs more than removing half the weights did: a unit is a coarser piece, and takes good weights along.
# 2. Tuning brings most of it back.
# 3. The net from scratch is as good as the tuned one, within a few tenths of a percent, and from 16 units down it wins. The large model was worth its price only where many units stay. (Liu et al. 2018, arXiv 1810.05270, found the same for large convolutional networks.)
# 4. The result is dense and small: no mask, no places, and less time.

# %% [markdown]
# The same goes for the filters of a convolution. An array (64, 32, 3, 3) has 64 filters, and the layer after it, say (16, 64, 3, 3), an input channel for each of them.


# %%
#| export
def prune_conv_filters(weight, next_weight, keep):
    """Keep the most important filters of weight (out, in, rows, columns), and their channels of the layer after it.

    Returns the two smaller arrays, copies. The bias of a filter, if there's one, goes with it: that's left to the caller.
    """
    chosen = np.sort(np.argsort(row_importance(weight))[-keep:])
    return weight[chosen], next_weight[:, chosen]


# %%
behind = np.random.default_rng(1).normal(size=(16, 64, 3, 3)).astype("float32")
fewer, narrower = prune_conv_filters(filters, behind, keep=16)
print(f"{filters.shape} -> {fewer.shape}, {filters.nbytes:,} -> {fewer.nbytes:,} bytes")
print(f"{behind.shape} -> {narrower.shape}, {behind.nbytes:,} -> {narrower.nbytes:,} bytes")
print(f"the other way: a mask of 75 % leaves {(filters * pruning_mask(filters, 0.75)).nbytes:,} bytes")

# %% [markdown]
# **Checkpoint**: an MLP has three hidden layers of 100 units. Half the units of each are dropped. By how much do the arrays between two hidden layers shrink?
#
# <details><summary>Answer</summary>
#
# To a quarter: half the rows go with the layer's own units, half the columns with those of the layer before. So structured pruning counts twice where layers follow each other.
# </details>

# %% [markdown]
# ### A layer as two thinner ones
#
# There's another way to make an array smaller. A matrix whose rows are all multiples of one row has only one thing to say:
#
# $$\begin{pmatrix} 1 & 2 & 3 \\ 2 & 4 & 6 \end{pmatrix} = \begin{pmatrix} 1 \\ 2 \end{pmatrix} \begin{pmatrix} 1 & 2 & 3 \end{pmatrix}$$
#
# Five numbers in place of six; for a matrix of 128 x 64 it would be 192 in place of 8,192. Such a matrix has the **rank** 1. Trained weights have full rank, but often most of it matters little. The **singular value decomposition** sorts any matrix by that. It writes $W = U S V^\top$, where $S$ has numbers from large to small on its diagonal (the singular values).
# Keep the first $r$ columns of $U$, the first $r$ numbers of $S$ and the first $r$ rows of $V^\top$, and you have the best matrix of rank $r$ that there is (Eckart and Young 1936).
#
# As layers: $W x = (U S)(V^\top x)$. First a layer from 64 to $r$, then one from $r$ to 128, and nothing in between. The singular values belong into one of the two layers, or they are lost. The old bias belongs to the second; a bias in the first layer would start at random, and disturb.
#
# This exercise has no list of steps. Write down the shapes of the three factors first. (numpy gives the last factor transposed already: its rows are what you need.)


# %% nbgrader={"grade_id": "low_rank_factors", "solution": true}
#| export
def low_rank_factors(layer, rank):
    """Write a linear layer as two thinner ones, one after the other, as exactly as the rank allows.

    Args:
        layer: a Linear (in, out) with a bias. It stays as it is.
        rank: how many numbers lie between the two, 1 <= rank <= min(in, out).

    Returns:
        Two new Linear layers: (in, rank) without a bias, and (rank, out) with the layer's bias.

    TODO: decompose the weight, keep the first of each factor, and hand them to two layers.

    EXAMPLE:
    >>> low_rank_factors(Linear(64, 128), rank=16)
    (Linear(in_features=64, out_features=16, bias=False), Linear(in_features=16, out_features=128, bias=True))

    HINT: `np.linalg.svd(weight, full_matrices=False)` returns three arrays: U, the diagonal of S, and V transposed.
    """
    ### BEGIN SOLUTION
    u, s, vt = np.linalg.svd(layer.weight.data, full_matrices=False)
    first, second = Linear(layer.in_features, rank, bias=False), Linear(rank, layer.out_features)
    first.weight.data = vt[:rank]
    second.weight.data = u[:, :rank] * s[:rank]
    second.bias.data = layer.bias.data.copy()
    return first, second
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: low_rank_factors

# %% nbgrader={"grade_id": "test_low_rank_factors", "grade": true}
test = unit_test("low_rank_factors")


def drawn_layer(inputs, outputs):
    """A layer with drawn numbers, and these numbers."""
    layer, weight, bias = (
        Linear(inputs, outputs),
        test.rng.normal(size=(outputs, inputs)),
        test.rng.normal(size=outputs),
    )
    layer.weight.data, layer.bias.data = weight, bias
    return layer, weight, bias


@test.check("a matrix of rank 1 is rebuilt exactly, and the bias is there once", points=3)
def _():
    layer = Linear(3, 2)
    layer.weight.data, layer.bias.data = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]), np.array([10.0, 20.0])
    first, second = low_rank_factors(layer, 1)
    close(second(first(Tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]))).data, [[16.0, 32.0], [11.0, 22.0]], rtol=1e-4)


@test.check("a square matrix of full rank, too", points=2)
def _():
    layer, weight, bias = drawn_layer(3, 3)
    first, second = low_rank_factors(layer, 3)
    close(second(first(Tensor(np.eye(3)))).data, weight.T + bias, rtol=1e-4, atol=1e-5)


### BEGIN HIDDEN TESTS
@test.check("no matrix of that rank is closer: what is missing are the small singular values", points=5, hidden=True)
def _():
    for inputs, outputs, rank in ((6, 9, 3), (8, 5, 2), (4, 4, 1)):
        layer, weight, bias = drawn_layer(inputs, outputs)
        first, second = low_rank_factors(layer, rank)
        rebuilt = np.asarray(second(first(Tensor(np.eye(inputs)))).data) - bias
        dropped = np.linalg.svd(weight, compute_uv=False)[rank:]
        close(float(np.linalg.norm(rebuilt.T - weight)), float(np.linalg.norm(dropped)), rtol=1e-4)


@test.check("two thinner layers, the first without a bias", points=3, hidden=True)
def _():
    layer, _, bias = drawn_layer(7, 6)
    first, second = low_rank_factors(layer, 2)
    same([first.weight.shape, second.weight.shape], [(2, 7), (6, 2)])
    true(first.bias is None, "the first layer has no bias")
    close(second.bias.data, bias)


@test.check("the layer given stays as it is, shares no memory, and float32 stays float32", points=2, hidden=True)
def _():
    layer, weight, bias = drawn_layer(4, 5)
    _, second = low_rank_factors(layer, 4)
    same([layer.weight.data, layer.bias.data], [weight, bias])
    true(not shares_memory(second.bias, layer.bias), "the bias is a copy")
    same([str(part.weight.dtype) for part in low_rank_factors(Linear(3, 4), 2)], ["float32", "float32"])


### END HIDDEN TESTS
test.report()


# %%
@functools.cache
def of_low_rank(rank, epochs):
    """Factor the hidden layer of a copy of the model, tune it for some epochs; return it."""
    manual_seed(1)
    model = Sequential(*low_rank_factors(large[0], rank), ReLU(), copy.deepcopy(large[2]))
    return train(model, epochs)


RANKS = (64, 32, 16, 8, 4)
values = np.linalg.svd(large[0].weight.data, compute_uv=False)
for rank in RANKS:
    numbers = rank * (64 + 128)
    tuned = f"{right(of_low_rank(rank, TUNING)):.1%} tuned"
    print(f"rank {rank:2}: {numbers:6,} numbers for 8,192; {right(of_low_rank(rank, 0)):.1%} right, {tuned}")
viz.lines(
    np.arange(1, 65),
    {"trained": values, "before training": np.linalg.svd(make_model()[0].weight.data, compute_uv=False)},
    "Singular values of the hidden layer",
    xlabel="number",
    ylabel="size",
)

# %% [markdown]
# **What's happening**
# 1. Before training the values fall slowly: noise has no favourite direction, and all of them matter.
# 2. Training has raised ten of them far above the rest, and then there's a step. Ten: as many as there are scores to tell apart. The others are what is left of the start.
# 3. So the table: at rank 16 the accuracy is nearly whole without any tuning, with 3,072 numbers in place of 8,192. At rank 8 two of the ten directions are missing; tuning brings them back by turning the others. At rank 4 it can't any more.
# 4. At rank 64 the two layers have *more* numbers than the one: 12,288. Factors save only where the rank is below $64 \cdot 128 / (64 + 128) = 43$.

# %% [markdown]
# **Predict, then run**: there is nothing between the two thin layers. What would a ReLU there do?

# %%
first, second = low_rank_factors(large[0], 16)
bent = Sequential(first, ReLU(), second, ReLU(), large[2])
print(f"with a ReLU between the factors: {right(bent):.1%}; without: {right(of_low_rank(16, 0)):.1%}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# It would cut off half the numbers in between, and the two would no longer be the old layer. The pair is one linear map, written in two steps.
# </details>

# %% [markdown]
# ## Part 4: Sparse computation - Advanced (optional)
#
# Zeros can be skipped, if you know where they are. The usual form (**compressed sparse rows**, CSR) has three arrays: the values that stay, the column of each, and for each row where it starts. Of the nine weights, pruned by 0.7:
#
# | array | content |
# | --- | --- |
# | values | 0.8, 0.9, 0.7 |
# | columns | 2, 1, 2 |
# | starts | 0, 1, 2, 3 |
#
# A product then gathers the inputs at these columns, multiplies, and adds up row by row. Nothing of this part is graded; Part 6 measures with it.


# %%
def compressed_rows(weight):
    """Write an array (out, in) as values, their columns, and the start of each row (one more than rows: the end)."""
    rows, columns = np.nonzero(weight)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(weight)))])
    return weight[rows, columns], columns.astype("int32"), starts.astype("int32")


def sparse_linear(x, values, columns, starts):
    """Compute x @ weight.T from the compressed rows; x is (batch, in). Rows without any weight give 0."""
    products = x[:, columns] * values
    sums = np.zeros((len(x), len(starts) - 1), dtype=x.dtype)
    filled = np.flatnonzero(np.diff(starts))
    if filled.size:
        sums[:, filled] = np.add.reduceat(products, starts[filled], axis=1)
    return sums


for name, array in zip(("values", "columns", "starts"), compressed_rows(NINE * pruning_mask(NINE, 0.7)), strict=True):
    print(f"{name:8}", array)
sparse = filters.reshape(64, -1) * pruning_mask(filters.reshape(64, -1), 0.9)
x = np.random.default_rng(2).normal(size=(5, sparse.shape[1])).astype("float32")
close(sparse_linear(x, *compressed_rows(sparse)), x @ sparse.T, rtol=1e-4, atol=1e-4)
print("64 filters, 90 % removed: the sparse product equals the dense one")

# %% [markdown]
# **Checkpoint**: why does `starts` have one entry more than there are rows?
#
# <details><summary>Answer</summary>
#
# So that row `i` is always `values[starts[i] : starts[i + 1]]`, even the last one. A row without weights has two equal starts.
# </details>

# %% [markdown]
# ## Part 5: A pipeline
#
# In practice these are steps of one recipe: drop units, tune; factor, tune; prune, tune. Three kinds of functions, each short: what goes (targets), doing it, and saying what came out. The recipe is *data*, a list of names and amounts, so it can be written down and repeated. And a name that's unknown is refused: a pipeline that accepts
# an unknown step and does nothing lets you believe that you've compressed something.
#
# First the targets. How much can each layer spare? Prune one of them alone, leave the other whole, and measure: that is called **sensitivity**.


# %%
def sensitivity(name, levels):
    """Prune one layer alone to each level, without tuning; return the shares of right answers."""
    found = []
    for level in levels:
        model = copy.deepcopy(large)
        weight = prunable_weights(model)[name]
        weight.data = weight.data * pruning_mask(weight.data, level)
        found.append(right(model))
    return found


steps = np.round(np.linspace(0, 0.95, 20), 2)
alone = {f"only {name}": sensitivity(name, steps) for name in prunable_weights(large)}
for sparsity in (0.5, 0.9):
    targets = layer_targets({name: p.data for name, p in prunable_weights(large).items()}, sparsity)
    print(f"one threshold, {sparsity:.0%} in all:", {name: round(share, 2) for name, share in targets.items()})
viz.lines(steps, alone, "One layer pruned, the other whole", xlabel="sparsity", ylabel="share right", markers=True)

# %% [markdown]
# **What's happening**
# 1. Both layers can spare half their weights. Then the scores fall first, and the hidden layer holds up to 70 %: it has more than six times as many weights to choose from.
# 2. Look at the printed targets: the common threshold asks more of the hidden layer than of the scores, by the size of the weights alone. Here that agrees with the sensitivity. It needn't: it's a rule of thumb that costs nothing.
# 3. The line of the scores rises once more before its end. Less isn't always worse: a removed weight may have been a wrong vote. It also warns you not to read such lines to the last percent.
# 4. Such a figure is made before the recipe. Here tuning repairs most; with a model that can't be tuned (no data any more) it decides.


# %%
def drop_step(model, keep):
    """Drop units of an MLP of two layers."""
    first, second = drop_units(model[0], model[2], keep)
    return Sequential(first, ReLU(), second)


def low_rank_step(model, rank):
    """Write the first layer of an MLP of two layers as two."""
    return Sequential(*low_rank_factors(model[0], rank), ReLU(), model[2])


def prune_step(model, sparsity):
    """Set this share of all weights to 0."""
    Pruner(model).prune(sparsity)
    return model


STEPS = {"drop units": drop_step, "low rank": low_rank_step, "prune": prune_step}


def tune(model, epochs=TUNING):
    """Train on; what is 0 stays 0, since a new Pruner's masks are what isn't."""
    return train(model, epochs, after_step=Pruner(model).apply)


def compress(model, recipe):
    """Follow a recipe, a list of (step, amount), on a copy of the model, and tune after each step."""
    model = copy.deepcopy(model)
    manual_seed(1)
    for step, amount in recipe:
        if step not in STEPS:
            raise ValueError(f"there's no step {step!r}: take one of {list(STEPS)}")
        model = tune(STEPS[step](model, amount))
    return model


@functools.cache
def made_by(recipe):
    """Follow a recipe, a tuple of (step, amount), once; return the model."""
    return compress(large, recipe)


def compression_report(recipe):
    """Say what a recipe makes of the model, in one line."""
    model = made_by(recipe)
    kept = sum(np.count_nonzero(p.data) for p in model.parameters())
    return f"{count(large):,} -> {count(model):,} numbers, {kept:,} of them not 0; {right(large):.1%} -> {right(model):.1%}"


RECIPES = (
    (("drop units", 32), ("prune", 0.6)),
    (("drop units", 48), ("prune", 0.6)),
    (("prune", 0.6), ("drop units", 48)),
    (("low rank", 16), ("prune", 0.5)),
)
for recipe in RECIPES:
    print(" then ".join(f"{step} {amount}" for step, amount in recipe), compression_report(recipe), sep="\n    ")
raises(ValueError, compress, large, [("lowrank", 16)], says="take one of ['drop units', 'low rank', 'prune']")

# %% [markdown]
# The first one leaves a tenth of the numbers, and reads as well as the whole model, which no single step has done. Look at the second and the third recipe: the same steps in the other order. The accuracy is the same, more or less; the number of weights isn't: pruned first, most of the zeros lie in the very units that are dropped afterwards. What is coarse comes first, what is fine last; and
# quantisation (module 17) after everything else.
#
# **Checkpoint**: why does `tune` make a new `Pruner` in place of keeping the one that pruned?
#
# <details><summary>Answer</summary>
#
# The arrays may have been exchanged for smaller ones since, so old masks wouldn't fit. The new one takes "what is 0 stays 0" from the weights themselves. (It also holds a weight at 0 that came there by chance: that's one in many millions.)
# </details>

# %% [markdown]
# ### A small model that learns from a large one
#
# The last way changes nothing in the large model. It becomes a **teacher**. A label says "3", and nothing else. The teacher's ten probabilities say more: a 3, with a little of 5 and of 9 in it. How alike the digits are is what it has learnt, and what a student can learn from it (Hinton, Vinyals and Dean 2015, arXiv 1503.02531, who called it **distillation**).
#
# A trained teacher is so sure that the others have hardly anything: 0.999 and then crumbs. So both models' scores are divided by a **temperature** $T$ before the softmax; with $T = 4$ the crumbs become visible. Let $p$ be the teacher's probabilities and $q$ the student's, both at that temperature. How far apart they are is measured by the
# Kullback-Leibler divergence, in which the teacher's probabilities are the weights:
#
# $$\text{KL} = \sum_c p_c\, (\log p_c - \log q_c)$$
#
# It's 0 if the two agree. For a batch: the sum over the classes, and then the mean over the batch. And the whole loss has two parts, for a share $a$ of the first:
#
# $$\text{loss} = a\, T^2\, \text{KL} + (1 - a)\, \text{cross-entropy}(\text{student}, \text{targets})$$
#
# Why $T^2$? Dividing by $T$ makes the slopes of the soft part smaller by $T^2$: one $T$ from the student's division, one because $p$ and $q$ move closer. Without the factor $T^2$ the soft part fades as the temperature rises. The cross-entropy is taken at the temperature 1, as always.
#
# By hand: one example, the teacher's scores are $(2, 0)$, the student's $(0, 0)$, $T = 2$, the target is class 0. The teacher at $T = 2$ says $(0.731, 0.269)$, the student $(0.5, 0.5)$:
#
# $$\text{KL} = 0.731 \log\tfrac{0.731}{0.5} + 0.269 \log\tfrac{0.269}{0.5} = 0.111 \qquad \text{loss} = 0.5 \cdot 4 \cdot 0.111 + 0.5 \cdot \log 2 = 0.569$$
#
# The teacher is not to learn from the student: no gradient goes back into it. `detach()` gives a tensor that nothing is recorded for.


# %% nbgrader={"grade_id": "distillation_loss", "solution": true}
#| export
def distillation_loss(student, teacher, targets, temperature=2.0, share=0.5):
    """Return how far a student is from its teacher's soft answers and from the right ones.

    Args:
        student, teacher: Tensors of scores (N, classes).
        targets: a Tensor of N integers.
        temperature: both models' scores are divided by it for the soft part.
        share: the weight of the soft part, from 0 to 1; the rest is the weight of the cross-entropy.

    Returns:
        A Tensor with one number. No gradient goes into the teacher.

    TODO: the teacher's probabilities at the temperature; KL, summed over classes, meant over the batch; both parts.

    APPROACH:
    1. The logarithms of the teacher's probabilities: log_softmax of its detached scores over the temperature.
    2. The KL divergence: teacher's probabilities times the difference of the logarithms; sum over classes, mean over the batch.
    3. Add the two parts, the soft one with share and the temperature squared, the other one with 1 - share.

    EXAMPLE:
    >>> distillation_loss(Tensor([[0.0, 0.0]]), Tensor([[2.0, 0.0]]), Tensor([0]))
    Tensor(0.5685)

    HINT: `.exp()` of a log-probability is the probability; use your log_softmax and cross_entropy.
    """
    ### BEGIN SOLUTION
    wanted = log_softmax(teacher.detach() / temperature)
    gap = (wanted.exp() * (wanted - log_softmax(student / temperature))).sum(dim=-1).mean()
    return share * temperature**2 * gap + (1 - share) * cross_entropy(student, targets)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: distillation_loss

# %% nbgrader={"grade_id": "test_distillation_loss", "grade": true}
test = unit_test("distillation_loss")


def logs(scores):
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def by_formula(student, teacher, targets, temperature, share):
    p, q = logs(teacher / temperature), logs(student / temperature)
    soft = np.mean(np.sum(np.exp(p) * (p - q), axis=-1))
    hard = -np.mean(logs(student)[np.arange(len(targets)), targets])
    return share * temperature**2 * soft + (1 - share) * hard


@test.check("one example of two classes, by hand, and the same one twice; targets alone", points=4)
def _():
    for count in (1, 2):
        student, teacher = Tensor([[0.0, 0.0]] * count), Tensor([[2.0, 0.0]] * count)
        loss = distillation_loss(student, teacher, Tensor([0] * count), temperature=2.0, share=0.5)
        close(loss.item(), 0.5 * 4 * 0.11094389 + 0.5 * 0.6931472, rtol=1e-4)
    student = Tensor([[2.0, 0.0]])
    close(distillation_loss(student, student, Tensor([0]), temperature=2.0, share=0.0).item(), 0.126928, rtol=1e-4)


@test.check("the student gets a gradient, the teacher none", points=3)
def _():
    student, teacher = Tensor([[0.0, 0.0]], requires_grad=True), Tensor([[2.0, 0.0]], requires_grad=True)
    distillation_loss(student, teacher, Tensor([0]), temperature=2.0, share=1.0).backward()
    close(student.grad.data, [[2 * (0.5 - 0.7310586), 2 * (0.5 - 0.2689414)]], rtol=1e-4)
    true(teacher.grad is None, "no gradient goes into the teacher")


### BEGIN HIDDEN TESTS
@test.check("random batches, temperatures and shares", points=5, hidden=True)
def _():
    for temperature, share in (
        (1.0, 0.3),
        (4.0, 0.9),
        (float(test.rng.uniform(1.5, 8)), float(test.rng.uniform(0, 1))),
    ):
        student, teacher = remote(3 * test.rng.normal(size=(6, 5))), remote(3 * test.rng.normal(size=(6, 5)))
        targets = test.rng.integers(0, 5, size=6).astype("int32")
        with unchanged(student), unchanged(teacher):
            loss = distillation_loss(Tensor(student), Tensor(teacher), Tensor(targets), temperature, share)
        close(loss.item(), by_formula(student.read(), teacher.read(), targets, temperature, share), rtol=1e-4)


@test.check(
    "who agrees with the teacher has only the targets to answer for; temperature 2 and share 0.5 are the defaults",
    points=2,
    hidden=True,
)
def _():
    scores, other = test.rng.normal(size=(4, 3)), test.rng.normal(size=(4, 3))
    targets = np.array([0, 2, 1, 1], dtype="int32")
    close(distillation_loss(Tensor(scores), Tensor(scores), Tensor(targets), 3.0, 1.0).item(), 0.0, atol=1e-5)
    close(
        distillation_loss(Tensor(scores), Tensor(other), Tensor(targets), 3.0, 0.0).item(),
        by_formula(scores, scores, targets, 1.0, 0.0),
        rtol=1e-4,
    )
    close(
        distillation_loss(Tensor(scores), Tensor(other), Tensor(targets)).item(),
        by_formula(scores, other, targets, 2.0, 0.5),
        rtol=1e-4,
    )


@test.check("scores of hundreds stay finite", points=1, hidden=True)
def _():
    student, teacher = 300 * test.rng.normal(size=(3, 4)), 300 * test.rng.normal(size=(3, 4))
    targets = np.array([0, 3, 1], dtype="int32")
    close(
        distillation_loss(Tensor(student), Tensor(teacher), Tensor(targets), 1.0, 0.5).item(),
        by_formula(student, teacher, targets, 1.0, 0.5),
        rtol=1e-4,
    )


@test.check("the student's gradient, against central differences", points=5, hidden=True)
def _():
    teacher, targets = 2 * test.rng.normal(size=(4, 3)), np.array([0, 2, 1, 0], dtype="int32")
    for temperature, share in ((1.0, 1.0), (3.0, 0.6)):
        check_gradient(
            lambda x, t=temperature, a=share: distillation_loss(x, Tensor(teacher), Tensor(targets), t, a),
            lambda x, t=temperature, a=share: by_formula(x, teacher, targets, t, a),
            [(4, 3)],
            rng=test.rng,
        )


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Now an experiment of Hinton's, which nobody believes at first. A student of 16 units is taught with images of nine digits: **it never sees a 3**, neither the image nor the label. It only sees the teacher's soft answers to the other digits. Then it's shown 183 threes.


# %%
def as_student_of(teacher, temperature, share):
    """Return a loss for `train`: its targets are rows (label, image), and the teacher is asked about the image."""

    def loss(scores, targets):
        answers = teacher(Tensor(targets.data[:, 1:]))
        return distillation_loss(scores, answers, Tensor(targets.data[:, 0].astype("int32")), temperature, share)

    return loss


def with_images(inputs, targets):
    """Make a data set whose targets are rows of label and image, for as_student_of."""
    return TensorDataset(inputs, np.concatenate([targets[:, None], inputs], axis=1).astype("float32"))


@functools.cache
def taught(hidden, chosen, share, temperature=4.0, epochs=15):
    """Train a small student on a part of the digits ("all", "no 3", or how many of the first); return it."""
    images, labels = train_set.tensors[0].data, train_set.tensors[1].data
    part = labels != 3 if chosen == "no 3" else slice(None if chosen == "all" else chosen)
    data = with_images(images[part], labels[part])
    return train(make_model(hidden), epochs, loss_fn=as_student_of(large, temperature, share), data=data)


def right_by_digit(model):
    """Return for each digit the share of unseen images that are read right."""
    inputs, targets = unseen.arrays()
    answers = model(Tensor(inputs.reshape(-1, 64))).data.argmax(axis=1)
    return [float(np.mean(answers[targets == digit] == digit)) for digit in range(10)]


without_threes = {
    "taught by the teacher": right_by_digit(taught(16, "no 3", share=1.0)),
    "taught by labels": right_by_digit(taught(16, "no 3", share=0.0)),
    "the teacher": right_by_digit(large),
}
for name, line in without_threes.items():
    print(f"{name}: {line[3]:.1%} of the threes")
viz.lines(
    range(10),
    without_threes,
    "A student that never saw a 3",
    xlabel="digit",
    ylabel="share right",
    markers=True,
    ylim=(0, 1.05),
)

# %% [markdown]
# **What's happening**
# 1. Both students are alike on the nine digits that they saw.
# 2. Taught by labels, the student never says 3: it has learnt that this answer is always wrong.
# 3. Taught by the teacher, it reads most threes. What a 3 is, it has pieced together from remarks such as "this 5 has a little of a 3 in it". The remarks are there in every answer, at a temperature at which they can be heard.
# 4. That's what soft answers have in them, and labels don't.

# %% [markdown]
# And in everyday life, with all digits and all labels? And if there are labels for few, and the teacher knows them all?

# %%
for chosen, epochs in ((100, 200), (300, 80), ("all", 15)):
    by_labels, by_teacher = (right(taught(16, chosen, share=share, epochs=epochs)) for share in (0.0, 1.0))
    print(f"16 units, {chosen} examples: {by_labels:.1%} by labels, {by_teacher:.1%} by the teacher")

# %% [markdown]
# Be honest about it: with all labels the teacher adds nothing here. The labels are right, and there are enough of them. With a hundred examples it's worth a great deal: each answer of the teacher holds ten numbers in place of one. Distillation pays where labels are few, or where the teacher can answer questions that nobody has labelled.
#
# **Predict, then run**: the same without threes, at the temperature 1. More threes, or fewer?

# %%
for temperature in (1.0, 4.0):
    model = taught(16, "no 3", share=1.0, temperature=temperature)
    print(f"temperature {temperature:.0f}: {right_by_digit(model)[3]:.1%} of the threes")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Fewer. At 1 the teacher is so sure that its remarks are a thousandth of what it says, and the student hears mostly the answer itself. In Hinton's words it's the relative size of small probabilities that holds the knowledge.
# </details>

# %% [markdown]
# ### On your own: a layer that keeps its zeros
#
# Not graded, and without a test: write a class `MaskedLinear(Module)` that needs no `apply()`. `__init__(self, layer, mask)` remembers a layer and a mask; `forward(x)` multiplies the weight by the mask each time, and calls `linear`. What is the gradient of a removed weight then, and why does it stay out for ever? The next cell trains it.

# %%
# class MaskedLinear(Module):


# %%
if "MaskedLinear" in globals():
    model = copy.deepcopy(large)
    first = MaskedLinear(model[0], pruning_mask(model[0].weight.data, 0.9))  # noqa: F821
    own = train(Sequential(first, ReLU(), model[2]), TUNING)
    print(
        f"{right(own):.1%} right after tuning, {pruning_mask(model[0].weight.data, 0.9).mean():.0%} of the weights used"
    )

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class MaskedLinear(Module):
#     def __init__(self, layer, mask):
#         self.layer, self.mask = layer, mask.astype("float32")
#
#     def forward(self, x):
#         return linear(x, self.layer.weight * self.mask, self.layer.bias)
# ```
#
# The chain rule multiplies the gradient by the mask, too: a removed weight has the gradient 0, so it never moves, and whatever it holds is never heard. This is how `torch.nn.utils.prune` does it. What it costs: the product with the mask, each time, and memory for both.
# </details>

# %% [markdown]
# ## Part 6: Memory and time
#
# **Predict** before you run: the mask has 90 % zeros. How much smaller is the file? How much faster is the product?
#
# The zeros need not be stored, but *where* they are must be. Three ways:
#
# | way | what is stored | bytes for n weights of which k stay |
# | --- | --- | --- |
# | dense | all weights | $4 n$ |
# | bitmask | a bit for each weight, and those that stay | $n/8 + 4 k$ |
# | indices | those that stay, and the place of each as int32 | $4 k + 4 k$ |
#
# Here they are really made, and their `nbytes` counted; and for comparison `zlib`, which knows nothing of masks.


# %%
#| export
def profile_compression_memory(weight, mask):
    """Store a masked array in three ways; return the bytes of each: {"dense", "bitmask", "indices"}."""
    kept = weight[mask]
    places = np.flatnonzero(mask).astype(np.int32)
    return {
        "dense": weight.nbytes,
        "bitmask": np.packbits(mask).nbytes + kept.nbytes,
        "indices": kept.nbytes + places.nbytes,
    }


# %%
print(profile_compression_memory(NINE, pruning_mask(NINE, 0.7)))
levels = np.round(np.linspace(0, 0.95, 20), 2)
stored = [profile_compression_memory(filters, pruning_mask(filters, level)) for level in levels]
kilobytes = {way: [sizes[way] / 1000 for sizes in stored] for way in ("dense", "bitmask", "indices")}
kilobytes["zlib"] = [
    len(zlib.compress((filters * pruning_mask(filters, level)).tobytes(), 6)) / 1000 for level in levels
]
even = next(level for level, sizes in zip(levels, stored, strict=True) if sizes["indices"] <= sizes["dense"])
print(
    f"at 90 %: bitmask {stored[18]['dense'] / stored[18]['bitmask']:.1f} times smaller, indices {stored[18]['dense'] / stored[18]['indices']:.1f} times"
)
viz.lines(
    levels, kilobytes, "64 filters of 32 x 3 x 3 in a file", xlabel="sparsity", ylabel="kB",
    notes=[(even, 73.7, f"indices break even at {even:.0%}", "right")],
)  # fmt: skip

# %% [markdown]
# **What's happening**
# 1. The nine weights first: even at 70 % the indices take 24 bytes, of 36. An index costs as much as the weight that it belongs to, so below 50 % they make the file *larger*.
# 2. The bitmask costs an eighth of a byte for each weight, 3 % of float32, whether it stays or not. It's nearly always the better choice.
# 3. A list of places is shorter only where $4k$ is less than $n/8$: beyond a sparsity of 31/32, 97 %.
# 4. `zlib` finds the zeros by itself, and from about a third of zeros on it needs a little more than the bitmask: compressing a file of plain arrays is the way that takes no work at all.


# %%
def benchmark_sparse_inference_speedup(size=512, batch=64, sparsity=0.9):
    """Time one layer of size x size in four forms, in milliseconds; see Part 4 for the sparse one."""
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(size, size)).astype("float32")
    x, zeroed = rng.normal(size=(batch, size)).astype("float32"), weight * pruning_mask(weight, sparsity)
    rows, fewer = compressed_rows(zeroed), weight[: round((1 - sparsity) * size)].copy()
    forms = {
        "dense": lambda: x @ weight.T,
        "90 % zeros, dense": lambda: x @ zeroed.T,
        "90 % zeros, skipped": lambda: sparse_linear(x, *rows),
        "90 % of the units dropped": lambda: x @ fewer.T,
    }
    return {name: best_of(run).median for name, run in forms.items()}


milliseconds = benchmark_sparse_inference_speedup()
for name, time in milliseconds.items():
    gain = milliseconds["dense"] / time
    how = f"{gain:.1f} times as fast as dense" if gain >= 1 else f"{1 / gain:,.1f} times as slow"
    print(f"{name:27}{time:8.3f} ms, {how}")

# %% [markdown]
# Three results, and each of them matters:
#
# 1. A dense product doesn't look at its numbers: zeros take as long as anything else.
# 2. Skipping them in numpy is *slower*, by a large factor: numbers are gathered from all over memory, where the dense product reads them in a row and does many at once. Written in C, at a high sparsity and on a processor with that in mind, it can pay; not here.
# 3. Dropped units are faster, since the arrays are smaller, on any machine and with any library.
#
# **Checkpoint**: somebody has pruned a model to 50 % unstructured, and reports "two times faster". What do you ask?
#
# <details><summary>Answer</summary>
#
# On what hardware, with which kernel, and against what? Counted multiplications have halved; whether time has, only a measurement says. And: how large is a dense net of half the size, trained from scratch?
# </details>

# %% [markdown]
# ## Part 7: Production
#
# > 💡 **Production Reality**: graphics cards have units for one pattern only, **2 of 4**: of every four weights in a row, two are 0. Two bits say which, so half the memory and half the multiplications are really saved (Mishra et al. 2021, arXiv 2104.08378). It's a compromise between the two halves of Part 3: fine enough to lose little,
# > regular enough for hardware.
#
# What became of the four ideas:
#
# | idea | a milestone | what is used today |
# | --- | --- | --- |
# | magnitude pruning | AlexNet from 61 to 6.7 million weights without loss (Han et al. 2015, arXiv 1506.02626) | 2 of 4; before a file is compressed |
# | structured pruning | filters of VGG and ResNet by the norm of their weights (Li et al. 2016, arXiv 1608.08710) | heads and layers of language models, then distilled |
# | low rank | fully connected layers from about 2013 on | LoRA: a fine-tuned *difference* of rank 8 or so beside frozen weights (Hu et al. 2021, arXiv 2106.09685) |
# | distillation | DistilBERT: 40 % smaller, 97 % of the score (Sanh et al. 2019, arXiv 1910.01108) | most small language models have a large teacher |
#
# And a riddle that is still open: the **lottery ticket**. Take the mask of a pruned net, put the weights back to where they *started*, and train: it gets as good as the large one, while a new draw under the same mask doesn't (Frankle and Carbin 2018, arXiv 1803.03635). Perhaps large nets are so easy to train because they hold so many tickets.
#
# **Checkpoint**: your model must run on a phone, on its graphics processor, with a library that you don't control. Which of the four?
#
# <details><summary>Answer</summary>
#
# Those that give smaller dense arrays: dropped units, a small student, maybe low rank (two small products have an overhead of their own). Scattered zeros would make the download smaller, not the app faster.
# </details>

# %% [markdown]
# ## Systems Analysis
#
# All of them on one page, with the rival. Sizes are those of a file, in the better of dense and bitmask. Recipes of two steps were tuned twice, so the student and the net from scratch get as many epochs in all, twelve. **Predict**: which line is on top at 8 kB, and which at 4?


# %%
def file_bytes(model):
    """Count the bytes of a model in a file: each array in the shorter of dense and bitmask."""
    return sum(
        min(profile_compression_memory(p.data, p.data != 0)[way] for way in ("dense", "bitmask"))
        for p in model.parameters()
    )


families = {
    "pruned, tuned": [pruned(level, TUNING) for level in LEVELS[1:]],
    "units dropped, tuned": [with_fewer_units(keep, TUNING) for keep in KEPT],
    "low rank, tuned": [of_low_rank(rank, TUNING) for rank in (32, 16, 8, 4)],
    "recipes of two steps": [made_by(recipe) for recipe in RECIPES],
    "taught by the teacher": [taught(keep, "all", share=0.5, epochs=EPOCHS + 2 * TUNING) for keep in KEPT],
    "small from scratch": [from_scratch(keep, EPOCHS + 2 * TUNING) for keep in KEPT],
}
sizes = {name: [file_bytes(model) / 1000 for model in models] for name, models in families.items()}
accuracies = {name: [right(model) for model in models] for name, models in families.items()}
print(f"whole: {file_bytes(large) / 1000:.1f} kB, {right(large):.1%}")
first = made_by(RECIPES[0])
print(f"first recipe: {file_bytes(large) / file_bytes(first):.1f} times smaller, {right(first):.1%}")
for name in families:
    print(
        f"{name:22}",
        ",  ".join(f"{size:4.1f} kB {share:.1%}" for size, share in zip(sizes[name], accuracies[name], strict=True)),
    )
viz.lines(
    sizes,
    accuracies,
    "What is left",
    xlabel="kB in a file",
    ylabel="share right",
    markers=True,
    ylim=(0.84, 0.96),
)

# %% [markdown]
# **What's happening**
# 1. Up and to the left is better. Pruned weights do well down to about 9 kB, a quarter of the model: single weights can be chosen more finely than units. Then they fall.
# 2. Dropped units, a taught student and a small net from scratch lie close together. A tenth of a percent is two images of 1,797, so most of their differences are noise. The honest words are "about as good as from scratch", and for dropped units at 5 kB and below "worse". (All labels are known here, so the teacher adds nothing.)
# 3. Low rank makes only the hidden layer smaller; 5 kB of scores and biases stay, so its line ends early.
# 4. The recipes lie above all others, the rival included: units dropped first, single weights after. Compression was worth it, in two steps. (The rival may be pruned, too: `Pruner` takes any model. Try it.)
# 5. All this is about files. For time, you'd put counted multiplications on the lower axis, and scattered zeros would move back to the right: they save none.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# Masks, smaller layers, factors and a taught student, in one recipe.

# %%
model = copy.deepcopy(large)
pruner = Pruner(model).prune(0.8)
total = sum(numbers["weights"] for numbers in pruner.statistics.values())
kept = sum(numbers["kept"] for numbers in pruner.statistics.values())
true(abs(1 - kept / total - 0.8) < 0.001, "80 % of all weights are removed")
train(model, 1, after_step=pruner.apply)
for name, p in pruner.weights.items():
    same(p.data[~pruner.masks[name]], np.zeros(int((~pruner.masks[name]).sum()), dtype="float32"))
pruner.restore()
same(model[0].weight.data, large[0].weight.data)
thin, wide = low_rank_factors(large[0], 20)
wide, narrow = drop_units(wide, large[2], keep=48)
same(Sequential(thin, wide, ReLU(), narrow)(Tensor(np.zeros((5, 64), dtype="float32"))).shape, (5, 10))
both = made_by(RECIPES[0])
true(file_bytes(both) * 8 < file_bytes(large), "eight times smaller in a file")
true(right(both) > right(large) - 0.03, "at a loss of less than three points")
true(right_by_digit(taught(16, "no 3", share=1.0))[3] > 0.5, "a student learns of threes without seeing one")
raises(AssertionError, check_masks, {"w": np.ones((2, 2))}, {"w": np.zeros((2, 2))}, says="half a weight can't stay")
print("masks, smaller layers, factors and teachers work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: four kilobytes or fast
#
# Two customers have your digit reader. One wants the smallest file that reads at least 94 % right; it's sent by radio once a day and unpacked into a large memory. The other has the file on a disk and wants the shortest time for each image. Choose for both, and cite from your tables: bytes, accuracy, milliseconds, and what the
# rival from scratch reaches. What would you measure before you promise anything?
#
# Rubric (5 points): 0, no measured numbers; half, a pruned model (alone or by a recipe) with a bitmask for the first with bytes and accuracy, smaller arrays for the second, and that zeros don't save time; full, also the comparison with the net from scratch for the second, and what remains to be measured (the customer's machine, other seeds, a difference larger than noise).

# %% [markdown] nbgrader={"grade_id": "checkpoint_measured", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# The first gets the recipe "drop 32 units, then prune 60 %": mine has 4.3 kB with a bitmask and 94.7 %, of 38.4 kB and 94.7 % for the whole model. The net from scratch of about that size (16 units, 4.8 kB) stays below 94 %. Pruning alone needs 9.3 kB for 94.6 %. For the second, zeros are no use: the dense product took as long with 90 % zeros as
# without, and skipping them was many times slower. They get a dense net of 32 units; and there I'd take the one from scratch, which is as good as the one with dropped units (94.0 and 94.2 %) and needs no large model. Before I promise: time on their machine with their batch size, and three seeds, since a tenth of a percent is two images.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# Which of your functions (or of the given ones) does each commented line belong to? What does line e print, and how many bytes has line b saved? What does `reduction="batchmean"` do in d, and what would "mean" do to the loss?
#
# ```python
# from torch import nn
# from torch.nn import functional as F
# from torch.nn.utils import prune
#
# layer = nn.Linear(64, 128)
# prune.l1_unstructured(layer, "weight", amount=0.7)                                  # a
# prune.ln_structured(layer, "weight", amount=0.5, n=2, dim=0)                        # b
# u, s, vt = torch.linalg.svd(layer.weight, full_matrices=False)                      # c
# soft = F.kl_div(F.log_softmax(student / T, dim=-1), F.softmax(teacher / T, dim=-1),
#                 reduction="batchmean") * T * T                                      # d
# print([name for name, _ in layer.named_parameters()])                               # e
# ```
#
# Rubric (5 points): 0, not recognised; half, a is pruning_mask, b row_importance (with drop_units), c low_rank_factors, d the soft part of distillation_loss; full, also that b only sets rows to 0 and saves no byte, that e prints `['bias', 'weight_orig']` or in words that the whole weight is still there beside its mask, and that "mean" would divide by the number of classes, too.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# a is pruning_mask with Pruner.apply, b row_importance and drop_units, c low_rank_factors, d the soft part of distillation_loss with its factor T squared. b saves nothing: it sets half the rows to 0, and the array stays (128, 64); with the mask PyTorch even needs more. e prints bias and weight_orig: the whole weight is still a parameter, the mask is kept
# beside it, and weight is made of both before each call. "batchmean" sums over the classes and divides by the number of examples; "mean" divides by the number of classes as well, so the soft part would be ten times too small.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - Most weights of a trained model are small, and half of them can go; which ones, the magnitude says. One threshold serves all layers.
# - Masks count: exactly so many go. Zeros must be kept at zero while tuning, and tuning is what makes 90 % possible.
# - Scattered zeros save bytes, with a bitmask; only smaller arrays save time. Structured pruning counts rows *and* columns.
# - A layer of low rank is two thin layers; the singular values say how thin.
# - A teacher's soft answers hold more than labels. They pay where labels are few.
# - Coarse first, fine last: units dropped, then weights pruned, give more than either alone.
# - Always compare with a small net from scratch.
#
# Complete the module with `tito module complete compression`. **Next**: module 19 asks when a difference is one.
