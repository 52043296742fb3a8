"""What moves one student's due time: extensions that staff granted, and late days that they spent themselves."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from exchange.protocol.models import AssignmentSettings, Extension
from exchange.protocol.schedule import Schedule, schedule_of
from exchange.service.tables import extensions, late_days


class Granted(NamedTuple):
    """One student's extension of one assignment, and the late days that they spent on it."""

    extension: Extension | None = None
    late_days: int = 0

    def schedule(self, settings: AssignmentSettings) -> Schedule:
        """Return the times that apply to the student."""
        return schedule_of(settings, self.extension, self.late_days)


NOTHING = Granted()


def read_granted(
    connection: Connection, course: str, assignments: Iterable[str] | None = None, student: str | None = None
) -> dict[tuple[str, str], Granted]:
    """Read with two queries what was granted and spent, by assignment and student."""
    names = None if assignments is None else list(assignments)

    def rows(table: Any, *columns: Any) -> Iterable[Any]:
        query = select(table.c.assignment, table.c.student, *columns).where(table.c.course == course)
        query = query if names is None else query.where(table.c.assignment.in_(names))
        return connection.execute(query if student is None else query.where(table.c.student == student))

    e = extensions.c
    found = {
        (row.assignment, row.student): Granted(Extension(row.due_at, row.extra_attempts, row.reason))
        for row in rows(extensions, e.due_at, e.extra_attempts, e.reason)
    }
    for row in rows(late_days, late_days.c.days):
        key = (row.assignment, row.student)
        found[key] = found.get(key, NOTHING)._replace(late_days=row.days)
    return found


def granted_to(connection: Connection, course: str, assignment: str, student: str) -> Granted:
    """Return what one student has in one assignment."""
    return read_granted(connection, course, [assignment], student).get((assignment, student), NOTHING)
