"""A milestone in the gradebook: an assignment of one cell, shown, changed, reported and exported like any other.

nbgrader knows notebooks with graded cells. A milestone's has the measurements and the figure in one cell, and the
verdict in the next, whose points count. Only this file knows that; the rest treats it as a graded notebook.
"""

import base64
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.utils import compute_checksum

from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult
from tito.curriculum.milestones import Milestone

from .file import open_or_make
from .lock import gradebook_lock
from .preprocessors import Prepared

EXERCISE = "milestone"
CELL = f"test_{EXERCISE}"


def verdict_of(
    milestone: Milestone, points: float, value: float | None, why: str = "", refused: str = ""
) -> ModuleResult:
    """Return the verdict on a run: all points from the threshold on, none below; `refused` if it was not run."""
    reached = value is not None and value >= milestone.threshold
    said = "" if value is None else f"{value:.4g}"
    check = Check(
        f"{milestone.metric}: at least {milestone.threshold:g}", points, passed=reached,
        kind="" if reached else "not reached", why=why, got=said,
        expected="" if reached else f"{milestone.threshold:g}",
    )  # fmt: skip
    exercise = ExerciseResult(EXERCISE, points, () if refused else (check,))
    return ModuleResult(milestone.assignment, (exercise,), refused=refused, seed=milestone.seed)


def enter(course_dir: Path, course: str, milestone: Milestone, points: float) -> None:
    """Enter a milestone in the gradebook, or bring its points up to date; don't hold the lock: this takes it."""
    with gradebook_lock(course_dir), open_or_make(course_dir, course) as gradebook:
        _enter(gradebook, milestone.assignment, _graded_cell(milestone, points), points)


def _enter(gradebook: Gradebook, name: str, cell: NotebookNode, points: float) -> None:
    gradebook.update_or_create_assignment(name)
    gradebook.update_or_create_notebook(name, name)
    gradebook.update_or_create_grade_cell(CELL, name, name, max_score=points, cell_type="code")
    checksum = compute_checksum(cell)
    about = {"cell_type": "code", "source": cell.source, "locked": True, "checksum": checksum}
    gradebook.update_or_create_source_cell(CELL, name, name, **about)


def prepared(
    milestone: Milestone, points: float, verdict: ModuleResult, took: str = "", figure: bytes = b""
) -> Prepared:
    """Make the notebook that graders and the student see: what was run, what it took, its figure (PNG), the verdict."""
    heading = f"# {milestone.year}: {milestone.title}\n\n{milestone.summary}"
    run = nbformat.v4.new_code_cell(f"# {milestone.slug}.py, run with seed {milestone.seed} on the package handed in")
    run.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{took}\n")] if took else []
    if figure:
        data = {"image/png": base64.b64encode(figure).decode(), "text/plain": f"figure of {milestone.slug}"}
        run.outputs.append(nbformat.v4.new_output("display_data", data=data))
    graded = _graded_cell(milestone, points)
    # nbgrader gives all points to a cell without outputs; a verdict replaces the error.
    graded.outputs = [nbformat.v4.new_output("error", ename="NotRun", evalue="it was not run", traceback=["not run"])]
    cells = [nbformat.v4.new_markdown_cell(heading), run, graded]
    if verdict.refused:
        refused = nbformat.v4.new_code_cell("# Not run")
        refused.outputs = [nbformat.v4.new_output("stream", name="stdout", text=verdict.refused + "\n")]
        cells.insert(1, refused)
    for number, cell in enumerate(cells):
        cell.id = f"milestone-{number}"
    return Prepared(nbformat.v4.new_notebook(cells=cells), verdict)


def _graded_cell(milestone: Milestone, points: float) -> NotebookNode:
    cell = nbformat.v4.new_code_cell(f"# reached with {milestone.threshold:g} or more of: {milestone.metric}")
    cell.metadata.nbgrader = {
        "schema_version": 3, "grade_id": CELL, "grade": True, "solution": False, "task": False, "locked": True,
        "points": float(points), "cell_type": "code",
    }  # fmt: skip
    return cell
