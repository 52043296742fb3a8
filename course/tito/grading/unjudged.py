"""Submissions that were accepted but could not be judged: they are shown as such, and are never a silent zero.

A row is marked until somebody gives points by hand, or another attempt is judged.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .kinds import judge_of
from .queue import Queue
from .records import Run


def mark_unjudged(queue: Queue, assignment: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a module's rows with the reason in `not_judged`; such a row has no score and is waiting for a person."""
    reasons = _reasons(queue, assignment)
    return [_mark(row, reasons.get(row["student"], "")) for row in rows]


def _mark(row: dict[str, Any], reason: str) -> dict[str, Any]:
    if not reason or not row["submitted"] or row["raw_score"]:
        return {**row, "not_judged": ""}
    return {**row, "not_judged": reason, "score": None, "needs_manual_grade": True}


def _reasons(queue: Queue, assignment: str) -> dict[str, str]:
    """Give the reason of each student whose last judged run ended in a refusal."""
    runs = select(Run.student, Run.outcome, Run.message).where(
        Run.kind == judge_of(assignment), Run.assignment == assignment, Run.outcome.in_(("graded", "refused"))
    )
    with Session(queue.engine) as session:
        last = {run.student: run for run in session.execute(runs.order_by(Run.id))}
    return {student: run.message or "no reason" for student, run in last.items() if run.outcome == "refused"}
