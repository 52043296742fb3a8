"""The durable queue: put work in, claim it, renew the claim, finish it, put back what a dead process left.

Every step is one short transaction with a compare-and-set, so that any number of processes, on SQLite or PostgreSQL,
can share it. A claim is a lease: a runner that stops renewing loses it. Work that killed its runner three times, or for
which a crowded machine had no time as often, fails with a message instead of being tried forever.
"""

import datetime
import functools
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Engine, Select, and_, bindparam, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tito.errors import TitoError

from .kinds import ALONE, MODULE, NOTHING, SUBMISSION, Kind, all_names, find_kind
from .queue_view import QueueView, of_kinds
from .records import DONE, FAILED, JUDGED, QUEUED, RUNNING, Job, JobTask, Run, Task, UtcDateTime, utc_now
from .runner_identity import is_dead

LEASE_SECONDS = 30.0
MAX_STARTS = 3
POSTPONE_SECONDS = 120.0  # until the next try of work for which a crowded machine had no time


class QueueError(TitoError):
    """The request cannot be queued; the message says which value is wrong and what is allowed."""


@dataclass(frozen=True)
class Work:
    """A claimed task, detached from the database."""

    task_id: int
    run_id: int
    kind: str
    assignment: str
    student: str
    options: dict[str, Any] = field(default_factory=dict)


class Load(NamedTuple):
    """How many unfinished tasks of a kind there are: ready to start, running, and in all."""

    kind: str
    ready: int
    running: int
    waiting: int


