# %% [markdown]
# # Autograd
#
# {{module}}
#
# A loss says how wrong the model is. In this module your framework learns to answer the question that training
# asks: for each of its thousands of weights, in which direction should it move, and how much does it matter? You will
# record what was computed, and walk the record backwards.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors, activations, layers, losses | the tape, gradient rules, `backward()` | every training step from here on: module 06 moves the weights |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | the tape keeps all inputs of every operation | only what its rule needs, and frees it after `backward()` | simpler to read; you will measure what it costs |
# | `backward()` may be called again on the same loss | an error, unless `retain_graph=True` | nothing was freed, so nothing is missing |
# | only the rule of `matmul` asks which gradients are wanted | all do | the others' are cheap; that of `matmul` is most of the work, see Part 5 |
# | no gradients of gradients | `create_graph=True` | our rules work on arrays, which nobody records |
# | only leaves keep a `.grad`, and results after `retain_grad()` | the same | what lies between is needed once and thrown away |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.autograd
#| export
import inspect
import math
from types import SimpleNamespace

import numpy as np

from tinytorch.core.activations import erf
from tinytorch.core.tensor import Tensor, set_recorder
from tinytorch.layout import laid_out_alike
from tinytorch.recording import Switch, mark_read, tensors_in, wanted_pairs, wanting, wants_gradient
from tinytorch.versions import check_versions, versions_of
from tinytorch.words.slopes import SLOPES

# %%
import time

from tinytorch import manual_seed, viz
from tinytorch.core.activations import gelu, relu, sigmoid, softmax, tanh
from tinytorch.core.layers import Linear, Module, Parameter
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import cat, exp, mean
from tinytorch.datasets import Digits
from tinytorch.profiling import best_of
from tinytorch.testing import close, raises, remote, same, shares_memory, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.autograd` (`tinytorch/core/autograd.py`). Nobody imports it to get gradients: as soon as
# it exists, `tinytorch` installs it, and every operation of modules 01 to 04 is recorded. Users write
#
# ```python
# loss.backward()                       # then each parameter has its .grad
# with tinytorch.no_grad(): ...         # nothing is recorded here
# ```

# %% [markdown]
# ## Part 1: What should each weight do?
#
# The smallest model there is: one weight, one bias, one example. It predicts $q = w\,x + b$, and its loss is the squared
# error $L = (q - y)^2$. Let $w = 2$, $x = 3$, $b = 1$ and the target $y = 10$:
#
# | step | value |
# | --- | --- |
# | $p = w\,x$ | 6 |
# | $q = p + b$ | 7 |
# | $d = q - y$ | -3 |
# | $L = d^2$ | 9 |
#
# Should $w$ grow or shrink? Try it: nudge $w$ up a little, look at the loss. For $w = 2.001$ the loss is
# $(6.003 + 1 - 10)^2 = 8.982$: it fell by 0.018, 18 times the nudge. So the **gradient** of the loss with respect to $w$
# is about -18: increase $w$, and the loss falls 18 times as fast.
#
# Nudging up *and* down is more exact. These are the **central differences** of module 02, for arrays of weights:


# %%
def numerical_gradient(function, x, step=1e-6):
    """Return the gradient of function(x), a number, at the float64 array x: one pair of nudges per element."""
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (function(up) - function(down)) / (2 * step)
    return gradient


def small_loss(weights):
    w, b = weights
    return (w * 3.0 + b - 10.0) ** 2


print("gradient for w and b:", numerical_gradient(small_loss, np.array([2.0, 1.0])))

# %%
ws = np.linspace(0, 5, 101)
viz.lines(
    ws,
    {"loss for each w": (3 * ws + 1 - 10) ** 2, "slope -18 at w = 2": 9 - 18 * (ws - 2)},
    "What the gradient says",
    xlabel="w",
    ylabel="loss",
    ylim=(-5, 50),
    notes=[(2, 9, "we are here: go right", "right")],
)

# %% [markdown]
# **What's happening**
# 1. The blue curve is the loss for every possible $w$; in practice nobody can draw it, since each point costs a whole evaluation of the model.
# 2. The gradient is the slope of the straight line that touches it where we are.
# 3. Its sign says which way is down (negative: to the right), its size how steep it is.
# 4. Far from the point the line and the curve part: a gradient is about small steps.
#
# Nudging is simple, and you will use it to *check* gradients. It can't be used to train: a pair of evaluations for each weight is
# too much. The layer below has 7,850 weights, so one gradient takes 15,700 evaluations of the model.

# %%
manual_seed(0)
layer, pixels, classes = Linear(784, 10), Tensor(np.ones((64, 784), dtype="float32")), np.zeros(64, dtype="int32")
one = best_of(lambda: cross_entropy(layer(pixels), Tensor(classes)))
print(f"one evaluation: {one.median:.2f} ms; a gradient by nudging 7,850 weights: {2 * 7850 * one.median / 1e3:.1f} s")

# %% [markdown]
# Calculus does better. Walk the table of our small example from the bottom to the top, and ask at each step: if *this* value moved by a
# little, how much would the loss move?
#
# | value | how $L$ reacts | by which rule |
# | --- | --- | --- |
# | $d$ | $2d = -6$ | a square |
# | $q$ | $-6 \cdot 1 = -6$ | $d = q - y$ moves as $q$ does |
# | $b$ | $-6 \cdot 1 = -6$ | $q = p + b$ moves as $b$ does |
# | $p$ | $-6 \cdot 1 = -6$ | and as $p$ does |
# | $w$ | $-6 \cdot x = -18$ | $p = w\,x$ moves $x$ times as much as $w$ |
#
# Think of it as passing on **blame**. The loss is handed to the last operation, which passes it on to its inputs, to each
# according to its influence; these pass it on to theirs. Each line needs only the blame from the line above (-6) and the
# *local* slope of one operation (here $x$): that is the **chain rule**. One walk gives the gradients of all weights at about the cost of two evaluations, not 15,700. It is
# called reverse-mode automatic differentiation (Linnainmaa 1970; in neural networks, backpropagation: Rumelhart, Hinton and Williams 1986).
#
# So we need three things: a record of what was computed (Part 2), a local rule for each operation (Parts 3 to 5), and the walk (Parts 6 and 7).

# %% [markdown]
# ## Part 2: The tape
#
# In module 01 every operation became a `primitive`, which hands each call to a recorder, if there is one. Now there is one.
# It is given; read it. A tensor that somebody wants gradients for has `requires_grad=True`. The result of an operation is
# worth remembering if one of its inputs is; then it remembers the call that made it, as its `grad_fn`.

# %%
#| export
GRAD = SimpleNamespace(enabled=True)


def record(call, out):
    """Let `out` remember the call that made it, if somebody may want a gradient through it."""
    if GRAD.enabled and wants_gradient(call.inputs):
        call.versions = versions_of(call)
        mark_read(call.inputs)
        out.requires_grad, out.grad_fn = True, call


def parents(tensor):
    """List the tensors that `tensor` was computed from and that want a gradient; a leaf has none."""
    return [] if tensor.grad_fn is None else wanting(tensor.grad_fn.inputs)


# %%
#| export
def is_grad_enabled():
    """Say whether operations are being recorded."""
    return GRAD.enabled


class no_grad(Switch):
    """Record nothing inside `with no_grad():` (or in a function decorated with `@no_grad()`): evaluation needs no tape."""

    state, recording = GRAD, False


# %% [markdown]
# > 💡 **Production Reality**: *versions*. The tape keeps arrays, not copies of them, and a rule reads them later. If `x += 1` changes one in between,
# > the gradient would be silently wrong. So each change in place counts up a version of that memory (views share it), the tape notes the version that it
# > saw, and `backward()` raises an error if a rule that *reads* the array (`reads=` below) finds another one. The rule of `add` reads nothing, that of
# > `mul` its inputs, that of `exp` its result, that of `x[ids]` the ids. PyTorch does the same; `x = x + 1` makes new memory and is always allowed.

# %% [markdown]
# The next cell installs the recorder; it may be run as often as you like. `x.backward()` will call the function `backpropagate`, which you write in Part 7: its name is
# looked up when it is needed.

# %%
#| setup
set_recorder(record, lambda tensor, gradient: backpropagate(tensor, gradient))


