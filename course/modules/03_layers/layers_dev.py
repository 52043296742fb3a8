# %% [markdown]
# # Layers
#
# {{module}}
#
# A layer is a function that carries its own numbers. In this module you build the linear layer, start it with numbers
# that neither explode nor vanish, and write the class from which every model of this course descends: one that finds
# its own parameters, wherever they are.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | `Tensor`, `matmul`, activations | `Linear`, `Dropout`, `Sequential`, `Module` with `parameters`, `state_dict`, `train`, `eval` | every model from here on, and every optimizer |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | a module finds parameters by looking through its attributes when asked | it notes them in `__setattr__` when they are set | nothing happens behind your back, and `super().__init__()` may be left out |
# | `state_dict()` gives copies | tensors that share the model's memory | what was saved stays as it was |
# | a wrong state is a `ValueError` and changes nothing | a `RuntimeError`, after loading what fits | half a model is worse than none |
# | no hooks, no devices | both | hooks are for tools that look into models |

# %% [markdown]
# ## Setup
#
# Run this once. The first cell belongs to the framework, the second to this notebook only.

# %%
#| default_exp core.layers
#| export
import math

import numpy as np

from tinytorch.core.activations import gelu, leaky_relu, relu, sigmoid, silu, softmax, tanh
from tinytorch.core.tensor import Tensor
from tinytorch.nn.module_base import ListBase, ModuleBase
from tinytorch.random import generator

# %%
from tinytorch import viz
from tinytorch.datasets import Digits
from tinytorch.profiling import best_of
from tinytorch.random import manual_seed
from tinytorch.testing import close, fixtures, raises, remote, same, shares_memory, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# `tinytorch.core.layers`. Users reach it in PyTorch's words:
#
# ```python
# from tinytorch import nn
# model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
# ```

# %% [markdown]
# ## Part 1: A linear layer
#
# The template reader of module 01 compared an image with ten templates. That's a layer: ten **weight** vectors, one
# for each output; the output says how much the input agrees with it; and ten **biases**, one for each output, that
# say how much agreement is to be expected.
#
# $$y = x\,W^{\mathsf T} + b$$
#
# **By hand.** Two inputs, three outputs. Each *row* of the weight belongs to one output, so its shape is `(out, in)`,
# here `(3, 2)`:
#
# ```
# x = [1, 2]     W = [[1, 0],     b = [0, 0, 10]
#                     [0, 1],
#                     [1, 1]]
#
# y = [1·1 + 2·0 + 0,   1·0 + 2·1 + 0,   1·1 + 2·1 + 10]  =  [1, 2, 13]
# ```
#
# A batch of inputs is a matrix with one input in each row, `(batch, in)`. Then one matrix product with the transposed
# weight serves all of them: `(batch, in) @ (in, out)` is `(batch, out)`, and the bias `(out,)` broadcasts over the
# batch. Nothing else has to change for `(batch, time, in)`.


# %% nbgrader={"grade_id": "linear", "solution": true}
#| export
def linear(x, weight, bias=None):
    """Apply a linear layer: x @ weight.T + bias.

    x has the shape (..., in), weight (out, in), bias (out,) or None; the result has the shape (..., out).

    TODO: Return the result, a Tensor, made of tensor operations. No steps this time: you will find them.

    EXAMPLE:
    >>> linear(Tensor([[1.0, 2.0]]), Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), Tensor([0.0, 0.0, 10.0]))
    Tensor([[ 1.,  2., 13.]])

    HINT: `if bias is None`. Not `if not bias`: a tensor of several numbers is neither true nor false.
    """
    ### BEGIN SOLUTION
    out = x @ weight.T
    return out if bias is None else out + bias
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: linear

# %% nbgrader={"grade_id": "test_linear", "grade": true}
test = unit_test("linear")


@test.check("the example by hand, with bias and without", points=5)
def _():
    weight, bias = Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), Tensor([0.0, 0.0, 10.0])
    same(linear(Tensor([[1.0, 2.0]]), weight, bias).data, [[1.0, 2.0, 13.0]])
    same(linear(Tensor([[1.0, 2.0]]), weight).data, [[1.0, 2.0, 3.0]])
    recorded = fixtures.recorded_inputs(Tensor, linear, Tensor([[1.0, 2.0]]), weight, bias)
    true(recorded == [True, True, True], "made of tensor operations: what is computed on .data gives no gradient back")


### BEGIN HIDDEN TESTS
@test.check("random batches, with and without bias", points=6, hidden=True)
def _():
    x, w, b = (test.rng.normal(size=shape).astype(np.float32) for shape in ((5, 4), (3, 4), (3,)))
    given = [remote(array) for array in (x, w, b)]
    with unchanged(given[0]), unchanged(given[1]), unchanged(given[2]):
        close(linear(*(Tensor(array) for array in given)).data, x @ w.T + b)
    close(linear(Tensor(x), Tensor(w)).data, x @ w.T)


@test.check("more dimensions before the last", points=4, hidden=True)
def _():
    x, w, b = (test.rng.normal(size=shape).astype(np.float32) for shape in ((2, 5, 4), (3, 4), (3,)))
    close(linear(Tensor(x), Tensor(w), Tensor(b)).data, x @ w.T + b)
    # made of tensor operations, so that gradients will find their way back
    same(fixtures.recorded_inputs(Tensor, linear, Tensor(x), Tensor(w), Tensor(b)), [True, True, True])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What does a layer do to data? With two inputs and two outputs you can see it.

