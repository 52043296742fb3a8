"""What each kind of grading work does. `perform` takes a claimed task and returns how it ended.

Whatever goes wrong with a submission is an outcome ("refused", with a message that the student can act on); whatever
goes wrong with us is an exception, which the worker records as "failed"; the previous grade stands then.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import delete
from sqlalchemy.orm import Session

from exchange.protocol.models import Result
from tito.checks.result import ModuleResult
from tito.errors import TitoError
from tito.gradebook.feedback import generate_feedback
from tito.gradebook.late import semester_policy
from tito.gradebook.lateness import Lateness, Moved, follow, write_times
from tito.gradebook.lock import gradebook_lock
from tito.gradebook.policy import grading_policy
from tito.gradebook.scores import assignment_score, assignment_unread, bring_penalty_up_to_date, open_gradebook
from tito.gradebook.unread import Unread, refuse_unread, score_words

from . import exchange_door, verdicts
from .queue import Queue, Work
from .records import FeedbackRelease, Run, StillUnread, utc_now
from .settings import GradingSettings
from .students import EVERYBODY, STEP_BEFORE, everybody_for
from .told import LATE_PERCENT, late_percents, told_otherwise

GENERATE_SECONDS = 300
SEED_BITS = 53  # survives a trip through JSON and JavaScript


@dataclass(frozen=True)
class Outcome:
    outcome: str
    message: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def perform(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    if work.kind in STEP_BEFORE and work.student == EVERYBODY:
        return _for_everybody(work, settings, queue)
    return PERFORMERS[work.kind](work, settings, queue)


def _for_everybody(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Queue one task per student; they belong to the same jobs."""
    students = everybody_for(settings, work.kind, work.assignment)
    queue.extend(work, students)
    return Outcome("done", f"{len(students)} submissions queued")


