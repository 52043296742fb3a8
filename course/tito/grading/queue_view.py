"""Read the queue without changing it: a job's progress, what is waiting, how a submission was last judged."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.orm import Session

from .records import FINISHED, QUEUED, RUNNING, Job, JobTask, Run, Task


class QueueView:
    def __init__(self, engine: Engine):
        self.engine = engine

    def progress(self, job_id: str) -> dict[str, Any] | None:
        """Return a job's counts and the outcome of each of its tasks; None for an unknown job."""
        with Session(self.engine) as session:
            job = session.get(Job, job_id)
            if job is None:
                return None
            tasks = session.scalars(
                select(Task).join(JobTask, JobTask.task_id == Task.id).where(JobTask.job_id == job_id).order_by(Task.id)
            ).all()
            counts = Counter(task.state for task in tasks)
            return {
                "id": job.id, "kind": job.kind, "assignment": job.assignment, "asked_by": job.asked_by,
                "asked_at": job.asked_at.isoformat(), "total": len(tasks),
                "finished": sum(counts[state] for state in FINISHED),
                "done": all(task.state in FINISHED for task in tasks),
                "states": dict(counts), "tasks": [_describe(task) for task in tasks],
            }  # fmt: skip

    def waiting(self, kinds: Sequence[str] | None = None) -> int:
        unfinished = (Task.state.in_((QUEUED, RUNNING)), *of_kinds(kinds))
        with Session(self.engine) as session:
            return session.scalar(select(func.count()).select_from(Task).where(*unfinished)) or 0

    def latest_runs(self, kind: str, assignment: str, outcomes: Iterable[str]) -> list[Run]:
        """Return the newest run of a kind, of these outcomes, for each student who has one."""
        newest = select(func.max(Run.id)).where(Run.kind == kind, Run.assignment == assignment)
        newest = newest.where(Run.outcome.in_(tuple(outcomes))).group_by(Run.student)
        with Session(self.engine, expire_on_commit=False) as session:
            return list(session.scalars(select(Run).where(Run.id.in_(newest)).order_by(Run.student)))

    def latest_run(self, kind: str, assignment: str, student: str, outcomes: Iterable[str] = ()) -> Run | None:
        """Return the newest run of a kind for one submission, of the wanted outcomes if any are named."""
        query = select(Run).where(Run.kind == kind, Run.assignment == assignment, Run.student == student)
        if outcomes:
            query = query.where(Run.outcome.in_(tuple(outcomes)))
        with Session(self.engine, expire_on_commit=False) as session:
            return session.scalar(query.order_by(Run.id.desc()).limit(1))


def of_kinds(kinds: Sequence[str] | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a task is of one of these kinds; None: of any."""
    return () if kinds is None else (Task.kind.in_(kinds),)


def _describe(task: Task) -> dict[str, Any]:
    run = task.runs[-1] if task.runs else None
    return {
        "id": task.id, "student": task.student, "state": task.state, "message": task.message,
        "outcome": run.outcome if run else None, "score": run.score if run else None,
        "max_score": run.max_score if run else None, "duration_seconds": run.duration_seconds if run else None,
        "seed": str(run.seed) if run and run.seed is not None else None, "run": run.id if run else None,
    }  # fmt: skip
