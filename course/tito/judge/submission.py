"""Judge one submission of one module in a sandbox: the same submission and seed give the same verdict.

Never raises an error because of a submission's content. Raises SandboxUnavailable if student code can't be run safely,
NotJudgedNow if the machine has no time for it, TitoError if the course is broken; then there is no verdict, and nobody
gains or loses a point.
"""

import functools
import hashlib
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from exchange.protocol.verdicts import ExerciseResult, ModuleResult, Note
from tito.checks.answers import Answers, find_answers
from tito.checks.link import Budget
from tito.checks.plan import Plan
from tito.checks.run import run_tests_of
from tito.checks.times import Times
from tito.curriculum import Curriculum, Module, known_curriculum
from tito.errors import TitoError

from .apart import Tell, do_apart
from .heard import Heard, Step, tell_state
from .plans import plan_of
from .predecessors import own_predecessors, reference_predecessors
from .read import NoSubmission, read_submission
from .sandbox.content import Predecessors
from .sandbox.find import find_sandbox
from .sandbox.limits import Sandbox

MODES = ("best", "reference", "own")
# Students who have just submitted wait for this: an answer within a minute, whatever their code does.
QUICK = Budget(request_seconds=10.0, check_seconds=20.0, total_seconds=45.0, wall_seconds=240.0)
# An attempt: its name in feedback, the predecessors, the answers, the exercises to judge.
Attempt = tuple[str, Predecessors, Answers, list[str]]


def judge_submission(
    folder: Path,
    slug: str,
    *,
    course: Path | None = None,
    seed: int,
    mode: str = "best",
    visible_only: bool = False,
    earlier: Path | None = None,
    sandbox: Sandbox | None = None,
    budget: Budget | None = None,
) -> ModuleResult:
    """Judge the submission in `folder`.

    `mode` says whose earlier modules are used: "reference", "own" (as the student submitted them: `earlier`/MODULE), or
    "best": first the reference, and for an exercise that fails also the student's own, and the reference of the
    exercises that it uses; the better result counts. `budget` bounds the time; the default for visible checks alone is
    short enough to wait for.
    """
    if mode not in MODES:
        raise TitoError(f"the grading mode must be one of {', '.join(MODES)}, not {mode!r}")
    started = time.monotonic()
    curriculum = known_curriculum(course)
    module = curriculum.find_written(slug)
    plan = plan_of(module, visible_only=visible_only)
    verdict = ModuleResult(slug, seed=seed, mode=mode, visible_only=visible_only, versions=versions_of(module))
    budget = budget or (QUICK if visible_only else Budget())
    judging = _Judging(module, curriculum, plan, sandbox or find_sandbox(), seed, budget, earlier)
    verdict = replace(verdict, **_judge_apart(judging, folder, mode))
    return replace(verdict, seconds=round(time.monotonic() - started, 3))


def _judge_apart(judging: "_Judging", folder: Path, mode: str) -> dict:
    """Judge in a separate process: there is a verdict whatever the submission does to the reader of its values."""
    # What is made and imported here is also ready for the next submission.
    reference_predecessors(judging.module, judging.curriculum).folder()
    for statement in judging.plan.imports:
        exec(statement, {})
    heard = Heard(judging.plan, judging.budget)
    with tempfile.TemporaryDirectory(prefix="tito-own-") as scratch:
        judging.scratch = Path(scratch)
        end = do_apart(lambda tell: judging.judge(folder, mode, tell), heard.bounds, heard.hear)
    if end.how != "done":
        judging.sandbox.clear(end.process)
    return heard.verdict(end)


