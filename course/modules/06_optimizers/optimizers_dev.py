# %% [markdown]
# # Optimizers
#
# {{module}}
#
# A gradient says which way is down. In this module you decide how to walk: how far, with how much memory of the way so
# far, and when to slow down. You build the four methods by which nearly all networks are trained, and watch each of
# them on functions small enough to be drawn.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors, losses, `backward()` | SGD, momentum, Adam, AdamW, learning-rate schedules | every training loop from module 07 on |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | a step makes new arrays and replaces the old | overwrites them in place | the formula stays readable; module 16 does it in place and measures the gain |
# | one parameter after the other | all in a few fused calls | the same numbers; it matters on GPUs |
# | no Nesterov momentum, no AMSGrad | both | each changes one line of what you write |
# | schedulers are functions of the step count | some are, some update recursively | a function can be drawn before training begins |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.optimizers
#| export
import math

import numpy as np

from tinytorch.core.tensor import Tensor, composed
from tinytorch.optim.bases import OptimizerBase, ScheduleBase

# %%
from tinytorch import viz
from tinytorch.core.layers import Module, Parameter
from tinytorch.profiling import best_of
from tinytorch.testing import close, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.optimizers` (`tinytorch/core/optimizers.py`). Users write
#
# ```python
# from tinytorch.optim import SGD, Adam, AdamW
# from tinytorch.optim.lr_scheduler import LambdaLR
# ```

# %% [markdown]
# ## Part 1: One step downhill
#
# You stand on a mountain in thick fog and want to reach the valley. You can't see it; all you feel is how the ground
# slopes under your feet. The natural thing is to take a step in the direction that goes down most steeply, feel again, and so on. That is
# **gradient descent** (Cauchy 1847): with parameter $p$, its gradient $g$ and a step size, the **learning rate** $\eta$,
#
# $$p \leftarrow p - \eta\, g$$
#
# The minus sign is there because the gradient points uphill. By hand, for the parabola $f(x) = x^2$ with $g = 2x$, from $x = 2$ with $\eta = 0.1$:
#
# | step | $x$ | $g = 2x$ | $x - 0.1\,g$ |
# | --- | --- | --- | --- |
# | 1 | 2 | 4 | 1.6 |
# | 2 | 1.6 | 3.2 | 1.28 |
# | 3 | 1.28 | 2.56 | 1.024 |
#
# Each step multiplies $x$ by 0.8, so the steps get smaller by themselves as the ground levels out.
#
# When the gradient comes from a random part of the data, a mini-batch, the method is called *stochastic* gradient descent, SGD. The step is the same.
#
# Write it for arrays: `p` and `g` are numpy arrays of the same shape, and you return a new one.


# %% nbgrader={"grade_id": "sgd_step", "solution": true}
#| export
def sgd_step(p, g, lr):
    """Return the parameter after one step of gradient descent.

    Args:
        p: the parameter, an array. It must not be changed.
        g: its gradient, an array of the same shape.
        lr: the learning rate.

    TODO: go against the gradient.

    APPROACH:
    1. Scale the gradient by the learning rate.
    2. Subtract it from the parameter.

    EXAMPLE:
    >>> sgd_step(np.array([2.0]), np.array([4.0]), lr=0.1)
    array([1.6])

    HINT: `p -= ...` would change the caller's array; `p - ...` makes a new one.
    """
    ### BEGIN SOLUTION
    return p - lr * g
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: sgd_step

# %% nbgrader={"grade_id": "test_sgd_step", "grade": true}
test = unit_test("sgd_step")


@test.check("the first step on the parabola; the parameter that came in stays as it was", points=3)
def _():
    p, g = remote([2.0]), remote([4.0])
    with unchanged(p), unchanged(g):
        close(sgd_step(p, g, lr=0.1), [1.6])


### BEGIN HIDDEN TESTS
@test.check("random arrays", points=4, hidden=True)
def _():
    for shape in [(3,), (4, 2), (2, 3, 4)]:
        p, g, lr = test.rng.normal(size=shape), test.rng.normal(size=shape), float(test.rng.uniform(0.01, 1))
        close(sgd_step(p, g, lr), p - lr * g)


@test.check("neither the parameter nor the gradient is changed", points=3, hidden=True)
def _():
    p, g = remote(test.rng.normal(size=(3, 2))), remote(test.rng.normal(size=(3, 2)))
    with unchanged(p), unchanged(g):
        close(sgd_step(p, g, 0.5), p.read() - 0.5 * g.read())


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Is a larger step faster? Walk on the parabola with four learning rates.


# %%
def walk_on_parabola(lr, steps=20, x=2.0):
    path = [x]
    for _ in range(steps):
        x = sgd_step(x, 2 * x, lr)
        path.append(x)
    return path


viz.lines(
    None,
    {f"lr = {lr}": walk_on_parabola(lr) for lr in (0.02, 0.1, 0.95, 1.05)},
    "Gradient descent on x²",
    xlabel="step",
    ylabel="x",
    ylim=(-6, 6),
)

# %% [markdown]
# **What's happening**
# 1. Each step multiplies $x$ by $1 - 2\eta$: by 0.96, 0.8, -0.9 and -1.1.
# 2. The smallest rate is safe and slow: after 20 steps it is little more than half way.
# 3. 0.95 jumps across the valley to the other slope each time, but lands a little lower: it arrives, zigzagging.
# 4. 1.05 lands a little *higher* each time. The walk diverges, and nothing will stop it: this is what a loss that becomes `nan` usually is.
# 5. So there is a largest usable rate, and it belongs to the curvature of the valley: here 1, for $10 x^2$ it would be 0.1.

# %% [markdown]
# **Predict, then run**: with which learning rate does one single step reach the bottom of $x^2$, from anywhere?

# %%
print(walk_on_parabola(0.5, steps=2))

# %% [markdown]
# <details><summary>Answer</summary>
#
# $1 - 2\eta = 0$, so $\eta = 0.5$. In general it is one over the second derivative; that is Newton's method. For a network with a
# million weights the second derivatives are a matrix of a million by a million, so in practice you guess.
# </details>

# %% [markdown]
# ### From a step to an optimizer
#
# A model has many parameters, and some methods keep a memory for each. The shell that takes care of this is given. Read `step`: for each parameter
# that has a gradient it calls `update`, and replaces `p.data` by what comes back. The methods below are small because the work is done by functions: yours.
# Saving and restoring what an optimizer remembers (`state_dict`, `load_state_dict`) comes with its base.