# %%
turn = Tensor([[0.9, -0.6], [0.7, 1.0]])
shift = Tensor([0.3, -0.4])
points = np.random.default_rng(1).uniform(-2, 2, size=(120, 2))
inside = (np.hypot(*points.T) < 1.2).astype(int)
stages = {
    "input": lambda a: a,
    "after linear": lambda a: linear(Tensor(a), turn, shift).data,
    "after relu": lambda a: relu(linear(Tensor(a), turn, shift)).data,
}
viz.plane(stages, points, inside, title="What a layer does to the plane")

# %% [markdown]
# **What's happening**
# 1. The weight turns and stretches the plane; the bias shifts it. Lines stay straight, parallels stay parallel.
# 2. So no linear layer can move the orange points out of the blue ring.
# 3. relu folds: everything left of the vertical axis lands on it, everything below the horizontal one too. A whole
#    quarter of the plane ends in one point.
# 4. With more than two outputs there are more folds, in a space with more room. A line that can't separate the points
#    here can do so there.

# %% [markdown]
# **Predict, then run**: a layer takes 64 inputs to 10 outputs. How many numbers does it carry?

# %%
viz.Prediction("numbers_of_a_layer", "How many numbers does a layer from 64 to 10 carry?", lambda: 10 * 64 + 10)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 650: a weight of the shape `(10, 64)`, and ten biases. From 784 inputs (an image of 28 x 28) to 128 it's 100,480.
# The weight is what counts.
# </details>

# %% [markdown]
# ## Part 2: Which numbers to start with?
#
# Training will find the weights; it has to begin somewhere. All zeros won't do: all outputs of a layer would be
# equal, get equal corrections, and stay equal forever. So we draw them at random. But how large?
#
# **By hand.** An output is a sum of $n$ products, $y = w_1 x_1 + \dots + w_n x_n$. If the inputs have variance 1 and
# the weights variance $v$, independent and around 0, each product has variance $v$, and the sum $n\,v$. With
# $n = 100$ and $v = 1$ the outputs are ten times as large as the inputs (the standard deviation is $\sqrt{100}$),
# after five layers $10^5$ times. To keep the size, choose $v = 1/n$. relu kills half the signal's power, so with
# relu choose $v = 2/n$. Here $n$ is the number of inputs, the **fan-in**. In general
#
# $$v = \frac{\text{gain}^2}{\text{fan-in}}, \qquad \text{gain} = \sqrt 2 \text{ for relu}$$
#
# This is He's rule (2015), in PyTorch `kaiming_uniform` after his first name. To draw *uniformly* from $[-c, c)$ with
# the variance $v$, take $c = \sqrt{3 v}$, since the variance of that is $c^2/3$. So
#
# $$c = \text{gain}\,\sqrt{\frac{3}{\text{fan-in}}}$$


# %% nbgrader={"grade_id": "kaiming_uniform", "solution": true}
#| export
def kaiming_uniform(shape, fan_in, gain=math.sqrt(2)):
    """Draw an array of weights uniformly, so that their variance is gain**2 / fan_in (He et al. 2015).

    TODO: Return a float32 array of the given shape, drawn uniformly from [-bound, bound).

    APPROACH:
    1. The bound is gain * sqrt(3 / fan_in).
    2. Draw with `generator()`, the one source of random numbers, so that a seed repeats it.
    3. Make it float32.

    EXAMPLE:
    >>> kaiming_uniform((2, 100), fan_in=100).shape       # every number between -0.245 and 0.245
    (2, 100)

    HINT: `generator().uniform(low, high, size=shape)` gives float64; `.astype("float32")` follows.
    """
    ### BEGIN SOLUTION
    bound = gain * math.sqrt(3 / fan_in)
    return generator().uniform(-bound, bound, size=shape).astype("float32")
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: kaiming_uniform

# %% nbgrader={"grade_id": "test_kaiming_uniform", "grade": true}
test = unit_test("kaiming_uniform")


@test.check("the shape, the dtype, and all within the bound", points=3)
def _():
    weight = kaiming_uniform((20, 300), fan_in=300)
    same(weight.shape, (20, 300))
    same(str(weight.dtype), "float32")
    true(bool(np.abs(weight).max() <= math.sqrt(2) * math.sqrt(3 / 300)), "every weight is within the bound")


@test.check("drawn with generator(): one seed repeats it; the largest comes near the bound", points=3)
def _():
    manual_seed(7)
    weight = kaiming_uniform((20, 300), fan_in=300)
    manual_seed(7)
    same(kaiming_uniform((20, 300), fan_in=300), weight)
    close(float(np.abs(weight).max()), math.sqrt(2) * math.sqrt(3 / 300), rtol=0.02)


### BEGIN HIDDEN TESTS
@test.check("the variance is gain squared over fan-in", points=4, hidden=True)
def _():
    for fan_in, gain in ((50, 1.0), (400, 1.0), (400, 2.0)):
        weight = kaiming_uniform((200, 500), fan_in=fan_in, gain=gain)
        close(weight.var() * fan_in, gain**2, rtol=0.03)
        close(weight.mean() * math.sqrt(fan_in), 0.0, atol=0.02 * gain)


@test.check("uniform: as many in the outer half as in the inner", points=3, hidden=True)
def _():
    weight = kaiming_uniform((300, 300), fan_in=300)
    close(float(np.mean(np.abs(weight) > math.sqrt(2) * math.sqrt(3 / 300) / 2)), 0.5, atol=0.02)


