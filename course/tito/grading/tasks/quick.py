"""Check what has just been submitted, within a minute."""

from tito.judge import entries

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
        has_entry = entries.is_there(work.assignment, folder)
    exchange_door.post_result(settings, submission, verdicts.quick_result(verdict))
    if has_entry:  # only now, since what is found is added to the result
        queue.submit("measure", work.assignment, [work.student], asked_by="exchange", submission=submission)
    queue.forget_older_reports(work.run_id)
    return judged(verdict, verdicts.report(verdict, for_student=True))
