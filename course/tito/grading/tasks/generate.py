"""Make a module's notebooks from its source."""

import os
import subprocess
import sys

from tito.errors import TitoError
from tito.gradebook.lock import gradebook_lock

from ..queue import Queue, Work
from ..settings import GradingSettings
from ..work import Outcome

GENERATE_SECONDS = 300


def generate(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Make the staff notebook and the release from the module's source, by `tito nbgrader generate`."""
    command = [
        sys.executable,
        "-m",
        "tito.cli",
        "nbgrader",
        "generate",
        work.assignment,
        "--course-dir",
        str(settings.course_dir),
    ]
    tree = {"TITO_COURSE": str(settings.course_tree)} if settings.course_tree else {}
    with gradebook_lock(settings.course_dir):
        made = subprocess.run(
            command, capture_output=True, text=True, timeout=GENERATE_SECONDS, env={**os.environ, **tree}
        )
    if made.returncode:
        raise TitoError((made.stderr or made.stdout).strip()[-2000:])
    return Outcome("done", made.stdout.strip()[-500:])
