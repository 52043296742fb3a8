# %% [markdown]
# # Training
#
# {{module}}
#
# You have all the parts: layers, losses, gradients, optimizers, batches. In this module you put them into one loop, and make the loop one that you
# can trust: it measures itself on data it hasn't learned from, survives a bad batch, stops in time, and after a power cut continues to the
# same bits. At the end a network of two layers reads handwritten digits.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | modules 01 to 07: all of it | `train_step`, clipping, `evaluate`, `fit`, the `Trainer` | every model from here on: CNNs, transformers |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | a `Trainer` holds the loop | you write the loop; libraries such as Lightning bring a `Trainer` | you write the loop, too: it's Part 5 |
# | models classify, unless `evaluate` is given another `metric` | anything | accuracy and confusion matrix need classes |
# | one machine, one process, float32 | several GPUs, gradients averaged between them, float16 where it suffices | the loop is the same |
# | checkpoints are numbers, text and arrays, between epochs | `torch.save` pickles any object; since version 2.6 `torch.load` takes only tensors and plain values from it, unless told `weights_only=False` | an unpickled file may run code; ours can't |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.training
#| export
import math

import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.random import get_rng_state, set_rng_state
from tinytorch.saving import load, save

# %%
import tempfile
import time
import tracemalloc
from pathlib import Path

from tinytorch import manual_seed, viz
from tinytorch.core.dataloader import DataLoader, Dataset, TensorDataset, random_split
from tinytorch.core.layers import Dropout, Linear, ReLU, Sequential
from tinytorch.core.losses import cross_entropy, mse_loss
from tinytorch.core.optimizers import SGD, Adam, LambdaLR, warmup_cosine
from tinytorch.core.tensor import Tensor
from tinytorch.datasets import Digits
from tinytorch.profiling import best_of
from tinytorch.testing import close, fixtures, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# The data of this module: 8 x 8 images of digits, 3,823 by some writers, and 1,797 by *other writers*. And a model to learn them, a **multilayer perceptron** (MLP): 64 pixels in, a hidden
# layer, ten scores out.
#
# The 3,823 are split once more, by `random_split` of module 07: 3,323 to *learn* from, and 500 for **validation**. Whenever something is chosen by looking at a number (how many epochs, which
# learning rate, which model), that number must come from the validation data. The other writers' digits, the **test** data, choose nothing: if you keep the epoch that does best on the test, you
# have learned from it, a little, and report a number that is too good. So the test is for the report, once, at the end.

# %%
digits, unseen = Digits(train=True), Digits(train=False)
manual_seed(0)
labelled = TensorDataset(digits.arrays()[0].reshape(-1, 64), digits.arrays()[1])
train_set, validation_set = random_split(labelled, [3323, 500])
test_set = TensorDataset(unseen.arrays()[0].reshape(-1, 64), unseen.arrays()[1])
validation_loader, test_loader = (DataLoader(part, batch_size=256) for part in (validation_set, test_set))


def make_model(hidden=128, seed=0):
    """Build the MLP with weights that depend on the seed alone."""
    manual_seed(seed)
    return Sequential(Linear(64, hidden), ReLU(), Linear(hidden, 10))


def examples(n):
    """Take n digits of the training data as one batch."""
    inputs, targets = train_set.take(np.arange(n))
    return inputs, targets


print(make_model())

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.training`. Users write
#
# ```python
# import tinytorch
# from tinytorch.nn.utils import clip_grad_norm_
# from tinytorch.training import EarlyStopping, Trainer
#
# tinytorch.save(state, "checkpoint.npz")
# ```

# %% [markdown]
# ## Part 1: Limit the gradient
#
# Most batches ask for a modest step. Now and then one asks for a huge one: a photograph with a broken format, a text in the wrong alphabet, or simply the edge of a cliff in the
# loss. One such step can throw the weights so far away that hours of training are lost.
#
# A rope helps: however hard the wind blows, you don't get further than its length. **Gradient clipping** (Pascanu, Mikolov and Bengio 2013, arXiv 1211.5063)
# looks at *all* gradients as one long arrow. If the arrow is longer than allowed, it's shortened, and keeps its direction:
#
# $$\lVert g \rVert = \sqrt{\textstyle\sum_p \sum_i g_{p,i}^2} \qquad\qquad g_p \leftarrow g_p \cdot \frac{\text{max\_norm}}{\lVert g \rVert} \quad\text{if } \lVert g \rVert > \text{max\_norm}$$
#
# By hand: two parameters with gradients $[3]$ and $[0, 4]$. The norm is $\sqrt{9 + 16} = 5$. With `max_norm=1` everything is divided by 5: $[0.6]$ and $[0, 0.8]$.


# %% nbgrader={"grade_id": "clip_grad_norm_", "solution": true}
#| export
def clip_grad_norm_(parameters, max_norm):
    """Scale all gradients together so that their norm is at most `max_norm`.

    Args:
        parameters: Tensors; those without a gradient are passed over. May be a generator, which can be walked through only once.
        max_norm: the largest norm allowed.

    Returns:
        The norm before clipping, a float.

    TODO: one norm over all gradients; if it is too large, scale each of them.

    APPROACH:
    1. Make a list of the gradients that exist.
    2. Add up the squares of all their numbers, and take the root.
    3. If the norm is larger than `max_norm`, set each `gradient.data` to itself times `max_norm / norm`.
    4. Return the norm.

    EXAMPLE:
    >>> p.grad, q.grad = Tensor([3.0]), Tensor([0.0, 4.0])
    >>> clip_grad_norm_([p, q], max_norm=1.0)
    5.0
    >>> q.grad
    Tensor([0. , 0.8])

    HINT: the `_` at the end of the name says, in PyTorch's manner, that the gradients themselves are changed.

    TINYTORCH ASSUMPTIONS: length means the root of the sum of squares. PyTorch's `norm_type` offers others.
    """
    ### BEGIN SOLUTION
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = math.sqrt(sum(float(np.sum(g.data**2)) for g in gradients))
    if norm > max_norm:
        for g in gradients:
            g.data = g.data * (max_norm / norm)
    return norm
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: clip_grad_norm_

# %% nbgrader={"grade_id": "test_clip_grad_norm_", "grade": true}
test = unit_test("clip_grad_norm_")