class Queue(QueueView):
    def __init__(self, engine: Engine):
        super().__init__(engine)
        self.asked = threading.Event()  # set when this process queues work; other processes can't

    # asking

    def submit(
        self, kind: str, assignment: str, students: Iterable[str] = ("",), asked_by: str = "", **options: Any
    ) -> str:
        """Queue one task per student and return the job's id; work that is already waiting is joined, not doubled."""
        _known(kind)
        students = list(dict.fromkeys(students))
        if not students:
            raise QueueError(f"no submissions of {assignment} to work on: collect first, or name other students")
        with Session(self.engine) as session:
            job = Job(kind=kind, assignment=assignment, asked_by=asked_by)
            session.add(job)
            session.commit()
            job_id = job.id
        for student in students:
            self._join_or_add(job_id, kind, assignment, student, options)
        self.asked.set()
        return job_id

    def extend(self, work: Work, students: Iterable[str]) -> None:
        """Queue a claimed task's kind of work for each student, in every job that the task belongs to."""
        with Session(self.engine) as session:
            jobs = session.scalars(select(JobTask.job_id).where(JobTask.task_id == work.task_id)).all()
        for student in students:
            for job in jobs:
                self._join_or_add(job, work.kind, work.assignment, student, work.options)

    def _join_or_add(self, job_id: str, kind: str, assignment: str, student: str, options: dict[str, Any]) -> None:
        asked = (str(options.get(name, "")) for name in ("submission", "force", "unread"))
        key = "/".join((kind, assignment, student, *asked))
        while True:
            with Session(self.engine) as session:
                task = session.scalar(select(Task).where(Task.waiting_key == key))
                if task is None:
                    task = Task(kind=kind, assignment=assignment, student=student, options=options, waiting_key=key)
                    task.priority = _known(kind).priority
                    session.add(task)
                try:
                    session.flush()
                    # It already belongs to the job if interrupted work queues the same again.
                    if session.get(JobTask, (job_id, task.id)) is None:
                        session.add(JobTask(job_id=job_id, task_id=task.id))
                    session.commit()
                    return
                except IntegrityError:  # another process queued the same at this moment: join that one
                    session.rollback()

    # doing

    def ready(self, kinds: Sequence[str] | None = None) -> int:
        """Count the tasks (of these kinds) whose time has come and which nobody has taken yet."""
        with Session(self.engine) as session:
            count = select(func.count()).select_from(Task).where(*_IS_READY, *of_kinds(kinds))
            return session.scalar(count, _times()) or 0

    def load(self) -> list["Load"]:
        """Count the unfinished tasks of each kind, in one query."""
        with self.engine.connect() as connection:
            return [Load(*row) for row in connection.execute(_LOAD, _times())]

    def claim(self, runner: str, kinds: Sequence[str] | None = None) -> Work | None:
        """Take the most urgent waiting task (of these kinds) whose submission nobody else is working on; None if there
        is none.
        """
        with Session(self.engine) as session:
            waiting = session.execute(_most_urgent(None if kinds is None else tuple(kinds)), _times()).all()
            running = session.execute(_HELD).all()
            busy = {key for key, _ in running if key}
        to_do = {(name, key.split("/")[1]) for key, name in running if key}
        to_do |= {(name, assignment) for _, name, assignment, _ in waiting}
        for task_id, name, assignment, student in waiting:
            kind = find_kind(name)
            if kind and (kind.waits_for, assignment) in to_do:
                continue  # the pages that are being made are part of what will be released
            key = _running_key(kind, name, assignment, student)
            if not _collides(kind, assignment, key, busy) and (work := self._take(task_id, key, runner)):
                return work
        return None

    def _take(self, task_id: int, key: str, runner: str) -> Work | None:
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                taken = session.execute(
                    update(Task)
                    .where(Task.id == task_id, Task.state == QUEUED)
                    .values(
                        state=RUNNING, runner=runner, running_key=key, waiting_key=None, lease_until=_lease(),
                        started_at=utc_now(), starts=Task.starts + 1,
                    )
                )  # fmt: skip
                if taken.rowcount != 1:  # type: ignore[attr-defined]
                    return None
                task = session.get_one(Task, task_id)
                run = Run(task_id=task.id, kind=task.kind, assignment=task.assignment, student=task.student)
                session.add(run)
                session.commit()
            except IntegrityError:  # another runner has just begun with the same submission
                session.rollback()
                return None
            return Work(task.id, run.id, task.kind, task.assignment, task.student, dict(task.options))

    def renew(self, task_id: int, runner: str) -> bool:
        """Keep a claim; False if it was lost (the lease ran out and somebody else took it, or it was cancelled)."""
        with Session(self.engine) as session:
            kept = session.execute(
                update(Task)
                .where(Task.id == task_id, Task.runner == runner, Task.state == RUNNING)
                .values(lease_until=_lease())
            )
            session.commit()
            return kept.rowcount == 1  # type: ignore[attr-defined]

    def finish(self, work: Work, runner: str, outcome: str, message: str = "", **fields: Any) -> bool:
        """Record the run and end the task, in one transaction; False if the claim had been lost."""
        with Session(self.engine) as session:
            ended = session.execute(
                update(Task)
                .where(Task.id == work.task_id, Task.runner == runner, Task.state == RUNNING)
                .values(
                    state=FAILED if outcome == "failed" else DONE, message=message, finished_at=utc_now(),
                    runner=None, running_key=None, lease_until=None,
                )
            )  # fmt: skip
            if ended.rowcount != 1:  # type: ignore[attr-defined]
                return False
            run = session.get_one(Run, work.run_id)
            run.outcome, run.message = outcome, message
            run.duration_seconds = (utc_now() - run.started_at).total_seconds()
            for name, value in fields.items():
                setattr(run, name, value)
            session.commit()
            return True

    def give_back(self, work: Work, runner: str, why: str) -> bool:
        """Put back a task that could not be done now and is not to blame for it; False if the claim had been lost."""
        return self._back(work, runner, why, lease_until=None, starts=Task.starts - 1)

    def _back(self, work: Work, runner: str, why: str, **fields: Any) -> bool:
        with Session(self.engine) as session:
            back = session.execute(
                update(Task)
                .where(Task.id == work.task_id, Task.runner == runner, Task.state == RUNNING)
                .values(state=QUEUED, message=why, runner=None, running_key=None, **fields)
            )
            session.execute(update(Run).where(Run.id == work.run_id).values(outcome="killed", message=why))
            session.commit()
            return back.rowcount == 1  # type: ignore[attr-defined]

    def postpone(self, work: Work, runner: str, why: str) -> bool:
        """Put a task back for a later time; after the last of MAX_STARTS tries fail it. False if the claim was lost."""
        with Session(self.engine) as session:
            tries = session.get_one(Task, work.task_id).starts
        if tries >= MAX_STARTS:
            return self.finish(work, runner, "failed", f"tried {tries} times: {why}. Queue it again at a quieter time.")
        later = utc_now() + datetime.timedelta(seconds=POSTPONE_SECONDS)
        said = f"not judged yet ({why}): will be tried again after {later:%H:%M} UTC, {MAX_STARTS - tries} tries left"
        return self._back(work, runner, said, lease_until=later)

    def note(self, work: Work, **fields: Any) -> None:
        """Write facts of a run (seed, versions, hashes) before it begins, so that they survive its death."""
        with Session(self.engine) as session:
            session.execute(update(Run).where(Run.id == work.run_id).values(**fields))
            session.commit()

    def reclaim(self) -> int:
        """Put back what dead runners left; fail what has killed its runner too often. Return how many were put back."""
        with Session(self.engine) as session:
            running = session.scalars(select(Task).where(Task.state == RUNNING)).all()
            lost = [t for t in running if (t.runner and is_dead(t.runner)) or (t.lease_until or utc_now()) < utc_now()]
            claims = [(task.id, task.runner, task.starts) for task in lost]
        return sum(self._put_back(*claim) for claim in claims)

    def _put_back(self, task_id: int, runner: str | None, starts: int) -> int:
        hopeless = starts >= MAX_STARTS
        with Session(self.engine) as session:
            changed = session.execute(
                update(Task)
                .where(Task.id == task_id, Task.runner == runner, Task.state == RUNNING, Task.starts == starts)
                .values(
                    state=FAILED if hopeless else QUEUED, runner=None, running_key=None, lease_until=None,
                    finished_at=utc_now() if hopeless else None,
                    message=f"the grading process died {starts} times on this submission; the previous grade is kept. "
                    "Look in the service's log, then queue it again." if hopeless else "",
                )
            )  # fmt: skip
            if changed.rowcount != 1:  # type: ignore[attr-defined]
                return 0
            session.execute(
                update(Run)
                .where(Run.task_id == task_id, Run.outcome == "running")
                .values(outcome="killed", message="the grading process died before it finished")
            )
            session.commit()
        return 0 if hopeless else 1

    def cancel(self, job_id: str) -> int:
        """Cancel the tasks of a job that still wait and that no other job wants; return how many."""
        with Session(self.engine) as session:
            shared = select(JobTask.task_id).where(JobTask.job_id != job_id)
            mine = select(JobTask.task_id).where(JobTask.job_id == job_id)
            changed = session.execute(
                update(Task)
                .where(Task.id.in_(mine), Task.id.not_in(shared), Task.state == QUEUED)
                .values(state="cancelled", waiting_key=None, finished_at=utc_now(), message="cancelled")
            )
            session.commit()
            return changed.rowcount  # type: ignore[attr-defined]

    def forget_older_reports(self, run: int) -> None:
        """Delete the reports of a student's earlier runs of the same kind, but not their facts or the first report:
        the newest is read, and what passes at the first attempt is counted.
        """
        with Session(self.engine) as session:
            newest = session.get_one(Run, run)
            same = (Run.kind == newest.kind, Run.assignment == newest.assignment, Run.student == newest.student)
            first = session.scalar(select(func.min(Run.id)).where(*same, Run.outcome.in_(JUDGED)))
            session.execute(update(Run).where(*same, Run.id < run, Run.id != first).values(report={}))
            session.commit()


