"""Judge one mutant until a check costs it points, and say which check that was.

The verdict names the first check that failed and that check's own points: the mutant loses at least these. We could
record all the points that it loses, but that takes a run of every check, and then no record could be confirmed without
judging everything. The audit claims only that some check costs points, and one check shows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from exchange.protocol.verdicts import ExerciseResult, ModuleResult
from tito.staff.auditing.bench import Bench
from tito.staff.auditing.equivalent import Key
from tito.staff.auditing.mutants import Mutant
from tito.staff.auditing.shortened import checks_of, shortened


@dataclass
class MutantVerdict:
    """The result for a mutant. `caught_by` is the exercise whose check caught it, "" if none did."""

    exercise: str
    kind: str
    was: list[str]
    becomes: list[str]
    caught_by: str = ""
    check: str = ""  # the title of the first check that failed
    points: float = 0.0  # what failing that check alone costs
    fault: str = ""  # the kind of fault in the student's feedback
    unclear: str = ""  # what is wrong with the student's feedback

    @property
    def key(self) -> Key:
        return self.exercise, tuple(self.was), tuple(self.becomes)

    @property
    def killer(self) -> str:
        """The check that killed it, in words."""
        return f"{self.caught_by}, {self.check!r}, {self.points:g} points" if self.caught_by else "no check"

    def __str__(self) -> str:
        return str(Mutant(self.exercise, self.kind, tuple(self.was), tuple(self.becomes)))


def judge_mutant(bench: Bench, mutant: Mutant, known: MutantVerdict | None = None) -> MutantVerdict:
    """Judge until points are lost; a `known` verdict only decides what is tried first, not what is found."""
    verdict = MutantVerdict(mutant.exercise, mutant.kind, list(mutant.was), list(mutant.becomes))
    for result in _visits(bench, mutant, known):
        for exercise in result.exercises:
            if _note(verdict, bench, exercise):
                verdict.unclear = unclear(result)
                return verdict
    return verdict


def _visits(bench: Bench, mutant: Mutant, known: MutantVerdict | None) -> Iterator[ModuleResult]:
    """Try the check that is known to kill it, if any; the visible checks, then all, then the exercises that use it."""
    sources, users = {mutant.exercise: mutant.source}, bench.users_of(mutant.exercise)
    if known is not None and not known.caught_by:  # a survivor gets all checks anyway: run them all together
        yield bench.judge(sources, only=[mutant.exercise, *users])
        return
    check = checks_of(bench.plan, known.caught_by).get(known.check) if known is not None else None
    if known is not None and check is not None:
        plan = shortened(bench.plan, known.caught_by, hidden=check[1], last=known.check)
        yield bench.judge(sources, only=[known.caught_by], plan=plan)
    yield bench.judge(sources, only=[mutant.exercise], plan=bench.visible)
    yield bench.judge(sources, only=[mutant.exercise])
    if users:
        yield bench.judge(sources, only=users)


def _note(verdict: MutantVerdict, bench: Bench, exercise: ExerciseResult) -> bool:
    """Note the first failed check that costs points; return whether there is one."""
    declared = sum(points for points, _ in checks_of(bench.plan, exercise.name).values())
    spare = max(declared - bench.plan.points[exercise.name], 0.0)  # checks' points beyond the exercise's cost nothing
    for check in exercise.checks:
        if not check.passed and check.points > spare:
            verdict.caught_by, verdict.check, verdict.fault = exercise.name, check.title, check.kind
            verdict.points = check.points - spare
            return True
    return False


def unclear(result: ModuleResult) -> str:
    """Say what is wrong with the feedback on a failed exercise; "" if it names the exercise and the kind of fault."""
    for exercise in result.for_student().exercises:
        for check in exercise.checks:
            if not check.passed and not (exercise.name and check.kind):
                return f"check {check.title!r} of {exercise.name!r} fails without a kind of fault"
            if check.hidden and (check.got or check.expected or check.called or check.why):
                return f"a hidden check of {exercise.name} shows more than its kind of fault"
            if not check.passed and not check.hidden and not check.why:
                return f"visible check {check.title!r} of {exercise.name} fails without a reason"
    return ""
