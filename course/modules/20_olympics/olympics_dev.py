# %% [markdown]
# # Olympics
#
# {{module}}
#
# You have built a framework. Now you compete with it. In this module you turn a net of yours into an **entry**: a file of arrays with a line that describes the net, and nothing that could be run. You check it as a judge would, score it by rules that are data, make it small by a recipe that anybody can repeat, and find out what each step of the recipe was good for.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors to transformers, profiler, bytes, pruning, verdicts | entries, scores, recipes, ablations | the three events of the Olympics, and every report that you'll write about a model |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | elsewhere | why |
# | --- | --- | --- |
# | an entry is arrays and words from a fixed vocabulary | a repository with code, or a container | whoever measures other people's nets must not run other people's code |
# | speed is counted: multiplications, and bytes touched | seconds on one fixed machine | a count is the same for everybody, and every time |
# | images are 8 x 8 digits | photographs | a recipe runs in seconds, so you can try twenty |
# | weights in bytes are unpacked to float32 before a net runs | chips multiply bytes | numpy has no fast product of bytes (module 17), so the event for speed neither rewards nor punishes them |
# | points are for the exercises | prizes | where you stand on the board never changes a grade |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.olympics
#| export
import copy
import io
import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.layers import GELU, Flatten, Linear, ReLU, Sequential, Tanh
from tinytorch.core.profiling import MOVES, bytes_of_call, flops_of_call
from tinytorch.core.quantization import QuantizedLinear, dequantize
from tinytorch.core.spatial import Conv2d, MaxPool2d, conv2d_macs, conv_output_size
from tinytorch.core.tensor import RECORDER, Tensor, set_recorder
from tinytorch.profiling import as_built
from tinytorch.random import manual_seed

# %%
import functools
import zipfile

from tinytorch import viz
from tinytorch.core.benchmarking import pareto_front
from tinytorch.core.compression import Pruner, drop_units, low_rank_factors
from tinytorch.core.dataloader import DataLoader, TensorDataset
from tinytorch.core.layers import Module  # noqa: F401 - for a layer of your own
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import Adam
from tinytorch.core.quantization import quantize_model
from tinytorch.core.training import train_step
from tinytorch.datasets import Digits
from tinytorch.olympics import read_archive, read_rules
from tinytorch.testing import close, fixtures, raises, remote, same, shares_memory, true, unchanged, unit_test

# %% [markdown]
# The images are the digits of modules 08 and 18. One fifth of the training images is set aside to *choose* by. The unseen writers' images are for the end: if you choose by them, you have no images left that tell the truth.

# %%
RULES = read_rules()
LIMITS, EVENTS = RULES["entries"], RULES["events"]
SET_ASIDE = 0.2  # of the training images
EPOCHS, TUNING = 12, 6


@functools.cache
def split():
    """Return the training writers' images and labels twice: to learn from, and to choose by."""
    images, labels = Digits(train=True).arrays()
    cut = round((1 - SET_ASIDE) * len(images))
    return (images[:cut], labels[:cut]), (images[cut:], labels[cut:])


def train(model, epochs, after_step=None):
    """Train with Adam, at a rate that falls to nothing; call `after_step()`, if there is one, after each step."""
    images, labels = split()[0]
    loader = DataLoader(TensorDataset(images[:, None], labels), batch_size=64, shuffle=True)
    optimizer, step = Adam(model.parameters(), lr=0.01), 0
    for _ in range(epochs):
        for inputs, targets in loader:
            optimizer.lr = 0.005 * (1 + math.cos(math.pi * step / (epochs * len(loader))))
            train_step(model, cross_entropy, optimizer, inputs, targets)
            step += 1
            if after_step is not None:
                after_step()
    return model


@functools.cache
def large():
    """Train the net that all recipes begin with, once."""
    manual_seed(0)
    return train(Sequential(Flatten(), Linear(64, 128), ReLU(), Linear(128, 10)), EPOCHS)


# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.olympics`. The course's own judge uses the same module, built from the reference: what you measure here is what the board measures, as long as your framework is right. Once the module is complete, you can ask it about a file, in a terminal:
#
# ```sh
# python -m tinytorch.olympics < entry.npz
# ```
#
# The rules are one file of data, `tinytorch/olympics/rules.yaml`. Three events:

# %%
for name, event in EVENTS.items():
    bounds = [f"{measure} at least {bound}" for measure, bound in event.get("at_least", {}).items()]
    bounds += [f"{measure} at most {bound:,}" for measure, bound in event.get("at_most", {}).items()]
    print(f"{name:>8}: {event['title']}. Ranked by {event['by']}, {event['better']} is better; {', '.join(bounds)}")

# %% [markdown]
# ## Part 1: An entry
#
# How do you hand in a net to somebody who doesn't trust you? Not as code. Not as a pickle either: unpickling *runs* what the file says (`pickle.loads` of the wrong 30 bytes deletes a home folder). An entry is a `.npz` archive, as `np.savez_compressed` writes it, with plain arrays of numbers, and with one line of text that describes the net in words of a fixed vocabulary:
#
# ```
# flatten, linear 64 32, relu, linear 32 10
# ```
#
# The weights have the same names as in your `state_dict()`: `1.weight`, `1.bias`, `3.weight`, `3.bias`. A weight in bytes (module 17) has a `scale` beside it. Everything else follows: with the text and the arrays anybody can build your net with *their* framework, and nothing of yours runs. The next cell is given; read it, since your entries depend on it.


# %%
#| export
VOCABULARY = {  # word: what its numbers mean
    "flatten": (),
    "linear": ("inputs", "outputs"),
    "linear_nobias": ("inputs", "outputs"),
    "conv2d": ("inputs", "outputs", "kernel", "padding"),
    "maxpool": ("kernel",),
    "relu": (),
    "gelu": (),
    "tanh": (),
}
SIMPLE = {"flatten": Flatten, "relu": ReLU, "gelu": GELU, "tanh": Tanh}  # layers without numbers
LARGEST_KERNEL, MOST_DIGITS = 8, 5  # an image has 8 x 8 pixels; no layer of an entry has 100,000 units
IMAGE = (1, 8, 8)  # channels, rows, columns
FLOATS = ("float32", "float16")


def parse_architecture(text):
    """Read the words of an entry: return a list of (word, numbers); raise ValueError for anything else."""
    layers = []
    for place, part in enumerate(text.split(",")):
        word, *numbers = part.split() or [""]
        if word not in VOCABULARY:
            raise ValueError(f"layer {place} is {word[:40]!r}: take one of {', '.join(VOCABULARY)}")
        wanted = VOCABULARY[word]
        if len(numbers) != len(wanted) or not all(n.isdecimal() and len(n) <= MOST_DIGITS for n in numbers):
            raise ValueError(
                f"layer {place}, {part.strip()[:40]!r}, must be {' '.join((word, *wanted))}, whole numbers"
            )
        layers.append((word, tuple(int(n) for n in numbers)))
    return layers


def architecture_of(model):
    """Describe a Sequential in words of the vocabulary; raise ValueError for a layer that has no word."""
    return ", ".join(_word_of(layer) for layer in model.children())


