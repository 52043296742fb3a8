"""Run programs side by side, restart each when it dies, stop all together.

Promises: a program that dies starts again (immediately, then with growing pauses); nothing that was started, nor
anything that it started, outlives `stop`; single-user servers outlive the Hub, not the supervisor.
"""

import ctypes
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hub_config.run.log_files import rotate_all

PR_SET_CHILD_SUBREAPER = 36
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
LOGS_SECONDS = 60.0  # between two checks of the logs' sizes
MARKER = "TINYTORCH_RUN_ID"


@dataclass
class Program:
    """A command that should always run; `after_restart` is called when it runs again after a death."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    after_restart: Callable[[], None] | None = None
    pid: int = 0
    started: float = 0.0
    not_before: float = 0.0
    pause: float = 0.0
    deaths: int = 0


@dataclass
class Supervisor:
    """Runs programs; `marker` is in the environment of all of them, `record` names their pids."""

    marker: str
    cwd: Path
    say: Callable[[str], None]
    record: Path | None = None
    programs: dict[str, Program] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    looked_at_logs: float = 0.0

    def adopt_orphans(self) -> None:
        """Become the parent of single-user servers whose Hub has died, so that their end is noticed."""
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def start(self, program: Program) -> None:
        """Start a program; its output goes to its log."""
        self.programs[program.name] = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log:
            process = subprocess.Popen(
                program.command,
                env=program.environment | {MARKER: self.marker},
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # os.waitpid reports deaths, including those of adopted processes.
        program.pid, process.returncode = process.pid, 0
        program.started = time.monotonic()
        self._write_record()

    def watch(self) -> None:
        """Restart what dies, until `stopping` is set."""
        while not self.stopping.wait(0.2):
            self.tend()

    def tend(self) -> None:
        """Reap the dead and restart programs whose pause is over."""
        dead = self._reap()
        for program in self.programs.values():
            if program.pid in dead:
                self._died(program)
            if program.pid == 0 and time.monotonic() >= program.not_before:
                self.start(program)
                if program.after_restart:
                    program.after_restart()
        if time.monotonic() >= self.looked_at_logs + LOGS_SECONDS:
            self.looked_at_logs = time.monotonic()
            for folder in {program.log.parent for program in self.programs.values()}:
                rotate_all(folder)

    def stop(self, grace_seconds: float = 10.0) -> None:
        """End all programs at the same time, then everything else that carries the marker."""
        self.stopping.set()
        pids = {program.pid for program in self.programs.values() if program.pid}
        for program in self.programs.values():
            program.pid = 0
        for pid in pids:
            _send(pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_seconds
        while pids := {pid for pid in pids - self._reap() if _send(pid, 0)}:
            if time.monotonic() > deadline:
                for pid in pids:
                    _send(pid, signal.SIGKILL)
            time.sleep(0.05)
        sweep(self.marker)
        self._reap()

    def _died(self, program: Program) -> None:
        steady = time.monotonic() - program.started > STEADY_SECONDS
        program.pause = 0.0 if steady else min(LONGEST_PAUSE_SECONDS, program.pause * 2 or 0.5)
        program.pid, program.not_before = 0, time.monotonic() + program.pause
        program.deaths += 1
        self.say(f"{program.name} ended and will be restarted (see {program.log})")

    def _write_record(self) -> None:
        """Write name -> pid where other commands find it, never half written."""
        if self.record:
            pids = {name: program.pid for name, program in self.programs.items()}
            temporary = self.record.with_suffix(".new")
            temporary.write_text(json.dumps(pids, indent=1) + "\n", "utf-8")
            temporary.replace(self.record)

    @staticmethod
    def _reap() -> set[int]:
        dead: set[int] = set()
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return dead
            if pid == 0:
                return dead
            dead.add(pid)


def sweep(marker: str) -> int:
    """Kill every process that carries the marker in its environment, but not this one; return how many there were."""
    wanted = f"{MARKER}={marker}".encode()
    found = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            carries = wanted in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # gone, or another user's
        if carries:
            found += _send(int(folder.name), signal.SIGKILL)
    return found


def _send(pid: int, sig: int) -> bool:
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        return False
    return True
