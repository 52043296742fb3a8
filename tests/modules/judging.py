"""Judge a notebook's text with all checks, visible and hidden, through the judge's handles and a plain worker."""

from pathlib import Path

from tito.curriculum import Module
from tito.judging.answers import find_answers
from tito.judging.link import Budget
from tito.judging.local import start_plain_worker
from tito.judging.plan import make_plan
from tito.judging.result import CheckResult
from tito.judging.run import run_tests_of
from tito.notebook import read_notebook
from tito.percent import read_percent


def judge_text(module: Module, text: str, folder: Path, only: str | None = None, seed: int = 1) -> list[CheckResult]:
    """Run every check of a module (or of one exercise) on a notebook."""
    path = folder / f"{module.slug}.ipynb"
    path.write_text(text, encoding="utf-8")
    plan = make_plan(module.slug, read_percent(module.source), module.exercises, has_reference=True)
    answers = find_answers(plan, read_notebook(path))
    exercises, notes = run_tests_of(
        plan, answers, start_plain_worker, seed=seed, budget=Budget(), only=[only] if only else None
    )
    assert [note for note in notes if "not solved yet" not in note.text] == []
    return [check for exercise in exercises for check in exercise.checks]


def points(checks: list[CheckResult]) -> float:
    return sum(check.points for check in checks if check.passed)
