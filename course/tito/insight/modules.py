"""A module's numbers over the class: steps from fetched to full points, completion, time and its spread, attempts."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exchange.protocol.models import Activity, parse_utc

from .terms import ALARM_COMPLETED, FEW_EVENTS, GOAL_COMPLETED, MOST_HOURS, MOST_SPREAD, known

STEPS = ("fetched", "worked", "completed", "submitted", "full")
HOUR = 3600


@dataclass(frozen=True)
class ModuleFacts:
    """What the semester says about a module; times are the exchange's texts, None without a semester."""

    slug: str
    label: str
    title: str
    release: str | None = None
    due: str | None = None
    exercises: tuple[str, ...] = ()

    def is_due(self, now: datetime) -> bool:
        return self.due is not None and parse_utc(self.due) <= now


@dataclass(frozen=True)
class Attempts:
    """How one student's attempts at a module were judged: how many, and the newest of each kind."""

    count: int = 0
    passed_visible: bool = False
    passed_all: bool = False


@dataclass(frozen=True)
class ModuleInsight:
    """A module's numbers, with the students behind each: `of` names them."""

    facts: ModuleFacts
    students: int
    is_due: bool
    steps: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, int] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)

    @property
    def completion(self) -> float | None:
        """The share of the class that completed it; None before it is due, or in a class that is too small."""
        return len(self.steps["completed"]) / self.students if self.is_due and known(self.students) else None

    @property
    def median_hours(self) -> float | None:
        return statistics.median(self.seconds.values()) / HOUR if known(len(self.seconds)) else None

    @property
    def spread(self) -> float | None:
        """The 90th percentile of hours over the 10th."""
        if not known(len(self.seconds)):
            return None
        tenths = statistics.quantiles(self.seconds.values(), n=10, method="inclusive")
        return tenths[-1] / tenths[0] if tenths[0] > 0 else None

    @property
    def median_attempts(self) -> float | None:
        return statistics.median(self.attempts.values()) if known(len(self.attempts)) else None

    @property
    def warnings(self) -> list[str]:
        """Say which of the course's promises the module breaks."""
        said, completion, hours, spread = [], self.completion, self.median_hours, self.spread
        if completion is not None and completion < GOAL_COMPLETED:
            limit = ALARM_COMPLETED if completion < ALARM_COMPLETED else GOAL_COMPLETED
            said.append(f"{completion:.0%} completed it, fewer than {limit:.0%}")
        if hours is not None and hours > MOST_HOURS:
            said.append(f"it takes at least {hours:.1f} hours, more than {MOST_HOURS:g}")
        if spread is not None and spread > MOST_SPREAD:
            said.append(f"the slowest tenth takes {spread:.1f} times as long as the fastest, more than {MOST_SPREAD:g}")
        return said

    def of(self, number: str) -> list[dict[str, Any]]:
        """List the students behind a number by name; KeyError for one that has no list."""
        if number in STEPS:
            return [{"student": student} for student in self.steps[number]]
        if number in ("time", "spread"):
            return [{"student": s, "hours": round(seconds / HOUR, 2)} for s, seconds in sorted(self.seconds.items())]
        return [{"student": s, "attempts": count} for s, count in sorted({"attempts": self.attempts}[number].items())]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers, without names; None is "not known"."""
        return {
            "module": self.facts.slug, "label": self.facts.label, "title": self.facts.title, "due": self.facts.due,
            "students": self.students, **{step: len(self.steps[step]) for step in STEPS},
            "completion": _rounded(self.completion), "hours": _rounded(self.median_hours),
            "hours_known": len(self.seconds), "spread": _rounded(self.spread), "attempts": self.median_attempts,
            "warnings": self.warnings,
        }  # fmt: skip


def module_insight(
    facts: ModuleFacts,
    roster: Iterable[str],
    activity: Mapping[str, Activity],
    attempts: Mapping[str, Attempts],
    now: datetime,
) -> ModuleInsight:
    """Compute a module's numbers over the students on the roster."""
    names = sorted(roster)
    found = ModuleInsight(facts, len(names), facts.is_due(now), {step: [] for step in STEPS})
    for name in names:
        seen, judged = activity.get(name), attempts.get(name, Attempts())
        for step in _steps(seen, judged):
            found.steps[step].append(name)
        if seen and seen.events >= FEW_EVENTS and seen.seconds:
            found.seconds[name] = seen.seconds
        if judged.count:
            found.attempts[name] = judged.count
    return found


def _steps(seen: Activity | None, judged: Attempts) -> list[str]:
    reached = {
        "fetched": bool(seen and seen.fetched_at),
        "worked": bool(seen and seen.worked_at),
        "completed": bool(seen and seen.completed_at) or judged.passed_visible or judged.passed_all,
        "submitted": bool(seen and seen.submitted_at) or judged.count > 0,
        "full": judged.passed_all,
    }
    return [step for step in STEPS if reached[step]]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
