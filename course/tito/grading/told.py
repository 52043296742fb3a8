"""Which students have been shown a score with a lateness other than the present one.

Released feedback has a score. When a change of the schedule changes its penalty, it is released again automatically;
points that somebody gave by hand meanwhile still wait for a person to release them.
"""

from collections.abc import Iterable

from nbgrader.api import MissingEntry
from sqlalchemy import select
from sqlalchemy.orm import Session

from tito.gradebook.late import semester_policy
from tito.gradebook.lateness import graded_receipt, receipt_of
from tito.gradebook.scores import module_rows, open_gradebook

from .queue import Queue
from .records import FeedbackRelease, Run
from .settings import GradingSettings

LATE_PERCENT = "late_percent"


def late_percents(settings: GradingSettings, assignment: str) -> dict[str, float]:
    """Return the share of the points that lateness costs each graded student now."""
    policy = semester_policy(settings.course_dir)
    with open_gradebook(settings) as gradebook:
        try:
            graded = gradebook.find_assignment(assignment).submissions
        except MissingEntry:
            return {}
        return {each.student_id: policy.percent(each.total_seconds_late) for each in graded}


def told_otherwise(settings: GradingSettings, queue: Queue, assignment: str) -> list[str]:
    """Return the students whose released score has another share taken off than it would now, for the same attempt."""
    now = late_percents(settings, assignment)
    told = {each.student: each.score for each in _releases(queue, assignment)}
    scores = {row["student"]: row["score"] for row in module_rows(settings, assignment).get(assignment, [])}
    runs = {student: _last_release(queue, assignment, student) for student in sorted(told.keys() & now.keys())}
    return [
        student
        for student, run in runs.items()
        if _differs(run.report.get(LATE_PERCENT) if run else None, now[student], told[student], scores[student])
        and _is_of_what_was_told(settings, run, student, assignment)
    ]


def told_another_score(settings: GradingSettings, queue: Queue, assignment: str, students: Iterable[str]) -> list[str]:
    """Return which of these students, whose points change, were shown a score for the attempt that is graded."""
    told = {each.student for each in _releases(queue, assignment)}
    return [
        student
        for student in sorted(told & set(students))
        if _is_of_what_was_told(settings, _last_release(queue, assignment, student), student, assignment)
    ]


def _differs(percent_then: float | None, percent_now: float, score_then: float, score_now: float) -> bool:
    # Releases of older versions did not keep the share: for those, the scores are compared.
    return percent_then != percent_now if percent_then is not None else abs(score_then - score_now) > 1e-9


def _releases(queue: Queue, assignment: str) -> list[FeedbackRelease]:
    with Session(queue.engine, expire_on_commit=False) as session:
        return list(session.scalars(select(FeedbackRelease).where(FeedbackRelease.assignment == assignment)))


def _last_release(queue: Queue, assignment: str, student: str) -> Run | None:
    return queue.latest_run("release_feedback", assignment, student, ("done",))


def _is_of_what_was_told(settings: GradingSettings, run: Run | None, student: str, assignment: str) -> bool:
    """Tell whether collected, graded and released are one attempt; nothing of a newer one has been shown yet."""
    collected = receipt_of(settings.course_dir / "submitted" / student / assignment)
    graded = graded_receipt(settings.course_dir, student, assignment)
    released = {run.submission} if run else set()
    if collected is None or graded is None:
        return False
    return len({collected.submission, graded.submission} | released) == 1
