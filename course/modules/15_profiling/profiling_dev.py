# %% [markdown]
# # Profiling
#
# {{module}}
#
# Your framework is complete, and it's slow somewhere. In this module you build the instruments that say where: a stopwatch that isn't fooled, a counter of operations, a profile of everything that a model calls, a gauge for memory, and a
# formula that says what an improvement would bring *before* you make it. They fit every model that you have written or will write, since all of them go through the recorder of module 05.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | layers, gradients, training | times, counted operations, profiles, peak memory, a prediction | everything that is made faster or smaller from here on (modules 16 to 20) |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | everything happens when it is called, on the processor | a GPU works on while Python goes ahead: you must wait for it (`torch.cuda.synchronize`) before reading the clock | one clock is enough |
# | an `exp` counts as one operation, like a sum | the same in most counters; some count products only | what a chip needs for it differs from chip to chip |
# | the profile shows the way forwards; a timeline shows both ways | `torch.profiler` sees every kernel, forwards and backwards | our recorder is told about operations, not about gradient rules |
# | memory is what Python and numpy hold | the same, and the GPU's own memory | `tracemalloc` knows about each array |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.profiling
#| export
import functools
import math
import time
import tracemalloc
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from tinytorch.core.autograd import RULES, tensors_in
from tinytorch.core.tensor import IMPLEMENTATIONS, RECORDER, set_recorder

# %%
import os
import subprocess
import sys

from tinytorch import manual_seed, viz
from tinytorch.core.activations import gelu, softmax
from tinytorch.core.autograd import no_grad
from tinytorch.core.layers import GELU, Linear, Module, Parameter, Sequential
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import Call, Tensor, exp
from tinytorch.core.training import train_step
from tinytorch.testing import close, fixtures, raises, same, true, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.profiling`. Users write
#
# ```python
# from tinytorch.profiling import amdahl, flops_of_call, peak_bytes, profile_calls, time_call
# ```

# %% [markdown]
# ## Part 1: How long does it take?
#
# Here is a network of three layers, and a function that trains it by one step. Before you read on, **write down a guess**: what share of a step is spent in matrix products, what share in `gelu` (its formula has an `erf` in it), and what else takes time? How much faster would the step be if `gelu` cost nothing? You'll come back to your guess three times.


# %%
def make_step(seed=0, images=64):
    """Build a model; return a function without arguments that trains it by one step."""
    manual_seed(seed)
    model = Sequential(Linear(784, 256), GELU(), Linear(256, 256), GELU(), Linear(256, 10))
    optimizer, rng = Adam(model.parameters()), np.random.default_rng(seed)
    x = Tensor(rng.normal(size=(images, 784)).astype("float32"))
    y = Tensor(rng.integers(0, 10, size=images))
    return lambda: train_step(model, cross_entropy, optimizer, x, y)


def one_time(run):
    """Run once; return the milliseconds."""
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


step = make_step()
times = [one_time(step) for _ in range(60)]
print(f"first {times[0]:.1f} ms; of the others the shortest {min(times[1:]):.1f}, the longest {max(times[1:]):.1f} ms")
viz.lines(
    None,
    {"one step": times, "mean": [np.mean(times)] * 60, "median": [np.median(times)] * 60},
    "The same step, sixty times",
    xlabel="run",
    ylabel="ms",
    ylim=(0, 1.1 * max(times)),
)

# %% [markdown]
# **What's happening**
# 1. Every run computes the same thing, and no two take the same time.
# 2. The first one does more than the others: Adam makes its arrays, numpy gets memory from the system, the caches of the processor are empty. That's a **cold start**.
# 3. The peaks come from outside: other programs had the processor in between. Disturbances only ever make a run longer, never shorter.
# 4. So the mean lies above the median: each peak pulls it up. The median doesn't care how high a peak is.

# %% [markdown]
# A stopwatch that isn't fooled does three things. It **warms up**. The first run isn't counted. It **repeats**. And it reports the **median** together with the **quartiles**: a quarter of the times lie below the lower one, a quarter above the upper one. Half of all runs lie between them, so they say how far a
# time can be trusted: two medians that differ by less than that are not different.
#
# By hand: after the warm-up, five runs took 4, 2, 50, 3 and 5 ms. Sorted: 2, 3, 4, 5, 50. The median is 4, the quartiles are 3 and 5. One disturbed run moves the mean as far as it likes: here it's 12.8, a time that no run took.
#
# Which clock? `time.perf_counter` counts the seconds that pass, finely, and never jumps. The clock is an argument, so that a test can hand you one that it moves itself: always ask the clock that you were given.


# %%
#| export
class Seconds(NamedTuple):
    """What repeated runs took: the median, and the quartiles, between which half the runs lie."""

    median: float
    low: float
    high: float


# %% nbgrader={"grade_id": "time_call", "solution": true}
#| export
def time_call(run, repeats=7, warm_up=1, clock=time.perf_counter):
    """Measure how long run() takes.

    Args:
        run: a function without arguments.
        repeats: how many runs are measured, at least 1.
        warm_up: how many runs come before and are not measured.
        clock: a function without arguments that gives the time in seconds.

    Returns:
        Seconds(median, low, high); low and high are the quartiles.

    TODO: warm up, measure each run by itself, return median and quartiles.

    APPROACH:
    1. Refuse fewer than one repeat with a ValueError that says how many there were.
    2. Call run() warm_up times.
    3. Then repeats times: read the clock, call run(), read the clock again, and keep the difference.
    4. np.quantile gives quartiles and median at once.

    EXAMPLE:
    >>> time_call(lambda: sum(range(1000)))                # doctest: +SKIP
    Seconds(median=1.05e-05, low=1.03e-05, high=1.09e-05)

    HINT: `np.quantile(times, [0.25, 0.5, 0.75])` interpolates as we want it. float(...) makes plain numbers of what it gives.
    """
    ### BEGIN SOLUTION
    if repeats < 1:
        raise ValueError(f"a median needs at least one time, got repeats={repeats}")
    for _ in range(warm_up):
        run()
    times = []
    for _ in range(repeats):
        start = clock()
        run()
        times.append(clock() - start)
    low, median, high = np.quantile(times, [0.25, 0.5, 0.75])
    return Seconds(float(median), float(low), float(high))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: time_call

# %% nbgrader={"grade_id": "test_time_call", "grade": true}
test = unit_test("time_call")


@test.check("the example by hand: a cold start, then five times", points=3)
def _():
    run = fixtures.clocked_run(99.0, 4.0, 2.0, 50.0, 3.0, 5.0)
    median, low, high = time_call(run, repeats=5, clock=run.clock)
    close([median, low, high], [4.0, 3.0, 5.0])


@test.check("one run before, seven that count, unless told otherwise", points=3)
def _():
    run = fixtures.clocked_run(8.0, 0.5)
    median, low, high = time_call(run, clock=run.clock)
    same(run.calls, 8)
    close([median, low, high], [0.5, 0.5, 0.5])


### BEGIN HIDDEN TESTS
@test.check("any times, any number of runs, quartiles between two times", points=6, hidden=True)
def _():
    for repeats, warm_up in ((1, 0), (2, 1), (6, 3), (9, 2)):
        takes = test.rng.integers(1, 1000, size=repeats + warm_up) / 64
        run = fixtures.clocked_run(*takes.tolist())
        median, low, high = time_call(run, repeats=repeats, warm_up=warm_up, clock=run.clock)
        same(run.calls, repeats + warm_up)
        close([low, median, high], np.quantile(takes[warm_up:], [0.25, 0.5, 0.75]))


