"""Read nbgrader's gradebook: scores, penalties and what still waits for a person."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment, SubmittedNotebook

from tito.errors import TitoError

from .file import DEFAULT_COURSE, FILE_NAME, gradebook_url
from .late import refresh_penalty
from .policy import GradingPolicy, grading_policy, roster
from .unread import Unread, unread_of


class Course(Protocol):
    """Where nbgrader's course is, whose gradebook is meant, and its id ("" if it has none)."""

    @property
    def course_dir(self) -> Path: ...

    @property
    def course_id(self) -> str: ...


@contextlib.contextmanager
def open_gradebook(course: Course) -> Iterator[Gradebook]:
    """Open gradebook.db of the course for the block."""
    with Gradebook(gradebook_url(course.course_dir), course.course_id or DEFAULT_COURSE) as gradebook:
        yield gradebook


def assignment_score(course: Course, assignment: str, student: str) -> tuple[float, float]:
    """Return (score as it counts, maximum); raise TitoError if nothing was graded."""
    with open_gradebook(course) as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry as error:
            raise TitoError(f"{student} has no graded submission of {assignment}: autograde it first") from error
        return counted_score(grading_policy(course.course_dir), submission), submission.max_score


def assignment_unread(course: Course, assignment: str, student: str) -> Unread:
    """Return what waits to be read in a graded submission."""
    with open_gradebook(course) as gradebook:
        return unread_of(grading_policy(course.course_dir), gradebook.find_submission(assignment, student))


def counted_score(policy: GradingPolicy, submission: SubmittedAssignment | SubmittedNotebook) -> float:
    """Return what a submission counts for: written answers with their share, less the penalty for being late."""
    raw, penalty = submission.score, _penalty(submission)
    extra = raw - submission.code_score - submission.written_score  # hand-graded tasks, of which our modules have none
    weighed = extra + policy.weigh(
        submission.code_score, submission.max_code_score, submission.written_score, submission.max_written_score
    )
    return max(0.0, weighed * (1 - penalty / raw)) if raw > 0 else 0.0


def _penalty(submission: SubmittedAssignment | SubmittedNotebook) -> float:
    return submission.late_submission_penalty or 0.0


def bring_penalty_up_to_date(course: Course, assignment: str, student: str) -> None:
    """Compute a graded submission's late penalty again from its present score; hold the gradebook's lock."""
    with open_gradebook(course) as gradebook:
        for notebook in gradebook.find_submission(assignment, student).notebooks:
            refresh_penalty(course.course_dir, gradebook, notebook)


def assignment_names(course: Course) -> list[str]:
    """Return the modules and milestones that the gradebook has, by name."""
    if not (course.course_dir / FILE_NAME).exists():
        return []
    with open_gradebook(course) as gradebook:
        return [name for (name,) in gradebook.db.query(Assignment.name).order_by(Assignment.name)]


def module_rows(course: Course, only: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return, per module, one row for each student in the gradebook, whether they submitted or not."""
    if not (course.course_dir / FILE_NAME).exists():
        return {}
    with open_gradebook(course) as gradebook:
        students = gradebook.db.query(Student).order_by(Student.id).all()
        assignments = [a for a in gradebook.db.query(Assignment).order_by(Assignment.name) if only in (None, a.name)]
        policy, members = grading_policy(course.course_dir), roster(course.course_dir)
        found = {a.name: _rows(gradebook, policy, a, students) for a in assignments}
    for row in (row for rows in found.values() for row in rows):
        row["on_roster"] = members is None or row["student"] in members
    return found


def _rows(
    gradebook: Gradebook, policy: GradingPolicy, assignment: Assignment, students: list[Student]
) -> list[dict[str, Any]]:
    submissions = gradebook.db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == assignment.id)
    by_student = {submission.student_id: submission for submission in submissions}
    return [_row(policy, assignment, student, by_student.get(student.id)) for student in students]


def _row(
    policy: GradingPolicy, assignment: Assignment, student: Student, submission: SubmittedAssignment | None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "assignment": assignment.name, "student": student.id, "first_name": student.first_name,
        "last_name": student.last_name, "email": student.email, "max_score": assignment.max_score,
        "submitted": submission is not None, "submitted_at": None, "seconds_late": 0.0, "raw_score": None,
        "late_penalty": None, "score": None, "written_score": None, "needs_manual_grade": False,
        "unread_answers": 0, "unread_points": 0.0,
    }  # fmt: skip
    if submission is not None:
        unread = unread_of(policy, submission)
        row |= {
            "submitted_at": submission.timestamp.isoformat() + "Z" if submission.timestamp else None,
            "seconds_late": submission.total_seconds_late, "raw_score": submission.score,
            "late_penalty": _penalty(submission), "score": counted_score(policy, submission),
            "written_score": submission.written_score,
            "needs_manual_grade": policy.reads_by_hand and bool(submission.needs_manual_grade),
            "unread_answers": unread.answers, "unread_points": unread.points,
        }  # fmt: skip
    return row
