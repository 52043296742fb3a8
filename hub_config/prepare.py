"""What `serve` builds before it starts anything: environments, and the demo semester where there is no other.

Every step is idempotent. A course that can't be built any more (somebody is editing it) does not take a running class
down: the environments of the last good start are used, and the reason is said.
"""

import subprocess
import time
from pathlib import Path

from hub_config import programs
from hub_config.checks import NotReady
from hub_config.settings import CHECKOUT, Settings


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)


def prepare(settings: Settings) -> None:
    """Build environments and the demo semester where they are missing."""
    log = settings.var / "log" / "prepare.log"
    for folder in ("jupyterhub_config.d", "course/source", "log"):
        (settings.var / folder).mkdir(parents=True, exist_ok=True)
    if not settings.semester_file.exists():
        line = ["tito", "semester", "demo", "--output", str(settings.semester_file)]
        step("A demo semester: three students, a TA, an instructor", line, log)
    build_environments(settings, log)


def build_environments(settings: Settings, log: Path) -> None:
    """Bring the environments of students and workers up to date."""
    usable = (settings.environment_of("student") / "bin" / "python").exists()
    try:
        step("Environments of students and workers", ["tito", "package", "environments"], log)
    except NotReady as error:
        if not usable:
            raise
        say(f"!!! {error}\n    Going on with the environments of the last good start.")


def step(title: str, command: list[str], log: Path) -> None:
    """Run one preparation, its output in the log; raise NotReady with its last words if it fails."""
    say(f"==> {title}")
    began = time.monotonic()
    with log.open("ab") as output:
        done = subprocess.run(command, cwd=CHECKOUT, env=programs.base_environment(), stdout=output, stderr=output)
    if done.returncode != 0:
        raise NotReady(f"`{' '.join(command)}` failed. Its last words, in {log}:\n{programs.tail(log)}")
    if time.monotonic() - began > 2:
        say(f"    done in {time.monotonic() - began:.0f} s")
