"""The file gradebook.db: where it is, how it is opened and made, and who is entered in it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.api import Gradebook as Gradebook

from tito.errors import TitoError
from tito.running_nbgrader import path_with_programs

from .lock import gradebook_lock

FILE_NAME = "gradebook.db"
DEFAULT_COURSE = "default_course"  # nbgrader's word for one without an id


def gradebook_url(course_dir: Path) -> str:
    return f"sqlite:///{course_dir / FILE_NAME}"


@contextmanager
def open_or_make(course_dir: Path, course: str) -> Iterator[Gradebook]:
    """Open the gradebook of a course for the block; make it if there is none yet."""
    if not (course_dir / FILE_NAME).is_file():
        _make(course_dir)
    with Gradebook(gradebook_url(course_dir), course) as gradebook:
        yield gradebook


def put_student(course_dir: Path, course: str, username: str, **about: str) -> None:
    """Enter a student, or what is known `about` them (first_name, last_name, email)."""
    with gradebook_lock(course_dir), open_or_make(course_dir, course) as gradebook:
        gradebook.update_or_create_student(username, **about)


def _make(course_dir: Path) -> None:
    """Make a new gradebook in a separate process: nbgrader runs the command `alembic`, which PATH must lead to."""
    course_dir.mkdir(parents=True, exist_ok=True)
    program = "import sys; from nbgrader.api import Gradebook; Gradebook(sys.argv[1]).close()"
    words = [sys.executable, "-c", program, gradebook_url(course_dir)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": path_with_programs()})
    if done.returncode:
        raise TitoError(f"nbgrader could not make {course_dir / FILE_NAME}: {done.stderr.strip()[-500:]}")
