"""Pairs of answers that share what few have, side by side for a person to judge; and who has looked at them.

Nothing here is counted, shown to a student or acted on. Everybody who looks is recorded first.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused

from .identity import needs
from .queue import Queue
from .records import QUEUED, RUNNING, Run, SimilarityLook, Task
from .rights import RUN
from .similarity_texts import text_of

router = APIRouter(prefix="/insight/similar")
KIND = "compare"
LOOKS_SHOWN = 100
Manager = Annotated[Caller, Depends(needs(RUN))]


@router.get("/{module}")
def show(module: str, request: Request, person: Manager) -> dict[str, Any]:
    """Show the pairs of the newest comparison by exercise, what was not compared, and who has looked."""
    queue: Queue = request.app.state.queue
    run = _newest(queue, module)
    with Session(queue.engine) as session, session.begin():
        looks = [_shown(look) for look in session.scalars(_looks(module))]
        if run and run.report:
            session.add(SimilarityLook(assignment=module, by=person.name))
        wait = session.scalars(
            select(Task.id).where(Task.kind == KIND, Task.assignment == module, Task.state.in_((QUEUED, RUNNING)))
        ).first()
    found = {"run": run.id, "at": run.started_at.isoformat(), **run.report} if run and run.report else {"run": None}
    return {"module": module, "waiting": wait is not None, "looks": looks, **found}


@router.get("/{module}/{run}/{exercise}/{number}")
def pair(module: str, run: int, exercise: str, number: int, request: Request, person: Manager) -> dict[str, Any]:
    """Show two answers side by side, as text, and the lines that they share."""
    queue: Queue = request.app.state.queue
    newest = _newest(queue, module)
    pairs = newest.report.get("exercises", {}).get(exercise, {}).get("pairs", ()) if newest and newest.id == run else ()
    if not 0 <= number < len(pairs):
        raise Refused(f"the newest comparison has no pair {exercise}, {number}", "", "go back to the pairs", 404)
    found = pairs[number]
    one, other = (tuple(found[side]) for side in ("one", "other"))
    texts = [text_of(request.app.state.settings, module, author, exercise) for author in (one, other)]
    with Session(queue.engine) as session, session.begin():
        names = {"one": _name(one), "other": _name(other)}
        session.add(SimilarityLook(assignment=module, by=person.name, exercise=exercise, **names))
    return {"module": module, "exercise": exercise, **found, "texts": texts}


def _newest(queue: Queue, module: str) -> Run | None:
    done = select(Run).where(Run.kind == KIND, Run.assignment == module, Run.outcome == "done")
    with Session(queue.engine, expire_on_commit=False) as session:
        return session.scalars(done.order_by(Run.id.desc()).limit(1)).first()


def _looks(module: str) -> Any:
    mine = select(SimilarityLook).where(SimilarityLook.assignment == module)
    return mine.order_by(SimilarityLook.id.desc()).limit(LOOKS_SHOWN)


def _shown(look: SimilarityLook) -> dict[str, str]:
    who = {"by": look.by, "at": look.at.isoformat(), "exercise": look.exercise}
    return {**who, "one": look.one, "other": look.other}


def _name(author: tuple[str, ...]) -> str:
    """Return whose answer it is: a student, or SEMESTER/STUDENT from an earlier semester."""
    return "/".join(part for part in author if part)