# %% [markdown]
# A drawing of the tape helps, so this is given as well: `graph_of` describes the record as plain data, `viz.GraphView` draws it.


# %%
#| export
def graph_of(out, **named):
    """Describe how `out` was computed, for viz.GraphView: (nodes, edges). Name leaves by keyword: graph_of(loss, w=w)."""
    names = {id(tensor): name for name, tensor in named.items()}
    nodes, edges, waiting = {}, [], [out]
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in nodes:
            continue
        nodes[id(tensor)] = node_of(tensor, names)
        if tensor.grad_fn is not None:
            inputs = {id(x): x for x in tensors_in(tensor.grad_fn.inputs)}
            edges += [(source, id(tensor)) for source in inputs]
            waiting += inputs.values()
    return list(nodes.values()), edges


def node_of(tensor, names):
    """Describe one box: operation or leaf, its value if it is a single number, else its shape; and its gradient."""
    leaf = tensor.grad_fn is None
    kind = ("parameter" if tensor.requires_grad else "input") if leaf else "operation"
    label = names.get(id(tensor)) or ("" if leaf else tensor.grad_fn.operation) or str(tensor.shape)
    note = f"{tensor.item():.3g}" if tensor.numel() == 1 else str(tensor.shape)
    if tensor.grad is not None:
        note += f"   grad {tensor.grad.item():.3g}" if tensor.numel() == 1 else "   has grad"
    return {"id": id(tensor), "label": label, "kind": kind, "note": note}


# %%
w, b = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
x, y = Tensor(3.0), Tensor(10.0)
loss = (w * x + b - y) ** 2
print("the loss was made by", loss.grad_fn.operation, "from", len(parents(loss)), "tensor that wants a gradient")
viz.GraphView(*graph_of(loss, w=w, b=b, x=x, y=y), "The tape of (w x + b - y)²").picture()

# %% [markdown]
# **What's happening**
# 1. Time runs from left to right: each rounded box is one recorded operation with the value that it gave, 6, 7, -3, 9.
# 2. The orange boxes are leaves that want a gradient, the blue ones are data that don't.
# 3. The arrows are the references from a result to its inputs, drawn forwards; `backward` will follow them the other way.
# 4. Nothing was declared beforehand: the tape is what Python happened to run, loops and `if`s included.

# %% [markdown]
# **Predict, then run**: which of these three results has a `grad_fn`?

# %%
first, second = w * x, x * y
with no_grad():
    third = w * x
print([t.grad_fn is not None for t in (first, second, third, first.detach())])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Only the first. Nothing in `x * y` wants a gradient, and inside `no_grad()` nothing is recorded. `detach()` is the third way out: the same
# numbers, without their history.
# </details>

# %% [markdown]
# ## Part 3: Local rules
#
# A rule answers: given the blame of the result, what is the blame of each input? All rules have one form:
#
# ```
# rule(grad, out, *inputs, **options) -> one gradient per input (None for an input that has none)
# ```
#
# `grad` has the shape of the result and says how the loss reacts to each of its elements; `out` is the result itself (for $e^x$ it *is* the slope,
# so keeping it saves work); inputs and options are those of the call. All are plain arrays. Rules are kept in a
# dictionary under the operation's name, so that running a cell again replaces its rule and nothing else. (A rule may have one more parameter, `wanted`; Part 5 shows what for.)

# %%
#| export
RULES = {}


def rule(operation, reads="inputs out"):
    """Keep the decorated function as the gradient rule of an operation."""

    def keep(function):
        function.reads = reads
        function.asks = "wanted" in inspect.signature(function).parameters
        RULES[operation] = function
        return function

    return keep


# %% [markdown]
# The first rule is given, as an example. A sum $c = a + b$ moves exactly as much as $a$ moves, and as much as $b$ moves: both get the whole blame.


# %%
#| export
@rule("add", reads="")
def add_rule(grad, out, a, b):
    """The gradients of a + b."""
    return grad, grad


# %% [markdown]
# Now the product $c = a\,b$. If $a$ moves by a little, $c$ moves $b$ times as much: the blame for $a$ is `grad` times $b$. By hand, with $a = 2$, $b = 3$ and
# a blame of -6 (this is $p = w\,x$ from Part 1): $-6 \cdot 3 = -18$ for $a$, $-6 \cdot 2 = -12$ for $b$. *Each factor gets the other one.*


# %% nbgrader={"grade_id": "mul_rule", "solution": true}
#| export
@rule("mul", reads="inputs")
def mul_rule(grad, out, a, b):
    """Return the gradients of a * b (element by element) for a and for b.

    Args:
        grad: the gradient of the result, an array.
        out: the result a * b.
        a, b: the factors; one of them may be a plain number.

    TODO: return two gradients. No steps this time: you will find them.

    EXAMPLE:
    >>> mul_rule(np.array(-6.0), np.array(6.0), np.array(2.0), np.array(3.0))
    (-18.0, -12.0)

    HINT: no shapes to think of here; if a and b were broadcast, Part 4 takes care of it.
    """
    ### BEGIN SOLUTION
    return grad * b, grad * a
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: mul_rule

# %% nbgrader={"grade_id": "test_mul_rule", "grade": true}
test = unit_test("mul_rule")


@test.check("the example by hand", points=3)
def _():
    for_a, for_b = mul_rule(np.array(-6.0), np.array(6.0), np.array(2.0), np.array(3.0))
    close(for_a, -18.0)
    close(for_b, -12.0)


### BEGIN HIDDEN TESTS
@test.check("random arrays, element by element", points=5, hidden=True)
def _():
    grad, a, b = (test.rng.normal(size=(3, 4)) for _ in range(3))
    given = [remote(array) for array in (grad, a * b, a, b)]
    with unchanged(given[0]), unchanged(given[1]), unchanged(given[2]), unchanged(given[3]):
        for_a, for_b = mul_rule(*given)
    close(for_a, grad * b)
    close(for_b, grad * a)


@test.check("a plain number as a factor", points=2, hidden=True)
def _():
    grad, a = test.rng.normal(size=5), test.rng.normal(size=5)
    close(mul_rule(grad, 3.0 * a, a, 3.0)[0], 3.0 * grad)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Is the rule right? The picture compares it with nudging, for $a\,b$ and many values of $a$ at once.

# %%
a = np.linspace(-2, 2, 9)
b = np.array([3.0, -1.0, 2.0, 0.5, -2.0, 1.0, 0.0, -0.5, 1.5])
by_rule = mul_rule(np.ones(9), a * b, a, b)[0]
viz.lines(
    a,
    {"mul_rule": by_rule, "by nudging": numerical_gradient(lambda a: np.sum(a * b), a)},
    "The gradient of sum(a b) for each a",
    xlabel="a",
    joined=False,
)

# %% [markdown]
# **What's happening**
# 1. Nine products were computed, each with its own $b$; the loss is their sum, so `grad` is 1 everywhere.
# 2. The gradient for each $a$ is its partner $b$: it does not depend on $a$ itself.
# 3. Each square of nudging lies in its ring of the rule. Every rule of this framework is tested against nudging in this way.

# %% [markdown]
# **Predict, then run**: what is the gradient of $a \cdot a$ at $a = 3$, if both factors are the same tensor?

