"""Judging a submission, for all of its checks or the visible ones: the same seed, facts and record."""

import secrets
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from exchange.protocol.verdicts import ModuleResult
from tito.gradebook.policy import grading_policy

from .. import away, verdicts
from ..queue import Queue, Work
from ..settings import GradingSettings
from ..work import Outcome

SEED_BITS = 53  # survives a trip through JSON and JavaScript


def facts_of(settings: GradingSettings, work: Work, folder: Path) -> dict[str, str]:
    return {
        "submission_sha256": verdicts.folder_digest(folder),
        "source_sha256": verdicts.source_digest(settings, work.assignment),
    }


def judge(
    work: Work, settings: GradingSettings, queue: Queue, folder: Path, facts: dict[str, str], visible_only: bool = False
) -> ModuleResult:
    seed, mode = secrets.randbits(SEED_BITS), grading_policy(settings.course_dir).mode
    versions = {"mode": mode, "earlier": verdicts.earlier_digest(settings, work.assignment, work.student)}
    queue.note(work, seed=seed, versions=versions, **facts)  # before it begins: a run that dies can be repeated too
    judge = partial(away.judge, task=work.task_id) if settings.scheduler else verdicts.judge
    verdict = judge(settings, work.assignment, work.student, folder, seed, mode, visible_only=visible_only)
    return replace(verdict, versions={**verdict.versions, **versions})


def judged(verdict: ModuleResult, report: dict[str, Any]) -> Outcome:
    fields: dict[str, Any] = {"score": verdict.points, "max_score": verdict.max_points, "report": report}
    fields |= {"versions": verdict.versions}
    return Outcome("refused" if verdict.refused else "graded", verdicts.summary(verdict), fields)
