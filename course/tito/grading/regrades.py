"""Regrade requests: a student asks once per exercise, with a reason; whoever grades answers; both stay on record."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .identity import GRADE, READ, Person, caller, needs
from .records import FeedbackRelease, Regrade, utc_now

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
def ask(wanted: RegradeRequest, request: Request, person: Annotated[Person, Depends(caller)]) -> dict[str, Any]:
    """Ask for another look at one's own work; feedback must have been released, and one question is open at a time."""
    if person.kind != "user":
        raise HTTPException(403, "a regrade is asked for by a student, with her own token")
    key = f"{person.name}/{wanted.assignment}/{wanted.exercise}"
    with Session(request.app.state.queue.engine) as session:
        if session.get(FeedbackRelease, (wanted.assignment, person.name)) is None:
            raise HTTPException(
                409, f"{person.name} has no feedback on {wanted.assignment} yet: wait until it is released"
            )
        regrade = Regrade(**wanted.model_dump(), student=person.name, open_key=key)
        session.add(regrade)
        try:
            session.commit()
        except IntegrityError as error:
            raise HTTPException(409, "your earlier request on this is still open: wait for its answer") from error
        return describe(regrade)


@router.get("")
def look(
    request: Request, person: Annotated[Person, Depends(caller)], open: bool | None = None, assignment: str = ""
) -> list[dict[str, Any]]:
    """List requests: one's own, or everybody's for staff; `open=true` gives those that wait for an answer."""
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
    number: int, said: RegradeAnswer, request: Request, person: Annotated[Person, Depends(needs(GRADE))]
) -> dict[str, Any]:
    """Answer a request. A change of points is made in the formgrader, where it is recorded."""
    with Session(request.app.state.queue.engine) as session:
        regrade = session.get(Regrade, number)
        if regrade is None:
            raise HTTPException(404, f"there is no regrade request {number}")
        if regrade.answered_at is not None:
            raise HTTPException(
                409, f"request {number} was answered by {regrade.answered_by}: the student may ask again"
            )
        regrade.answer, regrade.answered_by, regrade.answered_at = said.answer, person.name, utc_now()
        regrade.open_key = None
        session.commit()
        return describe(regrade)


def describe(regrade: Regrade) -> dict[str, Any]:
    return {
        "id": regrade.id, "assignment": regrade.assignment, "student": regrade.student, "exercise": regrade.exercise,
        "reason": regrade.reason, "asked_at": regrade.asked_at.isoformat(), "answer": regrade.answer,
        "answered_by": regrade.answered_by,
        "answered_at": regrade.answered_at.isoformat() if regrade.answered_at else None,
    }  # fmt: skip
