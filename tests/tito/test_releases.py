"""Untouched releases and staff notebooks, run from top to bottom in a kernel, as a student and a teacher would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from tito.checks.local import run_tests
from tito.curriculum import load_curriculum
from tito.source.release import release_notebook, staff_notebook

pytestmark = pytest.mark.modules

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
    graded = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert [cell.id for cell in graded if not errors(cell)] == [], "a test passes though nothing is solved"
    failing = [cell for cell in cells if errors(cell)]
    said = {cell.id: "\n".join(str(output) for output in cell.outputs) for cell in failing}
    strange = {cell.id: (errors(cell), cell.source[:200]) for cell in failing if not unsolved.search(said[cell.id])}
    assert strange == {}, "these fail without naming an unsolved exercise"


@every_module
def test_the_reference_runs_without_an_error(module, tmp_path: Path):
    cells = run(staff_notebook(module, REAL), tmp_path)
    assert {cell.id: errors(cell) for cell in cells if errors(cell)} == {}


@every_module
def test_the_judge_s_handles_agree(module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Under `tito module test` the reference passes every visible check and the untouched release passes none."""
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home" / "tinytorch"))
    passed = {}
    for kind, make in (("reference", staff_notebook), ("release", release_notebook)):
        path = tmp_path / f"{kind}.ipynb"
        path.write_text(make(module, REAL), encoding="utf-8")
        result = run_tests(path, module.slug, curriculum=REAL)
        assert [exercise.name for exercise in result.exercises] == [exercise.name for exercise in module.exercises]
        assert all(exercise.checks for exercise in result.exercises)
        passed[kind] = {check.passed for exercise in result.exercises for check in exercise.checks}
    assert passed == {"reference": {True}, "release": {False}}


@every_module
def test_a_module_runs_as_a_script(module, tmp_path: Path):
    environment = os.environ | {"MPLBACKEND": "Agg"}
    environment.pop("TINYTORCH_HOME", None)
    result = subprocess.run(
        [sys.executable, str(module.source)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
