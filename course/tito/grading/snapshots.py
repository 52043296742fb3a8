"""The visible checks on a question's notebook: people who answer questions ask for a run and read the newest one.

Asking again while one waits joins it. The notebook is the exchange's; it is read when the run's turn comes, and the
results of a run don't count.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused
from exchange.protocol.scopes import ANSWER

from . import exchange_door
from .identity import needs
from .overview import UNFINISHED, describe_quick
from .queue import Queue
from .records import QUEUED, RUNNING, Run, Task

router = APIRouter(prefix="/questions")
KIND = "snapshot"
Answerer = Annotated[Caller, Depends(needs(ANSWER))]
QuestionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@router.post("/{question}/checks", status_code=202)
def ask(question: QuestionId, request: Request, person: Answerer) -> dict[str, Any]:
    """Queue a run of the visible checks on a question's notebook."""
    queue: Queue = request.app.state.queue
    found = exchange_door.question(request.app.state.settings, question)
    if not found.notebook:
        raise Refused("this question has no notebook to check", "", "answer from what the question says", 409)
    queue.submit(KIND, found.assignment, [found.student], asked_by=person.name, submission=question)
    return _state(queue, question)


@router.get("/{question}/checks")
def look(question: QuestionId, request: Request, _: Answerer) -> dict[str, Any]:
    """Show the results of the newest run, and whether another is waiting; {} if nobody has asked for one."""
    return _state(request.app.state.queue, question)


def _state(queue: Queue, question: str) -> dict[str, Any]:
    mine = select(Run).where(Run.kind == KIND, Run.submission == question, Run.outcome.not_in(UNFINISHED))
    with Session(queue.engine) as session:
        run = session.scalars(mine.order_by(Run.id.desc()).limit(1)).first()
        waiting = next((each for each in session.scalars(_under_way()) if each.options["submission"] == question), None)
        again = waiting.lease_until if waiting and waiting.state == QUEUED else None  # the machine had no time for it
    state = describe_quick(run) if run else {}
    return state | {"waiting": True, "again_at": again.isoformat() if again else None} if waiting else state


def _under_way():
    return select(Task).where(Task.kind == KIND, Task.state.in_((QUEUED, RUNNING)))