@test.check("the two gradients by hand; what is short enough stays", points=3)
def _():
    p, q = Tensor([1.0], requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
    p.grad, q.grad = Tensor([3.0]), Tensor([0.0, 4.0])
    close(clip_grad_norm_([p, q], max_norm=1.0), 5.0)
    close(p.grad.data, [0.6])
    close(q.grad.data, [0.0, 0.8])
    close(clip_grad_norm_([p, q], max_norm=2.0), 1.0)
    close(q.grad.data, [0.0, 0.8])


@test.check("a generator of parameters, one of them without a gradient", points=3)
def _():
    model = Linear(2, 1)
    model.weight.grad = Tensor([[6.0, 8.0]])
    close(clip_grad_norm_(model.parameters(), max_norm=2.0), 10.0)
    close(model.weight.grad.data, [[1.2, 1.6]])
    true(model.bias.grad is None, "a parameter without a gradient still has none")


### BEGIN HIDDEN TESTS
@test.check("random gradients of several shapes; the direction is kept", points=6, hidden=True)
def _():
    arrays = [test.rng.normal(size=shape).astype("float32") for shape in [(3,), (2, 4), (2, 1, 3)]]
    same(len(arrays), 3)
    norm = float(np.sqrt(sum(np.sum(a.astype("float64") ** 2) for a in arrays)))
    parameters = [Tensor(np.zeros_like(a), requires_grad=True) for a in arrays]
    for p, a in zip(parameters, arrays, strict=True):
        p.grad = Tensor(a)
    close(clip_grad_norm_(parameters, max_norm=0.5), norm, rtol=1e-4)
    for p, a in zip(parameters, arrays, strict=True):
        close(p.grad.data, a * 0.5 / norm, rtol=1e-4)


@test.check("short gradients stay exactly as they are", points=3, hidden=True)
def _():
    p, values = Tensor([0.0, 0.0], requires_grad=True), test.rng.uniform(-1, 1, size=2).astype("float32")
    p.grad = Tensor(values)
    close(clip_grad_norm_([p], max_norm=10.0), float(np.linalg.norm(values)), rtol=1e-4)
    same(p.grad.data, values)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What a wall in the loss does to a walker, and what the rope does. Take $f(x) = e^{-6x} + x^2/20$: a gentle meadow at the right, and a wall at the left. The walker starts a little way up the wall.


# %%
def walk_from_the_wall(max_norm, steps=60, lr=0.5):
    """Descend from x = -0.4; return the places."""
    x, places = Tensor([-0.4], requires_grad=True), [-0.4]
    for _ in range(steps):
        x.grad = Tensor([0.1 * x.item() - 6 * np.exp(-6 * x.item())])
        clip_grad_norm_([x], max_norm)
        x.data = x.data - lr * x.grad.data
        places.append(x.item())
    return places


viz.lines(
    None,
    {"not clipped": walk_from_the_wall(np.inf), "max_norm=1": walk_from_the_wall(1.0)},
    "Descending from a wall; the minimum is at x = 0.66",
    xlabel="step",
    ylabel="x",
)

# %% [markdown]
# **What's happening**
# 1. On the wall the gradient is -66. Without the rope, the first step goes 33 to the right, far out into the meadow.
# 2. Out there the ground is nearly level: coming back takes all 60 steps, and even then the walker isn't there yet.
# 3. With the rope the first step is 0.5 long, as far as the rope lets it. After a few such steps it's at the minimum.
# 4. One steep place must not decide all the rest of the way.

# %% [markdown]
# **Predict, then run**: could you clip each parameter's gradient by itself instead, or cut off every single number at ±1?

# %%
long_arrow = np.array([3.0, 0.0, 4.0])
print("together:", long_arrow / np.linalg.norm(long_arrow), " each by itself:", np.clip(long_arrow, -1, 1))

# %% [markdown]
# <details><summary>Answer</summary>
#
# You could, and nothing would explode; but the arrow would point elsewhere. $[3]$ and $[0, 4]$ cut at 1 give $[1]$ and $[0, 1]$: the ratio 3 : 4 has become 1 : 1. With the common norm, the direction stays the steepest one.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: the norm before clipping is one of the most watched curves in training large models: it rises before the loss does. Language models are nearly always trained with
# > `max_norm=1.0`. On many GPUs the norm costs one extra round of talking to each other, as each GPU holds only a part of the gradients.

# %% [markdown]
# ## Part 2: One training step
#
# In earlier modules you wrote these lines by hand each time. They are always the same, and their order matters:
#
# | line | what happens | if it's missing |
# | --- | --- | --- |
# | `optimizer.zero_grad()` | forget the gradients of the last step | `backward()` adds to them: the model follows old batches |
# | `loss = loss_fn(model(inputs), targets)` | forwards: scores, and how wrong they are | |
# | `loss.backward()` | backwards: a gradient for each parameter | `step()` finds none and does nothing |
# | `optimizer.step()` | move each parameter | nothing is learned |
#
# By hand: one weight $w = 1$, one example $x = 2$ with target 1, loss $(w x - 1)^2$. Forwards: $(2 - 1)^2 = 1$. Backwards: $2 (w x - 1)\, x = 4$. With a learning rate of 0.1: $w = 1 - 0.4 = 0.6$.
#
# Now write it once and for all. The loss is returned as a plain number: who keeps the Tensor keeps the whole graph behind it in memory.
#
# One line more: *between* backwards and step, the gradients may be limited with your `clip_grad_norm_`. Call it if `max_norm` is given.


# %% nbgrader={"grade_id": "train_step", "solution": true}
#| export
def train_step(model, loss_fn, optimizer, inputs, targets, max_norm=None):
    """Take one training step on one batch.

    Args:
        model: called with the inputs, gives the scores.
        loss_fn: called with scores and targets, gives a Tensor with one number.
        optimizer: holds the model's parameters.
        inputs, targets: one batch.
        max_norm: limit of the gradients' norm, or None.

    Returns:
        The loss before the step, a Python float.

    TODO: clear, forwards, backwards, clip if asked to, step.

    APPROACH:
    1. Clear the optimizer's gradients.
    2. Compute scores and loss; go backwards from the loss.
    3. If `max_norm` is not None: `clip_grad_norm_(model.parameters(), max_norm)`.
    4. Let the optimizer step, and return the loss as a number.

    EXAMPLE:
    >>> train_step(model, cross_entropy, SGD(model.parameters(), lr=0.1), inputs, targets)
    2.31

    HINT: `loss.item()` is the number in a Tensor that has only one.
    """
    ### BEGIN SOLUTION
    optimizer.zero_grad()
    loss = loss_fn(model(inputs), targets)
    loss.backward()
    if max_norm is not None:
        clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: train_step

# %% nbgrader={"grade_id": "test_train_step", "grade": true}
test = unit_test("train_step")


def after_a_step(x, y, weight, lr, max_norm=math.inf):
    """Loss and next weight of a linear model without bias under the mean squared error, by formula."""
    error = x @ weight.T - y
    gradient = 2 * error.T @ x / error.size
    gradient = gradient * min(1.0, max_norm / np.linalg.norm(gradient))
    return float(np.mean(error**2)), weight - lr * gradient


@test.check("the step by hand", points=3)
def _():
    model = Linear(1, 1, bias=False)
    model.weight.data = np.array([[1.0]], dtype="float32")
    loss = train_step(model, mse_loss, SGD(model.parameters(), lr=0.1), Tensor([[2.0]]), Tensor([[1.0]]))
    true(isinstance(loss, float), "train_step returns a Python float, no Tensor")
    close(loss, 1.0)
    close(model.weight.data, [[0.6]])


@test.check("a second step has forgotten the gradient of the first: from 0.6 to 0.52", points=3)
def _():
    model = Linear(1, 1, bias=False)
    model.weight.data = np.array([[1.0]], dtype="float32")
    optimizer = SGD(model.parameters(), lr=0.1)
    losses = [train_step(model, mse_loss, optimizer, Tensor([[2.0]]), Tensor([[1.0]])) for _ in range(2)]
    close(losses, [1.0, 0.04])
    close(model.weight.data, [[0.52]])


@test.check("limited to max_norm=1, the gradient of 4 moves the weight by 0.1", points=2)
def _():
    model = Linear(1, 1, bias=False)
    model.weight.data = np.array([[1.0]], dtype="float32")
    train_step(model, mse_loss, SGD(model.parameters(), lr=0.1), Tensor([[2.0]]), Tensor([[1.0]]), max_norm=1.0)
    close(model.weight.data, [[0.9]])


### BEGIN HIDDEN TESTS
@test.check("three steps on random batches; old gradients are forgotten", points=6, hidden=True)
def _():
    model, weight = Linear(3, 2, bias=False), test.rng.normal(size=(2, 3)).astype("float32")
    model.weight.data = weight
    optimizer = SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        x, y = (test.rng.normal(size=(5, n)).astype("float32") for n in (3, 2))
        inputs, targets = remote(x), remote(y)
        with unchanged(inputs), unchanged(targets):
            loss = train_step(model, mse_loss, optimizer, Tensor(inputs), Tensor(targets))
        expected_loss, weight = after_a_step(x, y, weight, 0.1)
        close(loss, expected_loss, rtol=1e-4)
        close(model.weight.data, weight, rtol=1e-4, atol=1e-5)


@test.check("the loss is a plain number", points=2, hidden=True)
def _():
    model = Linear(2, 1)
    loss = train_step(model, mse_loss, SGD(model.parameters()), Tensor([[1.0, 2.0]]), Tensor([[1.0]]))
    true(isinstance(loss, float), "train_step returns a Python float, no Tensor")


@test.check("gradients are clipped between backwards and step", points=4, hidden=True)
def _():
    x, y = (test.rng.normal(size=(5, n)).astype("float32") for n in (3, 2))
    weight = test.rng.normal(size=(2, 3)).astype("float32")
    for max_norm in (0.01, 1e6):
        model = Linear(3, 2, bias=False)
        model.weight.data = weight
        train_step(model, mse_loss, SGD(model.parameters(), lr=10.0), Tensor(x), Tensor(y), max_norm=max_norm)
        close(model.weight.data, after_a_step(x, y, weight, 10.0, max_norm)[1], rtol=1e-3, atol=1e-4)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# ### The first thing to try with any new model
#
# Before training for hours, take 32 examples and nothing else. A model with thousands of weights must be able to learn so few *by heart*. If it can't, something is wrong, and
# you have found it within a second. A second thing to look at is the very first loss: a model that knows nothing gives ten classes about equal chances, and that costs
# $\log 10 = 2.30$.


# %%
def learn_by_heart(n=32, steps=60, lr=0.01):
    """Train on one and the same batch; return the losses."""
    model, (inputs, targets) = make_model(), examples(n)
    optimizer = Adam(model.parameters(), lr=lr)
    return [train_step(model, cross_entropy, optimizer, inputs, targets) for _ in range(steps)]


by_heart = learn_by_heart()
print(f"first loss {by_heart[0]:.2f}, last {by_heart[-1]:.5f}")
viz.lines(
    None, {"loss": by_heart}, "Learning 32 digits by heart", xlabel="step", ylabel="loss", log="y",
    ylim=(1e-4, 30), notes=[(0, by_heart[0], "knows nothing: about log 10", "right")],
)  # fmt: skip

# %% [markdown]
# **What's happening**
# 1. The first loss is near 2.3. Much larger would mean that the initial weights or the pixels are too large.
# 2. Then it falls without end: 32 examples can be fitted perfectly, and cross-entropy approaches 0.
# 3. This is no learning that's of use to anyone. It shows that forwards, backwards and step work together.

# %% [markdown]
# An accident: in batch 60 of 120, somebody forgot to scale the pixels, so they are 100 times too large.


# %%
def training_with_an_accident(max_norm, batches=120):
    """Train on 120 batches of which one is broken; return the losses."""
    model, losses = make_model(), []
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    for i in range(batches):
        inputs, targets = train_set.take(np.arange(32 * i, 32 * i + 32) % len(train_set))
        if i == 60:
            inputs = Tensor(inputs.data * 100)
        losses.append(train_step(model, cross_entropy, optimizer, inputs, targets, max_norm))
    return losses


viz.lines(
    None,
    {"not clipped": training_with_an_accident(None), "max_norm=1": training_with_an_accident(1.0)},
    "One broken batch",
    xlabel="batch",
    ylabel="loss",
    log="y",
)

# %% [markdown]
# **What's happening**
# 1. Both learn equally well at first; batch 60 has a huge loss for both, as its pixels are senseless.
# 2. Without clipping, its gradient throws the weights far away. The loss jumps, and it takes about forty batches to get back to where it was.
# 3. With clipping the step had length 1 (times the learning rate), like an ordinary step in a wrong direction. The next batches put it right.

# %% [markdown]
# **Predict, then run**: somebody forgets `zero_grad()`. Which method of module 06 have they reinvented, and with which setting?


# %%
def swing(clear, steps=60):
    """Walk on x² from 2, with or without clearing the gradient; return the places."""
    model = Linear(1, 1, bias=False)
    model.weight.data = np.array([[2.0]], dtype="float32")
    optimizer, places = SGD(model.parameters(), lr=0.1), []
    for _ in range(steps):
        if clear:
            train_step(model, mse_loss, optimizer, Tensor([[1.0]]), Tensor([[0.0]]))
        else:
            mse_loss(model(Tensor([[1.0]])), Tensor([[0.0]])).backward()
            optimizer.step()
        places.append(model.weight.item())
    return places


print("cleared:    ", [round(x, 2) for x in swing(True)[::6]])
print("not cleared:", [round(x, 2) for x in swing(False)[::6]])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Gradients add up: $v \leftarrow v + g$, and the step follows $v$. That is momentum with $\mu = 1$: a sledge without friction. It doesn't come to rest at the bottom: it swings through it for ever.
# </details>

# %% [markdown]
# ## Part 3: Count what is right
#
# The loss is what the optimizer needs: smooth, with a gradient. People want to know something else: *how many are right?* A model's answer is the class with the largest score; **accuracy** is the share of right answers. It has no
# useful gradient (move a weight a little, and usually no answer changes), so we train on the one and report the other.
#
# By hand: scores $[2, 1]$, $[0, 3]$, $[5, 4]$ answer 0, 1, 0. If the targets are 0, 1, 1, two of three are right: 0.667.


# %% nbgrader={"grade_id": "accuracy", "solution": true}
#| export
def accuracy(logits, targets):
    """Return the share of rows whose largest score is that of the target.

    Args:
        logits: Tensor of scores, shape (N, classes).
        targets: Tensor of N integers.

    Returns:
        A float from 0 to 1.

    TODO: find each row's largest score, and count how often it is at the target's place. No steps this time: you will find them.

    EXAMPLE:
    >>> accuracy(Tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]]), Tensor([0, 1, 1]))
    0.6666666666666666

    HINT: the mean of True and False is the share of True.
    """
    ### BEGIN SOLUTION
    return float(np.mean(logits.data.argmax(axis=1) == targets.data))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: accuracy

# %% nbgrader={"grade_id": "test_accuracy", "grade": true}
test = unit_test("accuracy")


@test.check("two of three", points=4)
def _():
    close(accuracy(Tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]]), Tensor([0, 1, 1])), 2 / 3)


