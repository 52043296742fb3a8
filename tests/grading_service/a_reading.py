"""A gradebook of a class with two written questions, made directly: for tests of assigning and reading answers."""

import json
import warnings
from pathlib import Path
from types import SimpleNamespace

from nbgrader.api import Base, Gradebook
from sqlalchemy import create_engine
from sqlalchemy.exc import SAWarning
from tito.gradebook.file import gradebook_url
from tito.gradebook.grade_changes import record_changes

MODULE, QUESTIONS, FULL = "tensor", ("memory", "strides"), 5.0
COURSE = "tinytorch-test"


def make_reading(root: Path, students: list[str], **roster: object) -> SimpleNamespace:
    """Write a gradebook in which no answer has been read; return its course as the gradebook code expects it."""
    (root / "roster.json").parent.mkdir(parents=True, exist_ok=True)
    if roster:
        (root / "roster.json").write_text(json.dumps({"students": students, **roster}))
    # If the tables exist, nbgrader does not run Alembic, which takes seconds.
    engine = create_engine(gradebook_url(root))
    Base.metadata.create_all(engine)
    engine.dispose()
    with Gradebook(gradebook_url(root), COURSE) as book:
        book.add_assignment(MODULE)
        book.add_notebook(MODULE, MODULE)
        book.add_grade_cell("test_add", MODULE, MODULE, max_score=90, cell_type="code")
        for question in QUESTIONS:
            book.add_grade_cell(question, MODULE, MODULE, max_score=FULL, cell_type="markdown")
            book.add_solution_cell(question, MODULE, MODULE)
        for student in students:
            hand_in(root, book, student)
    return SimpleNamespace(course_dir=root, course_id=COURSE)


def hand_in(root: Path, book: Gradebook, student: str) -> None:
    book.update_or_create_student(student)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader itself causes it when it adds rows
        book.add_submission(MODULE, student)
    for question in QUESTIONS:
        book.find_grade(question, MODULE, MODULE, student).needs_manual_grade = True
    judged = book.find_grade("test_add", MODULE, MODULE, student)
    judged.auto_score, judged.needs_manual_grade = 80.0, False
    book.db.commit()
    folder = root / "autograded" / student / MODULE
    folder.mkdir(parents=True)
    (folder / f"{MODULE}.ipynb").write_text("{}")


def book_of(root: Path, person: str = "") -> Gradebook:
    """Open the gradebook; changes that `person` makes through it are recorded."""
    book = Gradebook(gradebook_url(root), COURSE)
    if person:
        record_changes(book, person)
    return book


def give(root: Path, person: str, student: str, question: str, points: float | None) -> None:
    """Give points as a page would."""
    with book_of(root, person) as book:
        grade = book.find_grade(question, MODULE, MODULE, student)
        grade.manual_score, grade.needs_manual_grade = points, points is None
        book.db.commit()
