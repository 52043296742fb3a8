"""The one place where the grading service meets the judge: judge, record, explain, and what a student may see of it."""

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exchange.protocol.models import Result
from exchange.protocol.verdicts import ModuleResult
from tito.curriculum import known_curriculum
from tito.gradebook.late import SemesterLatePolicy

from .settings import GradingSettings

if TYPE_CHECKING:
    from tito.gradebook.preprocessors import Prepared


def judge(
    settings: GradingSettings,
    slug: str,
    student: str,
    folder: Path,
    seed: int,
    mode: str,
    *,
    visible_only: bool = False,
) -> ModuleResult:
    """Judge a submission in sandboxes; nothing is written. The same files, seed and mode give the same verdict.

    The student's earlier modules are those that were collected: in mode `best` they may help, but never harm.
    """
    from tito.judge.submission import judge_submission

    earlier = settings.course_dir / "submitted" / student
    return judge_submission(
        folder, slug, course=settings.course_tree, seed=seed, mode=mode, visible_only=visible_only,
        earlier=earlier if earlier.is_dir() else None,
    )  # fmt: skip


def earlier_digest(settings: GradingSettings, slug: str, student: str) -> str:
    """Return a digest of the student's earlier modules as collected, on which a verdict also depends."""
    curriculum = known_curriculum(settings.course_tree)
    folders = [settings.course_dir / "submitted" / student / m.slug for m in curriculum.before(curriculum.find(slug))]
    names = "".join(f"{folder.name} {folder_digest(folder)}\n" for folder in folders if folder.is_dir())
    return hashlib.sha256(names.encode()).hexdigest()


def folder_digest(folder: Path) -> str:
    """Return a digest of the names and contents of a submission's regular files; links and devices are not followed."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name in ("timestamp.txt", "receipt.json"):
            continue
        digest.update(path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape") + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def record(
    settings: GradingSettings, slug: str, student: str, verdict: ModuleResult, prepared: "Prepared | None" = None
) -> None:
    """Write a verdict into nbgrader's gradebook, with nbgrader's own Autograde; hold the gradebook's lock.

    `prepared` is the notebook that graders see if it is not made from a module's.
    """
    from traitlets.config import Config

    from tito.gradebook.nbgrader_run import grade_in_nbgrader

    config = Config()
    config.CourseDirectory.course_id = settings.course_id
    config.AssignLatePenalties.plugin_class = SemesterLatePolicy
    config.SemesterLatePolicy.course_dir = str(settings.course_dir)
    course = settings.course_tree
    grade_in_nbgrader(settings.course_dir, slug, student, verdict, course=course, config=config, prepared=prepared)


def source_digest(settings: GradingSettings, slug: str) -> str:
    """Return a digest of what a submission is judged by: the module's source and its metadata."""
    module = known_curriculum(settings.course_tree).find_written(slug)
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
    """Return a verdict as plain data; a student's has only the points and kind of fault of hidden checks."""
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