### BEGIN HIDDEN TESTS
@test.check("random scores and targets", points=4, hidden=True)
def _():
    for n, classes in [(1, 2), (50, 3), (20, 10)]:
        scores = test.rng.normal(size=(n, classes)).astype("float32")
        targets = test.rng.integers(0, classes, size=n).astype("int32")
        share = sum(int(row.argmax()) == int(target) for row, target in zip(scores, targets, strict=True)) / n
        given, true_ones = remote(scores), remote(targets)
        with unchanged(given), unchanged(true_ones):
            close(accuracy(Tensor(given), Tensor(true_ones)), share)


@test.check("a plain number", points=2, hidden=True)
def _():
    true(isinstance(accuracy(Tensor([[0.0, 1.0]]), Tensor([1])), float), "accuracy is a Python float, no Tensor")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# One number hides *which* mistakes are made. The **confusion matrix** counts them: in row $t$ and column $p$, how many examples of class $t$ were answered with $p$. The diagonal is what's right.


# %% nbgrader={"grade_id": "confusion_matrix", "solution": true}
#| export
def confusion_matrix(targets, predictions, classes):
    """Count how often each class was taken for each.

    Args:
        targets: array of N integers, the true classes.
        predictions: array of N integers, the answers.
        classes: how many classes there are.

    Returns:
        An integer array (classes, classes): rows are true classes, columns answers.

    TODO: add one at [target, prediction] for each example.

    APPROACH:
    1. Begin with zeros.
    2. Go through pairs of target and prediction, and count.

    EXAMPLE:
    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 1, 0]), classes=2)
    array([[1, 0],
           [1, 1]])

    HINT: `counts[targets, predictions] += 1` counts equal pairs only once; a loop doesn't, nor does `np.add.at`.
    """
    ### BEGIN SOLUTION
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (targets, predictions), 1)
    return counts
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: confusion_matrix

# %% nbgrader={"grade_id": "test_confusion_matrix", "grade": true}
test = unit_test("confusion_matrix")


@test.check("four examples of two classes; a pair that comes twice counts twice", points=4)
def _():
    same(confusion_matrix(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 1]), classes=2), [[1, 0], [1, 2]])


### BEGIN HIDDEN TESTS
@test.check("many examples: equal pairs are all counted", points=4, hidden=True)
def _():
    targets, predictions = test.rng.integers(0, 4, size=200), test.rng.integers(0, 4, size=200)
    expected = [[int(np.sum((targets == t) & (predictions == p))) for p in range(4)] for t in range(4)]
    right, said = remote(targets), remote(predictions)
    with unchanged(right), unchanged(said):
        same(confusion_matrix(right, said, classes=4), expected)