# %%
#| export
def parameter_groups(params, defaults):
    """Turn parameters, or a list of dicts {"params": [...], "lr": ...}, into groups that have all settings."""
    params = list(params)
    if not params:
        raise ValueError("an optimizer needs at least one parameter, got none: pass model.parameters()")
    groups = params if isinstance(params[0], dict) else [{"params": params}]
    groups = [{**defaults, **group, "params": list(group["params"])} for group in groups]
    for p in [p for group in groups for p in group["params"]]:
        if not isinstance(p, Tensor) or p.grad_fn is not None:  # one that wants no gradient is frozen: it stays
            raise TypeError(f"an optimizer moves leaves, Tensors with requires_grad=True, got {p!r:.60}")
    for group in groups:
        if group["lr"] < 0:
            raise ValueError(f"a learning rate is at least 0, got {group['lr']}: a negative one would walk uphill")
    return groups


class Optimizer(OptimizerBase):
    """Move parameters against their gradients. A subclass says how in `update`.

    Attributes:
        param_groups: a list of dicts; each has "params", a list of Tensors, and their settings, such as "lr".
        state: what a method remembers, one dict per parameter, in the order of parameters(); empty before step().
    """

    def __init__(self, params, **defaults):
        self.param_groups = parameter_groups(params, defaults)
        self.state = [{} for _ in self.parameters()]

    def parameters(self):
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self, set_to_none=True):
        """Forget the gradients: backward() adds to what is there."""
        for p in self.parameters():
            p.grad = None

    def step(self):
        """Replace each parameter that has a gradient by its next value."""
        states = iter(self.state)
        for group in self.param_groups:
            for p in group["params"]:
                state = next(states)
                if p.grad is not None:
                    p.data = self.update(p.data, p.grad.data, state, group).astype(p.data.dtype, copy=False)

    def update(self, p, g, state, group):
        """Return the next value of the array p with gradient g; keep what is needed next time in `state`."""
        raise NotImplementedError(f"{type(self).__name__} must say how it updates a parameter: define update()")


# %% [markdown]
# The first optimizer. It already knows momentum, which you write next; with `momentum=0` it is `sgd_step` alone.


# %%
#| export
class SGD(Optimizer):
    """Gradient descent with momentum (Polyak 1964).

    Attributes:
        param_groups: as in Optimizer; the settings are "lr", "momentum" and "weight_decay".
        state: "velocity", an array of the parameter's shape, once a step with momentum was taken.
    """

    def __init__(self, params, lr=1e-3, momentum=0.0, weight_decay=0.0):
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def update(self, p, g, state, group):
        return sgd_update(p, g, state, group)


def sgd_update(p, g, state, group):
    """Take one step of SGD; keep the velocity in `state`."""
    if group["weight_decay"]:
        g = g + group["weight_decay"] * p
    if not group["momentum"]:
        return sgd_step(p, g, group["lr"])
    if not state:
        state["velocity"] = np.zeros_like(p)
    p, state["velocity"] = momentum_step(p, g, state["velocity"], group["lr"], group["momentum"])
    return p


# %% [markdown]
# And here is the walk that the rest of this module looks at: any function of two numbers, any optimizer. This is a complete training loop: four lines, and you will write
# them many times: clear, forwards, backwards, step.


# %%
def descend(function, start, make_optimizer, steps):
    """Walk down function(x, y) from start; return the places, an array (steps + 1, 2)."""
    place = Tensor(list(start), requires_grad=True)
    optimizer = make_optimizer([place])
    path = [place.data]
    for _ in range(steps):
        optimizer.zero_grad()
        loss = function(place[0], place[1])
        loss.backward()
        optimizer.step()
        path.append(place.data)
    return np.array(path)


def bowl(x, y):
    return x**2 + y**2


print(descend(bowl, (2.0, -1.0), lambda params: SGD(params, lr=0.1), steps=3))

# %% [markdown]
# ## Part 2: Momentum
#
# A round bowl is easy. Real loss surfaces are more like ravines: steep across, gentle along. Take
#
# $$f(x, y) = \tfrac{1}{100}\, x^2 + y^2$$
#
# Across ($y$) the largest usable rate is 1, as before. Along ($x$), with that rate, each step multiplies $x$ by $1 - \eta / 50$, so hardly moves it.
# The steep direction dictates the step, and the gentle one waits.
#
# Someone walking in fog starts afresh at each step. A heavy **sledge** does not: it has a velocity. Across the ravine the pushes alternate, left, right, left, and
# cancel out. Along the ravine they all point the same way and add up. So let the gradient change the velocity, and the velocity the place:
#
# $$v \leftarrow \mu\, v + g \qquad\qquad p \leftarrow p - \eta\, v$$
#
# $\mu$, the **momentum**, says how much of the old velocity is kept; 0.9 is usual. By hand, with a constant gradient $g = 1$, $\mu = 0.9$ and $\eta = 0.1$, from $p = 0$ at rest:
#
# | step | $v$ | $p$ |
# | --- | --- | --- |
# | 1 | 1 | -0.1 |
# | 2 | 0.9 + 1 = 1.9 | -0.29 |
# | 3 | 1.71 + 1 = 2.71 | -0.561 |


# %% nbgrader={"grade_id": "momentum_step", "solution": true}
#| export
def momentum_step(p, g, velocity, lr, momentum):
    """Return the parameter and the velocity after one step with momentum.

    Args:
        p: the parameter, an array.
        g: its gradient, an array of the same shape.
        velocity: the velocity so far, an array of the same shape (zeros at the beginning).
        lr: the learning rate.
        momentum: how much of the velocity is kept, 0 to 1.

    TODO: first the new velocity, then the new place.

    APPROACH:
    1. New velocity: momentum times the old one, plus the gradient.
    2. New parameter: go against the *new* velocity, scaled by the learning rate.
    3. Return both.

    EXAMPLE:
    >>> momentum_step(np.array([-0.1]), np.array([1.0]), np.array([1.0]), lr=0.1, momentum=0.9)
    (array([-0.29]), array([1.9]))

    HINT: new names keep the caller's arrays untouched; sgd_step does the second part.
    """
    ### BEGIN SOLUTION
    velocity = momentum * velocity + g
    return sgd_step(p, velocity, lr), velocity
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: momentum_step

# %% nbgrader={"grade_id": "test_momentum_step", "grade": true}
test = unit_test("momentum_step")


