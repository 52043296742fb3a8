"""How the judge enters nbgrader: as preprocessors of Autograde, with nbgrader's own Execute left out.

`configure(c)` belongs in the course's nbgrader configuration. The first preprocessor replaces the submitted notebook
with the canonical one, whose test cells contain an error; the last ones fill in the verdict and save all grades in one
step.
"""

import copy
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, SubmittedNotebook
from nbgrader.preprocessors import (
    AssignLatePenalties,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    SaveAutoGrades,
)
from nbgrader.utils import is_grade, is_solution
from traitlets import Unicode

from exchange.protocol.verdicts import ModuleResult
from tito.curriculum import load_curriculum
from tito.judge.read import NoSubmission, Submission, read_submission
from tito.judge.submission import judge_submission
from tito.source.release import staff_notebook

from .canonical import canonical_notebook, fill_verdict, untouched_notebook
from .rescoring import count_voids


@dataclass(frozen=True)
class Prepared:
    """A judged submission on its way into the gradebook."""

    notebook: NotebookNode
    verdict: ModuleResult


class Desk:
    """Prepared submissions, by student and assignment, between nbgrader's two passes over a notebook."""

    _prepared: ClassVar[dict[tuple[str, str], Prepared]] = {}

    @classmethod
    @contextmanager
    def holding(cls, student: str, assignment: str, prepared: Prepared) -> Iterator[None]:
        """Let nbgrader find this one while the block runs."""
        cls.put(student, assignment, prepared)
        try:
            yield
        finally:
            cls._prepared.pop((student, assignment), None)

    @classmethod
    def put(cls, student: str, assignment: str, prepared: Prepared) -> None:
        cls._prepared[student, assignment] = prepared

    @classmethod
    def find(cls, resources: dict) -> Prepared | None:
        names = resources["nbgrader"]
        return cls._prepared.get((names["student"], names["assignment"]))


def prepare(folder: Path, slug: str, verdict: ModuleResult, course: Path | None = None) -> Prepared:
    """Make the notebook that a grader will see, from the submission in `folder` and the verdict on it."""
    curriculum = load_curriculum(course)
    staff = nbformat.reads(staff_notebook(curriculum.find_written(slug), curriculum), as_version=4)
    try:
        submission: Submission = read_submission(folder, slug)
    except NoSubmission as refusal:
        return Prepared(untouched_notebook(staff, verdict.refused or str(refusal)), verdict)
    return Prepared(canonical_notebook(staff, submission, verdict.notes), verdict)


class TakeSubmission(NbGraderPreprocessor):
    """Replace the submitted notebook with the canonical one; judge it first if nobody has."""

    course = Unicode("", help="The course tree; empty: the one that tito finds by itself.").tag(config=True)
    mode = Unicode("best", help="The grading mode: best, reference or own.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        prepared = Desk.find(resources)
        if prepared is None:
            names = resources["nbgrader"]
            prepared = self._judged(Path(resources["metadata"]["path"]), names["assignment"])
            Desk.put(names["student"], names["assignment"], prepared)
        return copy.deepcopy(prepared.notebook), resources

    def _judged(self, folder: Path, slug: str) -> Prepared:
        course = Path(self.course) if self.course else None
        verdict = judge_submission(folder, slug, course=course, seed=secrets.randbits(53), mode=self.mode)
        return prepare(folder, slug, verdict, course)


class FillVerdict(NbGraderPreprocessor):
    """Put the verdict into the test cells; a cell without one keeps its error, which gives no points."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        prepared = Desk.find(resources)
        if prepared is None:
            raise RuntimeError("there is no verdict on this submission: TakeSubmission must run first")
        results = {f"test_{result.name}": result for result in prepared.verdict.exercises}
        for cell in nb.cells:
            if is_grade(cell) and not is_solution(cell):
                result = None if prepared.verdict.refused else results.get(cell.metadata.nbgrader["grade_id"])
                fill_verdict(cell, result)
        return nb, resources


class SaveInOneStep(SaveAutoGrades):
    """Save the grades of all cells in one transaction: a run that is killed leaves the previous ones."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        names = resources["nbgrader"]
        self.notebook_id, self.assignment_id = names["notebook"], names["assignment"]
        self.student_id, self.db_url = names["student"], names["db_url"]
        self.gradebook = Gradebook(self.db_url)
        with self.gradebook:
            session = self.gradebook.db
            commit, session.commit = session.commit, session.flush
            try:
                nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
                if prepared := Desk.find(resources):
                    self._follow_verdict(prepared.verdict)
            finally:
                session.commit = commit
            session.commit()
        return nb, resources

    def _follow_verdict(self, verdict: ModuleResult) -> None:
        found = self.gradebook.find_submission_notebook(self.notebook_id, self.assignment_id, self.student_id)
        count_voids(self.gradebook, found, self.assignment_id, verdict)
        if verdict.refused:
            self._mark_refused(found)

    def _mark_refused(self, found: SubmittedNotebook) -> None:
        """Let a submission that could not be judged wait for a person, at its written answers, or at every test."""
        written = [grade for grade in found.grades if grade.cell.cell_type == "markdown"]
        for grade in written or found.grades:
            grade.needs_manual_grade = True


def configure(c):
    """Set how submissions are graded on a traitlets Config, and return it."""
    # The notebook between the two passes is ours, so no metadata from others has to be cleaned or checked.
    c.Autograde.sanitize_preprocessors = [TakeSubmission, OverwriteCells]
    c.Autograde.autograde_preprocessors = [FillVerdict, LimitOutput, SaveInOneStep, AssignLatePenalties]
    return c
