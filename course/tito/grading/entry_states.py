"""How a student's newest entry was measured, in a line, for their own page."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .records import QUEUED, RUNNING, Run, Task

KIND = "measure"


def entry_states(session: Session, student: str) -> dict[str, dict[str, Any]]:
    """Return, by assignment, the result of the newest measured entry, and whether another one is waiting."""
    found: dict[str, dict[str, Any]] = {}
    runs = select(Run).where(Run.kind == KIND, Run.student == student, Run.outcome.in_(("done", "refused")))
    for run in session.scalars(runs.order_by(Run.id)):
        found[run.assignment] = {
            "waiting": False, "accepted": run.outcome == "done", "message": run.message, "submission": run.submission,
        }  # fmt: skip
    mine = select(Task).where(Task.kind == KIND, Task.student == student, Task.state.in_((QUEUED, RUNNING)))
    for task in session.scalars(mine):
        found.setdefault(task.assignment, {"accepted": False, "message": ""})["waiting"] = True
    return found
