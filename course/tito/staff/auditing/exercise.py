"""Audit one exercise: its mutants, what a student would read of each, and what knowing the visible answers is worth."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tito.judging.plan import declared_checks
from tito.judging.result import ModuleResult
from tito.staff.auditing.bench import Bench, bench_of
from tito.staff.auditing.mutants import Mutant, mutants_of
from tito.staff.auditing.tracing import Calls, cheats, read_calls, watched


@dataclass
class MutantVerdict:
    """What became of a mutant. `caught_by` is the exercise whose checks noticed, "" if none did."""

    exercise: str
    kind: str
    was: list[str]
    becomes: list[str]
    caught_by: str = ""
    faults: list[str] = field(default_factory=list)  # kinds of fault that the student reads
    unclear: str = ""  # what is wrong with what the student reads

    @property
    def key(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        return self.exercise, tuple(self.was), tuple(self.becomes)

    def __str__(self) -> str:
        return str(Mutant(self.exercise, self.kind, tuple(self.was), tuple(self.becomes)))


@dataclass
class ExerciseAudit:
    """What the audit found out about one exercise."""

    name: str
    points: float
    visible_points: float
    mutants: list[MutantVerdict] = field(default_factory=list)
    by_heart: dict[str, float] = field(default_factory=dict)  # points of literal answers, by what they do otherwise


def audit_exercise(course: Path, slug: str, name: str) -> ExerciseAudit:
    """Judge every mutant and every cheat of one exercise."""
    bench = bench_of(course, slug)
    cell = bench.plan.solutions[name].source
    checks = [check for test in bench.plan.tests if test.exercise == name for check in declared_checks(test.source)]
    audit = ExerciseAudit(name, bench.plan.points[name], sum(points for _, points, hidden in checks if not hidden))
    visible, every = _calls(bench, name, cell, only_visible=True), _calls(bench, name, cell, only_visible=False)
    audit.mutants = [_judge_mutant(bench, mutant) for mutant in mutants_of(name, cell, every)]
    for otherwise, source in cheats(cell, name, visible).items():
        audit.by_heart[otherwise] = bench.judge({name: source}, only=[name]).points
    return audit


def _calls(bench: Bench, name: str, cell: str, *, only_visible: bool) -> Calls:
    """Run the tests of the reference and note what the exercise is called with."""
    with tempfile.TemporaryDirectory(prefix="tito-audit-") as folder:
        place = Path(folder) / "calls"
        plan = bench.visible if only_visible else bench.plan
        bench.judge({name: watched(cell, name, place)}, only=[name], plan=plan)
        return read_calls(place)


def _judge_mutant(bench: Bench, mutant: Mutant) -> MutantVerdict:
    """Judge until points are lost: the visible checks, then all, then the exercises that use the mutated one."""
    verdict = MutantVerdict(mutant.exercise, mutant.kind, list(mutant.was), list(mutant.becomes))
    alone = [mutant.exercise]
    for names, plan in ((alone, bench.visible), (alone, bench.plan), (bench.users_of(mutant.exercise), bench.plan)):
        result = bench.judge({mutant.exercise: mutant.source}, only=names, plan=plan) if names else None
        lost = [e for e in result.exercises if e.points < e.max_points] if result else []
        if result and lost:
            verdict.caught_by = lost[0].name
            verdict.faults = sorted({check.kind for check in lost[0].checks if not check.passed})
            verdict.unclear = unclear(result)
            break
    return verdict


def unclear(result: ModuleResult) -> str:
    """Say what is wrong with the feedback on a failed exercise, "" if it names the exercise and the kind of fault."""
    for exercise in result.for_student().exercises:
        for check in exercise.checks:
            if not check.passed and not (exercise.name and check.kind):
                return f"check {check.title!r} of {exercise.name!r} fails without a kind of fault"
            if check.hidden and (check.got or check.expected or check.called or check.why):
                return f"a hidden check of {exercise.name} shows more than its kind of fault"
            if not check.passed and not check.hidden and not check.why:
                return f"visible check {check.title!r} of {exercise.name} fails without a reason"
    return ""
