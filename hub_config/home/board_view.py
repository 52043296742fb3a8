"""The leaderboard as a page shows it: words for measures, and the place of each entry in the class's picture.

The picture is drawn here, on the server; the same numbers are in a table below it, so that nobody needs
to see it. Names come from students: templates escape them, and no markup is built from them here.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub_config.home.moments import Clock, Moment

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 44  # around the area for entries
RANKED_BY = {"accuracy": "accuracy", "stored_bytes": "bytes", "work": "work"}


@dataclass(frozen=True)
class Line:
    """One line of an event, of the picture or of the viewer's own path."""

    pseudonym: str
    own: bool
    accuracy: float
    stored_bytes: float
    work: float
    received: Moment
    rank: int | None = None
    student: str = ""
    same_as: str = ""  # who handed in the same net earlier; only staff see it
    submission: str = ""
    attempt: int = 0
    front: bool = False
    withdrawn: bool = False
    counts: bool = False

    @property
    def right(self) -> str:
        return f"{self.accuracy:.2%}"


@dataclass(frozen=True)
class Event:
    """One event with its lines, the best first."""

    name: str
    title: str
    rule: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Dot:
    """An entry's place in the picture."""

    x: float
    y: float
    line: Line


@dataclass(frozen=True)
class Picture:
    """The class's entries by size (larger to the right, in tenfold steps) and by accuracy."""

    dots: tuple[Dot, ...]
    front: str  # the line through the entries that nothing beats, as SVG points
    across: tuple[tuple[float, str], ...]  # ticks
    up: tuple[tuple[float, str], ...]


def read_line(row: dict[str, Any], clock: Clock) -> Line:
    """Read one line of the grading service's answer."""
    measures, received = row["measures"], clock.moment(row["received_at"])
    assert received is not None
    known = ("rank", "student", "same_as", "submission", "attempt", "front", "withdrawn", "counts")
    about = {name: row[name] for name in known if name in row}
    numbers: dict[str, Any] = {name: float(measures.get(name, 0.0)) for name in RANKED_BY}
    return Line(row["pseudonym"], row["own"], received=received, **numbers, **about)


def read_events(shown: dict[str, Any], clock: Clock) -> list[Event]:
    """Read the events in the order of the rules."""
    return [
        Event(each["name"], each["title"], rule(each), tuple(read_line(row, clock) for row in each["rows"]))
        for each in shown["events"]
    ]


def rule(event: dict[str, Any]) -> str:
    """Say in words what the ranking is by, and what is required."""
    first = "highest" if event["better"] == "higher" else "lowest"
    bounds = [(word, event[key]) for key, word in (("at_least", "at least"), ("at_most", "at most"))]
    asked = [f"{word} {_amount(name, value)}" for word, bound in bounds for name, value in bound.items()]
    return "; ".join([f"Ranked by {RANKED_BY.get(event['by'], event['by'])}, the {first} first", *asked])


def _amount(name: str, value: float) -> str:
    return f"{value:.0%} right" if name == "accuracy" else f"{value:,.0f} {RANKED_BY.get(name, name)}"


def picture(lines: Iterable[Line]) -> Picture | None:
    """Place entries in the picture, None where there are none."""
    shown = [line for line in lines if line.stored_bytes > 0]
    if not shown:
        return None
    sizes = [math.log10(line.stored_bytes) for line in shown]
    low, high = math.floor(min(sizes)), math.ceil(max(sizes) + 1e-9)
    worst = math.floor(10 * min(line.accuracy for line in shown)) / 10
    worst = min(worst, 0.9)

    def across(size: float) -> float:
        return round(LEFT + (size - low) / max(high - low, 1) * (WIDTH - LEFT - RIGHT), 1)

    def up(accuracy: float) -> float:
        return round(TOP + (1 - accuracy) / (1 - worst) * (HEIGHT - TOP - BOTTOM), 1)

    dots = [Dot(across(size), up(line.accuracy), line) for size, line in zip(sizes, shown, strict=True)]
    best = sorted((dot for dot in dots if dot.line.front), key=lambda dot: (dot.x, -dot.y))
    ticks = tuple((across(power), f"{10**power:,} bytes") for power in range(low, high + 1))
    shares = tuple((up(share), f"{share:.0%}") for share in (worst, (worst + 1) / 2, 1.0))
    return Picture(tuple(dots), " ".join(f"{dot.x},{dot.y}" for dot in best), ticks, shares)
