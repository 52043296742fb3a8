"""Whose submissions a request means: those that are named, or all that have reached the step before.

"All" is determined when the work begins, not when it is requested: a collection that is still waiting brings more.
"""

from collections.abc import Iterable
from pathlib import Path

from tito.errors import TitoError

from .kinds import Step, find_kind
from .settings import GradingSettings

EVERYBODY = ""


def students_for(settings: GradingSettings, kind: str, assignment: str, named: Iterable[str] | None) -> list[str]:
    """Return the students to work on, EVERYBODY if none are named; raise TitoError if one has nothing there."""
    step = _step_before(kind)
    if step is None or named is None:
        return [EVERYBODY]
    have = students_with(settings.course_dir / step.folder, assignment)
    missing = sorted(set(named) - set(have))
    if missing:
        raise TitoError(f"there is no {assignment} of {', '.join(missing)} in {step.folder}: {step.remedy}")
    return sorted(set(named))


def everybody_for(settings: GradingSettings, kind: str, assignment: str) -> list[str]:
    """Return all students who have reached the step before `kind`; raise TitoError if there is none."""
    step = _step_before(kind)
    assert step is not None
    have = students_with(settings.course_dir / step.folder, assignment)
    if not have:
        raise TitoError(f"there is no {assignment} in {step.folder}: {step.remedy}")
    return have


def _step_before(kind: str) -> Step | None:
    known = find_kind(kind)
    return known.after if known else None


def students_with(step: Path, assignment: str) -> list[str]:
    """List the students who have a folder of an assignment in one of nbgrader's steps."""
    return sorted(
        path.parent.name for path in step.glob(f"*/{assignment}") if path.is_dir() and not path.parent.is_symlink()
    )
