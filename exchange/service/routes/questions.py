"""Questions: students ask, with their notebook if they like; staff take, read and answer them."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Row, select
from starlette.concurrency import run_in_threadpool

from exchange.protocol import scopes
from exchange.protocol.models import Answer, AnswerForAll, Question, QuestionRequest, Refused
from exchange.service import failing, find, questions
from exchange.service.context import CallerDep, Service, ServiceDep
from exchange.service.identity import Caller
from exchange.service.intake import receive
from exchange.service.routes.parameters import (
    GIVES_BUNDLE,
    TAKES_BUNDLE,
    AssignmentId,
    AssignmentQuery,
    CourseId,
    Limit,
    QuestionId,
    send_bundle,
)
from exchange.service.snapshots import SnapshotIntake
from exchange.service.tables import questions as table
from exchange.service.tables import snapshots

router = APIRouter()
ONE = "/courses/{course}/questions/{question}"


@router.post("/courses/{course}/assignments/{assignment}/questions", status_code=201)
def post_question(
    course: CourseId, assignment: AssignmentId, request: QuestionRequest, service: ServiceDep, caller: CallerDep
) -> Question:
    """Ask the staff."""
    find.check_student(caller, course)
    return questions.ask(service, caller, course, assignment, request)


@router.get("/courses/{course}/questions")
def list_questions(
    course: CourseId,
    service: ServiceDep,
    caller: CallerDep,
    assignment: AssignmentQuery = None,
    waiting: bool = False,
    mine: bool = False,
    limit: Limit = 200,
) -> list[Question]:
    """List the caller's questions, or with the answer scope everybody's, oldest first; `waiting`: only unanswered."""
    everybody = caller.may(scopes.ANSWER, course) and not mine
    query = questions.query().where(table.c.course == course)
    query = query if everybody else query.where(table.c.student == caller.name)
    query = query.where(table.c.assignment == assignment) if assignment else query
    query = query.where(table.c.answered_at.is_(None)) if waiting else query
    with service.database.read() as connection:
        find.find_course(connection, caller, course)
        rows = [questions.read(row) for row in connection.execute(query.order_by(table.c.seq).limit(limit))]
        return failing.with_counts(connection, course, rows) if everybody else rows


@router.get("/courses/{course}/assignments/{assignment}/answers")
def list_answers(
    course: CourseId, assignment: AssignmentId, service: ServiceDep, caller: CallerDep
) -> list[AnswerForAll]:
    """List the answers that staff marked as useful for all, newest first, without names."""
    with service.database.read() as connection:
        found = find.find_assignment(connection, caller, course, assignment, service.now())
        return questions.for_all(connection, course, found.id)


@router.get(ONE)
def get_question(course: CourseId, question: QuestionId, service: ServiceDep, caller: CallerDep) -> Question:
    """Show a question; to those who answer, also how often its check fails in the class."""
    with service.database.read() as connection:
        found = questions.read(questions.find_question(connection, caller, course, question))
        may = caller.may(scopes.ANSWER, course)
        return failing.with_counts(connection, course, [found])[0] if may else found


@router.delete(ONE, status_code=204)
def delete_question(course: CourseId, question: QuestionId, service: ServiceDep, caller: CallerDep) -> None:
    """Take back one of the caller's own questions that nobody has answered."""
    questions.take_back(service, caller, course, question)


@router.put(f"{ONE}/notebook", openapi_extra=TAKES_BUNDLE, status_code=204)
async def put_notebook(
    request: Request, course: CourseId, question: QuestionId, service: ServiceDep, caller: CallerDep
) -> None:
    """Attach the module's notebook to one of the caller's own questions."""
    row = await run_in_threadpool(_own, service, caller, course, question)
    intake = SnapshotIntake(service, caller, row)
    await receive(request, service, (course, caller.name, "notebook"), intake.admit, intake.accept)


def _own(service: Service, caller: Caller, course: str, question: str) -> Row[Any]:
    with service.database.read() as connection:
        row = questions.find_question(connection, caller, course, question)
    if row.student != caller.name or caller.kind != "user":
        raise Refused("only the student who asked can attach a notebook", caller.name, "leave it to them", 403)
    return row


@router.get(f"{ONE}/notebook", responses=GIVES_BUNDLE, response_class=StreamingResponse)
def get_notebook(course: CourseId, question: QuestionId, service: ServiceDep, caller: CallerDep) -> StreamingResponse:
    """Download the notebook that was attached to a question."""
    with service.database.read() as connection:
        row = questions.find_question(connection, caller, course, question)
        found = connection.execute(select(snapshots).where(snapshots.c.question == row.id)).first()
        if found is None:
            raise Refused("this question has no notebook", remedy="answer from what it says", status=404)
        return send_bundle(service.blobs, found.blob, found.manifest)


@router.post(f"{ONE}/take")
def take_question(course: CourseId, question: QuestionId, service: ServiceDep, caller: CallerDep) -> Question:
    """Take a question to answer it: one person at a time."""
    find.check_scope(caller, scopes.ANSWER, course)
    return questions.take(service, caller, course, question)


@router.delete(f"{ONE}/take")
def give_question_back(course: CourseId, question: QuestionId, service: ServiceDep, caller: CallerDep) -> Question:
    """Leave a question that the caller has taken to somebody else."""
    find.check_scope(caller, scopes.ANSWER, course)
    return questions.give_back(service, caller, course, question)


@router.put(f"{ONE}/answer")
def put_answer(
    course: CourseId, question: QuestionId, given: Answer, service: ServiceDep, caller: CallerDep
) -> Question:
    """Answer a question; the student is told."""
    find.check_scope(caller, scopes.ANSWER, course)
    return questions.answer(service, caller, course, question, given)


@router.post(f"{ONE}/seen")
def see_answer(course: CourseId, question: QuestionId, service: ServiceDep, caller: CallerDep) -> Question:
    """Note that the caller has read the answer to their own question."""
    return questions.see(service, caller, course, question)
