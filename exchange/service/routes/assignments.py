"""Assignments: list and show them as they stand for the caller; schedule, policies and extensions for staff."""

import json

from fastapi import APIRouter

from exchange.protocol import scopes
from exchange.protocol.models import Assignment, AssignmentSettings, Extension, ExtensionInfo, plain
from exchange.protocol.paths import check_person
from exchange.service import audit, courses, extensions, find
from exchange.service.context import CallerDep, Service, ServiceDep
from exchange.service.identity import Caller
from exchange.service.routes.parameters import AssignmentId, CourseId, Person

router = APIRouter()


def show(service: Service, caller: Caller, course: str, assignment: str) -> Assignment:
    """Answer with an assignment as it stands for the caller."""
    now = service.now()
    with service.database.read() as connection:
        found = find.find_assignment(connection, caller, course, assignment, now)
        record = courses.read_record(connection, course, caller.name)
        return courses.read_assignment(found, record, caller.name, now)


@router.get("/courses/{course}/assignments")
def list_assignments(course: CourseId, service: ServiceDep, caller: CallerDep) -> list[Assignment]:
    """List the assignments that the caller may see now."""
    now = service.now()
    with service.database.read() as connection:
        found = courses.list_assignments(connection, caller, course, now)
        record = courses.read_record(connection, course, caller.name)
        return [courses.read_assignment(row, record, caller.name, now) for row in found]


@router.get("/courses/{course}/assignments/{assignment}")
def get_assignment(course: CourseId, assignment: AssignmentId, service: ServiceDep, caller: CallerDep) -> Assignment:
    """Show an assignment."""
    return show(service, caller, course, assignment)


@router.get("/courses/{course}/assignments/{assignment}/settings")
def get_settings(
    course: CourseId, assignment: AssignmentId, service: ServiceDep, caller: CallerDep
) -> AssignmentSettings:
    """Show an assignment's schedule and policies as they were set."""
    find.check_scope(caller, scopes.ADMIN, course)
    with service.database.read() as connection:
        return find.find_assignment(connection, caller, course, assignment, service.now()).settings


@router.put("/courses/{course}/assignments/{assignment}")
def put_assignment(
    course: CourseId, assignment: AssignmentId, settings: AssignmentSettings, service: ServiceDep, caller: CallerDep
) -> Assignment:
    """Create an assignment or replace its schedule and policies."""
    find.check_scope(caller, scopes.ADMIN, course)
    now = service.now()
    with service.database.write() as connection:
        find.find_course(connection, caller, course)
        courses.put_assignment(connection, course, assignment, settings, now)
        audit.record(connection, now, caller, "put assignment", course, assignment, detail=json.dumps(plain(settings)))
    return show(service, caller, course, assignment)


@router.get("/courses/{course}/assignments/{assignment}/extensions")
def list_extensions(
    course: CourseId, assignment: AssignmentId, service: ServiceDep, caller: CallerDep
) -> list[ExtensionInfo]:
    """List an assignment's extensions."""
    find.check_scope(caller, scopes.EXTEND, course)
    with service.database.read() as connection:
        find.find_assignment(connection, caller, course, assignment, service.now())
        return extensions.list_extensions(connection, course, assignment)


@router.put("/courses/{course}/assignments/{assignment}/extensions/{student}")
def put_extension(
    course: CourseId,
    assignment: AssignmentId,
    student: Person,
    extension: Extension,
    service: ServiceDep,
    caller: CallerDep,
) -> ExtensionInfo:
    """Grant a student an extension, replacing an earlier one."""
    find.check_scope(caller, scopes.EXTEND, course)
    return extensions.put_extension(service, caller, course, assignment, check_person(student), extension)


@router.delete("/courses/{course}/assignments/{assignment}/extensions/{student}", status_code=204)
def delete_extension(
    course: CourseId, assignment: AssignmentId, student: Person, service: ServiceDep, caller: CallerDep
) -> None:
    """Revoke a student's extension."""
    find.check_scope(caller, scopes.EXTEND, course)
    extensions.delete_extension(service, caller, course, assignment, check_person(student))