@test.check("classes that nobody has or says are rows and columns of zeros", points=2, hidden=True)
def _():
    counts = confusion_matrix(np.array([1]), np.array([1]), classes=3)
    same(counts, [[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    true(np.asarray(counts).dtype.kind in "iu", "counts are integers")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Both at work, on a model that has seen only 20 batches. (`viz.ConfusionMatrix` draws what you have just computed.)


# %%
def after_few_batches(batches=20):
    """Train briefly; return the scores of the unseen digits."""
    model = make_model()
    optimizer = Adam(model.parameters(), lr=0.003)
    for i in range(batches):
        train_step(model, cross_entropy, optimizer, *train_set.take(np.arange(64 * i, 64 * i + 64)))
    with no_grad():
        return model(test_set.tensors[0])


scores = after_few_batches()
counts = confusion_matrix(unseen.targets, scores.data.argmax(axis=1), classes=10)
picture = viz.ConfusionMatrix(unseen.targets, scores.data.argmax(axis=1), unseen.classes)
same(picture.counts, counts)
print(f"{accuracy(scores, test_set.tensors[1]):.1%} right; most often confused: {picture.most_confused(3)}")
picture.picture("After 20 batches:")

# %% [markdown]
# **What's happening**
# 1. Each row is a true digit, each column an answer; dark on the diagonal is what we want.
# 2. Mistakes aren't spread evenly: a few pairs are confused often, most never. Look at the pairs: they share strokes.
# 3. The number in the title is the sum of the diagonal over the sum of everything, your `accuracy`.

# %% [markdown]
# **Predict, then run**: one of a thousand credit-card payments is fraud. A model says "no fraud" to everything. What's its accuracy, and what does its confusion matrix show?

# %%
payments = np.zeros(1000, dtype=int)
payments[7] = 1
counts = confusion_matrix(payments, np.zeros(1000, dtype=int), classes=2)
viz.Prediction(
    "no_fraud_anywhere",
    "What percentage of its answers is right?",
    lambda: 100 * np.trace(counts) / counts.sum(),
    within=0.001,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 99.9 %, and it's useless. The matrix shows it at once: the column "fraud" is empty. Where classes differ in size, report the share *found* of each class (recall), and the share of right ones among those given that name (precision).
# </details>

# %% [markdown]
# ## Part 4: Measure on unseen data
#
# Marks on exercises that were solved in class say little about the exam. A model's loss on its training data says how well it remembers; only data that it hasn't learned from say what it has *understood*. Measuring differs from training in three ways:
#
# 1. `model.eval()`: layers that behave differently in training, such as dropout, stand still. Afterwards the model must be as it was.
# 2. `no_grad()`: nobody will go backwards, so no graph is kept: less memory, less time.
# 3. The mean is over *examples*, not over batches: the last batch is often smaller, and its examples would count more than others.
#
# By hand: losses of 1.0 for a batch of 4 and 4.0 for a last batch of 1. The mean over batches is 2.5; over examples it's $(4 \cdot 1 + 1 \cdot 4) / 5 = 1.6$.


# %% nbgrader={"grade_id": "evaluate", "solution": true}
#| export
def evaluate(model, loss_fn, loader, metric=accuracy):
    """Measure loss and accuracy (or another metric) over all examples of a loader.

    Args:
        model: gives scores (N, classes).
        loss_fn: gives the mean loss of a batch.
        loader: gives batches (inputs, targets).
        metric: called with scores and targets, gives the mean over a batch as a number.

    Returns:
        (loss, metric): two floats, means over examples.

    TODO: evaluation mode, no gradients, means over examples; then the model's mode as before.

    APPROACH:
    1. Remember `model.training`, and switch to evaluation with `model.eval()`.
    2. Inside `with no_grad():` go through the batches. Add up loss and metric, each times the number of examples, and the number of examples.
    3. Put the model back: `model.train(...)` takes True or False.
    4. Divide by the number of examples.

    EXAMPLE:
    >>> evaluate(model, cross_entropy, DataLoader(test_set, batch_size=256))
    (0.13, 0.96)

    HINT: `len(targets)` is the number of examples of a batch; `loss.item()` is a number.
    """
    ### BEGIN SOLUTION
    was_training = model.training
    model.eval()
    loss, measured, count = 0.0, 0.0, 0
    with no_grad():
        for inputs, targets in loader:
            logits = model(inputs)
            loss += loss_fn(logits, targets).item() * len(targets)
            measured += metric(logits, targets) * len(targets)
            count += len(targets)
    model.train(was_training)
    return loss / count, measured / count
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: evaluate

# %% nbgrader={"grade_id": "test_evaluate", "grade": true}
test = unit_test("evaluate")


def by_formula(x, y, weight):
    """Mean cross-entropy and accuracy of a linear model without bias."""
    scores = x @ weight.T
    logs = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return float(-np.mean(logs[np.arange(len(y)), y])), float(np.mean(scores.argmax(axis=1) == y))


@test.check("three examples in batches of two and one: each counts alike", points=4)
def _():
    x = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]], dtype="float32")
    y, weight = np.array([0, 1, 0], dtype="int32"), np.eye(2, dtype="float32")
    model = Linear(2, 2, bias=False)
    model.weight.data = weight
    loss, share = evaluate(model, cross_entropy, DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=2))
    close(share, 2 / 3)
    close(loss, by_formula(x, y, weight)[0])


@test.check("dropout stands still, no graph is kept, and the model's mode is as before", points=4)
def _():
    layer, watched = Linear(2, 2, bias=False), fixtures.recording(cross_entropy)
    layer.weight.data = np.eye(2, dtype="float32")
    model = Sequential(Dropout(0.5), layer)
    loader = DataLoader(TensorDataset(Tensor([[8.0, 0.0], [0.0, 8.0]]), Tensor([0, 1])), batch_size=2)
    for mode in (True, False):
        model.train(mode)
        close(evaluate(model, watched, loader)[0], 0.000335, rtol=0.01)
        same([model.training, model[0].training], [mode, mode])
    same(len(watched.seen), 2)
    true(watched.seen[0][0].grad_fn is None, "the scores carry no graph during evaluation: use no_grad()")


### BEGIN HIDDEN TESTS
@test.check("the last batch is smaller: means are over examples; another metric", points=6, hidden=True)
def _():
    x, y = test.rng.normal(size=(11, 3)).astype("float32"), test.rng.integers(0, 4, size=11).astype("int32")
    weight, model = 3 * test.rng.normal(size=(4, 3)).astype("float32"), Linear(3, 4, bias=False)
    model.weight.data = weight
    for batch_size in (4, 5, 10):
        loader = DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=batch_size)
        close(evaluate(model, cross_entropy, loader), by_formula(x, y, weight), rtol=1e-4)
    loader = DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=8)
    close(evaluate(model, cross_entropy, loader, metric=fixtures.scripted([0.25, 0.5]))[1], (8 * 0.25 + 3 * 0.5) / 11)


@test.check("random data and weights: dropout stands still, the model's mode is as before", points=4, hidden=True)
def _():
    x, y = test.rng.normal(size=(8, 6)).astype("float32"), test.rng.integers(0, 2, size=8).astype("int32")
    weight, layer = test.rng.normal(size=(2, 6)).astype("float32"), Linear(6, 2, bias=False)
    layer.weight.data = weight
    model = Sequential(Dropout(0.9), layer)
    loader = DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=8)
    for mode in (True, False):
        model.train(mode)
        close(evaluate(model, cross_entropy, loader), by_formula(x, y, weight), rtol=1e-4)
        same([model.training, model[0].training], [mode, mode])


@test.check("no graph is kept, no gradient is made", points=2, hidden=True)
def _():
    model, watched = Linear(2, 2), fixtures.recording(cross_entropy)
    evaluate(model, watched, DataLoader(TensorDataset(Tensor([[1.0, 2.0]]), Tensor([1])), batch_size=1))
    same(len(watched.seen), 1)
    logits, _ = watched.seen[0]
    true(logits.grad_fn is None, "the scores carry no graph during evaluation: use no_grad()")
    true(model.weight.grad is None, "evaluation makes no gradients")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Does a model still read digits when they are noisy? Add random numbers to the pixels and measure.


# %%
def accuracy_under_noise(levels):
    """Train for one epoch; measure on unseen digits with more and more noise."""
    model = make_model()
    optimizer = Adam(model.parameters(), lr=0.003)
    for inputs, targets in DataLoader(train_set, batch_size=64, shuffle=True):
        train_step(model, cross_entropy, optimizer, inputs, targets)
    rng, found = np.random.default_rng(0), []
    for level in levels:
        noise = level * rng.normal(size=(len(test_set), 64)).astype("float32")
        noisy = TensorDataset(test_set.tensors[0].data + noise, test_set.tensors[1])
        found.append(evaluate(model, cross_entropy, DataLoader(noisy, batch_size=256))[1])
    return found


