"""Collect what benchmarks measure, and tell whether each figure is within its limit."""

import operator
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

COMPARISONS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
_NUMBER = r"(\d+(?:\.\d+)?(?:e[-+]?\d+)?)"
_WANTED = re.compile(rf"^(<=|<|>=|>) *{_NUMBER}$")
_BETWEEN = re.compile(rf"^{_NUMBER} to {_NUMBER}$")


@dataclass(frozen=True)
class Row:
    """One figure. A ratio compares ours with a peer's from the same run; a measure stands alone."""

    benchmark: str
    label: str
    ours: float
    unit: str
    peer: float | None
    ratio: float | None
    wanted: str
    ok: bool | None  # None without a limit


@dataclass
class Report:
    """What a benchmark's `run(report)` writes to."""

    benchmark: str = ""
    rows: list[Row] = field(default_factory=list)
    say: Callable[[Row], None] = lambda row: None

    def ratio(self, label: str, ours: float, peer: float, unit: str, wanted: str = "") -> None:
        """Record our figure and a peer's; `wanted` such as "<= 1.5" limits ours / peer."""
        if peer <= 0:
            raise ValueError(f"{label}: the peer's figure must be above 0, it is {peer}: measure it anew")
        self._add(label, ours, unit, wanted, peer, ours / peer)

    def measure(self, label: str, value: float, unit: str, wanted: str = "") -> None:
        """Record one figure; `wanted` such as "<= 0.15" limits the value."""
        self._add(label, value, unit, wanted, None, None)

    def _add(self, label: str, ours: float, unit: str, wanted: str, peer: float | None, ratio: float | None) -> None:
        judged = ours if ratio is None else ratio
        row = Row(self.benchmark, label, ours, unit, peer, ratio, wanted, is_as_wanted(judged, wanted))
        self.rows.append(row)
        self.say(row)

    @property
    def failed(self) -> list[Row]:
        return [row for row in self.rows if row.ok is False]

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.rows]


def is_as_wanted(value: float, wanted: str) -> bool | None:
    """Compare with a limit such as "<= 1.5" or "2 to 3"; return None without a limit."""
    if not wanted:
        return None
    if between := _BETWEEN.match(wanted):
        return float(between[1]) <= value <= float(between[2])
    match = _WANTED.match(wanted)
    if not match:
        raise ValueError(f"'wanted' is one of {', '.join(COMPARISONS)} and a number, or '2 to 3'; it is {wanted!r}")
    return bool(COMPARISONS[match[1]](value, float(match[2])))


def best_seconds(function: Callable[[], Any], repeat: int = 5) -> float:
    """Call several times and return the shortest wall time, the one that other programs disturbed least."""
    return min(_timed(function, perf_counter) for _ in range(repeat))


def median_cpu_seconds(function: Callable[[], Any], repeat: int = 5) -> float:
    """Call several times and return the median CPU time of this process."""
    return median(_timed(function, process_time) for _ in range(repeat))


def _timed(function: Callable[[], Any], clock: Callable[[], float]) -> float:
    start = clock()
    function()
    return clock() - start


def names(folder: Path) -> list[str]:
    """List the benchmarks: `bench_NAME.py`."""
    return sorted(path.stem.removeprefix("bench_") for path in folder.glob("bench_*.py"))
