"""Judge a notebook on its author's machine: visible tests, the author's own earlier modules, a plain worker process.

It uses the same plan, handles and checks as grading; only the sandbox around the process is missing.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from exchange.protocol.verdicts import ModuleResult
from tito.checks.answers import find_answers
from tito.checks.link import Budget
from tito.checks.plan import Plan, make_plan
from tito.checks.run import run_tests_of
from tito.checks.times import Use, use_of_family
from tito.curriculum import Curriculum, Module, load_curriculum
from tito.errors import TitoError
from tito.source.notebook import read_notebook
from tito.source.percent import read_percent
from tito.worker.channel import Channel
from tito.workspace import Workspace


def run_tests(
    notebook: Path,
    slug: str,
    *,
    seed: int | None = None,
    budget: Budget | None = None,
    curriculum: Curriculum | None = None,
) -> ModuleResult:
    """Run the visible tests of module `slug` on a notebook file, as it was saved.

    Raises NotebookError if the notebook can't be read; whatever its code does is in the result.
    """
    started = time.monotonic()
    seed = secrets.randbits(32) if seed is None else seed
    plan = visible_plan((curriculum or load_curriculum()).find_written(slug))
    answers = find_answers(plan, read_notebook(notebook))
    exercises, notes = run_tests_of(plan, answers, start_plain_worker, seed=seed, budget=budget or Budget())
    return ModuleResult(
        slug,
        tuple(exercises),
        (*answers.notes, *notes),
        seed=seed,
        mode="own",
        visible_only=True,
        seconds=round(time.monotonic() - started, 3),
    )


def visible_plan(module: Module) -> Plan:
    """Make the plan from the pristine release, or if there is a course tree, from the source without hidden tests."""
    release = Workspace.here().release(module.slug)
    if release.exists():
        return make_plan(module.slug, read_notebook(release), module.exercises, has_reference=False).visible()
    if module.folder is None:
        raise TitoError(f"the release of {module.label} is missing: run 'tito fetch {module.slug}'.")
    return make_plan(module.slug, read_percent(module.source), module.exercises, has_reference=True).visible()


class PlainWorker:
    """A worker process without a sandbox; its output goes where ours goes."""

    def __init__(self, process: subprocess.Popen, channel: Channel, said, *, is_leader: bool = True):
        self._process, self.channel, self._said, self._is_leader = process, channel, said, is_leader

    def use(self) -> Use:
        return use_of_family(self._process.pid)

    def stop(self) -> str:
        if self._is_leader:  # processes that student code started may outlive the worker itself
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self.channel.close()
        with self._said:
            self._said.seek(0)
            return self._said.read(4000).decode(errors="replace")


def start_plain_worker(command: tuple[str, ...] = (), environment: dict[str, str] | None = None) -> PlainWorker:
    """Start `python -m tito.worker` in a folder of its own."""
    ours, theirs = socket.socketpair()
    said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
    # -P: don't import from the folder that it runs in.
    command = command or (sys.executable, "-P", "-s", "-m", "tito.worker", "--output", "null")
    with theirs:
        process = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=said,
            stderr=said,
            cwd=tempfile.gettempdir(),
            env=environment if environment is not None else {**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
    return PlainWorker(process, channel_of(ours), said)


def channel_of(connection: socket.socket) -> Channel:
    """Take over a connected socket; the judge's side never blocks beyond its deadline."""
    fd = connection.detach()
    os.set_blocking(fd, False)
    return Channel(fd, fd)
