"""The file gradebook.db: where it lies, and how it is opened and made."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.api import Gradebook as Gradebook

from tito.errors import TitoError

FILE_NAME = "gradebook.db"


def gradebook_url(course_dir: Path) -> str:
    return f"sqlite:///{course_dir / FILE_NAME}"


@contextmanager
def open_or_make(course_dir: Path, course: str) -> Iterator[Gradebook]:
    """Open the gradebook of a course for the block; make it where there is none yet."""
    if not (course_dir / FILE_NAME).is_file():
        _make(course_dir)
    with Gradebook(gradebook_url(course_dir), course) as gradebook:
        yield gradebook


def _make(course_dir: Path) -> None:
    """Make a new gradebook in a process of its own: nbgrader runs the command `alembic`, which PATH must lead to."""
    course_dir.mkdir(parents=True, exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    program = "import sys; from nbgrader.api import Gradebook; Gradebook(sys.argv[1]).close()"
    words = [sys.executable, "-c", program, gradebook_url(course_dir)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": path})
    if done.returncode:
        raise TitoError(f"nbgrader could not make {course_dir / FILE_NAME}: {done.stderr.strip()[-500:]}")
