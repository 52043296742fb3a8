# %% [markdown]
# # Benchmarking
#
# {{module}}
#
# "Mine is 20 % faster." Is it? You have measured since module 01, and now you'll be asked to prove it. In this module you'll see five honest-looking benchmarks that lie, and build what it takes not to: a summary that one bad run can't spoil, an interval that says how sure it is,
# an order of runs that cancels what changes meanwhile, a verdict that dares to say "can't tell", and a way to compare models that are better in one thing and worse in another.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | layers, training, a profiler | summaries, bootstrap intervals, interleaved runs, verdicts, Pareto fronts | the milestone of 2018, the olympics (module 20), every claim that you'll ever make about speed |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | elsewhere | why |
# | --- | --- | --- |
# | time is what a clock on the wall shows | also processor time, cycles, energy | it's what users wait for; a neighbour on the machine then shows, and you learn to live with it |
# | the median stands for the runs | also the minimum, the mean | it holds still if a few runs are disturbed, and says what is usual |
# | the bootstrap gives intervals | t-tests, Mann-Whitney, Bayes | no formula, no assumption about the shape of the noise, ten lines |
# | functions run in one thread, one after the other | servers answer many at once | load is another subject; what you learn about noise stays true |
# | your exercises are graded on scripted times | | a clock is never twice the same: nobody's points may depend on it |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.benchmarking
#| export
import os
import platform
import time
from pathlib import Path

import numpy as np

from tinytorch.random import generator

# %%
import contextlib
import functools
import itertools
import subprocess
import sys

from tinytorch import manual_seed, viz
from tinytorch.core.autograd import no_grad
from tinytorch.core.layers import GELU, Linear, Module, ReLU, Sequential
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import Tensor
from tinytorch.datasets import Digits
from tinytorch.testing import close, fixtures, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.benchmarking`. Module 20 and the milestone of 2018 judge with it. Users write
#
# ```python
# from tinytorch.profiling import benchmark, verdict
# ```
#
# PyTorch has `torch.utils.benchmark` for this; you'll read a piece of it at the end.

# %% [markdown]
# ## Part 1: Five benchmarks that lie
#
# You can tell that a benchmark lies only if you know the truth. So we begin on a machine whose times are written down: `fixtures.scripted_machine` has candidates to run, and a clock that moves only when they do. On it A and B do the same work in the same 10 milliseconds. That is the truth. Whoever says "B is faster" is wrong.
#
# Here are five people who say it. None of them cheats on purpose.
#
# 1. **Cold.** B's author has just tried B out, then measures both once. A's first run loads what is needed; B's was paid for already.
# 2. **Mean.** Twenty runs each, and the means are compared. A backup starts during one run of A.
# 3. **One run each.** Fifteen people measure A once and B once. The one with the largest difference writes a blog post.
# 4. **Another input.** A gets batches of 64. B gets what is left at the end of the data, 48 images.
# 5. **Drift.** Twenty runs of B, then twenty of A. Meanwhile the machine gets warm, and slower with every run.


# %%
TRUTH = {"A": 0.010, "B": 0.010}  # seconds of a run, the same for both
NOISE = np.random.default_rng(5).lognormal(sigma=0.04, size=40).tolist()


def run_in_order(machine, order):
    """Run candidates in this order; return name -> (places in the order, milliseconds)."""
    runs = {name: ([], []) for name in sorted(set(order))}
    for place, name in enumerate(order):
        begin = machine.clock()
        machine.candidates[name]()
        runs[name][0].append(place)
        runs[name][1].append(1000 * (machine.clock() - begin))
    return runs


def cold():
    machine = fixtures.scripted_machine(TRUTH, cold=0.015, noise=NOISE)
    machine.candidates["B"]()  # just trying it out
    runs = run_in_order(machine, "AB")
    return runs, {name: runs[name][1][0] for name in "AB"}


def compared_by_means():
    noise = list(NOISE)
    noise[16] = 16.0  # run number 16 is one of A's, and the backup starts
    runs = run_in_order(fixtures.scripted_machine(TRUTH, noise=noise), "AB" * 20)
    return runs, {name: float(np.mean(runs[name][1])) for name in "AB"}


def one_run_each():
    runs = run_in_order(fixtures.scripted_machine(TRUTH, noise=np.square(NOISE).tolist()), "AB" * 15)
    luckiest = max(range(15), key=lambda person: runs["A"][1][person] / runs["B"][1][person])
    return runs, {name: runs[name][1][luckiest] for name in "AB"}


def another_input():
    images = {"A": 64, "B": 48}
    machine = fixtures.scripted_machine({name: TRUTH[name] * n / 64 for name, n in images.items()}, noise=NOISE)
    runs = run_in_order(machine, "AB" * 10)
    return runs, {name: float(np.median(runs[name][1])) for name in "AB"}


def drift():
    runs = run_in_order(fixtures.scripted_machine(TRUTH, drift=0.01, noise=NOISE), "B" * 20 + "A" * 20)
    return runs, {name: float(np.median(runs[name][1])) for name in "AB"}


LIES = {
    "cold": cold,
    "mean": compared_by_means,
    "one run each": one_run_each,
    "another input": another_input,
    "drift": drift,
}
told = {title: lie() for title, lie in LIES.items()}
for title, (_, claim) in told.items():
    print(
        f"{title:>13}: A {claim['A']:5.2f} ms, B {claim['B']:5.2f} ms: 'B is {claim['A'] / claim['B']:.2f} times as fast'"
    )
viz.runs(
    {title: runs for title, (runs, _) in told.items()},
    "Five benchmarks of two equal functions",
    claims={title: claim for title, (_, claim) in told.items()},
)

# %% [markdown]
# **What's happening**
# 1. Each dot is a run, in the order in which the runs were made; the dashed lines are what is said about them. Dots rarely lie. What is said about them does.
# 2. In "cold" and "one run each" there is nothing to see but the claim: one run has no neighbours that would contradict it.
# 3. In "mean" 39 dots agree, and one of them decides.
# 4. In "another input" the dots are clear and honest, but about another question.
# 5. In "drift" the truth is in the picture: the two clouds are one slope. Only the *order* of the runs makes it look like a difference.

# %% [markdown]
# Five remedies, and you know the first one from module 15:
#
# | lie | remedy | where |
# | --- | --- | --- |
# | cold | run once before, and don't count it | Part 3 |
# | mean | report the median, and the tail beside it | Part 1 |
# | one run each | say how sure you are | Part 2 |
# | another input | make the input once, and give the same to both | you |
# | drift | take turns, there and back | Part 3 |
#
# We begin with what to report. Five runs took 10, 11, 12, 13 and 50 ms. The mean is 19.2 ms, which none of them took. One disturbed run moves the mean as far as it likes; the **median**, the middle run, stays at 12. But nobody should keep quiet about the 50: users meet that run, too. So we report the **tail** beside it: the time that 90 % of the runs
# keep (p90, the 0.9-quantile), and the one that 99 % keep (p99).
#
# By hand: sort the $n$ runs and number them from 0. The quantile $q$ is at the place $q\,(n - 1)$. For p90 of our five that is $0.9 \cdot 4 = 3.6$: six tenths of the way from run 3 (13 ms) to run 4 (50 ms), so $13 + 0.6 \cdot 37 = 35.2$. The place lies between two runs in general: cutting it off to a whole number gives another time.
#
# Work on a copy. Sorting the list in place loses the order in which the runs were made, and the order was all that gave the drift away.


# %% nbgrader={"grade_id": "summary", "solution": true}
#| export
def summary(times):
    """Say what a row of runs took: what is usual, and the tail.

    Args:
        times: a list or an array of seconds, one for each run.

    Returns:
        A dict with "runs" (how many), and "median", "p90" and "p99" in seconds, as floats.

    Raises:
        ValueError: there is no run.

    TODO: refuse what is empty; the three quantiles; count.

    APPROACH:
    1. If there are no times, raise a ValueError that says so.
    2. The median is the quantile 0.5, p90 and p99 are 0.9 and 0.99.
    3. Return the four as a dict.

    EXAMPLE:
    >>> summary([0.010, 0.050, 0.012, 0.011, 0.013])
    {'runs': 5, 'median': 0.012, 'p90': 0.0352, 'p99': 0.04852}          # up to rounding

    HINT: numpy has a function for quantiles, and its default rule is the one above.
    """
    ### BEGIN SOLUTION
    if len(times) == 0:
        raise ValueError("there is no run to summarize: measure at least once")
    median, p90, p99 = np.quantile(times, [0.5, 0.9, 0.99])
    return {"runs": len(times), "median": float(median), "p90": float(p90), "p99": float(p99)}
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: summary