@test.check("one seed repeats it, the next draw differs", points=2, hidden=True)
def _():
    seed = int(test.rng.integers(1000))
    manual_seed(seed)
    first, second = kaiming_uniform((3, 4), fan_in=4), kaiming_uniform((3, 4), fan_in=4)
    manual_seed(seed)
    same(kaiming_uniform((3, 4), fan_in=4), first)
    true(bool((first != second).any()), "two draws after one seed are different")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Send random inputs through thirty layers of 256 relu units, and watch their size. (Weights only, no biases.)

# %%
manual_seed(0)
gains = {"2": 2.0, "sqrt(2): He": math.sqrt(2), "1": 1.0, "1/sqrt(3): PyTorch's Linear": 1 / math.sqrt(3)}
sizes = {}
for name, gain in gains.items():
    signal = Tensor(np.random.default_rng(0).normal(size=(64, 256)).astype(np.float32))
    sizes[f"gain {name}"] = [float(signal.std())]
    for _ in range(30):
        signal = relu(linear(signal, Tensor(kaiming_uniform((256, 256), fan_in=256, gain=gain))))
        sizes[f"gain {name}"].append(float((signal * signal).mean().sqrt()))
viz.lines(
    None, sizes, title="How large is the signal after n layers?", xlabel="layers", ylabel="root mean square", log="y"
)

# %% [markdown]
# **What's happening**
# 1. With the gain $\sqrt 2$ the size stays near 1 through all thirty layers.
# 2. With 2 it grows by $2/\sqrt 2 = 1.41$ at each layer, tens of thousands of times after thirty. About 230 layers
#    more, and float32 overflows.
# 3. With 1 it shrinks by as much, and with $1/\sqrt 3$, which PyTorch's `Linear` takes by default, it shrinks to less
#    than half at each layer.
# 4. For two or three layers that doesn't matter, and the default has stayed. Deep models choose their start with
#    care, or normalise (module 13).

# %% [markdown]
# **Predict, then run**: with He's rule, does a wider layer (larger fan-in) start with larger or smaller weights?

# %%
for width in (16, 256, 4096):
    print(width, "inputs: weights spread by", kaiming_uniform((1000,), fan_in=width).std().round(4))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Smaller, by the square root: 256 times as many inputs, weights a sixteenth as large. More summands, each of them
# smaller, the same sum.
# </details>

# %% [markdown]
# ## Part 3: A module knows its parameters
#
# A model of module 13 will have dozens of weight arrays, in layers within blocks within a model. An optimizer must find
# all of them, a file must store all of them, and nobody wants to keep a list. So the model finds them itself.
#
# Think of folders. A **module** is a folder: it holds files, its **parameters**, and folders, its sub-modules. A
# parameter's full name is its path, with dots: `encoder.layer0.weight`.
#
# A `Parameter` is a tensor that is to be trained. The class `Module` is given; its methods are one line each, as with
# `Tensor`. Two layers may share one parameter (transformers do): `named_parameters` lists it once, or an optimizer
# would move it twice.


# %%
#| export
class Parameter(Tensor):
    """A Tensor that belongs to a Module and is to be trained."""

    def __init__(self, data):
        super().__init__(data.data if isinstance(data, Tensor) else data, requires_grad=True)


class Module(ModuleBase):
    """What layers and models descend from: write `forward`, and put parameters and modules into attributes."""

    training = True

    def forward(self, *inputs):
        raise NotImplementedError(
            f"a module computes in forward(self, x), and {type(self).__name__} has none: define it"
        )

    def __call__(self, *inputs, **options):
        return self.forward(*inputs, **options)

    def named_parameters(self):
        return _each_once(named_tensors(self, Parameter))

    def parameters(self):
        return (parameter for _, parameter in self.named_parameters())

    def modules(self):
        return iter(all_modules(self))

    def train(self, mode=True):
        return _set_training(self, mode)

    def eval(self):
        return _set_training(self, False)


def _each_once(pairs):
    """Drop the pairs whose tensor was there before."""
    seen = set()
    for name, tensor in pairs:
        if id(tensor) not in seen:
            seen.add(id(tensor))
            yield name, tensor


# %% [markdown]
# `vars(module)` gives a module's attributes as a dictionary, in the order in which they were set. That is all you
# need.
#
# **By hand.** `model` has the attributes `scale`, a Parameter, and `layer`, a Linear. Walking: `scale` is a
# parameter, note `("scale", ...)`. `layer` is a module: do *the same* there, with `"layer."` in front, and find
# `layer.weight` and `layer.bias`. A function that calls itself for each folder within the folder is called recursive.


# %% nbgrader={"grade_id": "named_tensors", "solution": true}
#| export
def named_tensors(module, kind=Tensor, prefix=""):
    """List the tensors of a module and of all modules in it, as pairs (full name, tensor), in the order they were set.

    TODO: Return the list. `kind` is the class of what is looked for: Tensor, or Parameter only.

    APPROACH:
    1. Start with an empty list and walk through the attributes, `vars(module).items()`.
    2. If the value is of the kind, append the pair (prefix + name, value).
    3. If it is a Module, extend the list by what this function finds in it, with the prefix `prefix + name + "."`.
    4. Anything else is skipped.

    EXAMPLE:
    >>> [name for name, _ in named_tensors(model)]
    ['scale', 'layer.weight', 'layer.bias']

    HINT: `isinstance(value, kind)`, `isinstance(value, Module)`.

    TINYTORCH ASSUMPTIONS: only attributes are searched, as in PyTorch. Layers in a plain list are not found: use
    ModuleList.
    """
    ### BEGIN SOLUTION
    found = []
    for name, value in vars(module).items():
        if isinstance(value, kind):
            found.append((prefix + name, value))
        elif isinstance(value, Module):
            found.extend(named_tensors(value, kind, f"{prefix}{name}."))
    return found
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: named_tensors

