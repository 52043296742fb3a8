"""The verdict in nbgrader: nbgrader keeps points, manual grades and feedback; a run that dies gives nobody points."""

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import determine_grade
from tito.checks.link import Budget
from tito.gradebook import nbgrader_run, preprocessors
from tito.gradebook.canonical import LARGEST_OUTPUTS, _OwnCells
from tito.gradebook.nbgrader_run import grade_in_nbgrader
from tito.gradebook.preprocessors import Desk, configure
from tito.judge.read import Submission
from tito.judge.submission import judge_submission
from tito.source.percent import Cell
from tito.source.release import generate_notebooks
from traitlets.config import Config

from exchange.protocol.verdicts import ModuleResult
from tests.grading.conftest import COURSE
from tests.grading.corpus.hostile import FILES, TESTS
from tests.grading.corpus.submission import SLUG, Draft

pytestmark = [
    pytest.mark.service,
    pytest.mark.usefixtures("worker_environment"),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]
WRITTEN = "checkpoint_cost"


class Classroom:
    """An nbgrader course in which the module `boxes` is released."""

    def __init__(self, folder: Path, release: str):
        self.folder, self.release = folder, release

    def submit(self, student: str, *solved: str, **sources: str) -> Draft:
        draft = Draft(json.loads(self.release), {})
        if solved or sources:
            draft.solve(*solved, **sources)
        self.hand_in(student, draft)
        return draft

    def hand_in(self, student: str, draft: Draft) -> None:
        folder = self.folder / "submitted" / student / SLUG
        if folder.exists():
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        draft.write(folder)
        (folder / "timestamp.txt").write_text("2026-11-20 08:00:00 UTC")

    def judge(self, student: str) -> ModuleResult:
        folder = self.folder / "submitted" / student / SLUG
        return judge_submission(folder, SLUG, course=COURSE, seed=5, budget=Budget(request_seconds=10.0))

    def grade(self, student: str, verdict: ModuleResult | None = None) -> ModuleResult:
        verdict = verdict or self.judge(student)
        grade_in_nbgrader(self.folder, SLUG, student, verdict, course=COURSE)
        return verdict

    def grades(self, student: str) -> dict[str, tuple[float | None, bool]]:
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db") as gradebook:
            submission = gradebook.find_submission(SLUG, student)
            return {g.name: (g.auto_score, g.needs_manual_grade) for n in submission.notebooks for g in n.grades}

    def score(self, student: str) -> float:
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db") as gradebook:
            return gradebook.find_submission(SLUG, student).score

    def graded(self, student: str) -> nbformat.NotebookNode:
        return nbformat.read(self.folder / "autograded" / student / SLUG / f"{SLUG}.ipynb", as_version=4)


@pytest.fixture(scope="module", autouse=True)
def programs_on_path() -> Iterator[None]:
    """nbgrader calls alembic by its command name when it makes a gradebook."""
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    yield
    os.environ["PATH"] = before


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory, curriculum, release: str) -> Classroom:
    folder = tmp_path_factory.mktemp("course")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        generate_notebooks([curriculum.find(SLUG)], curriculum, folder)
    return Classroom(folder, release)


