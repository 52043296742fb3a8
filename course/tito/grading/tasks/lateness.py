"""Update grades, and the scores that students were shown, to the present schedule."""

from tito.gradebook.file import DEFAULT_COURSE
from tito.gradebook.late import semester_policy
from tito.gradebook.lateness import Times, bring_to_schedule

from .. import exchange_door
from ..queue import Queue, Work
from ..settings import GradingSettings
from ..told import told_otherwise
from ..work import Outcome


def follow_schedule(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Update all grades of a module to the present schedule; students who saw another score are shown the new one."""
    due, late = exchange_door.present_schedule(settings, work.assignment)
    times = Times(due, lambda receipt: late.get(receipt.submission, receipt.lateness_seconds))
    course_dir, course = settings.course_dir, settings.course_id or DEFAULT_COURSE
    moved = bring_to_schedule(course_dir, course, work.assignment, times, semester_policy(course_dir))
    if told := told_otherwise(settings, queue, work.assignment):
        # Their feedback is out, with or without unread answers; it now says which still are.
        queue.submit("release_feedback", work.assignment, told, asked_by="a change of the schedule", unread=True)
    names = ", ".join(each.student for each in moved)
    return Outcome("done", f"different lateness or penalty: {names}" if moved else "")
