"""The written answers that people read: whose they are, their points, whether they wait, and who has read them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    Grade,
    GradeCell,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.api import Gradebook as Book
from sqlalchemy import func, select

from .file import FILE_NAME
from .grade_changes import changes, prepare_table
from .policy import grading_policy, roster
from .scores import Course, open_gradebook
from .shared_comments import is_change_for_all, prepare_comments

GAVE_POINTS = "manual_score"


@dataclass(frozen=True)
class Answer:
    """One answer of one submission; `page` and `number` are what the formgrader calls the submission."""

    student: str
    question: str
    page: str
    number: int
    points: float | None
    max_points: float
    waits: bool
    reader: str
    """Who gave the points that it has; empty if nobody has."""

    @property
    def key(self) -> tuple[str, str]:
        return self.student, self.question


def written_answers(course: Course, assignment: str) -> list[Answer]:
    """Return a module's answers by question and number; none if nothing is graded yet, or nobody is to read.

    Those of students who dropped the course are left out, until they come back.
    """
    if not (course.course_dir / FILE_NAME).exists() or not grading_policy(course.course_dir).reads_by_hand:
        return []
    with open_gradebook(course) as book:
        readers = _readers(book, assignment)
        rows = [row for row in _rows(book, assignment) if _is_judged(course.course_dir, assignment, row)]
    numbers = {page: number for number, page in enumerate(sorted({row.page for row in rows}), 1)}
    members = roster(course.course_dir)
    of_class = [row for row in rows if members is None or row.student in members]
    found = [_answer(row, numbers[row.page], readers) for row in of_class if row.kind == "markdown" or row.waits]
    return sorted(found, key=lambda answer: (answer.question, answer.number))


def _rows(book: Book, assignment: str) -> list[Any]:
    query = (
        select(
            SubmittedAssignment.student_id.label("student"), SubmittedNotebook.id.label("page"),
            Notebook.name.label("notebook"), GradeCell.name.label("question"), GradeCell.cell_type.label("kind"),
            GradeCell.max_score.label("max_points"), Grade.manual_score, Grade.auto_score,
            Grade.needs_manual_grade.label("waits"),
        )
        .select_from(Grade)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(GradeCell, GradeCell.id == Grade.cell_id)
        .where(Assignment.name == assignment)
    )  # fmt: skip
    return list(book.db.execute(query))


def _is_judged(course_dir: Path, assignment: str, row: Any) -> bool:
    return (course_dir / "autograded" / row.student / assignment / f"{row.notebook}.ipynb").is_file()


def _answer(row: Any, number: int, readers: dict[tuple[str, str], str]) -> Answer:
    points = row.auto_score if row.manual_score is None else row.manual_score
    reader = readers.get((row.student, row.question), "") if row.manual_score is not None else ""
    return Answer(row.student, row.question, row.page, number, points, row.max_points or 0.0, bool(row.waits), reader)


def _readers(book: Book, assignment: str) -> dict[tuple[str, str], str]:
    """Name who last gave each answer its points, not counting changes that were made for all at once."""
    prepare_table(book.engine)
    prepare_comments(book.engine)
    mine = (changes.c.assignment == assignment, changes.c.field == GAVE_POINTS, ~is_change_for_all(changes.c.id))
    newest = select(func.max(changes.c.id)).where(*mine).group_by(changes.c.student, changes.c.cell)
    rows = book.db.execute(select(changes.c.student, changes.c.cell, changes.c.person).where(changes.c.id.in_(newest)))
    return {(student, cell): person for student, cell, person in rows}
