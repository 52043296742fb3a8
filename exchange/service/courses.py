"""Courses and assignments: what staff configure, and what each caller sees of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from exchange.protocol.bundle import decode_manifest
from exchange.protocol.models import (
    Assignment,
    AssignmentSettings,
    Course,
    CourseSettings,
    FileInfo,
    Refused,
    parse_utc,
    plain,
    utc_text,
)
from exchange.protocol.paths import check_path
from exchange.service import events, find, policy
from exchange.service.freezing import find_freeze
from exchange.service.granted import NOTHING, Granted, read_granted
from exchange.service.identity import Caller
from exchange.service.tables import assignments, bundles, courses, feedback, submissions, unlocks


def put_course(connection: Connection, course: str, settings: CourseSettings, now: str) -> None:
    """Create or reconfigure a course."""
    find.check_new_identifiers(course=course)
    for name, value in plain(settings.limits).items():
        if not 1 <= value <= 2**50:
            raise Refused(f"the limit {name} must be from 1 to {2**50}", str(value), "leave it out for the default")
    if not 0 <= settings.late_days <= policy.MOST_LATE_DAYS:
        rule = f"late_days must be from 0 to {policy.MOST_LATE_DAYS}"
        raise Refused(rule, str(settings.late_days), "use 0 for none")
    text = json.dumps(plain(settings))
    changed = connection.execute(update(courses).where(courses.c.id == course).values(settings=text))
    if changed.rowcount == 0:
        connection.execute(insert(courses).values(id=course, settings=text, created_at=now))


def create_assignment(
    connection: Connection, course: str, assignment: str, settings: AssignmentSettings, now: str
) -> None:
    """Create an assignment unless it exists."""
    find.check_new_identifiers(assignment=assignment)
    a = assignments.c
    if connection.execute(select(a.id).where(a.course == course, a.id == assignment)).first() is None:
        row = {"course": course, "id": assignment, "settings": json.dumps(plain(settings)), "created_at": now}
        connection.execute(insert(assignments).values(row))


def put_assignment(
    connection: Connection, course: str, assignment: str, settings: AssignmentSettings, now: str
) -> None:
    """Create an assignment or replace its schedule and policies."""
    settings = policy.check_settings(settings)
    for pattern in settings.files:
        check_path(pattern)
    create_assignment(connection, course, assignment, settings, now)
    a, text = assignments.c, json.dumps(plain(settings))
    connection.execute(update(assignments).where(a.course == course, a.id == assignment).values(settings=text))


def read_course(connection: Connection, caller: Caller, course: str, settings: CourseSettings) -> Course:
    """Build the answer about a course."""
    role, about = caller.role(course) or "", (settings.limits, settings.questions, settings.late_days)
    return Course(course, settings.title, settings.timezone, role, *about, find_freeze(connection, course))


def list_courses(connection: Connection, caller: Caller) -> list[Course]:
    """List the courses that the caller is in."""
    rows = connection.execute(select(courses.c.id, courses.c.settings).order_by(courses.c.id))
    return [
        read_course(connection, caller, r.id, find.read_course_settings(r.settings)) for r in rows if caller.role(r.id)
    ]


@dataclass
class Record:
    """All that the exchange knows about students' work in a course, read with one query per table."""

    files: dict[str, list[FileInfo]] = field(default_factory=dict)
    solutions: set[str] = field(default_factory=set)
    granted: dict[tuple[str, str], Granted] = field(default_factory=dict)
    fetched: dict[tuple[str, str], str] = field(default_factory=dict)
    submitted: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    feedback: dict[tuple[str, str], str] = field(default_factory=dict)
    unlocks: dict[tuple[str, str], bool] = field(default_factory=dict)
    frozen: bool = False


