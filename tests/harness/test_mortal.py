"""A killed test run leaves nothing behind: no Hub, proxy, service, server, database or browser."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.mortal import CHECKOUT, mortal

pytestmark = pytest.mark.live
# What each harness starts; for a supervised Hub also a person's server, which the Hub would leave running.
RUN = """
import time
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright
from tito.curriculum import load_curriculum

from tests.e2e.hub import RunningHub, write_semester
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import as_process, make_settings
from tests.exchange.postgres import postgresql
from tests.formgrader.conftest import ARGUMENTS, CHROMIUM
from tests.semester.campus import running_campus
from tests.sign_in.door import person, running_door, send

NONE = "[exchange, grading, semester, formgrader, home, idle-culler]"


def test_everything(tmp_path):
    with ExitStack() as stack:
        door = stack.enter_context(running_door(tmp_path / "door", "shared-password", HUB_WITHOUT=NONE))
        ada = stack.enter_context(person(door.url))
        send(ada, ada.get("/hub/login?next=/hub/home"), username="ada", password=door.password)
        ada.get("/hub/spawn")
        stack.enter_context(running_campus(tmp_path / "campus", "tinytorch-test", load_curriculum))
        semester = write_semester(tmp_path / "semester", "tensor")
        RunningHub("local", tmp_path / "var", extra={"HUB_SEMESTER": str(semester), "HUB_WITHOUT": NONE}).start()
        stack.enter_context(postgresql())
        hub = stack.enter_context(FakeHub())
        stack.enter_context(as_process(hub, make_settings(tmp_path / "exchange", hub), tmp_path))
        stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        Path(READY).touch()
        time.sleep(600)
"""
# A part of each program's command line.
STARTED = ("jupyterhub --config", "hub_config.run.front", "configurable-http-proxy", "hub_config serve", "launch.py")
STARTED += ("postgres", "exchange serve", "chromium", "tests.harness.mortal")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can enter; as TMPDIR it marks every process of a run."""
    made = Path(tempfile.mkdtemp(prefix="killed-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_a_killed_run_leaves_nothing_behind(folder):
    ready = folder / "ready"
    (folder / "test_run.py").write_text(f"READY = {str(ready)!r}\n{RUN}")
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=600", f"--rootdir={CHECKOUT}"]
    with (folder / "log").open("w") as log:
        run = subprocess.Popen(
            mortal([*line, f"--basetemp={folder / 'pytest'}", str(folder / "test_run.py")]),
            cwd=CHECKOUT,
            env=os.environ | {"TMPDIR": str(folder)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until(lambda: ready.exists() or run.poll() is not None, 240)
        assert run.poll() is None, (folder / "log").read_text()
        family = {**descendants(run.pid), **marked(folder)}
        assert [word for word in STARTED if not any(word in command for command in family.values())] == []
        run.send_signal(signal.SIGKILL)
        run.wait()
        until(lambda: not left(family, folder), 120, lambda: left(family, folder))
    finally:
        for pid in left({run.pid: "", **descendants(run.pid), **marked(folder)}, folder):
            os.kill(pid, signal.SIGKILL)


def until(condition, seconds: float, said=lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {said()}"
        time.sleep(0.1)


def left(family: dict[int, str], folder: Path) -> dict[int, str]:
    """Return pid -> command line of those of `family` that are alive, and of all processes that the folder marks."""
    now = commands()
    return {pid: command for pid, command in family.items() if now.get(pid) == command} | marked(folder)


def descendants(pid: int) -> dict[int, str]:
    """Return the command lines of all descendants of a process."""
    parents, found, now = {}, {pid}, commands()
    for each in now:
        parents[each] = parent(each)
    while more := {each for each, of in parents.items() if of in found} - found:
        found |= more
    return {each: now[each] for each in found - {pid} if each in now}


def marked(folder: Path) -> dict[int, str]:
    """Return the processes that have the folder's name in their environment or command line."""
    mark, found = str(folder).encode(), {}
    for pid, command in commands().items():
        try:
            names = mark in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if names or str(folder) in command:
            found[pid] = command
    return found


def commands() -> dict[int, str]:
    """Return pid -> command line of all processes except zombies and kernel threads."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if command:
            found[int(entry.name)] = command
    return found


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
