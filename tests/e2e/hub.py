"""A real Hub of one place, started for a test with its own state and port, and stopped afterwards."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.harness.mortal import mortal

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 480  # a first start builds environments, on a machine that is busy with other work


ROSTER = """username,last_name,first_name,email
ada,Lovelace,Ada,ada@example.org
ben,Rosen,Ben,ben@example.org
chen,Chen,Li,chen@example.org
"""


def write_semester(folder: Path, *modules: str) -> Path:
    """Write a semester in which these modules are open: students ada, ben, chen; TA tom; instructor ida."""
    day = timedelta(days=1)
    today = datetime.now(UTC)
    dates = f"release: {today - day:%Y-%m-%d} 00:00, due: {today + 7 * day:%Y-%m-%d} 20:00"
    lines = [
        "course: tinytorch-test",
        "title: 'TinyTorch: build a deep-learning framework'",
        "time_zone: UTC",
        f"modules: [{', '.join(modules)}]",
        "schedule:",
        *(f"  {slug}: {{{dates}}}" for slug in modules),
        "staff: {instructors: [ida], tas: [tom]}",
        "roster: roster.csv",
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roster.csv").write_text(ROSTER)
    (folder / "semester.yaml").write_text("\n".join(lines) + "\n")
    return folder / "semester.yaml"


@dataclass
class RunningHub:
    """`python -m hub_config serve` for a place; `var` holds all of its state."""

    place: str
    var: Path
    port: int = 0
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None
    checkout: Path = CHECKOUT  # the program that runs: this version's or an earlier one's

    @property
    def python(self) -> str:
        """Return the interpreter in which the program is installed."""
        return sys.executable if self.checkout == CHECKOUT else str(self.checkout / ".venv" / "bin" / "python")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> Path:
        return self.var.parent / f"{self.var.name}-serve.log"

    @property
    def environment(self) -> dict[str, str]:
        own = {"HUB_PLACE": self.place, "HUB_VAR": str(self.var), "HUB_PORT": str(self.port), **self.extra}
        return {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | own

    def prepare(self) -> None:
        """Build what `start` would otherwise build, with the environment of the tests."""
        self.port = self.port or free_port()
        program = "from hub_config.run.prepare import prepare; from hub_config.settings import load_settings as load"
        words = [self.python, "-c", f"{program}; prepare(load())"]
        done = subprocess.run(words, cwd=self.checkout, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> "RunningHub":
        """Start, and wait until it says that it is ready; the home page must then answer."""
        self.port = self.port or free_port()
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                mortal([self.python, "-m", "hub_config", "serve"]),
                cwd=self.checkout,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.wait(lambda: "Ctrl-C stops the Hub" in self.said(), START_SECONDS, "say that it is ready")
        has_home = "home" not in self.extra.get("HUB_WITHOUT", "")
        assert not has_home or answers(f"{self.url}/services/home/health"), (
            f"ready, and without a home page:\n{self.said()}"
        )
        return self

    def stop(self, sig: int = signal.SIGINT) -> int:
        """Stop as Ctrl-C does; return the exit code."""
        assert self.process is not None
        self.process.send_signal(sig)
        return self.process.wait(timeout=90)

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def wait(self, condition, seconds: float, what: str) -> None:
        """Wait for a condition; if the Hub ends or time runs out, raise an error with the Hub's output."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process is not None and self.process.poll() is None, f"the Hub ended:\n{self.said()}"
            assert time.monotonic() < deadline, f"the Hub did not {what} in {seconds} s:\n{self.said()}"
            time.sleep(0.1)

    def command(self, *words: str) -> subprocess.CompletedProcess:
        """Run `python -m hub_config WORDS` against this Hub."""
        line = [self.python, "-m", "hub_config", *words]
        return subprocess.run(
            line, cwd=self.checkout, env=self.environment, capture_output=True, text=True, timeout=180
        )

    def programs(self) -> dict[str, int]:
        """Return name -> pid of proxy, Hub and services."""
        return json.loads(self.command("status", "--json").stdout)["programs"]

    def kill(self, name: str) -> None:
        """Kill one program without warning, and wait until its replacement answers."""
        self.kill_and_go_on(name)
        path = "/hub/health" if name in ("hub", "proxy") else f"/services/{name}/health"
        self.wait(lambda: answers(self.url + path), 60, f"bring {name} back")

    def kill_and_go_on(self, name: str) -> None:
        """Kill one program without warning, and wait only until its replacement has been started."""
        before = self.programs()[name]
        os.kill(before, signal.SIGKILL)
        self.wait(lambda: self.programs()[name] not in (0, before), 30, f"start {name} again")

    def strays(self) -> list[str]:
        """Return the command lines of processes that this Hub left behind."""
        marker = f"TINYTORCH_RUN_ID={(self.var / 'secrets' / 'hub-id').read_text()}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if marker in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def passwords(self) -> dict[str, str]:
        return json.loads((self.var / "secrets" / "passwords.json").read_text())

    def run(self, *words: str) -> subprocess.CompletedProcess:
        """Run a command as the operator."""
        return self.command("run", "--", *words)


def answers(url: str) -> bool:
    """Tell whether a page loads without an error."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return answer.status < 400
    except OSError:
        return False


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
