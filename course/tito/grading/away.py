"""Judge a submission on another machine: what is sent there, and what in the answer counts."""

from pathlib import Path

from exchange.protocol.verdicts import ModuleResult
from tito.checks.link import Budget
from tito.curriculum import known_curriculum
from tito.machines.calls import Calls, calls_of

from .settings import GradingSettings

MORE_SECONDS = 600.0  # than the judge's limits: transfer, a worker's first start, another try after a worker's death


def judge(
    settings: GradingSettings,
    slug: str,
    student: str,
    folder: Path,
    seed: int,
    mode: str,
    *,
    visible_only: bool = False,
    task: int = 0,
) -> ModuleResult:
    """Do what `verdicts.judge` does, elsewhere, for a task of the queue; JudgesSilent if nobody answers."""
    from tito.judge.plans import plan_of
    from tito.judge.submission import QUICK, program_version, versions_of
    from tito.machines.answers import read_answer
    from tito.machines.asked import Asked, package
    from tito.machines.bundles import course_part, digest

    curriculum = known_curriculum(settings.course_tree)
    module = curriculum.find_written(slug)
    part = course_part(curriculum, module)
    asked = Asked(slug, seed, mode, visible_only, program_version())
    earlier = settings.course_dir / "submitted" / student
    packed = package(asked, curriculum, folder, earlier if earlier.is_dir() else None)
    budget = QUICK if visible_only else Budget()
    answer = judges_of(settings).judge((digest(part), part), packed, budget.wall_seconds + MORE_SECONDS, task)
    versions = versions_of(module) | {"python": "", "numpy": ""}  # the worker's own
    expected = ModuleResult(slug, seed=seed, mode=mode, visible_only=visible_only, versions=versions)
    return read_answer(answer, plan_of(module, visible_only=visible_only), expected)


def judges_of(settings: GradingSettings) -> Calls:
    """Return this process's connection to the scheduler."""
    assert settings.certificates
    return calls_of(settings.scheduler, settings.certificates)
