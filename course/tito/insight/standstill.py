"""Who is stuck now: the same test cell failing again and again, or no progress for days. In no order of merit."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from exchange.protocol.models import Activity, ExerciseActivity, parse_utc

from .modules import ModuleFacts
from .terms import GONE_DAYS, STUCK_DAYS, STUCK_RUNS


@dataclass(frozen=True)
class Standstill:
    """A student who may need help: where, and what suggests it."""

    module: str
    student: str
    exercise: str
    why: str
    since: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def standstills(
    modules: Mapping[str, ModuleFacts],
    roster: Iterable[str],
    activity: Iterable[Activity],
    failing: Iterable[ExerciseActivity],
    now: datetime,
) -> list[Standstill]:
    """List who is stuck, by module and name; those who have completed it or handed it in are not."""
    names = set(roster)
    open_work = {
        (row.assignment, row.student): row
        for row in activity
        if row.assignment in modules and row.student in names and not (row.completed_at or row.submitted_at)
    }
    found: dict[tuple[str, str], Standstill] = {}
    for row in sorted(failing, key=lambda row: row.failed_in_a_row):
        key = (row.assignment, row.student)
        if key in open_work and row.failed_in_a_row >= STUCK_RUNS and _days(row.last_at, now) < GONE_DAYS:
            kind = f", the last time for {row.fault}" if row.fault else ""
            why = f"its test cell failed {row.failed_in_a_row} times in a row{kind}"
            found[key] = Standstill(*key, row.exercise, why, row.last_at)
    for key, work in open_work.items():
        days = _days(work.progress_at, now)
        if key not in found and work.worked_at and STUCK_DAYS <= days < GONE_DAYS:
            found[key] = Standstill(*key, "", f"no progress for {days} days", work.progress_at)
    order = list(modules)
    return sorted(found.values(), key=lambda each: (order.index(each.module), each.student))


def _days(since: str, now: datetime) -> int:
    return (now - parse_utc(since)).days
