"""Submissions: students send them; staff collect them, attach results and release feedback."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import Connection, Row, select
from starlette.concurrency import run_in_threadpool

from exchange.protocol import scopes
from exchange.protocol.models import Counts, Refused, Result, SignedReceipt, Submission
from exchange.service import feedback, find, submissions
from exchange.service.context import CallerDep, Service, ServiceDep
from exchange.service.identity import Caller
from exchange.service.intake import AlreadyStored, receive
from exchange.service.routes.parameters import (
    GIVES_BUNDLE,
    TAKES_BUNDLE,
    After,
    AssignmentId,
    AssignmentQuery,
    CourseId,
    IdempotencyKey,
    Limit,
    PersonQuery,
    SubmissionId,
    Wait,
    send_bundle,
)
from exchange.service.routes.waiting import wait_for_rows
from exchange.service.standing import read_schedules
from exchange.service.tables import feedback as feedback_table
from exchange.service.tables import submissions as table

router = APIRouter()


def _read(connection: Connection, course: str, rows: list[Row[Any]]) -> list[Submission]:
    schedules = read_schedules(connection, course, {row.assignment for row in rows})
    counts = {name: settings.counts for name, settings in schedules.settings.items()}
    # Only for these students: the intake asks about every arrival, and a class has tens of thousands of results.
    students = {row.student for row in rows}
    counting = submissions.counting_ids(connection, course, schedules, counts, students) if rows else set()
    return [submissions.read(row, schedules, counting) for row in rows]


@router.post(
    "/courses/{course}/assignments/{assignment}/submissions",
    openapi_extra=TAKES_BUNDLE,
    status_code=201,
    response_model=SignedReceipt,
    responses={200: {"model": SignedReceipt, "description": "stored before under this Idempotency-Key"}},
)
async def post_submission(
    request: Request,
    course: CourseId,
    assignment: AssignmentId,
    key: IdempotencyKey,
    service: ServiceDep,
    caller: CallerDep,
) -> Response:
    """Submit an assignment; the answer is the signed receipt. The same key again gives the same receipt."""
    find.check_student(caller, course)
    intake = submissions.SubmissionIntake(service, caller, course, assignment, key)
    try:
        receipt = await receive(request, service, intake.owner, intake.admit, intake.accept)
        return Response(receipt, 201, media_type="application/json")
    except AlreadyStored as earlier:
        return Response(str(earlier.answer), 200, media_type="application/json")


@router.get("/courses/{course}/submissions")
async def list_submissions(
    course: CourseId,
    service: ServiceDep,
    caller: CallerDep,
    assignment: AssignmentQuery = None,
    student: PersonQuery = None,
    after: After = 0,
    limit: Limit = 200,
    wait: Wait = 0,
    mine: bool = False,
) -> list[Submission]:
    """List the caller's own submissions, or with the collect scope everybody's, in the order of their arrival."""
    everybody = caller.may(scopes.COLLECT, course) and not mine
    if not everybody and student not in (None, caller.name):
        raise Refused("students can see only their own submissions", str(student), "leave out 'student'", 403)
    whose = student if everybody else caller.name

    def look() -> list[Submission]:
        query = submissions.query().where(table.c.course == course, table.c.seq > after)
        query = query.where(table.c.assignment == assignment) if assignment else query
        query = query.where(table.c.student == whose) if whose else query
        with service.database.read() as connection:
            find.find_course(connection, caller, course)
            rows = list(connection.execute(query.order_by(table.c.seq).limit(limit)))
            return _read(connection, course, rows)

    return await wait_for_rows(service, look, wait)


@router.get("/courses/{course}/assignments/{assignment}/collection")
def get_collection(
    course: CourseId,
    assignment: AssignmentId,
    service: ServiceDep,
    caller: CallerDep,
    counts: Counts | None = None,
) -> list[Submission]:
    """List the attempt of each student that counts, by the assignment's rule or another one."""
    find.check_scope(caller, scopes.COLLECT, course)
    with service.database.read() as connection:
        found = find.find_assignment(connection, caller, course, assignment, service.now())
        rule = {assignment: counts or found.settings.counts}
        schedules = read_schedules(connection, course, [assignment])
        counting = submissions.counting_ids(connection, course, schedules, rule)
        query = submissions.query().where(table.c.course == course, table.c.assignment == assignment)
        rows = [row for row in connection.execute(query.order_by(table.c.student)) if row.id in counting]
        return [submissions.read(row, schedules, counting) for row in rows]