def _word_of(layer):
    """Describe one layer."""
    for word, kind in SIMPLE.items():
        if isinstance(layer, kind):
            return word
    if isinstance(layer, (Linear, QuantizedLinear)):
        return f"linear{'_nobias' if layer.bias is None else ''} {layer.in_features} {layer.out_features}"
    if isinstance(layer, MaxPool2d):
        return f"maxpool {layer.kernel_size}"
    if isinstance(layer, Conv2d) and layer.stride == 1 and layer.bias is not None:
        return f"conv2d {layer.in_channels} {layer.out_channels} {layer.kernel_size[0]} {layer.padding}"
    raise ValueError(f"{layer} has no word in the vocabulary: an entry is made of {', '.join(VOCABULARY)}")


def entry_bytes(model, floats="float32"):
    """Write a Sequential as an entry; return the bytes of the file.

    floats: "float32", or "float16" to store each weight that is a float in two bytes.
    """
    state = {name: tensor.data for name, tensor in model.state_dict().items()}
    arrays = {name: array if array.dtype == np.int8 else array.astype(floats) for name, array in state.items()}
    text = np.frombuffer(architecture_of(model).encode("ascii"), dtype="uint8")
    file = io.BytesIO()
    np.savez_compressed(file, architecture=text, **arrays)
    return file.getvalue()


# %%
manual_seed(0)
small = Sequential(Flatten(), Linear(64, 32), ReLU(), Linear(32, 10))
entry = entry_bytes(small)
print(f"{architecture_of(small)}: {len(entry):,} bytes")
text, arrays = read_archive(entry, LIMITS)
for name, array in arrays.items():
    print(f"{name:>8}: {array.dtype} {array.shape}, {array.nbytes:,} bytes")

# %% [markdown]
# `read_archive` unpacks a file with distrust: it looks at what the file *claims* before it reads, and reads no more than the rules allow. Here are some files that people really send. None of them needs to be evil; most are accidents.


# %%
def with_arrays(**arrays):
    """Write any arrays as a .npz file; return its bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


ACCIDENTS = {
    "a picture": b"\x89PNG, and so on",
    "only half of it arrived": entry[: len(entry) // 2],
    "16 MB of zeros, small as a file": with_arrays(zeros=np.zeros(2_000_000)),
    "objects, which would be unpickled": with_arrays(architecture=np.array([{"layers": 3}])),
    "without its description": with_arrays(weight=np.ones((10, 64), dtype="float32")),
}
for what, content in ACCIDENTS.items():
    try:
        read_archive(content, LIMITS)
        print(f"{what}: taken")
    except ValueError as error:
        print(f"{what}: {error}")

# %% [markdown]
# That leaves the question whether the arrays are the ones that the text asks for. `wanted_arrays` computes what it asks for:


# %%
#| export
def wanted_arrays(layers, arrays):
    """Say which arrays a net needs: return name -> (shape, kinds of numbers that are allowed).

    A linear layer's weight may be stored in bytes; it then needs a scale for each row.
    """
    wanted = {}
    for place, (word, numbers) in enumerate(layers):
        if word not in ("linear", "linear_nobias", "conv2d"):
            continue
        inputs, outputs, *kernel = numbers
        name = f"{place}.weight"
        shape = (outputs, inputs, kernel[0], kernel[0]) if kernel else (outputs, inputs)
        wanted[name] = shape, FLOATS if kernel else (*FLOATS, "int8")
        if not kernel and name in arrays and arrays[name].dtype == np.int8:
            wanted[f"{place}.scale"] = (outputs, 1), FLOATS
        if word != "linear_nobias":
            wanted[f"{place}.bias"] = (outputs,), FLOATS
    return wanted


# %%
for name, (shape, kinds) in wanted_arrays(parse_architecture(text), arrays).items():
    print(f"{name:>8}: {shape}, {' or '.join(kinds)}")

# %% [markdown]
# A judge doesn't stop at the first fault: whoever has three wants to know all three. So the answer is a dictionary: one word for each array that's wrong, and nothing for those that are right. Five things can be wrong, in the order in which you ask:
#
# | word | what is wrong |
# | --- | --- |
# | `"missing"` | the net needs it, and it isn't there |
# | `"unknown"` | it's there, and the net doesn't need it |
# | `"kind"` | its numbers are of a kind that isn't allowed |
# | `"shape"` | it has a different shape |
# | `"not finite"` | one of its numbers is NaN or infinite |
#
# What nobody asked for must not come along. An array called `accuracy` with the number 0.999 in it does no harm as long as nobody reads it; but an honest file has no use for it, and a judge that shrugs at one unknown array will shrug at a misspelled one.
#
# Compare shapes, not sizes: a column of 10 numbers has as many numbers as a row of 10, and gives a net that nobody described. And ask for finite numbers in words: NaN is not larger than any bound, so a comparison with a bound overlooks it.


# %% nbgrader={"grade_id": "validate_entry", "solution": true}
#| export
def validate_entry(wanted, arrays):
    """Compare the arrays of an entry with those that its net needs.

    Args:
        wanted: name -> (shape, kinds), as wanted_arrays gives it; kinds are names of dtypes.
        arrays: name -> array.

    Returns:
        A dict: name -> "missing", "unknown", "kind", "shape" or "not finite", for each name that is wrong; the first
        of them that is true. An empty dict if all is right.

    TODO: names first, both ways; then look at each array.

    APPROACH:
    1. Names that are wanted and not there are "missing".
    2. Go through the arrays. One that isn't wanted is "unknown".
    3. Of the others look at the kind, then at the shape, then whether all numbers are finite.

    EXAMPLE:
    >>> wanted = {"1.weight": ((2, 3), ("float32",)), "1.bias": ((2,), ("float32",))}
    >>> validate_entry(wanted, {"1.weight": np.zeros((3, 2), dtype="float32")})
    {'1.bias': 'missing', '1.weight': 'shape'}

    HINT: `array.dtype.name` is a word such as "float32"; `np.isfinite` gives True or False for each number.
    """
    ### BEGIN SOLUTION
    faults = {name: "missing" for name in wanted if name not in arrays}
    for name, array in arrays.items():
        if name not in wanted:
            faults[name] = "unknown"
            continue
        shape, kinds = wanted[name]
        if array.dtype.name not in kinds:
            faults[name] = "kind"
        elif array.shape != tuple(shape):
            faults[name] = "shape"
        elif not np.isfinite(array).all():
            faults[name] = "not finite"
    return faults
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: validate_entry

# %% nbgrader={"grade_id": "test_validate_entry", "grade": true}
test = unit_test("validate_entry")
two = {"1.weight": ((10, 4), ("float32", "int8")), "1.bias": ((10,), ("float32",))}


def arrays_for_two():
    return {
        "1.weight": test.rng.normal(size=(10, 4)).astype("float32"),
        "1.bias": test.rng.normal(size=10).astype("float32"),
    }


@test.check("a row and a column are two shapes, and what is right isn't named", points=2)
def _():
    same(validate_entry(two, arrays_for_two()), {})
    same(validate_entry(two, arrays_for_two() | {"1.bias": np.ones((10, 1), dtype="float32")}), {"1.bias": "shape"})


@test.check("a number that is none, and an array that nobody asked for", points=3)
def _():
    bias = np.ones(10, dtype="float32")
    bias[3] = np.nan
    found = validate_entry(two, arrays_for_two() | {"1.bias": bias, "accuracy": np.ones(1, dtype="float32")})
    same(found, {"1.bias": "not finite", "accuracy": "unknown"})


### BEGIN HIDDEN TESTS
@test.check("all faults are named at once, those of missing arrays, too", points=3, hidden=True)
def _():
    found = validate_entry(two | {"3.weight": ((2, 2), ("float32",))}, {"1.bias": np.zeros(10, dtype="float64")})
    same(found, {"1.weight": "missing", "1.bias": "kind", "3.weight": "missing"})


@test.check("infinity on both sides, anywhere in a large array", points=3, hidden=True)
def _():
    for value in (np.inf, -np.inf, np.nan):
        weight = test.rng.normal(size=(10, 4)).astype("float32")
        weight[int(test.rng.integers(10)), int(test.rng.integers(4))] = value
        same(validate_entry(two, arrays_for_two() | {"1.weight": weight}), {"1.weight": "not finite"})


@test.check("each array has its own kinds; the first fault of an array is the one that is told", points=3, hidden=True)
def _():
    same(validate_entry(two, arrays_for_two() | {"1.weight": np.ones((10, 4), dtype="int8")}), {})
    same(validate_entry(two, arrays_for_two() | {"1.bias": np.ones(10, dtype="int8")}), {"1.bias": "kind"})
    both = {"1.weight": np.full((4, 10), np.nan), "1.bias": np.full((5,), np.inf, dtype="float32")}
    same(validate_entry(two, both), {"1.weight": "kind", "1.bias": "shape"})


@test.check("the arrays stay as they are", points=1, hidden=True)
def _():
    bias = remote(np.array([1.0, np.nan, 2.0]))
    with unchanged(bias):
        same(validate_entry({"b": ((3,), ("float64",))}, {"b": bias}), {"b": "not finite"})


### END HIDDEN TESTS
test.report()

# %% [markdown]
# An entry of the large net, in floats and in bytes, and one that somebody changed by hand:

# %%
layers = parse_architecture("flatten, linear 64 128, relu, linear 128 10")
for what, model in (("in floats", large()), ("in bytes", quantize_model(large()))):
    _, arrays = read_archive(entry_bytes(model), LIMITS)
    print(f"{what}: {len(entry_bytes(model)):,} bytes, faults: {validate_entry(wanted_arrays(layers, arrays), arrays)}")
arrays["1.weight"] = arrays["1.weight"].astype("float32")
print("by hand:", validate_entry(wanted_arrays(layers, arrays), arrays))

# %% [markdown]
# **Predict, then run**: in the last line, a weight in bytes was made a float, and nothing else was changed. Which array is now wrong, and why is it not the weight?
#
# <details><summary>Answer</summary>
#
# `1.scale` is unknown. The weight itself is fine: floats of the right shape. Only a weight in bytes has a scale beside it, so now nobody asks for it. The net would run, with weights from -127 to 127. That's why what nobody asked for is refused.
# </details>

# %% [markdown]
# ### What it costs (given)
#
# Two ways to know what a net costs. *On paper*: follow the shapes through the layers, and count. That works before a single number is allocated, so a judge does it first: the text `linear 99999 99999` is short, and the array isn't. *By the recorder*: run one image, and add up what your tape sees (module 15). They must agree.


# %%
#| export
class Cost(NamedTuple):
    """What a layer gives for one image, and the multiplications that it takes."""

    shape: tuple
    multiplications: int


def costs_on_paper(layers):
    """Follow one image through the layers: return a Cost for each; raise ValueError where a layer doesn't fit."""
    costs, shape = [], IMAGE
    for place, (word, numbers) in enumerate(layers):
        try:
            cost = _cost_of_layer(word, numbers, shape)
        except ValueError as error:
            raise ValueError(f"layer {place}, {' '.join(map(str, (word, *numbers)))!r}: {error}") from None
        costs.append(cost)
        shape = cost.shape
    if len(shape) != 1 or shape[0] != 10:
        raise ValueError(f"the net ends with the shape {shape} for an image, ten scores are needed")
    return costs