def read_record(connection: Connection, course: str, student: str | None) -> Record:
    """Read what is known about one student, or (None) about all."""
    fetched = events.first_times(connection, course, "fetched", student)
    frozen = find_freeze(connection, course) is not None
    record = Record(fetched=fetched, granted=read_granted(connection, course, student=student), frozen=frozen)
    _read_files(connection, course, record)

    def rows(table: Any, *columns: Any) -> Iterable[Any]:
        query = select(table.c.assignment, table.c.student, *columns).where(table.c.course == course)
        return connection.execute(query.where(table.c.student == student) if student is not None else query)

    for row in rows(unlocks, unlocks.c.closed):
        record.unlocks[row.assignment, row.student] = row.closed
    for row in rows(submissions, submissions.c.received_at):
        used, last = record.submitted.get((row.assignment, row.student), (0, ""))
        record.submitted[row.assignment, row.student] = (used + 1, max(last, row.received_at))
    s = submissions.c
    released = (
        select(s.assignment, s.student, func.max(feedback.c.released_at)).join(feedback).where(s.course == course)
    )
    released = released.where(s.student == student) if student is not None else released
    record.feedback = {(a, st): at for a, st, at in connection.execute(released.group_by(s.assignment, s.student))}
    return record


def _read_files(connection: Connection, course: str, record: Record) -> None:
    a, b = assignments.c, bundles.c
    shown = select(b.assignment, b.manifest).join(
        assignments, (a.course == b.course) & (a.id == b.assignment) & (a.release_version == b.version)
    )
    for row in connection.execute(shown.where(b.course == course, b.kind == "release")):
        record.files[row.assignment] = decode_manifest(row.manifest.encode())
    solved = select(b.assignment).where(b.course == course, b.kind == "solution")
    record.solutions = set(connection.execute(solved).scalars())


def list_assignments(connection: Connection, caller: Caller, course: str, now: str) -> list[find.AssignmentRow]:
    """List the assignments that the caller may see now, in the order of their release and due times."""
    find.find_course(connection, caller, course)
    rows = connection.execute(select(assignments).where(assignments.c.course == course))
    found = [find.read_assignment(row) for row in rows]
    if not find.sees_unreleased(caller, course):
        found = [row for row in found if (row.visible_at() or "9") <= now]
    return sorted(found, key=lambda r: (r.settings.release_at or "", r.settings.due_at or "9", r.id))


def read_assignment(row: find.AssignmentRow, record: Record, student: str, now: str) -> Assignment:
    """Build the answer about an assignment as it stands for one student."""
    key, settings = (row.id, student), row.settings
    granted = record.granted.get(key, NOTHING)
    schedule = granted.schedule(settings)
    used, submitted_at = record.submitted.get(key, (0, None))
    fetched_at, feedback_at, visible = record.fetched.get(key), record.feedback.get(key), row.visible_at()
    closes_at = utc_text(schedule.closes_at) if schedule.closes_at else None
    released = visible is not None and visible <= now
    left = schedule.attempts is None or used < schedule.attempts
    states = {"feedback": feedback_at, "submitted": submitted_at, "fetched": fetched_at, "released": released}
    return Assignment(
        id=row.id,
        course=row.course,
        title=settings.title or row.id,
        state=next((name for name, reached in states.items() if reached), "announced"),
        release_at=settings.release_at,
        released_at=visible,
        due_at=utc_text(schedule.due_at) if schedule.due_at else None,
        grace_seconds=settings.grace_seconds,
        closes_at=closes_at,
        open=released
        and left
        and not record.frozen
        and key not in record.unlocks
        and (closes_at is None or now <= closes_at),
        attempts_used=used,
        attempts_allowed=schedule.attempts,
        counts=settings.counts,
        files=record.files.get(row.id, []),
        accepts=settings.files,
        release_version=row.release_version or 0,
        fetched_at=fetched_at,
        submitted_at=submitted_at,
        late=submitted_at is not None and schedule.lateness_seconds(parse_utc(submitted_at)) > 0,
        feedback_at=feedback_at,
        closed_by_student=record.unlocks.get(key, False),
        unlocked=key in record.unlocks,
        unlock_offered=settings.unlock and row.id in record.solutions,
        late_days=granted.late_days,
        late_days_most=settings.late_days,
    )
