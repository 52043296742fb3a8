"""nbgrader's gradebook: the students and the modules' due dates.

A student who dropped stays in it: removing her would delete her submissions and grades.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from nbgrader.api import Gradebook

from tito.errors import TitoError
from tito.grading.service.gradebook_lock import gradebook_lock
from tito.semester.read import Valid
from tito.semester.roster import Student
from tito.semester.service.change import Change, became

FILE_NAME = "gradebook.db"


def changes(valid: Valid, course_dir: Path) -> list[Change]:
    """Return what makes the gradebook know the semester's students and due dates."""
    if not (course_dir / FILE_NAME).is_file():
        return [*_students(valid, course_dir, {}), *_dues(valid, course_dir, {})]
    with _open(course_dir, valid.semester.course) as gradebook:
        students = {row.id: _student(row) for row in gradebook.students}
        dues = {row.name: row.duedate for row in gradebook.assignments}
    return [*_students(valid, course_dir, students), *_dues(valid, course_dir, dues)]


def _students(valid: Valid, course_dir: Path, now: dict[str, Student]) -> Iterator[Change]:
    course = valid.semester.course
    for student in valid.students:
        before = now.get(student.username)
        if before == student:
            continue
        sign, detail = ("~", became(_shown(before), _shown(student))) if before else ("+", _shown(student))
        subject = f"student {student.username}"
        yield Change(sign, "gradebook", subject, detail, partial(_put_student, course_dir, course, student))  # type: ignore[arg-type]


def _dues(valid: Valid, course_dir: Path, now: dict[str, datetime | None]) -> Iterator[Change]:
    semester = valid.semester
    for module in valid.selection.built:
        due = semester.schedule[module].due.astimezone(UTC).replace(tzinfo=None)  # nbgrader keeps naive UTC
        if module in now and now[module] == due:
            continue
        before = now.get(module)
        shown = semester.local(before.replace(tzinfo=UTC)) if before else None
        detail = became(shown, semester.local(semester.schedule[module].due))
        sign = "~" if module in now else "+"
        make = partial(_put_due, course_dir, semester.course, module, due)
        yield Change(sign, "gradebook", f"due date of {module}", detail, make)  # type: ignore[arg-type]


def _put_student(course_dir: Path, course: str, student: Student) -> None:
    with gradebook_lock(course_dir), _open(course_dir, course) as gradebook:
        gradebook.update_or_create_student(
            student.username, last_name=student.last_name, first_name=student.first_name, email=student.email
        )


def _put_due(course_dir: Path, course: str, module: str, due: datetime) -> None:
    with gradebook_lock(course_dir), _open(course_dir, course) as gradebook:
        gradebook.update_or_create_assignment(module, duedate=due)


@contextmanager
def _open(course_dir: Path, course: str) -> Iterator[Gradebook]:
    url = f"sqlite:///{course_dir / FILE_NAME}"
    if not (course_dir / FILE_NAME).is_file():
        _create(course_dir, url)
    gradebook = Gradebook(url, course)
    try:
        yield gradebook
    finally:
        gradebook.close()


def _create(course_dir: Path, url: str) -> None:
    """Make a new gradebook in a process of its own: nbgrader runs the command `alembic`, which PATH must lead to."""
    course_dir.mkdir(parents=True, exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    words = [
        sys.executable,
        "-c",
        "import sys; from nbgrader.api import Gradebook; Gradebook(sys.argv[1]).close()",
        url,
    ]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": path})
    if done.returncode:
        raise TitoError(f"nbgrader could not make {course_dir / FILE_NAME}: {done.stderr.strip()[-500:]}")


def _student(row) -> Student:
    return Student(row.id, row.last_name or "", row.first_name or "", row.email or "")


def _shown(student: Student) -> str:
    return f"{student.first_name} {student.last_name} {student.email}".strip() or "no name"
