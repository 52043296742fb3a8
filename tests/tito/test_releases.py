"""Untouched releases and staff notebooks, run from top to bottom in a kernel, as a student and a teacher would."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from tito.curriculum import load_curriculum
from tito.staff.notebooks import release_notebook, staff_notebook

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
REAL = load_curriculum(ROOT / "course")
every_module = pytest.mark.parametrize("module", REAL.written, ids=lambda module: module.slug)


def run(text: str, folder: Path) -> list:
    """Run all cells, whatever fails; return the code cells."""
    notebook = nbformat.reads(text, as_version=4)
    NotebookClient(
        notebook, timeout=120, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def errors(cell) -> list[str]:
    return [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]


@every_module
def test_the_untouched_release_fails_only_at_unsolved_exercises(module, tmp_path: Path):
    cells = run(release_notebook(module, REAL), tmp_path)
    names = [exercise.name for exercise in module.exercises]
    unsolved = re.compile(rf"exercise '({'|'.join(names)})' is not solved yet")
    for cell in cells:
        said = "\n".join(str(output) for output in cell.outputs)
        if cell.metadata.get("nbgrader", {}).get("grade"):
            assert errors(cell), f"the test cell {cell.id} passes though nothing is solved"
            assert unsolved.search(said), f"{cell.id} does not name an unsolved exercise: {said[-500:]}"
        for error in errors(cell):
            assert unsolved.search(said), f"{cell.id} fails with {error}, which names no exercise"


@every_module
def test_the_reference_runs_without_an_error(module, tmp_path: Path):
    cells = run(staff_notebook(module, REAL), tmp_path)
    assert {cell.id: errors(cell) for cell in cells if errors(cell)} == {}
