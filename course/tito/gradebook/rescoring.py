"""Give everybody the points that their verdicts are worth now: with other verdicts, or with other checks void.

Only points of tests change, and the late penalty that follows from them. Points given by hand stay; the result says
whose they are and for which exercise, so that a person decides. A plan is made by doing it and rolling it back.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from nbgrader.api import Assignment, Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from sqlalchemy.orm import selectinload

from exchange.protocol.verdicts import ModuleResult

from .late import LatePolicy, semester_policy
from .policy import GradingPolicy, grading_policy
from .scores import counted_score
from .voids import Void, points_with, voids_of

TINY = 1e-6  # points that differ by less are the same sum in another order
Points = Callable[[ModuleResult, str], float]


class Part(NamedTuple):
    """One exercise's points by its tests."""

    exercise: str
    before: float
    after: float
    by_hand: bool = False


class Rescored(NamedTuple):
    """A student's points as they count, before and after; `parts` are the exercises whose tests give other points."""

    student: str
    before: float
    after: float
    parts: tuple[Part, ...]

    @property
    def by_hand(self) -> bool:
        """Whether points given by hand stand in the way of some that tests would give."""
        return any(part.by_hand for part in self.parts)


def rescore(
    gradebook: Gradebook,
    course_dir: Path,
    assignment: str,
    verdicts: Mapping[str, ModuleResult],
    voided: Iterable[Void],
    exercises: Iterable[str] | None = None,
) -> list[Rescored]:
    """Set the points of exercises (None: all) by these verdicts and voids; return what changes, commit or roll back."""
    voided, wanted = list(voided), None if exercises is None else set(exercises)
    grading, late = grading_policy(course_dir), semester_policy(course_dir)

    def points(verdict: ModuleResult, exercise: str) -> float:
        return points_with(voided, verdict, exercise)

    found = []
    for each in _submissions(gradebook, assignment):
        verdict = verdicts.get(each.student_id)
        if verdict and (parts := _parts(each, verdict, points, wanted)):
            found.append(_changed(gradebook, each, parts, grading, late))
    return sorted(found)


def count_voids(gradebook: Gradebook, notebook: SubmittedNotebook, assignment: str, verdict: ModuleResult) -> None:
    """Give a submission that is being graded the points of void checks, in the same transaction."""
    voided = voids_of(gradebook, assignment)
    exercises = {void.exercise for void in voided}
    for grade in notebook.grades if exercises else ():
        if (name := _exercise_of(grade)) in exercises:
            grade.auto_score = min(points_with(voided, verdict, name), grade.max_score)


def graded_otherwise(
    gradebook: Gradebook, assignment: str, verdicts: Mapping[str, ModuleResult], voided: Iterable[Void], exercise: str
) -> list[str]:
    """Return the students whose points for an exercise are not those of their verdict: they are from another one."""
    voided = list(voided)
    return sorted(
        each.student_id
        for each in _submissions(gradebook, assignment)
        if (grade := _tests_of(each).get(exercise))
        and not _is_of(grade, exercise, verdicts.get(each.student_id), voided)
    )


def _is_of(grade: Grade, exercise: str, verdict: ModuleResult | None, voided: list[Void]) -> bool:
    expected = min(points_with(voided, verdict, exercise), grade.max_score) if verdict else None
    return expected is not None and abs((grade.auto_score or 0.0) - expected) < TINY


def _submissions(gradebook: Gradebook, assignment: str) -> list[SubmittedAssignment]:
    try:
        book: Assignment = gradebook.find_assignment(assignment)
    except MissingEntry:
        return []
    rows = gradebook.db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == book.id)
    grades = selectinload(SubmittedAssignment.notebooks).selectinload(SubmittedNotebook.grades)
    return rows.options(grades.selectinload(Grade.cell)).all()


def _tests_of(submission: SubmittedAssignment) -> dict[str, Grade]:
    grades = (grade for notebook in submission.notebooks for grade in notebook.grades)
    return {name: grade for grade in grades if (name := _exercise_of(grade))}


def _exercise_of(grade: Grade) -> str:
    """Name the exercise whose tests a grade is for; nothing if it is for a written answer."""
    return grade.name.removeprefix("test_") if grade.name.startswith("test_") else ""


def _parts(
    each: SubmittedAssignment, verdict: ModuleResult, points: Points, wanted: set[str] | None
) -> list[tuple[Grade, Part]]:
    """Return the tests whose points will change."""
    found = []
    for exercise, grade in _tests_of(each).items():
        before, after = grade.auto_score or 0.0, min(points(verdict, exercise), grade.max_score)
        if (wanted is None or exercise in wanted) and abs(before - after) >= TINY:
            found.append((grade, Part(exercise, before, after, grade.manual_score is not None)))
    return found


def _changed(
    gradebook: Gradebook,
    each: SubmittedAssignment,
    parts: list[tuple[Grade, Part]],
    grading: GradingPolicy,
    late: LatePolicy,
) -> Rescored:
    before = _counted(grading, each)
    for grade, part in parts:
        grade.auto_score = part.after
    gradebook.db.flush()
    for notebook in each.notebooks:
        gradebook.db.refresh(notebook)
        notebook.late_submission_penalty = late.penalty(notebook.score, each.total_seconds_late) or None
    gradebook.db.flush()
    gradebook.db.expire(each)  # its score and penalty are sums that the database computes
    return Rescored(each.student_id, before, _counted(grading, each), tuple(part for _, part in parts))


def _counted(grading: GradingPolicy, each: SubmittedAssignment) -> float:
    return round(counted_score(grading, each), 9)  # sums of floats
