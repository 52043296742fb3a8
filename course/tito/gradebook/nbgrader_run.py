"""Write a verdict into nbgrader's course: its own Autograde runs, with the verdict in place of execution.

Works next to the course and puts the graded notebook in place at the end, in one step: a run that fails or is killed
leaves the previous grade and the previous notebook.
"""

import os
import shutil
import tempfile
import warnings
from pathlib import Path

from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from exchange.protocol.verdicts import ModuleResult
from tito.errors import TitoError
from tito.running_nbgrader import Said

from .preprocessors import Desk, Prepared, configure, prepare


class GradingFailed(TitoError):
    """nbgrader could not take the verdict; the previous grade is kept."""


def grade_in_nbgrader(
    course_dir: Path,
    assignment: str,
    student: str,
    verdict: ModuleResult,
    *,
    course: Path | None = None,
    config: Config | None = None,
    prepared: Prepared | None = None,
) -> None:
    """Record `verdict` on submitted/STUDENT/ASSIGNMENT of the nbgrader course, keeping what was graded by hand.

    One writer of a gradebook at a time: call it under a lock. `config` adds settings, such as the late plugin;
    `prepared`, by `preprocessors.prepare` before the lock is taken, shortens the time under it.
    """
    course_dir = course_dir.resolve()
    folder = course_dir / "submitted" / student / assignment
    prepared = prepared or prepare(folder, assignment, verdict, course)
    with tempfile.TemporaryDirectory(prefix=".grading-", dir=course_dir) as scratch:
        stage = Path(scratch)
        _stage_submission(stage / "submitted" / student / assignment, folder, assignment)
        with Desk.holding(student, assignment, prepared):
            _autograde(course_dir, stage, assignment, student, config)
        graded = stage / "autograded" / student / assignment
        if not (graded / f"{assignment}.ipynb").is_file():
            raise GradingFailed(f"nbgrader wrote no graded notebook for {student}'s {assignment}: see its log")
        _put_in_place(graded, course_dir / "autograded" / student / assignment, stage / "previous")


def _stage_submission(target: Path, folder: Path, assignment: str) -> None:
    """Show nbgrader that a notebook is there, the time of submission and its receipt; nothing that was uploaded.

    nbgrader puts the receipt next to the graded notebook, where it says which attempt the grade is of.
    """
    target.mkdir(parents=True)
    (target / f"{assignment}.ipynb").touch()
    for ours in (folder / "timestamp.txt", folder / "receipt.json"):
        if ours.is_file() and not ours.is_symlink():
            shutil.copyfile(ours, target / ours.name)


def _autograde(course_dir: Path, stage: Path, assignment: str, student: str, config: Config | None) -> None:
    settings = configure(Config())
    if config is not None:
        settings.merge(config)
    settings.CourseDirectory.root = str(course_dir)
    settings.CourseDirectory.assignment_id = assignment
    settings.CourseDirectory.student_id = student
    settings.CourseDirectory.submitted_directory = str(stage / "submitted")
    settings.CourseDirectory.autograded_directory = str(stage / "autograded")
    said = Said()
    converter = InOnePass(coursedir=CourseDirectory(config=settings), config=settings)
    converter.log = said.logger
    try:
        with warnings.catch_warnings():
            # nbgrader 0.9.6 makes objects before it adds them to a session; SQLAlchemy 2.1 warns about it.
            warnings.simplefilter("ignore", SAWarning)
            converter.start()
    except NbGraderException as error:
        log = "\n".join(said.lines)[-2000:]
        raise GradingFailed(f"nbgrader could not grade {student}'s {assignment}: {error}\n{log}") from error


class InOnePass(Autograde):
    """Autograde for a notebook that is already made: all preprocessors in one pass, one file written, none read."""

    def convert_single_notebook(self, notebook_filename: str) -> None:
        resources = self.init_single_notebook_resources(notebook_filename)
        prepared = Desk.find(resources)
        if prepared is None:
            raise NbGraderException(f"nothing is prepared for {notebook_filename}")
        self.exporter._preprocessors = []
        for preprocessor in (*self.sanitize_preprocessors, *self.autograde_preprocessors):
            self.exporter.register_preprocessor(preprocessor)
        output, resources = self.exporter.from_notebook_node(prepared.notebook, resources=resources)
        self.write_single_notebook(output, resources)


def _put_in_place(fresh: Path, place: Path, aside: Path) -> None:
    """Swap folders by renaming; nbgrader leaves its files read-only, which renaming does not mind."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        os.rename(place, aside)  # noqa: PTH104
    os.rename(fresh, place)  # noqa: PTH104
