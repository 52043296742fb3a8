"""A student's journey through the first three modules, with the student's wheel and no course tree."""

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.source.release import release_notebook
from tito.staff.package import build_student

pytestmark = pytest.mark.service

ROOT = Path(__file__).resolve().parents[2]
REAL = load_curriculum(ROOT / "course")


@dataclass(frozen=True)
class Student:
    """A student with a home, the student's wheel, and nothing of the course tree."""

    home: Path
    site: Path

    def run(self, *command: str) -> subprocess.CompletedProcess:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TITO_", "EXCHANGE_"))}
        environment = kept | {
            "HOME": str(self.home),
            "TINYTORCH_HOME": str(self.home / "tinytorch"),
            # It comes before the checkout, which this Python has on its path.
            "PYTHONPATH": str(self.site),
        }
        return subprocess.run(
            [sys.executable, "-P", *command], cwd=self.home, env=environment, capture_output=True, text=True
        )

    def tito(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.run("-m", "tito.cli", *arguments)

    def python(self, code: str) -> subprocess.CompletedProcess:
        return self.run("-c", code)


@pytest.fixture
def student(tmp_path: Path) -> Student:
    wheel = build_student(ROOT / "course", tmp_path, [tier.name for tier in REAL.tiers])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    found = Student(tmp_path / "home", tmp_path / "site")
    for slug in ("tensor", "activations", "layers"):
        release = found.home / "tinytorch" / ".releases" / slug / f"{slug}.ipynb"
        release.parent.mkdir(parents=True)
        release.write_text(release_notebook(REAL.find(slug), REAL), encoding="utf-8")
    return found


@pytest.fixture
def notebook_of(student: Student, notebook_class):
    def find(slug: str):
        return notebook_class(student.home / slug / f"{slug}.ipynb", REAL.find(slug).source)

    return find


def test_from_released_notebooks_to_a_layer_of_one_s_own(student: Student, notebook_of):
    # Nothing is built yet, and the error says so.
    said = student.python("from tinytorch import Tensor")
    assert said.returncode == 1
    assert "01_tensor" in said.stderr and "tito module start tensor" in said.stderr

    # 01: solved, with a marker in the student's own code.
    assert student.tito("module", "start", "tensor").returncode == 0
    tensor = notebook_of("tensor")
    tensor.solve()
    tensor.edit("add", lambda source: "MARKS = []\n" + _first_line_of_solution(source, "MARKS.append('mine')"))
    tensor.edit("add", lambda source: "#| export\n" + source.replace("#| export\n", ""))
    done = student.tito("module", "complete", "tensor")
    assert done.returncode == 0, done.stderr
    said = student.python(
        "from tinytorch import tensor\n"
        "from tinytorch.core.tensor import MARKS, add\n"
        "import tinytorch.core.tensor\n"
        "print((tensor([1.0]) + tensor([2.0])).tolist(), MARKS, tinytorch.core.tensor.__file__)"
    )
    assert said.stdout.split("\n")[0] == f"[3.0] ['mine'] {student.home / 'tinytorch' / 'core' / 'tensor.py'}", (
        said.stderr
    )

    # 02: broken, reported, fixed.
    assert student.tito("module", "start", "activations").returncode == 0
    activations = notebook_of("activations")
    activations.solve()
    name = REAL.find("activations").exercises[0].name
    activations.edit(name, lambda source: _first_line_of_solution(source, "raise ValueError('not like this')"))
    told = student.tito("module", "complete", "activations")
    assert told.returncode == 1
    assert name in told.stderr and "not like this" in told.stderr and "Nothing was exported" in told.stderr
    assert not (student.home / "tinytorch" / "core" / "activations.py").exists()
    activations.solve(name)
    done = student.tito("module", "complete", "activations")
    assert done.returncode == 0, done.stderr

    # 03: not built, then built on the student's own tensor.
    said = student.python("from tinytorch.nn import Linear")
    assert said.returncode == 1
    assert "03_layers" in said.stderr and "tito module start layers" in said.stderr
    assert student.tito("module", "start", "layers").returncode == 0
    notebook_of("layers").solve()
    done = student.tito("module", "complete", "layers")
    assert done.returncode == 0, done.stderr
    assert "Integration tests: " in done.stdout and "failed" not in done.stdout
    said = student.python(
        "import tinytorch\nfrom tinytorch.nn import Linear\nfrom tinytorch.core.tensor import MARKS\n"
        "print(Linear(3, 2)(tinytorch.ones(4, 3)).shape, len(MARKS) > 0)"
    )
    assert said.stdout == "(4, 2) True\n", said.stderr

    # Damaging the tensor notebook afterwards breaks nothing.
    tensor.path.write_text("{")
    assert student.tito("module", "complete", "tensor").returncode == 1
    assert student.python("from tinytorch.nn import Linear").returncode == 0
    assert student.tito("test", "integration").returncode == 0


def _first_line_of_solution(source: str, line: str) -> str:
    """Put a line before the solution, at its indentation."""
    before, marker, after = source.partition("### BEGIN SOLUTION\n")
    indent = before.split("\n")[-1]
    return f"{before}{marker}{indent}{line}\n{after}"


def test_a_student_is_offered_student_commands_only(student: Student):
    said = student.tito("--help").stdout
    assert "\n  module " in said and "\n  export " not in said
    said = student.tito("export", "--all")
    assert said.returncode == 2 and "there is no command 'export' here" in said.stderr


def test_an_unreleased_module_is_told(student: Student):
    release = student.home / "tinytorch" / ".releases" / "layers"
    for path in release.iterdir():
        path.unlink()
    said = student.tito("module", "start", "layers")
    assert said.returncode == 1
    assert "03_layers is not here yet: get it with 'tito fetch layers'" in said.stderr
