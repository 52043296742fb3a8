"""Events and progress."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from exchange.protocol import scopes
from exchange.protocol.models import (
    ClassSteps,
    CourseActivity,
    Event,
    EventKind,
    EventReport,
    Forgotten,
    Refused,
    StudentProgress,
)
from exchange.service import activity, audit, courses, events, find, forgetting, steps
from exchange.service.context import CallerDep, ServiceDep
from exchange.service.routes.parameters import After, AssignmentQuery, CourseId, Limit, PersonQuery, Wait
from exchange.service.routes.waiting import wait_for_rows
from exchange.service.tables import events as table

router = APIRouter()


@router.post("/courses/{course}/events", status_code=201)
def post_event(course: CourseId, report: EventReport, service: ServiceDep, caller: CallerDep) -> Event:
    """Report that the caller tested or completed a module, or ran its test cells."""
    find.check_student(caller, course)
    events.check_detail(report.detail)
    now = service.now()
    with service.database.write() as connection:
        found = find.find_assignment(connection, caller, course, report.assignment, now)
        events.check_rate(connection, course, caller.name, now)
        seq = events.add(connection, now, course, found.id, caller.name, report.kind, report.detail)
    service.bell.ring()
    return Event(seq, now, course, found.id, caller.name, report.kind, report.detail)


@router.get("/courses/{course}/events")
async def list_events(
    course: CourseId,
    service: ServiceDep,
    caller: CallerDep,
    assignment: AssignmentQuery = None,
    student: PersonQuery = None,
    kind: EventKind | None = None,
    after: After = 0,
    limit: Limit = 500,
    wait: Wait = 0,
) -> list[Event]:
    """List the caller's own events, or with the events scope everybody's, in their order."""
    everybody = caller.may(scopes.EVENTS, course)
    if not everybody and student not in (None, caller.name):
        raise Refused("students can see only their own events", str(student), "leave out 'student'", 403)
    wanted = {"assignment": assignment, "student": student if everybody else caller.name, "kind": kind}
    query = select(table).where(table.c.course == course, table.c.seq > after)
    query = query.filter_by(**{name: value for name, value in wanted.items() if value is not None})

    def look() -> list[Event]:
        with service.database.read() as connection:
            find.find_course(connection, caller, course)
            return [events.read(row) for row in connection.execute(query.order_by(table.c.seq).limit(limit))]

    return await wait_for_rows(service, look, wait)


@router.get("/courses/{course}/activity")
def get_activity(
    course: CourseId,
    service: ServiceDep,
    caller: CallerDep,
    assignment: AssignmentQuery = None,
    student: PersonQuery = None,
    failing: Annotated[int, Query(ge=0, le=1000, description="only exercises that failed so often in a row")] = 0,
) -> CourseActivity:
    """Show what events add up to: the caller's own, or with the events scope everybody's."""
    if not caller.may(scopes.EVENTS, course):
        if student not in (None, caller.name):
            raise Refused("students can see only their own activity", str(student), "leave out 'student'", 403)
        student = caller.name
    with service.database.read() as connection:
        find.find_course(connection, caller, course)
        return activity.read(connection, course, assignment, student, failing)


@router.get("/courses/{course}/steps")
def get_steps(course: CourseId, service: ServiceDep, caller: CallerDep) -> ClassSteps:
    """Show how far everybody is, as their own servers report it, and who opened hints (events)."""
    find.check_scope(caller, scopes.EVENTS, course)
    with service.database.read() as connection:
        find.find_course(connection, caller, course)
        return steps.read(connection, course)


@router.delete("/courses/{course}/events")
def forget_events(
    course: CourseId,
    service: ServiceDep,
    caller: CallerDep,
    before: str | None = None,
    student: PersonQuery = None,
    yes: bool = False,
) -> Forgotten:
    """Remove events before a time, or what a course need not keep about one student; without `yes` only count it.

    What students handed in, receipts, results and feedback stay: a course must be able to show them.
    """
    find.check_scope(caller, scopes.ADMIN, course)
    with service.database.write() as connection:
        find.find_course(connection, caller, course)
        forgotten = forgetting.forget(connection, course, forgetting.what(before, student), yes)
        if yes:
            said = f"{forgotten.events} events, {forgotten.questions} questions; before {before or 'any time'}"
            audit.record(connection, service.now(), caller, "forget", course, subject=student or "", detail=said)
    return forgotten


@router.get("/courses/{course}/progress")
def get_progress(course: CourseId, service: ServiceDep, caller: CallerDep) -> list[StudentProgress]:
    """Show how every assignment stands for every student who has fetched or submitted anything."""
    # Not async, so that a large class's answer is made into JSON in a thread too, and nobody waits for it.
    find.check_scope(caller, scopes.EVENTS, course)
    now = service.now()
    with service.database.read() as connection:
        rows = courses.list_assignments(connection, caller, course, now)
        record = courses.read_record(connection, course, None)
    students = sorted({s for _, s in (*record.fetched, *record.submitted, *record.granted)})
    return [StudentProgress(s, [courses.read_assignment(r, record, s, now) for r in rows]) for s in students]
