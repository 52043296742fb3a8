"""Releases and solutions: staff store them, students fetch them."""

import contextlib
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from exchange.protocol import scopes
from exchange.protocol.models import Assignment, Refused
from exchange.protocol.paths import check_identifier
from exchange.service import events, find, releases, unlocks
from exchange.service.context import CallerDep, Service, ServiceDep
from exchange.service.freezing import check_not_frozen
from exchange.service.identity import Caller
from exchange.service.intake import AlreadyStored, receive
from exchange.service.routes.assignments import show
from exchange.service.routes.parameters import GIVES_BUNDLE, TAKES_BUNDLE, AssignmentId, CourseId, send_bundle

router = APIRouter()
Force = Annotated[bool, Query(description="replace an earlier release that has other files")]


async def _put(
    request: Request, service: Service, caller: Caller, course: str, assignment: str, kind: str, force: bool
) -> Assignment:
    find.check_scope(caller, scopes.RELEASE, course)
    intake = releases.BundleIntake(service, caller, course, check_identifier("assignment", assignment), kind, force)
    with contextlib.suppress(AlreadyStored):  # the same files again: nothing changes
        await receive(request, service, (course, kind), intake.admit, intake.accept)
    return await run_in_threadpool(show, service, caller, course, assignment)


@router.put("/courses/{course}/assignments/{assignment}/release", openapi_extra=TAKES_BUNDLE)
async def put_release(
    request: Request,
    course: CourseId,
    assignment: AssignmentId,
    service: ServiceDep,
    caller: CallerDep,
    force: Force = False,
) -> Assignment:
    """Release an assignment's files; creates the assignment if it is new. Students see it from its release time on."""
    return await _put(request, service, caller, course, assignment, "release", force)


@router.put("/courses/{course}/assignments/{assignment}/solution", openapi_extra=TAKES_BUNDLE)
async def put_solution(
    request: Request,
    course: CourseId,
    assignment: AssignmentId,
    service: ServiceDep,
    caller: CallerDep,
    force: Force = False,
) -> Assignment:
    """Store an assignment's solution; students get it as `unlock` allows."""
    return await _put(request, service, caller, course, assignment, "solution", force)


@router.delete("/courses/{course}/assignments/{assignment}/release", status_code=204)
def delete_release(course: CourseId, assignment: AssignmentId, service: ServiceDep, caller: CallerDep) -> None:
    """Withdraw a release: students no longer see it. Nothing that was submitted is touched."""
    find.check_scope(caller, scopes.RELEASE, course)
    releases.withdraw(service, caller, course, assignment)


@router.get(
    "/courses/{course}/assignments/{assignment}/release", responses=GIVES_BUNDLE, response_class=StreamingResponse
)
def get_release(
    course: CourseId, assignment: AssignmentId, service: ServiceDep, caller: CallerDep
) -> StreamingResponse:
    """Fetch a release; a student's first fetch of each version is recorded as an event."""
    now = service.now()
    with service.database.read() as connection:
        found = find.find_assignment(connection, caller, course, assignment, now)
        if not find.sees_unreleased(caller, course):
            check_not_frozen(connection, course)
        if found.release_version is None:
            raise Refused(f"{assignment} has no release", remedy="release it first", status=404)
        row = releases.find_bundle(connection, course, assignment, "release", found.release_version)
        answer = send_bundle(service.blobs, row.blob, row.manifest)
        detail = {"version": row.version}
        known = events.exists(connection, course, assignment, caller.name, "fetched", detail)
    if caller.is_student(course) and not known:
        with service.database.write() as connection:
            events.add(connection, now, course, assignment, caller.name, "fetched", detail)
    return answer


@router.get(
    "/courses/{course}/assignments/{assignment}/solution", responses=GIVES_BUNDLE, response_class=StreamingResponse
)
def get_solution(
    course: CourseId, assignment: AssignmentId, service: ServiceDep, caller: CallerDep
) -> StreamingResponse:
    """Fetch a solution that was unlocked (or, with the release scope, any)."""
    with service.database.read() as connection:
        found = find.find_assignment(connection, caller, course, assignment, service.now())
        granted = unlocks.state(connection, found, caller.name).granted
        if not granted and not caller.may(scopes.RELEASE, course):
            remedy = f"`tito module unlock {assignment}` says when and how to unlock it"
            raise Refused(f"the solution of {assignment} is not unlocked", remedy=remedy, status=403)
        row = releases.find_bundle(connection, course, assignment, "solution")
        return send_bundle(service.blobs, row.blob, row.manifest)
