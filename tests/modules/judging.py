"""Judge a notebook's text with all checks, visible and hidden, through the judge's handles to a plain worker."""

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
from tito.staff.auditing.bench import bench_of

from exchange.protocol.verdicts import Check

COURSE = Path(__file__).resolve().parents[2] / "course"
CURRICULUM = load_curriculum(COURSE)


def judge_text(module: Module, text: str, folder: Path, seed: int = 1) -> list[Check]:
    """Run every check of a module on a notebook."""
    path = folder / f"{module.slug}.ipynb"
    path.write_text(text, encoding="utf-8")
    plan = make_plan(module.slug, read_percent(module.source), module.exercises, has_reference=True)
    answers = find_answers(plan, read_notebook(path))
    exercises, notes = run_tests_of(plan, answers, start_plain_worker, seed=seed, budget=Budget())
    assert [note for note in notes if "not solved yet" not in note.text] == []
    return [check for exercise in exercises for check in exercise.checks]


def points(checks: list[Check]) -> float:
    return sum(check.points for check in checks if check.passed)


def judge_mistake(exercise: str, wrong: str, right_text: str, wrong_text: str) -> list[Check]:
    """Put `wrong_text` into an exercise's reference; raise AssertionError unless it costs points; return the checks.

    Each module's worker is kept warm, as in the audit: a mistake costs a fork, not importing numpy and earlier modules.
    """
    module = next(m for m in CURRICULUM.written if exercise in [e.name for e in m.exercises])
    bench = bench_of(COURSE, module.slug)
    source = bench.plan.solutions[exercise].source
    docstring_end = source.rindex('"""')
    assert right_text in source[docstring_end:]
    faulty = source[:docstring_end] + source[docstring_end:].replace(right_text, wrong_text)
    judged = bench.judge({exercise: faulty}, only=[exercise], seed=1)
    assert [note for note in judged.notes if "not solved yet" not in note.text] == []
    checks = list(judged.exercise(exercise).checks)
    possible = next(e.points for e in module.exercises if e.name == exercise)
    assert points(checks) < possible, f"{wrong}, and nobody noticed"
    return checks


def each_of(mistakes: Sequence[tuple[str, ...]]) -> pytest.MarkDecorator:
    """Run a test with each mistake: (exercise, what is wrong, the reference's text, its replacement, message words)."""
    return pytest.mark.parametrize("mistake", mistakes, ids=[": ".join(mistake[:2]) for mistake in mistakes])


def judge_told_mistake(mistake: tuple[str, ...], in_what_was_expected: bool = False) -> None:
    """Raise AssertionError unless a mistake costs points and a failed check's message contains its words."""
    exercise, wrong, right_text, wrong_text, words = mistake
    lost = [c for c in judge_mistake(exercise, wrong, right_text, wrong_text) if not c.passed]
    told = [f"{check.why} {check.got} {check.expected if in_what_was_expected else ''}" for check in lost]
    assert any(words in message for message in told), told


def with_fewer_than_two(mistakes: Sequence[tuple[str, ...]], *slugs: str) -> list[str]:
    """Name the exercises of these modules that have fewer than two mistakes."""
    counts = Counter(exercise for exercise, *_ in mistakes)
    exercises = [e.name for slug in slugs for e in CURRICULUM.find_written(slug).exercises]
    return [name for name in exercises if counts[name] < 2]
