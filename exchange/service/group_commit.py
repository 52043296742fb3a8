"""Many submissions in one transaction: those that arrive while the disk is syncing share the next sync.

At a deadline, one sync per submission is what a class would wait for. Nobody gets an answer, whatever it is, before the
sync that includes their own row has returned.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from exchange.service.database import Database

MOST = 64  # in one transaction, to bound what readers of PostgreSQL and the write-ahead log see
T = TypeVar("T")


@dataclass
class _Job:
    work: Callable[[Connection], Any]
    outcome: Future[Any] = field(default_factory=Future)


class GroupCommit:
    """Runs what threads hand in, in the order of arrival; the thread whose turn it is works for all that wait."""

    def __init__(self, database: Database) -> None:
        self._database, self._turn = database, threading.Lock()
        self._waiting: deque[_Job] = deque()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that others may share; return, or raise what it raises, when that is durable.

        An exception in one `work` undoes only its own changes. A database error undoes all; if it came before the
        commit, each `work` is retried by itself, so that one submission's fault affects nobody else.
        """
        job = _Job(work)
        self._waiting.append(job)
        while not job.outcome.done():
            with self._turn:
                if not job.outcome.done():
                    self._commit([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])
        return job.outcome.result()

    def _commit(self, jobs: list[_Job]) -> None:
        said: list[tuple[Any, Exception | None]] = []
        try:
            with self._database.write() as connection:
                said += (_said(connection, job) for job in jobs)
        except BaseException as error:  # passed to every waiting thread: each must learn that nothing is certain
            if isinstance(error, SQLAlchemyError) and 1 < len(jobs) != len(said):  # nothing was committed yet
                for job in jobs:
                    self._commit([job])
                return
            for job in jobs:
                job.outcome.set_exception(error)
            return
        for job, (result, refusal) in zip(jobs, said, strict=True):
            job.outcome.set_exception(refusal) if refusal else job.outcome.set_result(result)


def _said(connection: Connection, job: _Job) -> tuple[Any, Exception | None]:
    """Return a job's result, or what it raised after its changes were undone."""
    try:
        with connection.begin_nested():
            return job.work(connection), None
    except SQLAlchemyError:
        # SQLite may have rolled back everything: what follows would be committed without what went before.
        raise
    except Exception as error:  # one submission's fault, whatever it is, affects nobody else
        return None, error
