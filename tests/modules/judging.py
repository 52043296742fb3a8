"""Judge a notebook's text with all checks, visible and hidden, through the judge's handles and a plain worker."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from tito.checks.answers import find_answers
from tito.checks.link import Budget
from tito.checks.local import start_plain_worker
from tito.checks.plan import make_plan
from tito.checks.run import run_tests_of
from tito.curriculum import Module, load_curriculum
from tito.source.notebook import read_notebook
from tito.source.percent import read_percent
from tito.source.release import staff_notebook

from exchange.protocol.verdicts import Check

CURRICULUM = load_curriculum(Path(__file__).resolve().parents[2] / "course")


def judge_text(module: Module, text: str, folder: Path, only: str | None = None, seed: int = 1) -> list[Check]:
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


def points(checks: list[Check]) -> float:
    return sum(check.points for check in checks if check.passed)


def judge_mistake(exercise: str, wrong: str, right_text: str, wrong_text: str, folder: Path) -> list[Check]:
    """Put `wrong_text` into an exercise's reference; raise AssertionError unless that costs points; give the checks."""
    module = next(m for m in CURRICULUM.written if exercise in [e.name for e in m.exercises])
    notebook = json.loads(staff_notebook(module, CURRICULUM))
    cell = next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == exercise)
    source = "".join(cell["source"])
    docstring_end = source.rindex('"""')
    assert right_text in source[docstring_end:]
    cell["source"] = source[:docstring_end] + source[docstring_end:].replace(right_text, wrong_text)
    checks = judge_text(module, json.dumps(notebook), folder, only=exercise)
    possible = next(e.points for e in module.exercises if e.name == exercise)
    assert points(checks) < possible, f"{wrong}, and nobody noticed"
    return checks


def each_of(mistakes: Sequence[tuple[str, ...]]) -> pytest.MarkDecorator:
    """Run a test with each mistake: (exercise, what is wrong, the reference's text, what stands there, words told)."""
    return pytest.mark.parametrize("mistake", mistakes, ids=[": ".join(mistake[:2]) for mistake in mistakes])


def judge_told_mistake(mistake: tuple[str, ...], folder: Path, in_what_was_expected: bool = False) -> None:
    """Raise AssertionError unless a mistake costs points and one of the messages has the words that belong to it."""
    exercise, wrong, right_text, wrong_text, words = mistake
    lost = [c for c in judge_mistake(exercise, wrong, right_text, wrong_text, folder) if not c.passed]
    told = [f"{check.why} {check.got} {check.expected if in_what_was_expected else ''}" for check in lost]
    assert any(words in message for message in told), told


def with_fewer_than_two(mistakes: Sequence[tuple[str, ...]], *slugs: str) -> list[str]:
    """Name the exercises of modules for which fewer than two mistakes are tried."""
    counts = Counter(exercise for exercise, *_ in mistakes)
    exercises = [e.name for slug in slugs for e in CURRICULUM.find_written(slug).exercises]
    return [name for name in exercises if counts[name] < 2]
