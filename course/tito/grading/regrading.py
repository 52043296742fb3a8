"""Judge a module's submissions again, by corrected tests, and see whose points change before any do.

`rejudge` records verdicts next to the grades. `autograde` takes the recorded one if files, tests, mode and earlier
modules are still the same: what was shown in the plan is what is written.
"""

from typing import Any

from exchange.protocol.verdicts import ModuleResult
from tito.curriculum.milestones import is_milestone
from tito.errors import TitoError
from tito.gradebook.policy import grading_policy
from tito.gradebook.voiding import preview

from . import verdicts
from .queue import Queue, Work
from .records import Run
from .settings import GradingSettings
from .told import told_another_score
from .voids import JUDGED, rescored_row

KIND = "rejudge"
NEW = ("graded", "refused")


def planned_run(queue: Queue, work: Work, settings: GradingSettings, facts: dict[str, str]) -> Run | None:
    """Return the run of `rejudge` whose verdict is to be written, None if it was already, or is for something else."""
    planned = queue.latest_run(KIND, work.assignment, work.student, NEW)
    if planned is None or any(getattr(planned, name) != value for name, value in facts.items()):
        return None
    written = queue.latest_run("autograde", work.assignment, work.student, JUDGED)
    versions = {
        "mode": grading_policy(settings.course_dir).mode,
        "earlier": verdicts.earlier_digest(settings, work.assignment, work.student),
    }
    same = all(planned.versions.get(name) == value for name, value in versions.items())
    return planned if same and (written is None or written.id < planned.id) else None


def regrade_plan(settings: GradingSettings, queue: Queue, assignment: str) -> dict[str, Any]:
    """Return whose points the verdicts waiting to be written would change, and how; nothing is changed."""
    if is_milestone(assignment):
        raise TitoError(f"a milestone is run again, not judged: tito grade autograde {assignment}")
    written = {run.student: run.id for run in queue.latest_runs("autograde", assignment, JUDGED)}
    runs = [run for run in queue.latest_runs(KIND, assignment, NEW) if run.id > written.get(run.student, 0)]
    found = {run.student: ModuleResult.from_json({"slug": assignment, **run.report}) for run in runs}
    moved = preview(settings, assignment, found)
    told = told_another_score(settings, queue, assignment, [row.student for row in moved if row.before != row.after])
    return {
        "assignment": assignment, "judged": sorted(found), "rows": [rescored_row(each, told) for each in moved],
        "not_judged": sorted(student for student, verdict in found.items() if verdict.refused),
    }  # fmt: skip
