"""A process that claims tasks and does them, one after the other, until its parent goes away or tells it to stop.

Run by the pool as `python -m tito.grading.runner`. It dies with its parent: the parent holds the other end of
its standard input, and the end of that file means that nobody is left to work for. A byte from there says that there
may be work; between two bytes it waits without polling. After REST_SECONDS without work it ends, which frees the memory
that judging needs; the pool starts another when there is work again.
"""

import logging
import os
import queue as queues
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from sqlalchemy.exc import SAWarning

from tito.running_nbgrader import put_programs_on_path

from .kinds import names_here
from .queue import LEASE_SECONDS, Queue, Work
from .records import open_database
from .runner_identity import runner_name
from .settings import GradingSettings, settings_from_environment

log = logging.getLogger("grading.runner")
REST_SECONDS = 60.0  # a class that is submitting sends more within a minute, and finds everything loaded
SILENCE_SECONDS = 2.0  # after the exchange did not answer, for which its client waited half a minute


class Runner:
    """Does tasks of a queue. `when_lost` is called, from a thread, if somebody else was given the task at hand.

    Two must not write one grade, so a process that is only a runner then ends. One inside another process must not end
    it: without `when_lost` the loss is logged, and the queue accepts no outcome of the task from here.
    """

    def __init__(
        self,
        settings: GradingSettings,
        queue: Queue,
        calls: "queues.SimpleQueue[None] | None" = None,
        when_lost: Callable[[], None] = lambda: None,
        kinds: Sequence[str] | None = None,
    ):
        self.settings, self.kinds = settings, kinds
        self.queue = queue
        self.when_lost = when_lost
        self.name = runner_name()
        self.stopping = threading.Event()
        # Calls of the pool, and of a signal handler too: a SimpleQueue may be filled in the middle of its own `get`.
        self.calls = calls or queues.SimpleQueue()

    def run(self, rest_seconds: float = REST_SECONDS) -> None:
        """Work until told to stop, or until nobody calls for `rest_seconds`; the task at hand is finished first."""
        while not self.stopping.is_set():
            if work := self.queue.claim(self.name, self.kinds):
                self.do(work)
                continue
            try:
                self.calls.get(timeout=rest_seconds)
            except queues.Empty:
                return

    def stop(self) -> None:
        """Let `run` return after the task at hand."""
        self.stopping.set()
        self.calls.put(None)

    def do(self, work: Work) -> None:
        """Do one task, keep its lease meanwhile, and record how it ended. Nothing that a task raises ends the
        runner.
        """
        with self._lease_kept(work):
            record = self._perform(work)
        record()

    def _perform(self, work: Work) -> Callable[[], object]:
        """Do a task; return a function that records how it ended."""
        # On a crowded machine the first import takes longer than a lease.
        from tito.checks.run import NotJudgedNow
        from tito.machines.calls import JudgesSilent

        from .exchange_door import ExchangeSilent
        from .work import perform

        started = time.monotonic()
        try:
            outcome = perform(work, self.settings, self.queue)
            seconds = time.monotonic() - started
            log.info("%s %s %s: %s in %.2f s", work.kind, work.assignment, work.student, outcome.outcome, seconds)
            return partial(self.queue.finish, work, self.name, outcome.outcome, outcome.message, **outcome.fields)
        except (ExchangeSilent, JudgesSilent) as error:
            log.warning("%s; task %s waits for it", error, work.task_id)
            return partial(self._give_back, work, str(error))
        except NotJudgedNow as error:
            log.warning("%s %s %s: %s", work.kind, work.assignment, work.student, error)
            return partial(self.queue.postpone, work, self.name, str(error))
        except Exception as error:  # the service's outer door: one bad task never stops the others
            log.exception("task %s (%s %s %s) failed", work.task_id, work.kind, work.assignment, work.student)
            return partial(self.queue.finish, work, self.name, "failed", f"{type(error).__name__}: {error}"[:2000])

    def _give_back(self, work: Work, why: str) -> None:
        self.queue.give_back(work, self.name, why)
        self.stopping.wait(SILENCE_SECONDS)

    @contextmanager
    def _lease_kept(self, work: Work) -> Iterator[None]:
        """Keep a task's lease for the block; its outcome is recorded after that, or an ended task would seem lost."""
        finished = threading.Event()
        threading.Thread(target=self._keep_lease, args=(work, finished), daemon=True).start()
        try:
            yield
        finally:
            finished.set()

    def _keep_lease(self, work: Work, finished: threading.Event) -> None:
        while not finished.wait(LEASE_SECONDS / 4):
            if not self.queue.renew(work.task_id, self.name):
                log.error("task %s was taken away from this runner", work.task_id)
                self.when_lost()
                return


def listen_to_parent(call: Callable[[], None]) -> None:
    """Call for each byte from standard input, and end this process immediately when that ends: its parent has died."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            call()
        os._exit(4)

    threading.Thread(target=watch, daemon=True).start()


def set_up_process() -> "queues.SimpleQueue[None]":
    """Let this process log, find its programs, and end with its parent; return the parent's calls."""
    level = os.environ.get("GRADING_LOG_LEVEL", "INFO")
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(process)d %(levelname)s %(message)s")
    logging.getLogger("traitlets").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # nbgrader adds rows in an order that SQLAlchemy warns about, for each submission; nothing is lost.
    warnings.filterwarnings("ignore", "Object of type", SAWarning)
    calls: queues.SimpleQueue[None] = queues.SimpleQueue()
    listen_to_parent(lambda: calls.put(None))
    put_programs_on_path()
    return calls


def main() -> None:
    calls = set_up_process()
    settings = settings_from_environment()
    kinds = names_here() if settings.scheduler else None
    queue = Queue(open_database(settings.database_url))
    runner = Runner(settings, queue, calls, when_lost=lambda: os._exit(3), kinds=kinds)
    signal.signal(signal.SIGTERM, lambda *_: runner.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the parent decides
    runner.run()


if __name__ == "__main__":
    main()
