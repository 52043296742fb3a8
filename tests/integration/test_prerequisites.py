"""A module never needs a later one: each runs, text and tests, with its declared prerequisites alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tito.curriculum import Module, load_curriculum

import tinytorch

pytestmark = pytest.mark.modules

COURSE = Path(__file__).resolve().parents[2] / "course"
CURRICULUM = load_curriculum(COURSE)
PACKAGE = Path(tinytorch.__file__).parent
every_module = pytest.mark.parametrize("module", CURRICULUM.written, ids=lambda module: module.slug)


def package_with(slugs: set[str], site: Path) -> None:
    """Copy the package with these modules of core only."""
    shutil.copytree(PACKAGE, site / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (site / "tinytorch" / "core").glob("*.py"):
        if path.stem not in slugs | {"__init__"}:
            path.unlink()


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if k != "TINYTORCH_HOME"}
    environment |= {"PYTHONPATH": str(site), "MPLBACKEND": "Agg"}
    return subprocess.run([sys.executable, *arguments], cwd=site, env=environment, capture_output=True, text=True)


@every_module
def test_a_module_runs_with_its_prerequisites_alone(module: Module, tmp_path: Path):
    needed = {other.slug for other in CURRICULUM.before(module)}
    package_with(needed, tmp_path)
    present = {path.stem for path in (tmp_path / "tinytorch" / "core").glob("*.py")} - {"__init__"}
    assert present == needed
    done = run(tmp_path, str(module.source))
    assert done.returncode == 0, done.stderr[-1500:]
    for exercise in module.exercises:
        assert f"✅ {exercise.name}: " in done.stdout


@every_module
def test_prerequisites_come_earlier(module: Module):
    assert all(other.number < module.number for other in CURRICULUM.before(module))


def test_a_module_without_one_of_its_prerequisites_says_which(tmp_path: Path):
    module = CURRICULUM.find("training")
    package_with({other.slug for other in CURRICULUM.before(module)} - {"dataloader"}, tmp_path)
    done = run(tmp_path, str(module.source))
    assert done.returncode == 1
    assert "tinytorch.core.dataloader is built in module 07_dataloader" in done.stderr