# %%
viz.Prediction(
    "used_twice", "What is the gradient of a · a at a = 3?", lambda: float(sum(mul_rule(1.0, 9.0, 3.0, 3.0)))
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# `mul_rule` gives 3 for the left factor and 3 for the right. Both are blame for the same tensor, so they must be **added**: 6, which is $2a$, as it
# should be. Keep this in mind for Part 7: whoever is used twice is blamed twice.
# </details>

# %% [markdown]
# ## Part 4: Undoing broadcasting
#
# In `x @ W.T + b`, a bias of shape `(10,)` is added to 64 rows: broadcasting uses each of its elements 64 times. The rule for `add` passes the whole
# gradient `(64, 10)` to the bias. But whoever is used 64 times gets 64 blames, to be added up. So: **where broadcasting repeated, the gradient sums.**
#
# By hand: $a$ of shape `(2, 1)` plus $b$ of shape `(3,)` gives `(2, 3)`. Say the result's gradient is
#
# $$\begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{pmatrix}$$
#
# - $a$ was repeated along the columns: sum each row, keep the axis: $\begin{pmatrix} 6 \\ 15 \end{pmatrix}$, shape `(2, 1)`.
# - $b$ got a new axis in front and was repeated along it: sum over it: $(5, 7, 9)$, shape `(3,)`.

# %%
viz.broadcast(np.array([[10.0], [20.0]]), np.array([1.0, 2.0, 3.0]), "Forwards: faint cells are repeated")

# %% [markdown]
# **What's happening**
# 1. The strong cells are the numbers that exist; the faint ones are broadcasting's repetitions.
# 2. Each cell of the result on the right was made from one cell of each operand.
# 3. Backwards, the gradients of the faint cells flow back into the strong cell that they are copies of: along columns for $a$, along rows for $b$.


# %% nbgrader={"grade_id": "unbroadcast", "solution": true}
#| export
def unbroadcast(grad, shape):
    """Sum a gradient over the axes that broadcasting added or repeated.

    Args:
        grad: an array of the broadcast shape.
        shape: the shape of the input before it was broadcast.

    TODO: return an array of exactly `shape`.

    APPROACH:
    1. Axes that broadcasting put in front: sum over them. There are grad.ndim - len(shape).
    2. Axes where shape has a 1 and grad has another size (more, or 0): sum over them and keep the axis.

    EXAMPLE:
    >>> unbroadcast(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (2, 1))
    array([[ 6.],
           [15.]])
    >>> unbroadcast(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (3,))
    array([5., 7., 9.])

    HINT: grad.sum(axis=(0, 1)) sums over several axes at once; keepdims=True keeps them with length 1.
    """
    ### BEGIN SOLUTION
    in_front = grad.ndim - len(shape)
    grad = grad.sum(axis=tuple(range(in_front)))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1 and grad.shape[axis] != 1)
    return grad.sum(axis=repeated, keepdims=True)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: unbroadcast

# %% nbgrader={"grade_id": "test_unbroadcast", "grade": true}
test = unit_test("unbroadcast")


@test.check("a column and a row, by hand", points=3)
def _():
    grad = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    close(unbroadcast(grad, (2, 1)), [[6.0], [15.0]])
    close(unbroadcast(grad, (3,)), [5.0, 7.0, 9.0])


@test.check("a single number was repeated everywhere", points=2)
def _():
    close(unbroadcast(np.ones((4, 5)), ()), 20.0)


### BEGIN HIDDEN TESTS
@test.check("random shapes: an axis in front, axes of length 1, both", points=8, hidden=True)
def _():
    grad = test.rng.normal(size=(2, 3, 4, 5))
    given = remote(grad)
    with unchanged(given):
        close(unbroadcast(given, (3, 4, 5)), grad.sum(axis=0))
    close(unbroadcast(grad, (1, 3, 4, 5)), grad.sum(axis=0, keepdims=True))
    close(unbroadcast(grad, (2, 1, 4, 1)), grad.sum(axis=(1, 3), keepdims=True))
    close(unbroadcast(grad, (1, 5)), grad.sum(axis=(0, 1, 2))[None])
    close(unbroadcast(grad, (3, 1, 1)), grad.sum(axis=(0, 2, 3))[:, None, None])


@test.check("what was not broadcast stays as it is", points=2, hidden=True)
def _():
    grad = test.rng.normal(size=(3, 1))
    close(unbroadcast(grad, (3, 1)), grad)
    close(unbroadcast(grad, (1, 1)), [[grad.sum()]])
    same(unbroadcast(np.zeros((3, 0)), (3, 1)), np.zeros((3, 1)))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: a bias of shape `(10,)` is added to a batch of 64 rows, and the gradient of the result is 1 everywhere. What is the gradient of the bias?
# And if the loss takes the *mean* over the rows, so that the gradient of the result is 1/64?

