"""Run a milestone on a student's package in a sandbox, and before it the reference, which sets the budget.

A run ends with its value, with an error in the student's code, or beyond its budget of steps (calls of backward) and
operations: several times what the reference took in the same run. All three are results. Seconds are no budget: after
ten times the reference's time the run is stopped and nothing was measured; that is a NotJudgedNow, and it may be tried
again.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from tito.checks.link import Budget, Link, WorkerFault, WorkerNotStarted
from tito.checks.run import JudgingFailed, NotJudgedNow
from tito.checks.times import MachineBusy
from tito.curriculum import Curriculum
from tito.curriculum.milestones import Milestone

from .predecessors import reference_of
from .sandbox.content import Predecessors
from .sandbox.limits import Sandbox, SandboxLimits

CELL = Path(__file__).with_name("milestone_cell.py")
COUNTED = ("steps", "operations")
TIMES_REFERENCE = 3  # steps and operations: slower ways to the same result stay within
STOP_TIMES_REFERENCE = 10
LEAST_STOP_SECONDS = 20.0  # a very short reference run says little about the machine
LONGEST_SECONDS = 1800.0  # of the reference itself; the longest milestone takes ten minutes
LIMITS = SandboxLimits(cpu_seconds=6 * 3600)  # the judge stops it long before that
MOST_LINES, MOST_POINTS, MOST_WORDS = 24, 500, 160  # of a figure


@dataclass(frozen=True)
class Measured:
    """A run's result: a value, or why there is none; its counts and time; its drawing, as bounded plain data."""

    value: float | None
    why: str = ""
    steps: int = 0
    operations: int = 0
    seconds: float = 0.0
    picture: dict[str, Any] = field(default_factory=dict)


def measure(milestone: Milestone, own: Mapping[str, str], curriculum: Curriculum, sandbox: Sandbox) -> Measured:
    """Run a milestone on the modules in `own` ({slug: text}); the others are the reference's.

    Raises NotJudgedNow if the run was stopped, JudgingFailed if the course is at fault.
    """
    needed = [curriculum.find_written(slug) for slug in milestone.needs]
    reference = reference_of(needed)
    first = _reference_run(milestone, reference, sandbox)
    texts = dict(reference.modules) | {f"{slug}.py": text for slug, text in own.items() if slug in milestone.needs}
    given = {name: TIMES_REFERENCE * max(1, getattr(first, name)) for name in COUNTED}
    stop = max(LEAST_STOP_SECONDS, STOP_TIMES_REFERENCE * first.seconds)
    try:
        return run_once(milestone, Predecessors(tuple(sorted(texts.items()))), sandbox, given, stop)
    except WorkerFault as fault:
        took = f"the reference took {first.seconds:.0f} s on this machine"
        raise NotJudgedNow(f"not measured: {fault.why} ({took}, the run was stopped after {stop:.0f} s)") from fault


def _reference_run(milestone: Milestone, reference: Predecessors, sandbox: Sandbox) -> Measured:
    try:
        found = run_once(milestone, reference, sandbox, {}, LONGEST_SECONDS)
    except WorkerFault as fault:
        raise NotJudgedNow(f"not measured: the reference did not finish here ({fault.why})") from fault
    if found.value is None or found.value < milestone.threshold:
        raise JudgingFailed(f"the reference does not reach {milestone.name} here: {found.why or found.value}")
    return found


def run_once(
    milestone: Milestone, framework: Predecessors, sandbox: Sandbox, given: dict[str, int], seconds: float
) -> Measured:
    """Run a milestone's script on `framework` with the budget `given` for its counts; WorkerFault after `seconds`."""
    budget = Budget(seconds, seconds, seconds, wall_seconds=4 * seconds + 600, restarts=0)
    # Read before any of the student's code runs: a missing file of the course is not the student's result.
    cells = {"given": CELL.read_text("utf-8"), milestone.slug: milestone.script.read_text("utf-8")}
    link = Link(functools.partial(sandbox.start, framework), lambda link: None, budget)
    try:
        with link:
            link.begin_check()
            try:
                return _asked(link, milestone, cells, given)
            except Exception as error:  # any error in a student's code is a result
                at = getattr(error, "raised_at", "")
                return Measured(None, _line(f"{type(error).__name__}: {error}" + (f" ({at})" if at else "")))
    except MachineBusy as error:
        raise NotJudgedNow(f"not measured: {error}") from error
    except WorkerNotStarted as error:
        raise JudgingFailed(f"a milestone could not be run: {error}") from error


def _asked(link: Link, milestone: Milestone, cells: dict[str, str], given: dict[str, int]) -> Measured:
    """Send the cells, call the script's `run`, and read its answer."""
    for place, source in cells.items():
        if problems := link.ask(list, "cell", place, source, ""):
            return Measured(None, f"it could not start: {_line(problems[0])}")
    names = link.ask(dict, "names", ["measured", "run"])
    began, waited = monotonic(), link.waited()
    arguments = [names["run"], list(milestone.needs), milestone.seed, given]
    said = link.request("call", names["measured"], arguments, {})
    return _read(said, monotonic() - began - (link.waited() - waited))


def _read(said: Any, seconds: float) -> Measured:
    """Keep only plain numbers and words of an answer, within bounds."""
    said = said if isinstance(said, dict) else {}
    value = said.get("value")
    if not isinstance(value, float) or not math.isfinite(value):
        return Measured(None, "it returned no finite number", seconds=seconds)
    counts = {name: max(0, said[name]) if isinstance(said.get(name), int) else 0 for name in COUNTED}
    return Measured(value, "", **counts, seconds=seconds, picture=_picture(said.get("picture")))


def _picture(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict) or told.get("kind") not in ("lines", "bars", "points"):
        return {}
    words = {name: _line(told.get(name, "")) for name in ("title", "xlabel", "ylabel")}
    found = told.get("lines")
    pairs = list(found.items())[:MOST_LINES] if isinstance(found, dict) else []
    lines = {_line(name): _row(values) for name, values in pairs}
    return {"kind": told["kind"], **words, "x": _row(told.get("x")), "lines": lines}


def _row(values: Any) -> list[float]:
    row = values[:MOST_POINTS] if isinstance(values, list) else []
    return [float(each) if isinstance(each, int | float) and math.isfinite(each) else 0.0 for each in row]


def _line(words: Any) -> str:
    text = words if isinstance(words, str) else ""
    return "".join(c if c.isprintable() else " " for c in text[:MOST_WORDS])