def cell_of(nb: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    return next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def test_points_of_passed_checks_reach_the_gradebook(classroom: Classroom):
    classroom.submit(
        "ada",
        "add",
        "mean",
        "halves",
        descend="def descend(box, gradient, rate):\n    box.data = box.data - rate * gradient\n",
    )
    verdict = classroom.grade("ada")
    grades = classroom.grades("ada")
    assert verdict.points == 70
    assert [grades[f"test_{n}"][0] for n in ("add", "mean", "halves", "descend")] == [30, 20, 20, 0]
    half = "def descend(box, gradient, rate):\n    return Box(box.data - rate * gradient)\n"
    classroom.submit("ada", "add", "mean", "halves", descend=half)
    assert classroom.grade("ada").points == 75
    assert classroom.grades("ada")["test_descend"] == (5, False)
    assert classroom.score("ada") == 75


def test_an_untouched_release_gets_nothing_and_needs_nobody(classroom: Classroom):
    classroom.submit("bob")
    classroom.grade("bob")
    assert set(classroom.grades("bob").values()) == {(0, False)}


def test_a_refused_submission_gets_nothing_and_says_why(classroom: Classroom):
    draft = classroom.submit("eve", "add")
    draft.encode = lambda document: b'{"cells": ['
    classroom.hand_in("eve", draft)
    verdict = classroom.grade("eve")
    assert verdict.refused and classroom.score("eve") == 0
    assert verdict.refused in classroom.graded("eve").cells[0].outputs[0].text
    assert set(classroom.grades("eve").values()) == {(0, False), (0, True)}  # a person must grade the written answer


def with_outputs(*outputs: dict) -> Callable[[dict], bytes]:
    """Return a function that encodes a notebook with these outputs below the answer to the exercise `add`."""

    def encode(document: dict) -> bytes:
        for cell in document["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "add":
                cell["outputs"] = list(outputs)
        return json.dumps(document).encode()

    return encode


def picture(size: int) -> dict:
    return {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * size, "text/plain": "a figure"}}


MEASURED = {"output_type": "stream", "name": "stdout", "text": "measured: 0.125 s"}


def test_a_notebook_with_huge_outputs_is_judged_and_graders_see_what_was_measured(classroom: Classroom):
    """A picture of 30 MB is left out; a line says what it was."""
    draft = classroom.submit("dora", "add")
    draft.encode = with_outputs(picture(30 * 2**20), MEASURED)
    classroom.hand_in("dora", draft)
    verdict = classroom.grade("dora")
    assert (verdict.refused, verdict.points) == ("", 30)
    assert "cell" in verdict.notes[0].text and "image/png, 30.0 MB" in verdict.notes[0].text
    shown = [output.text for output in cell_of(classroom.graded("dora"), "add").outputs]
    assert "output cut on arrival: image/png, 30.0 MB" in shown[1] and shown[2] == MEASURED["text"]


def test_of_many_outputs_graders_see_the_smaller_ones(classroom: Classroom):
    """Large early outputs do not crowd out small later ones, and a line says what is missing."""
    texts = [{**MEASURED, "text": "\u20ac" * 4000}] * 19  # 24 kB each as JSON, in 40 cells
    submission = Submission(
        cells=[Cell("code", f"x = {number}", 0, number) for number in range(1, 41)],
        document={"cells": [{"outputs": [*texts, MEASURED, MEASURED, MEASURED]} for _ in range(40)]},
    )
    saved = _OwnCells(submission, given=set()).others_after("")
    shown = [output.text for cell in saved for output in cell.outputs]
    assert sum(text == MEASURED["text"] for text in shown) == 40
    assert sum("among the largest" in text for text in shown) > 100
    assert sum(text == "[2 more outputs: not shown]\n" for text in shown) == 40
    assert len(json.dumps([cell.outputs for cell in saved])) < 1.05 * LARGEST_OUTPUTS


def test_written_answers_wait_for_a_person_whose_points_stay(classroom: Classroom):
    draft = classroom.submit("joe", "add")
    draft.put(WRITTEN, "One multiplication, I think.")
    classroom.hand_in("joe", draft)
    classroom.grade("joe")
    assert classroom.grades("joe")[WRITTEN] == (None, True)
    with Gradebook(f"sqlite:///{classroom.folder}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(WRITTEN, SLUG, SLUG, "joe")
        grade.manual_score, grade.needs_manual_grade = 7, False
        gradebook.db.commit()
    classroom.grade("joe")
    assert classroom.score("joe") == 37


def test_the_graded_notebook_is_the_courses_own_with_her_answers(classroom: Classroom, staff: nbformat.NotebookNode):
    draft = classroom.submit("zoe", "add")
    draft.put("test_mean", "assert True")
    draft.insert("add", "my_helper = 1")
    draft.cell("add")["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "x" * 100_000},
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script>"}},
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/svg+xml": "<svg onload='x()'/>", "text/plain": "a picture"},
        },
        {
            "output_type": "execute_result",
            "execution_count": 1,
            "metadata": {},
            "data": {"application/javascript": "x()"},
        },
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 600_000, "text/plain": "<Figure>"}},
    ]
    classroom.hand_in("zoe", draft)
    classroom.grade("zoe")
    nb = classroom.graded("zoe")
    assert len(nb.cells) == len(staff.cells) + 1
    assert cell_of(nb, "test_mean").source == cell_of(staff, "test_mean").source
    assert "Box(a.data + b.data)" in cell_of(nb, "add").source
    assert cell_of(nb, "mean").source != cell_of(staff, "mean").source, "the sample solution must not be in it"
    shown = cell_of(nb, "add").outputs
    assert shown[0].text.startswith("[as submitted, not verified]") and len(shown[1].text) < 5000
    said = "".join(output.get("text", "") for output in shown)
    assert said.count("neither text nor a PNG picture: not shown") == 2
    assert "[picture of 450 kB not shown: the limit is 300 kB]" in said
    text = json.dumps(nb)
    assert "script" not in text and "onload" not in text and "javascript" not in text and "a picture" in text
    assert "SECRET-boxes-words" not in text