noise_levels = np.linspace(0, 3, 7)
viz.lines(
    noise_levels,
    {"accuracy": accuracy_under_noise(noise_levels)},
    "Unseen digits under noise",
    xlabel="standard deviation of the noise (pixels lie in 0..1)",
    ylabel="accuracy",
    ylim=(0, 1),
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. Without noise, after one epoch, most unseen digits are read correctly.
# 2. A little noise costs a little; the model never saw noise in training, so it isn't prepared for it.
# 3. At the right, the noise is several times as large as the ink, and accuracy goes down towards 0.1: guessing among ten.

# %% [markdown]
# **Predict, then run**: somebody forgets `model.eval()` with `Dropout(0.5)` in the model. What is wrong with their numbers, and what do they see when they evaluate twice?

# %%
manual_seed(0)
shaky = Sequential(Linear(64, 128), ReLU(), Dropout(0.5), Linear(128, 10))
with no_grad():
    twice = [cross_entropy(shaky(test_set.tensors[0]), test_set.tensors[1]).item() for _ in range(2)]
print("in training mode, twice:  ", twice)
shaky.eval()
with no_grad():
    twice = [cross_entropy(shaky(test_set.tensors[0]), test_set.tensors[1]).item() for _ in range(2)]
print("in evaluation mode, twice:", twice)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Half of the hidden numbers are missing, so the model looks worse than it is; and other ones are missing each time, so two evaluations of the same model differ.
# </details>

# %% [markdown]
# ## Part 5: The loop
#
# An **epoch** is one pass through the training data, then one look at the validation data. The loop repeats epochs until enough is enough. Whatever else a long training run needs is given; read it:
#
# - `EarlyStopping` is fed one number after each epoch and says when no better one has come for a while.
# - `Trainer` holds model, loss, optimizer and how far we are. `train_batch` is your `train_step` with bookkeeping; `end_epoch` writes the history.
# - `save` and `load` keep numbers, text and arrays in a file. `Trainer.save` keeps everything that the rest of the training depends on.


# %%
#| export
class EarlyStopping:
    """Say when to stop: when `patience` numbers in a row were not better (smaller) than the best so far.

    Args:
        patience: how many numbers in a row may fail to be better.
        min_delta: by how much a number must be smaller to count as better.
    """

    def __init__(self, patience=5, min_delta=0.0):
        if patience < 1:
            raise ValueError(f"patience is at least 1, got {patience}: with 0 nothing would ever be trained")
        self.patience, self.min_delta = patience, min_delta
        self.best, self.waited = math.inf, 0

    def update(self, value):
        """Take the next number; return whether it is the best so far."""
        better = value < self.best - self.min_delta
        self.best, self.waited = (value, 0) if better else (self.best, self.waited + 1)
        return better

    @property
    def stopped(self):
        return self.waited >= self.patience

    def state_dict(self):
        return {"best": self.best, "waited": self.waited}

    def load_state_dict(self, saved):
        self.best, self.waited = saved["best"], saved["waited"]


# %%
patience = EarlyStopping(patience=2)
for value in (1.0, 0.7, 0.8, 0.6, 0.61, 0.65):
    better = patience.update(value)
    print(f"{value:5}: {'better' if better else 'not better':10} {'-> stop' if patience.stopped else ''}")


# %%
#| export
class Trainer:
    """Hold what a training consists of, and how far it has come.

    Args:
        model, loss_fn, optimizer: as for train_step; metric: as for evaluate.
        scheduler: its step() is called after each batch.
        max_norm: limit of the gradients' norm.
        early_stopping: is fed the validation loss after each epoch.
        curve: anything with add(step, train=, validation=, learning_rate=), such as viz.LossCurve.

    Attributes (beside these):
        epoch, step: how many epochs and batches are done.
        history: one dict for each epoch, as fit() returns it.
        best_model: the model's state after the best epoch, if there is early stopping.
    """

    def __init__(
        self, model, loss_fn, optimizer, scheduler=None, max_norm=None, early_stopping=None, curve=None, metric=accuracy
    ):
        self.model, self.loss_fn, self.optimizer, self.metric = model, loss_fn, optimizer, metric
        self.scheduler, self.max_norm, self.early_stopping, self.curve = scheduler, max_norm, early_stopping, curve
        self.epoch, self.step, self.history = 0, 0, []
        self.best_model = None

    @property
    def stopped(self):
        return self.early_stopping is not None and self.early_stopping.stopped

    def fit(self, train_loader, validation_loader, epochs):
        """Train until `epochs` epochs are done in all; return the history, one dict for each epoch."""
        return fit(self, train_loader, validation_loader, epochs)

    def train_batch(self, inputs, targets):
        """Learn from one batch; return its loss."""
        return train_batch(self, inputs, targets)

    def end_epoch(self, train_loss, validation_loss, validation_accuracy):
        """Count an epoch and write it into the history."""
        end_epoch(self, train_loss, validation_loss, validation_accuracy)

    def evaluate(self, loader):
        """Return loss and metric."""
        return evaluate(self.model, self.loss_fn, loader, self.metric)

    def predict(self, loader):
        """Return targets and answers, two integer arrays."""
        return predict(self.model, loader)

    def save(self, path):
        """Keep everything that the rest of the training depends on. Call it between epochs."""
        save(trainer_state(self), path)

    def load(self, path):
        """Continue from what save() kept, to the same bits."""
        restore_trainer(self, load(path))


def train_batch(trainer, inputs, targets):
    """Take one step, move the schedule and the curve."""
    rate = trainer.optimizer.param_groups[0]["lr"]
    try:
        loss = train_step(trainer.model, trainer.loss_fn, trainer.optimizer, inputs, targets, trainer.max_norm)
    except MemoryError as error:
        raise MemoryError(
            f"batch size {len(targets)} failed, probably memory: you have found your machine's limit. "
            f"Take half as many ({error})"
        ) from error
    trainer.step += 1
    check_loss(loss, trainer.step, rate)
    if trainer.scheduler is not None:
        trainer.scheduler.step()
    if trainer.curve is not None:
        trainer.curve.add(trainer.step, train=loss, learning_rate=rate)
    return loss


def check_loss(loss, step, rate):
    """Stop a training run that has come apart: no later step can repair weights that aren't numbers."""
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"the loss is {loss} at step {step}, so the steps became too large: lower the learning rate (now {rate:g}), "
            "set max_norm=1.0, or look for numbers in the data that aren't finite; then start again from a checkpoint"
        )


def end_epoch(trainer, train_loss, validation_loss, validation_accuracy):
    """Count an epoch, write it into the history, tell early stopping and the curve."""
    trainer.epoch += 1
    losses = {"train_loss": train_loss, "validation_loss": validation_loss}
    trainer.history.append({"epoch": trainer.epoch, **losses, "validation_accuracy": validation_accuracy})
    if trainer.curve is not None:
        trainer.curve.add(trainer.step, validation=validation_loss)
    if trainer.early_stopping is not None and trainer.early_stopping.update(validation_loss):
        trainer.best_model = trainer.model.state_dict()


def predict(model, loader):
    """Return the targets and the model's answers, two integer arrays."""
    was_training, targets, answers = model.training, [], []
    model.eval()
    with no_grad():
        for inputs, batch_targets in loader:
            answers.append(model(inputs).data.argmax(axis=1))
            targets.append(batch_targets.data)
    model.train(was_training)
    return np.concatenate(targets), np.concatenate(answers)


# %% [markdown]
# ### Checkpoints
#
# What does the rest of a training run depend on? The weights, of course. But also on Adam's averages, the schedule's position, the state of the random generator (the next order, the next dropout), and how patient we still are. Forget
# one of them, and training continues *differently*; nothing will tell you. All of them are numbers, text and arrays, and that's what `tinytorch.save` writes (it's given, in `tinytorch/saving.py`): numpy's `.npz` format, with one entry of JSON that says how they belong together.
# The file is written under another name and then renamed, so that a power cut leaves the old one or the new one, never half of each.


# %%
#| export
def trainer_state(trainer):
    """Collect everything that the rest of a training depends on."""
    parts = {"model": trainer.model, "optimizer": trainer.optimizer}
    parts |= {"scheduler": trainer.scheduler, "early_stopping": trainer.early_stopping}
    state = {name: part.state_dict() for name, part in parts.items() if part is not None}
    progress = {name: getattr(trainer, name) for name in ("epoch", "step", "history", "best_model")}
    return state | progress | {"random": get_rng_state()}


def restore_trainer(trainer, state):
    """Put back what trainer_state() collected."""
    for name in ("model", "optimizer", "scheduler", "early_stopping"):
        part = getattr(trainer, name)
        if (part is None) != (name not in state):
            raise ValueError(f"the checkpoint was made {'with' if part is None else 'without'} {name}: build the same")
        if part is not None:
            part.load_state_dict(state[name])
    for name in ("epoch", "step", "history", "best_model"):
        setattr(trainer, name, state[name])
    set_rng_state(state["random"])


# %% [markdown]
# ### Your part: the loop
#
# `epochs` means *in all*: a trainer that has done 3 of 10 does 7 more. So the loop doesn't count by itself; it looks at `trainer.epoch`, which `end_epoch` moves.