# %% nbgrader={"grade_id": "test_named_tensors", "grade": true}
test = unit_test("named_tensors")


@test.check("finds what is in the module itself, in order", points=3)
def _():
    module = fixtures.module_with(Module, weight=Parameter([1.0]), rate=0.5, bias=Parameter([2.0]))
    pairs = named_tensors(module)
    same([name for name, _ in pairs], ["weight", "bias"])
    true(pairs[0][1] is module.weight, "the tensor itself is returned, not a copy")


@test.check("finds what is in a module in it, under its full name, and of the kind that is asked for", points=4)
def _():
    inner = fixtures.module_with(Module, weight=Parameter([1.0]))
    model = fixtures.module_with(Module, scale=Parameter([3.0]), layer=inner)
    same([name for name, _ in named_tensors(model)], ["scale", "layer.weight"])
    outer = fixtures.module_with(Module, part=fixtures.module_with(Module, mean=Tensor([0.0]), model=model))
    same([name for name, _ in named_tensors(outer)], ["part.mean", "part.model.scale", "part.model.layer.weight"])
    same([name for name, _ in named_tensors(outer, Parameter)], ["part.model.scale", "part.model.layer.weight"])


### BEGIN HIDDEN TESTS
@test.check("three levels deep, and a module without any", points=5, hidden=True)
def _():
    leaf = fixtures.module_with(Module, weight=Parameter([1.0]), bias=Parameter([1.0]))
    block = fixtures.module_with(Module, first=leaf, gate=Parameter([1.0]))
    model = fixtures.module_with(Module, empty=fixtures.module_with(Module), block=block, name="model")
    same([name for name, _ in named_tensors(model)], ["block.first.weight", "block.first.bias", "block.gate"])
    same(named_tensors(fixtures.module_with(Module)), [])


@test.check("the kind decides: parameters only, or all tensors", points=5, hidden=True)
def _():
    inner = fixtures.module_with(Module, mean=Tensor([0.0]), weight=Parameter([1.0]))
    model = fixtures.module_with(Module, inner=inner, step=Tensor([1.0]))
    same([name for name, _ in named_tensors(model, Parameter)], ["inner.weight"])
    same([name for name, _ in named_tensors(model, Tensor)], ["inner.mean", "inner.weight", "step"])


@test.check("model.parameters() and named_parameters() follow", points=3, hidden=True)
def _():
    module = fixtures.module_with(Module, weight=Parameter([1.0]), mean=Tensor([0.0]), bias=Parameter([2.0]))
    same([name for name, _ in module.named_parameters()], ["weight", "bias"])
    same([p.data.tolist() for p in module.parameters()], [[1.0], [2.0]])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The rest of what `Module` needs is given, and the first layers.


# %%
#| export
def all_modules(module):
    """List the module itself and every module in it."""
    return [module] + [inner for child in module.children() for inner in all_modules(child)]


def _set_training(module, mode):
    for inner in all_modules(module):
        inner.training = mode
    return module


class Linear(Module):
    """y = x @ weight.T + bias, of x (..., in_features).

    Attributes:
        weight: a Parameter (out_features, in_features), uniform in +-1/sqrt(in_features) at first, as in PyTorch.
        bias: a Parameter (out_features,) that starts likewise, or None.
        in_features, out_features: how many numbers come in and go out.
    """

    def __init__(self, in_features, out_features, bias=True):
        self.in_features, self.out_features = in_features, out_features
        gain = 1 / math.sqrt(3)
        self.weight = Parameter(kaiming_uniform((out_features, in_features), in_features, gain))
        self.bias = Parameter(kaiming_uniform((out_features,), in_features, gain)) if bias else None

    def forward(self, x):
        return linear(x, self.weight, self.bias)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Sequential(ListBase, Module):
    """Modules one after the other; their names are 0, 1, 2, ..."""

    def __init__(self, *modules):
        named = modules[0].items() if len(modules) == 1 and isinstance(modules[0], dict) else enumerate(modules)
        for name, module in named:
            setattr(self, str(name), module)

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x

    @classmethod
    def _of(cls, modules):
        return cls(*modules)


class ModuleList(ListBase, Module):
    """A list of modules that is searched for parameters; how they are used is up to its owner."""

    def __init__(self, modules=()):
        self.extend(modules)

    @classmethod
    def _of(cls, modules):
        return cls(modules)

    def forward(self, *inputs):
        raise NotImplementedError("a ModuleList only holds modules: call them one by one, or use Sequential")


# %%
manual_seed(0)
model = Sequential(Linear(64, 32), Linear(32, 10))
for name, parameter in model.named_parameters():
    print(f"{name:10} {parameter.shape}")

# %% [markdown]
# **Predict, then run**: a model keeps its two layers in a plain list, `self.layers = [Linear(4, 4), Linear(4, 1)]`.
# How many parameters are found?


