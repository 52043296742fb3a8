"""`best_of` repeats for long enough, and is not misled by a run that was disturbed."""

import subprocess
import sys

import pytest

import tinytorch.profiling
from tinytorch.profiling import Timing, best_of
from tinytorch.profiling import timing as module


class Clock:
    """Clocks that the function under test moves: the processor's, and a wall clock that also counts waiting."""

    def __init__(self, *takes: float, neighbours: float = 0.0):
        self.now, self.calls, self.takes, self.neighbours, self.waited = 100.0, 0, takes, neighbours, 0.0

    def process_time(self) -> float:
        return self.now

    def perf_counter(self) -> float:
        return self.now + self.waited

    def run(self) -> None:
        self.now += self.takes[min(self.calls, len(self.takes) - 1)]
        self.waited += self.neighbours
        self.calls += 1


def measured(monkeypatch, clock: Clock, **options) -> Timing:
    monkeypatch.setattr(module, "time", clock)
    return best_of(clock.run, **options)


def test_it_repeats_until_a_fifth_of_a_second_has_passed(monkeypatch):
    clock = Clock(0.015625)  # a power of two has an exact sum: 13 runs take 0.203 s
    timing = measured(monkeypatch, clock)
    assert (timing.median, timing.fastest, timing.spread, timing.runs) == (15.625, 15.625, 0.0, 13)
    assert clock.calls == 14  # the first run is not counted


def test_a_slow_function_runs_three_times_and_once_before(monkeypatch):
    timing = measured(monkeypatch, Clock(7.0, 1.0, 1.0, 4.0))
    assert (timing.median, timing.fastest, timing.runs) == (1000.0, 1000.0, 3)


def test_one_disturbed_run_moves_neither_median_nor_fastest(monkeypatch):
    quiet = measured(monkeypatch, Clock(0.03125))
    disturbed = measured(monkeypatch, Clock(0.03125, 0.03125, 0.0625, 0.03125))
    assert (disturbed.median, disturbed.fastest) == (quiet.median, quiet.fastest) == (31.25, 31.25)


def test_neighbours_who_have_the_processor_in_between_are_not_counted(monkeypatch):
    alone, crowded = measured(monkeypatch, Clock(0.015625)), measured(monkeypatch, Clock(0.015625, neighbours=0.0625))
    assert alone == crowded


def test_what_only_waits_ends_too(monkeypatch):
    clock = Clock(0.0, neighbours=0.25)
    assert measured(monkeypatch, clock, seconds=0.1) == Timing(0.0, 0.0, 0.0, 4)


def test_the_spread_holds_half_of_the_runs(monkeypatch):
    timing = measured(monkeypatch, Clock(0.0, 1.0, 2.0, 3.0, 4.0, 5.0), seconds=15.0)
    assert (timing.median, timing.spread, timing.runs) == (3000.0, 2000.0, 5)
    assert str(timing) == "3e+03 ms (spread 2e+03 ms, 5 runs)"


def test_arguments_are_handed_on_and_a_real_clock_is_read():
    seen: list[tuple] = []
    timing = best_of(lambda *given: seen.append(given), 1, "two", seconds=0.001)
    assert set(seen) == {(1, "two")}
    assert len(seen) == timing.runs + 1 and 0 <= timing.fastest <= timing.median


def test_no_time_to_repeat_is_refused():
    with pytest.raises(ValueError, match="got seconds=0: give more than 0"):
        best_of(list, seconds=0)


def test_measuring_imports_no_numpy_so_that_its_threads_can_still_be_chosen():
    code = "import sys, tinytorch.profiling; print('numpy' in sys.modules, sorted(dir(tinytorch.profiling)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    words = sorted(["Timing", "as_built", "best_of", *tinytorch.profiling.WORDS])
    assert done.stdout == f"False {words}\n"