def test_outputs_show_visible_checks_whole_and_of_hidden_ones_the_fault(classroom: Classroom):
    classroom.submit("kim", add="def add(a, b):\n    return Box(a.data - b.data)\n")
    classroom.grade("kim")
    said = cell_of(classroom.graded("kim"), "test_add").outputs[0].text
    assert "add(Box([1, 2]), Box([3, 4])).data" in said and "[4.0, 6.0]" in said and "-2" in said
    assert "hidden check 1 of 2" in said and "wrong value" in said
    assert "HIDDEN_CANARY" not in said and "random boxes" not in said


def test_a_test_cell_without_a_verdict_gives_nothing(classroom: Classroom, monkeypatch):
    """Stock nbgrader gives an empty test cell full marks; our cells hold an error until a verdict replaces it."""
    classroom.submit("lea", "add")
    verdict = classroom.judge("lea")
    monkeypatch.setattr(preprocessors, "fill_verdict", lambda cell, result: None)
    classroom.grade("lea", verdict)
    assert classroom.score("lea") == 0
    nb = classroom.graded("lea")
    assert determine_grade(cell_of(nb, "test_add"))[0] == 0


@pytest.mark.parametrize("moment", ["before saving", "while saving", "after saving, before the notebook is in place"])
def test_a_run_that_dies_leaves_the_previous_grade(classroom: Classroom, monkeypatch, moment: str):
    classroom.submit("max", "add", "mean")
    classroom.grade("max")
    before, notebook = classroom.grades("max"), classroom.graded("max")
    classroom.submit("max")

    def die(*_, **__):
        raise KeyboardInterrupt

    if moment == "before saving":
        monkeypatch.setattr(preprocessors.FillVerdict, "preprocess", die)
    elif moment == "while saving":
        saved: list[str] = []
        add = preprocessors.SaveInOneStep._add_score

        def second_dies(self, cell, resources):
            if saved:
                die()
            saved.append(cell.metadata.nbgrader["grade_id"])
            add(self, cell, resources)

        monkeypatch.setattr(preprocessors.SaveInOneStep, "_add_score", second_dies)
    else:
        monkeypatch.setattr(nbgrader_run, "_put_in_place", die)
    with pytest.raises(KeyboardInterrupt):
        classroom.grade("max")
    if not moment.startswith("after"):
        assert classroom.grades("max") == before
    assert classroom.graded("max") == notebook
    assert not list(classroom.folder.glob(".grading-*"))


def test_nbgraders_own_command_judges_too(classroom: Classroom):
    """With `configure(c)` in nbgrader_config.py, stock Autograde judges the submission and runs no cell itself."""
    classroom.submit("noa", "add", "mean", "halves", "descend")
    config = configure(Config())
    config.CourseDirectory.root = str(classroom.folder)
    config.CourseDirectory.assignment_id, config.CourseDirectory.student_id = SLUG, "noa"
    config.TakeSubmission.course = str(COURSE)
    converter = Autograde(coursedir=CourseDirectory(config=config), config=config)
    converter.log = logging.Logger("autograde", logging.CRITICAL)
    converter.start()
    assert classroom.score("noa") == 90
    assert Desk.find({"nbgrader": {"student": "noa", "assignment": SLUG}})


@pytest.mark.timeout(900)
def test_no_submission_stops_a_batch(classroom: Classroom, canaries):
    """Every malformed or manipulated submission in the batch gets no points, and a good one after them gets all."""
    batch = [case for case in (*TESTS, *FILES) if case.name != "30 MB of JSON"]
    for number, case in enumerate(batch):
        classroom.hand_in(f"student{number}", case.draft(classroom.release, canaries.places))
    classroom.submit("zzz", "add", "mean", "halves", "descend")
    students = [*(f"student{number}" for number in range(len(batch))), "zzz"]
    for student in students:
        classroom.grade(student)
    assert {student: classroom.score(student) for student in students} == dict.fromkeys(students, 0) | {"zzz": 90}
    canaries.assert_alive()


def test_what_else_was_uploaded_does_not_reach_the_graded_folder(classroom: Classroom):
    draft = classroom.submit("pia", "add")
    draft.files = {"nbgrader_config.py": b"raise SystemExit", "page.html": b"<script>"}
    classroom.hand_in("pia", draft)
    classroom.grade("pia")
    names = sorted(p.name for p in (classroom.folder / "autograded" / "pia" / SLUG).iterdir())
    assert names == [f"{SLUG}.ipynb", "timestamp.txt"]
