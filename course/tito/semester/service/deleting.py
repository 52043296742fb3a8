"""Delete a frozen course: from grading, from the exchange, and last from this service, which knows it until then.

Each part may be asked again, so the next deletion finishes one that was interrupted.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from exchange.hub.database import clear_freed
from exchange.protocol.models import parse_utc, plain
from tito.errors import TitoError
from tito.semester import times
from tito.semester.service.database import Table
from tito.semester.service.freezing import Freezing

KEPT = (
    "the semester file and the roster: they are your files",
    "students' homes: they belong to the students, and removing them is up to the operator",
    "backups and archives, until you delete them",
    "the record that the course existed, when it was frozen, and who deleted it",
    "the keys that verify receipts, and the accounts and groups of the Hub",
    "what the campus service knows about the learning platform: delete it with tito campus forget",
)


@dataclass(frozen=True)
class Deleting:
    """The parts that a deletion needs."""

    engine: Engine
    freezing: Freezing

    def plan(self, course: str, keep_months: int | None) -> dict[str, Any]:
        """Return what would be deleted, what would be kept, and what prevents it."""
        frozen = self.freezing.plan(course)["frozen"]
        until = kept_until(frozen["since"], keep_months) if frozen and keep_months else None
        with self.freezing.exchange_for("") as exchange:
            held = plain(exchange.delete_content(course, yes=False))
        return {
            "course": course, "frozen": frozen, "kept_until": until.isoformat() if until else None,
            "exchange": held, "grading": self.freezing.grading.delete_content(yes=False), "kept": list(KEPT),
        }  # fmt: skip

    def delete(self, course: str, by: str, why: str, keep_months: int | None, early: bool) -> dict[str, Any]:
        """Delete a course; raise TitoError unless it is frozen and need not be kept any longer."""
        plan = self.plan(course, keep_months)
        if plan["frozen"] is None:
            raise TitoError(f"{course} is not frozen: freeze it with tito semester freeze, then archive it")
        if (until := plan["kept_until"]) and not early and times.now() < datetime.fromisoformat(until):
            raise TitoError(f"work of {course} must be kept until {until[:10]}: wait, or delete it now with --early")
        self.freezing.grading.delete_content(yes=True)
        with self.freezing.exchange_for(by) as exchange:
            exchange.delete_content(course, yes=True, why=why)
        self._forget(course)
        return {**plan, "deleted": True}

    def _forget(self, course: str) -> None:
        with Session(self.engine) as session, session.begin():
            for table in Table.metadata.sorted_tables:
                session.execute(delete(table).where(table.c.course == course))
        clear_freed(self.engine)


def kept_until(since: str, months: int) -> datetime:
    """Return the day after which work need not be kept.

    >>> kept_until("2026-11-30T12:00:00.000000Z", 3).isoformat()
    '2027-02-28T12:00:00+00:00'
    """
    began = parse_utc(since)
    years, month = divmod(began.month - 1 + months, 12)
    year, month = began.year + years, month + 1
    return began.replace(year=year, month=month, day=min(began.day, monthrange(year, month)[1]))
