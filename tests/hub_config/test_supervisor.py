"""Programs that die are restarted, and everything that was started ends with `stop`."""

import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from hub_config.run import log_files
from hub_config.run import supervisor as supervisor_module
from hub_config.run.supervisor import Program, Supervisor, sweep

pytestmark = pytest.mark.service

FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(secrets.token_hex(8), tmp_path, say=lambda text: None)
    yield supervisor
    supervisor.stop()


def program(name: str, command: list[str], tmp_path: Path, **more) -> Program:
    return Program(name, command, {"PATH": os.environ["PATH"]}, tmp_path / f"{name}.log", **more)


def until(condition, supervisor: Supervisor | None = None, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if supervisor:
            supervisor.tend()
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_program_that_dies_starts_again_and_says_so(supervisor, tmp_path):
    restarts = []
    forever = program("forever", FOREVER, tmp_path, after_restart=lambda: restarts.append(1))
    supervisor.start(forever)
    first = forever.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: forever.pid not in (0, first), supervisor)
    assert alive(forever.pid)
    assert restarts == [1]


CHATTY = """
import time
for number in range(10**9):
    print("x" * 99, number, flush=True)
    time.sleep(0.001)
"""


def test_long_logs_are_put_aside_while_their_writers_go_on(supervisor, tmp_path, monkeypatch):
    """The supervisor rotates its programs' logs and those of students' servers, and keeps the last few."""
    monkeypatch.setattr(supervisor_module, "LOGS_SECONDS", 0.0)
    monkeypatch.setattr(log_files.rotate_all, "__defaults__", (20_000,))
    server = tmp_path / "servers" / "ada.log"
    server.parent.mkdir()
    server.write_text("said by ada's server\n" * 2_000)
    chatty = program("chatty", [sys.executable, "-c", CHATTY], tmp_path)
    supervisor.start(chatty)
    until(lambda: (tmp_path / "chatty.log.2").exists(), supervisor)
    assert alive(chatty.pid)
    assert (server.stat().st_size, server.with_name("ada.log.1").stat().st_size) == (0, 42_000)
    until(lambda: b"x" in chatty.log.read_bytes())
    assert chatty.log.read_bytes()[:1] == b"x", "not a file with a hole at its beginning"
    assert len(list(tmp_path.glob("chatty.log*"))) == 1 + log_files.KEPT


def test_pauses_between_restarts_grow(supervisor, tmp_path):
    hopeless = program("hopeless", [sys.executable, "-c", "raise SystemExit(1)"], tmp_path)
    supervisor.start(hopeless)
    until(lambda: hopeless.deaths == 3, supervisor)
    assert hopeless.pause == 2.0


def test_stop_ends_programs_and_what_they_started_in_sessions_of_their_own(supervisor, tmp_path):
    """Like a single-user server, which the Hub starts in a separate session."""
    child = tmp_path / "child"
    script = (
        "import subprocess, sys, time; "
        f"p = subprocess.Popen({FOREVER!r}, start_new_session=True); "
        f"open({str(child)!r}, 'w').write(str(p.pid) + '.'); "
        "time.sleep(600)"
    )
    parent = program("parent", [sys.executable, "-c", script], tmp_path)
    supervisor.start(parent)
    until(lambda: child.exists() and child.read_text().endswith("."))
    pids = parent.pid, int(child.read_text().rstrip("."))
    supervisor.stop()
    until(lambda: not any(map(alive, pids)))


def test_a_program_that_ignores_sigterm_is_killed(supervisor, tmp_path):
    ready = tmp_path / "ready"
    script = f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(ready)!r}, 'w'); time.sleep(600)"
    stubborn = program("stubborn", [sys.executable, "-c", script], tmp_path)
    supervisor.start(stubborn)
    until(ready.exists)
    pid = stubborn.pid
    supervisor.stop(grace_seconds=0.2)
    assert not alive(pid)


def test_sweep_spares_processes_of_others(supervisor, tmp_path):
    supervisor.start(program("ours", FOREVER, tmp_path))
    assert sweep(secrets.token_hex(8)) == 0
    assert alive(supervisor.programs["ours"].pid)


def test_watch_ends_when_told(supervisor):
    thread = threading.Thread(target=supervisor.watch)
    thread.start()
    supervisor.stopping.set()
    thread.join(timeout=10)
    assert not thread.is_alive()
