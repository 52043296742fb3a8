"""Check what has just been submitted, within a minute."""

from .. import exchange_door, verdicts
from ..queue import Queue, Work
from ..settings import GradingSettings
from ..work import Outcome
from .judging import facts_of, judge, judged


def check(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Check structure and visible checks of what has just been submitted, and tell the student through the exchange."""
    submission = str(work.options["submission"])
    with exchange_door.downloaded(settings, submission) as folder:
        facts = {"submission": submission, **facts_of(settings, work, folder)}
        verdict = judge(work, settings, queue, folder, facts, visible_only=True)
    exchange_door.post_result(settings, submission, verdicts.quick_result(verdict))
    queue.forget_older_reports(work.run_id)
    return judged(verdict, verdicts.report(verdict, for_student=True))
