"""What `serve` builds before it starts anything: environments, and the demo semester if there is no other.

Every step is idempotent. A course that can no longer be built (somebody is editing it) does not take a running class
down: the environments of the last good start are used, and the reason is printed.
"""

import os
import subprocess
import time
from pathlib import Path

from hub_config.checks import NotReady
from hub_config.run import programs
from hub_config.settings import CHECKOUT, Settings


def say(text: str) -> None:
    """Print a message for the person at the terminal."""
    print(text, flush=True)


def prepare(settings: Settings) -> None:
    """Build environments and the demo semester where they are missing."""
    log = settings.var / "log" / "prepare.log"
    for folder in ("jupyterhub_config.d", "course/source", "log"):
        (settings.var / folder).mkdir(parents=True, exist_ok=True)
    if not settings.semester_file.exists():
        if settings.semester_file != settings.demo_semester:
            raise NotReady(f"The semester file {settings.semester_file} does not exist: see HUB_SEMESTER.")
        line = ["tito", "semester", "demo", "--output", str(settings.semester_file)]
        step("A demo semester: three students, a TA, an instructor", line, log)
    if settings.spawner == "docker":
        build_images(settings, log)
    elif settings.spawner == "bubblewrap":
        build_environments(settings, log)


def build_images(settings: Settings, log: Path) -> None:
    """Bring the images of servers and workers up to date; running servers keep theirs until they start again."""
    if not settings.docker.build:
        return
    line = ["tito", "image", "build", "--semester", str(settings.semester_file)]
    line += ["--tag", settings.image_tag, "--only", "student", "--only", "worker", "--only", "staff"]
    step("Images of servers and workers (takes some minutes the first time)", line, log)


def build_environments(settings: Settings, log: Path) -> None:
    """Bring the environments of students and workers up to date."""
    usable = (settings.environment_of("student") / "bin" / "python").exists()
    try:
        line = ["tito", "package", "environments", "--semester", str(settings.semester_file)]
        step("Environments of students and workers", line, log)
    except NotReady as error:
        if not usable:
            raise
        say(f"!!! {error}\n    Continuing with the environments of the last good start.")


def step(title: str, command: list[str], log: Path) -> None:
    """Run one preparation, its output in the log; raise NotReady with the last log lines if it fails."""
    say(f"==> {title}")
    began = time.monotonic()
    with log.open("ab") as output:
        # The whole environment: an installer may need the machine's proxy, index or certificates.
        environment = dict(os.environ) | {"PATH": programs.base_environment()["PATH"]}
        done = subprocess.run(command, cwd=CHECKOUT, env=environment, stdout=output, stderr=output)
    if done.returncode != 0:
        raise NotReady(f"`{' '.join(command)}` failed. Last log lines, in {log}:\n{programs.tail(log)}")
    if time.monotonic() - began > 2:
        say(f"    done in {time.monotonic() - began:.0f} s")