@test.check("the second step by hand; nothing that came in is changed", points=3)
def _():
    place, g, before = remote([-0.1]), remote([1.0]), remote([1.0])
    with unchanged(place), unchanged(g), unchanged(before):
        p, velocity = momentum_step(place, g, before, lr=0.1, momentum=0.9)
    true(not np.allclose(velocity, 1.0), "the gradient is added whole, not times 1 - momentum")
    close(velocity, [1.9])
    close(p, [-0.29])


@test.check("from rest, the first step is that of SGD", points=3)
def _():
    p, velocity = momentum_step(np.array([2.0]), np.array([4.0]), np.array([0.0]), lr=0.1, momentum=0.9)
    close(p, [1.6])
    close(velocity, [4.0])


### BEGIN HIDDEN TESTS
@test.check("ten steps with random gradients", points=8, hidden=True)
def _():
    p, velocity = test.rng.normal(size=(3, 4)), np.zeros((3, 4))
    expected_p, expected_velocity = p.copy(), velocity.copy()
    for _ in range(10):
        g = test.rng.normal(size=(3, 4))
        p, velocity = momentum_step(p, g, velocity, lr=0.05, momentum=0.8)
        expected_velocity = 0.8 * expected_velocity + g
        expected_p = expected_p - 0.05 * expected_velocity
        close(velocity, expected_velocity)
        close(p, expected_p)


@test.check("nothing that came in is changed", points=6, hidden=True)
def _():
    p, g, velocity = (remote(test.rng.normal(size=5)) for _ in range(3))
    with unchanged(p), unchanged(g), unchanged(velocity):
        after = momentum_step(p, g, velocity, lr=0.1, momentum=0.9)
    close(after[1], 0.9 * velocity.read() + g.read())
    close(after[0], p.read() - 0.1 * after[1])


### END HIDDEN TESTS
test.report()


# %%
def ravine(x, y):
    return x**2 / 100 + y**2


start = (-9.0, 1.5)
viz.OptimizerPath(
    ravine,
    {
        "SGD, lr 0.9": descend(ravine, start, lambda params: SGD(params, lr=0.9), steps=40),
        "SGD, lr 0.1": descend(ravine, start, lambda params: SGD(params, lr=0.1), steps=40),
        "momentum 0.8, lr 0.5": descend(ravine, start, lambda params: SGD(params, lr=0.5, momentum=0.8), steps=40),
    },
    xlim=(-10, 4),
    ylim=(-2.2, 2.2),
    title="A ravine, 40 steps",
    minimum=(0.0, 0.0),
)

# %% [markdown]
# **What's happening**
# 1. The contour lines are long ellipses: the ground falls steeply up and down in the picture, gently from left to right.
# 2. SGD with a large rate (blue) bounces from wall to wall, and after 40 steps is half way there.
# 3. With a small rate (orange) it slides to the bottom of the ravine, and then hardly moves.
# 4. The sledge (green) swings a few times; the swings cancel, while along the ravine its velocity adds up: it nearly arrives.
# 5. The loss on the right is on a logarithmic scale: a straight line down means that each step takes off the same percentage.

# %% [markdown]
# **Predict, then run**: with a constant gradient of 1 and momentum 0.9, how fast does the sledge get in the end?


# %%
def top_speed():
    velocity = np.zeros(1)
    for _ in range(100):
        _, velocity = momentum_step(np.zeros(1), np.ones(1), velocity, lr=0.1, momentum=0.9)
    return velocity.item()


viz.Prediction("top_speed", "How fast does the sledge get in the end?", top_speed, within=0.01)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The velocity $v = 0.9\,v + 1$ settles where both sides are equal: $v = 1 / (1 - 0.9) = 10$. Momentum 0.9 multiplies the learning rate by ten where gradients agree, 0.99 by a hundred.
# If you add momentum to a training run that went well, lower the learning rate.
# </details>

# %% [markdown]
# ## Part 3: Adam
#
# Momentum has one learning rate for all directions. In a network the directions differ by factors of thousands: gradients of the last layer are large, those of the first small, and those of a rare
# word's weights nearly always 0. **Adam** (Kingma and Ba 2015) gives each single weight its own step size. It remembers two running averages:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad\qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# $m$ is the usual gradient (momentum again, as an average), $v$ the usual *squared* gradient, so $\sqrt v$ says how large gradients of this weight usually are. Then
# the step is their ratio:
#
# $$p \leftarrow p - \eta\, \frac{m}{\sqrt{v} + \epsilon}$$
#
# A weight whose gradients are always of one sign has $m \approx \pm\sqrt v$, and moves by about $\eta$ in each step, *however large or small its gradients are*. One whose gradients change sign
# all the time has $m \approx 0$ and hardly moves. $\eta$ has become something you can picture: the distance a weight moves per step.
#
# One flaw is left. Both averages start at 0 and need time to fill: with $\beta_2 = 0.999$, after the first step $v$ is only $0.001\,g^2$, so the ratio would be wildly off. After $t$ steps an average
# that started at 0 has weights of $1 - \beta^t$ in total, so dividing by that number repairs it:
#
# $$\hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t} \qquad p \leftarrow p - \eta\, \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$
#
# By hand, the first step ($t = 1$) from $p = 2$ with $g = 4$, $\eta = 0.1$, $\beta = (0.9, 0.999)$:
#
# | | before correction | after |
# | --- | --- | --- |
# | $m$ | $0.1 \cdot 4 = 0.4$ | $0.4 / 0.1 = 4$ |
# | $v$ | $0.001 \cdot 16 = 0.016$ | $0.016 / 0.001 = 16$ |
# | step | | $0.1 \cdot 4 / \sqrt{16} = 0.1$, so $p = 1.9$ |
#
# The first step of Adam is always $\eta$ in the direction of $-g$'s sign. The small $\epsilon = 10^{-8}$ only avoids a division by zero.
#
# (`@composed`, from module 01, lets module 16 replace this function by a faster one, by name.)