# %% nbgrader={"grade_id": "fit", "solution": true}
#| export
def fit(trainer, train_loader, validation_loader, epochs):
    """Train until `epochs` epochs are done in all, or early stopping says stop.

    Args:
        trainer: a Trainer.
        train_loader: gives the batches to learn from.
        validation_loader: gives the batches to measure with.
        epochs: how many epochs are to be done in all.

    Returns:
        trainer.history: one dict for each epoch.

    TODO: epoch after epoch: learn from each batch, measure, write down.

    APPROACH:
    1. While `trainer.epoch` is below `epochs` and `trainer.stopped` is False:
    2. put the model into training mode; give each batch to `trainer.train_batch`, and keep what it returns;
    3. measure with `trainer.evaluate`;
    4. call `trainer.end_epoch` with the mean loss over *examples*, as in `evaluate`, and the two measured numbers.
    5. Return the history.

    EXAMPLE:
    >>> fit(trainer, train_loader, validation_loader, epochs=1)
    [{'epoch': 1, 'train_loss': 0.9, 'validation_loss': 0.4, 'validation_accuracy': 0.9}]

    HINT: `for epoch in range(epochs)` would start again from 0 after a checkpoint; `while` doesn't. The mean must be a float.

    TINYTORCH ASSUMPTIONS: validation comes after each epoch. Where an epoch takes days, one looks every so many steps.
    """
    ### BEGIN SOLUTION
    while trainer.epoch < epochs and not trainer.stopped:
        trainer.model.train()
        total, count = 0.0, 0
        for inputs, targets in train_loader:
            total += trainer.train_batch(inputs, targets) * len(targets)
            count += len(targets)
        trainer.end_epoch(total / count, *trainer.evaluate(validation_loader))
    return trainer.history
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: fit

# %% nbgrader={"grade_id": "test_fit", "grade": true}
test = unit_test("fit")
x = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0], [1.0, 2.0]], dtype="float32")
y = np.array([0, 1, 0, 1], dtype="int32")


@test.check("two epochs are two entries of the history; learned in training mode", points=2)
def _():
    model, loader = Linear(2, 2), DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=2)
    trainer = Trainer(model, cross_entropy, SGD(model.parameters(), lr=0.5))
    model.eval()
    history = fit(trainer, loader, loader, epochs=2)
    same([entry["epoch"] for entry in history], [1, 2])
    same([trainer.epoch, trainer.step], [2, 4])
    true(history[1]["train_loss"] < history[0]["train_loss"], "the loss of the second epoch is smaller")
    true(model.training, "fit puts the model into training mode at the beginning of each epoch")


@test.check("a trainer that has done 2 epochs of 3 does one more, and none once it has stopped", points=2)
def _():
    model, loader = Linear(2, 2), DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=2)
    stopping = EarlyStopping(patience=1, min_delta=1000.0)
    trainer = Trainer(model, cross_entropy, SGD(model.parameters(), lr=0.5))
    fit(trainer, loader, loader, epochs=2)
    same([entry["epoch"] for entry in fit(trainer, loader, loader, epochs=3)], [1, 2, 3])
    impatient = Trainer(model, cross_entropy, SGD(model.parameters(), lr=0.5), early_stopping=stopping)
    same(len(fit(impatient, loader, loader, epochs=9)), 2)


@test.check("batches of three and one: each example counts alike", points=2)
def _():
    model, loader = Linear(2, 2), DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=3)
    trainer = Trainer(model, cross_entropy, SGD(model.parameters(), lr=0.0))
    entry = fit(trainer, loader, loader, epochs=1)[0]
    close(entry["train_loss"], entry["validation_loss"])


### BEGIN HIDDEN TESTS
@test.check("each batch is learned from once, and the numbers of the history are right", points=3, hidden=True)
def _():
    weight = test.rng.normal(size=(2, 2)).astype("float32")
    model, other = Linear(2, 2, bias=False), Linear(2, 2, bias=False)
    model.weight.data = weight
    other.weight.data = weight.copy()
    trainer = Trainer(model, cross_entropy, SGD(model.parameters(), lr=0.3))
    loader = DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=3)
    new_x, new_y = test.rng.normal(size=(5, 2)).astype("float32"), test.rng.integers(0, 2, size=5).astype("int32")
    unseen = DataLoader(TensorDataset(Tensor(new_x), Tensor(new_y)), batch_size=3)
    entry = fit(trainer, loader, unseen, epochs=1)[0]
    optimizer = SGD(other.parameters(), lr=0.3)
    losses = [train_step(other, cross_entropy, optimizer, Tensor(x[i : i + 3]), Tensor(y[i : i + 3])) for i in (0, 3)]
    close(model.weight.data, other.weight.data)
    close(entry["train_loss"], (3 * losses[0] + losses[1]) / 4)
    close([entry["validation_loss"], entry["validation_accuracy"]], evaluate(other, cross_entropy, unseen))


@test.check("epochs are counted in all: a second call does the rest", points=2, hidden=True)
def _():
    model, loader = Linear(2, 2), DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=4)
    trainer = Trainer(model, cross_entropy, SGD(model.parameters(), lr=0.1))
    fit(trainer, loader, loader, epochs=2)
    same([entry["epoch"] for entry in fit(trainer, loader, loader, epochs=5)], [1, 2, 3, 4, 5])
    same(trainer.step, 5)
    same(len(fit(trainer, loader, loader, epochs=5)), 5)
    same(trainer.step, 5)


@test.check("early stopping ends it", points=2, hidden=True)
def _():
    model, loader = Linear(2, 2), DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=4)
    stopping = EarlyStopping(patience=2, min_delta=1000.0)
    trainer = Trainer(model, cross_entropy, SGD(model.parameters(), lr=0.1), early_stopping=stopping)
    same(len(fit(trainer, loader, loader, epochs=50)), 3)


@test.check("the model learns in training mode", points=2, hidden=True)
def _():
    model, loader = (
        Sequential(Dropout(0.5), Linear(2, 2)),
        DataLoader(TensorDataset(Tensor(x), Tensor(y)), batch_size=4),
    )
    model.eval()
    fit(Trainer(model, cross_entropy, SGD(model.parameters(), lr=0.1)), loader, loader, epochs=1)
    true(model.training, "fit puts the model into training mode at the beginning of each epoch")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# ### A network learns to read
#
# Everything together: MLP, Adam, a schedule with warm-up, clipping, and a curve that moves while the model learns.


# %%
def train_on_digits(epochs=10, curve=None, seed=0, **options):
    """Train the MLP on the digits; return the trainer."""
    model = make_model(seed=seed)
    loader, optimizer = DataLoader(train_set, batch_size=64, shuffle=True), Adam(model.parameters(), lr=0.02)

    def plan(step):
        return warmup_cosine(step, warmup=20, total=epochs * len(loader))

    scheduler = LambdaLR(optimizer, plan)
    trainer = Trainer(model, cross_entropy, optimizer, scheduler=scheduler, max_norm=1.0, curve=curve, **options)
    trainer.fit(loader, validation_loader, epochs)
    return trainer


with viz.LossCurve("MLP on digits", log_scale=True) as curve:
    start = time.perf_counter()
    trainer = train_on_digits(curve=curve)
print(
    f"{trainer.step} steps in {time.perf_counter() - start:.1f} s; "
    f"{trainer.history[-1]['validation_accuracy']:.1%} of {len(validation_set)} digits kept for validation, "
    f"{trainer.evaluate(test_loader)[1]:.1%} of {len(test_set)} by unseen writers read correctly"
)
true(trainer.evaluate(test_loader)[1] >= 0.95, "the MLP reads at least 95 % of the unseen writers' digits")

# %% [markdown]
# **What's happening**
# 1. The thin line is the loss of each batch: noisy, since each batch is another sample. Its trend falls by a factor of more than a hundred.
# 2. The validation loss falls with it at first and then levels out: from there on, the model learns single digits by heart. The writers of the validation digits also wrote training digits: those of the test are new, and fewer of
#    their digits are read. A split says only what it was made to say.
# 3. The learning rate rises for 20 steps and then follows the cosine; at the end the curve becomes calm.
# 4. Softmax regression (module 07) stayed below 95 %. The hidden layer makes the difference: no longer one template for each digit, but parts that can be combined.

# %%
trainer = train_on_digits()
targets, answers = trainer.predict(test_loader)
matrix = viz.ConfusionMatrix(targets, answers, unseen.classes)
print("most often confused (true, answered, times):", matrix.most_confused(3))
matrix.picture("Two layers:")

# %% [markdown]
# **What's happening**
# 1. Compare with the matrix of Part 3: a few dozen of 1,797 remain off the diagonal. After 20 batches, the model had hardly learned what an 8 is.
# 2. The remaining mistakes still have favourites. Those pairs are where more training data would help most.
# 3. Read a row: what was this digit taken for? Read a column: what hides among the answers "8"?

# %%
trainer = train_on_digits()
targets, answers = trainer.predict(test_loader)
wrong = np.flatnonzero(targets != answers)[:16]
viz.images(
    unseen.data[wrong],
    titles=[f"{targets[i]} → {answers[i]}" for i in wrong],
    title="True digit → answer: always look at the mistakes",
)