# %%
class Forgetful(Module):
    def __init__(self):
        self.layers = [Linear(4, 4), Linear(4, 1)]


print(
    len(list(Forgetful().parameters())),
    "in a plain list,",
    len(list(ModuleList(Forgetful().layers).parameters())),
    "in a ModuleList",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# None: a list isn't a module. The model would compute, train (nothing), and never get better. PyTorch has the same
# trap, and the same remedy, `ModuleList`.
# </details>

# %% [markdown]
# ## Part 4: Keep a model
#
# Training for hours, then the power fails. The **state** of a model is a dictionary: full name to array. It can be
# written to a file, sent, compared, and loaded into a new model of the same form. Saving is one line, and given.
# Loading must be careful: a state that doesn't fit must be refused *before* anything is changed, with a message that
# says what doesn't fit.


# %%
#| export
def state_dict(module):
    """Return {full name: a copy of the array} of all tensors of a module."""
    return {name: tensor.data.copy() for name, tensor in named_tensors(module)}


# %% nbgrader={"grade_id": "load_state_dict", "solution": true}
#| export
def load_state_dict(module, state):
    """Put the arrays of `state` into the tensors of the same full names.

    TODO: Check everything first, then set each tensor's data to a copy of its array.

    APPROACH:
    1. Make a dictionary of the module's tensors: name to tensor.
    2. Names that the module has and the state hasn't are missing; the other way round they are unexpected. If there
       are any: `raise ValueError` that lists them.
    3. If an array has another shape than its tensor: `raise ValueError` with the name and both shapes.
    4. Only then set `tensor.data` to a copy of each array, in the tensor's dtype.

    EXAMPLE:
    >>> load_state_dict(model, state_dict(other))     # now both compute the same

    HINT: `sorted(set(tensors) - set(state))`; `np.array(values, dtype=tensor.dtype)` makes a copy.
    """
    ### BEGIN SOLUTION
    tensors = dict(named_tensors(module))
    missing, unexpected = sorted(set(tensors) - set(state)), sorted(set(state) - set(tensors))
    if missing or unexpected:
        raise ValueError(
            f"a state has one array for each tensor; missing: {missing}, unexpected: {unexpected}: build the same model"
        )
    for name, tensor in tensors.items():
        if np.shape(state[name]) != tensor.shape:
            raise ValueError(
                f"{name} has the shape {tensor.shape}, the state {np.shape(state[name])}: build the same model"
            )
    for name, tensor in tensors.items():
        tensor.data = np.array(state[name], dtype=tensor.dtype)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: load_state_dict

# %% nbgrader={"grade_id": "test_load_state_dict", "grade": true}
test = unit_test("load_state_dict")


@test.check("the arrays arrive, as copies in the tensor's dtype", points=3)
def _():
    module, bias = fixtures.module_with(Module, weight=Parameter([1.0, 2.0]), bias=Parameter([3.0])), remote([7.0])
    load_state_dict(module, {"weight": np.array([5.0, 6.0]), "bias": bias})
    same(module.weight.data, [5.0, 6.0])
    same(module.weight.dtype, "float32")
    same(module.bias.data, [7.0])
    given = remote(np.array([8.0, 9.0], dtype="float32"))
    load_state_dict(module, {"weight": given, "bias": bias})
    true(not shares_memory(module.weight, given), "the tensor has memory of its own")


@test.check("a name missing or too many is refused, and nothing was changed", points=3)
def _():
    module = fixtures.module_with(Module, weight=Parameter([1.0, 2.0]), bias=Parameter([3.0]))
    raises(ValueError, load_state_dict, module, {"weight": np.array([5.0, 6.0])}, says="bias")
    state = {"weight": np.array([5.0, 6.0]), "bias": np.array([7.0]), "extra": np.array([0.0])}
    raises(ValueError, load_state_dict, module, state, says="extra")
    same(module.weight.data, [1.0, 2.0])
    load_state_dict(module, {"weight": np.array([5.0, 6.0]), "bias": np.array([7.0])})
    same(module.bias.data, [7.0])


@test.check("another shape is refused, even one that would broadcast, and nothing was changed", points=3)
def _():
    module = fixtures.module_with(Module, weight=Parameter([1.0]), bias=Parameter([2.0, 3.0]))
    raises(ValueError, load_state_dict, module, {"weight": np.array([9.0]), "bias": np.array([8.0])}, says="bias")
    same(module.weight.data, [1.0])
    same(module.bias.data, [2.0, 3.0])


### BEGIN HIDDEN TESTS
@test.check("names in modules within modules; the dtype stays", points=3, hidden=True)
def _():
    model = fixtures.module_with(
        Module, inner=fixtures.module_with(Module, weight=Parameter([1.0, 2.0])), mean=Tensor([0.0])
    )
    values = test.rng.normal(size=2)
    load_state_dict(model, {"inner.weight": values, "mean": np.array([4.0])})
    close(model.inner.weight.data, values.astype(np.float32))
    same(model.inner.weight.dtype, "float32")
    same(model.mean.data, [4.0])


@test.check("a name too many is refused", points=2, hidden=True)
def _():
    module = fixtures.module_with(Module, weight=Parameter([1.0]))
    raises(ValueError, load_state_dict, module, {"weight": np.array([5.0]), "extra": np.array([1.0])}, says="extra")
    load_state_dict(module, {"weight": np.array([5.0])})
    same(module.weight.data, [5.0])


@test.check("of two tensors the second has another shape: the first keeps its numbers", points=3, hidden=True)
def _():
    module = fixtures.module_with(Module, first=Parameter([1.0]), second=Parameter([2.0, 3.0]))
    raises(ValueError, load_state_dict, module, {"first": np.array([9.0]), "second": np.array([8.0])}, says="second")
    same(module.first.data, [1.0])
    same(module.second.data, [2.0, 3.0])
    load_state_dict(module, {"first": np.array([9.0]), "second": np.array([8.0, 7.0])})
    same(module.second.data, [8.0, 7.0])


@test.check("saved to a file and loaded, two models compute the same, and stay independent", points=3, hidden=True)
def _():
    one = fixtures.module_with(Module, weight=Parameter(test.rng.normal(size=(2, 3))))
    other = fixtures.module_with(Module, weight=Parameter(np.zeros((2, 3))))
    other.load_state_dict(one.state_dict())
    close(other.weight.data, one.weight.data)
    one.weight.data = np.zeros((2, 3))
    true(bool(np.abs(other.weight.data).max() > 0), "what happens to one model later doesn't touch the other")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: `model` and `twin` are built alike, without a seed in between. Do they compute the same? And
# after loading?

# %%
model, twin = Linear(3, 2), Linear(3, 2)
x = Tensor([[1.0, 2.0, 3.0]])
print("built alike:", model(x).data, twin(x).data)
twin.load_state_dict(model.state_dict())
print("loaded:     ", model(x).data, twin(x).data)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Built alike, they differ: each drew its own weights. After loading they agree to the last bit: the state, together
# with the class, is the model.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: the file of a language model *is* its state dictionary. A model with 7 billion
# > parameters in 16 bits is a file of 14 GB. PyTorch's own format is a pickle, and unpickling may run any code
# > that its author put in: since version 2.6 `torch.load` takes only tensors and plain values from it unless told
# > `weights_only=False`, and models are exchanged as *safetensors*: names, shapes, numbers, nothing that can run.

# %% [markdown]
# ## Part 5: Dropout
#
# A network that is large enough can learn its examples by heart. One remedy: let each unit fail at random, with
# probability $p$, in each training step. No unit can rely on a particular other one, so what is learnt is spread.
# It's as if you trained a great many smaller networks at once, and used their average.
#
# **By hand.** Eight ones with $p = 0.5$: about four survive. Their sum would be about 4 in training and 8 in use, and
# everything after would be calibrated wrongly. So survivors are multiplied by $1/(1 - p)$, here 2: the sum is 8 on
# average. In use, nothing is dropped and nothing scaled.


# %% nbgrader={"grade_id": "dropout", "solution": true}
#| export
def dropout(x, p=0.5, training=True):
    """Set each number to 0 with probability p, and multiply the others by 1 / (1 - p). Without training, change nothing.

    TODO: Return the result, a Tensor.

    APPROACH:
    1. p must lie in 0 <= p < 1, else `raise ValueError` that says so and what was given.
    2. Not training: return x itself.
    3. Draw one number in [0, 1) for each element, with `generator()`. Those that are at least p survive.
    4. Make an array of the survivors' factors, 0 or 1 / (1 - p), in the dtype of x, and multiply x by it.

    EXAMPLE:
    >>> dropout(ones(8), p=0.5)
    Tensor([2., 0., 0., 2., 2., 2., 0., 2.])

    HINT: `generator().random(x.shape) >= p` is an array of truth values; `.astype(x.dtype)` makes zeros and ones of it.
    """
    ### BEGIN SOLUTION
    if not 0 <= p < 1:
        raise ValueError(f"dropout takes a probability 0 <= p < 1, got {p}: with 1 nothing would be left")
    if not training:
        return x
    survives = generator().random(x.shape) >= p
    return x * (survives.astype(x.dtype) / (1 - p))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: dropout

# %% nbgrader={"grade_id": "test_dropout", "grade": true}
test = unit_test("dropout")


@test.check("every number is dropped with probability p, or scaled by 1 / (1 - p); a seed repeats it", points=4)
def _():
    x = Tensor(np.ones((50, 40), dtype=np.float32))
    manual_seed(7)
    out = dropout(x, p=0.75).data
    same(sorted(set(out.ravel().tolist())), [0.0, 4.0])
    close(float((out == 0).mean()), 0.75, atol=0.06)
    manual_seed(7)
    same(dropout(x, p=0.75).data, out)


@test.check("without training nothing happens; a p of 1 is refused", points=4)
def _():
    x = Tensor([1.0, 2.0, 3.0])
    same(dropout(x, p=0.9, training=False).data, [1.0, 2.0, 3.0])
    raises(ValueError, dropout, x, p=1.0, says="1.0")
    raises(ValueError, dropout, x, p=-0.1)


### BEGIN HIDDEN TESTS
@test.check("about the share p is dropped, and the mean stays", points=5, hidden=True)
def _():
    p = float(test.rng.uniform(0.2, 0.6))
    out = dropout(Tensor(np.ones((300, 300), dtype=np.float32)), p=p).data
    close(float((out == 0).mean()), p, atol=0.02)
    close(float(out.mean()), 1.0, atol=0.04)
    same(fixtures.recorded_inputs(Tensor, dropout, Tensor([1.0, 2.0]), p=p), [True])  # made of tensor operations


@test.check("one seed repeats it, the next draw differs", points=3, hidden=True)
def _():
    x, seed = Tensor(np.ones(100, dtype=np.float32)), int(test.rng.integers(1000))
    manual_seed(seed)
    first, second = dropout(x).data, dropout(x).data
    manual_seed(seed)
    same(dropout(x).data, first)
    true(bool((first != second).any()), "two draws after one seed are different")


@test.check("p = 0 changes nothing, other values are refused, float32 stays float32", points=4, hidden=True)
def _():
    x = Tensor([1.0, 2.0])
    same(dropout(x, p=0).data, [1.0, 2.0])
    same(dropout(x, p=0.3).dtype, "float32")
    for p in (1.0, -0.1, 2):
        raises(ValueError, dropout, x, p=p, says=str(p))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# A module must know whether it is training. `model.train()` and `model.eval()` tell all modules within.
# Forgetting `eval()` is a classic: everything works, only worse, and differently each time. The other layers are
# given; they wrap functions that you know.


# %%
#| export
class Dropout(Module):
    """Dropout while training; nothing after eval().

    Attributes:
        p: the probability that a number becomes 0.
    """

    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x):
        return dropout(x, self.p, self.training)

    def extra_repr(self):
        return f"p={self.p}"


