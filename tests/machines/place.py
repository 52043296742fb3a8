"""Scheduler, workers and grading service as on several machines: separate processes, each with its own address."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tito.grading.settings import GradingSettings, settings_from_environment
from tito.machines.certificates import make_certificates

from tests.environments import worker_environment
from tests.grading_service.place import TREE, make_course
from tests.harness.mortal import mortal

SERVICE = """
import threading
from tito.grading.pool import RunnerPool
from tito.grading.queue import Queue
from tito.grading.records import open_database
from tito.grading.settings import settings_from_environment
settings = settings_from_environment()
with RunnerPool(settings, Queue(open_database(settings.database_url))):
    threading.Event().wait()
"""


class Machines:
    """Starts, kills and restarts programs by name; those that still run are ended with the block that made it."""

    def __init__(self, folder: Path, make: Callable[[Path], Path] = make_course, tree: Path = TREE):
        worker_environment()
        self.folder, self.certificates = folder, folder / "certificates"
        make_certificates(self.certificates)
        self.port, self.door_port = _free_port(), _free_port()
        course = make(folder / "course")
        self.settings: GradingSettings = settings_from_environment(
            {"TITO_COURSE": str(tree), "GRADING_SCHEDULER": f"tls://127.0.0.1:{self.door_port}",
             "GRADING_CERTIFICATES": str(self.certificates)}, course_dir=course, jobs="1",
        )  # fmt: skip
        self._commands: dict[str, list[str]] = {"service": [sys.executable, "-c", SERVICE]}
        self._commands["scheduler"] = self.tito(
            "scheduler", "--certificates", self.certificates, "--host", "127.0.0.1", "--port", self.port,
            "--door-port", self.door_port,
        )  # fmt: skip
        for number, name in enumerate(("one", "two"), 2):
            self._commands[name] = self.tito(
                "worker", "--scheduler", f"tls://127.0.0.1:{self.port}", "--certificates",
                self.certificates / "worker", "--jobs", 1, "--name", name, "--host", f"127.0.0.{number}",
            )  # fmt: skip
        self.running: dict[str, subprocess.Popen] = {}

    @staticmethod
    def tito(*words: object) -> list[str]:
        return [sys.executable, "-m", "tito.cli", "grade", *map(str, words)]

    def start(self, name: str, command: list[str] | None = None) -> subprocess.Popen:
        """Start a program with its own home, which also holds its temporary files."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        own = {"HOME": str(home), "TMPDIR": str(home)}
        if name == "service":
            own |= self.settings.environment()
        with (home / "log").open("ab") as log:
            line = mortal(command or self._commands[name], "KILL")
            self.running[name] = subprocess.Popen(line, env={**os.environ, **own}, stdout=log, stderr=log)
        return self.running[name]

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        self.running[name].send_signal(number)
        return self.running.pop(name).wait()

    def log(self, name: str) -> str:
        return (self.folder / name / "log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def machines(folder: Path, *how: Any) -> Iterator[Machines]:
    made = Machines(folder, *how)
    try:
        yield made
    finally:
        for name in list(made.running):
            made.kill(name, signal.SIGTERM if name == "service" else signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
