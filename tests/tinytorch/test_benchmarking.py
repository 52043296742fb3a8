"""Module 19: PyTorch's quantiles, intervals as reliable as they claim, orders that cancel drift, tested verdicts."""

import math
import statistics
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.examples import examples
from tinytorch import profiling
from tinytorch.core import benchmarking as core
from tinytorch.testing.fixtures import scripted_machine

SEEDS = st.integers(0, 2**32 - 1)
some = settings(deadline=None, max_examples=examples(25))


def drawn_times(seed, n):
    """Draw times of every size, from microseconds to a quarter of an hour, in seconds."""
    return (10 ** np.random.default_rng(seed).uniform(-6, 3, size=n)).tolist()


@pytest.fixture(scope="module")
def torch():
    import torch
    import torch.utils.benchmark

    return torch


@pytest.mark.torch
@some
@given(seed=SEEDS, n=st.integers(1, 60))
def test_summaries_are_pytorchs_quantiles(torch, seed, n):
    times = drawn_times(seed, n)
    found = core.summary(times)
    shares = torch.tensor([0.5, 0.9, 0.99], dtype=torch.float64)
    expected = torch.quantile(torch.tensor(times, dtype=torch.float64), shares)
    np.testing.assert_allclose([found["median"], found["p90"], found["p99"]], expected, rtol=1e-12)
    task = torch.utils.benchmark.utils.common.TaskSpec("run()", "pass")
    np.testing.assert_allclose(found["median"], torch.utils.benchmark.Measurement(1, times, task).median, rtol=1e-12)


def test_summaries_are_the_quantiles_that_pytorch_gave():
    found = core.summary([0.010, 0.050, 0.012, 0.011, 0.013, 0.020])
    assert found["runs"] == 6
    np.testing.assert_allclose([found["median"], found["p90"], found["p99"]], [0.0125, 0.035, 0.0485], rtol=1e-12)


@some
@given(seed=SEEDS, n=st.integers(3, 60), worst=st.floats(1e3, 1e9))
def test_one_disturbed_run_leaves_the_median_alone(seed, n, worst):
    ordered = sorted(drawn_times(seed, n))
    assert core.summary([worst, *ordered[:-1]])["median"] == core.summary(ordered)["median"]


def test_what_is_too_little_is_refused():
    with pytest.raises(ValueError, match="measure at least once"):
        core.summary([])
    with pytest.raises(ValueError, match="at least two runs, got 1"):
        core.bootstrap_interval([1.0])
    with pytest.raises(ValueError, match="got 7 and 9"):
        core.verdict([1.0] * 7, [1.0] * 9)
    with pytest.raises(ValueError, match=r"the baseline 'c' is none of the candidates: take one of \['a', 'b'\]"):
        core.benchmark({"a": list, "b": list}, "c")


@some
@given(seed=SEEDS, n=st.integers(2, 60), level=st.floats(0.5, 0.99), scale=st.floats(1e-6, 1e3))
def test_an_interval_lies_among_the_runs_and_is_repeated_by_the_seed(seed, n, level, scale):
    times = scale * np.random.default_rng(seed).lognormal(size=n)
    tinytorch.manual_seed(seed)
    low, high = core.bootstrap_interval(times, level)
    assert times.min() <= low <= high <= times.max()
    tinytorch.manual_seed(seed)
    assert core.bootstrap_interval(times.tolist(), level) == (low, high)