class Flatten(Module):
    """Make one row of each example: (batch, 28, 28) becomes (batch, 784)."""

    def __init__(self, start_dim=1):
        self.start_dim = start_dim

    def forward(self, x):
        return x.flatten(self.start_dim)


class Identity(Module):
    """Change nothing: a place that may be filled later."""

    def forward(self, x):
        return x


class ReLU(Module):
    """relu as a layer."""

    def forward(self, x):
        return relu(x)


class LeakyReLU(Module):
    """leaky_relu as a layer."""

    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return leaky_relu(x, self.negative_slope)


class Sigmoid(Module):
    """sigmoid as a layer."""

    def forward(self, x):
        return sigmoid(x)


class Tanh(Module):
    """tanh as a layer."""

    def forward(self, x):
        return tanh(x)


class GELU(Module):
    """gelu as a layer."""

    def forward(self, x):
        return gelu(x)


class SiLU(Module):
    """silu as a layer."""

    def forward(self, x):
        return silu(x)


class Softmax(Module):
    """softmax along `dim` as a layer."""

    def __init__(self, dim=-1):
        self.dim = dim

    def forward(self, x):
        return softmax(x, dim=self.dim)


# %%
digit = Tensor(Digits(train=True).arrays()[0][:1].reshape(1, 64))
manual_seed(3)
pictures = [digit] + [dropout(digit, p) for p in (0.2, 0.5, 0.8)]
titles = ["input", "p = 0.2", "p = 0.5", "p = 0.8"]
viz.images([x.data.reshape(8, 8) for x in pictures], titles=titles, title="What dropout leaves", size=1.6)

