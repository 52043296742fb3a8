"""Whose submissions a request means: those that are named, or all that have reached the step before.

"All" is found out when the work begins, not when it is asked for: a collection that still waits brings more.
"""

from collections.abc import Iterable
from pathlib import Path

from tito.errors import TitoError

from .settings import GradingSettings

STEP_BEFORE = {"autograde": "submitted", "feedback": "autograded", "release_feedback": "feedback"}
EVERYBODY = ""
REMEDY = {
    "autograde": "collect first",
    "feedback": "autograde first",
    "release_feedback": "make feedback first",
}


def students_for(settings: GradingSettings, kind: str, assignment: str, named: Iterable[str] | None) -> list[str]:
    """Return the students to work on, EVERYBODY if none are named; raise TitoError where one has nothing there."""
    if kind not in STEP_BEFORE or named is None:
        return [EVERYBODY]
    have = students_with(settings.course_dir / STEP_BEFORE[kind], assignment)
    missing = sorted(set(named) - set(have))
    if missing:
        raise TitoError(f"{', '.join(missing)}: nothing of {assignment} in {STEP_BEFORE[kind]}: {REMEDY[kind]}")
    return sorted(set(named))


def everybody_for(settings: GradingSettings, kind: str, assignment: str) -> list[str]:
    """Return all students who have reached the step before `kind`; raise TitoError where there is none."""
    have = students_with(settings.course_dir / STEP_BEFORE[kind], assignment)
    if not have:
        raise TitoError(f"no submission of {assignment} has been {STEP_BEFORE[kind]}: {REMEDY[kind]}")
    return have


def students_with(step: Path, assignment: str) -> list[str]:
    """List the students who have a folder of an assignment in one of nbgrader's steps."""
    return sorted(
        path.parent.name for path in step.glob(f"*/{assignment}") if path.is_dir() and not path.parent.is_symlink()
    )
