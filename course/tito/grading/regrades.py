"""Regrade requests: a student asks with a reason, a grader answers, and both stay on record.

Only one request per exercise is open at a time. After its answer the student may ask again: an answer can be mistaken,
and points can change. Considered: once per exercise, which leaves mistaken answers uncorrected or moves them to mail.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused
from tito.gradebook.sections import sections

from .identity import caller, needs
from .records import FeedbackRelease, Regrade, utc_now
from .rights import GRADE, READ

router = APIRouter(prefix="/regrades")
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.@+-]{0,127}$")]


class RegradeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    assignment: Name
    exercise: str = Field("", max_length=128, pattern=r"^[\w.-]*$")
    reason: str = Field(min_length=10, max_length=4000)


class RegradeAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    answer: str = Field(min_length=1, max_length=4000)


@router.post("", status_code=201)
def ask(wanted: RegradeRequest, request: Request, person: Annotated[Caller, Depends(caller)]) -> dict[str, Any]:
    """Ask for another look at the caller's work, once feedback is released; only one request is open at a time."""
    if person.kind != "user":
        raise Refused("only a student can ask for a regrade", person.name, "use the student's own token", 403)
    key = f"{person.name}/{wanted.assignment}/{wanted.exercise}"
    with Session(request.app.state.queue.engine) as session:
        if session.get(FeedbackRelease, (wanted.assignment, person.name)) is None:
            rule = f"{person.name} has no feedback on {wanted.assignment} yet"
            raise Refused(rule, remedy="wait until it is released", status=409)
        regrade = Regrade(**wanted.model_dump(), student=person.name, open_key=key)
        session.add(regrade)
        try:
            session.commit()
        except IntegrityError as error:
            rule = "your earlier request on this is still open"
            raise Refused(rule, remedy="wait for its answer", status=409) from error
        return describe(regrade)


@router.get("")
def look(
    request: Request, person: Annotated[Caller, Depends(caller)], open: bool | None = None, assignment: str = ""
) -> list[dict[str, Any]]:
    """List requests: the caller's own, or everybody's for staff; `open=true` lists those waiting for an answer."""
    query = select(Regrade).order_by(Regrade.id)
    if not person.has(READ):
        query = query.where(Regrade.student == person.name)
    if assignment:
        query = query.where(Regrade.assignment == assignment)
    if open is not None:
        query = query.where(Regrade.answered_at.is_(None) if open else Regrade.answered_at.is_not(None))
    with Session(request.app.state.queue.engine) as session:
        return [describe(regrade) for regrade in session.scalars(query)]


@router.post("/{number}/answer")
def answer(
    number: int, said: RegradeAnswer, request: Request, person: Annotated[Caller, Depends(needs(GRADE))]
) -> dict[str, Any]:
    """Answer a request that nobody has answered. A change of points is made in the formgrader, where it is recorded."""
    with Session(request.app.state.queue.engine) as session:
        _refuse_conflict(request, session.get(Regrade, number), person)
        # In one statement: if two answer at the same time, the second is told, and overwrites nothing.
        mine = {"answer": said.answer, "answered_by": person.name, "answered_at": utc_now(), "open_key": None}
        taken = session.execute(update(Regrade).where(Regrade.id == number, Regrade.answered_at.is_(None)).values(mine))
        session.commit()
        regrade = session.get(Regrade, number)
        if regrade is None:
            raise Refused(f"there is no regrade request {number}", "", "`regrades` lists them", 404)
        if taken.rowcount == 0:  # type: ignore[attr-defined]
            rule = f"request {number} was answered by {regrade.answered_by}: “{regrade.answer}”"
            raise Refused(rule, said.answer, "what you wrote was not sent; the student may ask again", 409)
        return describe(regrade)


def _refuse_conflict(request: Request, regrade: Regrade | None, person: Caller) -> None:
    rules = sections(request.app.state.settings.course_dir)
    if regrade and (why := rules.why_not(person.name, regrade.student)):
        rule, _, remedy = why.partition(": ")
        raise Refused(rule, regrade.student, remedy, 403)


def describe(regrade: Regrade) -> dict[str, Any]:
    return {
        "id": regrade.id, "assignment": regrade.assignment, "student": regrade.student, "exercise": regrade.exercise,
        "reason": regrade.reason, "asked_at": regrade.asked_at.isoformat(), "answer": regrade.answer,
        "answered_by": regrade.answered_by,
        "answered_at": regrade.answered_at.isoformat() if regrade.answered_at else None,
    }  # fmt: skip
