"""Guards: `find_x` raises 404 if there is none for this caller, `check_x` raises 403 if the right is missing.

What a caller may not see is answered exactly like what does not exist.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from exchange.protocol.models import AssignmentSettings, CourseSettings, Refused, UploadLimits
from exchange.protocol.paths import check_identifier
from exchange.protocol.scopes import COLLECT, STAFF_SCOPES
from exchange.service.identity import Caller
from exchange.service.tables import assignments, courses, submissions, unlocks


@dataclass(frozen=True)
class AssignmentRow:
    """An assignment as stored."""

    course: str
    id: str
    settings: AssignmentSettings
    release_version: int | None
    released_at: str | None

    def visible_at(self) -> str | None:
        """Return when students see it: its first release, but not before its release time; None if not released."""
        return max(self.released_at, self.settings.release_at or "") if self.released_at else None


def check_scope(caller: Caller, scope: str, course: str) -> None:
    """Raise Refused 403 unless the token carries the staff verb for this course."""
    if not caller.may(scope, course):
        needs = f"the scope {scope} in the token" + ("" if scope in caller.scopes else ", which it lacks")
        raise Refused(
            f"this needs {needs}, and the group formgrade-{course}",
            f"a token of {caller.name}",
            "use the formgrader, or a staff token from the Hub's token page; notebook kernels have no staff rights",
            403,
        )


def check_student(caller: Caller, course: str) -> None:
    """Raise Refused 403 unless the caller takes the course."""
    if not caller.is_student(course):
        raise Refused(
            f"only students of {course} can do this", caller.name, "ask your instructor to add you to the roster", 403
        )


def _no_course(course: str) -> Refused:
    rule = "there is no such course, or you are not in it"
    return Refused(rule, ascii(course)[:120], "`nbgrader list` shows yours", 404)


def read_course_settings(text: str) -> CourseSettings:
    """Read stored settings."""
    data = json.loads(text)
    return CourseSettings(**{**data, "limits": UploadLimits(**data["limits"])})


def check_course(caller: Caller, course: str, settings: str | None) -> CourseSettings:
    """Read a course's stored settings (None: there is none); raise Refused 404 unless the caller is in it."""
    if settings is None or caller.role(course) is None:
        raise _no_course(course)
    return read_course_settings(settings)


def find_course(connection: Connection, caller: Caller, course: str) -> CourseSettings:
    """Return a course that the caller is in."""
    row = connection.execute(select(courses.c.settings).where(courses.c.id == course)).first()
    return check_course(caller, course, row.settings if row else None)


def read_assignment(row: Row[Any]) -> AssignmentRow:
    """Read a stored assignment."""
    settings = AssignmentSettings(**json.loads(row.settings))
    return AssignmentRow(row.course, row.id, settings, row.release_version, row.released_at)


def sees_unreleased(caller: Caller, course: str) -> bool:
    """Tell whether the caller sees what students don't see yet."""
    return any(caller.may(scope, course) for scope in STAFF_SCOPES)


def check_visible(caller: Caller, course: str, assignment: str, found: AssignmentRow | None, now: str) -> AssignmentRow:
    """Return what was found (None: nothing); raise Refused 404 unless the caller may see it now."""
    visible = found and found.visible_at()
    if found is None or not (sees_unreleased(caller, course) or (visible and visible <= now)):
        raise Refused(
            f"{course} has no such assignment, or it is not released yet",
            ascii(assignment)[:120],
            "`nbgrader list` shows what is released",
            404,
        )
    return found


def find_assignment(connection: Connection, caller: Caller, course: str, assignment: str, now: str) -> AssignmentRow:
    """Return an assignment that the caller may see now."""
    find_course(connection, caller, course)
    query = select(assignments).where(assignments.c.course == course, assignments.c.id == assignment)
    row = connection.execute(query).first()
    return check_visible(caller, course, assignment, read_assignment(row) if row else None, now)


def find_submission(connection: Connection, caller: Caller, course: str, submission: str) -> Row[Any]:
    """Return the caller's own submission, or anyone's for staff who collect."""
    find_course(connection, caller, course)
    query = select(submissions).where(submissions.c.id == submission, submissions.c.course == course)
    row = connection.execute(query).first()
    own = row is not None and caller.kind == "user" and row.student == caller.name
    if row is None or not (own or caller.may(COLLECT, course)):
        rule = "there is no such submission, or it is not yours"
        raise Refused(rule, ascii(submission)[:120], "`tito receipt list` shows yours", 404)
    return row


def find_unlock(connection: Connection, course: str, assignment: str, student: str) -> Row[Any] | None:
    """Return the row that lets the student have the solution, if there is one."""
    u = unlocks.c
    query = select(unlocks).where(u.course == course, u.assignment == assignment, u.student == student)
    return connection.execute(query).first()


def check_new_identifiers(**named: str) -> None:
    """Raise Refused unless each id can name something new."""
    for kind, value in named.items():
        check_identifier(kind, value)
