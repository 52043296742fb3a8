"""Untouched releases and staff notebooks run from top to bottom in a kernel, as students and teachers run them."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from tito.checks.local import run_tests
from tito.curriculum import load_curriculum
from tito.source.release import release_notebook, staff_notebook
from tito.student.visible_tests import points_possible

pytestmark = pytest.mark.modules

ROOT = Path(__file__).resolve().parents[2]
REAL = load_curriculum(ROOT / "course")
MOST_BYTES = 5_000_000  # a notebook with its outputs is often saved, submitted and opened
every_module = pytest.mark.parametrize("module", REAL.written, ids=lambda module: module.slug)


def run(text: str, folder: Path) -> list:
    """Run all cells even if some fail; return the code cells."""
    notebook = nbformat.reads(text, as_version=4)
    NotebookClient(
        notebook, timeout=240, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def errors(cell) -> list[str]:
    return [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]


@every_module
def test_the_untouched_release_fails_only_at_unsolved_exercises(module, tmp_path: Path):
    cells = run(release_notebook(module, REAL), tmp_path)
    names = [exercise.name for exercise in module.exercises]
    unsolved = re.compile(rf"exercise '({'|'.join(names)})' is not solved yet")
    graded = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert [cell.id for cell in graded if not errors(cell)] == [], "a test passes though nothing is solved"
    failing = [cell for cell in cells if errors(cell)]
    said = {cell.id: "\n".join(str(output) for output in cell.outputs) for cell in failing}
    strange = {cell.id: (errors(cell), cell.source[:200]) for cell in failing if not unsolved.search(said[cell.id])}
    assert strange == {}, "these fail without naming an unsolved exercise"


@every_module
def test_the_reference_runs_without_an_error_and_stays_small_with_its_pictures(module, tmp_path: Path):
    cells = run(staff_notebook(module, REAL), tmp_path)
    assert {cell.id: errors(cell) for cell in cells if errors(cell)} == {}
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert len(json.dumps(cells).encode()) <= MOST_BYTES


@every_module
def test_the_judge_s_handles_agree(module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With `tito module test` the reference passes every visible check and the untouched release passes none."""
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home" / "tinytorch"))
    passed = {}
    for kind, make in (("reference", staff_notebook), ("release", release_notebook)):
        path = tmp_path / f"{kind}.ipynb"
        path.write_text(make(module, REAL), encoding="utf-8")
        result = run_tests(path, module.slug, curriculum=REAL)
        assert [exercise.name for exercise in result.exercises] == [exercise.name for exercise in module.exercises]
        assert all(exercise.checks for exercise in result.exercises)
        assert kind == "release" or 18 <= points_possible(result) == result.points <= 40, "about a third is visible"
        passed[kind] = {check.passed for exercise in result.exercises for check in exercise.checks}
    assert passed == {"reference": {True}, "release": {False}}