def _one(service: Service, caller: Caller, course: str, submission: str) -> Submission:
    with service.database.read() as connection:
        find.find_submission(connection, caller, course, submission)
        full = connection.execute(submissions.query().where(table.c.id == submission)).one()
        return _read(connection, course, [full])[0]


@router.get("/courses/{course}/submissions/{submission}")
def get_submission(course: CourseId, submission: SubmissionId, service: ServiceDep, caller: CallerDep) -> Submission:
    """Show a submission with its result and feedback."""
    return _one(service, caller, course, submission)


@router.get("/courses/{course}/submissions/{submission}/receipt")
def get_receipt(course: CourseId, submission: SubmissionId, service: ServiceDep, caller: CallerDep) -> SignedReceipt:
    """Return the signed receipt again."""
    with service.database.read() as connection:
        return submissions.signed(find.find_submission(connection, caller, course, submission))


@router.get(
    "/courses/{course}/submissions/{submission}/files", responses=GIVES_BUNDLE, response_class=StreamingResponse
)
def get_files(course: CourseId, submission: SubmissionId, service: ServiceDep, caller: CallerDep) -> StreamingResponse:
    """Download what was submitted."""
    with service.database.read() as connection:
        row = find.find_submission(connection, caller, course, submission)
        return send_bundle(service.blobs, row.blob, row.manifest)


@router.put("/courses/{course}/submissions/{submission}/result")
def put_result(
    course: CourseId, submission: SubmissionId, result: Result, service: ServiceDep, caller: CallerDep
) -> Submission:
    """Attach what the grader found; the student can read it immediately."""
    find.check_scope(caller, scopes.FEEDBACK, course)
    with service.database.read() as connection:
        row = _graded(connection, caller, course, submission)
    feedback.put_result(service, caller, row, result)
    with service.database.read() as connection:
        full = connection.execute(submissions.query().where(table.c.id == submission)).one()
        return _read(connection, course, [full])[0]


def _graded(connection: Connection, caller: Caller, course: str, submission: str) -> Row[Any]:
    find.find_course(connection, caller, course)
    query = select(table).where(table.c.id == submission, table.c.course == course)
    row = connection.execute(query).first()
    if row is None:
        raise Refused("there is no such submission", submission, "list the collection first", 404)
    return row


@router.put("/courses/{course}/submissions/{submission}/feedback", openapi_extra=TAKES_BUNDLE, status_code=204)
async def put_feedback(
    request: Request, course: CourseId, submission: SubmissionId, service: ServiceDep, caller: CallerDep
) -> None:
    """Release feedback files for a submission, replacing earlier ones."""
    find.check_scope(caller, scopes.FEEDBACK, course)

    def look() -> Row[Any]:
        with service.database.read() as connection:
            return _graded(connection, caller, course, submission)

    intake = feedback.FeedbackIntake(service, caller, await run_in_threadpool(look))
    await receive(request, service, (course, "feedback"), intake.admit, intake.accept)


@router.get(
    "/courses/{course}/submissions/{submission}/feedback", responses=GIVES_BUNDLE, response_class=StreamingResponse
)
def get_feedback(
    course: CourseId, submission: SubmissionId, service: ServiceDep, caller: CallerDep
) -> StreamingResponse:
    """Fetch the feedback of a submission."""
    with service.database.read() as connection:
        row = find.find_submission(connection, caller, course, submission)
        query = select(feedback_table).where(feedback_table.c.submission == row.id)
        found = connection.execute(query).first()
        if found is None:
            rule = "no feedback on this submission has been released yet"
            raise Refused(rule, remedy="look again later", status=404)
        return send_bundle(service.blobs, found.blob, found.manifest)
