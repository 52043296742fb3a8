"""How submissions stand by the schedule that holds now: due time and lateness, which no row keeps."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from exchange.protocol.models import AssignmentSettings, Extension, parse_utc
from exchange.protocol.schedule import Schedule, schedule_of
from exchange.service.tables import assignments, extensions


@dataclass(frozen=True)
class Schedules:
    """The present schedules of a course's students, read with two queries."""

    settings: dict[str, AssignmentSettings]
    extensions: dict[tuple[str, str], Extension]

    def of(self, assignment: str, student: str) -> Schedule:
        """Give the times that hold for a student."""
        return schedule_of(self.settings[assignment], self.extensions.get((assignment, student)))

    def lateness_seconds(self, row: Any) -> int:
        """Give how late a row of `submissions` is, 0 for on time."""
        return self.of(row.assignment, row.student).lateness_seconds(parse_utc(row.received_at))


def read_schedules(connection: Connection, course: str, wanted: Iterable[str]) -> Schedules:
    """Read the schedules of some assignments."""
    a, e, names = assignments.c, extensions.c, list(wanted)
    rows = connection.execute(select(a.id, a.settings).where(a.course == course, a.id.in_(names)))
    settings = {row.id: AssignmentSettings(**json.loads(row.settings)) for row in rows}
    query = select(e.assignment, e.student, e.due_at, e.extra_attempts)
    granted = connection.execute(query.where(e.course == course, e.assignment.in_(names)))
    return Schedules(settings, {(r.assignment, r.student): Extension(r.due_at, r.extra_attempts) for r in granted})
