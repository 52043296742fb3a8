"""Bring grades, and the scores that students were told, to the schedule that holds now."""

from datetime import datetime

from tito.gradebook.late import semester_policy
from tito.gradebook.lateness import Lateness, Moved, follow, write_times
from tito.gradebook.lock import gradebook_lock
from tito.gradebook.policy import grading_policy
from tito.gradebook.scores import open_gradebook

from .. import exchange_door
from ..queue import Queue, Work
from ..settings import GradingSettings
from ..told import told_otherwise
from ..work import Outcome


def follow_schedule(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Bring all grades of a module to the schedule that holds now; who was told another score is told again."""
    due, late = exchange_door.present_schedule(settings, work.assignment)
    moved = _follow(
        settings, work.assignment, due, lambda receipt: late.get(receipt.submission, receipt.lateness_seconds)
    )
    if told := told_otherwise(settings, queue, work.assignment):
        # Their feedback is out, with or without unread answers; it now says which still are.
        queue.submit("release_feedback", work.assignment, told, asked_by="a change of the schedule", unread=True)
    names = ", ".join(each.student for each in moved)
    return Outcome("done", f"another lateness or penalty: {names}" if moved else "")


def _follow(settings: GradingSettings, assignment: str, due: datetime | None, late: Lateness) -> list[Moved]:
    course_dir = settings.course_dir
    policies = semester_policy(course_dir), grading_policy(course_dir)
    with gradebook_lock(course_dir), open_gradebook(settings) as gradebook:
        write_times(course_dir, assignment, due, late)
        moved = follow(gradebook, course_dir, assignment, due, late, *policies)
        gradebook.db.commit()
    return moved