# %% [markdown]
# **What's happening**
# 1. Each pixel is dropped by itself. With p = 0.2 the zero is plain to see, with 0.8 it's anybody's guess.
# 2. The survivors are multiplied by 1 / (1 - p); each picture is drawn in its own scale of grey, so that doesn't
#    show.
# 3. Another call drops other pixels. In training, no example is ever seen twice in the same form.

# %% [markdown]
# **Predict, then run**: `Sequential(Linear(4, 4), Dropout(0.5))` is called twice with the same input, first as it is,
# then after `eval()`. Which results are equal?

# %%
manual_seed(0)
model, x = Sequential(Linear(4, 4), Dropout(0.5)), Tensor(np.ones((1, 4), dtype=np.float32))
print("training:", model(x).data, model(x).data)
model.eval()
print("in use:  ", model(x).data, model(x).data)
print(model)

# %% [markdown]
# <details><summary>Answer</summary>
#
# In training, two calls differ; after `eval()` they agree, with each other and with the linear layer alone.
# </details>

# %% [markdown]
# ### A class of your own (ungraded)
#
# Very deep networks have a detour around each block: what comes out is $x + f(x)$, so a block that has learnt nothing
# yet does no harm. The cell has the detour alone. Put $f$ into `forward`: the first layer, relu, the second. Before you
# run it: how many numbers do its parameters have for size 8, and does that change with what `forward` does?


# %%
class Residual(Module):
    """A detour around two layers."""

    def __init__(self, size):
        self.first, self.second = Linear(size, size), Linear(size, size)

    def forward(self, x):
        return x


block = Residual(8)
print(block(Tensor(np.ones((2, 8), dtype=np.float32))).shape, sum(p.numel() for p in block.parameters()), "numbers")

# %% [markdown]
# ## Systems Analysis
#
# A layer reads all its weights for each call, whether for one image or for a thousand. How much does an image cost
# when many come at once?

# %%
manual_seed(0)
model = Sequential(Linear(784, 512), ReLU(), Linear(512, 10))
numbers = sum(parameter.numel() for parameter in model.parameters())
print(
    f"{numbers:,} parameters, {numbers * 4 / 1e6:.2f} MB in float32; {2 * numbers:,} arithmetic operations for each image"
)
for batch in (1, 8, 64, 512):
    x = Tensor(np.random.default_rng(0).normal(size=(batch, 784)).astype(np.float32))
    print(f"batch {batch:4}: {1e3 * best_of(model, x).median / batch:8.2f} microseconds for each image")