# %% nbgrader={"grade_id": "adam_step", "solution": true}
#| export
@composed
def adam_step(p, g, m, v, t, lr, betas, eps):
    """Return the parameter and both averages after one step of Adam.

    Args:
        p: the parameter, an array.
        g: its gradient, an array of the same shape.
        m: running average of gradients (zeros at the beginning).
        v: running average of squared gradients (zeros at the beginning).
        t: the number of this step; the first one is 1.
        lr: the learning rate.
        betas: how much of (m, v) is kept.
        eps: added to the square root of v.

    TODO: update both averages, correct them, take the step. As before, no array that came in is changed.

    APPROACH:
    1. m: betas[0] times m plus (1 - betas[0]) times g; v likewise, with g * g.
    2. Divide m by 1 - betas[0] ** t, and v by 1 - betas[1] ** t, into new names.
    3. Subtract lr * corrected m / (sqrt(corrected v) + eps) from p.
    4. Return p, m and v: the *uncorrected* averages.

    EXAMPLE:
    >>> zero = np.array([0.0])
    >>> adam_step(np.array([2.0]), np.array([4.0]), zero, zero, t=1, lr=0.1, betas=(0.9, 0.999), eps=1e-8)
    (array([1.9]), array([0.4]), array([0.016]))

    HINT: if you return the corrected averages, the next step corrects them again.

    TINYTORCH ASSUMPTIONS: one formula. PyTorch's Adam can also divide by the largest v so far (`amsgrad=True`).
    """
    ### BEGIN SOLUTION
    m = betas[0] * m  # new arrays; what follows may write into them
    m += (1 - betas[0]) * g
    v = betas[1] * v
    v += (1 - betas[1]) * (g * g)
    step = lr * (m / (1 - betas[0] ** t))
    step /= np.sqrt(v / (1 - betas[1] ** t)) + eps
    return p - step, m, v
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: adam_step

# %% nbgrader={"grade_id": "test_adam_step", "grade": true}
test = unit_test("adam_step")
SETTINGS = {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8}


@test.check("the first step by hand; nothing that came in is changed", points=5)
def _():
    place, g, first, second = remote([2.0]), remote([4.0]), remote([0.0]), remote([0.0])
    with unchanged(place), unchanged(g), unchanged(first), unchanged(second):
        p, m, v = adam_step(place, g, first, second, t=1, **SETTINGS)
    uncorrected = np.allclose(p, 1.683772) or np.allclose(p, 1.99) or np.allclose(p, -1.162278)
    true(not uncorrected, "both averages are corrected before the step: m and v start at 0")
    close(p, [1.9])
    close(m, [0.4])
    close(v, [0.016])


@test.check("a gradient a million times larger moves the weight as far", points=2)
def _():
    zero = np.array([0.0])
    close(adam_step(np.array([2.0]), np.array([4e6]), zero, zero, t=1, **SETTINGS)[0], [1.9])


@test.check("a large eps: it is added to the root, 4 / (4 + 1) of lr", points=3)
def _():
    zero = np.array([0.0])
    p = adam_step(np.array([2.0]), np.array([4.0]), zero, zero, t=1, lr=0.1, betas=(0.9, 0.999), eps=1.0)[0]
    close(p, [1.92])


### BEGIN HIDDEN TESTS
@test.check("twenty steps with random gradients and other settings", points=9, hidden=True)
def _():
    b1, b2, lr, eps = 0.8, 0.95, 0.03, 1e-3
    p, m, v = test.rng.normal(size=(2, 3)), np.zeros((2, 3)), np.zeros((2, 3))
    expected_p, first, second = p.copy(), m.copy(), v.copy()
    for t in range(1, 21):
        g = test.rng.normal(size=(2, 3))
        p, m, v = adam_step(p, g, m, v, t, lr, (b1, b2), eps)
        first = b1 * first + (1 - b1) * g
        second = b2 * second + (1 - b2) * g**2
        expected_p = expected_p - lr * (first / (1 - b1**t)) / (np.sqrt(second / (1 - b2**t)) + eps)
        close(m, first)
        close(v, second)
        close(p, expected_p)


@test.check("a gradient of zero is no danger; float32 stays float32", points=3, hidden=True)
def _():
    zero = np.zeros(3, dtype="float32")
    p = adam_step(zero + 1, zero, zero, zero, t=1, **SETTINGS)[0]
    close(p, [1.0, 1.0, 1.0])
    same(str(p.dtype), "float32")


@test.check("nothing that came in is changed", points=3, hidden=True)
def _():
    p, g, m, v = (remote(test.rng.uniform(0.1, 1, size=4)) for _ in range(4))
    with unchanged(p), unchanged(g), unchanged(m), unchanged(v):
        after = adam_step(p, g, m, v, t=3, **SETTINGS)
    close(after[1], 0.9 * m.read() + 0.1 * g.read())


### END HIDDEN TESTS
test.report()


# %% [markdown]
# The optimizer around it is given:


# %%
#| export
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980); weight_decay here is added to the gradient, as in PyTorch's Adam.

    Attributes:
        param_groups: as in Optimizer; the settings are "lr", "betas", "eps" and "weight_decay".
        state: "t", the number of steps taken, and the averages "m" and "v", arrays of the parameter's shape.
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay)

    def update(self, p, g, state, group):
        return adam_update(p, g, state, group)


def adam_state(p, state):
    """Count this step, and give both averages as they are: zeros before the first."""
    if not state:
        state.update(t=0, m=np.zeros_like(p), v=np.zeros_like(p))
    state["t"] += 1
    return state["m"], state["v"], state["t"]


def adam_update(p, g, state, group):
    """Take one step of Adam; keep averages and step count in `state`."""
    if group["weight_decay"]:
        g = g + group["weight_decay"] * p
    m, v, t = adam_state(p, state)
    p, state["m"], state["v"] = adam_step(p, g, m, v, t, group["lr"], group["betas"], group["eps"])
    return p


# %% [markdown]
# Now the most famous test of all: Rosenbrock's valley (1960), $(1 - x)^2 + 100\,(y - x^2)^2$. Its floor is a parabola, nearly level; its walls are steep. The minimum is at $(1, 1)$.


# %%
def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


viz.surface(rosenbrock, (-2, 2), (-1, 3), "Rosenbrock's valley")

# %% [markdown]
# **What's happening**
# 1. On the left the whole landscape: everything that is not the valley is a wall, up to a height of 2,500.
# 2. On the right its contour lines: they run along the parabola $y = x^2$, where the second term is 0.
# 3. In the valley the ground falls by less than 10 over its whole length. Finding the valley is easy; following it round the bend is hard.

# %%
start = (-1.5, 2.0)
viz.OptimizerPath(
    rosenbrock,
    {
        "SGD, lr 0.001": descend(rosenbrock, start, lambda params: SGD(params, lr=0.001), steps=500),
        "momentum 0.9, lr 0.001": descend(
            rosenbrock, start, lambda params: SGD(params, lr=0.001, momentum=0.9), steps=500
        ),
        "Adam, lr 0.1": descend(rosenbrock, start, lambda params: Adam(params, lr=0.1), steps=500),
    },
    xlim=(-2, 2),
    ylim=(-1, 3),
    title="500 steps; move the slider",
    minimum=(1.0, 1.0),
)

