"""People who use an nbgrader exchange; each has a home, an environment, and nbgrader's own commands."""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).with_name("nbgrader_runner.py")
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Outcome:
    """The result of a command."""

    code: int
    log: str
    value: Any = None


@dataclass
class Person:
    """A person with a home folder; `python` is the interpreter that has nbgrader."""

    name: str
    home: Path
    environment: dict[str, str]
    config: str
    python: str = sys.executable
    student_option: bool = False  # nbgrader's default exchange identifies people only by the option --student
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def run(self, *args: str, ahead_seconds: float = 0) -> Outcome:
        """Run an nbgrader command in the home."""
        answer = self._ask({"args": list(args), "cwd": str(self.home), "ahead_seconds": ahead_seconds})
        return Outcome(answer["code"], answer["log"])

    def must(self, *args: str, **options: Any) -> Outcome:
        """Run a command that must succeed."""
        outcome = self.run(*args, **options)
        assert outcome.code == 0, f"nbgrader {' '.join(args)} ended with {outcome.code}:\n{outcome.log}"
        return outcome

    def student(self, *args: str) -> list[str]:
        """Return the arguments, with --student where the exchange needs it to identify the person."""
        return [*args, f"--student={self.name}"] if self.student_option else list(args)

    def assignment_list(self, method: str, *arguments: str) -> Any:
        """Call the server extension behind JupyterLab's Assignment List."""
        return self._ask({"list": [method, *arguments], "cwd": str(self.home)})["value"]

    def _ask(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self._process = self._start()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"nbgrader of {self.name} died: {wanted}\n{(self.home / 'runner.log').read_text()[-3000:]}"
        return json.loads(line)

    def _start(self) -> subprocess.Popen[str]:
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "nbgrader_config.py").write_text(self.config)
        environment = {k: os.environ[k] for k in KEPT if k in os.environ}
        environment |= {"HOME": str(self.home), "JUPYTER_DATA_DIR": str(self.home / ".jupyter-data"), "USER": self.name}
        environment |= {"JUPYTER_CONFIG_DIR": str(self.home / ".jupyter"), "JUPYTERHUB_USER": self.name}
        # nbgrader starts `alembic` by name, and the grader starts its kernel by name.
        environment["PATH"] = f"{Path(self.python).parent}{os.pathsep}{environment['PATH']}"
        environment |= {"IPYTHONDIR": str(self.home / ".ipython"), **self.environment}
        with (self.home / "runner.log").open("w") as log:
            return subprocess.Popen(
                [self.python, str(RUNNER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                cwd=self.home,
            )

    def close(self) -> None:
        """End the person's session."""
        if self._process is not None:
            assert self._process.stdin is not None and self._process.stdout is not None
            with contextlib.suppress(BrokenPipeError):  # it died earlier; the call that used it has reported that
                self._process.stdin.close()
            self._process.wait(20)
            self._process.stdout.close()
            self._process = None
