"""Extensions: one student's later due time or further attempts."""

from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select

from exchange.protocol.models import Extension, ExtensionInfo, Refused, parse_utc, utc_text
from exchange.service import audit, find
from exchange.service.context import Service
from exchange.service.events import check_detail
from exchange.service.identity import Caller
from exchange.service.tables import extensions


def list_extensions(connection: Connection, course: str, assignment: str) -> list[ExtensionInfo]:
    """List an assignment's extensions by student."""
    e = extensions.c
    query = select(e.student, e.due_at, e.extra_attempts, e.reason, e.granted_at, e.granted_by)
    rows = connection.execute(query.where(e.course == course, e.assignment == assignment).order_by(e.student))
    return [ExtensionInfo(**row._mapping) for row in rows]


def _check(extension: Extension) -> Extension:
    if not 0 <= extension.extra_attempts <= 10_000:
        raise Refused("extra_attempts must be from 0 to 10000", str(extension.extra_attempts), "send 0 for none")
    if extension.due_at is None and extension.extra_attempts == 0:
        raise Refused("the extension gives neither time nor attempts", remedy="send due_at or extra_attempts")
    if "\x00" in extension.reason:
        raise Refused("the reason contains a NUL character", remedy="leave it out")
    check_detail({"reason": extension.reason})
    return replace(extension, due_at=utc_text(parse_utc(extension.due_at)) if extension.due_at else None)


def put_extension(
    service: Service, caller: Caller, course: str, assignment: str, student: str, extension: Extension
) -> ExtensionInfo:
    """Grant an extension, replacing an earlier one; refuse it to a student who has the solution."""
    extension, now = _check(extension), service.now()
    key = {"course": course, "assignment": assignment, "student": student}
    values = {"due_at": extension.due_at, "extra_attempts": extension.extra_attempts, "reason": extension.reason}
    granted = {"granted_at": now, "granted_by": caller.acting_for or caller.name}
    with service.database.write() as connection:
        find.find_assignment(connection, caller, course, assignment, now)
        if find.find_unlock(connection, course, assignment, student):
            rule = "the student has the solution and can't submit any more"
            raise Refused(rule, student, "grade what was submitted", 409)
        connection.execute(delete(extensions).filter_by(**key))
        connection.execute(insert(extensions).values(key | values | granted))
        detail = f"due {extension.due_at}, {extension.extra_attempts} more attempts: {extension.reason}"
        audit.record(connection, now, caller, "put extension", course, assignment, student, detail=detail)
    granted_by = caller.acting_for or caller.name
    return ExtensionInfo(student, extension.due_at, extension.extra_attempts, extension.reason, now, granted_by)


def delete_extension(service: Service, caller: Caller, course: str, assignment: str, student: str) -> None:
    """Revoke an extension."""
    now, e = service.now(), extensions.c
    with service.database.write() as connection:
        find.find_assignment(connection, caller, course, assignment, now)
        where = (e.course == course, e.assignment == assignment, e.student == student)
        if connection.execute(delete(extensions).where(*where)).rowcount == 0:
            raise Refused("there is no extension to revoke", student, "list the extensions first", 404)
        audit.record(connection, now, caller, "delete extension", course, assignment, student)