# %% [markdown]
# **What's happening**
# 1. All three fall into the valley within a few steps.
# 2. SGD must keep its rate small because of the walls, and on the level floor a small rate times a small gradient is next to nothing.
# 3. Momentum gathers speed along the floor and gets round the bend.
# 4. Adam divides by the usual size of the gradient, so on the level floor it takes steps as large as on the wall; its rate can be a hundred times that of SGD without any danger.
# 5. None of them is best everywhere: here momentum is even ahead of Adam; elsewhere it is the other way round. Adam's merit is that one setting works nearly everywhere.

# %% [markdown]
# **Predict, then run**: multiply the whole function by 1,000. Gradients are then 1,000 times larger. What becomes of the path of Adam, and of that of SGD?

# %%
plain = descend(rosenbrock, start, lambda params: Adam(params, lr=0.1), steps=50)
scaled = descend(lambda x, y: 1000.0 * rosenbrock(x, y), start, lambda params: Adam(params, lr=0.1), steps=50)
print("Adam ends at", plain[-1], "and, a thousand times steeper, at", scaled[-1])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Adam's path is the same: $m$ and $\sqrt v$ are both multiplied by 1,000, and the ratio stays (only $\epsilon$ counts a little less). SGD's steps become 1,000 times larger, and it flies off to infinity at once: its learning rate has to be chosen
# again for every loss. This is why Adam needs so little tuning.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: Adam's default $\beta_2 = 0.999$ averages over about a thousand steps. Large language models are usually trained with 0.95, over about twenty: their gradients change in size
# > quickly, and an average that is late makes steps that are too large. When such a training "spikes", this number is among the first that people look at.

# %% [markdown]
# ## Part 4: AdamW, or how to forget
#
# Weights that grow without need make a model sure of itself for no reason. **Weight decay** pulls every weight a little towards 0 in each step, so that only those stay large for which the data keep asking.
# Two ways of writing it are the same for SGD:
#
# - add $\lambda p$ to the gradient (the derivative of the penalty $\tfrac{\lambda}{2} p^2$): $p \leftarrow p - \eta\,(g + \lambda p)$,
# - or shrink the weight, then step: $p \leftarrow (1 - \eta\lambda)\,p - \eta\, g$.
#
# Multiply out: equal. For Adam they are **not** equal. In the first form $\lambda p$ goes into the averages and is divided by $\sqrt v$ with the rest: a weight with large gradients is hardly
# decayed, one with tiny gradients is decayed by a full step of $\eta$, whatever $\lambda$ is. Loshchilov and Hutter (2019) noticed, took the decay out of the fraction, and called it **AdamW**:
#
# $$p \leftarrow (1 - \eta\lambda)\, p, \quad\text{then a step of Adam with the plain gradient.}$$
#
# By hand: $p = 2$, $g = 4$, $\eta = 0.1$, $\lambda = 0.5$, first step. Shrink: $2 \cdot (1 - 0.05) = 1.9$. The step of Adam is 0.1, so $p = 1.8$.


# %% nbgrader={"grade_id": "adamw_step", "solution": true}
#| export
def adamw_step(p, g, m, v, t, lr, betas, eps, weight_decay):
    """Return the parameter and both averages after one step of AdamW.

    Args:
        p, g, m, v, t, lr, betas, eps: as in adam_step.
        weight_decay: the share of the weight that is taken off, times the learning rate.

    TODO: shrink the parameter, then let adam_step do the rest. No steps this time: you will find them.

    EXAMPLE:
    >>> zero = np.array([0.0])
    >>> adamw_step(np.array([2.0]), np.array([4.0]), zero, zero, 1, 0.1, (0.9, 0.999), 1e-8, weight_decay=0.5)
    (array([1.8]), array([0.4]), array([0.016]))

    HINT: adam_step returns what you have to return.
    """
    ### BEGIN SOLUTION
    return adam_step(p * (1 - lr * weight_decay), g, m, v, t, lr, betas, eps)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: adamw_step

# %% nbgrader={"grade_id": "test_adamw_step", "grade": true}
test = unit_test("adamw_step")
SETTINGS = {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8}


@test.check("the first step by hand; nothing that came in is changed", points=5)
def _():
    place, g, first, second = remote([2.0]), remote([4.0]), remote([0.0]), remote([0.0])
    with unchanged(place), unchanged(g), unchanged(first), unchanged(second):
        p, m, _ = adamw_step(place, g, first, second, 1, weight_decay=0.5, **SETTINGS)
    true(not np.allclose(p, 1.9), "the decay goes to the weight itself: Adam's fraction swallows one in the gradient")
    close(p, [1.8])
    close(m, [0.4])


### BEGIN HIDDEN TESTS
@test.check("ten steps with random gradients", points=6, hidden=True)
def _():
    b1, b2, lr, eps, decay = 0.8, 0.95, 0.03, 1e-3, 0.2
    p, m, v = test.rng.normal(size=4), np.zeros(4), np.zeros(4)
    expected, first, second = p.copy(), m.copy(), v.copy()
    for t in range(1, 11):
        g = test.rng.normal(size=4)
        p, m, v = adamw_step(p, g, m, v, t, lr, (b1, b2), eps, decay)
        first, second = b1 * first + (1 - b1) * g, b2 * second + (1 - b2) * g**2
        expected = expected * (1 - lr * decay)
        expected = expected - lr * (first / (1 - b1**t)) / (np.sqrt(second / (1 - b2**t)) + eps)
        close(p, expected)
        close(v, second)


@test.check("without a gradient the weight just shrinks, and is not changed in place", points=4, hidden=True)
def _():
    p, g, m, v = remote(test.rng.normal(size=3)), remote(np.zeros(3)), remote(np.zeros(3)), remote(np.zeros(3))
    with unchanged(p), unchanged(g), unchanged(m), unchanged(v):
        out = adamw_step(p, g, m, v, 1, weight_decay=0.5, **SETTINGS)[0]
    close(out, p.read() * 0.95)


### END HIDDEN TESTS
test.report()


# %%
#| export
class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101)."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay)

    def update(self, p, g, state, group):
        return adamw_update(p, g, state, group)


def adamw_update(p, g, state, group):
    """Take one step of AdamW; keep averages and step count in `state`."""
    m, v, t = adam_state(p, state)
    settings = (group["lr"], group["betas"], group["eps"], group["weight_decay"])
    p, state["m"], state["v"] = adamw_step(p, g, m, v, t, *settings)
    return p