@test.check("no warm-up means none", points=2, hidden=True)
def _():
    run = fixtures.clocked_run(3.0, 1.0)
    close(time_call(run, repeats=1, warm_up=0, clock=run.clock)[0], 3.0)
    run = fixtures.clocked_run(3.0, 1.0, 1.0)
    close(time_call(run, repeats=3, warm_up=0, clock=run.clock)[2], 2.0)


@test.check("nothing to measure is refused, and the message has the number", points=3, hidden=True)
def _():
    for repeats in (0, -3):
        run = fixtures.clocked_run(1.0)
        raises(ValueError, time_call, run, repeats, says=str(repeats))
    close(time_call(run, 1, clock=run.clock)[0], 1.0)


@test.check("a real clock is read where none is given", points=3, hidden=True)
def _():
    run = fixtures.clocked_run(1.0)
    median, low, high = time_call(run, 3, 2)
    same(run.calls, 5)
    true(0.0 <= low <= median <= high < 1.0, "seconds of a run that does next to nothing")
    true(high > 0.0, "the clock went on")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Now the step, and two ways to be fooled: without warm-up, and by the mean. Each line measures a new model.


# %%
def in_ms(timing):
    """Write what time_call gives, in milliseconds."""
    return f"median {1000 * timing.median:.2f} ms, half of the runs between {1000 * timing.low:.2f} and {1000 * timing.high:.2f} ms"


print("a stopwatch that isn't fooled:", in_ms(time_call(make_step())))
print("cold, one run only:           ", in_ms(time_call(make_step(), repeats=1, warm_up=0)))
print(f"the mean of the sixty above:    {np.mean(times):.2f} ms; their median {np.median(times):.2f} ms")

# %% [markdown]
# **Predict, then run**: does it pay to take the *shortest* of all times instead of the median? What does it say, and when would it mislead you?
#
# <details><summary>Answer</summary>
#
# The shortest time is the one that was disturbed least, so it's a good estimate of what the code needs on a quiet machine, and module 05 used it. But it's a record, not a habit: the more often you run, the shorter it gets, and it hides what happens regularly, such as a garbage collection in every tenth
# run. For the peak of a machine take the best, for what a user has to wait for the median and the spread. Module 19 goes on from here.
# </details>

# %% [markdown]
# ## Part 2: How much is there to do?
#
# Times depend on the machine and on the day. The *number of operations* doesn't: it follows from the shapes. They are called **flops**, for floating-point operations (and flops per second for a speed). By convention a multiplication and an addition are two.
#
# **A matrix product** $(m, k) \cdot (k, n)$: each of the $m \cdot n$ results is a sum of $k$ products, so it takes $k$ multiplications and $k$ additions (the first one adds to zero): $2 k$ for each number of the result. By hand, $(2, 3) \cdot (3, 4)$: the result has 8 numbers, each takes 6, so together 48.
# A batch of five such products has 40 numbers in its result: count the result's size, and batches are in it.
#
# **A convolution** is the same, with a different $k$: each number of the result is a sum over channels and kernel, $2 \cdot c \cdot k_h \cdot k_w$. The kernels have the shape $(\text{out}, c, k_h, k_w)$, so $k$ is the product of all but their first size.
#
# **Everything else** does about one operation for each number that it touches. Adding $(64, 256)$ and $(256)$ gives 16,384 numbers: 16,384 flops. A sum over $(64, 256)$ gives *one* number, and reads 16,384: it's 16,384 flops as well. A sum reads more numbers than it writes, so take the largest array of all, inputs and result.
#
# **Moving numbers isn't computing**: a reshape, a slice, a copy or a look-up in a table has 0 flops. They take time all the same: remember that for later.
#
# Where do the shapes come from? From the recorder. Each operation of your framework becomes a `Call` (module 01), and a result that wants a gradient keeps it as its `grad_fn` (module 05). A call knows its operation's name, its arrays and its result, and that is all you need: no layer has to be asked what it is.

# %%
weight = Tensor(np.ones((784, 256), dtype="float32"), requires_grad=True)
call = (Tensor(np.ones((64, 784), dtype="float32")) @ weight).grad_fn
print(call.operation, [array.shape for array in call.arrays], "->", call.result.shape)

# %% [markdown]
# Some operations return their result together with something kept for the gradient, and some take a list of arrays (`cat`) or a plain number (`x * 2`). These given functions take care of it.


# %%
#| export
# Here nothing is computed.
MOVES = frozenset({"reshape", "permute", "broadcast_to", "clone", "getitem", "with_part", "gather", "cat", "embedding"})


def result_of(call):
    """Return the array that a call gave, without what was kept for its gradient."""
    return call.result[0] if isinstance(call.result, tuple) else call.result


def arrays_of(call):
    """List all arrays that a call read or wrote: its inputs, those in lists too, and its result."""
    arrays = [result_of(call)]
    for given in call.arrays:
        arrays += given if isinstance(given, (list, tuple)) else [given]
    return [array for array in arrays if isinstance(array, (np.ndarray, np.generic))]


def bytes_of_call(call):
    """Count the bytes that a call reads and writes, each array once."""
    return sum(array.nbytes for array in arrays_of(call))


# %% nbgrader={"grade_id": "flops_of_call", "solution": true}
#| export
def flops_of_call(call):
    """Count the floating-point operations of a recorded call, from its shapes alone.

    Args:
        call: a Call: call.operation is the name, call.arrays lists the inputs in order; result_of(call) is the result,
            arrays_of(call) all arrays, inputs and result.

    Returns:
        An int.

    TODO: four cases: matmul, conv2d, what only moves numbers, everything else.

    APPROACH:
    1. "matmul": 2 times the inner size, which is the last one of the first input, for each number of the result.
    2. "conv2d": 2 times channels, kernel height and kernel width (all sizes of the second input but the first), for each
       number of the result.
    3. What is in MOVES: 0.
    4. Anything else: the size of the largest array that it reads or writes.

    EXAMPLE:
    >>> flops_of_call((Tensor(np.ones((2, 3)), requires_grad=True) @ Tensor(np.ones((3, 4)))).grad_fn)
    48

    HINT: `math.prod(shape[1:])` multiplies all sizes but the first; `array.size` is the number of elements, a plain int.
    """
    ### BEGIN SOLUTION
    size = result_of(call).size
    if call.operation == "matmul":
        return 2 * call.arrays[0].shape[-1] * size
    if call.operation == "conv2d":
        return 2 * math.prod(call.arrays[1].shape[1:]) * size
    if call.operation in MOVES:
        return 0
    return max(array.size for array in arrays_of(call))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: flops_of_call

# %% nbgrader={"grade_id": "test_flops_of_call", "grade": true}
test = unit_test("flops_of_call")


def wanting(*shape):
    return Tensor(np.ones(shape, dtype="float32"), requires_grad=True)


@test.check("a matrix product, by hand", points=2)
def _():
    same(flops_of_call((wanting(2, 3) @ wanting(3, 4)).grad_fn), 48)


@test.check("five products at once", points=2)
def _():
    same(flops_of_call((wanting(5, 2, 3) @ wanting(3, 4)).grad_fn), 240)


@test.check("a sum reads more than it writes; adding a row to a table", points=2)
def _():
    same(flops_of_call(wanting(64, 256).sum().grad_fn), 16384)
    same(flops_of_call((wanting(64, 256) + wanting(256)).grad_fn), 16384)


