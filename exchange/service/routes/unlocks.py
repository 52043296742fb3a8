"""Unlocking a solution."""

from fastapi import APIRouter

from exchange.protocol.models import UnlockRequest, UnlockState
from exchange.service import find, unlocks
from exchange.service.context import CallerDep, ServiceDep
from exchange.service.routes.parameters import AssignmentId, CourseId

router = APIRouter()
PATH = "/courses/{course}/assignments/{assignment}/unlock"


@router.get(PATH)
def get_unlock(course: CourseId, assignment: AssignmentId, service: ServiceDep, caller: CallerDep) -> UnlockState:
    """Tell whether and when the caller may have the solution."""
    with service.database.read() as connection:
        found = find.find_assignment(connection, caller, course, assignment, service.now())
        return unlocks.state(connection, found, caller.name)


@router.post(PATH)
def post_unlock(
    course: CourseId, assignment: AssignmentId, request: UnlockRequest, service: ServiceDep, caller: CallerDep
) -> UnlockState:
    """Ask for the solution; with `close` and `confirm` also before its time, but then the caller can't submit again."""
    find.check_student(caller, course)
    return unlocks.grant(service, caller, course, assignment, request)
