"""Let students read their feedback and see their score."""

from typing import Literal

from sqlalchemy import delete
from sqlalchemy.orm import Session

from exchange.protocol.models import Result
from tito.curriculum.milestones import is_milestone
from tito.errors import TitoError
from tito.gradebook.lateness import graded_receipt
from tito.gradebook.scores import assignment_score, assignment_unread
from tito.gradebook.unread import Unread, refuse_unread, score_words

from .. import exchange_door
from ..kinds import judge_of
from ..queue import Queue, Work
from ..records import FeedbackRelease, StillUnread, utc_now
from ..settings import GradingSettings
from ..told import LATE_PERCENT, late_percents
from ..work import Outcome
from .feedback import make_page


def release(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Put one student's feedback page into the exchange, and let them see their score.

    The page is made again, so that it matches the score: points may have changed since it was made.
    """
    submission = exchange_door.collected_id(settings.course_dir / "submitted" / work.student / work.assignment)
    if submission is None:
        raise TitoError(f"{work.student}'s {work.assignment} did not come from the exchange: collect, then grade it")
    graded = graded_receipt(settings.course_dir, work.student, work.assignment)
    if is_milestone(work.assignment) and (graded is None or graded.submission != submission):
        raise TitoError(
            f"a newer package of {work.student} was collected: its result is released when its run has ended"
        )
    unread = assignment_unread(settings, work.assignment, work.student)
    if not work.options.get("unread"):
        refuse_unread(work.assignment, [{"student": work.student, "unread_answers": unread.answers}])
    page = make_page(settings, work)
    score, max_score = assignment_score(settings, work.assignment, work.student)
    exchange_door.release_feedback(settings, submission, page)
    detail = {"unread_answers": unread.answers, "unread_points": unread.points} if unread.answers else {}
    words = score_words(score, max_score, unread)
    exchange_door.post_result(
        settings, submission, Result("full", _status(queue, work, score), score, max_score, words, detail)
    )
    _remember_release(queue, work, score, max_score, unread)
    percent = late_percents(settings, work.assignment).get(work.student, 0.0)
    fields = {"score": score, "max_score": max_score, "submission": submission, "report": {LATE_PERCENT: percent}}
    return Outcome("done", "released", fields)


def _status(queue: Queue, work: Work, score: float) -> Literal["passed", "error"]:
    """Mark what could not be judged, so that it replaces no other attempt; points given by hand settle it."""
    last = queue.latest_run(judge_of(work.assignment), work.assignment, work.student, ("graded", "refused"))
    return "error" if last is not None and last.outcome == "refused" and not score else "passed"


def _remember_release(queue: Queue, work: Work, score: float, max_score: float, unread: Unread) -> None:
    with Session(queue.engine) as session:
        row = {"assignment": work.assignment, "student": work.student, "released_at": utc_now()}
        session.merge(FeedbackRelease(**row, score=score, max_score=max_score))
        session.execute(
            delete(StillUnread).where(StillUnread.assignment == work.assignment, StillUnread.student == work.student)
        )
        if unread.answers:
            who = {"assignment": work.assignment, "student": work.student}
            session.add(StillUnread(**who, answers=unread.answers, points=unread.points))
        session.commit()
