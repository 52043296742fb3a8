"""Run a milestone on the student's own package, in a fresh process within its time budget, and keep the result.

Kept in `$TINYTORCH_HOME/.tito/milestones`: `NAME.json` (the last run, and when it was first reached) and `NAME.png`.
"""

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from tito.atomic import write_atomically
from tito.curriculum import Curriculum, Module
from tito.curriculum.milestones import Milestone
from tito.errors import TitoError
from tito.student.progress import CHANGED, DONE, NOT_RELEASED, NOT_WRITTEN, progress_of
from tito.workspace import Workspace, now


@dataclass(frozen=True)
class MilestoneResult:
    """The result of one run; `value` is None if there is none, and `why` then gives the reason."""

    milestone: str
    full: bool
    value: float | None
    threshold: float
    metric: str
    reached: bool
    seed: int
    seconds: float
    when: str
    why: str = ""
    picture: str = ""
    film: str = ""

    def to_json(self) -> dict:
        return asdict(self)


def missing_modules(workspace: Workspace, curriculum: Curriculum, milestone: Milestone) -> list[tuple[Module, str]]:
    """List the modules that a milestone needs and that aren't complete, each with what to do."""
    missing = []
    for slug in milestone.needs:
        module = curriculum.find(slug)
        state = progress_of(workspace, module).state
        if state not in (*DONE, CHANGED):
            waiting = "it is not here yet" if state in (NOT_WRITTEN, NOT_RELEASED) else f"tito module complete {slug}"
            missing.append((module, waiting))
    return missing


def require_modules(workspace: Workspace, curriculum: Curriculum, milestone: Milestone) -> None:
    """Refuse a milestone whose modules aren't complete; the message says which ones, and what to do."""
    missing = missing_modules(workspace, curriculum, milestone)
    if missing:
        listed = "\n".join(f"  {module.label}: {remedy}" for module, remedy in missing)
        raise TitoError(f"{milestone.year} {milestone.title} needs modules that are not complete:\n{listed}")


def run_milestone(workspace: Workspace, milestone: Milestone, full: bool, show: bool) -> MilestoneResult:
    """Run it, keep the result and its figure, and return the result.

    Args:
        full: on the whole published data set.
        show: let the script print to standard output; otherwise its output is discarded.
    """
    if full and milestone.full is None:
        raise TitoError(f"{milestone.slug} has no full version: run it without --full.")
    goal = milestone.full if full and milestone.full else milestone
    folder = workspace.memory / "milestones"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tito-milestone-") as place:
        started = monotonic()
        said = _run(workspace, milestone, full, goal.time_budget_seconds, Path(place), show)
        seconds = monotonic() - started
        value = said.get("value")
        value = value if isinstance(value, float) and math.isfinite(value) else None
        figures = [
            _keep_picture(Path(place) / f"picture.{ending}", folder / f"{_file_name(milestone, full)}.{ending}")
            for ending in ("png", "gif")
        ]
    result = MilestoneResult(
        milestone.name,
        full,
        value,
        goal.threshold,
        milestone.metric,
        value is not None and value >= goal.threshold,
        milestone.seed,
        round(seconds, 2),
        now(),
        said.get("why", "") if value is not None or said.get("why") else "it returned no finite number",
        *(figures if value is not None else []),
    )
    _keep(folder / f"{_file_name(milestone, full)}.json", result)
    return result


def kept_result(workspace: Workspace, milestone: Milestone, full: bool = False) -> dict | None:
    """Read the last run of a milestone, with `first_reached` if it was ever reached; None if it was never run."""
    path = workspace.memory / "milestones" / f"{_file_name(milestone, full)}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _file_name(milestone: Milestone, full: bool) -> str:
    return f"{milestone.name}-full" if full else milestone.name


def _run(workspace: Workspace, milestone: Milestone, full: bool, budget: float, place: Path, show: bool) -> dict:
    answer, picture = place / "answer.json", place / "picture.png"
    command = [sys.executable, "-P", "-m", "tito.student.milestone_process", str(milestone.script), str(milestone.seed)]
    command += ["full" if full else "small", str(answer), str(picture)]
    environment = os.environ | {
        "TINYTORCH_HOME": str(workspace.package),
        "MPLBACKEND": "Agg",
        "PYTHONUNBUFFERED": "1",
    }
    sink = None if show else subprocess.DEVNULL
    # A group of its own, so that nothing the student's code started outlives the budget.
    process = subprocess.Popen(
        command,
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(timeout=budget)
    except subprocess.TimeoutExpired:
        return {"why": f"it did not finish within its time budget of {budget:g} seconds"}
    finally:
        _end_group(process)
    try:
        return json.loads(answer.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {"why": f"it ended without a result (exit code {code}): is there an exit() in a module?"}


def _end_group(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _keep_picture(made: Path, kept: Path) -> str:
    if not made.is_file():
        return ""
    write_atomically(kept, made.read_bytes())
    return str(kept)


def _keep(path: Path, result: MilestoneResult) -> None:
    try:
        first = json.loads(path.read_text(encoding="utf-8")).get("first_reached")
    except (FileNotFoundError, ValueError, AttributeError):
        first = None
    facts = result.to_json() | {"first_reached": first or (result.when if result.reached else None)}
    write_atomically(path, json.dumps(facts, indent=1) + "\n")
