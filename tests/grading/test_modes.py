"""Grading modes: one weak answer does not spoil the others, and a student's own earlier modules cost them no points."""

import json
from pathlib import Path

import pytest
from tito.errors import TitoError
from tito.judge.predecessors import reference_predecessors
from tito.judge.submission import judge_submission
from tito.source.release import release_notebook

from tests.grading.conftest import COURSE
from tests.grading.corpus.submission import SLUG, Draft

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("worker_environment")]
USES_PAIRS = """def add(a, b):
    if a.shape != b.shape:
        raise ValueError("the shapes differ")
    return Box(pair_sum(a.data, b.data, "my way"))
"""
OWN_WAY = "def pair_sum(a, b, how=None):\n    return a + b\n"
WRONG = "def pair_sum(a, b, how=None):\n    return a - b\n"


class Student:
    """A student's submissions, by module."""

    def __init__(self, folder: Path, release: str, curriculum):
        self.folder, self._boxes = folder, release
        self._pairs = release_notebook(curriculum.find("pairs"), curriculum)

    def boxes(self, **sources: str) -> None:
        Draft(json.loads(self._boxes), {}).solve().solve(**sources).write(self.folder / SLUG)

    def pairs(self, source: str) -> None:
        Draft(json.loads(self._pairs), {}, "pairs.ipynb").solve(pair_sum=source).write(self.folder / "pairs")

    def judged(self, mode: str):
        return judge_submission(self.folder / SLUG, SLUG, course=COURSE, seed=3, mode=mode, earlier=self.folder)


@pytest.fixture
def student(tmp_path: Path, release: str, curriculum) -> Student:
    return Student(tmp_path, release, curriculum)


def test_what_works_with_her_own_earlier_module_counts(student: Student):
    student.pairs(OWN_WAY)
    student.boxes(add=USES_PAIRS)
    best = student.judged("best")
    assert best.points == 90 and best.exercise("add").lent == "your own earlier modules"
    assert student.judged("own").points == 90
    assert student.judged("reference").exercise("add").points == 0


def test_a_wrong_earlier_module_costs_nothing_in_best(student: Student):
    student.pairs(WRONG)
    student.boxes(add=USES_PAIRS.replace(', "my way"', ""))
    best = student.judged("best")
    assert best.points == 90 and best.exercise("add").lent == ""
    assert student.judged("own").exercise("add").points < 30


def test_an_earlier_module_that_cannot_be_used_is_the_references(student: Student):
    student.pairs("def pair_sum(a, b)\n    return")
    student.boxes(add=USES_PAIRS.replace(', "my way"', ""))
    assert student.judged("own").points == 90


def test_without_earlier_modules_the_reference_is_used(student: Student):
    student.boxes()
    assert {mode: student.judged(mode).points for mode in ("best", "own", "reference")} == dict.fromkeys(
        ("best", "own", "reference"), 90
    )


def test_the_reference_of_a_used_exercise_is_lent_and_said(student: Student):
    student.boxes(add="def add(a, b):\n    return Box(a.data * 0)\n")
    best = student.judged("best")
    assert best.exercise("mean").points == 20 and best.exercise("mean").lent == "the reference of add"
    assert best.exercise("add").lent == ""
    assert student.judged("reference").exercise("mean").points == 0


def test_help_is_for_answers_only(student: Student):
    """A student who did not write `mean` gets no points for it, whatever else is replaced by the reference."""
    student.boxes(add="def add(a, b):\n    return 1\n", mean="def mean(boxes):\n    return None\n")
    assert student.judged("best").exercise("mean").points == 0


def test_visible_checks_alone(student: Student, tmp_path: Path):
    student.boxes()
    verdict = judge_submission(tmp_path / SLUG, SLUG, course=COURSE, seed=3, visible_only=True)
    assert (verdict.points, verdict.max_points, verdict.passed) == (25, 25, True)
    assert not [check for exercise in verdict.exercises for check in exercise.checks if check.hidden]


def test_what_a_student_is_shown_was_computed_before_hidden_inputs_came(student: Student, tmp_path: Path):
    """Code that records its inputs and returns them in a later visible check reveals no inputs of hidden checks."""
    spy = "seen = []\n\n\ndef add(a, b):\n    seen.append(a.data)\n    return Box(a.data + b.data)\n"
    student.boxes(
        add=spy, descend="def descend(box, gradient, rate):\n    return Box([len(seen), float(np.sum(seen[-1]))])\n"
    )
    whole = student.judged("reference").exercise("descend").checks[0]
    visible = judge_submission(tmp_path / SLUG, SLUG, course=COURSE, seed=3, visible_only=True)
    assert whole == visible.exercise("descend").checks[0] and whole.got.startswith("[2., 3.]")


def test_nobody_else_on_the_machine_can_read_the_reference(curriculum):
    folder = reference_predecessors(curriculum.find(SLUG), curriculum).folder()
    assert (folder / "core" / "pairs.py").exists()
    assert folder.parent.stat().st_mode & 0o077 == 0


def test_an_unknown_mode_is_an_error_that_lists_the_known(student: Student):
    with pytest.raises(TitoError, match="must be one of best, reference, own, not 'kind'"):
        student.judged("kind")