# %% nbgrader={"grade_id": "test_summary", "grade": true}
test = unit_test("summary")


def by_place(times, q):
    ordered = sorted(float(t) for t in times)
    place = q * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@test.check("five runs, one of them disturbed", points=3)
def _():
    found = summary([10.0, 50.0, 12.0, 11.0, 13.0])
    close(found, {"runs": 5, "median": 12.0, "p90": 35.2, "p99": 48.52})


@test.check("the order of the runs is left alone", points=2)
def _():
    runs = remote(np.array([3.0, 1.0, 2.0, 5.0]))
    with unchanged(runs):
        close(summary(runs), {"runs": 4, "median": 2.5, "p90": 4.4, "p99": 4.94})


### BEGIN HIDDEN TESTS
@test.check("any number of runs, against quantiles counted by place", points=5, hidden=True)
def _():
    for n in (2, 3, 10, 101, int(test.rng.integers(20, 60))):
        times = test.rng.lognormal(size=n)
        expected = {name: by_place(times, q) for name, q in (("median", 0.5), ("p90", 0.9), ("p99", 0.99))}
        close(summary(times), {"runs": n} | expected)


@test.check("one run is its own median and tail", points=2, hidden=True)
def _():
    one = float(test.rng.uniform(1, 2))
    close(summary([one]), {"runs": 1, "median": one, "p90": one, "p99": one})


@test.check("no run at all is refused", points=3, hidden=True)
def _():
    raises(ValueError, summary, [])
    raises(ValueError, summary, np.zeros(0))
    close(summary([2.0, 4.0])["median"], 3.0)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Now a real machine: yours. A layer of 256 numbers is run 200 times. Halfway through, a neighbour moves in, a program that only counts, and both must share one processor. (The neighbour is real. On a laptop it's a browser, on a server it's another student.)


# %%
@contextlib.contextmanager
def on_one_processor():
    """Keep this process, and those that it starts meanwhile, on one processor."""
    if not hasattr(os, "sched_setaffinity"):  # only Linux has it
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def neighbour(seconds=20):
    """Start a program that keeps a processor busy, and end it afterwards (in any case after a few seconds)."""
    code = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", code])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def seconds_of(run, count):
    """Run a function again and again; return a list of seconds."""
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return taken


@functools.cache
def with_a_neighbour():
    """Measure a layer 100 times alone and 100 times with a neighbour."""
    manual_seed(0)
    layer, x = Linear(256, 256), Tensor(np.random.default_rng(0).normal(size=(256, 256)).astype("float32"))

    def run():
        with no_grad():
            layer(x)

    with on_one_processor():
        seconds_of(run, 10)
        alone = seconds_of(run, 100)
        with neighbour():
            return alone, seconds_of(run, 100)


alone, shared = with_a_neighbour()
for title, seconds in (("alone", alone), ("with a neighbour", shared)):
    told = {name: 1000 * value for name, value in summary(seconds).items() if name != "runs"}
    print(f"{title:>16}: " + ", ".join(f"{name} {value:5.2f} ms" for name, value in told.items()))
    print(f"{'':>16}  mean {1000 * np.mean(seconds):.2f} ms, fastest {1000 * min(seconds):.2f} ms")
viz.runs(
    {
        "200 runs of one layer": {
            "alone": (range(100), [1000 * s for s in alone]),
            "with a neighbour": (range(100, 200), [1000 * s for s in shared]),
        }
    },
    "A neighbour moves in halfway",
    log=True,
)

# %% [markdown]
# **What's happening**
# 1. Most runs lie in a narrow band at the bottom: nothing came in between. Nothing makes a run faster than the machine can, so noise is one-sided. (The axis is logarithmic; else the band would be a line at 0.)
# 2. From the middle on there are runs far above: the processor was given to the neighbour for a few milliseconds, and the clock on the wall went on.
# 3. Compare the lines above the figure: the tail (p90, p99) and the mean moved far more than the median did, unless more than half of your runs were hit.
# 4. On a machine that many share, there are such runs in the left half, too. That's not a fault of your benchmark; it's what a benchmark has to bear.

# %% [markdown]
# **Predict, then run**: 99 runs take 10 ms, one takes 1 s. What are mean, median and p99?

