"""Courses: list, show, configure; the audit."""

import json
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from exchange.protocol import scopes
from exchange.protocol.models import AuditEntry, Course, CourseSettings, Deleted, Freeze, plain
from exchange.service import audit, courses, deleting, find, freezing
from exchange.service.context import CallerDep, ServiceDep
from exchange.service.routes.parameters import After, CourseId, Limit
from exchange.service.tables import audit as audit_table

router = APIRouter()
Why = Annotated[str, Query(max_length=200, description="what the record says about it")]


@router.get("/courses")
def list_courses(service: ServiceDep, caller: CallerDep) -> list[Course]:
    """List the courses that the caller is in."""
    with service.database.read() as connection:
        return courses.list_courses(connection, caller)


@router.get("/courses/{course}")
def get_course(course: CourseId, service: ServiceDep, caller: CallerDep) -> Course:
    """Show a course that the caller is in."""
    with service.database.read() as connection:
        return courses.read_course(connection, caller, course, find.find_course(connection, caller, course))


@router.put("/courses/{course}")
def put_course(course: CourseId, settings: CourseSettings, service: ServiceDep, caller: CallerDep) -> Course:
    """Create or configure a course."""
    find.check_scope(caller, scopes.ADMIN, course)
    now = service.now()
    with service.database.write() as connection:
        courses.put_course(connection, course, settings, now)
        audit.record(connection, now, caller, "put course", course, detail=json.dumps(plain(settings)))
        return courses.read_course(connection, caller, course, settings)


@router.put("/courses/{course}/freeze")
def put_freeze(course: CourseId, service: ServiceDep, caller: CallerDep) -> Freeze:
    """Freeze a course: from now on all of it can be read and nothing changed. A second call changes nothing."""
    find.check_scope(caller, scopes.ADMIN, course)
    return freezing.freeze(service, caller, course)


@router.delete("/courses/{course}/freeze", status_code=204)
def delete_freeze(course: CourseId, service: ServiceDep, caller: CallerDep) -> None:
    """Unfreeze a course."""
    find.check_scope(caller, scopes.ADMIN, course)
    freezing.unfreeze(service, caller, course)


@router.delete("/courses/{course}/content")
def delete_content(
    course: CourseId, service: ServiceDep, caller: CallerDep, yes: bool = False, why: Why = ""
) -> Deleted:
    """Delete everything that a frozen course holds; without `yes` only count it."""
    find.check_scope(caller, scopes.ADMIN, course)
    return deleting.delete_content(service, caller, course, yes, why)


@router.get("/courses/{course}/audit")
def get_audit(
    course: CourseId, service: ServiceDep, caller: CallerDep, after: After = 0, limit: Limit = 200
) -> list[AuditEntry]:
    """List who did or tried what in a course, oldest first."""
    find.check_scope(caller, scopes.ADMIN, course)
    a = audit_table.c
    with service.database.read() as connection:
        query = select(audit_table).where(a.course == course, a.seq > after).order_by(a.seq).limit(limit)
        return [AuditEntry(**row._mapping) for row in connection.execute(query)]
