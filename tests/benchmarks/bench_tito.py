"""The command line's start, making notebooks, exporting, and what students wait for."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tito.staff.environments import make_environments

from tests.benchmarks.report import Report, best_seconds, median_cpu_seconds

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "course"
MODULES_OF_A_COURSE = 20


def run(report: Report) -> None:
    """Measure all of these."""
    start_of_commands(report)
    with tempfile.TemporaryDirectory() as folder:
        notebooks(report, Path(folder))
        exporting(report, Path(folder))
        student_commands(report, Path(folder))


def start_of_commands(report: Report) -> None:
    """Measure the CPU time of whole processes; the peer is Python importing click."""
    tito = [str(Path(sys.executable).parent / "tito")]
    peer = cpu_seconds([sys.executable, "-c", "import click"])
    report.measure("tito --help, CPU", cpu_seconds([*tito, "--help"]), "s", wanted="<= 0.15")
    report.ratio(
        "tito --help against python importing click, CPU", cpu_seconds([*tito, "--help"]), peer, "s", wanted="<= 2.5"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {"TINYTORCH_HOME": f"{folder}/tinytorch"}
        status = cpu_seconds([*tito, "module", "status"], environment)
        report.measure("tito module status, course tree, CPU", status, "s", wanted="<= 0.3")
        students = make_environments(ROOT, COURSE, ("student",))["student"] / "bin" / "tito"
        own = cpu_seconds([str(students), "module", "status"], environment | {"PYTHONPATH": ""})
        report.measure("tito module status, student's environment, CPU", own, "s", wanted="<= 0.3")
        report.ratio("tito module status against jupyter --version, CPU", status, jupyter_version(), "s", wanted="<= 1")


def jupyter_version() -> float:
    return cpu_seconds([str(Path(sys.executable).parent / "jupyter"), "kernelspec", "--version"])


def cpu_seconds(command: list[str], environment: dict[str, str] | None = None, repeat: int = 7) -> float:
    """Run a command and return the median CPU time of it and its children."""
    found = []
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=os.environ | (environment or {}), stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(found)


def notebooks(report: Report, folder: Path) -> None:
    """Measure making staff notebook and release, with and without the gradebook, compared with nbgrader's command."""
    from tito.curriculum import load_curriculum
    from tito.source.release import generate_notebooks

    curriculum = load_curriculum(COURSE)
    modules = curriculum.written
    nbgrader_dir = folder / "nbgrader"
    generate_notebooks(modules, curriculum, nbgrader_dir)  # pays for imports and a gradebook
    each = median_cpu_seconds(lambda: generate_notebooks(modules, curriculum, nbgrader_dir), 3) / len(modules)
    report.measure("notebooks of one module, imports done, CPU", each, "s", wanted="<= 0.5")
    bare = median_cpu_seconds(lambda: generate_notebooks(modules, curriculum, nbgrader_dir, record=False), 3)
    report.measure("the same without the gradebook, CPU", bare / len(modules), "s")
    first = modules[0].slug
    ours = best_seconds(lambda: generate_notebooks(modules[:1], curriculum, nbgrader_dir), 3)
    command = [
        sys.executable,
        "-m",
        "nbgrader",
        "generate_assignment",
        first,
        "--force",
        "--course-dir",
        str(nbgrader_dir),
    ]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    peer = best_seconds(
        lambda: subprocess.run(command, cwd=nbgrader_dir, env=environment, check=True, capture_output=True), 3
    )
    report.ratio(f"{first} in a running process against nbgrader's command", ours, peer, "s", wanted="<= 0.5")


def exporting(report: Report, folder: Path) -> None:
    """Measure exporting all modules, compared with Jupytext only reading their cells."""
    import jupytext
    from tito.curriculum import load_curriculum
    from tito.source.export import export_all

    sources = [module.source for module in load_curriculum(COURSE).written]
    core = folder / "core"
    export_all(COURSE, core)
    peer = best_seconds(lambda: [jupytext.read(source, fmt="py:percent") for source in sources])
    report.ratio(
        "export of all modules against jupytext reading them",
        best_seconds(lambda: export_all(COURSE, core)),
        peer,
        "s",
        wanted="<= 1",
    )


def student_commands(report: Report, folder: Path) -> None:
    """Measure how long `complete` takes, compared with starting Python and importing numpy."""
    from tito.curriculum import load_curriculum
    from tito.source.percent import read_percent
    from tito.source.release import staff_notebook

    curriculum = load_curriculum(COURSE)
    module = curriculum.written[0]
    home = folder / "home"
    notebook = home / module.slug / f"{module.slug}.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_text(staff_notebook(module, curriculum))
    environment = os.environ | {"TINYTORCH_HOME": str(home / "tinytorch")}
    command = [str(Path(sys.executable).parent / "tito"), "module", "complete", module.slug, "--json"]
    assert len(read_percent(module.source)) == len(json.loads(notebook.read_text())["cells"])
    ours = best_seconds(lambda: subprocess.run(command, env=environment, check=True, capture_output=True), 3)
    peer = best_seconds(lambda: subprocess.run([sys.executable, "-c", "import numpy"], check=True), 3)
    report.ratio(f"tito module complete {module.slug} against importing numpy", ours, peer, "s", wanted="<= 15")
    started = time.perf_counter()
    subprocess.run([*command[:2], "status"], env=environment, check=True, capture_output=True)
    report.measure("tito module status with one module complete", time.perf_counter() - started, "s")
