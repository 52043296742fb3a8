"""Late days: students spend theirs, staff see who spent how many."""

from fastapi import APIRouter

from exchange.protocol import scopes
from exchange.protocol.models import Assignment, LateDays, LateDaysInfo
from exchange.service import find, late_days
from exchange.service.context import CallerDep, ServiceDep
from exchange.service.routes.assignments import show
from exchange.service.routes.parameters import AssignmentId, CourseId

router = APIRouter()


@router.get("/courses/{course}/late-days")
def list_late_days(course: CourseId, service: ServiceDep, caller: CallerDep) -> list[LateDaysInfo]:
    """List who has spent how many late days on what."""
    find.check_scope(caller, scopes.EXTEND, course)
    with service.database.read() as connection:
        find.find_course(connection, caller, course)
        return late_days.list_late_days(connection, course)


@router.put("/courses/{course}/assignments/{assignment}/late-days")
def put_late_days(
    course: CourseId, assignment: AssignmentId, wanted: LateDays, service: ServiceDep, caller: CallerDep
) -> Assignment:
    """Set how many late days the caller spends on an assignment: more, fewer or none."""
    find.check_student(caller, course)
    late_days.spend(service, caller, course, assignment, wanted)
    return show(service, caller, course, assignment)
