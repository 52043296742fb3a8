"""Read nbgrader's gradebook: scores, penalties and what still waits for a person. Nothing here writes."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from tito.errors import TitoError

from .settings import GradingSettings


@contextlib.contextmanager
def open_gradebook(settings: GradingSettings) -> Iterator[Gradebook]:
    """Open gradebook.db of the course for the block."""
    with Gradebook(gradebook_url(settings.course_dir), settings.course_id or "default_course") as gradebook:
        yield gradebook


def gradebook_url(course_dir: Path) -> str:
    return f"sqlite:///{course_dir / 'gradebook.db'}"


def assignment_score(settings: GradingSettings, assignment: str, student: str) -> tuple[float, float]:
    """Return (score after the late penalty, maximum); raise TitoError if nothing was graded."""
    with open_gradebook(settings) as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry as error:
            raise TitoError(f"{student} has no graded submission of {assignment}: autograde it first") from error
        return max(0.0, submission.score - (submission.late_submission_penalty or 0.0)), submission.max_score


def scores_of(settings: GradingSettings, assignment: str | None = None) -> list[dict]:
    """List every student's graded submissions with score, penalty and whether a person must still read something."""
    with open_gradebook(settings) as gradebook:
        assignments = [a for a in gradebook.assignments if assignment in (None, a.name)]
        return [row for each in assignments for row in _scores_of_one(gradebook, each.name)]


def _scores_of_one(gradebook: Gradebook, assignment: str) -> list[dict]:
    rows = []
    for row in gradebook.submission_dicts(assignment):
        penalty = row.get("late_submission_penalty") or 0.0
        rows.append(
            {
                "assignment": assignment,
                "student": row["student"],
                "first_name": row["first_name"],
                "last_name": row["last_name"],
                "submitted_at": row["timestamp"],
                "raw_score": row["score"],
                "late_penalty": penalty,
                "score": max(0.0, row["score"] - penalty),
                "max_score": row["max_score"],
                "written_score": row["written_score"],
                "needs_manual_grade": bool(row["needs_manual_grade"]),
            }
        )
    return rows
