"""Judge a collected submission and write the verdict into nbgrader's gradebook."""

from typing import Any

from exchange.protocol.verdicts import ModuleResult
from tito.curriculum.milestones import is_milestone
from tito.errors import TitoError
from tito.gradebook.lock import gradebook_lock

from .. import verdicts
from ..queue import Queue, Work
from ..records import Run
from ..regrading import planned_run
from ..settings import GradingSettings
from ..work import Outcome
from .judging import facts_of, judge, judged


def autograde(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Judge a collected submission and write the verdict into nbgrader's gradebook.

    A submission that was already graded, from the same files by the same tests, is left alone unless `force` is given.
    """
    if is_milestone(work.assignment):  # nbgrader's pages offer this for everything in the gradebook
        queue.submit("milestone", work.assignment, [work.student], asked_by="autograde", force=True)
        return Outcome("done", "it will be run when its turn comes")
    folder = settings.course_dir / "submitted" / work.student / work.assignment
    if not folder.is_dir():
        raise TitoError(f"{work.student} has no collected submission of {work.assignment}: collect first")
    facts = facts_of(settings, work, folder)
    again = work.options.get("force") or planned_run(queue, work, settings, facts)
    if not again and (earlier := same_run(queue, work, settings, facts)):
        fields: dict[str, Any] = {"score": earlier.score, "max_score": earlier.max_score, "seed": earlier.seed}
        fields |= {"report": earlier.report, "versions": earlier.versions}
        return Outcome("unchanged", "graded before, from the same files by the same tests", {**facts, **fields})
    verdict = _planned(work, settings, queue, facts) or judge(work, settings, queue, folder, facts)
    with gradebook_lock(settings.course_dir):
        if verdicts.folder_digest(folder) != facts["submission_sha256"]:
            raise TitoError("a newer attempt was collected in the meantime: autograde again")
        verdicts.record(settings, work.assignment, work.student, verdict)
    return judged(verdict, verdicts.report(verdict, for_student=False))


def _planned(work: Work, settings: GradingSettings, queue: Queue, facts: dict[str, str]) -> ModuleResult | None:
    """Take the verdict that a plan of regrading showed, so that what was shown is what is written."""
    planned = None if work.options.get("force") else planned_run(queue, work, settings, facts)
    if planned is None:
        return None
    queue.note(work, seed=planned.seed, versions=planned.versions, **facts)
    return ModuleResult.from_json({"slug": work.assignment, **planned.report})


def same_run(queue: Queue, work: Work, settings: GradingSettings, facts: dict[str, str]) -> Run | None:
    """Find the last run if it judged exactly this, and its result is still there."""
    earlier = queue.latest_run("autograde", work.assignment, work.student, ("graded", "refused", "unchanged"))
    graded = settings.course_dir / "autograded" / work.student / work.assignment
    if earlier is None or not graded.is_dir() or any(getattr(earlier, name) != value for name, value in facts.items()):
        return None
    return earlier
