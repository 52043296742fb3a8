"""A number of worker processes, kept alive: one that dies is replaced, and what it left behind is taken up again."""

import logging
import os
import subprocess
import sys
import threading
import time

from .queue import Queue
from .settings import GradingSettings

log = logging.getLogger("grading.pool")
CHECK_SECONDS = 0.5
STOP_SECONDS = 8.0  # a supervisor kills ten seconds after SIGTERM; the tasks at hand go back to the queue before that


class WorkerPool:
    """Use as a context manager; inside, `jobs` processes claim tasks from the queue."""

    def __init__(self, settings: GradingSettings, queue: Queue, jobs: int | None = None):
        self.settings, self.queue = settings, queue
        self.jobs = jobs or settings.jobs
        self.processes: list[subprocess.Popen] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="grading-pool", daemon=True)

    def __enter__(self) -> "WorkerPool":
        self.queue.reclaim()
        self.processes = [self._start() for _ in range(self.jobs)]
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        self._thread.join()
        for process in self.processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes:
            _wait_or_kill(process, max(0.0, deadline - time.monotonic()))
        self.queue.reclaim()

    def _start(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "tito.grading.runner"],
            stdin=subprocess.PIPE,
            env={**os.environ, **self.settings.environment()},
        )

    def _watch(self) -> None:
        while not self._stopping.wait(CHECK_SECONDS):
            for position, process in enumerate(self.processes):
                if process.poll() is not None:
                    log.warning("worker %s ended with code %s: replaced", process.pid, process.returncode)
                    _close(process)
                    self.processes[position] = self._start()
            self.queue.reclaim()


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
