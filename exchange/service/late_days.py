"""Late days: a course gives each student some for the semester, and they spend them on assignments themselves.

A day is 24 hours and moves the student's own due time, from which grace and the late window count. Days can be spent
and taken back until the assignment closes for the student, except a day without which a submission would be later.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from exchange.protocol.models import LateDays, LateDaysInfo, Refused, parse_utc, utc_text
from exchange.service import audit, find
from exchange.service.context import Service
from exchange.service.granted import Granted, granted_to
from exchange.service.identity import Caller
from exchange.service.tables import late_days, submissions


def list_late_days(connection: Connection, course: str) -> list[LateDaysInfo]:
    """List who spent how many days on what."""
    d = late_days.c
    query = select(d.assignment, d.student, d.days, d.spent_at).where(d.course == course)
    rows = connection.execute(query.order_by(d.assignment, d.student))
    return [LateDaysInfo(**row._mapping) for row in rows]


def spend(service: Service, caller: Caller, course: str, assignment: str, wanted: LateDays) -> None:
    """Set how many days the caller spends on an assignment; the same number again changes nothing."""
    at, now, days = service.clock(), service.now(), wanted.days
    if days < 0:
        raise Refused("the number of late days can't be negative", str(days), "send 0 to spend none")
    with service.database.write() as connection:
        allowed = find.find_course(connection, caller, course).late_days
        found = find.find_assignment(connection, caller, course, assignment, now)
        before = granted_to(connection, course, assignment, caller.name)
        if days == before.late_days:
            return
        _check_open(connection, found, before, caller, at)
        if days > before.late_days:
            _check_left(found, days, allowed - _spent_elsewhere(connection, course, assignment, caller.name))
        else:
            _check_unneeded(connection, found, before, days, caller)
        _put(connection, found, caller, days, now)
        audit.record(connection, now, caller, "spend late days", course, assignment, caller.name, detail=str(days))


def _check_open(
    connection: Connection, found: find.AssignmentRow, before: Granted, caller: Caller, at: datetime
) -> None:
    closes = before.schedule(found.settings).closes_at
    if closes is None or at > closes:
        when = f"closed at {utc_text(closes)}" if closes else "no due date"
        raise Refused("late days can be spent only until an assignment closes", when, "ask your instructor", 409)
    if find.find_unlock(connection, found.course, found.id, caller.name):
        rule = "you have the solution and can't submit any more"
        raise Refused(rule, caller.name, "your earlier attempts still count", 409)


def _check_left(found: find.AssignmentRow, days: int, left: int) -> None:
    most = found.settings.late_days
    if days > most:
        rule = f"you can spend at most {most} late day(s) on {found.id}"
        raise Refused(rule, str(days), "ask your instructor for more", 409)
    if days > left:
        remedy = "take some back from another assignment, or spend fewer"
        raise Refused(f"you have only {max(0, left)} late day(s) left for {found.id}", str(days), remedy, 409)


def _check_unneeded(
    connection: Connection, found: find.AssignmentRow, before: Granted, days: int, caller: Caller
) -> None:
    then, now = before._replace(late_days=days).schedule(found.settings), before.schedule(found.settings)
    for received in _received(connection, found, caller.name):
        if then.lateness_seconds(received) > now.lateness_seconds(received):
            value = f"received at {utc_text(received)}"
            raise Refused("a submission needs the late day that you want to take back", value, "keep it", 409)


def _received(connection: Connection, found: find.AssignmentRow, student: str) -> Iterable[datetime]:
    s = submissions.c
    query = select(s.received_at).where(s.course == found.course, s.assignment == found.id, s.student == student)
    return [parse_utc(text) for text in connection.scalars(query)]


def _spent_elsewhere(connection: Connection, course: str, assignment: str, student: str) -> int:
    d = late_days.c
    query = select(d.days).where(d.course == course, d.student == student, d.assignment != assignment)
    return sum(connection.scalars(query))


def _put(connection: Connection, found: find.AssignmentRow, caller: Caller, days: int, now: str) -> None:
    key = {"course": found.course, "assignment": found.id, "student": caller.name}
    connection.execute(delete(late_days).filter_by(**key))
    if days:
        connection.execute(insert(late_days).values(key | {"days": days, "spent_at": now}))
