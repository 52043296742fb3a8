"""How submissions stand by the current schedule: due time and lateness, which no row stores."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from exchange.protocol.models import AssignmentSettings, parse_utc
from exchange.protocol.schedule import Schedule
from exchange.service.granted import NOTHING, Granted, read_granted
from exchange.service.tables import assignments


@dataclass(frozen=True)
class Schedules:
    """The current schedules of a course's students, read with three queries."""

    settings: dict[str, AssignmentSettings]
    granted: dict[tuple[str, str], Granted]

    def of(self, assignment: str, student: str) -> Schedule:
        """Return the times that apply to a student."""
        return self.granted.get((assignment, student), NOTHING).schedule(self.settings[assignment])

    def lateness_seconds(self, row: Any) -> int:
        """Return how late a row of `submissions` is, 0 for on time."""
        return self.of(row.assignment, row.student).lateness_seconds(parse_utc(row.received_at))


def read_schedules(connection: Connection, course: str, wanted: Iterable[str]) -> Schedules:
    """Read the schedules of some assignments."""
    a, names = assignments.c, list(wanted)
    rows = connection.execute(select(a.id, a.settings).where(a.course == course, a.id.in_(names)))
    settings = {row.id: AssignmentSettings(**json.loads(row.settings)) for row in rows}
    return Schedules(settings, read_granted(connection, course, names))
