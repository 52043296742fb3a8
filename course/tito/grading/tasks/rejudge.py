"""Judge a collected submission by the present tests, for a plan: the verdict is recorded, and the grade stays."""

from tito.curriculum.milestones import is_milestone
from tito.errors import TitoError

from .. import verdicts
from ..queue import Queue, Work
from ..regrading import planned_run
from ..settings import GradingSettings
from ..work import Outcome
from .autograde import same_run
from .judging import facts_of, judge, judged


def rejudge(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Judge what was graded by other tests than today's; with `force`, all."""
    if is_milestone(work.assignment):
        raise TitoError(f"a milestone is run again, not judged: tito grade autograde {work.assignment}")
    folder = settings.course_dir / "submitted" / work.student / work.assignment
    facts = facts_of(settings, work, folder)
    if not work.options.get("force"):
        if planned_run(queue, work, settings, facts):
            return Outcome("unchanged", "judged for a plan before, from the same files by the same tests", {**facts})
        if same_run(queue, work, settings, facts):
            return Outcome("unchanged", "graded before, from the same files by the same tests", {**facts})
    verdict = judge(work, settings, queue, folder, facts)
    return judged(verdict, verdicts.report(verdict, for_student=False))