@test.check("moving numbers is no computing", points=2)
def _():
    same(flops_of_call(wanting(6, 4).reshape(3, 8).grad_fn), 0)


@test.check("a convolution: 6 kernels of 3 x 5 x 2 cells, at 4 x 3 places", points=2)
def _():
    x, kernels, result = np.ones((1, 3, 8, 4)), np.ones((6, 3, 5, 2)), np.ones((1, 6, 4, 3))
    call = Call("conv2d", "default", (x, kernels), [x, kernels], {"stride": 1, "padding": 0}, result)
    same(flops_of_call(call), 2 * (3 * 5 * 2) * (6 * 4 * 3))


### BEGIN HIDDEN TESTS
@test.check("products of odd shapes, in batches, with vectors", points=5, hidden=True)
def _():
    m, k, n, batch = (int(number) for number in test.rng.integers(2, 9, size=4))
    same(flops_of_call((wanting(m, k) @ wanting(k, n)).grad_fn), 2 * m * k * n)
    same(flops_of_call((wanting(batch, 3, m, k) @ wanting(batch, 1, k, n)).grad_fn), 2 * batch * 3 * m * k * n)
    same(flops_of_call((wanting(m, k) @ wanting(k)).grad_fn), 2 * m * k)
    same(flops_of_call((wanting(k) @ wanting(k)).grad_fn), 2 * k)


@test.check(
    "convolutions: channels, both sides of the kernel, with something kept for the gradient", points=4, hidden=True
)
def _():
    out, channels, height, width = (int(number) for number in test.rng.integers(2, 6, size=4))
    x, kernels = np.ones((3, channels, 9, 8)), np.ones((out, channels, height, width))
    result = np.ones((3, out, 10 - height, 9 - width))
    expected = 2 * channels * height * width * 3 * out * (10 - height) * (9 - width)
    for given in (result, (result, x)):
        call = Call("conv2d", "default", (x, kernels), [x, kernels], {"stride": 1, "padding": 0}, given)
        same(flops_of_call(call), expected)


@test.check("reductions along a dimension, functions of each number, plain numbers", points=3, hidden=True)
def _():
    rows, columns = (int(number) for number in test.rng.integers(3, 40, size=2))
    same(flops_of_call(wanting(rows, columns).sum(dim=1).grad_fn), rows * columns)
    same(flops_of_call(softmax(wanting(rows, columns)).grad_fn), rows * columns)
    same(flops_of_call((3.0 * exp(wanting(columns))).grad_fn), columns)
    same(flops_of_call((wanting(rows, 1) * wanting(1, columns)).grad_fn), rows * columns)


@test.check(
    "slices, copies and joined lists are moves; what nobody knows yet counts its largest array", points=3, hidden=True
)
def _():
    size = int(test.rng.integers(3, 9))
    for name in ("permute", "broadcast_to", "clone", "getitem", "embedding"):
        x = np.ones((size, 4))
        same(flops_of_call(Call(name, "default", (x,), [x], {}, x)), 0)
    parts = [np.ones((2, size)), np.ones((3, size))]
    same(flops_of_call(Call("cat", "default", (parts,), [parts], {"dim": 0}, np.ones((5, size)))), 0)
    x, one = np.ones((size, 7)), np.ones(())
    same(flops_of_call(Call("fused_loss", "default", (x, one), [x, one], {}, (one, x))), 7 * size)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# **Predict, then run**: a `Linear(784, 256)` is given 64 images. How many flops does its matrix product take, and how many does adding the bias? If the same layer is called twice in a model, what happens to the number of its weights, and to its flops?

