"""How a class answers one question that every module asks again: the points that people gave for it, by module."""

from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from .file import FILE_NAME, gradebook_url
from .scores import Course

READING = "checkpoint_pytorch"  # "could you read this PyTorch?", at the end of each module


def reading_shares(course: Course, question: str = READING) -> dict[str, dict[str, float]]:
    """Return, by module and student, the share of the question's points for answers that were read; one statement."""
    if not (course.course_dir / FILE_NAME).exists():
        return {}
    engine = create_engine(gradebook_url(course.course_dir), poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(_query(question)).all()
    found: dict[str, dict[str, float]] = {}
    for module, student, score, most in rows:
        found.setdefault(module, {})[student] = score / most
    return found


def _query(question: str) -> Any:
    from nbgrader.api import Assignment, Grade, GradeCell, SubmittedAssignment, SubmittedNotebook

    return (
        select(Assignment.name, SubmittedAssignment.student_id, Grade.manual_score, GradeCell.max_score)
        .select_from(Grade)
        .join(GradeCell, GradeCell.id == Grade.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(GradeCell.name == question, Grade.manual_score.is_not(None), GradeCell.max_score > 0)
        .where(Grade.needs_manual_grade.is_(False))
    )
