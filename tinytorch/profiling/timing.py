"""Measure how long a function takes on a machine that others use too.

Processor time is what counts, so neighbors who have the processor in between don't: on a machine with one thread to
itself both are the same. Waiting for a disk or a network is not counted, and several threads add up. Still, one run
says little, because others empty the caches: a function is run again and again, and the result is the median and how
far apart the runs are.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ENOUGH_SECONDS = 0.2
FEWEST_RUNS = 3  # a median of two is no better than their mean
PATIENCE = 10  # on a crowded machine, or where a function only waits, it ends after so many times the seconds wanted


@dataclass(frozen=True)
class Timing:
    """What repeated runs took, in milliseconds: the median, the fastest, and the spread.

    `spread` is the distance between the quartiles: half of all runs lie within it. Two medians that differ by less than
    their spreads are not different.
    """

    median: float
    fastest: float
    spread: float
    runs: int

    def __str__(self) -> str:
        return f"{self.median:.3g} ms (spread {self.spread:.2g} ms, {self.runs} runs)"


def best_of(function: Callable[..., object], *arguments: object, seconds: float = ENOUGH_SECONDS) -> Timing:
    """Run `function(*arguments)` for `seconds` of the processor, at least three times, and return what a run took.

    One run before is not counted: it fills caches. A function that is slower than `seconds` runs four times in all.

    >>> best_of(sum, range(1000)).median  # doctest: +SKIP
    0.0117
    """
    if not seconds > 0:
        raise ValueError(f"best_of repeats for some time, got seconds={seconds}: give more than 0")
    function(*arguments)
    times: list[float] = []
    patience = time.perf_counter() + PATIENCE * seconds
    while len(times) < FEWEST_RUNS or (sum(times) < 1000 * seconds and time.perf_counter() < patience):
        start = time.process_time()
        function(*arguments)
        times.append(1000 * (time.process_time() - start))
    low, _, high = statistics.quantiles(times, n=4, method="inclusive")
    return Timing(statistics.median(times), min(times), high - low, len(times))
