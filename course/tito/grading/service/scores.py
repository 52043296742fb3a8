"""Read nbgrader's gradebook: scores, penalties and what still waits for a person."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment

from tito.errors import TitoError

from .late import refresh_penalty
from .settings import GradingSettings


def gradebook_url(course_dir: Path) -> str:
    return f"sqlite:///{course_dir / 'gradebook.db'}"


@contextlib.contextmanager
def open_gradebook(settings: GradingSettings) -> Iterator[Gradebook]:
    """Open gradebook.db of the course for the block."""
    with Gradebook(gradebook_url(settings.course_dir), settings.course_id or "default_course") as gradebook:
        yield gradebook


def assignment_score(settings: GradingSettings, assignment: str, student: str) -> tuple[float, float]:
    """Return (score after the late penalty, maximum); raise TitoError if nothing was graded."""
    with open_gradebook(settings) as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry as error:
            raise TitoError(f"{student} has no graded submission of {assignment}: autograde it first") from error
        return max(0.0, submission.score - (submission.late_submission_penalty or 0.0)), submission.max_score


def bring_penalty_up_to_date(settings: GradingSettings, assignment: str, student: str) -> None:
    """Compute a graded submission's late penalty again from its present score; hold the gradebook's lock."""
    with open_gradebook(settings) as gradebook:
        for notebook in gradebook.find_submission(assignment, student).notebooks:
            refresh_penalty(settings.course_dir, gradebook, notebook)


def module_rows(settings: GradingSettings, only: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return, per module, one row for each student of the gradebook, whether she submitted or not."""
    if not (settings.course_dir / "gradebook.db").exists():
        return {}
    with open_gradebook(settings) as gradebook:
        students = gradebook.db.query(Student).order_by(Student.id).all()
        assignments = [a for a in gradebook.db.query(Assignment).order_by(Assignment.name) if only in (None, a.name)]
        return {a.name: _rows(gradebook, a, students) for a in assignments}


def _rows(gradebook: Gradebook, assignment: Assignment, students: list[Student]) -> list[dict[str, Any]]:
    submissions = gradebook.db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == assignment.id)
    by_student = {submission.student_id: submission for submission in submissions}
    return [_row(assignment, student, by_student.get(student.id)) for student in students]


def _row(assignment: Assignment, student: Student, submission: SubmittedAssignment | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "assignment": assignment.name, "student": student.id, "first_name": student.first_name,
        "last_name": student.last_name, "email": student.email, "max_score": assignment.max_score,
        "submitted": submission is not None, "submitted_at": None, "seconds_late": 0.0, "raw_score": None,
        "late_penalty": None, "score": None, "written_score": None, "needs_manual_grade": False,
    }  # fmt: skip
    if submission is not None:
        penalty = submission.late_submission_penalty or 0.0
        row |= {
            "submitted_at": submission.timestamp.isoformat() + "Z" if submission.timestamp else None,
            "seconds_late": submission.total_seconds_late, "raw_score": submission.score, "late_penalty": penalty,
            "score": max(0.0, submission.score - penalty), "written_score": submission.written_score,
            "needs_manual_grade": bool(submission.needs_manual_grade),
        }  # fmt: skip
    return row