class _Judging:
    """One submission's attempts, each in its own workers."""

    def __init__(
        self,
        module: Module,
        curriculum: Curriculum,
        plan: Plan,
        sandbox: Sandbox,
        seed: int,
        budget: Budget,
        earlier: Path | None,
    ):
        self.module, self.curriculum, self.plan = module, curriculum, plan
        self.sandbox, self.seed, self.budget = sandbox, seed, budget
        self.earlier = earlier
        self.scratch = Path()  # set before judging; it outlives the process that judges

    def judge(self, folder: Path, mode: str, tell: Tell) -> None:
        """Report progress, and at the end the whole verdict."""
        self._step = Step(tell, self.budget.reading_seconds)
        try:
            submission = read_submission(folder, self.module.slug)
        except NoSubmission as refusal:
            tell_state(tell, self.module.slug, _nothing(self.plan), refused=str(refusal))
            return
        answers = find_answers(self.plan, submission.cells, self._step.reading)
        first = (self._own() if mode == "own" else None) or self._reference()
        self._times = Times(self.budget.limits())  # reading and importing before this is not the student's time
        results, ran = self._run(first, answers, list(self.plan.points))
        notes = (*submission.notes, *answers.notes, *_once(ran))
        tell_state(tell, self.module.slug, results, notes)
        if mode == "best":
            tell_state(tell, self.module.slug, self._improve(results, answers), notes)

    def _improve(self, results: list[ExerciseResult], answers: Answers) -> list[ExerciseResult]:
        """Try failed exercises again with help; the better result of each counts, and says whose help it had."""
        best = {result.name: result for result in results}
        for lent, earlier, changed, names in self._attempts(best, answers):
            for again in self._run(earlier, changed, names)[0]:
                if again.points > best[again.name].points:
                    best[again.name] = replace(again, lent=lent)
        return [best[result.name] for result in results]

    def _attempts(self, best: dict[str, ExerciseResult], answers: Answers) -> Iterator[Attempt]:
        failed = [name for name, result in best.items() if not result.passed and name in answers.tried]
        own = self._own() if failed else None
        if own is not None:
            yield "your own earlier modules", own, answers, failed
        for name in failed:
            weak = [used for used in self._uses(name) if not best[used].passed]
            if weak and not best[name].passed:
                sources = {used: self.plan.solutions[used].source for used in weak}
                lent = f"the reference of {', '.join(weak)}"
                yield lent, self._reference(), answers.replaced(sources), [name]

    def _uses(self, name: str) -> list[str]:
        """List the exercises that `name` uses, directly or through others; never itself."""
        found: list[str] = []
        waiting = list(self.plan.uses.get(name, ()))
        while waiting:
            used = waiting.pop(0)
            if used not in found and used != name and used in self.plan.solutions:
                found.append(used)
                waiting += self.plan.uses.get(used, ())
        return found

    def _own(self) -> Predecessors | None:
        if self.earlier is None:
            return None
        own = own_predecessors(self.module, self.curriculum, self.earlier, self._step.reading)
        if own is not None:
            own.lay_out(self.scratch)  # removed even if this process is killed
        return own

    def _reference(self) -> Predecessors:
        return reference_predecessors(self.module, self.curriculum)

    def _run(
        self, predecessors: Predecessors, answers: Answers, names: list[str]
    ) -> tuple[list[ExerciseResult], list[Note]]:
        """Run once; all attempts share the budget's time."""
        launch: Callable = functools.partial(self.sandbox.start, predecessors)
        with self._step.checking() as progress:
            return run_tests_of(
                self.plan, answers, launch,
                seed=self.seed, budget=self.budget, only=names, times=self._times, progress=progress,
            )  # fmt: skip


def _nothing(plan: Plan) -> tuple[ExerciseResult, ...]:
    return tuple(ExerciseResult(name, points) for name, points in plan.points.items())


def _once(notes: list[Note]) -> list[Note]:
    return list(dict.fromkeys(notes))


def versions_of(module: Module) -> dict[str, str]:
    """Return the versions on which a verdict on this module depends, as they are here."""
    digest = hashlib.sha256(module.source.read_bytes()).hexdigest()
    return {
        "tinytorch": program_version(), "python": platform.python_version(), "numpy": np.__version__, "source": digest,
    }  # fmt: skip


@functools.cache
def program_version() -> str:
    try:
        return version("tinytorch")
    except PackageNotFoundError:
        return "checkout"
