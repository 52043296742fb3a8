"""Late penalties by the semester's policy, through nbgrader's late plugin.

The exchange's rule says what is late (`exchange.protocol.schedule`); each day begun then costs a share of the points
earned, up to a maximum. nbgrader computes the penalty when it autogrades; points given by hand come later, so it is
brought up to date whenever such a grade changes, and all of them whenever the schedule does (`lateness`).
"""

import math
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, SubmittedNotebook
from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Unicode

from exchange.protocol.schedule import lateness_of

from .policy import semester_part

SECONDS_PER_DAY = 86400


@dataclass(frozen=True)
class LatePolicy:
    grace_minutes: float = 0
    penalty_percent_per_day: float = 0
    maximum_percent: float = 100

    def percent(self, seconds_late: float) -> float:
        """Return the share of the points that lateness costs, counted from the due time."""
        if not lateness_of(seconds_late, self.grace_minutes * 60):
            return 0.0
        days = math.ceil(seconds_late / SECONDS_PER_DAY)
        return min(days * self.penalty_percent_per_day, self.maximum_percent, 100.0)

    def penalty(self, score: float, seconds_late: float) -> float:
        """Return the points that lateness costs, never more than the score."""
        return score * self.percent(seconds_late) / 100 if score > 0 else 0.0


def semester_policy(course_dir: Path) -> LatePolicy:
    """Read the policy that `tito semester apply` wrote; without a semester nothing is deducted."""
    late = semester_part(course_dir, "late")
    return LatePolicy(
        **{name: late[name] for name in ("grace_minutes", "penalty_percent_per_day", "maximum_percent") if name in late}
    )


class SemesterLatePolicy(LateSubmissionPlugin):
    """For `AssignLatePenalties.plugin_class`."""

    course_dir = Unicode("", help="nbgrader's course directory, where semester.json is").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Return the penalty in points, None if there is none."""
        return semester_policy(Path(self.course_dir)).penalty(score, total_seconds_late) or None


def refresh_penalty(course_dir: Path, gradebook: Gradebook, notebook: SubmittedNotebook) -> None:
    """Bring a submission's penalty to its present score and lateness."""
    gradebook.db.refresh(notebook)
    seconds_late = notebook.assignment.total_seconds_late
    penalty = semester_policy(course_dir).penalty(notebook.score, seconds_late) or None
    if notebook.late_submission_penalty != penalty:
        notebook.late_submission_penalty = penalty
        gradebook.db.commit()
