"""Feedback pages for students, made by nbgrader's own GenerateFeedback, with hidden tests taken out and all text
sanitized.

A student gets one HTML file per notebook, without scripts. Files that were submitted next to the notebook are not
copied into the feedback folder: they would be released with it.
"""

import re
import shutil
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor, Preprocessor
from nbformat import NotebookNode
from nbgrader.api import Gradebook, SubmittedNotebook
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import GetGrades
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool, List, Unicode
from traitlets.config import Config

from tito.errors import TitoError
from tito.rendering.sanitize import SanitizingExporter

from .policy import grading_policy
from .scores import counted_score
from .unread import score_words, unread_of
from .void_marks import mark_voids
from .voids import voids_of

TEMPLATES = Path(__file__).parent / "templates"
HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS.*?(^[ \t]*### END HIDDEN TESTS[^\n]*\n?|\Z)", re.DOTALL | re.MULTILINE
)


class RemoveHiddenTests(Preprocessor):
    """Cut hidden tests out of test cells; an unclosed one takes the rest of its cell with it."""

    enabled = Bool(True).tag(config=True)

    def preprocess_cell(self, cell: NotebookNode, resources, index):
        if is_grade(cell) and not is_solution(cell):
            cell.source = HIDDEN.sub("", cell.source).rstrip() + "\n# hidden tests are not shown\n"
        return cell, resources


class CountedScore(GetGrades):
    """nbgrader's grades of each part, and the total as it counts in this semester."""

    def preprocess(self, nb: NotebookNode, resources):
        nb, resources = super().preprocess(nb, resources)
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            found = gradebook.find_submission_notebook(about["notebook"], about["assignment"], about["student"])
            policy = grading_policy(Path(self.course_dir))
            unread, score = unread_of(policy, found), counted_score(policy, found)
            about["counted_score"], about["manual_percent"], about["unread"] = score, policy.manual_percent, unread
            about["score_words"] = score_words(score, found.max_score, unread)
            about["void_checks"] = mark_voids(nb, voids_of(gradebook, about["assignment"]))
            self._mark_unread(nb, found, policy.reads_by_hand)
        return nb, resources

    def _mark_unread(self, nb: NotebookNode, found: SubmittedNotebook, reads_by_hand: bool) -> None:
        waiting = {grade.name for grade in found.grades if grade.needs_manual_grade and reads_by_hand}
        for cell in nb.cells:
            if is_grade(cell):
                cell.metadata.nbgrader["unread"] = cell.metadata.nbgrader["grade_id"] in waiting

    course_dir = Unicode("").tag(config=True)


class CourseFeedback(GenerateFeedback):
    """GenerateFeedback with our template, and without the submission's other files."""

    preprocessors = List([CountedScore, RemoveHiddenTests, CSSHTMLHeaderPreprocessor]).tag(config=True)  # type: ignore[list-item]

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        source = Path(self._format_source(assignment_id, student_id))
        target = Path(self._format_dest(assignment_id, student_id))
        target.mkdir(parents=True, exist_ok=True)
        for name in ("timestamp.txt", "submission_secret.txt"):
            if (source / name).is_file():
                shutil.copy(source / name, target / name)


def generate_feedback(course_dir: Path, course_id: str, assignment: str, student: str) -> Path:
    """Write the feedback page of one graded submission and return it; raise TitoError if it has not been graded yet."""
    graded = course_dir / "autograded" / student / assignment
    if not (graded / f"{assignment}.ipynb").is_file():
        raise TitoError(f"{student} has no graded submission of {assignment} to give feedback on: autograde it first")
    config = Config()
    config.CourseDirectory.root = str(course_dir)
    config.CountedScore.course_dir = str(course_dir)
    config.CourseDirectory.course_id = course_id
    config.CourseDirectory.assignment_id = assignment
    config.CourseDirectory.student_id = student
    config.SanitizingExporter.template_name = "tito_feedback"
    config.SanitizingExporter.extra_template_basedirs = [str(TEMPLATES)]
    config.SanitizingExporter.sanitize_html = True
    config.SanitizingExporter.mathjax_url = ""
    config.SanitizingExporter.exclude_anchor_links = True
    config.GenerateFeedback.exporter_class = SanitizingExporter
    converter = CourseFeedback(coursedir=CourseDirectory(config=config), config=config)
    converter.force = True
    converter.start()
    return course_dir / "feedback" / student / assignment / f"{assignment}.html"
