"""Runner processes, as many as there is work for: none while the queue is empty, `jobs` at most.

If judges on other machines do the judging, one more process asks them, and the others do the rest. A process that dies
is replaced as long as there is work, and what it left behind is queued again. Idle runners do not check the queue; this
process does, and calls them.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from .kinds import names_away, names_here
from .queue import Load, Queue
from .settings import GradingSettings

log = logging.getLogger("grading.pool")
CHECK_SECONDS = 0.5  # until work that another process queued or left is seen; this one's is seen immediately
STOP_SECONDS = 8.0  # a supervisor kills ten seconds after SIGTERM; the tasks at hand go back to the queue before that


class Crew:
    """Processes of one program, for these kinds of work (None: for all)."""

    def __init__(self, settings: GradingSettings, program: str, most: int, kinds: Sequence[str] | None):
        self.settings, self.program, self.most, self.kinds = settings, program, most, kinds
        self.processes: list[subprocess.Popen] = []

    def reap(self) -> None:
        """Remove runners that have ended: because there was no work, or by an accident, which is logged."""
        for process in [each for each in self.processes if each.poll() is not None]:
            if process.returncode:
                log.warning("runner %s ended with code %s", process.pid, process.returncode)
            _close(process)
            self.processes.remove(process)

    def call(self, loads: Sequence[Load]) -> None:
        """If there is work, tell all runners, and start more if there are more tasks than runners."""
        mine = [load for load in loads if self.kinds is None or load.kind in self.kinds]
        if not any(load.ready for load in mine):
            return
        for process in self.processes:
            assert process.stdin
            with contextlib.suppress(BrokenPipeError):  # it has just ended
                process.stdin.write(b".")
        while len(self.processes) < min(self.most, sum(load.waiting for load in mine)):
            self.processes.append(self._start())

    def _start(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", self.program],
            stdin=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **self.settings.environment()},
        )


class RunnerPool:
    """Use as a context manager; inside, up to `jobs` processes claim tasks from the queue."""

    def __init__(self, settings: GradingSettings, queue: Queue, jobs: int | None = None):
        self.settings, self.queue = settings, queue
        self.jobs = jobs or settings.jobs
        self.crews = _crews(settings, self.jobs)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="grading-pool", daemon=True)

    @property
    def processes(self) -> list[subprocess.Popen]:
        return [process for crew in self.crews for process in crew.processes]

    def __enter__(self) -> "RunnerPool":
        self.queue.reclaim()
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        self.queue.asked.set()
        self._thread.join()
        for process in self.processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes:
            _wait_or_kill(process, max(0.0, deadline - time.monotonic()))
        self.queue.reclaim()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            loads = self.queue.load()
            if any(load.running for load in loads) and self.queue.reclaim():
                loads = self.queue.load()
            for crew in self.crews:
                crew.reap()
                crew.call(loads)
            self.queue.asked.wait(CHECK_SECONDS)
            self.queue.asked.clear()


def _crews(settings: GradingSettings, jobs: int) -> list[Crew]:
    if not settings.scheduler:
        return [Crew(settings, "tito.grading.runner", jobs, None)]
    here = Crew(settings, "tito.grading.runner", jobs, names_here())
    return [here, Crew(settings, "tito.grading.away_runner", 1, names_away())]


def _wait_or_kill(process: subprocess.Popen, seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _close(process)


def _close(process: subprocess.Popen) -> None:
    if process.stdin:
        process.stdin.close()
