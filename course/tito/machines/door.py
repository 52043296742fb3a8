"""The scheduler's door for the grading service: takes submissions from its frames, passes them to Dask, and answers.

It runs in the scheduler's process, on the workers' side: their results are unpickled here, in that process's sandbox,
and only bytes are passed on.
"""

import asyncio
import logging
import secrets
import ssl
import time
from collections.abc import Coroutine
from typing import Any

from distributed import Client, Future, Scheduler
from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.scheduler import KilledWorker

from . import carried
from .certificates import host_of
from .frames import ANSWER_BYTES, KEPT_COURSES, PACKAGE_BYTES, BadFrame, Frame, frame, next_frame

log = logging.getLogger("grading.door")
LOOK_SECONDS = 0.5  # until an arrived or departed worker is noticed
SLOT = "judge"  # a task needs one, a worker has several
DEADLY = "every worker that was given this submission died: read their logs, then queue it again"
BROKEN = (ConnectionError, BadFrame, ssl.SSLError)


class Watch(SchedulerPlugin):
    """Notes when workers came, what they are doing, and since when."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        self.began: dict[Any, float] = {}

    def add_worker(self, scheduler: Scheduler, worker: str) -> None:
        self.came[worker] = time.time()

    def remove_worker(self, scheduler: Scheduler, worker: str, *, stimulus_id: str, **more: Any) -> None:
        self.came.pop(worker, None)

    def transition(self, key: Any, start: str, finish: str, *more: Any, stimulus_id: str, **named: Any) -> None:
        if finish == "processing":
            self.began[key] = time.time()
        elif finish in ("released", "forgotten", "memory", "erred"):
            self.began.pop(key, None)


class Door:
    """Listens for the grading service. One service at a time is usual; each connection has its own numbers."""

    def __init__(self, scheduler: Scheduler, client: Client):
        self.scheduler, self.client = scheduler, client
        self._callers: set[Caller] = set()
        self.watch = Watch()
        scheduler.add_plugin(self.watch)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; end it if the certificate is not the service's."""
        if not _is_service(writer):
            log.warning("a connection without the service's certificate was refused")
            writer.close()
            return
        caller = Caller(self, writer)
        self._callers.add(caller)
        try:
            caller.tell({"slots": self.slots()})
            while True:
                caller.hear(*await next_frame(reader, PACKAGE_BYTES))
        except asyncio.IncompleteReadError:
            log.debug("the grading service hung up")
        except BROKEN as error:
            log.warning("the grading service is gone: %s", error)
        finally:
            self._callers.discard(caller)
            caller.end()

    def slots(self) -> int:
        workers = self.scheduler.workers.values()
        return int(sum(each.resources.get(SLOT, 0) for each in workers if each.status.name == "running"))

    def describe(self) -> list[dict[str, Any]]:
        """Describe each worker: where it is, since when, and which submissions (by label) it has had since when."""
        labels = {key: label for caller in self._callers for key, label in caller.labels.items()}
        return [
            {
                "name": str(each.name), "address": each.address, "slots": int(each.resources.get(SLOT, 0)),
                "state": each.status.name, "since": self.watch.came.get(each.address),
                "does": [
                    {"label": labels[task.key], "since": self.watch.began.get(task.key)}
                    for task in each.processing if task.key in labels
                ],
            }
            for each in self.scheduler.workers.values()
        ]  # fmt: skip

    async def tell_slots(self) -> None:
        """Tell the service whenever there are more or fewer judges, until cancelled."""
        told = 0
        while True:
            if (now := self.slots()) != told:
                told = now
                for caller in self._callers:
                    caller.tell({"slots": now})
            await asyncio.sleep(LOOK_SECONDS)


class Caller:
    """One connection, its questions, and the parts of the course that it sent."""

    def __init__(self, door: Door, writer: asyncio.StreamWriter):
        self._door, self._writer = door, writer
        self._courses: dict[str, Future] = {}
        self._asked: dict[int, Future] = {}
        self._tasks: set[asyncio.Future] = set()
        self.labels: dict[Any, int] = {}  # by Dask's key, for questions not yet answered

    def tell(self, header: dict[str, Any], body: bytes = b"") -> None:
        self._writer.write(frame(header, body))

    def hear(self, said: dict[str, Any], body: bytes) -> None:
        if "course" in said:
            self._keep(str(said["course"]), body)
        elif "judge" in said:
            self._ask(int(said["judge"]), str(said["of"]), body, int(said["label"]))
        elif "forget" in said:
            self._forget(int(said["forget"]))
        elif "workers" in said:
            self.tell({"workers": self._door.describe()})

    def end(self) -> None:
        for number in list(self._asked):
            self._forget(number)
        self._writer.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _keep(self, digest: str, course: bytes) -> None:
        """Store it in Dask as a result by that name: a worker that needs it gets it once, from one that has it."""
        key = f"course-{digest}"
        self._courses[digest] = self._door.client.submit(carried.course, course, key=key, pure=False, retries=3)
        if len(self._courses) > KEPT_COURSES:
            self._courses.pop(next(iter(self._courses)))

    def _ask(self, number: int, digest: str, package: bytes, label: int) -> None:
        key = f"judge-{secrets.token_hex(8)}"
        asked = self._door.client.submit(
            carried.judge, digest, self._courses[digest], package, key=key, pure=False, resources={SLOT: 1}
        )
        self._asked[number], self.labels[key] = asked, label
        self._begin(self._answer(number, asked))

    async def _answer(self, number: int, asked: Future) -> None:
        header, body = await _outcome(asked)
        if self._asked.pop(number, None):
            self.labels.pop(asked.key, None)
            self.tell(header | ({"answer": number} if body else {"failed": number}), body)

    def _forget(self, number: int) -> None:
        if asked := self._asked.pop(number, None):
            self.labels.pop(asked.key, None)
            self._begin(asked.cancel())


async def _outcome(asked: Future) -> Frame:
    """Wait for a worker's result: its bytes, or a message instead."""
    try:
        answer = await asked
    except KilledWorker:
        return {"hopeless": True, "text": DEADLY}, b""
    except asyncio.CancelledError:  # forgotten, or Dask has lost it
        return {"text": "the work was lost on the way"}, b""
    except Exception as error:  # an error from a worker, hostile or not, is not a verdict
        log.warning("a worker raised %s", type(error).__name__)
        return {"text": f"a worker failed ({type(error).__name__})"}, b""
    if type(answer) is not bytes or not 0 < len(answer) <= ANSWER_BYTES:
        return {"text": "a worker's answer is not a verdict, or too large"}, b""
    return {}, answer


def _is_service(writer: asyncio.StreamWriter) -> bool:
    certificate = writer.get_extra_info("peercert") or {}
    return ("DNS", host_of("service")) in certificate.get("subjectAltName", ())
