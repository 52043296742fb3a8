"""The one place where the grading service meets the judge: judge, record, explain, and what a student may see of it."""

import functools
import hashlib
from pathlib import Path
from typing import Any

from exchange.protocol.models import Result
from tito.curriculum import load_curriculum
from tito.judging.result import ModuleResult

from .late import SemesterLatePolicy
from .settings import GradingSettings


def judge(
    settings: GradingSettings, slug: str, folder: Path, seed: int, mode: str, *, visible_only: bool = False
) -> ModuleResult:
    """Judge a submission in sandboxes; nothing is written. The same folder, seed and mode give the same verdict."""
    from tito.grading.judge import judge_submission

    # Her other submissions lie beside this one; a quick run's folder is alone.
    earlier = folder.parent if folder.is_relative_to(settings.course_dir / "submitted") else None
    return judge_submission(
        folder, slug, course=settings.course_tree, seed=seed, mode=mode, visible_only=visible_only, earlier=earlier
    )


def record(settings: GradingSettings, slug: str, student: str, verdict: ModuleResult) -> None:
    """Write a verdict into nbgrader's gradebook, by nbgrader's own Autograde; hold the gradebook's lock."""
    from traitlets.config import Config

    from tito.grading.nbgrader_run import grade_in_nbgrader

    config = Config()
    config.CourseDirectory.course_id = settings.course_id
    config.AssignLatePenalties.plugin_class = SemesterLatePolicy
    config.SemesterLatePolicy.course_dir = str(settings.course_dir)
    grade_in_nbgrader(settings.course_dir, slug, student, verdict, course=settings.course_tree, config=config)


def source_digest(settings: GradingSettings, slug: str) -> str:
    """Name what a submission is judged by: the module's source and its metadata."""
    module = load_curriculum(settings.course_tree).find_written(slug)
    paths = (module.source, module.source.with_name("module.yaml"))
    return _digest(tuple((path, path.stat().st_mtime_ns) for path in paths))


@functools.lru_cache(maxsize=128)
def _digest(states: tuple[tuple[Path, int], ...]) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path, _ in states)).hexdigest()


def summary(verdict: ModuleResult) -> str:
    """Say in one line how a submission did."""
    if verdict.refused:
        return verdict.refused
    kind = "visible checks" if verdict.visible_only else "checks"
    failed = [exercise.name for exercise in verdict.exercises if not exercise.passed]
    points = f"{verdict.points:g} of {verdict.max_points:g} points of the {kind}"
    return f"{points}; not there yet: {', '.join(failed)}" if failed else f"{points}: everything passed"


def report(verdict: ModuleResult, *, for_student: bool) -> dict[str, Any]:
    """Return a verdict as plain data; a student's has no more of hidden checks than their points and kind of fault."""
    return (verdict.for_student() if for_student else verdict).to_json()


def quick_result(verdict: ModuleResult) -> Result:
    """Return what the exchange shows the student right after submitting."""
    return Result(
        kind="quick",
        status="error" if verdict.refused else "passed" if verdict.passed else "failed",
        score=verdict.points,
        max_score=verdict.max_points,
        summary=summary(verdict),
        detail=report(verdict, for_student=True),
    )