def test_an_interval_stands_where_the_exact_chances_of_drawn_medians_put_it():
    """A drawn median is at most the k-th smallest of n (odd) runs if most draws are among the k smallest."""
    n, times = 41, np.arange(41.0)
    chances = [
        sum(math.comb(n, j) * (k / n) ** j * (1 - k / n) ** (n - j) for j in range((n + 1) // 2, n + 1))
        for k in range(1, n + 1)
    ]
    tinytorch.manual_seed(0)
    for level in (0.5, 0.9, 0.95):
        low, high = core.bootstrap_interval(times, level, resamples=20_000)
        for bound, share in ((low, (1 - level) / 2), (high, (1 + level) / 2)):
            assert abs(bound - np.searchsorted(chances, share)) <= 1


def test_intervals_hold_the_true_median_as_often_as_they_say():
    tinytorch.manual_seed(0)
    rng, held = np.random.default_rng(0), 0
    for _ in range(300):
        low, high = core.bootstrap_interval(rng.lognormal(sigma=0.2, size=25), level=0.9, resamples=300)
        held += low <= 1 <= high
    assert 0.84 < held / 300 < 0.96


@some
@given(seed=SEEDS, count=st.integers(1, 5), rounds=st.integers(1, 6), drift=st.floats(0, 1))
def test_there_and_back_deals_a_steady_drift_equally(seed, count, rounds, drift):
    costs = np.random.default_rng(seed).uniform(0.5, 2, size=count).tolist()
    names = [str(i) for i in range(count)]
    machine = scripted_machine(dict(zip(names, costs, strict=True)), cold=100.0, drift=drift)
    times = core.interleave(machine.candidates, rounds, machine.clock)
    assert machine.ran == names + rounds * (names + names[::-1])
    mean_place = len(names) + rounds * len(names) - 0.5
    for name, cost in zip(names, costs, strict=True):
        assert len(times[name]) == 2 * rounds
        np.testing.assert_allclose(statistics.mean(times[name]), cost * (1 + drift * mean_place), rtol=1e-9)


def test_an_error_of_a_candidate_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        core.interleave({"fine": list, "broken": lambda: 1 / 0}, 2)


def test_verdicts_on_equals_are_rarely_wrong_and_true_differences_are_found():
    tinytorch.manual_seed(0)
    rng, wrong, found = np.random.default_rng(0), 0, 0
    for _ in range(200):
        a, b = rng.lognormal(sigma=0.1, size=(2, 30))
        wrong += core.verdict(a, b) != "can't tell"
        found += core.verdict(0.8 * a, b) == "faster"
    assert wrong <= 14 and found >= 195  # 5 % of 200 are 10


@some
@given(seed=SEEDS, n=st.integers(6, 40), ratio=st.sampled_from([0.5, 0.9, 0.995, 1.0, 1.005, 1.1, 2.0]))
def test_what_slows_both_down_changes_no_verdict(seed, n, ratio):
    rng = np.random.default_rng(seed)
    baseline = rng.lognormal(sigma=2.0, size=n)
    expected = "faster" if ratio < 0.99 else "slower" if ratio > 1.01 else "can't tell"
    assert core.verdict(ratio * baseline, baseline) == expected
    assert core.verdict(ratio * baseline[:5], baseline[:5]) == "can't tell"


@some
@given(seed=SEEDS, entries=st.integers(0, 20))
def test_nobody_beats_the_front_and_somebody_of_it_beats_each_other_entry(seed, entries):
    table = np.random.default_rng(seed).integers(0, 5, size=(entries, 3))
    costs = {f"m{i}": tuple(row) for i, row in enumerate(table.tolist())}
    front = core.pareto_front(costs)
    assert front == [name for name in costs if name in front]

    def beats(a, b):
        return a != b and all(x <= y for x, y in zip(a, b, strict=True))

    assert not any(beats(costs[a], costs[b]) or beats(costs[b], costs[a]) for a, b in combinations(front, 2))
    for name in costs.keys() - set(front):
        assert any(beats(costs[best], costs[name]) for best in front)


def test_a_real_clock_sees_work_and_none_where_there_is_none():
    def work(n):
        return lambda: sum(range(n))

    tinytorch.manual_seed(0)
    rows = core.benchmark({"much": work(40_000), "little": work(2_000)}, "much", rounds=15)
    assert [(row["name"], row["runs"], row["verdict"]) for row in rows] == [
        ("much", 30, "baseline"),
        ("little", 30, "faster"),
    ]
    table = core.as_table(rows).splitlines()
    assert len(table) == 3 and table[2].endswith("faster") and f"{1000 * rows[1]['median']:.3f} ms" in table[2]


def test_the_machine_is_told_without_its_name_or_its_user(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    told = core.describe_machine()
    assert told["threads of a product"] == "3" and told["numpy"] == np.__version__ and told["processors to use"] >= 1
    assert set(told) == {
        "processor",
        "processors to use",
        "threads of a product",
        "busy with (mean of a minute)",
        "system",
        "Python",
        "numpy",
    }


def test_users_find_the_functions_in_profiling():
    for name in (
        "summary",
        "bootstrap_interval",
        "interleave",
        "verdict",
        "pareto_front",
        "benchmark",
        "describe_machine",
    ):
        assert getattr(profiling, name) is getattr(core, name)
        assert name in dir(profiling)
