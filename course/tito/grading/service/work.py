"""What each kind of grading work does. `perform` takes a claimed task and returns how it ended.

Whatever goes wrong with a submission is an outcome ("refused", with a message that the student can act on); whatever goes
wrong with us is an exception, which the worker records as "failed". Either leaves the previous grade in place.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tito.errors import TitoError

from . import exchange_door, judging
from .feedback import generate_feedback
from .gradebook_lock import gradebook_lock
from .queue import Queue, Work
from .records import FeedbackRelease, utc_now
from .scores import assignment_score
from .settings import GradingSettings

SEED_BITS = 53  # survives a trip through JSON and JavaScript


@dataclass(frozen=True)
class Outcome:
    outcome: str
    message: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def perform(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    return PERFORMERS[work.kind](work, settings, queue)


def autograde(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Judge a collected submission and write the verdict into nbgrader's gradebook.

    A submission that was graded already, from the same files by the same tests, is left alone unless `force` is given.
    """
    folder = settings.course_dir / "submitted" / work.student / work.assignment
    if not folder.is_dir():
        raise TitoError(f"{work.student} has no collected submission of {work.assignment}: collect first")
    facts = {"submission_sha256": folder_digest(folder), "source_sha256": judging.source_digest(settings, work.assignment)}
    if not work.options.get("force") and (earlier := _same_run(queue, work, settings, facts)):
        fields = {"score": earlier.score, "max_score": earlier.max_score, "seed": earlier.seed, "report": earlier.report}
        return Outcome("unchanged", "graded before, from the same files by the same tests", {**facts, **fields})
    seed = int(work.options.get("seed") or secrets.randbits(SEED_BITS))
    queue.note(work, seed=seed, versions=judging.versions(), **facts)
    verdict = judging.judge(settings, work.assignment, folder, seed)
    with gradebook_lock(settings.course_dir):
        judging.record(settings, work.assignment, work.student, verdict)
    fields = {"score": verdict.score, "max_score": verdict.max_score, "report": verdict.report}
    return Outcome("refused" if verdict.refused else "graded", verdict.message, fields)


def _same_run(queue: Queue, work: Work, settings: GradingSettings, facts: dict[str, str]):
    """Find the last run if it judged exactly this, and its result is still there."""
    earlier = queue.latest_run("autograde", work.assignment, work.student, ("graded", "refused", "unchanged"))
    graded = settings.course_dir / "autograded" / work.student / work.assignment
    if earlier is None or not graded.is_dir() or any(getattr(earlier, name) != value for name, value in facts.items()):
        return None
    return earlier


def quick(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Check structure and visible checks of what has just been submitted, and tell the student through the exchange."""
    submission = str(work.options["submission"])
    with exchange_door.downloaded(settings, submission) as folder:
        seed = secrets.randbits(SEED_BITS)
        facts = {"submission_sha256": folder_digest(folder), "source_sha256": judging.source_digest(settings, work.assignment)}
        queue.note(work, submission=submission, seed=seed, versions=judging.versions(), **facts)
        verdict = judging.judge(settings, work.assignment, folder, seed, visible_only=True)
    exchange_door.post_quick_result(settings, submission, verdict)
    fields = {"score": verdict.score, "max_score": verdict.max_score, "report": verdict.report}
    return Outcome("refused" if verdict.refused else "graded", verdict.message, fields)


def collect(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Fetch the attempts that count from the exchange into nbgrader's `submitted`."""
    with gradebook_lock(settings.course_dir):
        collected = exchange_door.collect(settings, work.assignment)
    message = f"{len(collected.new)} new or changed, {len(collected.same)} as before"
    return Outcome("done", message, {"report": {"new": collected.new, "same": collected.same}})


def feedback(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Make one student's feedback page."""
    with gradebook_lock(settings.course_dir):
        page = generate_feedback(settings.course_dir, settings.course_id, work.assignment, work.student)
    return Outcome("done", f"{page.stat().st_size} bytes")


def release_feedback(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Hand one student's feedback page to the exchange, and let her see her score."""
    folder = settings.course_dir / "feedback" / work.student / work.assignment
    page = folder / f"{work.assignment}.html"
    if not page.is_file():
        raise TitoError(f"{work.student} has no feedback for {work.assignment} yet: generate it first")
    score, max_score = assignment_score(settings, work.assignment, work.student)
    exchange_door.release_feedback(settings, work.assignment, work.student, page, score, max_score)
    _remember_release(queue, work, score, max_score)
    return Outcome("done", "released", {"score": score, "max_score": max_score})


def _remember_release(queue: Queue, work: Work, score: float, max_score: float) -> None:
    from sqlalchemy.orm import Session

    with Session(queue.engine) as session:
        session.merge(
            FeedbackRelease(
                assignment=work.assignment, student=work.student, released_at=utc_now(), score=score, max_score=max_score
            )
        )
        session.commit()


PERFORMERS: dict[str, Callable[[Work, GradingSettings, Queue], Outcome]] = {
    "autograde": autograde,
    "quick": quick,
    "collect": collect,
    "feedback": feedback,
    "release_feedback": release_feedback,
}


def folder_digest(folder: Path) -> str:
    """Name a submission by the names and contents of its regular files; links and devices are not followed."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name in ("timestamp.txt", "receipt.json"):
            continue
        digest.update(path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape") + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
