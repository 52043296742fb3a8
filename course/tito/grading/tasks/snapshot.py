"""Run the visible checks on the notebook that goes with a question, for whoever answers it."""

from .. import exchange_door, verdicts
from ..queue import Queue, Work
from ..settings import GradingSettings
from ..work import Outcome
from .judging import facts_of, judge, judged


def check(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Judge as a quick check does: behind the same walls, within the same time; nothing counts and nobody is told."""
    question = str(work.options["submission"])
    queue.note(work, submission=question)  # also a run that fails belongs to its question
    with exchange_door.downloaded_snapshot(settings, question) as folder:
        facts = {"submission": question, **facts_of(settings, work, folder)}
        verdict = judge(work, settings, queue, folder, facts, visible_only=True)
    queue.forget_older_reports(work.run_id, of_same_files=True)
    return judged(verdict, verdicts.report(verdict, for_student=True))
