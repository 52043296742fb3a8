"""The grading service as a process beside an exchange: what it has judged, and what that cost."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

from tests.benchmarks.busy import tree_cpu_seconds
from tests.benchmarks.processor_group import processor_group
from tests.exchange.live import COURSE, Live, free_port
from tests.harness.mortal import mortal

PATIENCE_SECONDS = 900.0


class GradingBeside:
    """Give each new submission its quick check; counts are read from the exchange's own database."""

    def __init__(self, live: Live, module: str, jobs: int, folder: Path) -> None:
        self._live, self._jobs, self._folder, self._done = live, jobs, folder, 0
        (folder / "course" / "source").mkdir(parents=True)

    @staticmethod
    def notebook(module: str) -> str:
        """Return the reference's notebook, which passes all checks."""
        from tito.curriculum import load_curriculum
        from tito.source.release import staff_notebook

        curriculum = load_curriculum()
        return staff_notebook(curriculum.find_written(module), curriculum)

    def __enter__(self) -> "GradingBeside":
        command = [sys.executable, "-m", "tito.grading", "--course-dir", self._folder / "course", "--course-id", COURSE]
        command += ["--exchange-url", self._live.url, "--jobs", self._jobs, "--port", free_port()]
        hub = self._live.hub
        environment = os.environ | {"JUPYTERHUB_API_URL": hub.url, "JUPYTERHUB_API_TOKEN": hub.service("grading")}
        self._log = (self._folder / "grading.log").open("w")
        words = mortal([str(word) for word in command])
        with ExitStack() as undo:
            self._group = undo.enter_context(processor_group())
            self._process = subprocess.Popen(words, env=environment, stdout=self._log, stderr=self._log)
            undo.callback(self._end)
            self._group.add(self._process.pid)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(60)
        self._log.close()

    def cpu_seconds(self) -> float:
        """Return the processor seconds of the service and of all that judged for it, including killed sandboxes."""
        return self._group.seconds()

    def cpu_seconds_of_killed(self) -> float:
        """Return the part of these seconds that /proc does not show: those of sandboxes that were killed."""
        return self.cpu_seconds() - tree_cpu_seconds(self._process.pid)

    def warm(self, count: int) -> None:
        """Wait for the first verdicts, which also load what later ones need."""
        self.wait_for(count)

    def wait_for(self, more: int) -> None:
        """Return when this many more submissions have a verdict."""
        self._done += more
        until = time.monotonic() + PATIENCE_SECONDS
        while (done := self._count("results")) < self._done:
            if time.monotonic() > until or self._process.poll() is not None:
                log = (self._folder / "grading.log").read_text()[-2000:]
                raise RuntimeError(f"{done} of {self._done} have a verdict:\n{log}")
            time.sleep(0.1)

    def waiting(self) -> int:
        """Return how many have no verdict yet."""
        return self._count("submissions") - self._count("results")

    def times(self, prefix: str) -> list[tuple[str, str]]:
        """Return when submissions of students with this prefix arrived, and when each got its verdict."""
        query = "SELECT received_at, posted_at FROM submissions JOIN results ON submission = id WHERE student LIKE ?"
        return self._rows(query, f"{prefix}%")

    def _count(self, table: str) -> int:
        return self._rows(f"SELECT count(*) FROM {table}")[0][0]

    def _rows(self, query: str, *values: str) -> list[tuple]:
        with closing(sqlite3.connect(self._live.settings.data / "exchange.db", timeout=30)) as database:
            return database.execute(query, values).fetchall()
