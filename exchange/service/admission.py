"""Whether a submission is admitted, and on what terms: the rules of `policy`, applied to what two statements read.

This is checked twice for each submission, before its bytes are stored and in the transaction that names them, and for a
whole class in the last minute: so the statements are built once, and each reads all that it can.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, bindparam, func, select

from exchange.protocol.bundle import decode_manifest
from exchange.protocol.models import Extension, FileInfo, Refused, UploadLimits, utc_text
from exchange.protocol.paths import matches
from exchange.protocol.schedule import Schedule
from exchange.service import find, policy
from exchange.service.freezing import check_not_frozen
from exchange.service.granted import Granted
from exchange.service.identity import Caller
from exchange.service.intake import check_limits
from exchange.service.keyring import ACTIVE_KEY
from exchange.service.tables import assignments, bundles, courses, extensions, late_days, submissions, unlocks

COURSE: Any = bindparam("for_course")
ASSIGNMENT: Any = bindparam("for_assignment")
STUDENT: Any = bindparam("for_student")


@dataclass(frozen=True)
class Admission:
    """The terms of a student's next attempt at a certain moment."""

    schedule: Schedule
    attempt: int
    lateness_seconds: int
    key_id: str  # of the key that signs the receipt


def admit(
    connection: Connection,
    caller: Caller,
    course: str,
    assignment: str,
    files: list[FileInfo],
    at: datetime,
    in_flight: int,
) -> Admission:
    """Return the terms for a submission of these files; raise Refused if it is not admitted."""
    door = connection.execute(_DOOR, {"for_course": course, "for_assignment": assignment}).first()
    settings = find.check_course(caller, course, door.course_settings if door else None)
    check_not_frozen(connection, course)
    found = find.read_assignment(door) if door and door.id else None
    found = find.check_visible(caller, course, assignment, found, utc_text(at))
    assert door is not None  # check_course has seen it
    check_limits(files, settings.limits)
    _check_declared(found, door.manifest, files)
    named = {"for_course": course, "for_assignment": assignment, "for_student": caller.name}
    own = connection.execute(_OWN, named).one()
    schedule = _granted(own).schedule(found.settings)
    policy.check_open(schedule, at, own.used, closed_by_student=own.closed is not None)
    _check_quota(settings.limits, files, int(own.stored) + in_flight)
    return Admission(schedule, own.last + 1, schedule.lateness_seconds(at), door.key_id)


def _granted(own: Row[Any]) -> Granted:
    extension = None if own.extra_attempts is None else Extension(own.due_at, own.extra_attempts, "")
    return Granted(extension, own.late_days or 0)


def _check_declared(found: find.AssignmentRow, manifest: str | None, files: list[FileInfo]) -> None:
    released = [f.path for f in decode_manifest(manifest.encode())] if manifest else []
    extra = [f.path for f in files if f.path not in released and not matches(f.path, found.settings.files)]
    if extra:
        accepted = ", ".join([*released, *found.settings.files])
        rule = f"some files are not part of the assignment, which accepts {accepted}"
        raise Refused(rule, ", ".join(extra)[:400], "leave them out")
    notebooks = [p for p in released if p.endswith(".ipynb")]
    if notebooks and not any(f.path in notebooks for f in files):
        raise Refused(
            f"the assignment's notebook, {', '.join(notebooks)}, is not among the files",
            ", ".join(f.path for f in files)[:400] or "no file",
            f"save it under that name in the folder {found.id}",
        )


def _check_quota(limits: UploadLimits, files: list[FileInfo], taken: int) -> None:
    size, quota = sum(f.size for f in files), limits.student_quota_bytes
    if taken + size > quota:
        raise Refused(
            f"you can store at most {quota} bytes in a course",
            f"{size} bytes with {max(0, quota - taken)} left",
            "clear outputs, or ask your instructor",
            413,
        )


def _door() -> Any:
    """What is the same for everybody: course, assignment, the files of its release and the key that signs."""
    a, b = assignments.c, bundles.c
    released = and_(b.course == a.course, b.assignment == a.id, b.kind == "release", b.version == a.release_version)
    there = courses.outerjoin(assignments, and_(a.course == courses.c.id, a.id == ASSIGNMENT))
    said = select(courses.c.settings.label("course_settings"), *a, b.manifest, ACTIVE_KEY.label("key_id"))
    return said.select_from(there.outerjoin(bundles, released)).where(courses.c.id == COURSE)


def _own() -> Any:
    """What belongs to one student: granted, spent, used, stored."""
    s, e = submissions.c, extensions.c

    def mine(table: Table, column: Any) -> Any:
        t = table.c
        return select(column).where(t.course == COURSE, t.assignment == ASSIGNMENT, t.student == STUDENT)

    stored = select(func.coalesce(func.sum(s.size), 0)).where(s.course == COURSE, s.student == STUDENT)
    parts = {
        "due_at": mine(extensions, e.due_at),
        "extra_attempts": mine(extensions, e.extra_attempts),
        "late_days": mine(late_days, late_days.c.days),
        "closed": mine(unlocks, unlocks.c.closed),
        "used": mine(submissions, func.count()),
        "last": mine(submissions, func.coalesce(func.max(s.attempt), 0)),
        "stored": stored,
    }
    return select(*(part.scalar_subquery().label(name) for name, part in parts.items()))


_DOOR, _OWN = _door(), _own()
