"""A real Hub of one place, started for a test with state and a port of its own, and stopped afterwards."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 240  # a first start builds environments


@dataclass
class RunningHub:
    """`python -m hub_config serve` of a place; `var` holds all of its state."""

    place: str
    var: Path
    port: int = 0
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

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

    def start(self) -> "RunningHub":
        """Start, and wait until it says that it is ready."""
        self.port = self.port or free_port()
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub_config", "serve"],
                cwd=CHECKOUT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.wait(lambda: "Ctrl-C stops the Hub" in self.said(), START_SECONDS, "say that it is ready")
        return self

    def stop(self, sig: int = signal.SIGINT) -> int:
        """Stop as Ctrl-C does; return the exit code."""
        assert self.process is not None
        self.process.send_signal(sig)
        return self.process.wait(timeout=90)

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def wait(self, condition, seconds: float, what: str) -> None:
        """Wait for a condition; an ended Hub or the end of time is an error with its words."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process is not None and self.process.poll() is None, f"the Hub ended:\n{self.said()}"
            assert time.monotonic() < deadline, f"the Hub did not {what} in {seconds} s:\n{self.said()}"
            time.sleep(0.1)

    def command(self, *words: str) -> subprocess.CompletedProcess:
        """Run `python -m hub_config WORDS` against this Hub."""
        line = [sys.executable, "-m", "hub_config", *words]
        return subprocess.run(line, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, timeout=180)

    def programs(self) -> dict[str, int]:
        """Return name -> pid of proxy, Hub and services."""
        return json.loads(self.command("status", "--json").stdout)["programs"]

    def kill(self, name: str) -> None:
        """Kill one program without warning, and wait until its successor answers."""
        before = self.programs()[name]
        os.kill(before, signal.SIGKILL)
        self.wait(lambda: self.programs()[name] not in (0, before), 30, f"start {name} again")
        path = "/hub/health" if name == "hub" else f"/services/{name}/health"
        self.wait(lambda: answers(self.url + path), 60, f"bring {name} back")

    def passwords(self) -> dict[str, str]:
        return json.loads((self.var / "secrets" / "passwords.json").read_text())

    def run(self, *words: str) -> subprocess.CompletedProcess:
        """Run a command as the operator."""
        return self.command("run", "--", *words)


def answers(url: str) -> bool:
    """Tell whether a page comes without an error."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status < 400
    except OSError:
        return False


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
