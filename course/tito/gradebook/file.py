"""The file gradebook.db: where it is, how it is opened and made, and who is entered in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.api import Gradebook as Gradebook

from tito.running_nbgrader import begin_gradebook

from .lock import gradebook_lock

FILE_NAME = "gradebook.db"
DEFAULT_COURSE = "default_course"  # nbgrader's word for one without an id


def gradebook_url(course_dir: Path) -> str:
    return f"sqlite:///{course_dir / FILE_NAME}"


@contextmanager
def open_or_make(course_dir: Path, course: str) -> Iterator[Gradebook]:
    """Open the gradebook of a course for the block; make it if there is none yet."""
    begin_gradebook(gradebook_url(course_dir))
    with Gradebook(gradebook_url(course_dir), course) as gradebook:
        yield gradebook


def put_student(course_dir: Path, course: str, username: str, **about: str) -> None:
    """Enter a student, or what is known `about` them (first_name, last_name, email)."""
    with gradebook_lock(course_dir), open_or_make(course_dir, course) as gradebook:
        gradebook.update_or_create_student(username, **about)
