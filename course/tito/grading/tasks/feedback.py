"""Make a student's feedback page."""

from pathlib import Path

from tito.gradebook.feedback import generate_feedback
from tito.gradebook.lock import gradebook_lock
from tito.gradebook.scores import bring_penalty_up_to_date

from ..queue import Queue, Work
from ..settings import GradingSettings
from ..work import Outcome


def make(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Make one student's feedback page."""
    return Outcome("done", f"{make_page(settings, work).stat().st_size} bytes")


def make_page(settings: GradingSettings, work: Work) -> Path:
    with gradebook_lock(settings.course_dir):
        bring_penalty_up_to_date(settings, work.assignment, work.student)
    return generate_feedback(settings.course_dir, settings.course_id, work.assignment, work.student)