def autograde(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Judge a collected submission and write the verdict into nbgrader's gradebook.

    A submission that was graded already, from the same files by the same tests, is left alone unless `force` is given.
    """
    folder = settings.course_dir / "submitted" / work.student / work.assignment
    if not folder.is_dir():
        raise TitoError(f"{work.student} has no collected submission of {work.assignment}: collect first")
    facts = _facts(settings, work, folder)
    if not work.options.get("force") and (earlier := _same_run(queue, work, settings, facts)):
        fields: dict[str, Any] = {"score": earlier.score, "max_score": earlier.max_score, "seed": earlier.seed}
        fields |= {"report": earlier.report, "versions": earlier.versions}
        return Outcome("unchanged", "graded before, from the same files by the same tests", {**facts, **fields})
    verdict = _judge(work, settings, queue, folder, facts)
    with gradebook_lock(settings.course_dir):
        if verdicts.folder_digest(folder) != facts["submission_sha256"]:
            raise TitoError("a newer attempt was collected in the meantime: autograde again")
        verdicts.record(settings, work.assignment, work.student, verdict)
    return _judged(verdict, verdicts.report(verdict, for_student=False))


def quick(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Check structure and visible checks of what has just been submitted, and tell the student through the exchange."""
    submission = str(work.options["submission"])
    with exchange_door.downloaded(settings, submission) as folder:
        facts = {"submission": submission, **_facts(settings, work, folder)}
        verdict = _judge(work, settings, queue, folder, facts, visible_only=True)
    exchange_door.post_result(settings, submission, verdicts.quick_result(verdict))
    queue.forget_older_reports(work.run_id)
    return _judged(verdict, verdicts.report(verdict, for_student=True))


def _facts(settings: GradingSettings, work: Work, folder: Path) -> dict[str, str]:
    return {
        "submission_sha256": verdicts.folder_digest(folder),
        "source_sha256": verdicts.source_digest(settings, work.assignment),
    }


def _judge(
    work: Work, settings: GradingSettings, queue: Queue, folder: Path, facts: dict[str, str], visible_only: bool = False
) -> ModuleResult:
    seed, mode = secrets.randbits(SEED_BITS), grading_policy(settings.course_dir).mode
    versions = {"mode": mode, "earlier": verdicts.earlier_digest(settings, work.assignment, work.student)}
    queue.note(work, seed=seed, versions=versions, **facts)  # before it begins: a run that dies can be repeated too
    verdict = verdicts.judge(settings, work.assignment, work.student, folder, seed, mode, visible_only=visible_only)
    return replace(verdict, versions={**verdict.versions, **versions})


def _judged(verdict: ModuleResult, report: dict[str, Any]) -> Outcome:
    fields: dict[str, Any] = {"score": verdict.points, "max_score": verdict.max_points, "report": report}
    fields |= {"versions": verdict.versions}
    return Outcome("refused" if verdict.refused else "graded", verdicts.summary(verdict), fields)


def _same_run(queue: Queue, work: Work, settings: GradingSettings, facts: dict[str, str]) -> Run | None:
    """Find the last run if it judged exactly this, and its result is still there."""
    earlier = queue.latest_run("autograde", work.assignment, work.student, ("graded", "refused", "unchanged"))
    graded = settings.course_dir / "autograded" / work.student / work.assignment
    if earlier is None or not graded.is_dir() or any(getattr(earlier, name) != value for name, value in facts.items()):
        return None
    return earlier


def collect(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Fetch the attempts that count from the exchange into nbgrader's `submitted`."""
    collected = exchange_door.collect(settings, work.assignment)
    message = f"{len(collected['new'])} new or changed, {len(collected['same'])} as before"
    moved = lateness(work, settings, queue).message  # an extension may have been granted since the last collection
    return Outcome("done", f"{message}; {moved}" if moved else message, {"report": collected})


def lateness(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
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


def generate(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Make the staff notebook and the release from the module's source, by `tito nbgrader generate`."""
    command = [
        sys.executable,
        "-m",
        "tito.cli",
        "nbgrader",
        "generate",
        work.assignment,
        "--course-dir",
        str(settings.course_dir),
    ]
    tree = {"TITO_COURSE": str(settings.course_tree)} if settings.course_tree else {}
    with gradebook_lock(settings.course_dir):
        made = subprocess.run(
            command, capture_output=True, text=True, timeout=GENERATE_SECONDS, env={**os.environ, **tree}
        )
    if made.returncode:
        raise TitoError((made.stderr or made.stdout).strip()[-2000:])
    return Outcome("done", made.stdout.strip()[-500:])


def release(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Hand the release to the exchange; students get it when its time has come."""
    return Outcome("done", exchange_door.release(settings, work.assignment))


def feedback(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Make one student's feedback page."""
    return Outcome("done", f"{_make_feedback(settings, work).stat().st_size} bytes")


def _make_feedback(settings: GradingSettings, work: Work) -> Path:
    with gradebook_lock(settings.course_dir):
        bring_penalty_up_to_date(settings, work.assignment, work.student)
    return generate_feedback(settings.course_dir, settings.course_id, work.assignment, work.student)


def release_feedback(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Hand one student's feedback page to the exchange, and let her see her score.

    The page is made anew, so that it and the score are of one moment: points may have changed since it was made.
    """
    submission = exchange_door.collected_id(settings.course_dir / "submitted" / work.student / work.assignment)
    if submission is None:
        raise TitoError(f"{work.student}'s {work.assignment} did not come from the exchange: collect, then grade it")
    unread = assignment_unread(settings, work.assignment, work.student)
    if not work.options.get("unread"):
        refuse_unread(work.assignment, [{"student": work.student, "unread_answers": unread.answers}])
    page = _make_feedback(settings, work)
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
    """Tell what could not be judged as such, so that it takes no other attempt's place; points by hand settle it."""
    last = queue.latest_run("autograde", work.assignment, work.student, ("graded", "refused"))
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


PERFORMERS: dict[str, Callable[[Work, GradingSettings, Queue], Outcome]] = {
    "generate": generate,
    "release": release,
    "autograde": autograde,
    "quick": quick,
    "collect": collect,
    "lateness": lateness,
    "feedback": feedback,
    "release_feedback": release_feedback,
}
