"""The student's and the worker's environments on this machine: real, separate, and usable by a user without rights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tito.staff.environments import make_environments

pytestmark = pytest.mark.service

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534


@pytest.fixture(scope="module")
def made() -> dict[str, Path]:
    return make_environments(ROOT, ROOT / "course")


def ask(python: Path, code: str, as_nobody: bool = False) -> str:
    options = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_nobody and os.geteuid() == 0 else {}
    result = subprocess.run(
        [python, "-c", code],
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        **options,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def has(python: Path, *names: str) -> dict[str, bool]:
    code = f"import importlib.util as u, json; print(json.dumps({{n: u.find_spec(n) is not None for n in {names!r}}}))"
    return json.loads(ask(python, code))


def test_a_second_call_changes_nothing(made: dict[str, Path]):
    stamps = {kind: (folder / "made-of").stat().st_mtime_ns for kind, folder in made.items()}
    assert make_environments(ROOT, ROOT / "course") == made
    assert {kind: (folder / "made-of").stat().st_mtime_ns for kind, folder in made.items()} == stamps


@pytest.mark.parametrize("kind", ["student", "worker"])
def test_somebody_without_rights_can_run_it(made: dict[str, Path], kind: str):
    code = "import numpy, msgpack, tinytorch.testing, tito.worker; print(numpy.ones(2).sum())"
    assert ask(made[kind] / "bin" / "python", code, as_nobody=True) == "2.0"


def test_the_student_has_what_she_needs_and_no_more(made: dict[str, Path]):
    found = has(
        made["student"] / "bin" / "python",
        "jupyterlab", "matplotlib", "nbgrader", "exchange.client", "tito.student", "tito.checks",
        "tito.staff", "tito.judge", "tito.gradebook", "tito.rendering", "tito.grading", "tito.formgrader",
        "tito.semester", "exchange.service", "hub_config", "torch", "fastapi",
    )  # fmt: skip
    assert [name for name, there in found.items() if there] == [
        "jupyterlab", "matplotlib", "nbgrader", "exchange.client", "tito.student", "tito.checks",
    ]  # fmt: skip


def test_the_worker_has_numpy_and_the_wire_only(made: dict[str, Path]):
    found = has(
        made["worker"] / "bin" / "python",
        "numpy", "msgpack", "tinytorch.testing.fixtures", "tito.worker",
        "tito.student", "tito.staff", "tito.judge", "tito.grading", "tito.checks", "tito.source", "tito.curriculum",
        "matplotlib", "jupyterlab", "click", "torch", "exchange",
    )  # fmt: skip
    assert [name for name, there in found.items() if there] == [
        "numpy",
        "msgpack",
        "tinytorch.testing.fixtures",
        "tito.worker",
    ]


@pytest.mark.parametrize("kind", ["student", "worker"])
def test_no_reference_can_be_imported(made: dict[str, Path], kind: str):
    code = (
        "try:\n    import tinytorch.core.tensor\n"
        "except ModuleNotFoundError as error:\n    print(error)\n"
        "else:\n    raise SystemExit('there is a reference')"
    )
    assert "built in module 01_tensor" in ask(made[kind] / "bin" / "python", code)


def test_the_student_s_tito_offers_student_commands_only(made: dict[str, Path]):
    result = subprocess.run(
        [made["student"] / "bin" / "tito", "--help"], capture_output=True, text=True, env={"PATH": ""}
    )
    assert "module" in result.stdout
    for word in ("grade", "semester", "build,", "environments", "nbgrader", "lint", "audit"):
        assert word not in result.stdout.split("Commands:")[1]
    assert "(export, import)" in result.stdout  # of the student's own package


def test_the_checkout_s_python_is_not_used(made: dict[str, Path]):
    for folder in made.values():
        assert ask(folder / "bin" / "python", "import tinytorch; print(tinytorch.__file__)").startswith(str(folder))
        assert Path(sys.prefix) not in folder.parents
