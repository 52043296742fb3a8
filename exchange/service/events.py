"""What happened to a student's assignment, which students can see too: fetched, checked, tested, submitted ..."""

import json
from typing import Any

from sqlalchemy import Connection, Row, func, select

from exchange.protocol.models import Event, Refused
from exchange.service import activity
from exchange.service.tables import events

MAX_DETAIL_BYTES = 4000
REPORTS_A_DAY = 2000  # about eighty an hour, all day; stops a tool in a loop, or a joke


def add(
    connection: Connection, at: str, course: str, assignment: str, student: str, kind: str, detail: dict[str, Any]
) -> int:
    """Add an event, and what it says to the sums, inside the caller's transaction; return its number."""
    activity.add(connection, (course, assignment, student), at, kind, detail)
    values = {"at": at, "course": course, "assignment": assignment, "student": student, "kind": kind}
    result = connection.execute(events.insert(), {**values, "detail": json.dumps(detail)})
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def check_detail(detail: dict[str, Any], max_bytes: int = MAX_DETAIL_BYTES) -> dict[str, Any]:
    """Return `detail` if it is small, plain JSON; raise Refused otherwise."""
    try:
        size = len(json.dumps(detail, allow_nan=False, ensure_ascii=False).encode())
    except (ValueError, RecursionError) as error:
        raise Refused(
            "a detail must be plain JSON (no NaN, no lone surrogates)", str(error)[:120], "leave it out"
        ) from error
    if size > max_bytes:
        raise Refused(f"a detail can have at most {max_bytes} bytes", str(size), "shorten it", 413)
    return detail


def check_rate(connection: Connection, course: str, student: str, now: str) -> None:
    """Raise Refused 429 for more reports a day than any human makes."""
    e = events.c
    today = select(func.count()).where(e.course == course, e.student == student, e.at >= now[:10])
    if connection.execute(today).scalar_one() >= REPORTS_A_DAY:
        rule = f"you have reached the limit of {REPORTS_A_DAY} events a day"
        raise Refused(rule, remedy="only this record is lost", status=429)


def read(row: Row[Any]) -> Event:
    """Build the answer from a row."""
    return Event(row.seq, row.at, row.course, row.assignment, row.student, row.kind, json.loads(row.detail))


def first_times(
    connection: Connection, course: str, kind: str, student: str | None = None
) -> dict[tuple[str, str], str]:
    """Give (assignment, student): first time of a kind of event."""
    e = events.c
    query = select(e.assignment, e.student, func.min(e.at)).where(e.course == course, e.kind == kind)
    if student is not None:
        query = query.where(e.student == student)
    return {(a, s): at for a, s, at in connection.execute(query.group_by(e.assignment, e.student))}


def exists(
    connection: Connection, course: str, assignment: str, student: str, kind: str, detail: dict[str, Any]
) -> bool:
    """Tell whether the very same event was recorded before."""
    e = events.c
    same = select(e.seq).where(e.course == course, e.assignment == assignment, e.student == student, e.kind == kind)
    return connection.execute(same.where(e.detail == json.dumps(detail)).limit(1)).first() is not None