# %%
layer, images = Linear(784, 256), Tensor(np.ones((64, 784), dtype="float32"))
added = layer(images).grad_fn
product = added.inputs[0].grad_fn
print(f"{product.operation}: {flops_of_call(product):,} flops; {added.operation}: {flops_of_call(added):,}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $2 \cdot 784 \cdot 64 \cdot 256 = 25.7$ million against 16,384: the bias is less than a thousandth. A layer that is used twice has its weights once and its flops twice: flops belong to *calls*. A counter that goes through the layers of a model (many do) gets this wrong; one that listens to the recorder can't.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: papers compare models by flops, and some by multiplications alone (MACs), which are half as many. If you mix the two up, you are wrong by a factor of two, and it happens. PyTorch comes with `torch.utils.flop_counter`, which counts matrix products and convolutions as you do, and nothing else; for transformers the rule of
# > thumb is 2 flops for each weight and token forwards, and 6 for a training step (Kaplan et al. 2020).

# %% [markdown]
# ## Part 3: Where does the time go?
#
# Now both together: for each operation how often it was called, how much it had to do, and how long it took. The recorder is told about every call *after* it is done, so it can count. It can't know how long the call took, since nobody told it when the call began. So each implementation gets a stopwatch: `IMPLEMENTATIONS` is
# a table of functions (module 01), and a function in a table can be replaced by one that reads the clock, calls it, and reads the clock again. This is given; read it.


# %%
#| export
@contextmanager
def clocked(clock):
    """Time each operation: inside `with clocked(clock) as stopwatch:`, stopwatch.seconds is what the last one took.

    What an operation calls while it works is a part of it, and is neither recorded nor timed by itself.
    """
    stopwatch = SimpleNamespace(seconds=0.0)

    def note(operation, phase, start, seconds):
        stopwatch.seconds = seconds

    with noted(clock, note):
        yield stopwatch


@contextmanager
def noted(clock, note):
    """Call note(operation, phase, start, seconds) as soon as an operation is done.

    The phase is "backward" for a gradient rule, "update" for what has no such rule (a step of Adam), else "forward".
    """
    working = []  # the operation that is at work

    def wrap(operation, phase, function):
        @functools.wraps(function)
        def with_clock(*inputs, **options):
            if working or any(True for _ in tensors_in(inputs)):  # a part of one; made of several (@composed)
                return function(*inputs, **options)
            record, RECORDER.record = RECORDER.record, None
            working.append(operation)
            start = clock()
            try:
                return function(*inputs, **options)
            finally:
                seconds = clock() - start
                working.pop()
                RECORDER.record = record
                note(operation, phase, start, seconds)

        return with_clock

    with ExitStack() as stack:
        for operation, table in IMPLEMENTATIONS.items():
            phase = "forward" if operation in RULES else "update"
            wrap_it = functools.partial(wrap, operation, phase)
            stack.enter_context(replaced(table, lambda _, function, wrap_it=wrap_it: wrap_it(function)))
        stack.enter_context(replaced(RULES, lambda operation, function: wrap(operation, "backward", function)))
        yield


@contextmanager
def replaced(table, wrap):
    """Replace each function of a table by wrap(key, function), and put them back at the end, whatever happens."""
    before = dict(table)
    table.update({key: wrap(key, function) for key, function in before.items()})
    try:
        yield
    finally:
        table.update(before)


# %% [markdown]
# Your part is the other half: to listen. `set_recorder(record, backward)` takes the two seats of module 01; `record(call, out)` is told about every call. There are three traps:
#
# - **The seat is taken.** The tape of module 05 sits there, and `backward()` needs it. Your recorder must hand every call on to the one that sat there before: the tape must go on recording.
# - **Give the seat back**, also if `run()` ends with an error: otherwise everything that runs later is counted, too. `try: ... finally: ...` does that, as in `no_grad`.
# - The seconds are those of the operation, `stopwatch.seconds`. What happens between two operations belongs to nobody here.
#
# By hand: a run calls `knead` for 2 s, `bake` for 5 s and `knead` for 1 s, each on an array of 6 numbers. The profile has two rows, the one with most seconds first:
#
# | operation | calls | flops | seconds |
# | --- | --- | --- | --- |
# | bake | 1 | 6 | 5 |
# | knead | 2 | 12 | 3 |


# %%
#| export
class Row(NamedTuple):
    """One operation in a profile: how often it was called, how much it computed, how long it took in all."""

    operation: str
    calls: int
    flops: int
    seconds: float


# %% nbgrader={"grade_id": "profile_calls", "solution": true}
#| export
def profile_calls(run, clock=time.perf_counter):
    """Run once, and say for each operation how often it was called, what it had to do, and how long it took.

    Args:
        run: a function without arguments.
        clock: a function without arguments that gives the time in seconds.

    Returns:
        A list of Row(operation, calls, flops, seconds), most seconds first; equal ones by name.

    TODO: listen to the recorder while run() works, and add up.

    APPROACH:
    1. Write a function watch(call, out). It hands both on to the recorder that was there before (RECORDER.record), if there
       is one, and adds 1, flops_of_call(call) and stopwatch.seconds to what it knows of call.operation.
    2. Inside `with clocked(clock) as stopwatch:` let watch be the recorder, and call run(). The seat for backward stays
       with RECORDER.backward.
    3. Put the recorder back that was there before, also after an error.
    4. Make a Row of each operation, and sort them.

    EXAMPLE:
    >>> [(row.operation, row.calls, row.flops) for row in profile_calls(lambda: Linear(3, 4)(Tensor(np.ones((2, 3)))))]
    [('matmul', 1, 48), ('add', 1, 8), ('permute', 1, 0)]         # the order depends on the times

    HINT: `sorted(rows, key=lambda row: (-row.seconds, row.operation))`; a dictionary with operation as key collects.
    """
    ### BEGIN SOLUTION
    found, before = {}, RECORDER.record

    def watch(call, out):
        if before is not None:
            before(call, out)
        calls, flops, seconds = found.get(call.operation, (0, 0, 0.0))
        found[call.operation] = calls + 1, flops + flops_of_call(call), seconds + stopwatch.seconds

    with clocked(clock) as stopwatch:
        set_recorder(watch, RECORDER.backward)
        try:
            run()
        finally:
            set_recorder(before, RECORDER.backward)
    rows = [Row(operation, *numbers) for operation, numbers in found.items()]
    return sorted(rows, key=lambda row: (-row.seconds, row.operation))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: profile_calls

# %% nbgrader={"grade_id": "test_profile_calls", "grade": true}
test = unit_test("profile_calls")


def as_lists(rows):
    return [[operation, calls, flops, round(float(seconds), 6)] for operation, calls, flops, seconds in rows]


@test.check("the example by hand; the time between operations is nobody's", points=3)
def _():
    step = fixtures.clocked_step(Tensor, [("knead", 2.0), ("bake", 5.0), ("knead", 1.0)], between=8.0)
    same(as_lists(profile_calls(step, step.clock)), [["bake", 1, 6, 5.0], ["knead", 2, 12, 3.0]])


@test.check("the tape goes on recording", points=2)
def _():
    step = fixtures.clocked_step(Tensor, [("knead", 1.0)])
    profile_calls(step, step.clock)
    true(step.out.requires_grad, "a result that was computed while you watched still wants its gradient")


@test.check("after an error the recorder is the one that was there before", points=2)
def _():
    before = RECORDER.record
    raises(RuntimeError, profile_calls, fixtures.clocked_step(Tensor, [("knead", 1.0)], fails=True))
    true(RECORDER.record is before, "the recorder is back in its seat")


### BEGIN HIDDEN TESTS
@test.check("any number of calls; equal seconds stand in the order of the names", points=4, hidden=True)
def _():
    times = test.rng.integers(1, 60, size=9) / 64
    names = [["mix", "rest", "fold"][int(i)] for i in test.rng.integers(0, 3, size=9)]
    step = fixtures.clocked_step(Tensor, list(zip(names, times.tolist(), strict=True)), between=0.25)
    total = {name: float(sum(t for n, t in zip(names, times, strict=True) if n == name)) for name in set(names)}
    expected = [[n, names.count(n), 6 * names.count(n), round(t, 6)] for n, t in total.items()]
    same(as_lists(profile_calls(step, step.clock)), sorted(expected, key=lambda row: (-row[3], row[0])))
    equal = fixtures.clocked_step(Tensor, [("rest", 1.0), ("fold", 1.0), ("mix", 0.5), ("mix", 0.5)])
    same([row[0] for row in profile_calls(equal, equal.clock)], ["fold", "mix", "rest"])


@test.check("what an operation calls while it works is not counted twice", points=3, hidden=True)
def _():
    step = fixtures.clocked_step(Tensor, [("bake", 5.0), ("rest", 2.0)], inside={"bake": "heat"})
    same(as_lists(profile_calls(step, step.clock)), [["bake", 1, 6, 6.0], ["rest", 1, 6, 2.0]])


@test.check("recorder and implementations are as before, after a run and after an error", points=2, hidden=True)
def _():
    record, backward, adding = RECORDER.record, RECORDER.backward, IMPLEMENTATIONS["add"]["default"]
    for fails in (False, True):
        step = fixtures.clocked_step(Tensor, [("knead", 1.0)], fails=fails)
        if fails:
            raises(RuntimeError, profile_calls, step, step.clock, says="last operation")
        else:
            same(as_lists(profile_calls(step, step.clock)), [["knead", 1, 6, 1.0]])
        true(RECORDER.record is record, "the recorder is back")
        true(RECORDER.backward is backward, "so is what answers backward()")
        true(IMPLEMENTATIONS["add"]["default"] is adding, "and the implementations are")


@test.check("a model's calls and flops; an empty run has no rows", points=2, hidden=True)
def _():
    batch = int(test.rng.integers(2, 9))
    run = fixtures.calling(Linear(3, 4), Tensor(np.ones((batch, 3), dtype="float32")))
    found = {operation: [calls, flops] for operation, calls, flops, _ in profile_calls(run)}
    same(found["matmul"], [1, 24 * batch])
    same(found["add"], [1, 4 * batch])
    same(profile_calls(fixtures.clocked_run(1.0)), [])


@test.check("a watch inside a watch, and gradients through both", points=2, hidden=True)
def _():
    step = fixtures.clocked_step(Tensor, [("knead", 1.0), ("bake", 3.0)])
    inner = fixtures.calling(profile_calls, step, step.clock)
    outer = profile_calls(inner, step.clock)
    same(as_lists(inner.result), [["bake", 1, 6, 3.0], ["knead", 1, 6, 1.0]])
    same([row[0] for row in outer], ["bake", "knead"])
    true(step.out.requires_grad, "the tape was told as well")
    weight = Tensor([3.0, -2.0], requires_grad=True)
    profile_calls(fixtures.calling((weight * weight).sum().backward))
    close(weight.grad.data, [6.0, -4.0])


### END HIDDEN TESTS
test.report()


# %% [markdown]
# Your instruments, on the step from the beginning. The table has the way forwards; the two bars below compare what was *counted* with what was *timed*.
#
# A profile has only one run, so there's no median to take the peaks away. But there's another clock: `time.process_time` advances only while your own process works, and stands still while others have the processor. With one thread (your server is set up that way) it shows what a quiet machine would take. Since the clock is an argument, hand over
# that one.


# %%
def print_profile(rows):
    """Print a profile as a table."""
    print(f"{'operation':>14} {'calls':>6} {'flops':>12} {'ms':>8} {'million flops/s':>16}")
    for row in rows:
        speed = row.flops / row.seconds / 1e6 if row.seconds else 0.0
        print(f"{row.operation:>14} {row.calls:>6} {row.flops:>12,} {1000 * row.seconds:>8.3f} {speed:>16,.0f}")


step = make_step()
step()
rows = profile_calls(step, time.process_time)
print_profile(rows)
seconds, flops = sum(row.seconds for row in rows), sum(row.flops for row in rows)
shown = sorted(rows, key=lambda row: -row.flops)[:3]
parts = {row.operation: [100 * row.flops / flops, 100 * row.seconds / seconds] for row in shown}
parts["all others"] = [100 - sum(part[0] for part in parts.values()), 100 - sum(part[1] for part in parts.values())]
viz.bars(["counted flops", "measured seconds"], parts, "Shares of the way forwards", ylabel="percent")

# %% [markdown]
# **What's happening**
# 1. Counted, the step is matrix products and nothing else: the left bar has one colour.
# 2. Timed, it looks different: `gelu` does a thousandth of the operations and takes a large part of the time. One of its "operations" is an `erf`, in numpy many passes over the array.
# 3. The last column says how fast each operation works. Products are by far the fastest: a processor does several of their multiplications at once, and each number that was loaded is used many times.
# 4. Operations with 0 flops take time as well. Flops aren't seconds; you need both.
# 5. This was your first check of the guess.

# %% [markdown]
# And the rest of the step? The recorder isn't told about gradient rules, but they are in a table, too, and so does the step of Adam, which module 06 made replaceable: `noted`, above, has put a stopwatch on all of them. A **timeline** is one line for each of its notes, and the gaps between them are filled in. This is given.


# %%
#| export
class Span(NamedTuple):
    """A stretch of a run: an operation at work, its phase as in `noted`; or "between" two operations."""

    operation: str
    phase: str
    start: float
    seconds: float


def timeline(run, clock=time.perf_counter):
    """Run once; list its Spans in order, without gaps: start counts from the beginning, the seconds add up to the whole."""
    notes = []
    began = clock()
    with noted(clock, lambda *note: notes.append(note)):
        run()
    ended = clock()
    spans, now = [], began
    for operation, phase, start, seconds in [*notes, ("", "", ended, 0.0)]:
        if start > now:
            spans.append(Span("between", "between", now - began, start - now))
        if phase:
            spans.append(Span(operation, phase, start - began, seconds))
        now = start + seconds
    return spans


# %%
step = make_step()
step()
spans = timeline(step, time.process_time)
for phase in ("forward", "backward", "update", "between"):
    print(f"{phase:>9}: {1000 * sum(span.seconds for span in spans if span.phase == phase):6.2f} ms")
viz.Timeline(spans, "One training step")

# %% [markdown]
# **What's happening**
# 1. Time runs from left to right. Each operation has a row, with its share of the whole step beside its name; what takes most is on top. The upper half of a row (blue) is the way forwards, the lower half (orange) is the gradient rules, whole bars (green) are the optimizer.
# 2. The way back visits the operations in reverse order. Each product has two on the way back, except in the first layer, where nobody wants the gradient of the images.
# 3. Did you think of Adam? It reads and writes several arrays for each weight, whatever the batch is, and its row is one of the longest.
# 4. The grey row at the bottom is everything that is no operation: Python between the calls, adding up gradients, and the stopwatches themselves.
# 5. The slider (or the arrow keys) walks through the calls, and the line says what each one took.

# %% [markdown]
# **Predict, then run**: with four times as many images in a batch, does Adam's share of the step grow or shrink?

# %%
for count in (16, 64, 256):
    step = make_step(images=count)
    step()
    spans = timeline(step, time.process_time)
    adam, whole = (sum(s.seconds for s in spans if s.phase == "update" or all_of) for all_of in (False, True))
    print(f"{count:>4} images: Adam takes {adam / whole:.0%} of {1000 * whole:.1f} ms")

# %% [markdown]
# <details><summary>Answer</summary>
#
# It shrinks. Adam works on weights, and there are as many of them whatever the batch is; all the rest grows with the number of images. That's one reason why training likes large batches.
# </details>

# %% [markdown]
# ## Part 4: How much memory does it need?
#
# Out of memory is the one limit that you can't wait for: at twice the time a program is late; at twice the memory it's dead. What counts is the **peak**, the most that was held *at one time*. What's left at the end isn't the peak: temporary arrays are gone by then.
#
# Python's `tracemalloc` knows about every piece of memory that Python and numpy have taken since it was started:
#
# | call | what it does |
# | --- | --- |
# | `tracemalloc.start()`, `.stop()`, `.is_tracing()` | begin, end (and forget everything), ask |
# | `tracemalloc.get_traced_memory()` | two numbers of bytes: held now, and the peak |
# | `tracemalloc.reset_peak()` | let the peak begin again at what is held now |
#
# By hand: while somebody already traces and holds 10 MB, a run makes an array of 3 MB, then one of 2 MB, and drops the second one. The peak is 15 MB; the run's part is $15 - 10 = 5$ MB, and 3 MB are left at the end.
#
# - Subtract what was held before: others may be tracing, and it isn't the run's.
# - Stop tracing only if you began it: whoever traces around you still wants to know. And stop even after an error: tracing makes everything slower.


# %% nbgrader={"grade_id": "peak_bytes", "solution": true}
#| export
def peak_bytes(run):
    """Measure the most memory that run() holds at one time, beyond what was held before.

    Args:
        run: a function without arguments.

    Returns:
        Bytes, an int.

    TODO: trace, reset the peak, run, and compare the peak with what was held before.

    APPROACH:
    1. Start tracing, unless somebody traces already.
    2. Reset the peak, and keep how much is held now.
    3. Call run(); the peak minus what was held before is the answer.
    4. Stop tracing if you began it, also after an error.

    EXAMPLE:
    >>> peak_bytes(lambda: np.zeros(1_000_000, dtype="float32"))          # and some bytes of Python's
    4000136

    HINT: `now, peak = tracemalloc.get_traced_memory()`; and `try: ... finally: ...`, once more.
    """
    ### BEGIN SOLUTION
    begun = not tracemalloc.is_tracing()
    if begun:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if begun:
            tracemalloc.stop()
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: peak_bytes

# %% nbgrader={"grade_id": "test_peak_bytes", "grade": true}
test = unit_test("peak_bytes")
MB = 1_000_000


@test.check("3 MB are held, and 2 MB dropped: the peak is 5 MB", points=2)
def _():
    close(peak_bytes(fixtures.using_memory([3 * MB], [2 * MB])) / MB, 5.0, rtol=0.01)


@test.check("one inside the other: both are right, and what the outer one holds isn't the inner one's", points=2)
def _():
    inner = fixtures.calling(peak_bytes, fixtures.using_memory([], [2 * MB]))
    close(peak_bytes(fixtures.in_turn(fixtures.using_memory([3 * MB], []), inner)) / MB, 5.0, rtol=0.01)
    close(inner.result / MB, 2.0, rtol=0.01)


### BEGIN HIDDEN TESTS
@test.check("several arrays, held and dropped", points=2, hidden=True)
def _():
    held = [int(size) for size in test.rng.integers(1, 9, size=3) * MB // 4]
    dropped = [int(size) for size in test.rng.integers(1, 9, size=2) * MB // 4]
    run = fixtures.using_memory(held, dropped)
    close(peak_bytes(run) / MB, (sum(held) + sum(dropped)) / MB, rtol=0.02)
    same(type(peak_bytes(run)).__name__, "int")


@test.check("an early peak of the outer run is not the inner one's", points=2, hidden=True)
def _():
    inner = fixtures.calling(peak_bytes, fixtures.using_memory([], [MB]))
    peak_bytes(fixtures.in_turn(fixtures.using_memory([], [6 * MB]), inner))
    close(inner.result / MB, 1.0, rtol=0.02)


@test.check("nothing is traced any more, after a run and after an error", points=2, hidden=True)
def _():
    close(peak_bytes(fixtures.using_memory([], [MB])) / MB, 1.0, rtol=0.02)
    same(tracemalloc.is_tracing(), False)
    raises(RuntimeError, peak_bytes, fixtures.clocked_step(Tensor, [], fails=True))
    same(tracemalloc.is_tracing(), False)


### END HIDDEN TESTS
test.report()


# %% [markdown]
# The same network, evaluated and trained, for growing batches:


# %%
def network():
    manual_seed(0)
    return Sequential(Linear(784, 256), GELU(), Linear(256, 256), GELU(), Linear(256, 10))


def evaluation(model, images):
    """Return a function that evaluates the model without a tape."""
    x = Tensor(np.ones((images, 784), dtype="float32"))

    def run():
        with no_grad():
            return model(x)

    return run


counts, model = [16, 64, 256, 1024], network()
trained = [make_step(images=count) for count in counts]
for step in trained:
    step()
peaks = {
    "training": [peak_bytes(step) / 1e6 for step in trained],
    "evaluation": [peak_bytes(evaluation(model, count)) / 1e6 for count in counts],
}
for place, count in enumerate(counts):
    print(
        f"{count:>5} images: training {peaks['training'][place]:6.2f} MB, evaluation {peaks['evaluation'][place]:5.2f} MB"
    )
viz.lines(counts, peaks, "Peak memory of one step", xlabel="images in a batch", ylabel="MB", markers=True)

# %% [markdown]
# **What's happening**
# 1. Both lines rise steadily: each further image adds its numbers in every layer.
# 2. Training rises faster: the tape keeps every result until its gradient has been computed, while evaluation drops each one as soon as the next layer has read it.
# 3. Training doesn't begin near 0. What it needs even for a few images doesn't depend on the batch: the gradients of all weights, and the temporary arrays of Adam.
# 4. Weights and Adam's moments aren't in these numbers: they were there before.

# %% [markdown]
# **Predict, then run**: `chain` doubles an array six times in a row. How many arrays of its size are there at the peak, if nobody wants a gradient? And how many with a tape?


# %%
def chain(x):
    for _ in range(6):
        x = x * 2.0
    return x


for wanted in (False, True):
    x = Tensor(np.ones((1000, 1000), dtype="float32"), requires_grad=wanted)
    print(
        f"a tape: {wanted!s:>5}, at the peak {peak_bytes(lambda x=x: chain(x)) / x.data.nbytes:.1f} arrays of the size of x"
    )

# %% [markdown]
# <details><summary>Answer</summary>
#
# Two without a tape: while one product is made, its factor must be there; the factor before that one is gone. Six with a tape: each result is kept until `backward`. (Two is not the least: an operation that writes its result over its input needs one. Module 16 does that where nobody needs the input any more.)
# </details>

# %% [markdown]
# ## Part 5: What would it bring?
#
# You now know how long each part takes. Say `gelu` takes a quarter of the step, and you find a way to make it five times as fast. How much faster does the *step* become? Not five times, and not one and a quarter times either.
#
# By hand: a step of 8 ms, of which `gelu` takes 2 ms, so the fraction is 0.25. Five times as fast, it takes 0.4 ms. The rest still takes its time: 6 ms. Together 6.4 ms instead of 8, so the whole gets $8 / 6.4 = 1.25$ times as fast.
#
# Infinitely fast, it would take 0 ms: $8 / 6 = 1.33$. More is not to be had from this part, however clever you are. Gene Amdahl said so in 1967, about computers with many processors: the part that can't be shared decides. That's why you measure *before* you start to improve anything: the part that takes longest is the only
# one where much can be won, and yours was a guess before you measured. Knuth looked at what FORTRAN programs spend their time on (1971): less than 4 % of a program usually took more than half of it.
#
# **Now alone.** This exercise has no steps: take the example by hand, and let the whole be 1.
#
# - A fraction lies between 0 and 1, and nothing gets 0 times as fast. A fraction of 25 is a percentage by mistake: refuse it, and say what you got.
# - A part may get slower, too: a speedup of 0.5 means that it takes twice as long.


# %% nbgrader={"grade_id": "amdahl", "solution": true}
#| export
def amdahl(fraction, speedup):
    """Say how many times as fast the whole gets if a part of it gets faster.

    Args:
        fraction: the part's share of the whole time, 0 to 1.
        speedup: how many times as fast the part gets, more than 0; math.inf for a part that costs nothing any more. (Not
            for the whole: nobody asks for amdahl(1, math.inf).)

    Returns:
        A float: the time of the whole before, divided by its time afterwards.

    TODO: refuse what can't be, then compare before and after.

    EXAMPLE:
    >>> amdahl(0.25, 5)
    1.25
    >>> amdahl(25, 5)
    ValueError: a fraction lies between 0 and 1, got 25

    HINT: a plain division by math.inf gives 0.0, so it needs no case of its own.
    """
    ### BEGIN SOLUTION
    if not 0 <= fraction <= 1:
        raise ValueError(f"a fraction lies between 0 and 1, got {fraction}")
    if not speedup > 0:
        raise ValueError(f"a speedup is more than 0, got {speedup}")
    return 1 / (1 - fraction + fraction / speedup)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: amdahl

# %% nbgrader={"grade_id": "test_amdahl", "grade": true}
test = unit_test("amdahl")


@test.check("the example by hand, and the most that can be had", points=3)
def _():
    close(amdahl(0.25, 5), 1.25)
    close(amdahl(0.25, math.inf), 4 / 3)


@test.check("a percentage is refused, and the message has the number", points=2)
def _():
    raises(ValueError, amdahl, 25, 5, says="25")
    close(amdahl(0.25, 5), 1.25)


### BEGIN HIDDEN TESTS
@test.check("any fraction and speedup: the rest takes its time", points=4, hidden=True)
def _():
    for fraction, speedup in zip(test.rng.uniform(0, 1, size=6), test.rng.uniform(1, 40, size=6), strict=True):
        after = (100 - 100 * float(fraction)) + 100 * float(fraction) / float(speedup)
        close(amdahl(float(fraction), float(speedup)), 100 / after)


@test.check("all of it, nothing of it, and a part that gets slower", points=3, hidden=True)
def _():
    close(amdahl(1, 7), 7.0)
    close(amdahl(0, math.inf), 1.0)
    close(amdahl(0.5, 0.5), 2 / 3)
    close(amdahl(0.5, 1), 1.0)


@test.check("less than nothing and more than all are refused, with the number", points=3, hidden=True)
def _():
    for fraction, speedup, number in ((-0.125, 2, "-0.125"), (1.5, 2, "1.5"), (0.5, 0, "0"), (0.5, -3, "-3")):
        raises(ValueError, amdahl, fraction, speedup, says=number)
    close(amdahl(0.5, 3), 1.5)


### END HIDDEN TESTS
test.report()

# %%
speedups = np.geomspace(1, 1000, 61)
viz.lines(
    speedups,
    {f"{share:.0%} of the time": [amdahl(share, float(s)) for s in speedups] for share in (0.25, 0.5, 0.9, 0.99)},
    "What a faster part brings",
    xlabel="speedup of the part",
    ylabel="speedup of the whole",
    log="xy",
)

# %% [markdown]
# **What's happening**
# 1. Each line is a part with another share of the time. On the left all begin alike.
# 2. Each becomes flat: at $1 / (1 - \text{fraction})$. A part with half the time can never bring more than a factor of 2.
# 3. So the tenth factor of ten on the same part is worth nothing. When a line is flat, measure again: another part is the largest now.

# %% [markdown]
# Now the third answer to your guess: what would the step gain if `gelu` cost nothing, forwards and backwards? And if one of the others did?

# %%
step = make_step()
step()
spans = timeline(step, time.process_time)
whole = sum(span.seconds for span in spans)
for name in ("gelu", "matmul", "adam_step", "between"):
    share = sum(span.seconds for span in spans if span.operation == name) / whole
    print(f"{name:>9}: {share:.0%} of the step; for nothing the step were {amdahl(share, math.inf):.2f} times as fast")

# %% [markdown]
# ### Find the slow line
#
# Somebody wants a layer with few weights: instead of 784 x 784 numbers it has two thin matrices, 784 x 16 and 16 x 784. It has a twentieth of the weights, its results are right, and it's *slower* than the large one. One line is to blame. Look at its profile before you look at the code for long: which operation takes the time, and does the
# number of its flops fit what you'd expect? By hand: how many flops should two products with 64 images take?


# %%
class Thin(Module):
    """Map 784 numbers to 784 by two thin matrices. Something in it is slow."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.down = Parameter(rng.normal(0, 0.05, size=(784, 16)).astype("float32"))
        self.up = Parameter(rng.normal(0, 0.05, size=(16, 784)).astype("float32"))

    def forward(self, x):
        centred = x - x.mean(dim=1, keepdim=True)
        mixed = centred @ (self.down @ self.up)
        return gelu(mixed) + x


# %%
thin, x = Thin(), Tensor(np.random.default_rng(0).normal(size=(64, 784)).astype("float32"))
thin(x)
print_profile(profile_calls(lambda: thin(x), time.process_time))

# class Faster(Thin):
#     def forward(self, x):
#         ...

# %% [markdown]
# A prediction before the repair, and a measurement after it. The first cell predicts from flops: products that do less will take less, in proportion. (If you have written `Faster`, it's measured, too, and must give the same numbers.)

# %%
rows = profile_calls(lambda: thin(x), time.process_time)
share = next(row.seconds for row in rows if row.operation == "matmul") / sum(row.seconds for row in rows)
done = next(row.flops for row in rows if row.operation == "matmul")
needed = 2 * 64 * 784 * 16 * 2
print(f"matmul: {share:.0%} of the time, {done:,} flops instead of {needed:,}")
print(f"{done / needed:.0f} times as fast, they make the layer {amdahl(share, done / needed):.1f} times as fast")
if "Faster" in globals():
    faster = Faster()  # noqa: F821
    close(faster(x).data, thin(x).data, rtol=1e-3, atol=1e-5)
    before, after = (time_call(lambda m=m: m(x), repeats=15, clock=time.process_time) for m in (thin, faster))
    print(f"measured: {before.median / after.median:.1f} times as fast")

# %% [markdown]
# <details><summary>The slow line</summary>
#
# `centred @ (self.down @ self.up)` multiplies the two thin matrices by each other first. That's a matrix of 784 x 784 again, and the images are multiplied by that one: 98 million flops where 3.2 million are enough. `centred @ self.down @ self.up` goes from left to right: the images become 16 numbers each, and then
# 784 again. The result is the same (up to rounding), the number of calls is the same, the shapes are right: no test of values finds it, and only the count of operations stands out.
#
# The measured gain is usually below the predicted one. Thin products don't run at the speed of large ones, and the calls themselves cost something: a prediction from flops is the most that you can hope for.
# </details>

# %% [markdown]
# ### On your own: which *layer* is slow?
#
# Not graded, and without a test: a profile is about operations, but a model is made of layers. Write a class `Watched(Module)` that goes around a layer: `Watched(layer)` keeps the layer as `self.inner`, and 0.0 as `self.seconds`; `forward(x)` reads the clock, calls the layer, adds the time that it took to `self.seconds`, and returns the result. The next cell puts one
# around each layer of the network.

# %%
# class Watched(Module):


# %%
if "Watched" in globals():
    watched = Sequential(*[Watched(layer) for layer in network()])  # noqa: F821
    for _ in range(20):
        watched(x)
    for part in watched:
        print(f"{1000 * part.seconds / 20:7.3f} ms  {part.inner}")

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class Watched(Module):
#     def __init__(self, inner):
#         self.inner, self.seconds = inner, 0.0
#
#     def forward(self, x):
#         start = time.perf_counter()
#         out = self.inner(x)
#         self.seconds += time.perf_counter() - start
#         return out
# ```
#
# Its parameters are found (they are those of `inner`), so a watched model can be trained. Where layers lie inside layers, the seconds of the outer one contain those of the inner ones: so don't add up such a table.
# </details>

# %% [markdown]
# ## Systems Analysis
#
# Why does a product reach so many more flops per second than a sum? A processor can compute much faster than memory can bring it numbers. Two limits are enough to understand most of it: how many flops the processor manages in a second, and how many bytes memory moves. Measure both: the first with a large product, the second with a large copy.


# %%
def fastest(run):
    """Return the shortest of some times: for the limits of a machine we want the record, not the habit."""
    run()
    return min(time_call(run, repeats=1, warm_up=0, clock=time.process_time).median for _ in range(9))


square = np.random.default_rng(0).normal(size=(1024, 1024)).astype("float32")
large, target = np.ones(12_000_000, dtype="float32"), np.ones(12_000_000, dtype="float32")
flops_per_second = 2 * 1024**3 / fastest(lambda: square @ square)
bytes_per_second = 2 * large.nbytes / fastest(lambda: np.copyto(target, large))  # each number is read and written
ridge = flops_per_second / bytes_per_second
print(f"processor: {flops_per_second / 1e9:.0f} billion flops/s; memory: {bytes_per_second / 1e9:.1f} billion bytes/s")
print(f"a number that was loaded must be used for {4 * ridge:.0f} flops, or the processor waits")

# %% [markdown]
# (The clock is the one that stands still while others compute: for a limit we want what the machine can do.)
#
# The **roofline** (Williams, Waterman and Patterson 2009) draws both limits into one picture. To the right: how many flops an operation does for each byte that it moves, `flops_of_call(call) / bytes_of_call(call)`. Upwards: how many flops per second it reaches. An operation can't be above the slope (memory), nor above the flat part
# (processor).


# %%
def dot_of(make):
    """Return (flops per byte, flops per second) of the one operation that make() calls."""
    call = make().grad_fn
    seconds = fastest(make)
    return flops_of_call(call) / bytes_of_call(call), flops_of_call(call) / seconds


def array(*shape):
    return Tensor(np.random.default_rng(0).normal(size=shape).astype("float32"), requires_grad=True)


million, other = array(2000, 2000), array(2000, 2000)
matrices = {n: array(n, n) for n in (8, 32, 128, 512, 1024)}
dots = {"add": dot_of(lambda: million + other), "gelu": dot_of(lambda: gelu(million))}
for n, a in matrices.items():
    dots[f"matmul {n}"] = dot_of(lambda a=a: a @ a)
for name, (intensity, speed) in dots.items():
    print(f"{name:>12}: {intensity:7.2f} flops per byte, {speed / 1e9:8.3f} billion flops/s")
viz.roofline(flops_per_second, bytes_per_second, dots, "Your operations under your machine's roof")

# %% [markdown]
# **What's happening**
# 1. `add` moves three numbers for each flop: it's far to the left, where memory is the limit. Better arithmetic doesn't help it, only moving less: doing several steps while the numbers are there.
# 2. A product of two $n \times n$ matrices does $2 n^3$ flops on $3 n^2$ numbers: the larger, the further to the right. Large ones touch the flat part, since one of them has defined it.
# 3. Small products are far *below* the roof: a product of 8 x 8 takes longer to call than to compute. That's neither limit, it's Python.
# 4. `gelu` lies below the slope as well. It's counted as one flop per number, and makes many passes over memory: an operation far below the roof is one that can be made faster. Module 16 does it.
# 5. A dot may lie a little above the slope: what fits into the cache needn't come from memory.

# %% [markdown]
# ### Two processors, two clocks
#
# The third way to be fooled: **threads**. numpy's products can use several processors at once. Your server is set to one (`OPENBLAS_NUM_THREADS=1`), so that measurements can be compared; here two new Pythons show what happens otherwise. `time.perf_counter` measures the seconds that pass, `time.process_time` those that all processors
# together worked.

# %%
PRODUCTS = """
import time
import numpy as np
a = np.random.default_rng(0).normal(size=(1024, 1024)).astype("float32")
a @ a
wall, work = time.perf_counter(), time.process_time()
for _ in range(10):
    a @ a
print(time.perf_counter() - wall, time.process_time() - work)
"""
for threads in ("1", "2"):
    told = subprocess.run(
        [sys.executable, "-c", PRODUCTS],
        env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wall, work = (float(number) for number in told.split())
    print(
        f"{threads} thread(s): {wall:.2f} s passed, {work:.2f} s of processor time: {work / wall:.1f} processors at work"
    )

# %% [markdown]
# If two processors were free, about half the time passed with two threads, and no less work was done. If they weren't, because others compute as well, two threads may even be slower. So if you compare two programs, say how many threads each had; a comparison of one thread against eight measures the eight.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# All instruments on one training step, and they change nothing that they touch.

# %%
before = RECORDER.record, RECORDER.backward, {name: dict(table) for name, table in IMPLEMENTATIONS.items()}, dict(RULES)
step = make_step()
rows, spans = profile_calls(step), timeline(step)
timing, peak = time_call(step, repeats=3), peak_bytes(step)
after = RECORDER.record, RECORDER.backward, {name: dict(table) for name, table in IMPLEMENTATIONS.items()}, dict(RULES)
true(before == after, "recorder, implementations and rules are as before")
calls = {row.operation: row.calls for row in rows}
forwards = [span.operation for span in spans if span.phase == "forward"]
same({name: forwards.count(name) for name in calls}, calls)
products = next(row for row in rows if row.operation == "matmul")
same(products.flops, 2 * 64 * (784 * 256 + 256 * 256 + 256 * 10))
close(sum(span.seconds for span in spans), spans[-1].start + spans[-1].seconds)
true(timing.low <= timing.median <= timing.high, "the median lies between the quartiles")
true(peak > 64 * 256 * 4, "a step holds at least one layer's results")
same(tracemalloc.is_tracing(), False)


def weights_after(watch):
    """Train three steps, each inside a watch; return the weights."""
    manual_seed(0)
    layer = Linear(5, 3)
    optimizer, x, y = Adam(layer.parameters()), Tensor(np.eye(5, dtype="float32")), Tensor(np.array([0, 1, 2, 0, 1]))
    for _ in range(3):
        watch(lambda: train_step(layer, cross_entropy, optimizer, x, y))
    return layer.weight.data


plain = weights_after(lambda run: run())
for watch in (profile_calls, timeline, peak_bytes):
    same(weights_after(watch), plain)
shared = Linear(4, 4)
twice = profile_calls(lambda: shared(shared(Tensor(np.ones((2, 4), dtype="float32")))))
same(next((row.calls, row.flops) for row in twice if row.operation == "matmul"), (2, 2 * 2 * 2 * 4 * 4))
raises(ValueError, lambda: time_call(step, repeats=0), says="0")
print("the instruments agree, and a watched training gives the same weights, bit for bit")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: where would you work?
#
# Cite from your own runs the shares of `gelu`, of matrix products and of Adam in a training step, and what each would bring at most by Amdahl's formula. A colleague has written a `gelu` that is three times as fast: what does the step gain, computed with your numbers? Which limit of the roofline holds `add` back, what would help it, and why would a faster
# processor not?
#
# Rubric (5 points): 0, no measured numbers; half, three shares with the largest possible gain of each, and the gain of the faster `gelu`; full, also that `add` is bound by memory (about one flop for each 12 bytes, far left of the ridge), so that only moving less helps.

# %% [markdown] nbgrader={"grade_id": "checkpoint_work", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 13 % for gelu, 21 % for matmul and 29 % for adam_step. At most they bring 1 / (1 - 0.13) = 1.15, 1.27 and 1.41. With a gelu three times as fast the step takes 0.87 + 0.13 / 3 = 0.913 of its time, so it's 1.10 times as fast. add reads two numbers and writes one for each flop, 12 bytes: 0.08 flops per byte, far left of the ridge. Memory
# is the limit; a faster processor would wait longer. Doing the next step while the number is in a register or in the cache (fusing) moves less.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# Which of your functions is this, and what in it is your `watch`? `func` is an operation of PyTorch such as `aten.mm`, `with Mystery():` begins and ends it. Which lines of yours does the `with` save, and what happens after an error? It sees the operations of the way back, too; ours doesn't: why? What would you put into the marked line to count flops?
#
# ```python
# class Mystery(TorchDispatchMode):
#     def __init__(self):
#         super().__init__()
#         self.found = {}
#
#     def __torch_dispatch__(self, func, types, args=(), kwargs=None):
#         out = func(*args, **(kwargs or {}))
#         calls, flops = self.found.get(func, (0, 0))
#         self.found[func] = calls + 1, flops + 0        # <- count here
#         return out
# ```
#
# Rubric (5 points): 0, not recognised; half, `profile_calls`, with `__torch_dispatch__` as the watch, and that `with` takes the seat and gives it back, also after an error; full, also that PyTorch's gradient rules call operations themselves while ours compute on arrays, and a count from the shapes of `args` and `out`.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It is profile_calls without the seconds; __torch_dispatch__ is watch, and func(...) is the call itself, so it could read a clock around it. Entering and leaving the with replace set_recorder and the finally: the mode is taken off after an error, too. PyTorch's backward consists of the same operations and goes the same way, while our rules compute on plain numpy
# arrays, which no recorder sees. For mm: 2 * args[0].shape[-1] * out.numel(), the same rule as in flops_of_call.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A time without repeats, warm-up and spread is an anecdote. Take the median, and say how many threads there were.
# - Flops follow from shapes and are the same everywhere; seconds aren't. Where they disagree there's something to learn.
# - The recorder sees every operation of every model, so it is the profiler. Whoever takes its seat hands on what they hear, and gives it back.
# - Memory is a matter of its peak.
# - A part that takes a fraction $f$ of the time can make the whole at most $1 / (1 - f)$ times as fast. Measure first, predict, then change, then measure again.
#
# **Next**: module 16 makes your own framework faster, and you will know where, by how much, and when to stop.
