"""The interface of the reading: lists, progress, the next answer, what is open, sharing out and handing over.

Readers see everybody's progress, but nobody's strictness except their own; instructors see everybody's.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused

from . import open_answers
from .identity import needs
from .next_to_read import find_next
from .reading import Reading, all_readings, counts, describe_reading, load_reading
from .reading_shares import hand_over, share_out
from .rights import GRADE, READ, RUN

router = APIRouter(prefix="/reading")
Reader = Annotated[Caller, Depends(needs(READ))]
Grader = Annotated[Caller, Depends(needs(GRADE))]
Instructor = Annotated[Caller, Depends(needs(RUN))]
Word = Annotated[str, Field(max_length=128)]
Person = Annotated[str, Field(max_length=255)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Which(Body):
    """Which answers are meant: of a question, of a section; `after` is the submission that the caller has just read."""

    question: Word = ""
    section: Word = ""
    after: Word = ""


class Opening(Body):
    """The answers of a submission that a page shows."""

    student: Person
    questions: list[Word] = Field(default_factory=list, max_length=200)


class Sharing(Body):
    """How the reading is shared out; without `yes` the answer is the plan, and nothing is written."""

    by: Word
    readers: list[Person] = Field(min_length=1, max_length=500)
    again: bool = False
    yes: bool = False


class HandOver(Body):
    """Whose waiting answers go to whom; an empty `to` makes them anybody's."""

    giver: Person
    to: Person
    question: Word = ""
    section: Word = ""
    yes: bool = False


@router.get("")
def modules(request: Request, person: Reader) -> list[dict[str, Any]]:
    """Count, by module, what is waiting to be read: in all, in the caller's own share, in nobody's."""
    return all_readings(request.app.state.settings, request.app.state.queue, person.name)


@router.get("/{assignment}")
def show(assignment: str, request: Request, person: Reader) -> dict[str, Any]:
    """Show a module's answers and each reader's progress."""
    return describe_reading(_load(request, assignment), person.name, None if person.has(RUN) else (person.name,))


@router.post("/{assignment}/next")
def take_next(assignment: str, which: Which, request: Request, person: Grader) -> dict[str, Any]:
    """Take the next answer for the caller to read; `page` is empty if nothing is waiting for them."""
    reading, queue = _load(request, assignment), request.app.state.queue
    found = find_next(reading, queue, person.name, which.question, which.section, which.after)
    return {"page": found.page if found else "", "question": found.question if found else ""}


@router.put("/{assignment}/open")
def open_answer(assignment: str, opening: Opening, request: Request, person: Grader) -> dict[str, Any]:
    """Open answers, or keep them open; those that somebody else has open are named and stay theirs."""
    taken = [question for question in opening.questions if _take(request, assignment, opening, question, person)]
    reading = _load(request, assignment)
    others = [
        {"question": key[1], "reader": row.reader, "since": row.opened_at.isoformat()}
        for key, row in sorted(reading.open.items())
        if key[0] == opening.student and row.reader != person.name
    ]
    return {"yours": taken, "others": others, "waits": counts(reading, person.name)["yours_waiting"]}


def _take(request: Request, assignment: str, opening: Opening, question: str, person: Caller) -> bool:
    return open_answers.take(request.app.state.queue, assignment, (opening.student, question), person.name)


@router.post("/{assignment}/close")
def close_answer(assignment: str, opening: Opening, request: Request, person: Grader) -> dict[str, Any]:
    """Close a submission."""
    open_answers.give_back(request.app.state.queue, assignment, opening.student, person.name)
    return {"closed": True}


@router.post("/{assignment}/share")
def share(assignment: str, wanted: Sharing, request: Request, person: Instructor) -> dict[str, Any]:
    """Share the reading out among readers, or show the plan."""
    state = request.app.state
    return share_out(state.settings, state.queue, assignment, by_whom=person.name, **wanted.model_dump())


@router.post("/{assignment}/handover")
def give_over(assignment: str, wanted: HandOver, request: Request, person: Grader) -> dict[str, Any]:
    """Hand over waiting answers in the caller's share to somebody else; instructors may hand over anybody's."""
    if wanted.giver != person.name and not person.has(RUN):
        raise Refused("you may hand over only your own share", wanted.giver, "ask them, or an instructor", 403)
    state = request.app.state
    return hand_over(state.settings, state.queue, assignment, by_whom=person.name, **wanted.model_dump())


def _load(request: Request, assignment: str) -> Reading:
    return load_reading(request.app.state.settings, request.app.state.queue, assignment)