# %% [markdown]
# A layer from $m$ to $n$ costs $O(m\,n)$ for each image, in arithmetic; its weights are $O(m\,n)$ to fetch, *whatever the batch*.
# For one image, 1.6 MB of weights are fetched to do two operations with each number: the processor waits for memory.
# For a batch, each weight that was fetched serves all images, until the arithmetic itself becomes the limit. That's
# why training and serving work in batches, and why a language model that answers one person, word by word, leaves
# most of a processor idle.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# The template reader of module 01 *is* a Linear layer whose weights were averaged instead of trained. Put them in,
# by way of a state. Then put a layer of *random* gates before it, never trained at all, and take the averages after
# the gates.

# %%
images, labels = Digits(train=True).arrays()
unseen, truth = Digits(train=False).arrays()
images, unseen = images.reshape(-1, 64), unseen.reshape(-1, 64)


def template_state(features):
    """Return the state of a Linear layer that finds the nearest mean of each digit's features."""
    means = np.stack([features[labels == digit].mean(axis=0) for digit in range(10)])
    return {"weight": means, "bias": -0.5 * (means**2).sum(axis=1)}


def accuracy(model):
    return float((model(Tensor(unseen)).argmax(dim=1).data == truth).mean())


reader = Linear(64, 10)
before = accuracy(reader)
reader.load_state_dict(template_state(images))
print(f"one layer, random weights: {before:.1%}   one layer, templates: {accuracy(reader):.1%}")

manual_seed(0)
gates = Sequential(Linear(64, 2048), ReLU(), Dropout(0.5)).eval()
deep = Sequential(gates, Linear(2048, 10))
deep[1].load_state_dict(template_state(gates(Tensor(images)).data))
print(f"2048 random gates, then templates: {accuracy(deep):.1%}")

true(accuracy(reader) > 0.85, "templates as a Linear layer recognise more than 85 %")
same([name for name, _ in deep.named_parameters()], ["0.0.weight", "0.0.bias", "1.weight", "1.bias"])
copy = Sequential(Sequential(Linear(64, 2048), ReLU(), Dropout(0.5)), Linear(2048, 10)).eval()
copy.load_state_dict(deep.state_dict())
close(copy(Tensor(unseen)).data, deep(Tensor(unseen)).data)

# %% [markdown]
# Two thousand folds at random hardly help: 89.7 % instead of 89.4 %. It isn't enough to bend space; you have to know
# *where*. Finding that out is called training, and takes a measure of what is wrong (04), gradients (05) and an
# optimizer (06).

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: one image or many?
#
# Cite your measured times per image with batch 1 and with batch 512. Explain the ratio with the number of times
# that a weight is fetched from memory, and say at what point larger batches stop helping, and why.
#
# Rubric (5 points): 0, no numbers of one's own; half, the numbers and that weights are reused within a batch; full,
# in addition that from some batch size on arithmetic (not memory) is the limit, so the time for each image no longer
# falls.

# %% [markdown] nbgrader={"grade_id": "checkpoint_batch", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 48 microseconds for one image alone and 6 for one of 512 (yours will differ). Alone, every weight (1.6
# MB) is fetched from memory and used for one multiplication and one addition, so memory decides. In a batch of 512 a
# weight that was fetched serves 512 images. From a few dozen images on the matrix product keeps the arithmetic units
# busy, and then the time for each image stays the same: there is nothing left to share.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: read some PyTorch
#
# For each line marked with a letter, say which of *your own* functions does its work, and answer the question beside
# it.
#
# ```python
# import torch
# from torch import nn
#
# class Net(nn.Module):
#     def __init__(self):
#         super().__init__()
#         self.layers = [nn.Linear(8, 8), nn.Linear(8, 2)]
#         self.drop = nn.Dropout(0.2)
#
#     def forward(self, x):
#         for layer in self.layers:
#             x = self.drop(layer(x))            # a: is it scaled, and by how much?
#         return x
#
# net = Net()
# print(len(list(net.parameters())))             # b: what does it print?
# net.eval()                                     # c: what changes in a?
# nn.Linear(8, 2).load_state_dict(nn.Linear(2, 8).state_dict())   # d: what happens?
# ```
#
# Rubric (5 points): 0, fewer than two right; half, two of a to d with function and answer; full, all four, with the
# line that fixes b.

# %% [markdown] nbgrader={"grade_id": "checkpoint_pytorch", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# a: linear, then dropout: a fifth is dropped, the rest is multiplied by 1 / 0.8 = 1.25. b: named_tensors (through
# parameters), prints 0, since a plain list isn't searched; `nn.ModuleList([...])` fixes it, and then it prints 4. c:
# training is set to False in all modules within, so dropout returns its input. d: load_state_dict refuses: weight is
# (2, 8), the state has (8, 2), and bias (2,) against (8,).
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A linear layer is `x @ weight.T + bias`, weight `(out, in)`. It turns, stretches and shifts; activations fold.
# - Weights start at random, the smaller the more inputs: variance gain² / fan-in keeps the signal's size through any
#   number of layers.
# - A module is a folder of parameters and modules. A parameter's name is its path, and the state is a dictionary of
#   paths and arrays.
# - Dropout disturbs in training and must be silent in use: `model.eval()`.
#
# Complete the module with `tito module complete layers`. You can now run the milestone of 1958, Rosenblatt's
# perceptron. Next, in **04 losses**: one number that says how wrong a model is.
