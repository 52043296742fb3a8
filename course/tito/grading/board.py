"""The leaderboard, computed from measured entries alone: events, ranks with ties, unbeaten entries, one's own path.

During the event, the public half of the board's digits is shown. From the deadline on, nothing changes except through
withdrawals, and the hidden half is shown for the entries that were there. The public half decides which of a student's
entries takes part, so trying often gains nothing on the hidden one. Points never depend on any of this.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

PICTURE = ("stored_bytes", "accuracy")  # less of the first and more of the second is better


@dataclass(frozen=True)
class Entry:
    """One measured entry: whose, which attempt, when it was received, and its measures on both halves."""

    student: str
    submission: str
    attempt: int
    received: datetime
    public: Mapping[str, float]
    hidden: Mapping[str, float]
    digest: str = ""

    def measures(self, frozen: bool) -> Mapping[str, float]:
        return self.hidden if frozen else self.public


@dataclass(frozen=True)
class Row:
    """One line of an event; `rank` is None if the entry misses the event's conditions on the hidden half."""

    rank: int | None
    entry: Entry
    value: float


def counted(entries: Iterable[Entry], due: datetime | None, withdrawn: set[str]) -> list[Entry]:
    """Return the entries that take part: received by the deadline, and not withdrawn."""
    return [e for e in entries if e.submission not in withdrawn and (due is None or e.received <= due)]


def table(event: Mapping[str, Any], entries: Iterable[Entry], frozen: bool) -> list[Row]:
    """Return an event's lines, the best first; equal values share a rank, and the earlier entry comes first."""
    chosen = _chosen(event, entries)
    good = [e for e in chosen if fits(event, e.measures(frozen))]
    good.sort(key=lambda e: (_cost(event, e.measures(frozen)), e.received))
    values = [_cost(event, e.measures(frozen)) for e in good]
    rows = [
        Row(values.index(cost) + 1, e, e.measures(frozen)[event["by"]]) for e, cost in zip(good, values, strict=True)
    ]
    missed = sorted((e for e in chosen if e not in good), key=lambda e: e.received)
    return rows + [Row(None, e, e.measures(frozen)[event["by"]]) for e in missed]


def fits(event: Mapping[str, Any], measures: Mapping[str, float]) -> bool:
    """Tell whether measures meet all of an event's conditions."""
    return all(measures[name] <= most for name, most in event.get("at_most", {}).items()) and all(
        measures[name] >= least for name, least in event.get("at_least", {}).items()
    )


def front(entries: Iterable[Entry], frozen: bool) -> set[str]:
    """Return the submissions that no other beats in both of PICTURE's measures."""
    points = {e.submission: (e.measures(frozen)[PICTURE[0]], -e.measures(frozen)[PICTURE[1]]) for e in entries}
    return {name for name, mine in points.items() if not any(_beats(other, mine) for other in points.values())}


def copies(entries: Iterable[Entry]) -> dict[str, str]:
    """Return, by submission, whose earlier entry has the same numbers, however it is packed. Staff decide what that
    means: the same recipe with the same seed also gives the same net.
    """
    first: dict[str, str] = {}
    owners = [(e, first.setdefault(e.digest, e.student)) for e in sorted(entries, key=lambda e: e.received)]
    return {e.submission: owner for e, owner in owners if owner != e.student}


def _chosen(event: Mapping[str, Any], entries: Iterable[Entry]) -> list[Entry]:
    """Return each student's best entry by the public half, the earlier of two that are equal."""
    best: dict[str, Entry] = {}
    for entry in sorted(
        (e for e in entries if fits(event, e.public)), key=lambda e: (_cost(event, e.public), e.received)
    ):
        best.setdefault(entry.student, entry)
    return list(best.values())


def _cost(event: Mapping[str, Any], measures: Mapping[str, float]) -> float:
    value = measures[event["by"]]
    return -value if event["better"] == "higher" else value


def _beats(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a != b and a[0] <= b[0] and a[1] <= b[1]