# %% [markdown]
# **What's happening**
# 1. Each picture was read wrongly: the true digit stands before the arrow, the answer after it.
# 2. At 8 x 8 pixels some would puzzle you, too. Others are plain, but written as nobody in the training data writes.
# 3. Looking at mistakes is the cheapest way to find out what to do next: other data, another model, or wrong labels.

# %% [markdown]
# ### Watch it bend
#
# With two numbers for each example you can see what training does. Two half moons interlock; no straight line parts them. Before you move the slider: what will the boundary look like after ten steps, and at the end?


# %%
def moons(n, seed=0):
    """Return n points on two half moons, and on which one each lies."""
    rng = np.random.default_rng(seed)
    angle, kind = rng.uniform(0, np.pi, n), rng.integers(0, 2, n)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.where(kind[:, None] == 0, upper, [1.0, 0.5] - upper) + 0.15 * rng.normal(size=(n, 2))
    return points.astype("float32"), kind.astype("int32")


points, kinds = moons(200)
manual_seed(0)
model = Sequential(Linear(2, 16), ReLU(), Linear(16, 2))
optimizer, boundary = Adam(model.parameters(), lr=0.02), viz.DecisionBoundary(points, kinds, "Two moons")
for step in range(201):
    if step % 10 == 0:
        boundary.add(step, lambda places: model(Tensor(places)).data)
    train_step(model, cross_entropy, optimizer, Tensor(points), Tensor(kinds))
boundary

# %% [markdown]
# **What's happening**
# 1. At step 0 the weights are random, and the boundary lies anywhere.
# 2. After a few steps it is nearly straight and lies between the moons: about as good as one layer alone can do.
# 3. Then it bends into the gap. Each of the 16 gates can give it one kink; between kinks it is straight.
# 4. At the end only places far from all points change. Nobody asked what the answer is there.

# %% [markdown]
# ### When to stop
#
# With few examples and many weights, learning by heart begins early. Train on 200 digits only, and watch both losses.


# %%
def train_on_few(epochs=60, early_stopping=None):
    """Train on 200 digits; return the trainer."""
    model = make_model()
    few = TensorDataset(*train_set.take(np.arange(200)))
    trainer = Trainer(
        model, cross_entropy, SGD(model.parameters(), lr=0.3, momentum=0.9), early_stopping=early_stopping
    )
    trainer.fit(DataLoader(few, batch_size=50, shuffle=True), validation_loader, epochs)
    return trainer


whole = train_on_few().history
stopped = train_on_few(early_stopping=EarlyStopping(patience=5)).history
best = min(stopped, key=lambda entry: entry["validation_loss"])
print(f"stopped after epoch {stopped[-1]['epoch']}; the best was epoch {best['epoch']}")
viz.lines(
    [entry["epoch"] for entry in whole],
    {"training": [e["train_loss"] for e in whole], "validation": [e["validation_loss"] for e in whole]},
    "200 digits: learning and learning by heart",
    xlabel="epoch",
    ylabel="loss",
    log="y",
    notes=[(best["epoch"], best["validation_loss"], "best: keep this one")],
)

# %% [markdown]
# **What's happening**
# 1. The training loss falls and falls, towards zero.
# 2. The validation loss falls, reaches its lowest point, and doesn't get better any more: what is learned from there on holds for these 200 digits only.
# 3. Early stopping waits `patience` epochs beyond the best one, since a curve may rise a little and fall again, then stops; `trainer.best_model` has the weights of the best epoch.

# %% [markdown]
# **Predict, then run**: a run of 6 epochs is interrupted after 3 and continued in a new process. Are the weights at the end the same, to the last bit? And if the checkpoint holds the model alone?


