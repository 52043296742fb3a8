"""Run the test cells of a plan against a student's answers: one worker, one verdict for each check.

Test cells run in this process, with the names of student code bound to handles. Student code runs in the worker that
`launch` returns; whatever it does, this returns: checks without an answer have failed.
"""

import ast
import builtins
import linecache
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from exchange.protocol.verdicts import Check, ExerciseResult, Note
from tinytorch.testing.exercise import Outcome, Session, use_session
from tinytorch.testing.words import use_place
from tito.checks.answers import Answers
from tito.checks.handles import Handle
from tito.checks.link import Budget, Link, WorkerFault, WorkerNotStarted, WorkerProcess
from tito.checks.plan import HIDDEN_MARK, Plan, Test
from tito.checks.times import MachineBusy, Times
from tito.checks.words import There
from tito.errors import TitoError
from tito.source.declared import declared_checks

FIXTURES = "tinytorch.testing.fixtures"
FOR_THE_EYE = ("matplotlib", "ipywidgets", "IPython", "tinytorch.viz")
ONE_AT_A_TIME = threading.Lock()
Launch = Callable[[], WorkerProcess]
# Called before each check, and after the last one of a cell, with the test cell, hidden or not, its outcomes so far.
Progress = Callable[[Test, bool, list[Outcome]], None]


class JudgingFailed(TitoError):
    """There is no verdict, for a reason that is not the student's fault."""


class NotJudgedNow(JudgingFailed):
    """There is no verdict because the machine was too busy: another try may give one."""


def _be_alone() -> None:
    """A forked judge must not wait for a thread that it doesn't have."""
    global ONE_AT_A_TIME
    ONE_AT_A_TIME = threading.Lock()


os.register_at_fork(after_in_child=_be_alone)


def run_tests_of(
    plan: Plan,
    answers: Answers,
    launch: Launch,
    *,
    seed: int,
    budget: Budget,
    only: Iterable[str] | None = None,
    times: Times | None = None,
    progress: Progress = lambda test, hidden, outcomes: None,
) -> tuple[list[ExerciseResult], list[Note]]:
    """Judge the exercises of `plan` (or `only` some); return their results and notes on cells that did not run.

    Only one runs at a time in a process: a test cell's functions have one place where they are answered. `times` are
    those of the budget, unless several runs share them.
    """
    notebook = _Notebook(plan, answers)
    chosen = set(plan.points if only is None else only)
    outcomes: dict[str, list[Outcome]] = {exercise: [] for exercise in plan.points if exercise in chosen}
    try:
        with ONE_AT_A_TIME:
            _run_all(plan, notebook, outcomes, Link(launch, notebook.prepare, budget, times), seed, progress)
    except MachineBusy as error:
        raise NotJudgedNow(f"{error}; nothing was judged, so nobody lost a point") from error
    except WorkerNotStarted as error:
        raise JudgingFailed(f"{error}; nothing was judged, so nobody lost a point") from error
    return [_result(exercise, plan.points[exercise], found) for exercise, found in outcomes.items()], notebook.notes()


def unfinished(plan: Plan, told: dict[tuple[str, bool], list[Outcome]], why: str) -> list[ExerciseResult]:
    """Return what is known about a run that was stopped: checks that had passed by then keep their points."""
    outcomes: dict[str, list[Outcome]] = {exercise: [] for exercise in plan.points}
    for hidden in (False, True):
        for test in plan.tests:
            known = told.get((test.name, hidden), [])
            outcomes[test.exercise] += [*known, *_not_run(test, known, why, hidden)]
    return [_result(exercise, plan.points[exercise], found) for exercise, found in outcomes.items()]


def _run_all(
    plan: Plan, notebook: "_Notebook", outcomes: dict[str, list[Outcome]], link: Link, seed: int, progress: Progress
) -> None:
    with link:
        # All visible checks come first: what students are shown of them was computed before their code saw any input
        # of a hidden one, so that it can't leak those.
        for hidden in (False, True):
            for test in plan.tests:
                if test.exercise in outcomes and _has_checks(test, hidden):
                    outcomes[test.exercise] += _run_test(plan, test, link, seed, hidden, progress)


def _has_checks(test: Test, hidden: bool) -> bool:
    return not hidden or HIDDEN_MARK in test.source or any(check[2] for check in declared_checks(test.source))


