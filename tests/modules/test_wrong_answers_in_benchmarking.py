"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 19."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

PICKS = "picks = generator().integers(0, len(times), size=(resamples, len(times)))"
RATIOS = "a / b for a, b in zip(times, baseline, strict=True)"
TURNS = "rounds * (order + order[::-1])"
WARM_UP = "for run in candidates.values():\n        run()\n"

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("summary", "tells the mean", "float(median)", "float(np.mean(times))", "'median'"),
    ("summary", "sorts in place", "median, p90, p99 =", "times.sort(); median, p90, p99 =", "modified"),
    ("summary", "cuts places off", "[0.5, 0.9, 0.99])", "[0.5, 0.9, 0.99], method='lower')", "'p90'"),
    ("summary", "tells milliseconds", "float(median)", "1000 * float(median)", "'median'"),
    ("summary", "swaps the tail", "median, p90, p99", "median, p99, p90", "'p90'"),
    ("summary", "sums up nothing", "if len(times) == 0:", "if False:", "IndexError"),
    ("bootstrap_interval", "draws without putting back", PICKS,
     "picks = generator().permuted(np.tile(np.arange(len(times)), (resamples, 1)), axis=1)", "(11.0, 11.0)"),
    ("bootstrap_interval", "takes quantiles of the runs", "np.quantile(medians", "np.quantile(times", "10.05"),
    ("bootstrap_interval", "leaves out twice as much", "(1 - level) / 2", "1 - level", "differ"),
    ("bootstrap_interval", "draws two", "size=(resamples, len(times))", "size=(resamples, 2)", "differ"),
    ("bootstrap_interval", "is sure of one run", "if len(times) < 2:", "if False:", "(10.0, 10.0)"),
    ("bootstrap_interval", "takes means", "np.median(", "np.mean(", "came back"),
    ("bootstrap_interval", "swaps the bounds", "float(low), float(high)", "float(high), float(low)", "15.0"),
    ("bootstrap_interval", "is not repeatable", "generator()", "np.random.default_rng()", "differ"),
    ("bootstrap_interval", "has its own level", "(1 - level) / 2", "0.025", "differ"),
    ("interleave", "takes turns one way", TURNS, "rounds * (order + order)", "'ABABABABAB'"),
    ("interleave", "runs one after the other", TURNS, "sorted(2 * rounds * order)", "'ABAAAABBBB'"),
    ("interleave", "measures cold", WARM_UP, "pass\n", "9.0"),
    ("interleave", "goes there only", TURNS, "rounds * order", "were expected"),
    ("interleave", "reads its own clock", "start = clock()", "start = time.perf_counter()", "rounding"),
    ("interleave", "gives moments", "clock() - start", "clock()", "values differ"),
    ("verdict", "throws pairs away", RATIOS, "a / np.median(baseline) for a in times", "can't tell"),
    ("verdict", "divides the wrong way", "a / b for", "b / a for", "slower"),
    ("verdict", "wants the last bit", "if high < 1 - worth:", "if high < 1:", "faster"),
    ("verdict", "trusts five pairs", "if len(times) < FEWEST_PAIRS:", "if False:", "faster"),
    ("verdict", "takes what has no partner", "if len(times) != len(baseline):", "if False:", "does not say"),
    ("verdict", "looks at the wrong bounds", "if high < 1 - worth:", "if low < 1 - worth:", "faster"),
    ("verdict", "has its own level", ", level)", ")", "can't tell"),
    ("verdict", "always decides", 'return "slower"\n    return "can\'t tell"', 'return "slower"\n    return "faster"',
     "faster"),
    ("pareto_front", "throws equal ones out", " and any(x < y for x, y in pairs)", "", "[]"),
    ("pareto_front", "wants better in everything", "all(x <= y for", "all(x < y for", "3 items"),
    ("pareto_front", "wants better in something", "all(x <= y for x, y in pairs) and ", "", "items came back"),
    ("pareto_front", "takes larger for better", "x <= y for x, y in pairs) and any(x < y",
     "x >= y for x, y in pairs) and any(x > y", "came back"),
    ("pareto_front", "gives the entries", "[name for name, cost", "[cost for name, cost", "values differ"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "benchmarking") == []