# %%
def interrupted(epochs, folder, whole_state=True):
    """Train half the epochs, save, and continue with everything built again."""
    path = Path(folder) / "half.npz"
    half = digits_trainer(seed=0)
    half.fit(training_batches(), validation_loader, epochs // 2)
    half.save(path)
    resumed = digits_trainer(seed=99)  # other weights, another order: all of it must come from the file
    if whole_state:
        resumed.load(path)
    else:
        resumed.model.load_state_dict(load(path)["model"])
        resumed.epoch = epochs // 2
    resumed.fit(training_batches(), validation_loader, epochs)
    return resumed.model.state_dict()


def digits_trainer(seed):
    model = make_model(hidden=32, seed=seed)
    return Trainer(model, cross_entropy, Adam(model.parameters(), lr=0.004))


def training_batches():
    return DataLoader(train_set, batch_size=64, shuffle=True)


uninterrupted = digits_trainer(seed=0)
uninterrupted.fit(training_batches(), validation_loader, 6)
with tempfile.TemporaryDirectory() as folder:
    for whole_state in (True, False):
        weights = interrupted(6, folder, whole_state)
        differ = sum((weights[name] != kept).sum().item() for name, kept in uninterrupted.model.state_dict().items())
        print(f"{'the whole state' if whole_state else 'the model alone'}: {differ} weights differ")

# %% [markdown]
# <details><summary>Answer</summary>
#
# With the whole state: yes, each bit. With the model alone: no. Adam begins with empty averages and a new warm-up, and the batches come in another order. The result isn't bad; it's a different one, and nobody can reproduce it.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: on thousands of GPUs something breaks every few hours, so large trainings save often. The state of a model with 70 billion weights, Adam's averages included, is about a terabyte; it's written in parts by many machines
# > at once, in the background, and a checkpoint that can't be loaded is found out only when it's needed: so loading is tested, too.

# %% [markdown]
# ### An experiment of your own (ungraded)
#
# You have everything that an experiment needs. Ask one question, change one thing, keep the seed, and let the *validation* data answer. Three suggestions:
#
# 1. **Width**: 8, 32, 128, 512 hidden units (`make_model(hidden=...)`). From where on does more no longer help?
# 2. **Dropout**: put `Dropout(0.3)` after the ReLU, and train on the 200 digits of `train_on_few`. Does the best epoch come later? Is it better?
# 3. **How much data**: train on 100, 400, 1,600 digits (`train_set.take`). How many more does one percent take?
#
# Say beforehand what you expect. Two seeds tell you how much of a difference is luck.

# %%
for seed in (0, 1):
    manual_seed(seed)
    model = make_model(hidden=32, seed=seed)
    trainer = Trainer(model, cross_entropy, Adam(model.parameters(), lr=0.004))
    entry = trainer.fit(DataLoader(train_set, batch_size=64, shuffle=True), validation_loader, epochs=3)[-1]
    print(f"seed {seed}: {entry['validation_accuracy']:.1%} right after {entry['epoch']} epochs")

# %% [markdown]
# ## Systems Analysis
#
# How large should a batch be? Measure the time for each example, and the memory that a step takes at its peak.


# %%
def cost_of_batch_size(n):
    """Return microseconds per example and the peak memory of a step in MB."""
    model = make_model(hidden=256)
    optimizer = SGD(model.parameters(), lr=0.1)
    rng = np.random.default_rng(0)
    inputs, targets = Tensor(rng.normal(size=(n, 64)).astype("float32")), Tensor(rng.integers(0, 10, size=n))
    took = best_of(train_step, model, cross_entropy, optimizer, inputs, targets)
    tracemalloc.start()
    train_step(model, cross_entropy, optimizer, inputs, targets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return 1e3 * took.median / n, peak / 1e6


batch_sizes = [1, 4, 16, 64, 256, 1024, 4096, 16384]
costs = [cost_of_batch_size(n) for n in batch_sizes]
for n, (microseconds, megabytes) in zip(batch_sizes, costs, strict=True):
    print(f"batch of {n:6}: {microseconds:8.2f} µs for each example, {megabytes:8.1f} MB at the peak")
viz.lines(
    batch_sizes,
    {"µs for each example": [cost[0] for cost in costs], "MB at the peak": [cost[1] for cost in costs]},
    "What a batch costs",
    xlabel="examples in a batch",
    ylabel="µs, or MB",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. At the left, time for each example halves when the batch doubles: we pay for calling Python and for updating the weights, once for each step.
# 2. Further right it levels out: the arithmetic itself is what remains, and larger batches save nothing more. At the far right it may even rise: the arrays have outgrown the processor's caches.
# 3. Memory starts at the size of the weights and their gradients, and then grows in proportion, $O(\text{weights} + n)$ for a batch of $n$: the graph keeps the layers' results of each example until `backward()` has used them.
# 4. So there's a sweet spot: the smallest batch beyond which time hardly falls. More costs memory, and there are fewer steps in an epoch.

# %% [markdown]
# And what happens at the end of this line? Ask for a batch that no machine can hold, $2^{40}$ examples. (The array below takes no memory: all its rows are one and the same row.)

# %%
endless = Tensor(np.broadcast_to(np.zeros((1, 64), dtype="float32"), (2**40, 64)))
same_targets = Tensor(np.broadcast_to(np.zeros(1, dtype="int32"), (2**40,)))
greedy = digits_trainer(seed=0)
try:
    greedy.train_batch(endless, same_targets)
except MemoryError as error:
    print("MemoryError:", error)

# %% [markdown]
# ### Advanced (optional): which part of a step is slow?
#
# "Training is slow" is no diagnosis. A step has five parts; time each of them, and the largest shows where to work. Everything else may be made infinitely fast without helping much.

# %%
REMEDY = {
    "load": "the model waits for data: gather whole batches (take), decode ahead, use larger files",
    "forward": "arithmetic: larger batches, a smaller model, faster operations (module 16)",
    "backward": "arithmetic, about twice that of forward: the same remedies",
    "clip": "it reads all gradients once: rarely worth it, clip less often or not at all",
    "update": "the optimizer's memory traffic: larger batches mean fewer updates; fuse its steps (module 16)",
}


def profile_steps(model, loss_fn, optimizer, loader, max_norm=1.0):
    """Train for one epoch; return the seconds that each part of the steps took."""
    seconds, batches = dict.fromkeys(REMEDY, 0.0), iter(loader)
    while True:
        marks = [time.perf_counter()]
        batch = next(batches, None)
        if batch is None:
            return seconds
        marks.append(time.perf_counter())
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        marks.append(time.perf_counter())
        loss.backward()
        marks.append(time.perf_counter())
        clip_grad_norm_(model.parameters(), max_norm)
        marks.append(time.perf_counter())
        optimizer.step()
        marks.append(time.perf_counter())
        for part, took in zip(REMEDY, np.diff(marks), strict=True):
            seconds[part] += float(took)


def bottleneck(seconds):
    """Name the part that takes longest, and what helps."""
    part = max(seconds, key=seconds.get)
    return f"{part} takes {seconds[part] / sum(seconds.values()):.0%} of a step. {REMEDY[part]}"


class OneByOne(Dataset):
    """The digits as a folder of files would give them: singly, each to be prepared."""

    def __len__(self):
        return len(train_set)

    def __getitem__(self, index):
        image = digits.data[index].astype("float32").reshape(64)
        return (image - image.mean()) / image.std(), int(digits.targets[index])  # light and contrast made equal


set_ups = {
    "64-128-10": (train_set, 128),
    "one by one": (OneByOne(), 128),
    "64-2048-10": (train_set, 2048),
}
profiles = {}
for name, (dataset, hidden) in set_ups.items():
    model = make_model(hidden=hidden)
    loader = DataLoader(dataset, batch_size=64)
    profiles[name] = profile_steps(model, cross_entropy, Adam(model.parameters()), loader)
    print(f"{name:>11}: {bottleneck(profiles[name])}")
viz.bars(
    list(profiles),
    {part: [100 * p[part] / sum(p.values()) for p in profiles.values()] for part in REMEDY},
    "Where the time of a step goes",
    ylabel="percent",
)

# %% [markdown]
# **What's happening**
# 1. The small model spends its time in forward and backward; gathering whole batches costs next to nothing.
# 2. With examples read and prepared one by one, loading takes many times as large a share (with one thread it is the largest part): a better optimizer would gain little here.
# 3. With a wide layer, the update of many weights takes its share; loading no longer matters.
# 4. The bottleneck moves when you remove one. So measure again after each improvement.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# A whole life: train with all the trimmings, save, continue elsewhere, measure; and messages that help.


# %%
def check_everything(folder):
    with_stopping = {"early_stopping": EarlyStopping(patience=3)}
    trainer = train_on_digits(epochs=3, seed=1, **with_stopping)
    trainer.save(folder / "checkpoint.npz")
    copy = train_on_digits(epochs=1, seed=2, early_stopping=EarlyStopping(patience=3))
    copy.load(folder / "checkpoint.npz")
    same([copy.epoch, copy.step, copy.history], [trainer.epoch, trainer.step, trainer.history])
    close(copy.evaluate(test_loader), trainer.evaluate(test_loader))
    targets, answers = copy.predict(validation_loader)
    counts = confusion_matrix(targets, answers, classes=10)
    same(int(counts.sum()), len(validation_set))
    close(float(np.trace(counts)) / len(validation_set), copy.history[-1]["validation_accuracy"])
    raises(ValueError, lambda: digits_trainer(0).load(folder / "checkpoint.npz"), says="build the same")
    raises(TypeError, lambda: save({"model": trainer.model}, folder / "model.npz"), says="state_dict")
    (folder / "letter.txt").write_text("Dear reader")
    raises(ValueError, lambda: load(folder / "letter.txt"), says="no checkpoint")


with tempfile.TemporaryDirectory() as folder:
    check_everything(Path(folder))
wild = make_model()
wild_trainer = Trainer(wild, cross_entropy, SGD(wild.parameters(), lr=1e30))
with np.errstate(all="ignore"):
    raises(FloatingPointError, lambda: wild_trainer.fit(training_batches(), validation_loader, 1), says="learning rate")
raises(ValueError, lambda: EarlyStopping(patience=0), says="patience")
print("steps, clipping, measuring, the loop and checkpoints work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: the size of a batch
#
# Cite your measured time for each example and peak memory for batches of 64 and 4,096. Your machine has 8 GB left for training: about which batch size would fail first, and why does memory grow with the batch although the weights don't? Which size would you train with, and why not the largest that fits?
#
# Rubric: 0: no measured number; half: the failing size by proportion from the measured peak (8 GB divided by MB per example), and the kept results of the layers as the reason; full: also a size near where time levels out, because beyond it an epoch has fewer steps for the same time.

# %% [markdown] nbgrader={"grade_id": "checkpoint_batch_size", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured about 6 µs per example at 64 and 4 µs at 4,096, with about 0.4 and 22 MB at the peak (numbers vary with the machine). 22 MB / 4,096 is about 5 kB per example, so 8 GB are full at about 1.5 million examples. The weights stay the same, but backward needs the
# results of every layer for every example. I would take 256 or so: from there on time per example hardly falls, and larger batches mean fewer steps in an epoch for the same time, so the model learns less per second.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# These lines limit gradients with PyTorch's operations (`torch.stack` makes one tensor of several numbers; `x.mul_(c)` changes x itself; `clamp(max=1.0)` replaces what is larger than 1 by 1). Which of your functions is it? Why is the norm of norms the norm of everything? There is
# no `if`: why is that right, and why might you want it on a GPU?
#
# ```python
# def mystery(parameters, limit):
#     arrows = [p.grad for p in parameters if p.grad is not None]
#     if len(arrows) == 0:
#         return torch.tensor(0.0)
#     lengths = [torch.linalg.vector_norm(a) for a in arrows]
#     length = torch.linalg.vector_norm(torch.stack(lengths))
#     factor = limit / (length + 1e-6)
#     factor = factor.clamp(max=1.0)
#     for a in arrows:
#         a.mul_(factor)
#     return length
# ```
#
# Rubric: 0: not recognised; half: `clip_grad_norm_`, and the sum of squares of all numbers is the sum of the squared norms; full: also that multiplying by at most 1 changes nothing where gradients are short, and that an `if` on a GPU's number would make the processor wait for the GPU.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It is clip_grad_norm_. Each length squared is the sum of squares of one gradient; the norm of the lengths is the root of the sum of these, so of all squares. Short gradients give a factor above 1, which clamp makes 1: multiplying by it changes nothing.
# Without `if` Python needn't know the number: it only hands work to the GPU, and doesn't wait until it has arrived there.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - One step: clear, forwards, backwards, clip, step. Try it on 32 examples first.
# - Clipping limits how far one bad batch can throw the weights, and keeps the direction.
# - The loss is for the optimizer, accuracy and the confusion matrix are for people; look at the mistakes.
# - Measure on unseen data: evaluation mode, no graph, means over examples. Choose by the validation data; look at the test once.
# - The loop counts epochs in all, stops when validation says so, and continues from a checkpoint to the same bits.
# - Larger batches save time up to a point, and cost memory in proportion.
#
# **Next**: the foundation is complete: `tito milestone run mlp` reads digits with your own framework. Module 09 gives the network eyes: convolutions.
