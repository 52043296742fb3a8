"""With its declared prerequisites alone, each module runs as a script without warnings, in limited time and memory."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tito.curriculum import Module, load_curriculum

import tinytorch

pytestmark = pytest.mark.modules

COURSE = Path(__file__).resolve().parents[2] / "course"
CURRICULUM = load_curriculum(COURSE)
PACKAGE = Path(tinytorch.__file__).parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # more threads waste time on waiting
MOST_CPU_SECONDS = 60  # to run a whole module; only milestones may take longer
MOST_MEMORY_BYTES = 1.5e9  # a student's server has 2 GB
every_module = pytest.mark.parametrize("module", CURRICULUM.written, ids=lambda module: module.slug)


def package_with(slugs: set[str], site: Path) -> None:
    """Copy the package with only these modules in core."""
    shutil.copytree(PACKAGE, site / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (site / "tinytorch" / "core").glob("*.py"):
        if path.stem not in slugs | {"__init__"}:
            path.unlink()


@dataclass(frozen=True)
class Ran:
    """How a script ended: its exit code, what it printed, and what it used (CPU seconds, bytes)."""

    code: int
    out: str
    err: str
    cpu_seconds: float
    most_bytes: int


def run(site: Path, source: Path) -> Ran:
    """Run a module's source with the package in `site`; measure that process alone."""
    environment = {name: value for name, value in os.environ.items() if name != "TINYTORCH_HOME"}
    environment |= {"PYTHONPATH": str(site), "MPLBACKEND": "Agg"} | ONE_THREAD
    out, err = site / "out.txt", site / "err.txt"
    with out.open("w") as stdout, err.open("w") as stderr:
        command = [sys.executable, "-W", "error", str(source)]
        script = subprocess.Popen(command, cwd=site, stdout=stdout, stderr=stderr, env=environment)
        try:
            _, status, used = os.wait4(script.pid, 0)
        except BaseException:
            script.kill()
            script.wait()
            raise
    script.returncode = os.waitstatus_to_exitcode(status)
    return Ran(
        script.returncode, out.read_text(), err.read_text(), used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss
    )


@every_module
def test_a_module_runs_with_its_prerequisites_alone_within_its_bounds(module: Module, tmp_path: Path):
    needed = {other.slug for other in CURRICULUM.before(module)}
    package_with(needed, tmp_path)
    present = {path.stem for path in (tmp_path / "tinytorch" / "core").glob("*.py")} - {"__init__"}
    assert present == needed
    ran = run(tmp_path, module.source)
    assert (ran.code, ran.err) == (0, "")
    for exercise in module.exercises:
        assert f"✅ {exercise.name}: " in ran.out
    assert ran.cpu_seconds <= MOST_CPU_SECONDS
    assert ran.most_bytes <= MOST_MEMORY_BYTES


@every_module
def test_prerequisites_come_earlier(module: Module):
    assert all(other.number < module.number for other in CURRICULUM.before(module))


def test_a_module_without_one_of_its_prerequisites_says_which(tmp_path: Path):
    module = CURRICULUM.find("training")
    package_with({other.slug for other in CURRICULUM.before(module)} - {"dataloader"}, tmp_path)
    ran = run(tmp_path, module.source)
    assert ran.code == 1
    assert "tinytorch.core.dataloader is built in module 07_dataloader" in ran.err