# %%
disturbed = [0.010] * 99 + [1.0]
print(
    f"mean {1000 * np.mean(disturbed):.1f} ms;", {name: round(value, 4) for name, value in summary(disturbed).items()}
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The mean nearly doubles to 19.9 ms, though 99 % of the runs know nothing of it. The median is 10 ms. p99 is at the place 98.01, a hundredth of the way from 10 ms to a second: 19.9 ms, too. With 100 runs, p99 hangs on the slowest run; for an honest p99 you need a thousand.
# </details>

# %% [markdown]
# ## Part 2: How sure is a median?
#
# Three runs took 10, 11 and 15 ms. The median is 11. If you ran three more, would it be 11 again? Certainly not; but how far off might it be? Running the benchmark a thousand times would answer that, and nobody has the time. In 1979 Bradley Efron had an idea so simple that it looked like cheating: the runs that you have are the best picture you have of all runs that you
# could have had. So draw *from them*.
#
# Draw three of the three, putting each back. Maybe 11, 15, 11; then the median is 11. Maybe 15, 10, 15; then it's 15. There are 27 equally likely draws, and their medians are
#
# | median of the draw | 10 | 11 | 15 |
# | --- | --- | --- | --- |
# | how many of 27 | 7 | 13 | 7 |
# | share | 26 % | 48 % | 26 % |
#
# An interval that holds 95 % of the medians must leave out 2.5 % at each end, but there are 26 % at each end. So it reaches from 10 to 15: after three runs you know next to nothing, and now you know *that*. An interval for 30 % would leave out 35 % at each end, and both ends are 11. With more runs nobody counts draws; we let the computer draw a thousand. That is the **bootstrap**.
#
# Four ways to get it wrong:
#
# - Draw *with* putting back. Without putting back, every draw is the same runs in another order, and all medians are equal.
# - Draw as many as there are: a smaller draw wavers more than your measurement does.
# - Take the quantiles of the *medians*: the quantiles of the runs themselves say how far the runs spread, not how sure their median is. The spread stays when you measure longer; the interval shrinks.
# - At a level of 0.95 half of what is left out lies on each side: the quantiles 0.025 and 0.975.
#
# And you need at least two runs. One run has an interval of width 0, which would be the surest of all benchmarks: refuse it.


# %% nbgrader={"grade_id": "bootstrap_interval", "solution": true}
#| export
def bootstrap_interval(times, level=0.95, resamples=1000):
    """Say between which bounds the median of such runs lies.

    Args:
        times: a list or an array of numbers, one for each run.
        level: the share of drawn medians that lies between the bounds.
        resamples: how many times to draw.

    Returns:
        Two floats, low and high.

    Raises:
        ValueError: there are fewer than two runs.

    TODO: draw from the runs, again and again; take the median of each draw; cut off both ends.

    APPROACH:
    1. If there are fewer than two times, raise a ValueError.
    2. Draw a table (resamples, runs) of places with `generator().integers`, and take the times at these places.
    3. Take the median of each row.
    4. Return the quantiles of these medians that leave out (1 - level) / 2 on each side.

    EXAMPLE:
    >>> bootstrap_interval([10.0, 11.0, 15.0])
    (10.0, 15.0)

    HINT: an array indexed with a table of places gives a table: `np.asarray(times)[picks]`.
    """
    ### BEGIN SOLUTION
    if len(times) < 2:
        raise ValueError(f"an interval needs at least two runs, got {len(times)}: measure again")
    picks = generator().integers(0, len(times), size=(resamples, len(times)))
    medians = np.median(np.asarray(times)[picks], axis=1)
    outside = (1 - level) / 2
    low, high = np.quantile(medians, [outside, 1 - outside])
    return float(low), float(high)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: bootstrap_interval

# %% nbgrader={"grade_id": "test_bootstrap_interval", "grade": true}
test = unit_test("bootstrap_interval")


def medians_up_to(n):
    """For an odd number of different runs: the chance that a drawn median is the k-th smallest or smaller, by k."""
    half, found = (n + 1) // 2, []
    for k in range(1, n + 1):
        share = k / n
        found.append(sum(math_comb(n, j) * share**j * (1 - share) ** (n - j) for j in range(half, n + 1)))
    return np.array(found)


def math_comb(n, k):
    result = 1
    for i in range(k):
        result = result * (n - i) // (i + 1)
    return result


@test.check("three runs, by hand: 95 % reach from end to end", points=3)
def _():
    manual_seed(19)
    same(bootstrap_interval([10.0, 11.0, 15.0]), (10.0, 15.0))


@test.check("three runs, by hand: 30 % are the middle, 60 % reach from end to end", points=4)
def _():
    manual_seed(19)
    same(bootstrap_interval([15.0, 10.0, 11.0], level=0.3), (11.0, 11.0))
    same(bootstrap_interval([15.0, 10.0, 11.0], level=0.6), (10.0, 15.0))


@test.check("one run is refused", points=2)
def _():
    raises(ValueError, bootstrap_interval, [10.0])
    same(bootstrap_interval([10.0, 10.0]), (10.0, 10.0))


### BEGIN HIDDEN TESTS
@test.check("many runs: the bounds stand where the exact chances put them", points=7, hidden=True)
def _():
    manual_seed(int(test.rng.integers(1000)))
    times = remote(test.rng.lognormal(size=61))
    ordered, chances = np.sort(times.read()), medians_up_to(61)
    for level in (0.95, 0.8, 0.5):
        with unchanged(times):
            low, high = bootstrap_interval(times, level=level)
        for bound, share in ((low, (1 - level) / 2), (high, (1 + level) / 2)):
            room = 5 * (share * (1 - share) / 1000) ** 0.5
            first = int(np.searchsorted(chances, share - room))
            last = min(int(np.searchsorted(chances, share + room)), 60)
            true(float(ordered[first]) <= bound <= float(ordered[last]), "a bound lies among the runs that it may be")


@test.check("an even number of runs has medians between two runs", points=3, hidden=True)
def _():
    same(bootstrap_interval([1.0, 3.0], level=0.2), (2.0, 2.0))
    same(bootstrap_interval([1.0, 3.0]), (1.0, 3.0))
    same(bootstrap_interval(np.array([4.0, 4.0, 4.0, 4.0])), (4.0, 4.0))


@test.check("a single draw has no width, and many draws are as many as told", points=3, hidden=True)
def _():
    times = test.rng.lognormal(size=30)
    low, high = bootstrap_interval(times, resamples=1)
    same(low, high)
    true(float(times.min()) <= low <= float(times.max()), "a drawn median lies among the runs")
    two = [bootstrap_interval([0.0, 1.0], level=1.0, resamples=2) for _ in range(60)]
    same(len(two), 60)
    true(0 < sum(high > low for low, high in two) < 60, "two draws are sometimes equal and sometimes not")


@test.check("the same seed gives the same interval", points=3, hidden=True)
def _():
    seed, times = int(test.rng.integers(1000)), test.rng.lognormal(size=40)
    manual_seed(seed)
    first = bootstrap_interval(times, resamples=25)  # few: bounds of a thousand draws often agree by chance
    manual_seed(seed)
    same(bootstrap_interval(times, resamples=25), first)
    same(len(first), 2)
    true(first[0] < first[1], "an interval has a width")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Does an interval for 95 % do what it says? On a machine whose truth is known, that can be tested: measure $n$ times with drawn noise, make the interval, and see whether the true median lies in it. Four hundred times for each $n$.


# %%
@functools.cache
def coverage():
    """Return the numbers of runs, and how often (%) the interval holds the true median 1, and its mean width."""
    manual_seed(0)
    rng, counts, held, widths = np.random.default_rng(0), (3, 5, 10, 20, 40, 80, 160), [], []
    for count in counts:
        intervals = np.array(
            [bootstrap_interval(rng.lognormal(sigma=0.1, size=count), resamples=300) for _ in range(400)]
        )
        held.append(100 * ((intervals[:, 0] <= 1) & (intervals[:, 1] >= 1)).mean())
        widths.append((intervals[:, 1] - intervals[:, 0]).mean())
    return counts, held, widths


counts, held, widths = coverage()
for count, percent, width in zip(counts, held, widths, strict=True):
    print(
        f"{count:>4} runs: the interval holds the truth in {percent:5.1f} % of 400 benchmarks; width {width:.3f} of the median"
    )
slope = np.polyfit(np.log(counts[2:]), np.log(widths[2:]), 1)[0]
print(f"from {counts[2]} runs on the width falls with the number of runs to the power {slope:.2f}")
viz.lines(
    counts,
    {"width of the interval": widths, "1/sqrt(runs)": [widths[-1] * (counts[-1] / count) ** 0.5 for count in counts]},
    "What more runs buy",
    xlabel="runs",
    ylabel="width / median",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. Four times the runs halve the width: on logarithmic axes that is a straight line of slope $-1/2$.
# 2. The price of certainty: from 10 runs to a tenth of the width takes 1,000 runs. Long before that, something else about the machine will have changed.
# 3. The interval keeps its word within a few percent from five runs on.
# 4. With three runs it can't: all three may lie on one side of the truth, which happens in a quarter of all cases ($2 \cdot 0.5^3$). No arithmetic gets more out of three runs than is in them.

# %% [markdown]
# **Predict, then run**: all 20 runs took exactly 10 ms on a clock that ticks once every 10 ms. What is the interval, and what do you think of it?

# %%
print(bootstrap_interval([0.010] * 20))

# %% [markdown]
# <details><summary>Answer</summary>
#
# From 0.01 to 0.01: perfectly sure, and perhaps wrong by half. The bootstrap knows only what is in the runs. A clock that is too coarse, an input that isn't like yours, a machine that isn't like yours: no interval tells you about these.
# </details>

# %% [markdown]
# ## Part 3: There and back
#
# The fifth lie was drift. Machines drift all the time: processors get warm and lower their clock, memory gets fragmented, others log in. All of A and then all of B is the order that a drift likes best: everything that changes meanwhile ends up in the difference. So take turns.
#
# But how? Say that each run takes 1 ms longer than the one before, and A and B are equal:
#
# | order | A's runs | B's runs | B seems slower by |
# | --- | --- | --- | --- |
# | A A B B | 1, 2 | 3, 4 | 2 ms |
# | A B A B | 1, 3 | 2, 4 | 1 ms |
# | A B B A | 1, 4 | 2, 3 | 0 |
#
# A B A B puts B one run later each time, so a drift is still seen, only smaller. A B B A, there and back, cancels a steady drift exactly, for three candidates as well: A B C C B A. (Farmers found it first. In the half-drill strip trials of a century ago, two kinds of barley were sown in strips side by side, A B B A, since a field is more fertile at one end. The statistician of the brewery Guinness, who judged them, signed his papers as "Student": *On testing varieties of cereals*, 1923.)
#
# A second gain: each run of A has a run of B right beside it. What disturbs one of them for longer than a few runs disturbs both. In Part 4 that is worth more than anything else.
#
# The first run of each pays for what later runs find ready (files, caches, memory of the operating system). So run each once beforehand, without looking at the clock.


# %% nbgrader={"grade_id": "interleave", "solution": true}
#| export
def interleave(candidates, rounds, clock=time.perf_counter):
    """Run candidates in turn, there and back, and return what each run took.

    Args:
        candidates: name -> a function without arguments.
        rounds: how often to go there and back; each candidate is measured twice in a round.
        clock: a function that gives the time in seconds.

    Returns:
        A dict: name -> the seconds of its 2 * rounds runs, in the order in which they were made.

    TODO: run each once without measuring; then there and back, and measure each run.

    APPROACH:
    1. Call each candidate once, in the given order.
    2. Start with an empty list for each name.
    3. In each round go through the names forwards, then backwards.
    4. Read the clock before and after each run, and append the difference.

    EXAMPLE:
    >>> machine = fixtures.scripted_machine({"A": 1.0, "B": 2.0})
    >>> interleave(machine.candidates, 2, machine.clock)
    {'A': [1.0, 1.0, 1.0, 1.0], 'B': [2.0, 2.0, 2.0, 2.0]}
    >>> "".join(machine.ran)
    'ABABBAABBA'

    HINT: a list plus its reverse, `order[::-1]`, is one round; a number times a list repeats it.
    """
    ### BEGIN SOLUTION
    for run in candidates.values():
        run()
    order, times = list(candidates), {name: [] for name in candidates}
    for name in rounds * (order + order[::-1]):
        start = clock()
        candidates[name]()
        times[name].append(clock() - start)
    return times
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: interleave

# %% nbgrader={"grade_id": "test_interleave", "grade": true}
test = unit_test("interleave")


@test.check("two candidates, two rounds: once before, then there and back", points=3)
def _():
    machine = fixtures.scripted_machine({"A": 1.0, "B": 2.0})
    same(interleave(machine.candidates, 2, machine.clock), {"A": [1.0] * 4, "B": [2.0] * 4})
    same("".join(machine.ran), "ABABBAABBA")


@test.check("what the first runs cost is not counted", points=2)
def _():
    machine = fixtures.scripted_machine({"A": 1.0, "B": 2.0}, cold=8.0)
    same(interleave(machine.candidates, 1, machine.clock), {"A": [1.0, 1.0], "B": [2.0, 2.0]})


### BEGIN HIDDEN TESTS
@test.check("any number of candidates and rounds, run by run in order", points=5, hidden=True)
def _():
    for count, rounds in ((1, 3), (3, 1), (4, int(test.rng.integers(2, 6)))):
        names = [f"way {i}" for i in range(count)]
        costs = {name: float(test.rng.uniform(1, 2)) for name in names}
        machine = fixtures.scripted_machine(costs, cold=5.0, drift=0.25)
        times = interleave(machine.candidates, rounds, machine.clock)
        order, expected = (names + names[::-1]) * rounds, {name: [] for name in names}
        for place, name in enumerate(order, start=count):
            expected[name].append(costs[name] * (1 + 0.25 * place))
        same(list(machine.ran), names + order)
        close(times, expected)


@test.check("a steady drift cancels: equal candidates take equally long together", points=3, hidden=True)
def _():
    cost, rounds = float(test.rng.uniform(1, 2)), int(test.rng.integers(2, 9))
    machine = fixtures.scripted_machine({"A": cost, "B": cost, "C": cost}, drift=0.5)
    times = interleave(machine.candidates, rounds, machine.clock)
    totals = [sum(times[name]) for name in "ABC"]
    close(totals, [totals[0]] * 3)
    same(len(times["A"]), 2 * rounds)


@test.check("without a clock of yours the real one is read", points=2, hidden=True)
def _():
    machine = fixtures.scripted_machine({"A": 1.0})
    times = interleave(machine.candidates, 3)
    same(len(times["A"]), 6)
    true(min(times["A"]) >= 0, "no run ends before it began")


### END HIDDEN TESTS
test.report()

# %%
orders = {"one after the other": "A" * 20 + "B" * 20, "A B A B": "AB" * 20, "there and back": "ABBA" * 10}
drifting, medians = {}, {}
for title, order in orders.items():
    drifting[title] = run_in_order(fixtures.scripted_machine(TRUTH, drift=0.02), order)
    medians[title] = {name: float(np.median(drifting[title][name][1])) for name in "AB"}
    print(f"{title:>19}: B / A = {medians[title]['B'] / medians[title]['A']:.3f}; the truth is 1")
viz.runs(drifting, "One drift, three orders", claims=medians)

# %% [markdown]
# **What's happening**
# 1. All three panels are the same slope: run number $k$ takes $1 + 0.02\,k$ times as long. Only the letters are dealt differently.
# 2. One after the other, B gets the later half, and the medians (dashed) lie far apart.
# 3. In turns they are close. B still comes last in each pair.
# 4. There and back, they are equal: in each group of four, A has the first and the last, B the two in the middle.

# %% [markdown]
# **Predict, then run**: the machine doesn't drift; a neighbour comes and goes, and every *fourth* run takes twice as long, starting with the first measured one. Is A B B A still fair?

# %%
rhythm = fixtures.scripted_machine(TRUTH, noise=[1.0, 1.0, 2.0, 1.0])
print(
    {
        name: [round(1000 * seconds) for seconds in runs]
        for name, runs in interleave(rhythm.candidates, 4, rhythm.clock).items()
    }
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# No: the disturbance has the same rhythm as the order, and always hits A. No fixed order is fair to everything; one that is drawn at random each time is fair to all rhythms on average, and lets a drift through a little. Steady drifts are common and exact rhythms rare, so we go there and back.
# </details>

# %% [markdown]
# ## Part 4: A verdict
#
# Now the question itself: is mine faster than theirs? Take the runs in pairs, as they were made side by side, and divide: the ratio of your time by theirs in each pair. What slowed down both, drift or neighbour, cancels in the ratio. The bootstrap says between which bounds the median ratio lies. The baseline is what you divide by: below 1 it took less time, so it is faster. Then there are three answers:
#
# | interval of the ratio | verdict |
# | --- | --- |
# | all of it below $1 - w$ | faster |
# | all of it above $1 + w$ | slower |
# | anything else | can't tell |
#
# $w$ is what is *worth* having. With enough runs, an interval from 0.990 to 0.998 is sure of a difference that nobody wants; so say beforehand how much counts, here 1 %. By hand: intervals 0.91 to 0.97, 0.96 to 1.02 and 1.05 to 1.20 are "faster", "can't tell" and "slower".
#
# Dividing by the baseline's *median* throws the pairs away, and lets all drift back in. Runs that have no partner are a mistake of whoever measured: refuse them, and report both numbers.
#
# And there is a smallest number of pairs. If both are equal, then each pair is a coin. Heads three times in a row happens easily, and then all three ratios are below 1, and so is every median of them. Six equal coins in a row have a chance of $2 \cdot 0.5^6 = 3 \%$, the first that is below 5. So with fewer pairs the answer is always "can't tell".


# %%
#| export
FEWEST_PAIRS = 6  # fewer coins may all show the same side too easily: 2 * 0.5**5 is 6 %


# %% nbgrader={"grade_id": "verdict", "solution": true}
#| export
def verdict(times, baseline, worth=0.01, level=0.95):
    """Say whether runs were faster than those of a baseline, or that these runs can't tell.

    Args:
        times, baseline: equally many seconds; run number i of both was made side by side.
        worth: the smallest share that matters; a smaller difference is none.
        level: how sure to be.

    Returns:
        "faster" if the whole interval of the ratio times / baseline lies below 1 - worth, "slower" if it lies above
        1 + worth, else "can't tell"; with fewer than FEWEST_PAIRS pairs always "can't tell".

    Raises:
        ValueError: there are not as many times as in the baseline; the message tells both numbers.

    TODO: refuse; too few; the interval of the ratios; three answers.

    APPROACH:
    1. If the numbers of runs differ, raise a ValueError that shows both.
    2. With fewer than FEWEST_PAIRS pairs answer "can't tell".
    3. Divide run by run, and hand the ratios to your bootstrap_interval, with the level.
    4. Compare the bounds with 1 - worth and 1 + worth.

    EXAMPLE:
    >>> verdict([0.9, 1.8, 2.7, 3.6, 4.5, 5.4], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    'faster'

    HINT: "all of it below" is a question about the upper bound.
    """
    ### BEGIN SOLUTION
    if len(times) != len(baseline):
        raise ValueError(f"runs come in pairs, got {len(times)} and {len(baseline)}: measure both in one interleave")
    if len(times) < FEWEST_PAIRS:
        return "can't tell"
    low, high = bootstrap_interval([a / b for a, b in zip(times, baseline, strict=True)], level)
    if high < 1 - worth:
        return "faster"
    if low > 1 + worth:
        return "slower"
    return "can't tell"
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: verdict

# %% nbgrader={"grade_id": "test_verdict", "grade": true}
test = unit_test("verdict")


@test.check("a tenth less in each pair is faster, whatever the drift; a tenth more is slower", points=3)
def _():
    drifting = np.arange(1.0, 21.0)
    same(verdict(0.9 * drifting, drifting), "faster")
    same(verdict(1.1 * drifting, drifting), "slower")


@test.check("half a percent is not worth a word", points=2)
def _():
    same(verdict([0.995] * 20, [1.0] * 20), "can't tell")
    same(verdict([0.98] * 20, [1.0] * 20), "faster")


@test.check("five pairs can't tell; runs without a partner are refused", points=3)
def _():
    same(verdict([1.0] * 5, [2.0] * 5), "can't tell")
    raises(ValueError, verdict, [1.0] * 7, [2.0] * 9, says="7")
    raises(ValueError, verdict, [1.0] * 7, [2.0] * 9, says="9")


### BEGIN HIDDEN TESTS
@test.check("pairs that disagree can't tell, in any order", points=3, hidden=True)
def _():
    baseline = test.rng.uniform(1, 5, size=40)
    ratios = test.rng.permutation(np.repeat([0.8, 1.25], 20))
    same(verdict(baseline * ratios, baseline), "can't tell")
    same(verdict(baseline, baseline), "can't tell")
    noisy = test.rng.lognormal(sigma=0.02, size=40)
    same(verdict(0.7 * noisy * baseline, baseline), "faster")
    same(verdict(baseline, 0.7 * noisy * baseline), "slower")


@test.check("what is worth a word is as told, on both sides", points=3, hidden=True)
def _():
    drifting = np.arange(1.0, 31.0)
    same(verdict(0.985 * drifting, drifting), "faster")
    same(verdict(1.015 * drifting, drifting), "slower")
    for ratio, worth, expected in (
        (0.85, 0.1, "faster"),
        (0.85, 0.2, "can't tell"),
        (1.15, 0.1, "slower"),
        (1.15, 0.2, "can't tell"),
        (0.995, 0.0, "faster"),
        (1.005, 0.0, "slower"),
    ):
        same(verdict(ratio * drifting, drifting, worth=worth), expected)


@test.check("an interval that only touches the edge decides nothing", points=2, hidden=True)
def _():
    same(verdict([0.75] * 12, [1.0] * 12, worth=0.25), "can't tell")
    same(verdict([1.25] * 12, [1.0] * 12, worth=0.25), "can't tell")


@test.check("how sure to be is as told; six pairs are enough", points=2, hidden=True)
def _():
    ratios = test.rng.permutation([0.8] * 6 + [1.3] * 3)
    same(verdict(ratios, np.ones(9)), "can't tell")
    same(verdict(ratios, np.ones(9), level=0.5), "faster")
    same(verdict(1 / ratios, np.ones(9), level=0.5), "slower")
    same(verdict([0.5] * 6, [1.0] * 6), "faster")


@test.check("the runs are left alone", points=2, hidden=True)
def _():
    times, baseline = remote(test.rng.uniform(1, 2, size=8)), remote(test.rng.uniform(8, 9, size=8))
    with unchanged(times), unchanged(baseline):
        same(verdict(times, baseline), "faster")
        same(verdict(baseline, times), "slower")


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Put the verdict on trial. Two candidates take equally long, and each run is drawn with 10 % of noise; whoever says that they differ is wrong. A second rival is the rule of thumb that most people use: "more than 5 % between the medians is a difference". Then B really is 5 % faster: which of them finds it?


# %%
@functools.cache
def on_trial():
    """Return numbers of pairs, and for each rule how often (%) it claims a difference."""
    manual_seed(0)
    rng, counts, experiments = np.random.default_rng(0), (6, 10, 20, 40, 80), 200
    claims = {"verdict, no difference": [], "rule of thumb, no difference": [], "verdict, 5 % faster": []}
    for count in counts:
        a, b = rng.lognormal(sigma=0.1, size=(2, experiments, count))
        apart = np.median(a, axis=1) / np.median(b, axis=1)
        judged = [[verdict(factor * x, y) for x, y in zip(a, b, strict=True)] for factor in (1.0, 0.95)]
        claims["verdict, no difference"].append(100 * np.mean([word != "can't tell" for word in judged[0]]))
        claims["rule of thumb, no difference"].append(100 * (abs(apart - 1) > 0.05).mean())
        claims["verdict, 5 % faster"].append(100 * np.mean([word == "faster" for word in judged[1]]))
    return counts, claims


def three_runs(experiments=400):
    """Return how often (%) three pairs of equal candidates have an interval that leaves out 1."""
    rng = np.random.default_rng(0)
    bounds = [bootstrap_interval(np.divide(*rng.lognormal(sigma=0.1, size=(2, 3)))) for _ in range(experiments)]
    return 100 * np.mean([high < 1 or low > 1 for low, high in bounds])


counts, claims = on_trial()
for name, percent in claims.items():
    print(f"{name:>28}: " + ", ".join(f"{p:.0f} % of {n} pairs" for n, p in zip(counts, percent, strict=True)))
print(f"without the rule of six, three pairs would claim a difference in {three_runs():.0f} % where there is none")
viz.lines(
    counts,
    claims,
    "Who claims a difference?",
    xlabel="pairs",
    ylabel="% of 200 benchmarks",
    ylim=(0, 102),
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. The lowest line is the verdict on equal candidates: wrong claims are rare for any number of pairs. That is what the level promises.
# 2. The rule of thumb is wrong often with few pairs, and you can't see from its answer when.
# 3. The rising line is a true difference of 5 %, found more surely with each pair. Until then the verdict says "can't tell", which is right: the runs can't.
# 4. "Can't tell" isn't "equal". It becomes "as good as equal" only when the whole interval lies within $1 \pm w$.

# %% [markdown]
# > 💡 **Production Reality**: one chance in twenty is meant for *one* question. If you try 20 variants and report the best, you have asked 20; and if you look after each run and stop at the first "faster", you have asked many, too. That's how most false speed-ups come into the world, without any bad intent.
# > Decide beforehand how long to measure. With $m$ candidates ask for a level of $1 - 0.05/m$ (Bonferroni), or measure the winner again. Continuous benchmarks of compilers and browsers run thousands of such comparisons a day, and need it most.

# %% [markdown]
# **Predict, then run**: two equal candidates, up to 60 pairs. Somebody looks after every fifth pair, and stops as soon as the verdict isn't "can't tell". How often do they go home with a claim?


# %%
def peeking(experiments=150):
    """Return how often (%) equal candidates get a claim: by looking once at the end, and by looking on the way."""
    manual_seed(0)
    rng, at_the_end, on_the_way = np.random.default_rng(1), 0, 0
    for _ in range(experiments):
        a, b = rng.lognormal(sigma=0.1, size=(2, 60))
        words = [verdict(a[:count], b[:count]) for count in range(10, 61, 5)]
        at_the_end += words[-1] != "can't tell"
        on_the_way += any(word != "can't tell" for word in words)
    return 100 * at_the_end / experiments, 100 * on_the_way / experiments


print("once at the end: {:.0f} %; looking on the way: {:.0f} %".format(*peeking()))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Several times as often as by looking once. Each look is another chance to be fooled, and they only ever stop when they are. Looking is allowed; stopping *because* of what you see is not.
# </details>

# %% [markdown]
# ### The benchmark that holds (given)
#
# All of it together: `benchmark` runs candidates in turn, and gives a row for each. And since a time means nothing without its machine, `describe_machine` collects what a reader must know: a paper that reports times without processor, threads and versions can't be repeated.


# %%
#| export
def benchmark(candidates, baseline, rounds=20, worth=0.01, clock=time.perf_counter):
    """Measure candidates in turn, and judge each against the baseline (one of their names).

    Returns:
        A dict for each candidate: "name", what summary gives, and "verdict" ("baseline" for the baseline itself).
    """
    if baseline not in candidates:
        raise ValueError(f"the baseline {baseline!r} is none of the candidates: take one of {list(candidates)}")
    times = interleave(candidates, rounds, clock)
    words = {
        name: "baseline" if name == baseline else verdict(seconds, times[baseline], worth)
        for name, seconds in times.items()
    }
    return [{"name": name, **summary(seconds), "verdict": words[name]} for name, seconds in times.items()]


def as_table(rows):
    """Write the rows of benchmark as text, times in milliseconds."""
    lines = [f"{'':>16} {'runs':>5} {'median':>9} {'p90':>9} {'p99':>9}  verdict"]
    for row in rows:
        times = " ".join(f"{1000 * row[key]:>6.3f} ms" for key in ("median", "p90", "p99"))
        lines.append(f"{row['name']:>16} {row['runs']:>5} {times}  {row['verdict']}")
    return "\n".join(lines)


def describe_machine():
    """Collect what a reader of your times must know: a dict of processor, how many may be used, threads, versions."""
    facts = Path("/proc/cpuinfo")  # Linux has it
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "processors to use": usable,
        "threads of a product": os.environ.get("OPENBLAS_NUM_THREADS", "not set"),
        "busy with (mean of a minute)": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else "unknown",
        "system": platform.system(),
        "Python": platform.python_version(),
        "numpy": np.__version__,
    }


# %% [markdown]
# Four nets for digits, on the same 512 images: one with 128 hidden units and ReLU, *the same net again* under another name, one with GELU, and one with 96 units, which has a quarter fewer multiplications. The second is the most important row of all: a benchmark that finds a difference between a thing and itself is broken.


# %%
def net(hidden, activation=ReLU):
    """Build a net for digits, from the same seed each time."""
    manual_seed(0)
    return Sequential(Linear(64, hidden), activation(), Linear(hidden, 10))


def forward_of(model, images):
    """Return a function without arguments that runs the model on these images."""

    def run():
        with no_grad():
            model(images)

    return run


def four_nets():
    """Return the candidates: name -> a function to run."""
    images = Tensor(Digits(train=False).arrays()[0][:512].reshape(512, -1))
    wide = net(128)
    models = {"128 units": wide, "the same again": wide, "with GELU": net(128, GELU), "96 units": net(96)}
    return {name: forward_of(model, images) for name, model in models.items()}


@functools.cache
def measured_nets():
    """Measure the four nets in turn, 40 rounds, once."""
    return interleave(four_nets(), 40)


for what, value in describe_machine().items():
    print(f"{what}: {value}")
print(as_table(benchmark(four_nets(), "128 units", rounds=40)))


# %%
def evidence(times, baseline, counts=(6, 8, 12, 16, 24, 32, 48, 64, 80)):
    """Return for the first so many pairs the interval of the ratio, and the verdict."""
    ratios = np.divide(times, baseline)
    return {count: (*bootstrap_interval(ratios[:count]), verdict(times[:count], baseline[:count])) for count in counts}


manual_seed(0)
nets = measured_nets()
viz.EvidenceByRuns(
    {"96 units": nets["96 units"], "128 units": nets["128 units"]},
    evidence(nets["96 units"], nets["128 units"]),
    "A quarter fewer multiplications",
)

# %% [markdown]
# **What's happening**
# 1. On the left are the runs (the slowest may lie above the frame, and are counted), on the right the interval of the ratio of each pair, after more and more pairs. The slider (the arrow keys move it, too) takes you through them, and the line says in words what the pairs show so far.
# 2. The interval gets narrower, and its position wavers less. The dashed line is "equally fast".
# 3. Whether your machine finds the narrower net faster, and by how much, is open: a quarter fewer multiplications are not a quarter less time, since a call's own cost stays, and some sizes fit a processor better than others.
# 4. If it still says "can't tell" at the end, then that is the result, and it can be reported as one: "a difference of more than so many percent would have been seen".

# %%
manual_seed(0)
nets = measured_nets()
print(
    "the same again, after 80 pairs: {:.3f} to {:.3f}, {}".format(
        *evidence(nets["the same again"], nets["128 units"])[80]
    )
)
viz.EvidenceByRuns(
    {"with GELU": nets["with GELU"], "128 units": nets["128 units"]},
    evidence(nets["with GELU"], nets["128 units"]),
    "GELU instead of ReLU",
)

# %% [markdown]
# **What's happening**
# 1. GELU computes an error function for each hidden number, ReLU only compares with 0: the difference is so large that few pairs see it.
# 2. Further pairs change nothing about the verdict; they only say more exactly how much slower.
# 3. The printed line is the net against itself. Its interval should contain 1; the trial above says how often a verdict would still accuse it.

# %% [markdown]
# ### Find the fault
#
# Which is the faster way to sort 20,000 losses: `sorted(losses)`, which makes a new list, or `losses.sort()`, which sorts the list itself? Somebody built a benchmark with your own functions: the same input for both, in turn, the first runs not counted. It looks right, it is quiet, and its times are far too short for both. Find out why: look at `losses` before
# and after, and measure a single cold run.


# %%
def sorting_benchmark():
    """Compare two ways of sorting. Something is wrong with it."""
    losses = np.random.default_rng(0).normal(size=20_000).tolist()
    return benchmark(
        {"sorted(losses)": lambda: sorted(losses), "losses.sort()": losses.sort}, "sorted(losses)", rounds=10
    )


# %%
print(as_table(sorting_benchmark()))
# losses = np.random.default_rng(0).normal(size=20_000).tolist()
# print(seconds_of(lambda: sorted(losses), 3))

# %% [markdown]
# <details><summary>The fault</summary>
#
# `losses.sort()` changes what the next run gets. After the first run, which isn't even counted, the list *is* sorted, and from then on both candidates sort a sorted list. Python's sort notices that in one pass. So it's a benchmark of another input (the fourth lie), and the warm-up hides it. Give each run a copy of its own, `lambda: losses.copy().sort()`, for both candidates
# alike. The rule: a run must leave the world as it found it. Steps of an optimizer, gradients that were clipped already, and caches by text (module 10) are the usual places.
# </details>


# %%
def in_milliseconds(*ways, losses):
    """Say what the median of 20 runs of each way takes."""
    return [f"{1000 * np.median(seconds_of(lambda way=way: way(losses), 20)):.2f} ms" for way in ways]


shuffled = np.random.default_rng(0).normal(size=20_000).tolist()
print("sorting a list that is in disorder:", *in_milliseconds(sorted, losses=shuffled))
print("sorting a list that is sorted:     ", *in_milliseconds(sorted, losses=sorted(shuffled)))

# %% [markdown]
# ## Part 5: What is worth having
#
# Time is not everything. A model has an error, a size, a time, and the smallest is never the best. Which of six models should you take? That depends on what you need. But some of them *nobody* should take. By hand, with size in kilobytes and error in percent, smaller is better in both:
#
# | model | size | error |
# | --- | --- | --- |
# | a | 10 | 8 |
# | b | 20 | 5 |
# | c | 30 | 6 |
# | d | 20 | 7 |
#
# c is larger than b *and* wrong more often: b beats it. d is as large as b and wrong more often: b beats it, too. It needn't be better in everything: no worse anywhere, and better somewhere, is enough. a and b don't beat each other: a is smaller, b is right more often. What nobody beats is called the **Pareto front**, here a and b, after Vilfredo Pareto, an engineer of Italian railways who became an economist.
#
# "Better somewhere" is needed: with "no worse anywhere" alone two equal entries would throw each other out, and each entry itself.
#
# This exercise has no list of steps. Write down first when one entry beats another.


# %% nbgrader={"grade_id": "pareto_front", "solution": true}
#| export
def pareto_front(costs):
    """Name the entries that no other entry beats.

    Args:
        costs: name -> its costs, equally many numbers for each; smaller is better in each.

    Returns:
        A list of names, in the order of costs. Equal entries stay or go together.

    TODO: an entry stays unless some other one is no worse in any cost and better in at least one.

    EXAMPLE:
    >>> pareto_front({"a": (10, 8), "b": (20, 5), "c": (30, 6), "d": (20, 7)})
    ['a', 'b']

    HINT: `all(...)` and `any(...)` over pairs of numbers.
    """

    ### BEGIN SOLUTION
    def beats(one, other):
        pairs = list(zip(one, other, strict=True))
        return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)

    return [name for name, cost in costs.items() if not any(beats(other, cost) for other in costs.values())]
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: pareto_front

# %% nbgrader={"grade_id": "test_pareto_front", "grade": true}
test = unit_test("pareto_front")


@test.check("four models, by hand", points=3)
def _():
    same(pareto_front({"a": (10, 8), "b": (20, 5), "c": (30, 6), "d": (20, 7)}), ["a", "b"])


@test.check("equal entries stay together", points=2)
def _():
    same(pareto_front({"x": (1, 2), "y": (3, 3), "z": (1, 2)}), ["x", "z"])


### BEGIN HIDDEN TESTS
@test.check("any number of entries and costs", points=5, hidden=True)
def _():
    for count, kinds in ((1, 2), (12, 1), (30, 2), (40, 3)):
        table = test.rng.integers(0, 6, size=(count, kinds))
        no_worse = (table[:, None] <= table).all(axis=2)
        better = (table[:, None] < table).any(axis=2)
        beaten = (no_worse & better).any(axis=0)
        names = [f"model {i}" for i in range(count)]
        found = pareto_front({name: tuple(row.tolist()) for name, row in zip(names, table, strict=True)})
        same(found, [name for name, lost in zip(names, beaten, strict=True) if not lost])


@test.check("one is enough to beat many, and a trade-off beats nobody", points=3, hidden=True)
def _():
    best = {"last": (0.5, 0.5, 0.5)}
    same(pareto_front({f"m{i}": (1.0, 0.5, 0.5 + i) for i in range(4)} | best), ["last"])
    same(pareto_front({f"m{i}": (i, 4 - i) for i in range(5)}), [f"m{i}" for i in range(5)])


@test.check("no entry at all has an empty front; the order is that of the entries", points=2, hidden=True)
def _():
    same(pareto_front({}), [])
    same(pareto_front({"z": (3.0, 1.0), "b": (1.0, 3.0), "m": (2.0, 2.0)}), ["z", "b", "m"])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Eight nets for digits, trained by your own Adam for the same number of steps. What they cost: kilobytes of weights, and percent of the test digits that they get wrong.


# %%
SHAPES = {
    "4 units": (64, 4, 10),
    "8 units": (64, 8, 10),
    "16 units": (64, 16, 10),
    "32 units": (64, 32, 10),
    "64 units": (64, 64, 10),
    "128 units": (64, 128, 10),
    "16+16+16": (64, 16, 16, 16, 10),
    "48+8": (64, 48, 8, 10),
}


def net_of(sizes):
    """Build a net with ReLU between its layers."""
    manual_seed(0)
    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [Linear(fan_in, fan_out), ReLU()]
    return Sequential(*layers[:-1])


def trained(sizes, steps=500):
    """Train a net on digits with Adam."""
    images, labels = Digits(train=True).arrays()
    model, rng = net_of(sizes), np.random.default_rng(0)
    optimizer = Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        rows = rng.integers(0, len(images), size=64)
        optimizer.zero_grad()
        cross_entropy(model(Tensor(images[rows].reshape(64, -1))), Tensor(labels[rows])).backward()
        optimizer.step()
    return model


@functools.cache
def trained_nets():
    """Train all shapes once: name -> model."""
    return {name: trained(sizes) for name, sizes in SHAPES.items()}


def wrong_percent(model):
    """Measure the share of test digits that a model gets wrong, in percent."""
    images, labels = Digits(train=False).arrays()
    with no_grad():
        return 100 * float((model(Tensor(images.reshape(-1, 64))).data.argmax(axis=1) != labels).mean())


def kilobytes(model):
    """Add up the bytes of all weights, in thousands."""
    return sum(parameter.data.nbytes for parameter in model.parameters()) / 1000


digit_nets = trained_nets()
costs = {name: (kilobytes(model), wrong_percent(model)) for name, model in digit_nets.items()}
front = pareto_front(costs)
for name, (size, wrong) in costs.items():
    print(f"{name:>9}: {size:5.1f} kB, {wrong:5.2f} % wrong{'' if name in front else '   beaten'}")
viz.trade_off(costs, front, "Which net would you take?", xlabel="weights (kB)", ylabel="wrong on test digits (%)")

# %% [markdown]
# **What's happening**
# 1. Filled dots are on the front: whoever wants a smaller one must accept more errors. Crosses are beaten: some other net is no worse in both.
# 2. The staircase is the border. Below and to the left of it there is no net, yet. Modules 17 and 18 move it.
# 3. The first kilobytes buy many percent, the last ones next to nothing: the front has a knee, and most people should choose near it.
# 4. A front is no verdict. With 1,797 test digits, 0.1 % are two digits, and another seed would put neighbours in another order: what differs by less than the noise shouldn't push each other off the front.

# %% [markdown]
# **Predict, then run**: the third cost is time. Can an entry fall off the front when one more cost is added? Can one join it? First think, then look at the times that your machine adds.


# %%
images = Tensor(Digits(train=False).arrays()[0][:64].reshape(64, -1))
times = interleave({name: forward_of(model, images) for name, model in trained_nets().items()}, 20)
three = {name: (*costs[name], 1000 * summary(seconds)["median"]) for name, seconds in times.items()}
print("two costs: ", pareto_front(costs))
print("three costs:", pareto_front(three))
for name, (_, _, milliseconds) in three.items():
    print(f"{name:>9}: {milliseconds:.3f} ms")

# %% [markdown]
# <details><summary>Answer</summary>
#
# None falls off, up to ties: to be beaten it must now be no better in three things instead of two. (If two entries are equal in all costs so far, the new one can decide between them.) Many may come onto it. With enough costs everything is on the front, and it says nothing: choose a few that matter. And a front by *measured* times changes from run to run, where times lie within each other's
# intervals; round to what you can tell.
# </details>

# %% [markdown]
# ### On your own: a layer with a stopwatch
#
# Not graded, and without a test: write a class `Timed(Module)` that wraps a layer. `__init__(self, layer)` keeps it and starts an empty list `times`; `forward(x)` calls the layer, appends what the call took, and returns the result. Six lines. The next cell puts one around each layer of a net and shows where the time goes.

# %%
# class Timed(Module):


# %%
if "Timed" in globals():
    watched = Sequential(*[Timed(layer) for layer in net_of((64, 512, 512, 10))])  # noqa: F821
    images = Tensor(Digits(train=False).arrays()[0][:64].reshape(64, -1))
    for _ in range(50):
        forward_of(watched, images)()
    for number, layer in enumerate(watched):
        milliseconds = {name: round(1000 * value, 3) for name, value in summary(layer.times).items() if name != "runs"}
        print(number, milliseconds)

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class Timed(Module):
#     def __init__(self, layer):
#         self.layer, self.times = layer, []
#
#     def forward(self, x):
#         start = time.perf_counter()
#         out = self.layer(x)
#         self.times.append(time.perf_counter() - start)
#         return out
# ```
#
# Its parameters are found as before, since it is a Module with a Module inside: a watched net can be trained. PyTorch's forward hooks do the same without a wrapper.
# </details>

# %% [markdown]
# ## Systems Analysis
#
# How small may a piece of work be, so that a clock can still time it? **Predict**: what does reading the clock itself take, and from which size on are two runs of your ReLU within 10 % of each other?


# %%
def clock_steps(count=5000):
    """Read the clock again and again; return the seconds between readings that follow each other."""
    readings = [time.perf_counter() for _ in range(count)]
    return np.diff(readings)


relu, sizes = ReLU(), [10, 100, 1_000, 10_000, 100_000, 1_000_000]
steps = summary(clock_steps())
print(f"reading the clock: {1e9 * steps['median']:.0f} ns in the middle, p99 {1e9 * steps['p99']:.0f} ns")
medians, tails = [], []
for size in sizes:
    run = forward_of(relu, Tensor(np.random.default_rng(0).normal(size=size).astype("float32")))
    seconds_of(run, 3)
    told = summary(seconds_of(run, 300))
    medians.append(1e6 * told["median"])
    tails.append(100 * (told["p90"] / told["median"] - 1))
    share = 100 * steps["median"] / told["median"]
    print(
        f"ReLU of {size:>9,}: {medians[-1]:8.1f} µs; the clock's own share {share:6.3f} %; p90 is {tails[-1]:5.1f} % above"
    )
viz.lines(sizes, {"one call": medians}, "Your ReLU by size", xlabel="numbers", ylabel="µs", log="xy", markers=True)

# %% [markdown]
# **What's happening**
# 1. Reading the clock takes a few tens of nanoseconds (printed above). If the work is not much longer than that, you time the clock: so repeat it inside, a thousand times between two readings, and divide.
# 2. On the left the line is flat: ten numbers take as long as a thousand, since what is timed there is a call in Python, not arithmetic. Small benchmarks measure the framework.
# 3. On the right it rises with the size: arithmetic and memory.
# 4. The tail shows how many runs you'll need. The longer a run is, the more often something comes in between; on a busy machine you see that in the last rows.

# %% [markdown]
# And how many runs does your machine need? The law of Part 2 was found with drawn noise. Here are 640 pairs of the same layer against itself, for real: the width of the interval of their ratio, for more and more pairs.


# %%
@functools.cache
def against_itself():
    """Measure one net against itself, 640 pairs; return the ratios."""
    images = Tensor(Digits(train=False).arrays()[0][:64].reshape(64, -1))
    run = forward_of(net(128), images)
    times = interleave({"one": run, "the same": run}, 320)
    return np.divide(times["one"], times["the same"])


ratios, counts, widths = against_itself(), [10, 20, 40, 80, 160, 320, 640], []
for count in counts:
    low, high = bootstrap_interval(ratios[:count])
    widths.append(100 * (high - low))
    print(f"{count:>4} pairs: {low:.4f} to {high:.4f}, {widths[-1]:.2f} % wide")
slope = np.polyfit(np.log(counts), np.log(widths), 1)[0]
enough = counts[-1] * (widths[-1] / 1.0) ** 2
print(
    f"the width falls with the pairs to the power {slope:.2f}; by the square root's law {enough:,.0f} pairs make it 1 % wide"
)
viz.lines(
    counts,
    {"your machine": widths, "1/sqrt(pairs)": [widths[-1] * (counts[-1] / count) ** 0.5 for count in counts]},
    "How many pairs?",
    xlabel="pairs",
    ylabel="width of the interval (%)",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. The intervals lie around 1, as they must: it's the same net.
# 2. The width falls about as the square root says, sometimes faster or slower: real runs aren't independent, since a neighbour stays for many of them.
# 3. The last printed number is your budget: to see a difference of 1 % you need an interval of about that width.
# 4. Pairs make this possible on a busy machine at all. The same runs, divided by their median instead of their partner, would waver with every neighbour.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# Two nets, one of them with three times the work, on a clock that counts work instead of time; and the five lies, told to functions that don't fall for them.

# %%
for title, lie in LIES.items():
    true(lie()[1]["A"] > 1.02 * lie()[1]["B"], f"the benchmark called {title} claims a difference that isn't there")
manual_seed(0)
honest = fixtures.scripted_machine(TRUTH, cold=0.015, drift=0.01, noise=[*NOISE[:39], 16.0])
times = interleave(honest.candidates, 20, honest.clock)
same(verdict(times["B"], times["A"]), "can't tell")
better = fixtures.scripted_machine({"A": 0.010, "B": 0.009}, cold=0.015, drift=0.01, noise=[*NOISE[:39], 16.0])
rows = benchmark(better.candidates, "A", rounds=20, clock=better.clock)
same([row["verdict"] for row in rows], ["baseline", "faster"])
same([row["runs"] for row in rows], [40, 40])
raises(ValueError, benchmark, better.candidates, "C", says="'C'")
true("faster" in as_table(rows), "the table has the verdict")
close(pareto_front({row["name"]: (row["median"], row["p90"]) for row in rows}) == ["B"], True)

count = {"calls": 0}


class Counted(Module):
    """A layer that counts its calls: a clock of work."""

    def __init__(self):
        self.layer = Linear(4, 4)

    def forward(self, x):
        count["calls"] += 1
        return self.layer(x)


deep, flat, x = (
    Sequential(Counted(), Counted(), Counted()),
    Sequential(Counted()),
    Tensor(np.ones((2, 4), dtype="float32")),
)
work = interleave({"deep": lambda: deep(x), "flat": lambda: flat(x)}, 3, clock=lambda: count["calls"])
same(work, {"deep": [3] * 6, "flat": [1] * 6})
same(verdict(work["deep"], work["flat"]), "slower")
true(all(describe_machine().values()), "the machine is described")
print("two equal functions stay equal, and a faster one is found")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what may you claim?
#
# Cite your interval of "96 units" against "128 units" after 6 and after 80 pairs, and your verdict. Write one sentence that you could defend in a report. By which factor did the interval shrink, and what does the law of the square root say? How many pairs would you need to see half a percent? Why may you not go on measuring just until the verdict is "faster"?
#
# Rubric (5 points): 0, no measured numbers; half, both intervals and a sentence that claims no more than they hold; full, also the factor beside the root of 80 / 6 (about 3.7), an estimate of the pairs that follows from the measured width, and that each look is another chance to be fooled.

# %% [markdown] nbgrader={"grade_id": "checkpoint_claim", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# On a machine that others kept busy I had 0.39 to 1.48 after 6 pairs, and 0.89 to 1.12 after 80: "can't tell". I'd write: for a forward pass of 512 images we could not tell 96 units from 128; more than 12 % either way would have been seen (95 % interval, 80 pairs in turn, one thread, machine as listed). The width
# fell from 1.09 to 0.23, by 4.8; the law says 3.7, and an interval of six pairs varies a lot. To see 0.5 % the width must be about 0.005, 46 times smaller, so 46 squared times as many pairs, about 170,000: better to wait for a quiet machine. If I stop as soon as I like the verdict, I give chance
# a new try at every look: for equal candidates I saw several times as many wrong claims that way.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# These lines say in short what a timer of `torch.utils.benchmark` does when it's asked to measure until it is confident. Which of your functions is nearest to line b, and which to line c? What does `number` do that yours doesn't, and when is it needed? Line c compares the *spread* of the runs (from the first to the third quartile) with a threshold. How does that differ from your interval,
# when you measure longer? Which of the five lies is still possible if one such timer runs for A, and then one for B?
#
# ```python
# def mystery(timer, threshold=0.1, max_run_time=10.0):
#     number = timer.block_size()                          # a: so many calls take 50 ms
#     times = []
#     while sum(times) * number < max_run_time:
#         times.append(timer.run(number) / number)
#         q1, median, q3 = torch.quantile(torch.tensor(times), torch.tensor([0.25, 0.5, 0.75]))   # b
#         if len(times) > 3 and (q3 - q1) / median < threshold:                                   # c
#             break
#     return median
# ```
#
# Rubric (5 points): 0, not recognised; half, b is summary, c stands where verdict and bootstrap_interval stand, and `number` repeats inside because of the clock; full, also that the spread doesn't shrink with more runs (so it asks whether the machine is quiet, not whether the median is sure), and that drift between A and B remains.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# b is summary, with quartiles instead of the tail. c is what bootstrap_interval is for here: is it sure enough? number puts many calls between two readings of the clock, which is needed if a call takes less than a few microseconds; interleave reads the clock for each call. The spread says how far runs lie apart, and stays
# the same however long you measure, so on a noisy machine c never comes true, and on a quiet one after four runs. An interval shrinks with the root of the runs. One timer after the other is A A A B B B: whatever drifts between them is taken for a difference.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - Five lies: cold, mean, one run, another input, drift. The runs as dots show most of them.
# - Report the median and the tail. The mean belongs to the one bad run.
# - An interval says how sure a median is: draw from the runs, putting each back. Four times the runs halve it.
# - There and back cancels a steady drift, and gives pairs whose ratio forgets what hit both.
# - "Can't tell" is an answer. Say beforehand what is worth having, and how long you'll measure.
# - The front is what nobody beats. It chooses nothing; it shows what there is to choose from.
#
# **Next**: module 20, the olympics: your models, under rules, with everything that you've learnt about making them small and fast, and with this module as the judge.