class _Notebook:
    """The cells that make up the student's module, brought into each fresh worker."""

    def __init__(self, plan: Plan, answers: Answers):
        self._cells = _cells_in_order(plan, answers)
        self._left_out: dict[int, str] = {}
        self._problems: dict[int, list[str]] = {}

    def prepare(self, link: Link) -> None:
        """Run all cells; from then on, one that hangs or kills the worker is replaced by its stub."""
        self._problems = {}
        late = []
        for index, (name, source, stub, is_extra) in enumerate(self._cells):
            self._run(link, index, name, source, stub)
            if is_extra and self._problems.get(index):
                late.append(index)
        for index in late:  # it may need what comes later in the module
            name, source, stub, _ = self._cells[index]
            self._run(link, index, name, source, stub)

    def _run(self, link: Link, index: int, name: str, source: str, stub: str) -> None:
        if index in self._left_out:
            source = stub
        try:
            self._problems[index] = link.ask(list, "cell", name, source, stub)
        except WorkerFault as fault:
            if index not in self._left_out:
                self._left_out[index] = fault.why
            raise
        except Exception as error:
            self._problems[index] = [f"{type(error).__name__}: {error}"]

    def notes(self) -> list[Note]:
        """Say which of the student's cells did not run, and why."""
        found = []
        for index, (name, _, stub, is_extra) in enumerate(self._cells):
            if index in self._left_out:
                found.append(Note(name, f"this cell did not finish ({self._left_out[index]}): it counts as not solved"))
            elif stub or is_extra:
                # A problem that is not text did not come from the worker; asking for text would start another worker.
                problems = [problem[:500] for problem in self._problems.get(index, []) if type(problem) is str]
                found += [Note(name, problem) for problem in problems if not _is_for_the_eye(problem)][:3]
        return found


def _is_for_the_eye(problem: str) -> bool:
    """Return whether a cell missed only a drawing module: workers don't have those, and no points depend on them."""
    return any(f"No module named '{name}" in problem for name in FOR_THE_EYE)


def _cells_in_order(plan: Plan, answers: Answers) -> list[tuple[str, str, str, bool]]:
    """Return (name, source, stub, is_extra) in the order in which they run."""
    cells: list[tuple[str, str, str, bool]] = []
    first = next((step.exercise for step in plan.steps if step.exercise), "")
    for step in plan.steps:
        if step.exercise == first and first:
            cells += [(extra.name, extra.source, "", True) for extra in answers.extras if not extra.after]
        if not step.exercise:
            cells.append((step.name, step.source, "", False))
            continue
        parts = answers.solutions.get(step.exercise, (step.stub,))
        cells += [(step.exercise, part, step.stub, False) for part in parts]
        cells += [(extra.name, extra.source, "", True) for extra in answers.extras if extra.after == step.exercise]
    return cells


def _run_test(plan: Plan, test: Test, link: Link, seed: int, hidden: bool, progress: Progress) -> list[Outcome]:
    """Run the visible or the hidden checks of a test cell; a declared check without an outcome has failed."""

    def before_check() -> None:
        progress(test, hidden, _outcomes(session))
        link.begin_check()

    session = Session(seed=seed, prints=False, faults=(WorkerFault,), before_check=before_check, hidden=hidden)
    previous, place = use_session(session), use_place(There(link))
    why = ""
    link.begin_cell()
    try:
        exec(_compiled(test), _namespace(plan, test, link))
    except WorkerFault as fault:
        why = fault.why
    except AssertionError:
        pass  # what `report` raises when a check failed
    except Exception as error:
        why = f"the test stopped: {type(error).__name__}: {error}"
    finally:
        use_session(previous)
        use_place(place)
    outcomes = _outcomes(session)
    outcomes += _not_run(test, outcomes, why, hidden)
    progress(test, hidden, outcomes)
    return outcomes


def _outcomes(session: Session) -> list[Outcome]:
    return [outcome for unit in session.tests for outcome in unit.outcomes]


def _compiled(test: Test) -> Any:
    filename = f"<{test.name}>"
    linecache.cache[filename] = (len(test.source), None, test.source.splitlines(keepends=True), filename)
    return compile(test.source, filename, "exec", dont_inherit=True)


def _not_run(test: Test, outcomes: list[Outcome], why: str, hidden: bool) -> list[Outcome]:
    ran = {outcome.title for outcome in outcomes}
    return [
        Outcome(title, points, is_hidden, kind="not run", why=why or "the test cell ended before this check")
        for title, points, is_hidden in declared_checks(test.source)
        if title not in ran and is_hidden == hidden
    ]


def _namespace(plan: Plan, test: Test, link: Link) -> dict[str, Any]:
    """Bind the names in a test cell: to the judge's own functions, otherwise to the student's objects of that name."""
    names: dict[str, Any] = {"__name__": test.name, "__builtins__": builtins}
    for statement in plan.imports:
        exec(statement, names)
    tree = ast.parse(test.source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    if "check_gradient" in used:
        used.add("Tensor")  # check_gradient looks it up in the cell
    if "fixtures" in used:
        used = used - {"fixtures"} | {FIXTURES}
    wanted = sorted(name for name in used if name not in names and not hasattr(builtins, name))
    found = link.ask(dict, "names", wanted)
    # Only what was asked for: a worker that student code has taken over must not replace the judge's own functions.
    for name in (name for name in wanted if name in found):
        if isinstance(found[name], Handle):
            link.handles.bind_name(found[name], name)
        names["fixtures" if name == FIXTURES else name] = found[name]
    return names


def _result(exercise: str, points: float, outcomes: list[Outcome]) -> ExerciseResult:
    checks = tuple(
        Check(o.title, float(o.points), o.hidden, o.passed, o.kind, o.why, o.called, o.got, o.expected)
        for o in outcomes
    )
    return ExerciseResult(exercise, points, checks)