# %% [markdown]
# See the difference: two weights that the data do not care about. Their gradients are pure noise around 0, small for one of them, large for the other. Decay alone should bring both to 0, equally fast.


# %%
def forget(make_optimizer, noise, steps=600):
    rng = np.random.default_rng(0)
    weight = Tensor([1.0], requires_grad=True)
    optimizer, path = make_optimizer([weight]), [1.0]
    for _ in range(steps):
        weight.grad = Tensor(rng.normal(scale=noise, size=1))
        optimizer.step()
        path.append(weight.item())
    return path


def adam(params):
    return Adam(params, lr=0.002, weight_decay=2.5)


def adamw(params):
    return AdamW(params, lr=0.002, weight_decay=2.5)


viz.lines(
    None,
    {
        "Adam, small gradients": forget(adam, noise=0.01),
        "Adam, large gradients": forget(adam, noise=100.0),
        "AdamW, small gradients": forget(adamw, noise=0.01),
        "AdamW, large gradients": forget(adamw, noise=100.0),
    },
    "Forgetting two useless weights",
    xlabel="step",
    ylabel="weight",
)

# %% [markdown]
# **What's happening**
# 1. Adam with small gradients (blue): the decay dominates the average, the ratio is about 1, and the weight falls by nearly a full 0.002 per step, as far as $\eta$ lets it.
# 2. Adam with large gradients (orange): the decay vanishes in the fraction; the weight only wanders about at random.
# 3. AdamW shrinks both weights alike, whatever the noise (its two curves coincide): each step takes off 0.5 %.
# 4. So with AdamW the decay means the same for every weight, and can be chosen once. That is why it is the standard for transformers.

# %% [markdown]
# **Predict, then run**: with lr 0.002 and weight decay 2.5, after how many steps has AdamW halved a weight that has no gradient?

