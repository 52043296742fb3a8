"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 15."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

PASS_ON = "if before is not None:\n            before(call, out)\n        "
PEAK = "tracemalloc.get_traced_memory()[1] - before"

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("time_call", "counts the cold start", "range(warm_up)", "range(0)", "came back"),
    ("time_call", "gives the mean", "Seconds(float(median)", "Seconds(float(np.mean(times))", "12.8"),
    ("time_call", "gives the shortest", "Seconds(float(median)", "Seconds(min(times)", "came back"),
    ("time_call", "has a clock of its own", "clock() - start", "time.perf_counter() - start", "came back"),
    ("time_call", "swaps the quartiles", "float(low), float(high)", "float(high), float(low)", "came back"),
    ("flops_of_call", "counts multiplications only", "2 * call.arrays[0].shape[-1]", "call.arrays[0].shape[-1]", "24"),
    ("flops_of_call", "takes the outer size", "call.arrays[0].shape[-1]", "call.arrays[0].shape[-2]", "came back"),
    ("flops_of_call", "counts what a sum writes", "max(array.size for array in arrays_of(call))", "size", "16384"),
    ("flops_of_call", "counts moves", "in MOVES", "in ()", "0"),
    ("flops_of_call", "forgets the channels", "shape[1:]", "shape[2:]", "came back"),
    ("profile_calls", "lets nobody else listen", PASS_ON, "", "wants its gradient"),
    ("profile_calls", "keeps the seat", "finally:\n            set_recorder(before", "finally:\n            (before",
     "the recorder is back"),
    ("profile_calls", "counts the last call only", "calls + 1, flops + flops_of_call(call)",
     "1, flops_of_call(call)", "came back"),
    ("profile_calls", "puts the fastest first", "-row.seconds", "row.seconds", "values differ"),
    ("peak_bytes", "gives what is left", PEAK, PEAK.replace("[1]", "[0]"), "came back"),
    ("peak_bytes", "takes what others hold", " - before", "", "came back"),
    ("peak_bytes", "stops other people's tracing", "finally:\n        if begun:", "finally:\n        if True:",
     "came back"),
    ("amdahl", "forgets the rest", "1 - fraction + fraction / speedup", "fraction / speedup", "came back"),
    ("amdahl", "gives the new time", "1 / (1 - fraction + fraction / speedup)", "1 - fraction + fraction / speedup",
     "came back"),
    ("amdahl", "takes percentages", "not 0 <= fraction <= 1", "False", "ValueError"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "profiling") == []
