"""Audit one exercise: its mutants, what a student would read of each, and what knowing the visible answers is worth."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tito.curriculum import Mistake
from tito.errors import TitoError
from tito.staff.auditing.bench import Bench, bench_of
from tito.staff.auditing.equivalent import Key
from tito.staff.auditing.mutants import Mutant, mutants_of
from tito.staff.auditing.shortened import checks_of, shortened
from tito.staff.auditing.tracing import Calls, cheats, read_calls, watched
from tito.staff.auditing.verdict import MutantVerdict, judge_mutant
from tito.staff.mistakes import faulty

Known = dict[Key, MutantVerdict]
# A variant that does not even run would prove nothing of the checks.
UNMADE = ("NameError", "SyntaxError", "IndentationError")


@dataclass
class ExerciseAudit:
    """What the audit found out about one exercise."""

    name: str
    points: float
    visible_points: float
    by_heart: dict[str, float] = field(default_factory=dict)  # points of literal answers, by what they do otherwise
    mutants: list[MutantVerdict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def audit_exercise(course: Path, slug: str, name: str, known: Known) -> ExerciseAudit:
    """Judge every mutant and every cheat of one exercise; `known` are the verdicts of the last time."""
    bench = bench_of(course, slug)
    visible = sum(points for points, hidden in checks_of(bench.plan, name).values() if not hidden)
    audit = ExerciseAudit(name, bench.plan.points[name], visible, problems=[*alone(bench, name), *unseen(bench, name)])
    audit.mutants = [judge_mutant(bench, mutant, known.get(mutant.key)) for mutant in mutants(bench, name)]
    audit.by_heart = {otherwise: judge_cheat(bench, name, source) for otherwise, source in by_heart(bench, name)}
    return audit


def alone(bench: Bench, name: str) -> list[str]:
    """Say which checks the reference fails where the exercise is judged alone, in one pass: mutants are judged so."""
    found = []
    for hidden in (False, True):
        result = bench.judge({}, only=[name], plan=shortened(bench.plan, name, hidden=hidden))
        found += [
            f"the reference fails {name}, check {check.title!r}, where the checks before it did not run: "
            f"{check.why or check.kind}"
            for check in result.exercise(name).checks
            if not check.passed
        ]
    return found


def unseen(bench: Bench, name: str) -> Iterator[str]:
    """Say which declared mistakes lose no visible check: whoever makes one would learn it after the due date."""
    (exercise,) = [each for each in bench.module.exercises if each.name == name]
    for mistake in exercise.mistakes:
        if problem := _unseen(bench, name, mistake):
            yield f"{name}: the mistake of {mistake.warns.strip()!r} {problem}"


def _unseen(bench: Bench, name: str, mistake: Mistake) -> str:
    try:
        source = faulty(_cell(bench, name), mistake)
    except TitoError as error:
        return f"can't be made: {error}"
    checks = bench.judge({name: source}, only=[name], plan=bench.visible).exercise(name).checks
    if all(check.passed for check in checks):
        return "loses no visible check"
    if unmade := [check.why for check in checks if check.why.startswith(UNMADE)]:
        return f"is a slip of whoever declared it: {unmade[0]}"
    return ""


def mutants(bench: Bench, name: str) -> list[Mutant]:
    """Make the mutants of an exercise."""
    return mutants_of(name, _cell(bench, name), _calls(bench, name, only_visible=False))


def by_heart(bench: Bench, name: str) -> list[tuple[str, str]]:
    """Make the cells that know the visible checks' answers, each with what it does otherwise."""
    return list(cheats(_cell(bench, name), name, _calls(bench, name, only_visible=True)).items())


def judge_cheat(bench: Bench, name: str, source: str) -> float:
    """The points of such a cell."""
    return bench.judge({name: source}, only=[name]).points


def _cell(bench: Bench, name: str) -> str:
    return bench.plan.solutions[name].source


def _calls(bench: Bench, name: str, *, only_visible: bool) -> Calls:
    """Run the tests of the reference and note what the exercise is called with."""
    with tempfile.TemporaryDirectory(prefix="tito-audit-") as folder:
        place = Path(folder) / "calls"
        plan = bench.visible if only_visible else bench.plan
        bench.judge({name: watched(_cell(bench, name), name, place)}, only=[name], plan=plan)
        return read_calls(place)
