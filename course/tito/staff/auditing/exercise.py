"""Audit one exercise: its mutants, the feedback on each, and the points for answers learned by heart."""

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
# A variant that does not even run would prove nothing about the checks.
UNMADE = ("NameError", "SyntaxError", "IndentationError")


@dataclass
class ExerciseAudit:
    """The audit's findings about one exercise."""

    name: str
    points: float
    visible_points: float
    by_heart: dict[str, float] = field(default_factory=dict)  # points of known answers, by what they do otherwise
    mutants: list[MutantVerdict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def audit_exercise(course: Path, slug: str, name: str, known: Known) -> ExerciseAudit:
    """Judge every mutant and every cheat of one exercise; `known` are the verdicts of the last audit."""
    bench = bench_of(course, slug)
    visible = sum(points for points, hidden in checks_of(bench.plan, name).values() if not hidden)
    audit = ExerciseAudit(name, bench.plan.points[name], visible, problems=[*alone(bench, name), *unseen(bench, name)])
    audit.mutants = [judge_mutant(bench, mutant, known.get(mutant.key)) for mutant in mutants(bench, name)]
    audit.by_heart = {otherwise: judge_cheat(bench, name, source) for otherwise, source in by_heart(bench, name)}
    return audit


def alone(bench: Bench, name: str) -> list[str]:
    """List the checks that the reference fails when the exercise is judged alone, in one pass, as mutants are."""
    found = []
    for hidden in (False, True):
        result = bench.judge({}, only=[name], plan=shortened(bench.plan, name, hidden=hidden))
        found += [
            f"the reference fails {name}, check {check.title!r}, when the checks before it are not run: "
            f"{check.why or check.kind}"
            for check in result.exercise(name).checks
            if not check.passed
        ]
    return found


def unseen(bench: Bench, name: str) -> Iterator[str]:
    """List the declared mistakes that fail no visible check: students would hear of them after the due date."""
    (exercise,) = [each for each in bench.module.exercises if each.name == name]
    for mistake in exercise.mistakes:
        if problem := _unseen(bench, name, mistake):
            yield f"{name}: the mistake of {mistake.warns.strip()!r} {problem}"


def _unseen(bench: Bench, name: str, mistake: Mistake) -> str:
    try:
        source = faulty(_cell(bench, name), mistake)
    except TitoError as error:
        return f"can't be inserted: {error}"
    checks = bench.judge({name: source}, only=[name], plan=bench.visible).exercise(name).checks
    if all(check.passed for check in checks):
        return "fails no visible check"
    if unmade := [check.why for check in checks if check.why.startswith(UNMADE)]:
        return f"is declared wrongly, its variant fails: {unmade[0]}"
    return ""


def mutants(bench: Bench, name: str) -> list[Mutant]:
    """Make the mutants of an exercise."""
    return mutants_of(name, _cell(bench, name), _calls(bench, name, only_visible=False))


def by_heart(bench: Bench, name: str) -> list[tuple[str, str]]:
    """Make the cells that know the visible checks' answers by heart; with each, what it does for other inputs."""
    return list(cheats(_cell(bench, name), name, _calls(bench, name, only_visible=True)).items())


def judge_cheat(bench: Bench, name: str, source: str) -> float:
    """The points of such a cell."""
    return bench.judge({name: source}, only=[name]).points


def _cell(bench: Bench, name: str) -> str:
    return bench.plan.solutions[name].source


def _calls(bench: Bench, name: str, *, only_visible: bool) -> Calls:
    """Run the tests on the reference and note what the exercise is called with."""
    with tempfile.TemporaryDirectory(prefix="tito-audit-") as folder:
        place = Path(folder) / "calls"
        plan = bench.visible if only_visible else bench.plan
        bench.judge({name: watched(_cell(bench, name), name, place)}, only=[name], plan=plan)
        return read_calls(place)