# %%
viz.Prediction(
    "half_forgotten",
    "After how many steps has AdamW halved a weight without gradient?",
    lambda: int(np.argmin(np.abs(np.array(forget(adamw, noise=0.0)) - 0.5))),
    within=0.02,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Each step multiplies by $1 - 0.002 \cdot 2.5 = 0.995$. Half is reached after $\log 0.5 / \log 0.995 = 138$ steps. Note that it depends on the product of both
# settings: lowering the learning rate slows down the forgetting, too.
# </details>

# %% [markdown]
# ## Part 5: When to slow down
#
# At the beginning large steps are good: the valley is far. At the end they are bad: each mini-batch pulls in a slightly different direction, and large steps never come to rest. And in the very first steps they are bad too:
# Adam's averages rest on one or two gradients, and the weights are random. So the learning rate follows a **schedule**: *warm up* in a straight line, then fall along a *cosine*, which is gentle at both ends. As a factor of the full rate, for step $s$, with $w$ of $T$ steps for warming up:
#
# $$\text{factor}(s) = \begin{cases} \dfrac{s + 1}{w} & s < w \\[2ex] \dfrac{1}{2} \Big( 1 + \cos\big(\pi\, \dfrac{s - w}{T - w} \big) \Big) & w \le s < T \\[2ex] 0 & s \ge T \end{cases}$$
#
# By hand, for $w = 4$ and $T = 12$: steps 0 to 3 give 0.25, 0.5, 0.75, 1. Step 4 begins the cosine at 1. Step 8 is half way: $\tfrac12 (1 + \cos(\pi/2)) = 0.5$. Step 12 is the end: 0.
#
# (Why $s + 1$? With $s$ the very first step would have the rate 0 and be wasted.)


# %% nbgrader={"grade_id": "warmup_cosine", "solution": true}
#| export
def warmup_cosine(step, warmup, total):
    """Return the factor of the learning rate at a step: up in a straight line, down along a cosine.

    Args:
        step: the number of the step, from 0.
        warmup: how many steps the way up takes (may be 0).
        total: how many steps there are in all; from then on the factor is 0.

    TODO: the three cases of the formula.

    APPROACH:
    1. Before warmup: (step + 1) / warmup.
    2. From total on: 0.
    3. Between: progress from 0 to 1, and half of 1 + cos(pi * progress).

    EXAMPLE:
    >>> [warmup_cosine(step, warmup=4, total=12) for step in (0, 3, 4, 8, 12)]
    [0.25, 1.0, 1.0, 0.5, 0.0]

    HINT: math.cos and math.pi. Ask for step >= total before dividing by total - warmup.

    TINYTORCH ASSUMPTIONS: the rate ends at 0. PyTorch's CosineAnnealingLR can end above it (`eta_min`).
    """
    ### BEGIN SOLUTION
    if step < warmup:
        return (step + 1) / warmup
    if step >= total:
        return 0.0
    progress = (step - warmup) / (total - warmup)
    return 0.5 * (1 + math.cos(math.pi * progress))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: warmup_cosine

# %% nbgrader={"grade_id": "test_warmup_cosine", "grade": true}
test = unit_test("warmup_cosine")


@test.check("the way up, by hand", points=3)
def _():
    close([warmup_cosine(step, warmup=4, total=12) for step in range(4)], [0.25, 0.5, 0.75, 1.0])


@test.check("the way down, by hand; after the end, also where the warm-up was everything", points=3)
def _():
    close([warmup_cosine(step, warmup=4, total=12) for step in (4, 8, 12, 20)], [1.0, 0.5, 0.0, 0.0])
    close(warmup_cosine(5, warmup=5, total=5), 0.0)


### BEGIN HIDDEN TESTS
@test.check("random lengths, every step", points=8, hidden=True)
def _():
    warmup = int(test.rng.integers(3, 30))
    total = warmup + int(test.rng.integers(5, 200))
    steps = np.arange(warmup, total)
    expected = 0.5 * (1 + np.cos(np.pi * (steps - warmup) / (total - warmup)))
    close([warmup_cosine(step, warmup, total) for step in range(warmup)], (np.arange(warmup) + 1) / warmup)
    close([warmup_cosine(int(step), warmup, total) for step in steps], expected)


@test.check("no warm-up; nothing after the end", points=6, hidden=True)
def _():
    close(warmup_cosine(0, warmup=0, total=10), 1.0)
    close([warmup_cosine(step, warmup=0, total=10) for step in (10, 11, 500)], [0.0, 0.0, 0.0])
    close(warmup_cosine(5, warmup=5, total=5), 0.0)


### END HIDDEN TESTS
test.report()


# %% [markdown]
# A scheduler sets the optimizer's learning rate from such a function. These are given, with PyTorch's names: call `scheduler.step()` after `optimizer.step()`.


# %%
#| export
class LRScheduler(ScheduleBase):
    """Set the learning rate of each group as a function of the steps done. A subclass says how in `lr_at`.

    Attributes:
        optimizer: whose param_groups get the rates.
        base_lrs: the rate of each group at the beginning.
        last_epoch: how often step() was called (the name is PyTorch's).
    """

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self.last_epoch = 0
        self.set_lrs()

    def lr_at(self, step, base_lr):
        raise NotImplementedError(f"{type(self).__name__} must say which rate belongs to a step: define lr_at()")

    def set_lrs(self):
        for group, base_lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = float(self.lr_at(self.last_epoch, base_lr))

    def step(self):
        self.last_epoch += 1
        for group, base_lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = float(self.next_lr(group["lr"], base_lr))


class LambdaLR(LRScheduler):
    """The base rate times lr_lambda(step)."""

    def __init__(self, optimizer, lr_lambda):
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def lr_at(self, step, base_lr):
        return base_lr * self.lr_lambda(step)


class StepLR(LRScheduler):
    """The base rate, multiplied by gamma after every step_size steps."""

    def __init__(self, optimizer, step_size, gamma=0.1):
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def lr_at(self, step, base_lr):
        return base_lr * self.gamma ** (step // self.step_size)

    def next_lr(self, lr, base_lr):
        return lr if self.last_epoch % self.step_size else lr * self.gamma


class CosineAnnealingLR(LRScheduler):
    """From the base rate to eta_min along a cosine of T_max steps (Loshchilov and Hutter 2017, arXiv 1608.03983)."""

    def __init__(self, optimizer, T_max, eta_min=0.0):
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def lr_at(self, step, base_lr):
        return self.eta_min + (base_lr - self.eta_min) * (1 + math.cos(math.pi * step / self.T_max)) / 2


# %% [markdown]
# What a schedule is good for shows where gradients are noisy, as those of mini-batches are. The bowl again, each gradient with random noise added. To show the method and not the luck of one walk, 200 hikers
# start at the same place, and we look at their mean distance from the minimum.


# %%
def noisy_descent(lr, schedule=None, steps=400, hikers=200):
    """Return the mean distance of the hikers from the bowl's minimum after each step."""
    rng = np.random.default_rng(1)
    places = Tensor(np.tile(np.array([4.0, 3.0], dtype="float32"), (hikers, 1)), requires_grad=True)
    optimizer = SGD([places], lr=lr)
    scheduler = LambdaLR(optimizer, schedule or (lambda step: 1.0))
    distances = []
    for _ in range(steps):
        optimizer.zero_grad()
        bowl(places[:, 0], places[:, 1]).sum().backward()
        places.grad = Tensor(places.grad.data + rng.normal(size=places.shape).astype("float32"))
        optimizer.step()
        scheduler.step()
        distances.append(float(np.hypot(*places.data.T).mean()))
    return distances


def plan(step):
    return warmup_cosine(step, warmup=20, total=400)


large, small, scheduled = noisy_descent(0.3), noisy_descent(0.005), noisy_descent(0.3, plan)
viz.lines(
    None,
    {"constant 0.3": large, "constant 0.005": small, "warm-up and cosine to 0.3": scheduled},
    "Mean distance from the minimum, noisy gradients",
    xlabel="step",
    ylabel="distance",
    log="y",
)

# %% [markdown]
# **What's happening**
# 1. The large constant rate (blue) is near the minimum after ten steps, and is then thrown about by the noise for ever, at a distance of about 0.4.
# 2. The small one (orange) is hardly disturbed by noise, but takes all 400 steps to arrive.
# 3. The schedule (green) has both: it goes as fast as the large one, and as the rate falls, so does the distance at which the noise holds it.
# 4. It falls most in the last quarter, where the rate is small and each step averages over many noisy gradients. In real training this is the typical drop of the loss at the end of a schedule.

# %%
viz.lines(
    None,
    {
        "constant 0.3": [0.3] * 400,
        "constant 0.005": [0.005] * 400,
        "warm-up and cosine to 0.3": [0.3 * plan(step) for step in range(400)],
    },
    "The learning rates",
    xlabel="step",
    ylabel="learning rate",
    ylim=(0, 0.37),
    notes=[(19, 0.3, "end of warm-up", "right")],
)

# %% [markdown]
# **What's happening**
# 1. Up in a straight line within 20 steps.
# 2. Down slowly at first, fastest in the middle, and slowly again at the end: the cosine.
# 3. The area under the curve is how far you can get; it is about half that of the constant rate.

# %% [markdown]
# **Predict, then run**: you stop a training run at step 200 of 400 because time has run out. Is its result as good as that of a run that was planned for 200 steps?

# %%
stopped = noisy_descent(0.3, plan)[199]
planned = noisy_descent(0.3, lambda step: warmup_cosine(step, warmup=20, total=200), steps=200)[-1]
print(f"stopped at 200 of 400: {stopped:.3f}; planned for 200: {planned:.3f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# No. At step 200 the rate is still at half its height and the noise is still in the weights; the planned one has had its slow end. A schedule must know the length of the journey beforehand. (That is why people who don't know it prefer a constant rate with a
# short fall at the end.)
# </details>

# %% [markdown]
# ### A class of your own (ungraded)
#
# Fit a curve to points. The module below knows only $a x^2$; the points lie on a parabola that has moved. Give it the two parameters that it lacks, and use them in `forward`. How small does the loss become, and which of your optimizers gets there first?


# %%
class Parabola(Module):
    """A curve with numbers to learn."""

    def __init__(self):
        self.a = Parameter([0.0])

    def forward(self, x):
        return self.a * x**2


curve, xs = Parabola(), Tensor(np.linspace(-1, 1, 21))
optimizer = Adam(curve.parameters(), lr=0.1)
for _ in range(200):
    optimizer.zero_grad()
    loss = ((curve(xs) - (2 * xs**2 - xs + 0.5)) ** 2).mean()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.4f}", {name: round(p.item(), 2) for name, p in curve.named_parameters()})

# %% [markdown]
# ## Systems Analysis
#
# What does an optimizer cost? Measure it on one layer's weights: a million float32 numbers. **Memory** first: what each method remembers per weight.


# %%
def remembered_bytes(optimizer):
    """Count the bytes of all arrays that an optimizer keeps between steps."""
    return sum(value.nbytes for state in optimizer.state for value in state.values() if isinstance(value, np.ndarray))


weights = 1_000_000
methods = {
    "SGD": lambda params: SGD(params, lr=0.1),
    "momentum": lambda params: SGD(params, lr=0.1, momentum=0.9),
    "Adam": lambda params: Adam(params),
    "AdamW": lambda params: AdamW(params),
}
rng, measured = np.random.default_rng(0), {}
for name, make in methods.items():
    weight = Tensor(rng.normal(size=weights).astype("float32"), requires_grad=True)
    weight.grad = Tensor(rng.normal(size=weights).astype("float32"))
    optimizer = make([weight])
    optimizer.step()
    measured[name] = (remembered_bytes(optimizer) / weights, best_of(optimizer.step).median)
    print(f"{name:>9}: {measured[name][0]:.0f} bytes remembered per weight, {measured[name][1]:6.2f} ms per step")
viz.bars(
    list(methods),
    {
        "weight": [4.0] * 4,
        "gradient": [4.0] * 4,
        "what the optimizer remembers": [measured[name][0] for name in methods],
    },
    "Bytes per weight during training",
    ylabel="bytes",
)

# %% [markdown]
# **What's happening**
# 1. Weight and gradient take 4 bytes each: 8 bytes before any optimizer.
# 2. SGD remembers nothing; momentum one number per weight; Adam two. Training with Adam takes 16 bytes per weight, four times what using the model takes.
# 3. In figures: GPT-2's 124 million weights are 0.5 GB to use and 2 GB to train, activations (module 05) not counted.
# 4. Time: $O(\text{weights})$ for all four, and the schedule's own arithmetic is nothing beside it. A step reads and writes these arrays several times and computes next to nothing with each number. It is limited by the speed of memory, not of arithmetic; module 16 shortens its way through memory.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# All optimizers find Rosenbrock's minimum if they may walk long enough; one that was saved and restored goes on to give the same bits; and a schedule steers one with two groups.

# %%
walkers = {
    "momentum": (lambda params: SGD(params, lr=0.0005, momentum=0.98), 1500),
    "Adam": (lambda params: Adam(params, lr=0.1), 1500),
    "AdamW": (lambda params: AdamW(params, lr=0.1, weight_decay=0.0), 1500),
}
for name, (make, steps) in walkers.items():
    end = descend(rosenbrock, (-1.5, 2.0), make, steps)[-1]
    close(end, [1.0, 1.0], atol=0.02)
    print(f"{name} arrives at {end}")

first, second = Tensor([-1.5, 2.0], requires_grad=True), Tensor([0.0, 0.0], requires_grad=True)
original, restored = Adam([first]), Adam([second], lr=7.0)


def one_step(place, optimizer):
    optimizer.zero_grad()
    rosenbrock(place[0], place[1]).backward()
    optimizer.step()


for _ in range(5):
    one_step(first, original)
restored.load_state_dict(original.state_dict())
second.data = first.data.copy()
for _ in range(5):
    one_step(first, original)
    one_step(second, restored)
same(second.data, first.data)

groups = SGD([{"params": [first]}, {"params": [second], "lr": 0.5}], lr=0.1)
scheduler = StepLR(groups, step_size=2, gamma=0.1)
for _ in range(2):
    groups.step()
    scheduler.step()
close(scheduler.get_last_lr(), [0.01, 0.05])
raises(ValueError, lambda: SGD([first], lr=-1.0), says="uphill")
raises(TypeError, lambda: SGD([np.ones(1)], lr=1.0), says="requires_grad")
raises(ValueError, lambda: SGD([]), says="model.parameters()")
true(groups.param_groups[0]["params"][0] is first, "an optimizer keeps the parameters themselves, not copies")
print("optimizers and schedules work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what fits into memory
#
# Cite the bytes per weight that you measured for SGD, momentum and Adam. A machine has 24 GB for weights, gradients and the optimizer's memory, all float32. How many weights can it train with Adam, how many with momentum? Name one thing that you give up with the
# cheaper method, pointing at one of your figures.
#
# Rubric (5 points): 0, no measured number, or gradients forgotten; half, all three measured, and both counts right; full, also something that one gives up, pointed out in a figure.

# %% [markdown] nbgrader={"grade_id": "checkpoint_memory", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 0 bytes for SGD, 4 for momentum and 8 for Adam, on top of 8 for weight and gradient. With 24 GB: Adam 24e9 / 16 = 1.5 billion weights, momentum 24e9 / 12 = 2 billion. With momentum all
# weights share one rate, which has to be small because of the steepest direction: in the figure of Rosenbrock's valley it could use 0.001 while Adam used 0.1, and if the loss is scaled, the rate has to be chosen again.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# These lines update one parameter with PyTorch's in-place operations (a name that ends in `_` overwrites its tensor; `a.lerp_(g, w)` is $a + w\,(g - a)$; `p.addcdiv_(x, y, value=c)` is $p + c\,x / y$). Which of your functions is it? Which line is the
# weight decay, which one the bias correction? Why does it need no array for $\hat m$ and $\hat v$?
#
# ```python
# def mystery(p, g, state, lr, beta1, beta2, eps, decay):
#     state["step"] += 1
#     p.mul_(1 - lr * decay)
#     state["a"].lerp_(g, 1 - beta1)
#     state["b"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
#     c = 1 - beta1 ** state["step"]
#     d = math.sqrt(1 - beta2 ** state["step"])
#     scale = state["b"].sqrt().div_(d).add_(eps)
#     p.addcdiv_(state["a"], scale, value=-lr / c)
# ```
#
# Rubric (5 points): 0, not recognised; half, the right function, told from its neighbour, with the right lines; full, also why the corrections need no arrays.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It is adamw_step: p.mul_ shrinks the weight before the step, so the decay is decoupled. a is m, b is v; c and d are the bias corrections. 1 - beta1**t is one number for the whole array, so it can divide the learning rate
# instead of m, and sqrt(v / (1 - beta2**t)) = sqrt(v) / d. Only one new array (scale) is made.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - One step against the gradient, scaled by the learning rate; too large diverges, and the steepest direction decides what is too large.
# - Momentum: pushes that agree add up, those that alternate cancel. It multiplies the effective rate by $1 / (1 - \mu)$.
# - Adam: each weight moves by about the learning rate per step, whatever the size of its gradients; the averages have to be corrected for their start at 0.
# - AdamW: weight decay beside the fraction, the same for every weight.
# - Schedules: warm up, then slow down, so that noise averages out.
# - Adam's memory doubles what weights and gradients take.
#
# **Next**: until now a gradient came from a formula. In module 07 the data loader brings real images, batch by batch, and your SGD learns to read digits.
