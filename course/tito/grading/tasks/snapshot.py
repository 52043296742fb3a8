"""Run the visible checks on the notebook that goes with a question, for the person who answers it."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from .. import exchange_door, verdicts
from ..queue import Queue, Work
from ..records import Run
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
    _forget_older_reports(queue, work, question)
    return judged(verdict, verdicts.report(verdict, for_student=True))


def _forget_older_reports(queue: Queue, work: Work, question: str) -> None:
    """Keep only the facts of the question's earlier runs: only the newest report is read."""
    earlier = update(Run).where(Run.kind == work.kind, Run.submission == question, Run.id < work.run_id)
    with Session(queue.engine) as session:
        session.execute(earlier.values(report={}))
        session.commit()