def _cost_of_layer(word, numbers, shape):
    """Return what a layer makes of a shape, and its multiplications."""
    if word == "flatten":
        return Cost((math.prod(shape),), 0)
    if word.startswith("linear"):
        if min(numbers) < 1 or shape != (numbers[0],):
            raise ValueError(f"it gets the shape {shape}")
        return Cost((numbers[1],), numbers[0] * numbers[1])
    if word in SIMPLE:
        return Cost(shape, 0)
    if len(shape) != 3:
        raise ValueError(f"it needs channels, rows and columns, and gets the shape {shape}")
    return _cost_of_pool(numbers[0], shape) if word == "maxpool" else _cost_of_convolution(numbers, shape)


def _cost_of_pool(kernel, shape):
    channels, rows, columns = shape
    if kernel < 1 or rows % kernel or columns % kernel:
        raise ValueError(f"windows of {kernel} don't fill {rows} x {columns}")
    return Cost((channels, rows // kernel, columns // kernel), 0)


def _cost_of_convolution(numbers, shape):
    inputs, outputs, kernel, padding = numbers
    if inputs != shape[0] or outputs < 1 or not 1 <= kernel <= LARGEST_KERNEL or padding >= kernel:
        raise ValueError(
            f"it gets the shape {shape}; kernels have 1 to {LARGEST_KERNEL} rows, and padding is less than that"
        )
    if min(shape[1:]) + 2 * padding < kernel:
        raise ValueError(f"a kernel of {kernel} is larger than the image")
    sizes = [conv_output_size(size, kernel, 1, padding) for size in shape[1:]]
    macs = conv2d_macs((1, *shape), (outputs, inputs, kernel, kernel), 1, padding)
    return Cost((outputs, *sizes), macs)


def build(layers, arrays):
    """Build the net of an entry that was validated, as a Sequential of float32."""
    model = Sequential(*[_layer_of(word, numbers) for word, numbers in layers])
    for place, layer in enumerate(model.children()):
        weight = arrays.get(f"{place}.weight")
        if weight is None:
            continue
        scale = arrays.get(f"{place}.scale")
        layer.weight.data = (dequantize(weight, scale) if weight.dtype == np.int8 else weight).astype("float32")
        if layer.bias is not None:
            layer.bias.data = arrays[f"{place}.bias"].astype("float32")
    return model


def _layer_of(word, numbers):
    """Make one layer."""
    if word in SIMPLE:
        return SIMPLE[word]()
    if word == "maxpool":
        return MaxPool2d(*numbers)
    if word == "conv2d":
        return Conv2d(*numbers[:3], padding=numbers[3])
    return Linear(*numbers, bias=word == "linear")


# %%
#| export
BATCH = 100  # images at a time: bounds the memory of a measurement


def _work_of(model, image):
    """Run a model once; count (multiplications, bytes touched), as the recorder sees them."""
    counts, before = Counter(), RECORDER.record

    def watch(call, out):
        if call.operation in ("matmul", "conv2d"):
            counts["multiplications"] += flops_of_call(call) // 2  # the other half are additions
        if call.operation not in MOVES:
            counts["bytes"] += bytes_of_call(call)

    set_recorder(watch, RECORDER.backward)
    try:
        with as_built():  # whatever computes faster just now makes one operation of several
            model(image)
    finally:
        set_recorder(before, RECORDER.backward)
    return counts["multiplications"], counts["bytes"]


def _share_right(model, images, labels):
    """Return the share of images (n, 8, 8) that a model reads right; raise FloatingPointError if scores are not numbers."""
    right = 0
    for start in range(0, len(images), BATCH):
        batch = np.asarray(images[start : start + BATCH], dtype="float32").reshape(-1, *IMAGE)
        with no_grad():
            scores = model(Tensor(batch)).data
        if not np.isfinite(scores).all():
            raise FloatingPointError("the net's scores are not all finite numbers: its weights are too large")
        right += int((scores.argmax(axis=1) == labels[start : start + BATCH]).sum())
    return right / len(images)


def measures_of(model, stored_bytes, images, labels):
    """Measure a net: a dict of accuracy, stored_bytes, multiplications, touched_bytes and work."""
    multiplications, touched = _work_of(model, Tensor(np.zeros((1, *IMAGE), dtype="float32")))
    return {
        "accuracy": _share_right(model, images, labels),
        "stored_bytes": stored_bytes,
        "multiplications": multiplications,
        "touched_bytes": touched,
        "work": multiplications + touched,
    }


# %%
def measured(model, images_and_labels=None):
    """Measure a model as its entry will be measured: written, read, built again; by default on the images set aside."""
    content = entry_bytes(model)
    text, arrays = read_archive(content, LIMITS)
    return measures_of(build(parse_architecture(text), arrays), len(content), *(images_and_labels or split()[1]))


manual_seed(0)
CONVOLUTIONS = Sequential(
    Conv2d(1, 4, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(4, 8, 3, padding=1), ReLU(), MaxPool2d(2), Flatten(), Linear(32, 10)
)  # fmt: skip
for name, model in (("units", large()), ("convolutions, untrained", CONVOLUTIONS)):
    paper = costs_on_paper(parse_architecture(architecture_of(model)))
    print(name, measured(model))
    print("    on paper:", sum(cost.multiplications for cost in paper), "multiplications")

# %% [markdown]
# Why bytes *touched*, beside multiplications? In module 15 you drew the roof of your machine: below some number of operations for each byte, it's memory that decides. A net that reads one image touches each weight once for one multiplication. That's far to the left under any roof. The rules say that a byte counts as one multiplication. A rule is not a law of nature; yours is the knee of your own roofline, and you may compare.

# %% [markdown]
# ## Part 2: Rules as data
#
# An event is a dictionary, as the rules' file has it:
#
# ```python
# {"by": "stored_bytes", "better": "lower", "at_least": {"accuracy": 0.95}}
# ```
#
# Why data, and not a function for each event? Because next year's rules are another file. Because what's in the file is exactly what is judged, so it can be printed above the board. And because data has no `if name == "ada"` in it.
#
# The score is one number; larger is better in every event, so that the board sorts them all alike. Where lower is better, the score is minus the measure. If you break a rule, you get minus infinity, and the names of what was broken.
#
# Three traps. A limit may be reached: 65,536 bytes are "at most 65,536". A measure that wasn't taken keeps no rule. And a net that computes NaN has an accuracy of NaN if somebody isn't careful. Is NaN below the limit of 0.95? NaN < 0.95 is false; and so is `NaN >= 0.95`. So ask whether a rule is *kept*, never whether it's broken. (With `float("nan")` for what wasn't measured, two of the traps are one.)
#
# By hand, for the event above: 4,000 bytes and 96 % have the score -4000.0; 3,000 bytes and 94 % have minus infinity, and `accuracy` was broken.


# %% nbgrader={"grade_id": "score", "solution": true}
#| export
def score(measured, event):
    """Score an entry in one event.

    Args:
        measured: name of a measure -> number.
        event: {"by": a measure that was taken, "better": "higher" or "lower"}, and perhaps "at_least" and "at_most", each a dict
            measure -> bound. Other keys are for people.

    Returns:
        (score, broken): a float, larger is better, and the list of measures whose rules aren't kept: those of at_least
        first, each in the order of the event. If there are any, the score is -inf.

    Raises:
        ValueError: "better" is another word, which the message shows.

    TODO: which rules aren't kept? Then the sign.

    APPROACH:
    1. A word that the rules don't know is a typo in the rules: refuse it, before anything else.
    2. List what doesn't keep at_least, then what doesn't keep at_most. What wasn't measured counts as NaN.
    3. If the list isn't empty, the score is -inf.
    4. Otherwise the measure named by "by" is the score, or minus that.

    EXAMPLE:
    >>> score({"accuracy": 0.96, "stored_bytes": 4000}, {"by": "stored_bytes", "better": "lower", "at_least": {"accuracy": 0.95}})
    (-4000.0, [])

    HINT: `event.get("at_most", {})` is empty if there's no such key; `measured.get(name, float("nan"))`; `float("-inf")`.
    """
    ### BEGIN SOLUTION
    if event["better"] not in ("higher", "lower"):
        raise ValueError(f"better is 'higher' or 'lower', the rules say {event['better']!r}")
    nothing = float("nan")
    broken = [name for name, bound in event.get("at_least", {}).items() if not measured.get(name, nothing) >= bound]
    broken += [name for name, bound in event.get("at_most", {}).items() if not measured.get(name, nothing) <= bound]
    if broken:
        return float("-inf"), broken
    value = float(measured[event["by"]])
    return (value if event["better"] == "higher" else -value), broken
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: score

# %% nbgrader={"grade_id": "test_score", "grade": true}
test = unit_test("score")
smallest = {"by": "stored_bytes", "better": "lower", "at_least": {"accuracy": 0.95}}
most_right = {"title": "in 64 KB", "by": "accuracy", "better": "higher", "at_most": {"stored_bytes": 65536}}


@test.check("by hand: 4,000 bytes and 96 %; exactly 65,536 bytes are allowed", points=4)
def _():
    close(score({"accuracy": 0.96, "stored_bytes": 4000}, smallest), (-4000.0, []))
    close(score({"accuracy": 0.97, "stored_bytes": 65536}, most_right), (0.97, []))


@test.check("an accuracy of NaN doesn't keep the rule, and a typo in the rules is refused", points=3)
def _():
    close(score({"accuracy": float("nan"), "stored_bytes": 4000}, smallest), (float("-inf"), ["accuracy"]))
    raises(ValueError, score, {"accuracy": 0.99, "stored_bytes": 10}, smallest | {"better": "lowest"}, says="lowest")


### BEGIN HIDDEN TESTS
@test.check("random measures under random bounds", points=5, hidden=True)
def _():
    for _ in range(12):
        values = {name: float(test.rng.integers(0, 4)) for name in "abcd"}
        least = {name: float(test.rng.integers(0, 3)) for name in "ba"}
        most = {name: float(test.rng.integers(1, 5)) for name in "cd"}
        better = str(test.rng.choice(["higher", "lower"]))
        broken = [n for n in least if values[n] < least[n]] + [n for n in most if values[n] > most[n]]
        value = float("-inf") if broken else values["a"] * (1 if better == "higher" else -1)
        event = {"by": "a", "better": better, "at_least": least, "at_most": most}
        close(score(values, event), (value, broken))


@test.check("an event without bounds; bounds of one kind only", points=3, hidden=True)
def _():
    close(score({"work": 12}, {"by": "work", "better": "lower"}), (-12.0, []))
    close(score({"work": 12}, {"by": "work", "better": "higher", "at_most": {"work": 11}}), (float("-inf"), ["work"]))
    close(score({"work": 12}, {"by": "work", "better": "higher", "at_least": {"work": 12}}), (12.0, []))


@test.check("what wasn't measured keeps no rule, on either side", points=3, hidden=True)
def _():
    close(score({"stored_bytes": 10}, smallest), (float("-inf"), ["accuracy"]))
    close(score({"accuracy": 1.0}, most_right), (float("-inf"), ["stored_bytes"]))
    close(score({"accuracy": 1.0, "stored_bytes": float("nan")}, most_right), (float("-inf"), ["stored_bytes"]))


@test.check("a typo is refused whatever the entry is like; scores are plain floats", points=2, hidden=True)
def _():
    raises(ValueError, score, {"accuracy": 0.1}, smallest | {"better": "Higher"}, says="Higher")
    true(isinstance(score({"work": 3}, {"by": "work", "better": "higher"})[0], float), "the score is a float")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Four nets at the start line: the large one, the same in bytes, and two that were small from the beginning.


# %%
@functools.cache
def from_scratch(units, epochs=EPOCHS + 2 * TUNING):
    """Train a small net from the beginning: the rival of every recipe."""
    manual_seed(0)
    return train(Sequential(Flatten(), Linear(64, units), ReLU(), Linear(units, 10)), epochs)


def table(entrants):
    """Print measures and scores of nets."""
    for name, model in entrants.items():
        found = measured(model)
        scores = {event: score(found, rules) for event, rules in EVENTS.items()}
        told = "  ".join(
            f"{event} {'broken: ' + ', '.join(b) if b else f'{s:,.3f}':>17}" for event, (s, b) in scores.items()
        )
        print(f"{name:>20}: {found['accuracy']:.1%} of those set aside, {found['stored_bytes']:6,} bytes  {told}")


table(
    {
        "large": large(),
        "large in bytes": quantize_model(large()),
        "32 from scratch": from_scratch(32),
        "8 from scratch": from_scratch(8),
    }
)

# %% [markdown]
# **Checkpoint**: two entries have the same score. Who wins?
#
# <details><summary>Answer</summary>
#
# Nothing in the rules says so, and that is an answer, too: they share the place. Whoever wants another answer adds a key to the data. What must not happen is that the order in which the files arrived decides without anybody having said so.
# </details>

# %% [markdown]
# ## Part 3: A recipe
#
# What leads from the large net to a small one is a **recipe**: a list of steps, each with an amount.
#
# ```python
# [("drop", 32), ("tune", 6), ("prune", 0.5), ("tune", 6), ("quantize", 8)]
# ```
#
# The order is an argument, in both senses. It's data that you hand over; and it's a claim that you must defend: coarse before fine, and bytes last, since no gradient comes back through them.
#
# A recipe must be repeatable. Somebody who has your list, your net and your seed must get your bytes. Steps draw random numbers (`tune` shuffles), so they need a seed. But where does it go? With one seed at the beginning, leaving a step out changes what all later ones draw: tuning shuffles differently, the result differs by a few tenths of a percent, and you can't tell what the step was good for from what the dice did. So *each step starts from a seed of its own*, made of the recipe's seed, of the step's name, and of how many steps of that name came before.


# %%
#| export
def seed_of(seed, name, before):
    """Return the seed of a step: the same for this seed, name and count of earlier steps of that name, whatever else is done."""
    return int.from_bytes(f"{seed} {name} {before}".encode(), "big")


# %%
print("the first tuning under seed 0: ", seed_of(0, "tune", 0))
print("the second tuning under seed 0:", seed_of(0, "tune", 1))

# %% [markdown]
# Steps may change the model that they get, or return another one: pruning does the first, dropping units the second. Your function must be right for both. It gives the model as it stood after *each* step, so that you can look at what each has done. Two traps lie here: whoever handed the model in wants it back as it was; and if a step changes its model in place, then without copies the result is a list that holds the same model n times. Copies must go all the way down: `copy.copy` of a net is another net with the *same* weights in it.
#
# Look for unknown names before the first step, and name them all: a recipe that breaks off at its last step has cost you ten minutes.


# %% nbgrader={"grade_id": "recipe", "solution": true}
#| export
def recipe(model, order, steps, seed=0):
    """Follow a recipe; return the model after each step.

    Args:
        model: what to begin with; it stays as it is.
        order: a list of (name, amount).
        steps: name -> step; step(model, amount) returns a model, which may be the one given, changed.
        seed: the recipe's seed. Each step begins under manual_seed(seed_of(seed, name, before)), where `before` is how
            many steps of the same name came before it.

    Returns:
        A list of len(order) + 1 models: a copy of the one given, and what each step returned. None of them changes when
        another one does.

    Raises:
        ValueError: names in order that steps doesn't have, all of them in the message; before any step is called.

    TODO: refuse unknown names; then step by step, each from a copy and under its own seed.

    APPROACH:
    1. Collect the unknown names, and refuse them.
    2. Begin the list with a deep copy of the model.
    3. For each step: seed, call it with a deep copy of the last model in the list, and append what it returns.
    4. Count the steps of each name as you go.

    EXAMPLE:
    >>> recipe([1, 2], [("double", None), ("add", 5)], steps)       # with steps that work on lists
    [[1, 2], [2, 4], [7, 9]]

    HINT: `copy.deepcopy(model)`; a `Counter()` gives 0 for names that it hasn't seen, and `done[name] += 1` counts.
    """
    ### BEGIN SOLUTION
    unknown = [name for name, _ in order if name not in steps]
    if unknown:
        raise ValueError(f"there are no steps {unknown}: take some of {list(steps)}")
    stages = [copy.deepcopy(model)]
    done = Counter()
    for name, amount in order:
        manual_seed(seed_of(seed, name, done[name]))
        stages.append(steps[name](copy.deepcopy(stages[-1]), amount))
        done[name] += 1
    return stages
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: recipe

# %% nbgrader={"grade_id": "test_recipe", "grade": true}
test = unit_test("recipe")


def drawn(seed, name, before):
    words = int.from_bytes(f"{seed} {name} {before}".encode(), "big")
    return round(float(type(test.rng)(type(test.rng.bit_generator)(words)).random()), 6)


@test.check("steps that change a list in place and steps that make another one, by hand", points=4)
def _():
    kitchen = fixtures.recipe_steps()
    stages = recipe([1.0, 2.0], [("add", 5.0), ("times", 2.0), ("copy", 9.0)], kitchen.steps)
    same(stages, [[1.0, 2.0], [6.0, 7.0], [12.0, 14.0], [12.0, 14.0, 9.0]])


@test.check("a step draws the same whether an earlier step was left out or not", points=3)
def _():
    kitchen = fixtures.recipe_steps()
    same(recipe([], [("draw", 1.0)], kitchen.steps, 7), [[], [drawn(7, "draw", 0)]])
    between = recipe([], [("copy", 0.5), ("draw", 1.0)], kitchen.steps, 7)
    same(between[2], [0.5, drawn(7, "draw", 0)])


@test.check(
    "neither the model that was given nor what lies in it changes; unknown names are refused before the first step",
    points=3,
)
def _():
    kitchen, given = fixtures.recipe_steps(), remote(np.array([1.0, 2.0]))
    with unchanged(given):
        stages = recipe(given, [("times", 3.0)], kitchen.steps)
    true(not shares_memory(stages[0], given), "the list has a copy, not the model that was given")
    same(recipe([[1.0, 2.0]], [("inside", 3.0)], kitchen.steps), [[[1.0, 2.0]], [[3.0, 6.0]]])
    raises(ValueError, recipe, [1.0], [("add", 1.0), ("adds", 1.0), ("tines", 2.0)], kitchen.steps, says="tines")
    same(list(kitchen.calls), ["times", "inside"])


### BEGIN HIDDEN TESTS
@test.check("random recipes of steps that draw: each has its own seed, by name and count", points=6, hidden=True)
def _():
    kitchen = fixtures.recipe_steps()
    for _ in range(4):
        seed, count = int(test.rng.integers(1000)), int(test.rng.integers(2, 6))
        stages = recipe([], [("draw", 1.0)] * count, kitchen.steps, seed)
        same(stages[-1], [drawn(seed, "draw", before) for before in range(count)])
        same(stages, [stages[-1][:n] for n in range(count + 1)])


@test.check("steps of other names don't count; the default seed is 0", points=4, hidden=True)
def _():
    kitchen = fixtures.recipe_steps()
    order = [("draw", 1.0), ("add", 0.0), ("copy", 4.0), ("draw", 1.0)]
    same(recipe([], order, kitchen.steps)[-1], [drawn(0, "draw", 0), 4.0, drawn(0, "draw", 1)])


@test.check("no model of the list changes when another one does, and none is the one given", points=4, hidden=True)
def _():
    kitchen = fixtures.recipe_steps()
    for order in ([("add", 1.0), ("add", 1.0), ("times", 10.0)], [("times", 2.0), ("copy", 3.0), ("add", 1.0)]):
        stages = recipe([1.0], order, kitchen.steps)
        expected, now = [[1.0]], [1.0]
        for name, amount in order:
            now = {"add": [n + amount for n in now], "times": [n * amount for n in now], "copy": [*now, amount]}[name]
            expected.append(now)
        same(stages, expected)


@test.check("a recipe without steps gives a copy; the steps are called in order, once each", points=3, hidden=True)
def _():
    kitchen = fixtures.recipe_steps()
    same(recipe([3.0], [], kitchen.steps), [[3.0]])
    recipe([1.0], [("times", 2.0), ("add", 1.0), ("times", 2.0)], kitchen.steps, 5)
    same(list(kitchen.calls), ["times", "add", "times"])


@test.check("all unknown names are told, and what a step raises comes through", points=3, hidden=True)
def _():
    kitchen = fixtures.recipe_steps()
    for word in ("first", "second"):
        raises(ValueError, recipe, [1.0], [("first", 1), ("add", 1.0), ("second", 1)], kitchen.steps, says=word)
    raises(RuntimeError, recipe, [1.0], [("add", 1.0), ("fail", 3)], kitchen.steps, says="3")
    same(list(kitchen.calls), ["add", "fail"])
    same(recipe([1.0], [("add", 1.0)], kitchen.steps)[-1], [2.0])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The steps for digits. Each is a few lines around what you built in modules 17 and 18. `tune` keeps zeros at zero, since a new `Pruner` takes its masks from the weights as they are.


# %%
def drop(model, keep):
    """Keep this many hidden units."""
    first, second = drop_units(model[1], model[3], keep)
    return Sequential(Flatten(), first, ReLU(), second)


def low_rank(model, rank):
    """Write the first layer as two thin ones."""
    return Sequential(Flatten(), *low_rank_factors(model[1], rank), ReLU(), model[3])


def prune(model, sparsity):
    """Set this share of the weights to 0."""
    Pruner(model).prune(sparsity)
    return model


def tune(model, epochs):
    """Train on; what is 0 stays 0."""
    return train(model, epochs, after_step=Pruner(model).apply)


STEPS = {"drop": drop, "low rank": low_rank, "prune": prune, "tune": tune, "quantize": quantize_model}
ORDER = (("drop", 32), ("tune", TUNING), ("prune", 0.5), ("tune", TUNING), ("quantize", 8))


@functools.cache
def cooked(order, seed=0):
    """Follow a recipe from the large net, once; return the measures after each step."""
    return [measured(stage) for stage in recipe(large(), list(order), STEPS, seed)]


labels = ["large", *(f"{name} {amount}" for name, amount in ORDER)]
for label, found in zip(labels, cooked(ORDER), strict=True):
    print(f"{label:>12}: {found['stored_bytes']:6,} bytes, {found['accuracy']:.1%}, work {found['work']:,}")
viz.waterfall(
    labels, [found["stored_bytes"] for found in cooked(ORDER)], "Bytes, step by step", ylabel="bytes of the entry"
)

# %% [markdown]
# **What's happening**
# 1. The first bar is the large net's entry, the last one what is left; between them is what each step took away (or gave: a bar with a plus).
# 2. Dropping units gives most of the bytes, since it takes rows *and* columns. What comes first in a waterfall has the most to take: that's a reason not to trust it too far.
# 3. Pruning removes no number, and still the file gets smaller: the archive is compressed, and many zeros compress well. Tuning leaves them where they are, so it hardly changes the bytes.
# 4. Bytes for weights come last. By then half the file isn't weights any more, as the next cell shows: it's biases, scales, and what an archive needs to describe seven arrays.

# %%
same_again = recipe(large(), list(ORDER), STEPS)
other_seed = recipe(large(), list(ORDER), STEPS, seed=1)
print(
    "the same seed, the same bytes:",
    entry_bytes(same_again[-1]) == entry_bytes(recipe(large(), list(ORDER), STEPS)[-1]),
)
print(f"seeds 0 and 1: {measured(same_again[-1])['accuracy']:.2%} and {measured(other_seed[-1])['accuracy']:.2%}")
content = entry_bytes(same_again[-1])
packed = {member.filename: member.compress_size for member in zipfile.ZipFile(io.BytesIO(content)).infolist()}
print(
    f"of {len(content):,} bytes the weights take {packed['1.weight.npy'] + packed['3.weight.npy']:,}; array by array: {packed}"
)

# %% [markdown]
# **Predict, then run**: quantise first, then tune. What happens?


# %%
try:
    recipe(large(), [("quantize", 8), ("tune", 1)], STEPS)
except Exception as error:  # whatever it is, we want to see it
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# An error, and a good one: weights in bytes aren't parameters any more, so nothing is left that could be tuned. (Module 17 has a way to train under rounding, `fake_quantize`.) The dangerous orders are those that raise nothing. Prune first and drop units afterwards: the zeros lie in units that go anyway, and the sparsity that you paid for is lost.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: Han, Mao and Dally (2015, arXiv 1510.00149) put pruning, shared weights and a Huffman code into one recipe, in this order, and called it Deep Compression. An entry's archive is compressed by a Huffman code, too (that's what "deflate" does, after looking for repetitions), so your recipe has the same three parts.

# %% [markdown]
# ## Part 4: What was each step good for?
#
# The waterfall answers that for one order: the first step has the most to take. A fairer question is: what would be missing *without* this step? Leave out one step, keep all others, run the recipe again, and compare. That's an **ablation**, a word from surgery, and no paper on models is complete without its table.
#
# By hand: with all steps a recipe reaches 95 % and 2,000 bytes; without the second tuning, 93 % and 2,000 bytes. So that tuning gave 2 points and no byte. With all steps minus without this one, in this order: what's positive was added by the step.
#
# A step may stand in a recipe twice, so leave out a place, not a name: two tunings of six epochs are equal as data, and each has its own row.
#
# This exercise has no list of steps. Decide first how often `run` must be called for n steps. (A recipe can take ten minutes.)


# %% nbgrader={"grade_id": "ablation", "solution": true}
#| export
def ablation(order, run):
    """Say what each step of a recipe gave: all steps, compared with all but one.

    Args:
        order: a list of steps; it stays as it is.
        run: run(order) gives a dict: measure -> number. It is called once for all steps, and once for each step left out.

    Returns:
        A list, one dict for each place of order: measure -> what it is with all steps, minus what it is without this one.

    TODO: the whole once; then for each place the rest.

    EXAMPLE:
    >>> ablation([("drop", 32), ("tune", 6)], lambda order: {"steps": len(order), "epochs": sum(n for s, n in order if s == "tune")})
    [{'steps': 1, 'epochs': 0}, {'steps': 1, 'epochs': 6}]

    HINT: `order[:2] + order[3:]` is all but the place 2.
    """
    ### BEGIN SOLUTION
    whole, gave = run(order), []
    for place in range(len(order)):
        without = run(order[:place] + order[place + 1 :])
        gave.append({measure: whole[measure] - without[measure] for measure in whole})
    return gave
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: ablation

# %% nbgrader={"grade_id": "test_ablation", "grade": true}
test = unit_test("ablation")


def points_of(order):
    return float(sum(place * amount for place, (_, amount) in enumerate(order, start=1)))


@test.check("two steps by hand, with all minus without one", points=4)
def _():
    # all: 1 * 10 + 2 * 3 = 16 points; without the first: 1 * 3; without the second: 1 * 10
    kitchen = fixtures.recipe_run()
    close(
        ablation([("drop", 10.0), ("tune", 3.0)], kitchen.run),
        [{"points": 13.0, "steps": 1}, {"points": 6.0, "steps": 1}],
    )


@test.check("a step that stands there twice is left out once", points=4)
def _():
    kitchen = fixtures.recipe_run()
    found = ablation([("tune", 6.0), ("prune", 1.0), ("tune", 6.0)], kitchen.run)
    close([row["steps"] for row in found], [1, 1, 1])
    close([row["points"] for row in found], [13.0, 8.0, 18.0])


### BEGIN HIDDEN TESTS
@test.check("recipes of any length", points=7, hidden=True)
def _():
    for count in (1, 3, 6):
        order = [(f"step {n % 2}", float(test.rng.integers(1, 5))) for n in range(count)]
        found = ablation(order, fixtures.recipe_run().run)
        rests = [order[:n] + order[n + 1 :] for n in range(count)]
        close(found, [{"points": points_of(order) - points_of(rest), "steps": 1} for rest in rests])


@test.check("the recipe is run once for all steps and once for each step left out", points=5, hidden=True)
def _():
    kitchen = fixtures.recipe_run()
    order = [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    close([row["points"] for row in ablation(order, kitchen.run)], [6.0, 7.0, 9.0])
    given = sorted([list(map(tuple, row)) for row in kitchen.orders])
    same(len(given), 4)
    same(given, sorted([order, order[1:], [order[0], order[2]], order[:2]]))


@test.check("every step that is left out is missing in its own run only", points=3, hidden=True)
def _():
    kitchen = fixtures.recipe_run()
    order = [("x", 4.0)] * 4
    close([row["points"] for row in ablation(order, kitchen.run)], [16.0] * 4)
    same(sorted(len(row) for row in kitchen.orders), [3, 3, 3, 3, 4])


@test.check("no steps, no rows", points=2, hidden=True)
def _():
    same(ablation([], fixtures.recipe_run().run), [])
    close(ablation([("a", 2.0)], fixtures.recipe_run().run), [{"points": 2.0, "steps": 1}])


### END HIDDEN TESTS
test.report()


# %%
def last_of(order):
    """Return what a recipe reaches in the end."""
    return cooked(tuple(order))[-1]


gave = ablation(list(ORDER), last_of)
for (name, amount), row in zip(ORDER, gave, strict=True):
    print(
        f"{name:>9} {amount:<4}: {100 * row['accuracy']:+5.1f} points, {row['stored_bytes']:+7,} bytes, {row['work']:+8,} of work"
    )
viz.bars(
    [f"{place}: {name} {amount}" for place, (name, amount) in enumerate(ORDER, start=1)],
    {"points": [round(100 * row["accuracy"], 1) for row in gave]},
    "With all steps, minus without this one",
    ylabel="points of accuracy",
)

# %% [markdown]
# **What's happening**
# 1. Bars above zero are steps that the accuracy needs, bars below zero are what is paid for bytes.
# 2. Compare with the waterfall: the steps' gains don't add up to the whole. What one step takes, another one would have taken in part; they are *not* independent, and no table of single steps shows that.
# 3. There are 765 images in the set put aside, so a tenth of a point is less than one image. Anything smaller than half a point is no finding; try other seeds before you believe it (module 19).
# 4. Since each step has its own seed, the second tuning shuffles alike with and without the first step. Without that, each row would be off by one more roll of the dice.

# %% [markdown]
# **Checkpoint**: an ablation says that a step gave nothing. May you leave it out?
#
# <details><summary>Answer</summary>
#
# From this recipe, yes: that is exactly what was tried. But only one such step at a time. If two tunings each seem useless, it may be that one of them is enough, and that you need it.
# </details>

# %% [markdown]
# ### Find the fault
#
# Somebody reports: "Order doesn't matter. Pruning first or dropping units first, we get the same accuracy and the same bytes, to the last bit!" Here is what they ran. Which line is wrong, and which of your checks would have found it?


# %%
def compare_orders():
    """Run two recipes. Something is wrong with it."""
    orders = [[("prune", 0.6), ("drop", 32)], [("drop", 32), ("prune", 0.6)]]
    results = []
    for order in orders:
        results.append(recipe(large(), sorted(order), STEPS)[-1])
    return [measured(model)["stored_bytes"] for model in results]


# %%
print(compare_orders())
# print([measured(recipe(large(), order, STEPS)[-1])["stored_bytes"] for order in ([("prune", 0.6), ("drop", 32)], [("drop", 32), ("prune", 0.6)])])

# %% [markdown]
# <details><summary>The fault</summary>
#
# `sorted(order)`: somebody wanted a tidy list, and both recipes became the same one. A result that is *exactly* equal where nobody expects it is a reason to look, not to rejoice. The line with `#` runs what was meant.
# </details>

# %% [markdown]
# ### On your own: a layer that says what it sees
#
# Not graded, and without a test: write a class `Watched(Module)` that wraps a layer. `__init__(self, layer)` keeps it and sets `largest` to 0; `forward(x)` calls the layer, keeps the largest magnitude seen so far in `largest`, and returns the result. Put one around each layer of `large()`. Which layer's numbers would be hardest to keep in a byte?

# %%
# class Watched(Module):

# %% [markdown]
# ## Systems Analysis
#
# The whole field, as the board will show it: recipes and nets that were small from the beginning, by two costs that are reported for every entry. **Predict**: is a net from scratch on the front?


# %%
RECIPES = {
    "bytes only": (("quantize", 8),),
    "ORDER": ORDER,
    "drop 24": (("drop", 24), ("tune", TUNING), ("prune", 0.4), ("tune", TUNING), ("quantize", 8)),
    "drop 16": (("drop", 16), ("tune", 2 * TUNING), ("quantize", 8)),
    "rank 12": (("low rank", 12), ("tune", TUNING), ("prune", 0.5), ("tune", TUNING), ("quantize", 8)),
}


@functools.cache
def field():
    """Measure all entrants on the images set aside: name -> measures."""
    entrants = {name: last_of(order) for name, order in RECIPES.items()}
    return entrants | {f"{units} from scratch": measured(quantize_model(from_scratch(units))) for units in (32, 16, 12)}


costs = {name: (found["stored_bytes"] / 1000, 100 * (1 - found["accuracy"])) for name, found in field().items()}
front = pareto_front(costs)
for name, found in field().items():
    print(
        f"{name:>16}: {found['stored_bytes']:6,} bytes, {found['accuracy']:.1%} right, work {found['work']:7,}{'' if name in front else '   beaten'}"
    )
viz.trade_off(costs, front, "The field, on images set aside", xlabel="kB of the entry", ylabel="wrong (%)")

# %% [markdown]
# **What's happening**
# 1. Filled dots are beaten by nobody. The staircase is what the class will see on the board, with everybody's entries.
# 2. Nets from scratch are honest rivals: where they are on the front, the recipe wasn't worth its trouble.
# 3. Work orders the field in another way than bytes do: pruning and bytes change nothing about it, dropped units everything.
# 4. All this is chosen on images set aside. The unseen writers are asked once, now, for the chosen one alone:


# %%
def chosen_for(event):
    """Return the name of the entrant with the best score in an event, on the images set aside."""
    return max(field(), key=lambda name: score(field()[name], event)[0])


unseen = Digits(train=False).arrays()
for name, event in EVENTS.items():
    winner = chosen_for(event)
    model = (
        recipe(large(), list(RECIPES[winner]), STEPS)[-1]
        if winner in RECIPES
        else quantize_model(from_scratch(int(winner.split()[0])))
    )
    found = measured(model, unseen)
    print(
        f"{name:>8}: {winner}, {found['accuracy']:.2%} of unseen writers' digits, {found['stored_bytes']:,} bytes, work {found['work']:,}; score",
        score(found, event),
    )

# %% [markdown]
# Compare the two accuracies of each winner. The unseen writers' are lower: their handwriting is new, and among several entrants you chose the one that was luckiest on the images set aside. An entry that reaches 95.1 % at home may well break the rule of 95 % on the board. Leave some room.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# From a recipe to an entry, through the judge's door, and back.

# %%
stages = recipe(large(), [("drop", 16), ("prune", 0.3), ("quantize", 8)], STEPS, seed=3)
same(len(stages), 4)
content = entry_bytes(stages[-1])
text, arrays = read_archive(content, LIMITS)
same(text, "flatten, linear 64 16, relu, linear 16 10")
layers = parse_architecture(text)
same(validate_entry(wanted_arrays(layers, arrays), arrays), {})
found = measures_of(build(layers, arrays), len(content), *split()[1])
same(found["multiplications"], 64 * 16 + 16 * 10)
same(found["multiplications"], sum(cost.multiplications for cost in costs_on_paper(layers)))
with no_grad():
    image = Tensor(split()[1][0][:5, None])
    close(build(layers, arrays)(image).data, stages[-1](image).data, rtol=1e-4, atol=1e-4)
same(
    score(found, {"by": "multiplications", "better": "lower", "at_most": {"stored_bytes": len(content)}}), (-1184.0, [])
)
rows = ablation(
    [("drop", 16), ("quantize", 8)], lambda order: {"bytes": len(entry_bytes(recipe(large(), order, STEPS)[-1]))}
)
true(all(row["bytes"] < 0 for row in rows), "each of the two steps makes the entry smaller")
raises(ValueError, parse_architecture, "flatten, linear 64 10, softmax", says="'softmax'")
raises(ValueError, costs_on_paper, parse_architecture("flatten, linear 63 10"), says="(64,)")
print("recipes become entries, and entries are judged")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: why this order?
#
# Take the recipe that you would hand in for the event "size". Why are its steps in this order, and not in another? Run one other order that you think is worse (two steps exchanged; `last_of(order)` measures it, in a cell of your own), and cite for both: bytes, accuracy on the images set aside, and what your ablation says about one of the exchanged steps. What would convince you that you're wrong?
#
# Rubric (5 points): 0, no measured numbers; half, both orders with bytes and accuracy, and a reason (coarse before fine, or no gradient through bytes); full, also a row of the ablation that fits the reason, and a test that could refute it (other seeds, a difference larger than the noise of 765 images, another net).

# %% [markdown] nbgrader={"grade_id": "checkpoint_order", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# My recipe is drop 32, tune 6, prune 50 %, tune 6, quantise: 3,457 bytes, and 98.2 % of the images set aside are right. With dropping and pruning exchanged it's 3,781 bytes, and 98.2 %, too. Coarse comes before fine: pruned first, half the zeros are in units that go anyway, so fewer are left in the file. Bytes
# must come last, since nothing can be tuned after them. The ablation says that pruning gives 609 bytes less and costs 0.4 points, which is three images of 765 and no finding; the tuning after it gives 6.4 points, so it must stay there. I'd be wrong if under five other seeds the exchanged order were as small, or if the difference of 324 bytes vanished with another net.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# These lines load a file that somebody sent. Which of your functions (or of the given ones) do the lines a to d correspond to? What could the file do in line a if `weights_only` were False? Line c has a fault that `validate_entry` doesn't have: what does it let through?
#
# ```python
# state = torch.load(path, weights_only=True)                               # a
# model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
# missing, unexpected = model.load_state_dict(state, strict=False)          # b
# assert not missing                                                        # c
# assert all(torch.isfinite(p).all() for p in model.parameters())           # d
# ```
#
# Rubric (5 points): 0, not recognised; half, a is read_archive (arrays only, nothing is run), b to d belong to validate_entry with "missing", "unknown" and "not finite"; full, also that without weights_only a pickle may run any code, and that c lets unexpected arrays through (a misspelled one, or a scale without its bytes).

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# a is read_archive: numbers only, and nothing of the file is run. b gives what validate_entry calls "missing" and "unknown" (a wrong shape raises an error even with strict=False, as "shape" does here), d is "not finite". Without weights_only the file is a pickle that may call any function with any arguments while it's being read, so it may delete files or read
# passwords. c looks at what is missing, and never at what is unexpected: a misspelled name beside a right one, or a scale whose weights aren't bytes any more, is let through without a word.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - An entry is arrays and words, no code. What it needs follows from the words; what nobody asked for is refused.
# - Rules are data. Ask whether a rule is kept, never whether it's broken: NaN is on nobody's side.
# - A recipe is a list, its order is an argument, and each step has a seed of its own.
# - A waterfall shows one order; an ablation shows what each step was good for. Neither adds up.
# - Choose by what was set aside, and ask the unseen once.
#
# Complete the module with `tito module complete olympics`. There is no next module: you have built all of it. The board is open.
#
# To hand in an entry, write it beside this notebook: `Path("entry.npz").write_bytes(entry_bytes(model))`, with `from pathlib import Path`. Then submit as always. It's measured on digits that nobody has seen, a mixture of several writers', altered; you read the result beside that of your checks. No grade depends on it.