# These conditions and queries are used again and again, so they are built once; `_times` supplies the times.
_IS_READY = (
    Task.state == QUEUED,
    or_(
        Task.lease_until.is_(None),
        Task.lease_until <= bindparam("now", type_=UtcDateTime),
        Task.lease_until > bindparam("longest", type_=UtcDateTime),
    ),
)
_HELD = select(Task.running_key, Task.kind).where(Task.running_key.is_not(None))
_LOAD = (
    select(
        Task.kind,
        func.sum(case((and_(*_IS_READY), 1), else_=0)),
        func.sum(case((Task.state == RUNNING, 1), else_=0)),
        func.count(),
    )
    .where(Task.state.in_((QUEUED, RUNNING)))
    .group_by(Task.kind)
)


def _times() -> dict[str, datetime.datetime]:
    now = utc_now()
    # No pause is longer: a later end was set while the clock was ahead, and would wait until it gets there.
    return {"now": now, "longest": now + datetime.timedelta(seconds=POSTPONE_SECONDS)}


@functools.lru_cache(maxsize=16)
def _most_urgent(kinds: tuple[str, ...] | None) -> Select[int, str, str, str]:
    wanted = select(Task.id, Task.kind, Task.assignment, Task.student).where(*_IS_READY, *of_kinds(kinds))
    return wanted.order_by(Task.priority, Task.id).limit(50)


def _known(name: str) -> Kind:
    if (kind := find_kind(name)) is None:
        raise QueueError(f"there is no kind of grading work called {name!r}: choose one of {', '.join(all_names())}")
    return kind


def _running_key(kind: Kind | None, name: str, assignment: str, student: str) -> str:
    if kind and kind.holds == ALONE:
        return f"{ALONE}/{name}"
    group = name if kind and kind.holds == NOTHING else kind.holds if kind else SUBMISSION
    return f"{group}/{assignment}/{student}"


def _collides(kind: Kind | None, assignment: str, key: str, busy: set[str]) -> bool:
    """Tell whether a task must wait: for the same submission, or for a collection that is exchanging its files."""
    holds = kind.holds if kind else SUBMISSION
    if holds == ALONE:
        return key in busy or any(
            other.startswith((f"{SUBMISSION}/{assignment}/", f"{MODULE}/{assignment}/")) for other in busy
        )
    if holds == MODULE:
        return any(other.startswith((f"{SUBMISSION}/{assignment}/", f"{MODULE}/{assignment}/")) for other in busy)
    return key in busy or (holds == SUBMISSION and f"{MODULE}/{assignment}/" in busy)


def _lease() -> datetime.datetime:
    return utc_now() + datetime.timedelta(seconds=LEASE_SECONDS)
