"""Grading with the sandbox compared with stock `nbgrader autograde` of the same submissions, in turns.

This is done twice: with submissions as students send them, where stock also runs the module's demonstrations, which
the judge leaves out; and on equal work, with only the cells that the judge runs. The second figure shows what the
judge itself gains. The figure is wall time of one job, which keeps one core busy: the judge waits while the worker
works, stock waits for its kernel.
"""

import fcntl
import json
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

from tito.checks.plan import given_source

SLUG = "tensor"
SUBMISSIONS = 6


def run(report) -> None:
    """Measure one submission with stock and with the judge, and two jobs compared with one."""
    # nbgrader's gradebook and kernels call programs of this environment by name.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="bench-judge-") as folder:
        course = _course(Path(folder))
        students = [path.name for path in sorted((course / "submitted").iterdir())]
        _judge(course, students[0])  # the first run pays for imports and caches, on both sides
        _stock(course, students[0])
        ours, peers = [], []
        for student in students:
            peers.append(_seconds(_stock, course, student))
            ours.append(_seconds(_judge, course, student))
        report.ratio("judge and record one submission", median(ours) * 1e3, median(peers) * 1e3, "ms", wanted="<= 0.2")
        equal = _course(Path(folder) / "equal", only_what_is_judged=True)
        _stock(equal, students[0])
        alike = [(_seconds(_judge, equal, student), _seconds(_stock, equal, student)) for student in students]
        same_work = [median(each) * 1e3 for each in zip(*alike, strict=True)]
        report.ratio("the same, on equal work", *same_work, "ms", wanted="<= 0.5")
        report.measure("submissions per second and core", 1 / median(ours), "1/s")
        report.measure("of which stock", 1 / median(peers), "1/s")
        report.measure("judging alone", median(_seconds(_only_judge, course, s) for s in students) * 1e3, "ms")
        report.measure("two jobs against one", _speed_up(course, students), "x", wanted=">= 1.7")


def _course(folder: Path, only_what_is_judged: bool = False) -> Path:
    from tito.curriculum import load_curriculum
    from tito.source.release import generate_notebooks, staff_notebook

    curriculum = load_curriculum()
    module = curriculum.find_written(SLUG)
    generate_notebooks([module], curriculum, folder)
    for number in range(SUBMISSIONS):
        place = folder / "submitted" / f"student{number}" / SLUG
        place.mkdir(parents=True)
        text = staff_notebook(module, curriculum)
        (place / f"{SLUG}.ipynb").write_text(_without_demonstrations(text) if only_what_is_judged else text, "utf-8")
    return folder


def _without_demonstrations(text: str) -> str:
    """In cells that are not solution, test or exported, keep only definitions, as the judge does."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code" or cell["metadata"].get("nbgrader"):
            continue
        source = "".join(cell["source"])
        imports = [line for line in source.splitlines() if line.startswith("from tinytorch.testing import")]
        whole = source.lstrip().startswith(("#| export", "#| default_exp", "#| setup"))
        cell["source"] = "\n".join([*imports, given_source(source, whole=whole)])
    return json.dumps(notebook)


def _stock(course: Path, student: str) -> None:
    """Unmodified nbgrader Autograde: a kernel for each notebook, with tests in the student's process."""
    from nbgrader.api import Gradebook
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.assignment_id, config.CourseDirectory.student_id = SLUG, student
    converter = Autograde(coursedir=CourseDirectory(config=config), config=config)
    converter.log = logging.Logger("stock", logging.CRITICAL)
    converter.force = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converter.start()
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        score = gradebook.find_submission(SLUG, student).score
    if score != 90:
        raise RuntimeError(f"stock must give the reference 90 points, it gave {score}: nothing comparable was measured")
    shutil.rmtree(course / "autograded" / student)


def _judge(course: Path, student: str) -> None:
    from tito.gradebook.nbgrader_run import grade_in_nbgrader
    from tito.gradebook.preprocessors import prepare

    verdict = _only_judge(course, student)
    prepared = prepare(course / "submitted" / student / SLUG, SLUG, verdict)
    with (course / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        grade_in_nbgrader(course, SLUG, student, verdict, prepared=prepared)


def _only_judge(course: Path, student: str):
    from tito.judge.submission import judge_submission

    verdict = judge_submission(course / "submitted" / student / SLUG, SLUG, seed=1)
    if verdict.points != 90:
        raise RuntimeError(f"the judge must give the reference 90 points, it gave {verdict.points}")
    return verdict


def _seconds(function, *arguments) -> float:
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def _speed_up(course: Path, students: list[str]) -> float:
    """Return how much faster two processes judge the same submissions, each several times, than one."""
    work = [(course, student) for student in students * 3]
    times = {}
    for jobs in (1, 2):
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            pool.starmap(_judge, [(course, s) for s in students[: 2 * jobs]], chunksize=1)  # warm up every process
            started = time.perf_counter()
            pool.starmap(_judge, work, chunksize=1)
            times[jobs] = time.perf_counter() - started
    return times[1] / times[2]
