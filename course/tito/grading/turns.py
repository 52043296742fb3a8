"""When a milestone's turn comes, and how its last run ended, for the student who is waiting for it."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .records import FAILED, QUEUED, RUNNING, Run, Task

KIND = "milestone"
ENDED = ("graded", "refused", "unchanged")
FIRST_GUESS_SECONDS = 120.0  # until some have been run here
LOOKED_AT = 30  # runs that show how long one takes on this machine


def milestone_states(session: Session, student: str) -> dict[str, dict[str, Any]]:
    """Return, by assignment, how the last run ended, and how long it may be until the waiting one has ended."""
    found: dict[str, dict[str, Any]] = {}
    runs = select(Run).where(Run.kind == KIND, Run.student == student, Run.outcome.in_(ENDED)).order_by(Run.id)
    for run in session.scalars(runs):
        found[run.assignment] = {
            "waiting": False, "outcome": run.outcome, "message": run.message, "score": run.score,
            "max_score": run.max_score, "run_at": run.started_at.isoformat(),
        }  # fmt: skip
    failed = select(Task).where(Task.kind == KIND, Task.student == student, Task.state == FAILED).order_by(Task.id)
    for task in session.scalars(failed):
        last = found.setdefault(task.assignment, {"waiting": False})
        ended = task.finished_at.isoformat() if task.finished_at else ""
        if ended > last.get("run_at", ""):
            last["not_measured"] = task.message
    mine = select(Task).where(Task.kind == KIND, Task.student == student, Task.state.in_((QUEUED, RUNNING)))
    for task in session.scalars(mine):
        found.setdefault(task.assignment, {}).update(waiting=True, **_turn(session, task))
    return found


def _turn(session: Session, task: Task) -> dict[str, Any]:
    before = select(func.count()).select_from(Task).where(Task.kind == KIND, Task.state.in_((QUEUED, RUNNING)))
    ahead = 0 if task.state == RUNNING else session.scalar(before.where(Task.id < task.id)) or 0
    again = task.lease_until if task.state == QUEUED else None  # for one that was stopped
    about = (ahead + 1) * _usual_seconds(session)
    return {"running": task.state == RUNNING, "ahead": ahead, "about_seconds": about,
            "again_at": again.isoformat() if again else None, "why": task.message if again else ""}  # fmt: skip


def _usual_seconds(session: Session) -> float:
    last = select(Run.duration_seconds).where(Run.kind == KIND, Run.outcome.in_(("graded", "failed", "killed")))
    known = [each for each in session.scalars(last.order_by(Run.id.desc()).limit(LOOKED_AT)) if each]
    return sum(known) / len(known) if known else FIRST_GUESS_SECONDS
