"""One module on the bench: judge submissions that differ from the reference in some exercises, quickly.

It uses the judge's own plan, handles and checks, and reads a notebook as the judge does; only the sandbox is missing,
since the code that runs is the course's own. `whole.py` compares with the judge in its sandbox.
"""

import atexit
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from exchange.protocol.verdicts import ExerciseResult, ModuleResult, Note
from tito.checks.answers import Answers, find_answers
from tito.checks.link import Budget
from tito.checks.plan import Plan
from tito.checks.run import run_tests_of
from tito.curriculum import Curriculum, Module, load_curriculum
from tito.judge.plans import plan_of
from tito.judge.predecessors import reference_predecessors
from tito.source.percent import Cell, read_percent
from tito.staff.auditing.warm import WarmProcess

SEED = 20261120
# A mutant that hangs loses; one hang is enough. References answer within a second.
BUDGET = Budget(request_seconds=8.0, check_seconds=20.0, total_seconds=90.0, restarts=0)


@dataclass
class Bench:
    """A module, its plan, and a warm process with its predecessors."""

    curriculum: Curriculum
    module: Module
    plan: Plan
    warm: WarmProcess

    def judge(
        self, sources: dict[str, str], *, only: Iterable[str] | None = None, seed: int = SEED, plan: Plan | None = None
    ) -> ModuleResult:
        """Judge the reference with other cells for some exercises."""
        return self._judge(self._reference.replaced(sources), only, seed, plan or self.plan)

    def judge_cells(self, cells: list[Cell]) -> ModuleResult:
        """Judge the cells of a notebook."""
        return self._judge(find_answers(self.plan, cells), None, SEED, self.plan)

    def _judge(self, answers: Answers, only: Iterable[str] | None, seed: int, plan: Plan) -> ModuleResult:
        exercises, notes = run_tests_of(plan, answers, self.warm.start, seed=seed, budget=BUDGET, only=only)
        return _result(self.module.slug, exercises, [*answers.notes, *notes], seed)

    @functools.cached_property
    def _reference(self) -> Answers:
        """The reference's cells, read once: reading a notebook takes as long as running an exercise's checks."""
        return find_answers(self.plan, read_percent(self.module.source))

    @functools.cached_property
    def visible(self) -> Plan:
        """The plan without hidden tests."""
        return self.plan.visible()

    def users_of(self, exercise: str) -> list[str]:
        """List the exercises that use `exercise`, directly or through others."""
        found: list[str] = []
        waiting = [exercise]
        while waiting:
            used = waiting.pop()
            more = [name for name, uses in self.plan.uses.items() if used in uses and name not in (*found, exercise)]
            found += more
            waiting += more
        return [name for name in self.plan.points if name in found]


def _result(slug: str, exercises: list[ExerciseResult], notes: list[Note], seed: int) -> ModuleResult:
    return ModuleResult(slug, tuple(exercises), tuple(notes), seed=seed, mode="reference")


@functools.lru_cache(maxsize=1)
def _opened(course: Path, slug: str, state: int) -> Bench:
    curriculum = load_curriculum(course)
    module = curriculum.find_written(slug)
    return Bench(curriculum, module, plan_of(module), WarmProcess(reference_predecessors(module, curriculum).folder()))


_open: list[Bench] = []


def bench_of(course: Path, slug: str) -> Bench:
    """Open a module; each process has one module on the bench at a time."""
    module = load_curriculum(course).find_written(slug)
    bench = _opened(course, slug, module.source.stat().st_mtime_ns)
    if _open != [bench]:
        _clear()
        _open.append(bench)
    return bench


@atexit.register
def _clear() -> None:
    while _open:
        _open.pop().warm.close()