# %%
viz.Prediction(
    "gradient_of_a_bias",
    "What is the gradient of each element of the bias, where the gradient of the result is 1 everywhere?",
    lambda: unbroadcast(np.ones((64, 10)), (10,))[0],
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 64 for each element in the first case, 1 in the second. This is why losses average over the batch: the size of the gradient then does not depend on how
# many examples there are.
# </details>

# %% [markdown]
# ## Part 5: The matrix product
#
# Nearly all the work of a network is `matmul`, so this is the rule that matters most. Let $C = A\,B$ with shapes `(n, k)`, `(k, m)` and `(n, m)`. Start with one
# element: $C_{ij} = \sum_k A_{ik} B_{kj}$. Now $A_{ik}$ appears in all elements of row $i$ of $C$, and in $C_{ij}$ its
# factor is $B_{kj}$. It collects the blame from each of them:
#
# $$\bar A_{ik} = \sum_j \bar C_{ij} B_{kj} \quad\text{which is}\quad \bar A = \bar C\,B^{\mathsf T}, \qquad \text{and likewise}\quad \bar B = A^{\mathsf T}\,\bar C$$
#
# (a bar means "gradient of"). You need not remember it: **the shapes leave no other choice.** The gradient of $A$ has the shape `(n, k)`; it is made from $\bar C$, `(n, m)`, and $B$, `(k, m)`:
#
# | gradient of | shape | the only product that fits |
# | --- | --- | --- |
# | $A$ | `(n, k)` | $\bar C$ `(n, m)` @ $B^{\mathsf T}$ `(m, k)` |
# | $B$ | `(k, m)` | $A^{\mathsf T}$ `(k, n)` @ $\bar C$ `(n, m)` |
#
# By hand, with $A = (1, 2)$, $B = \binom{3}{4}$, so $C = 11$, and $\bar C = 1$: $\bar A = (3, 4)$ and $\bar B = \binom{1}{2}$. Each gets the other one, as with numbers.
#
# Arrays may have batch axes in front, `(..., n, k) @ (..., k, m)`; transposing then means swapping the last two axes.
#
# One more thing. The input of the first layer is data, and nobody wants its gradient; computing it would be a whole matrix product for nothing. So this rule is told
# what is `wanted`: two truth values, for $A$ and for $B$. For what is not wanted it returns `None`.


# %% nbgrader={"grade_id": "matmul_rule", "solution": true}
#| export
def matmul_rule(grad, out, a, b, wanted=(True, True)):
    """Return the gradients of a @ b for a and for b.

    Args:
        grad: the gradient of the result, an array (..., n, m).
        out: the result a @ b.
        a: an array (..., n, k).
        b: an array (..., k, m).
        wanted: whether the gradient of a is wanted, and whether that of b is.

    TODO: return two gradients, each a matrix product, or None where it is not wanted.

    APPROACH:
    1. For a, if wanted[0]: grad @ b transposed.
    2. For b, if wanted[1]: a transposed @ grad.

    EXAMPLE:
    >>> matmul_rule(np.array([[1.0]]), np.array([[11.0]]), np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    (array([[3., 4.]]), array([[1.],
           [2.]]))

    HINT: x.swapaxes(-1, -2) transposes the last two axes, however many there are in front.
    """
    ### BEGIN SOLUTION
    for_a = grad @ b.swapaxes(-1, -2) if wanted[0] else None
    for_b = a.swapaxes(-1, -2) @ grad if wanted[1] else None
    return for_a, for_b
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: matmul_rule

# %% nbgrader={"grade_id": "test_matmul_rule", "grade": true}
test = unit_test("matmul_rule")


@test.check("the example by hand, alone and as a batch of two", points=3)
def _():
    grad, out, a, b = np.array([[1.0]]), np.array([[11.0]]), np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    for_a, for_b = matmul_rule(grad, out, a, b)
    close(for_a, [[3.0, 4.0]])
    close(for_b, [[1.0], [2.0]])
    for_a, for_b = matmul_rule(np.stack([grad] * 2), np.stack([out] * 2), np.stack([a] * 2), np.stack([b] * 2))
    close(for_a, [[[3.0, 4.0]]] * 2)
    close(for_b, [[[1.0], [2.0]]] * 2)


@test.check("None for what nobody wants", points=3)
def _():
    arrays = np.array([[1.0]]), np.array([[11.0]]), np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    same(matmul_rule(*arrays, wanted=(False, True))[0], None)
    close(matmul_rule(*arrays, wanted=(False, True))[1], [[1.0], [2.0]])
    same(matmul_rule(*arrays, wanted=(True, False))[1], None)


### BEGIN HIDDEN TESTS
@test.check("random matrices, against the sums over single elements", points=5, hidden=True)
def _():
    grad, a, b = test.rng.normal(size=(4, 5)), test.rng.normal(size=(4, 3)), test.rng.normal(size=(3, 5))
    given = [remote(array) for array in (grad, a @ b, a, b)]
    with unchanged(given[0]), unchanged(given[1]), unchanged(given[2]), unchanged(given[3]):
        for_a, for_b = matmul_rule(*given)
    close(for_a, np.einsum("nm,km->nk", grad, b))
    close(for_b, np.einsum("nm,nk->km", grad, a))


@test.check("no work for what nobody wants", points=1, hidden=True)
def _():
    grad, a, b = test.rng.normal(size=(4, 5)), test.rng.normal(size=(4, 3)), test.rng.normal(size=(3, 5))
    for_a, for_b = matmul_rule(grad, a @ b, a, b, wanted=(False, True))
    same(for_a, None)
    close(for_b, a.T @ grad)
    same(matmul_rule(grad, a @ b, a, b, wanted=(True, False))[1], None)


@test.check("batches of matrices", points=3, hidden=True)
def _():
    grad = test.rng.normal(size=(2, 6, 4, 5))
    a, b = test.rng.normal(size=(2, 6, 4, 3)), test.rng.normal(size=(2, 6, 3, 5))
    for_a, for_b = matmul_rule(grad, a @ b, a, b)
    close(for_a, np.einsum("...nm,...km->...nk", grad, b))
    close(for_b, np.einsum("...nm,...nk->...km", grad, a))


### END HIDDEN TESTS
test.report()


# %% [markdown]
# numpy's `@` also takes vectors. Rather than burden your rule with them, the framework turns a vector into a matrix of one row or one column first. This is given:


# %%
#| export
@rule("matmul", reads="inputs")
@laid_out_alike
def matmul_rule_with_vectors(grad, out, a, b, wanted=(True, True)):
    """Apply matmul_rule, seeing a vector on the left as one row and a vector on the right as one column."""
    row, column = a.ndim == 1, b.ndim == 1
    if column:
        b, grad = b[:, None], grad[..., None]
    if row:
        a, grad = a[None, :], grad[..., None, :]
    for_a, for_b = matmul_rule(grad, out, a, b, wanted)
    if row and wanted[0]:
        for_a = for_a[..., 0, :]
    if column and wanted[1]:
        for_b = for_b[..., 0]
    return for_a, for_b


# %% [markdown]
# A picture of what $\bar B = A^{\mathsf T} \bar C$ means for a layer: the gradient of a weight is large where a large input meets a large blame.

# %%
rng = np.random.default_rng(3)
inputs, blame = rng.normal(size=(1, 6)), rng.normal(size=(1, 4))
viz.matrix(
    matmul_rule(blame, None, inputs, np.zeros((6, 4)))[1],
    "Gradient of the weights, one example",
    xlabel="output (blame " + ", ".join(f"{v:.1f}" for v in blame[0]) + ")",
    ylabel="input (" + ", ".join(f"{v:.1f}" for v in inputs[0]) + ")",
)

# %% [markdown]
# **What's happening**
# 1. Row $k$ belongs to input $k$, column $j$ to output $j$; each cell is the input's value times the output's blame.
# 2. A weight whose input was (near) zero gets no gradient: it had no part in the result, so it can't be blamed.
# 3. For a batch of examples these products are summed: that is the sum over $n$ in the matrix product.

# %% [markdown]
# **Predict, then run**: how many multiplications does `matmul` of `(64, 784) @ (784, 128)` take, and how many does its rule take?

# %%
a, b = np.ones((64, 784), dtype="float32"), np.ones((784, 128), dtype="float32")
c = a @ b
print(f"forwards {best_of(np.matmul, a, b)}")
print(f"backwards {best_of(matmul_rule, c, c, a, b)}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Forwards $64 \cdot 784 \cdot 128 = 6.4$ million. The rule computes two products of the same three sizes, so twice as many. That is where the rule of thumb
# comes from that a training step costs three forward passes.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: not wanting the gradient of the data saves a third of the first layer's work. PyTorch asks in every rule (`ctx.needs_input_grad`, see
# > Checkpoint 2), and goes further: freezing the first layers of a big model to adapt only its last ones (`requires_grad=False`) saves their whole backward pass.

# %% [markdown]
# The rules of the other operations are given. Read some of them: each is the derivative that you know from school, times `grad`. Those of `relu`, `sigmoid`, `tanh`
# and `softmax` are written with their result `out`, so that nothing has to be computed twice.


# %%
#| export
@rule("sub", reads="")
def sub_rule(grad, out, a, b):
    return grad, -grad


@rule("neg", reads="")
def neg_rule(grad, out, a):
    return -grad


@rule("div", reads="inputs out")
def div_rule(grad, out, a, b):
    return grad / b, -grad * out / b


@rule("power")
def power_rule(grad, out, a, b):
    """For the base b a^(b-1); for the exponent, if it is an array, out log a (0 where a is not positive)."""
    for_a = grad * b * np.power(a, np.where(np.equal(b, 0), 1, np.subtract(b, 1)))
    if not isinstance(b, np.ndarray):
        return for_a, None
    return for_a, grad * out * np.log(np.where(np.greater(a, 0), a, 1))


@rule("exp", reads="out")
def exp_rule(grad, out, a):
    return grad * out


@rule("log", reads="inputs")
def log_rule(grad, out, a):
    return grad / a


@rule("sqrt", reads="out")
def sqrt_rule(grad, out, a):
    return grad / (2 * out)


@rule("maximum", reads="inputs")
def maximum_rule(grad, out, a, b):
    """The larger one gets the blame; where both are equal, each gets half."""
    share = np.where(np.equal(a, b), 0.5, np.greater(a, b)).astype(grad.dtype)
    return grad * share, grad * (1 - share)


@rule("where", reads="indices")
def where_rule(grad, out, condition, a, b):
    return None, np.where(condition, grad, 0), np.where(condition, 0, grad)


# %% [markdown]
# Operations that add up or rearrange: a sum gives each of its terms the whole blame (the opposite of broadcasting); the largest of several takes it alone; reordering
# and reshaping are undone; what was not picked by an index gets 0.


# %%
#| export
def along(dim, x, out_shape_array, keepdim):
    """Put back the axes that a reduction along `dim` removed, so that its result broadcasts against x."""
    if dim is None or keepdim:
        return out_shape_array
    return np.expand_dims(out_shape_array, tuple(dim) if isinstance(dim, (list, tuple)) else dim)


@rule("reduce_sum", reads="")
def reduce_sum_rule(grad, out, a, dim=None, keepdim=False):
    return np.broadcast_to(along(dim, a, grad, keepdim), a.shape)


@rule("amax")
def amax_rule(grad, out, a, dim=None, keepdim=False):
    """Those equal to the largest share the blame."""
    largest = a == along(dim, a, out, keepdim)
    axis = tuple(dim) if isinstance(dim, (list, tuple)) else dim
    return along(dim, a, grad, keepdim) * largest / largest.sum(axis=axis, keepdims=True)


@rule("reshape", reads="")
def reshape_rule(grad, out, a, shape):
    return grad.reshape(a.shape)


@rule("permute", reads="")
def permute_rule(grad, out, a, dims):
    places = [dim % a.ndim for dim in dims]
    return grad.transpose(sorted(range(a.ndim), key=places.__getitem__))


@rule("broadcast_to", reads="")
def broadcast_to_rule(grad, out, a, shape):
    return grad  # unbroadcast does the rest


@rule("clone", reads="")
def clone_rule(grad, out, a):
    return grad


@rule("getitem", reads="indices")
def getitem_rule(grad, out, a, key):
    """Put the gradient where the elements came from; an index array may name one element several times, which adds up."""
    for_a = np.zeros_like(a)
    plain = all(isinstance(k, (int, slice, type(None), type(...))) for k in (key if isinstance(key, tuple) else (key,)))
    if plain:
        for_a[key] = grad
    else:
        np.add.at(for_a, key, grad)
    return for_a


@rule("cat", reads="")
def cat_rule(grad, out, arrays, dim=0):
    ends = np.cumsum([np.shape(a)[dim] for a in arrays])
    return np.split(grad, ends[:-1], axis=dim)


for operation, (reads, slope) in SLOPES.items():  # of what no exercise asks for
    rule(operation, reads)(slope)


# %% [markdown]
# And the activations of module 02:


# %%
#| export
@rule("relu", reads="out")
def relu_rule(grad, out, a):
    return grad * (out > 0)


@rule("sigmoid", reads="out")
def sigmoid_rule(grad, out, a):
    return grad * out * (1 - out)


@rule("tanh", reads="out")
def tanh_rule(grad, out, a):
    return grad * (1 - out * out)


@rule("gelu", reads="inputs")
def gelu_rule(grad, out, a):
    """a Phi(a) by the product rule: Phi(a) + a phi(a), with the normal distribution Phi and its density phi."""
    below = 0.5 * (1 + erf(a / math.sqrt(2)))
    density = np.exp(-0.5 * a * a) / math.sqrt(2 * math.pi)
    return grad * (below + a * density)


@rule("softplus")
def softplus_rule(grad, out, a):
    return grad * np.exp(a - out)  # the sigmoid of a: e^a / (1 + e^a)


@rule("softmax", reads="out")
def softmax_rule(grad, out, a, dim=-1):
    return out * (grad - (grad * out).sum(axis=dim, keepdims=True))


# %% [markdown]
# ## Part 6: In which order?
#
# Blame is passed from the loss towards the leaves. But when may a tensor pass it on? Only when it has *all* of its blame. Look at this computation, in which $a$ is used twice:

# %%
a = Tensor(3.0, requires_grad=True)
b = exp(a)
c = a * b
d = b + c
viz.GraphView(*graph_of(d, a=a), "d = exp(a) + a exp(a)").picture()

# %% [markdown]
# **What's happening**
# 1. `exp` is used by both `mul` and `add`: the two paths from it to the result form a **diamond**.
# 2. If `exp` passed on its blame when it had only that of `add`, it would have to come back later with that of `mul`, and so would everything before it: with 30 diamonds in a row, a billion visits.
# 3. The remedy is an order: `add`, then `mul`, then `exp`, then $a$. Each comes after **all that used it**.

# %% [markdown]
# Such an order is called **topological**. To find it, turn the rule around: list the tensors so that each comes after all *it was computed from* (`a, exp, mul, add`),
# then reverse the list. The first half is easy: "before I am listed, list my parents". As a recursion:
#
# ```python
# def visit(tensor):
#     if tensor in seen: return
#     seen.add(tensor)
#     for parent in parents(tensor): visit(parent)
#     order.append(tensor)
# ```
#
# A recursion, however, goes as deep as the computation, and Python stops at a depth of 1,000. A training loop over a long text has far longer chains. So keep the list of open visits yourself, as a **stack**.
# Put `(tensor, False)` on it for "to be visited" and `(tensor, True)` for "parents are done, list it":
#
# | take from the stack | do | stack afterwards |
# | --- | --- | --- |
# | `(c, False)` | first time: come back later, its parents first | `(c, True) (a, False) (b, False)` |
# | `(b, False)` | the same | `(c, True) (a, False) (b, True) (a, False)` |
# | `(a, False)` | a leaf: the same, without parents | `(c, True) (a, False) (b, True) (a, True)` |
# | `(a, True)` | list `a` | `(c, True) (a, False) (b, True)` |
# | `(b, True)` | list `b` | `(c, True) (a, False)` |
# | `(a, False)` | seen before: nothing | `(c, True)` |
# | `(c, True)` | list `c` | |
#
# The list is `a, b, c`; reversed, `c, b, a`.


# %% nbgrader={"grade_id": "topological_order", "solution": true}
#| export
def topological_order(tensor):
    """List all tensors that `tensor` was computed from, itself first, each one after all that used it.

    Args:
        tensor: the last result. Only tensors that want a gradient are listed (that is what parents() gives).

    TODO: visit with a stack instead of recursion; list a tensor after its parents; reverse.

    APPROACH:
    1. Begin with an empty list, an empty set of seen ids, and the stack [(tensor, False)].
    2. While the stack has items, pop one.
       - (t, True): append t to the list.
       - (t, False), and id(t) was not seen: note it; push (t, True), then (parent, False) for each parent.
    3. Return the list reversed.

    EXAMPLE:
    >>> a = Tensor(3.0, requires_grad=True)
    >>> b = exp(a)
    >>> [t is u for t, u in zip(topological_order(b), [b, a])]
    [True, True]

    HINT: put id(t) into the set, not t: == compares tensors element by element.
    """
    ### BEGIN SOLUTION
    order, seen, stack = [], set(), [(tensor, False)]
    while stack:
        current, parents_are_done = stack.pop()
        if parents_are_done:
            order.append(current)
        elif id(current) not in seen:
            seen.add(id(current))
            stack.append((current, True))
            stack += [(parent, False) for parent in parents(current)]
    return order[::-1]
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: topological_order

# %% nbgrader={"grade_id": "test_topological_order", "grade": true}
test = unit_test("topological_order")


@test.check("a chain of two", points=1)
def _():
    a = Tensor([3.0, 4.0], requires_grad=True)
    b = exp(a)
    order = topological_order(b)
    same(len(order), 2)
    true(order[0] is b and order[1] is a, "the result comes first, the leaf last")


@test.check("a diamond: nobody twice, users first", points=3)
def _():
    a = Tensor(3.0, requires_grad=True)
    b = exp(a)
    c = a * b
    for d in (b + c, c + b):
        order = topological_order(d)
        same(len(order), 4)
        true(order[0] is d and order[1] is c and order[2] is b and order[3] is a, "the order is d, c, b, a")


@test.check("a chain of 2,000 operations", points=2)
def _():
    out = Tensor(1.0, requires_grad=True)
    for _ in range(2000):
        out = -out
    same(len(topological_order(out)), 2001)


### BEGIN HIDDEN TESTS
@test.check("data that wants no gradient is not listed", points=3, hidden=True)
def _():
    w, x = Tensor(2.0, requires_grad=True), Tensor(3.0)
    product = w * x
    order = topological_order(product)
    same(len(order), 2)
    true(all(t is not x for t in order), "x is not in the order")


@test.check("a random computation: each after all that used it", points=4, hidden=True)
def _():
    made = [Tensor(0.5, requires_grad=True) for _ in range(3)]
    used = []
    for _ in range(25):
        i, j = (int(k) for k in test.rng.integers(max(0, len(made) - 6), len(made), 2))
        used.append((len(made), i, j))
        made.append(made[i] * made[j])
    out = made[-1]
    order = topological_order(out)
    place = {k: [n for n, t in enumerate(order) if t is made[k]] for k in range(len(made))}
    true(all(len(found) <= 1 for found in place.values()), "no tensor is listed twice")
    reached = [(k, i, j) for k, i, j in used if place[k]]
    true(len(reached) > 0, "the computation was walked")
    true(
        all(place[i] and place[j] and place[k][0] < place[i][0] and place[k][0] < place[j][0] for k, i, j in reached),
        "each tensor comes after all that were computed from it",
    )


@test.check("a chain of 3,000 operations", points=2, hidden=True)
def _():
    start = Tensor(2.0, requires_grad=True)
    out = start
    for _ in range(3000):
        out = -out
    order = topological_order(out)
    same(len(order), 3001)
    true(order[-1] is start, "the leaf comes last")
    same(out.data, 2.0)  # looking at it changes nothing


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: how many different topological orders does `a * b + c * d` have, with four leaves?

# %%
leaves = [Tensor(float(i), requires_grad=True) for i in range(1, 5)]
total = leaves[0] * leaves[1] + leaves[2] * leaves[3]
print([t.grad_fn.operation if t.grad_fn else f"leaf {t.item():g}" for t in topological_order(total)])


# %% [markdown]
# <details><summary>Answer</summary>
#
# Many: after the sum come the two products and, each after its product, their leaves. Of the 6! = 720 orders of six things, each product precedes its two leaves in
# 80. All give the same gradients: what matters is only that nobody passes on blame before having it all.
# </details>

# %% [markdown]
# ## Part 7: The walk
#
# All the pieces are there. One helper is given: for one recorded call it looks up the rule, applies it, and gives back pairs of an input and its gradient, with broadcasting
# undone. Another prepares the first gradient: the loss takes a blame of 1 for itself.


# %%
#| export
def input_gradients(call, grad):
    """Return (tensor, gradient) for each input of a recorded call that wants one; `grad` is the gradient of its result."""
    found, options = find_rule(call), call.options
    check_versions(call, found.reads)
    if found.asks:
        options = {**options, "wanted": tuple([wants_gradient([x]) for x in call.inputs])}
    gradients = found(grad, call.result, *call.arrays, **options)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    pairs = zip(call.inputs, gradients, strict=False)  # a rule may be silent about its last inputs
    return [(x, fitted(gradient, x.data)) for x, gradient in wanted_pairs(pairs)]


def find_rule(call):
    """Find the rule that a call brings itself, else that of the implementation that was called or of the operation."""
    found = call.rule or RULES.get(f"{call.operation}/{call.implementation}") or RULES.get(call.operation)
    if found is None:
        raise NotImplementedError(
            f"'{call.operation}' has no gradient rule: write one under @rule({call.operation!r}), or compute under no_grad()"
        )
    return found


def fitted(gradient, like):
    """Give a gradient the shape and dtype of the array that it belongs to; None is a gradient of zeros."""
    if gradient is None:
        return np.zeros_like(like)
    gradient = np.asarray(gradient)
    if gradient.shape != like.shape:
        gradient = unbroadcast(gradient, like.shape)
    return gradient if gradient.dtype == like.dtype else gradient.astype(like.dtype)


def first_gradient(tensor, gradient):
    """Return the gradient that backward starts with: 1 for a single number, else what the caller gives."""
    if not tensor.requires_grad:
        raise RuntimeError(
            "backward() needs a tensor computed from one with requires_grad=True, got one that nothing is recorded of: "
            "was it computed under no_grad(), from .data or after detach()?"
        )
    if gradient is None:
        if tensor.numel() != 1:
            raise RuntimeError(
                f"backward() starts from a single number, got shape {tensor.shape}: take .mean() or .sum() first, or pass a gradient"
            )
        return np.ones_like(tensor.data)
    array = np.asarray(gradient.data if isinstance(gradient, Tensor) else gradient, dtype=tensor.data.dtype)
    if array.shape != tensor.shape:
        raise ValueError(f"the gradient needs the shape of the tensor, got {array.shape} for {tensor.shape}")
    return array


# %% [markdown]
# Now the walk itself. Keep the blame collected so far in a dictionary, `grads[id(tensor)]`. Go through the topological order; take the tensor's gradient out of the dictionary, and
#
# - if it is a **leaf** (no `grad_fn`): that is what we came for. Store it as `tensor.grad`, a Tensor. If there is one already, from an earlier `backward()`, **add** to it:
#   so does PyTorch, which lets you collect the gradients of several batches. (It also means that you have to clear them before each step; module 06 will.)
# - otherwise: pass it on to its inputs, **adding** to what they have been given already.
#
# For our example: the order is $L, d, q, p, b, w$ (or with $b$ before $p$).
#
# | at | its gradient | passes on | dictionary afterwards |
# | --- | --- | --- | --- |
# | $L$ | 1 | $2d \cdot 1$ to $d$ | d: -6 |
# | $d$ | -6 | to $q$ | q: -6 |
# | $q$ | -6 | to $p$ and $b$ | p: -6, b: -6 |
# | $p$ | -6 | $x \cdot (-6)$ to $w$ | b: -6, w: -18 |
# | $b$, $w$ | leaves | `b.grad = -6`, `w.grad = -18` | |


# %% nbgrader={"grade_id": "backpropagate", "solution": true}
#| export
def backpropagate(tensor, gradient=None):
    """Compute the gradient of `tensor` for every leaf that it was computed from, and add it to the leaf's .grad.

    Args:
        tensor: usually a loss, a single number.
        gradient: the gradient to start with, if it is not a single number.

    TODO: walk the topological order, pass gradients on, store them at the leaves.

    APPROACH:
    1. grads = {id(tensor): first_gradient(tensor, gradient)}
    2. For each t in topological_order(tensor), pop its gradient from grads.
    3. A leaf (t.grad_fn is None): t.grad becomes a Tensor of a copy of it, or of the old t.grad.data plus it.
    4. Otherwise, for each parent and its gradient from input_gradients(t.grad_fn, grad): store it in grads, or add it to
       what is there.

    EXAMPLE:
    >>> a = Tensor(3.0, requires_grad=True)
    >>> backpropagate(a * a)
    >>> a.grad.item()
    6.0

    HINT: never `+=` on an array here: the same array may be on its way to somebody else (add_rule hands out one twice).

    TINYTORCH ASSUMPTIONS: gradients are arrays without a tape, so they have no gradients themselves. PyTorch's can (`create_graph=True`).
    """
    ### BEGIN SOLUTION
    grads = {id(tensor): first_gradient(tensor, gradient)}
    for current in topological_order(tensor):
        grad = grads.pop(id(current))
        if current.grad_fn is None:
            current.grad = Tensor(grad.copy() if current.grad is None else current.grad.data + grad)
            continue
        for parent, its_gradient in input_gradients(current.grad_fn, grad):
            known = grads.get(id(parent))
            grads[id(parent)] = its_gradient if known is None else known + its_gradient
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: backpropagate

# %% nbgrader={"grade_id": "test_backpropagate", "grade": true}
test = unit_test("backpropagate")


@test.check("the small model: -18 for w, -6 for b", points=3)
def _():
    w, b = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
    loss = (w * Tensor(3.0) + b - Tensor(10.0)) ** 2
    loss.backward()
    close(w.grad.data, -18.0)
    close(b.grad.data, -6.0)


@test.check("used twice, blamed twice; a second backward adds to the first", points=2)
def _():
    a = Tensor(3.0, requires_grad=True)
    (a * a).backward()
    close(a.grad.data, 6.0)
    (a * a).backward()
    close(a.grad.data, 12.0)


@test.check("what add_rule hands out twice stays as it is: 2 for a, 1 for b, each in memory of its own", points=3)
def _():
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    ((a + b) + a).sum().backward()
    close(a.grad.data, [2.0, 2.0])
    close(b.grad.data, [1.0, 1.0])
    c, d = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    (c + d).backward(Tensor([1.0, 1.0]))
    true(not shares_memory(c.grad, d.grad), "c.grad and d.grad have memory of their own")


### BEGIN HIDDEN TESTS
@test.check("a second backward adds to the first", points=2, hidden=True)
def _():
    a = Tensor([1.0, 2.0], requires_grad=True)
    (a * 3.0).sum().backward()
    (a * 5.0).sum().backward()
    close(a.grad.data, [8.0, 8.0])


@test.check("diamonds, against nudging", points=4, hidden=True)
def _():
    value = float(test.rng.uniform(0.5, 1.5))
    a = Tensor(np.array(value), requires_grad=True)
    b = exp(a)
    c = a * b
    (b + c).backward()
    close(a.grad.data, np.exp(value) * (2 + value))


@test.check("two leaves never share one gradient array", points=2, hidden=True)
def _():
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    (a + b).sum().backward()
    a.grad.data = a.grad.data * 10.0
    close(b.grad.data, [1.0, 1.0])
    c, d = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    start = Tensor([1.0, 1.0])
    (c + d).backward(start)
    true(not shares_memory(c.grad, d.grad), "c.grad and d.grad have memory of their own")


@test.check("a batch through a layer, broadcasting included", points=4, hidden=True)
def _():
    x, w, b = test.rng.normal(size=(5, 3)), test.rng.normal(size=(3, 2)), test.rng.normal(size=2)
    start = test.rng.normal(size=(5, 2))
    tx, tw, tb = (Tensor(array, requires_grad=True) for array in (x, w, b))
    out, given = tx @ tw + tb, remote(start)
    with unchanged(given):
        out.backward(Tensor(given))
    close(out.data, x @ w + b)  # backward changes no value
    close(tx.grad.data, start @ w.T)
    close(tw.grad.data, x.T @ start)
    close(tb.grad.data, start.sum(axis=0))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The small model once more, drawn from your own record. Your `backward` walks through it; `retain_grad` lets results keep what otherwise only leaves keep, so that you can watch:
# the slider takes you through the turns, from the loss to the leaves.

# %%
w, b = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
x, y = Tensor(3.0), Tensor(10.0)
loss = (w * x + b - y) ** 2
drawn, order = graph_of(loss, w=w, b=b, x=x, y=y), topological_order(loss)
for each in order:
    each.retain_grad()
loss.backward()
viz.GradientWalk(*drawn, [(id(each), each.grad.item()) for each in order], "Blame on its way back")

# %% [markdown]
# **What's happening**
# 1. `backward` starts at the right with 1 and walks to the left. Move the slider to 0, then turn by turn: before each one, say what the gradient will be.
# 2. At the leaves it leaves what Part 1 found by hand and by nudging: -18 and -6.
# 3. The data $x$ and $y$ get nothing: nobody asked.
# 4. Without `retain_grad` the boxes between would have no gradient at the end: theirs is passed on and forgotten.

# %% [markdown]
# **Predict, then run**: what is `w.grad` after calling `loss.backward()` a second time?

# %%
loss.backward()
print("w.grad is now", w.grad.item())

# %% [markdown]
# <details><summary>Answer</summary>
#
# -36, and the -6 of `b` would be -12: gradients add up until somebody clears them. Forgetting this is the most frequent bug in hand-written training loops; the symptom is a run that starts well and then flies apart.
# </details>

# %% [markdown]
# ### Adding up on purpose
#
# You can make use of this. A batch whose tape doesn't fit into memory is cut into parts: each goes forwards and backwards by itself, its tape is dropped, its gradient stays, added to those of the parts before. Only then are the
# weights moved. This is **gradient accumulation**. Before you run the cell: by what must each part's loss be divided, so that the sum is the gradient of the *mean* over all?


# %%
def accumulated(parts):
    """Return the gradient of the mean squared error of 64 digits, made of that many parts one after the other."""
    manual_seed(0)
    layer, (images, labels) = Linear(64, 10), Digits(train=True).arrays()
    for rows in np.split(np.arange(64), parts):
        errors = layer(Tensor(images[rows].reshape(-1, 64))) - Tensor(np.eye(10, dtype="float32")[labels[rows]])
        ((errors * errors).mean() / parts).backward()
    return layer.weight.grad.data


for parts in (1, 2, 8):
    print(f"{parts} parts: differs by at most {np.abs(accumulated(parts) - accumulated(1)).max():.1e}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# By the number of parts, if they are equally long: the mean of 64 is the mean of two means of 32. What is left is rounding. The tape is as short as that of one part; the time is that of the whole batch. (With parts of
# different length each is weighted by its share of the examples.)
# </details>

# %% [markdown]
# ## Part 8: The most beautiful rule
#
# Classification ends in cross-entropy, cross-entropy in `log_softmax`. Its rule is the last one you write, and it has a
# surprise in store. From module 04: $\ell_i = x_i - \log \sum_k e^{x_k}$. How does $\ell_i$ react to $x_j$? Directly if $i = j$, and through the log-sum-exp, whose slope is
#
# $$\frac{\partial}{\partial x_j} \log \sum_k e^{x_k} = \frac{e^{x_j}}{\sum_k e^{x_k}} = p_j \qquad\text{the softmax probability.}$$
#
# So with the blame $\bar\ell_i$ for each output, $x_j$ collects its own, minus $p_j$ times that of all:
#
# $$\bar x_j = \bar\ell_j - p_j \sum_i \bar\ell_i, \qquad p_j = e^{\ell_j}$$
#
# The probabilities need not be computed again: they are the exponential of the result.
#
# By hand: two classes with logits $(0, 0)$, so $p = (0.5, 0.5)$. Let the blame be $(1, 0)$: the gradient is $(1 - 0.5, 0 - 0.5) = (0.5, -0.5)$. Raising the first
# logit raises its log-probability, raising the second one lowers it.


# %% nbgrader={"grade_id": "log_softmax_rule", "solution": true}
#| export
@rule("log_softmax", reads="out")
def log_softmax_rule(grad, out, a, dim=-1):
    """Return the gradient of log_softmax for its logits.

    Args:
        grad: the gradient of the result, an array.
        out: the result: logarithms of probabilities.
        a: the logits.
        dim: the axis along which the probabilities add up to 1.

    TODO: subtract from the gradient its sum along dim, shared out by the probabilities.

    APPROACH:
    1. The probabilities are exp(out).
    2. Sum grad along dim, keeping the axis.
    3. Return grad - probabilities * sum.

    EXAMPLE:
    >>> log_softmax_rule(np.array([[1.0, 0.0]]), np.log([[0.5, 0.5]]), np.zeros((1, 2)))
    array([[ 0.5, -0.5]])

    HINT: grad.sum(axis=dim, keepdims=True).
    """
    ### BEGIN SOLUTION
    return grad - np.exp(out) * grad.sum(axis=dim, keepdims=True)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: log_softmax_rule

# %% nbgrader={"grade_id": "test_log_softmax_rule", "grade": true}
test = unit_test("log_softmax_rule")


@test.check("the example by hand, with a second row of its own; columns with dim=0", points=5)
def _():
    grad, out, a = np.array([[1.0, 0.0], [2.0, 0.0]]), np.log(np.full((2, 2), 0.5)), np.zeros((2, 2))
    close(log_softmax_rule(grad, out, a), [[0.5, -0.5], [1.0, -1.0]])
    close(log_softmax_rule(grad, out, a, dim=0), [[-0.5, 0.0], [0.5, 0.0]])


### BEGIN HIDDEN TESTS
@test.check("random logits along either axis, against its matrix of slopes", points=7, hidden=True)
def _():
    a, grad = test.rng.normal(size=(3, 4)), test.rng.normal(size=(3, 4))
    for axis in (0, 1):
        out = a - np.log(np.exp(a).sum(axis=axis, keepdims=True))
        p = np.exp(out)
        expected = grad - p * grad.sum(axis=axis, keepdims=True)
        close(log_softmax_rule(grad, out, a, dim=axis), expected)


@test.check("the gradient adds up to 0: a shift of all logits changes nothing", points=3, hidden=True)
def _():
    a, grad = test.rng.normal(size=(2, 6)), test.rng.normal(size=(2, 6))
    out = a - np.log(np.exp(a).sum(axis=-1, keepdims=True))
    given = [remote(array) for array in (grad, out, a)]
    with unchanged(given[0]), unchanged(given[1]), unchanged(given[2]):
        close(log_softmax_rule(*given).sum(axis=-1), [0.0, 0.0])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Now the surprise. Cross-entropy picks $-\ell_y$, so the blame is $-1$ for the right class and 0 for the others. Put that in: the gradient for the logits is
#
# $$\bar x_j = p_j - 1 \;\text{ for the right class}, \qquad \bar x_j = p_j \;\text{ for the others.}$$
#
# **Probabilities minus truth.** All the logarithms and exponentials cancel. See it on real digits:

# %%
manual_seed(0)
images, labels = Digits(train=True).arrays()
layer = Linear(64, 10)
logits = Tensor(layer(Tensor(images[:6].reshape(6, 64))).data, requires_grad=True)
cross_entropy(logits, Tensor(labels[:6]), reduction="sum").backward()
truth = np.eye(10)[labels[:6]]
close(logits.grad.data, softmax(logits).data - truth, atol=1e-6)
viz.matrix(
    logits.grad.data,
    f"Gradient of the loss for the logits; digits {', '.join(str(label) for label in labels[:6])}",
    xlabel="class",
    ylabel="example (from above)",
)

# %% [markdown]
# **What's happening**
# 1. In each row one cell is blue, the right class: $p - 1$, so about $-0.9$. Its logit should rise.
# 2. The others are pale red: $p$, about 0.1 each. Their logits should fall, the most probable one fastest.
# 3. Each row adds up to 0: probability is only moved, not made.
# 4. When the model becomes sure and right, the whole row fades to 0: there is nothing left to blame.

# %% [markdown]
# **Predict, then run**: what would the gradient be for a model that gives a wrong class the probability 1?

# %%
sure = Tensor([[100.0, 0.0, 0.0]], requires_grad=True)
cross_entropy(sure, Tensor([2])).backward()
print(sure.grad.data)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $+1$ for the wrong class and $-1$ for the right one: as large as it can be, and no larger. However wrong a model is, cross-entropy's pull on the logits stays bounded. (That of the squared error of probabilities
# would be 0 there: the model would be stuck.)
# </details>

# %% [markdown]
# ### A class of your own (ungraded)
#
# A layer that stretches each feature and shifts it, as many networks have one after each block. Its `forward` forgets the shift, so the shift gets no gradient: fix it. You write no rule for it: why not? And what is the gradient of
# `shift`, before you run the cell?


# %%
class Scale(Module):
    """Stretch and shift each feature by numbers of its own."""

    def __init__(self, features):
        self.factor, self.shift = Parameter(np.ones(features)), Parameter(np.zeros(features))

    def forward(self, x):
        return x * self.factor


scale = Scale(3)
scale(Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).sum().backward()
print({name: None if p.grad is None else p.grad.tolist() for name, p in scale.named_parameters()})

# %% [markdown]
# ## Systems Analysis
#
# Two measurements. First **time**: how much more than the forward pass does the backward pass cost, for a network of two layers? Below, one time is subtracted from another, so the fastest run of each
# counts: others may have been disturbed.


# %%
def network(hidden=128):
    manual_seed(0)
    first, second = Linear(784, hidden), Linear(hidden, 10)
    return lambda x: second(relu(first(x)))


def batch(n):
    return Tensor(np.random.default_rng(0).normal(size=(n, 784)).astype("float32")), Tensor(np.zeros(n, dtype="int32"))


model, (x, y) = network(), batch(64)
with no_grad():
    without_tape = best_of(lambda: cross_entropy(model(x), y)).fastest
with_tape = best_of(lambda: cross_entropy(model(x), y)).fastest
both = best_of(lambda: cross_entropy(model(x), y).backward()).fastest
print(f"forwards without tape {without_tape:.2f} ms, with tape {with_tape:.2f} ms, with backward {both:.2f} ms")
print(f"backward costs {(both - with_tape) / with_tape:.1f} forward passes")


# %% [markdown]
# Then **memory**: everything that a rule may need is kept until `backward` is done. Count it, for growing batches.


# %%
def tape_bytes(loss):
    """Count the bytes of all results that the tape of `loss` keeps alive (parameters and data not counted)."""
    kept = {id(t.data): t.data for t in topological_order(loss) if t.grad_fn is not None}
    return sum(array.nbytes for array in kept.values() if array.base is None)


sizes = [16, 32, 64, 128, 256, 512]
used = [tape_bytes(cross_entropy(model(batch(n)[0]), batch(n)[1])) / 1e6 for n in sizes]
weights = 4 * (784 * 128 + 128 + 128 * 10 + 10) / 1e6
for n, megabytes in zip(sizes, used, strict=True):
    print(f"batch of {n:>3}: {megabytes:.2f} MB kept on the tape, {weights:.2f} MB of weights")
viz.lines(
    sizes,
    {"kept on the tape": used, "weights": [weights] * len(sizes)},
    "Memory of one training step",
    xlabel="batch size",
    ylabel="MB",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. The weights are there once, whatever the batch: a horizontal line.
# 2. The tape keeps every intermediate result of every example: a straight line through the origin, twice the batch, twice the memory.
# 3. For a small batch the weights dominate, for a large one the tape. In big networks the tape wins by far: it is why training runs out of memory at a batch size at which evaluation still works.
# 4. Under `no_grad` nothing is kept: each result is freed as soon as the next one has been computed.
# 5. Both walks, `topological_order` and `backpropagate`, visit each operation once and each of its inputs once: $O(\text{operations} + \text{inputs})$, however many paths lead through the graph.

# %% [markdown]
# And **depth**: a chain of 10,000 operations, as a recurrent network would make. A recursive walk would have stopped at 1,000.

# %%
start = Tensor(1.0, requires_grad=True)
out = start
for _ in range(10_000):
    out = out * 1.0001
began = time.perf_counter()
out.backward()
print(f"1.0001^10000 = {out.item():.4f}, its gradient {start.grad.item():.4f}, in {time.perf_counter() - began:.2f} s")

# %% [markdown]
# ## 🧪 Module Integration Test
#
# Your gradients against nudging: a whole network with every kind of piece, in float64.

# %%
rng = np.random.default_rng(7)
data, answers = rng.normal(size=(4, 5)), np.array([0, 2, 1, 2])


def composite(w1, b1, w2):
    hidden = gelu(Tensor(data) @ w1 + b1)
    centred = hidden - hidden.mean(dim=1, keepdim=True)
    scaled = centred / (mean(centred**2, dim=1, keepdim=True) + 1e-5).sqrt()
    both = cat([tanh(scaled), sigmoid(scaled)], dim=1)
    return cross_entropy(both @ w2, Tensor(answers))


arrays = [rng.normal(size=shape) for shape in [(5, 3), (3,), (6, 3)]]
tensors = [Tensor(array, requires_grad=True) for array in arrays]
composite(*tensors).backward()
for i, tensor in enumerate(tensors):
    nudged = numerical_gradient(
        lambda a, i=i: composite(*[Tensor(a if j == i else arrays[j]) for j in range(3)]).item(), arrays[i]
    )
    close(tensor.grad.data, nudged, rtol=1e-5, atol=1e-7)
raises(RuntimeError, lambda: (tensors[0] * 1.0).backward(), says="single number")
raises(RuntimeError, lambda: Tensor(1.0).backward(), says="requires_grad")
print("backward agrees with nudging for all", sum(a.size for a in arrays), "weights")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what a step costs
#
# Cite your measured ratio of backward to forward, and your measured memory for the batches of 16 and 512. Explain both: how many matrix products does each layer compute
# forwards and backwards, and from which batch size on does the tape need more memory than the weights? What would you do to train with twice the batch on the same machine?
#
# Rubric (5 points): 0, no measured numbers; half, numbers, and one of the two explained (products per layer and direction; memory and batch size); full, both
# explained, the crossing read from one's own figure, and a remedy that works.

# %% [markdown] nbgrader={"grade_id": "checkpoint_cost", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 1.9 forward passes for backward, 0.03 MB on the tape for 16 and 0.85 MB for 512 examples. Forwards each layer computes one product; backwards, the second layer computes two and the first only one, since nobody wants the
# gradient of the data; the other rules and adding up come on top. The weights take 0.41 MB; the lines cross at a batch of about 245. With half the memory I would run two half batches, call backward on each (gradients add up) and step once.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# In PyTorch you add an operation with its gradient like this. Which of your functions is `backward` here, and what are `grad` and `ctx.needs_input_grad` in your words? Which product do the two `if`s save in the first
# layer of a network? What plays the role of `ctx.save_for_backward` in our framework?
#
# ```python
# class Mystery(torch.autograd.Function):
#     @staticmethod
#     def forward(ctx, x, w):
#         ctx.save_for_backward(x, w)
#         return x @ w
#
#     @staticmethod
#     def backward(ctx, grad):
#         x, w = ctx.saved_tensors
#         for_x = for_w = None
#         if ctx.needs_input_grad[0]:
#             for_x = grad @ w.mT
#         if ctx.needs_input_grad[1]:
#             for_w = x.mT @ grad
#         return for_x, for_w
# ```
#
# Rubric (5 points): 0, not recognised; half, the right function, with `grad` in one's own words; full, also which product is skipped and why nobody misses it, and where our framework keeps
# what a rule needs.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It is matmul_rule; grad is the blame of the result, its gradient. The ifs skip a matrix product that nobody wants: in the first layer x is data, so for_x is not needed, a third of that layer's work. Our record
# keeps the Call with all inputs (call.arrays), so nothing has to be saved by hand, but more is kept than needed.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A gradient says how the loss reacts to each number. Nudging finds it at two evaluations per weight, the chain rule for all weights in one walk.
# - The tape is a by-product of computing: each result remembers the call that made it.
# - Rules are local. Each factor gets the other one; where broadcasting repeated, the gradient sums; shapes fix the matrix product; cross-entropy gives probabilities minus truth.
# - The walk goes in topological order and adds: whoever is used twice is blamed twice.
# - A training step costs about three forward passes in time, and in memory all intermediate results.
#
# **Next**: module 06 uses the gradients. It starts with a ball on a parabola and ends with Adam.
