"""Hints in steps: a release carries them, they open one by one, and none contains a solution."""

import json
from pathlib import Path

import nbformat
import pytest
from tito.atomic import write_atomically
from tito.curriculum import load_curriculum
from tito.source.hints import LONGEST_CHARACTERS, hints_in
from tito.source.percent import read_percent
from tito.source.release import release_notebook, staff_notebook
from tito.staff.lint import lint_module
from tito.staff.lint_hints import secret_lines
from tito.staff.lint_source import ModuleSource
from tito.stuck.hints import find_hints, hints_of, open_next
from tito.student.reports import take
from tito.workspace import Workspace

from tinytorch.testing.exercise import Session, UnitTest

HINTS = "halve:\n- first, in words\n- second, with more words\n"


def with_hints(course: Path, text: str = HINTS) -> Path:
    path = course / "modules" / "01_scale" / "hints.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def exercises(course: Path) -> list[str]:
    return [exercise.name for exercise in load_curriculum(course).find("scale").exercises]


@pytest.fixture
def fetched(course: Path, workspace: Workspace) -> Workspace:
    """A home with a release that has hints."""
    name = exercises(course)[0]
    with_hints(course, HINTS.replace("halve", name))
    curriculum = load_curriculum(course)
    module = curriculum.find("scale")
    # As the release carries them; the test below checks that nbgrader's converters keep them.
    write_atomically(workspace.release("scale"), staff_notebook(module, curriculum))
    return workspace


def test_a_release_carries_hints_and_its_cells_stay_the_same(course: Path, releases: dict[str, str]):
    name = exercises(course)[0]
    with_hints(course, HINTS.replace("halve", name))
    curriculum = load_curriculum(course)
    made = nbformat.reads(release_notebook(curriculum.find("scale"), curriculum), 4)
    before = nbformat.reads(releases["scale"], 4)
    assert made.cells == before.cells
    assert hints_in(before) == {}
    assert hints_in(made) == {name: ["first, in words", "second, with more words"]}


def test_hints_open_one_by_one_and_stay_open(fetched: Workspace, course: Path, tito):
    name = exercises(course)[0]
    assert tito("hint", name, "--again", "--json").json["hints"] == []
    first = tito("hint", name)
    assert "first, in words" in first.out
    assert "second" not in first.out
    assert tito("hint", name, "--again", "--json").json == {
        "module": "scale", "exercise": name, "opened": 1, "of": 2, "hints": ["first, in words"]
    }  # fmt: skip
    assert "That was all" in tito("hint", name).out
    assert tito("hint", name, "--json").json["opened"] == 2, "there is no third to open"


def test_an_exercise_without_hints_and_one_that_is_none(fetched: Workspace, course: Path, tito):
    other = exercises(course)[1]
    assert "no step-by-step hints" in tito("hint", other).out
    wrong = tito("hint", exercises(course)[0] + "x")
    assert wrong.code == 1
    assert exercises(course)[0] in wrong.err


def test_an_opened_hint_is_told_to_the_course(fetched: Workspace, course: Path, monkeypatch: pytest.MonkeyPatch):
    name = exercises(course)[0]
    open_next(fetched, "scale", name)  # there is no exchange yet
    monkeypatch.setenv("EXCHANGE_URL", "http://127.0.0.1:1")
    open_next(fetched, "scale", name)
    open_next(fetched, "scale", name)  # none is left: nothing is opened, nothing is reported
    assert take(fetched, load_curriculum(course)) == [("scale", {"exercise": name, "hint": 2})]


@pytest.mark.parametrize(
    "data", ["", "no JSON", "[]", '{"metadata": 3}', '{"metadata": {"tinytorch": {"hints": [1]}}}']
)
def test_a_damaged_release_has_no_hints(workspace: Workspace, data: str):
    write_atomically(workspace.release("scale"), data)
    assert hints_of(workspace, "scale") == {}
    assert find_hints(workspace, "scale", "x").texts == ()


@pytest.mark.parametrize("remembered", [3, {"X": "two"}, {"X": -1}, {"X": 99}, {"X": True}])
def test_what_is_remembered_may_be_anything(fetched: Workspace, course: Path, remembered):
    name = exercises(course)[0]
    if isinstance(remembered, dict):
        remembered = {name: remembered["X"]}
    fetched.remember("scale", hints_opened=remembered)
    hints = find_hints(fetched, "scale", name)
    assert 0 <= hints.opened <= len(hints.texts) == 2


RULES = {
    "no exercise": ("nobody:\n- text\n", "'nobody' is not an exercise of this module"),
    "no mapping": ("- text\n", "must be a mapping"),
    "four": ("NAME: [a, b, c, d]\n", "must have a list of 1 to 3 hints"),
    "none": ("NAME: []\n", "must have a list of 1 to 3 hints"),
    "no text": ("NAME: [3]\n", "must be text"),
    "long": (f"NAME: [{'a' * (LONGEST_CHARACTERS + 1)}]\n", f"{LONGEST_CHARACTERS} at most"),
    "twice": ("NAME: [a, a]\n", "repeats an earlier one"),
    "no YAML": ("NAME: [\n", "is not valid YAML"),
}


@pytest.mark.parametrize("rule", RULES)
def test_lint_finds_wrong_hints(course: Path, rule: str):
    text, message = RULES[rule]
    path = with_hints(course, text.replace("NAME", exercises(course)[0]))
    findings = lint_module(load_curriculum(course).find("scale"))
    assert [finding.path for finding in findings] == [path]
    assert message in findings[0].message


def solution_line(course: Path) -> str:
    module = load_curriculum(course).find("scale")
    source = ModuleSource(module, read_percent(module.source))
    return max((line for cell in source.solutions for line in secret_lines(source, cell)), key=len)


def hidden_line(course: Path) -> str:
    module = load_curriculum(course).find("scale")
    source = ModuleSource(module, read_percent(module.source))
    return max((line for cell in source.tests for line in secret_lines(source, cell)), key=len)


@pytest.mark.parametrize("secret", [solution_line, hidden_line])
@pytest.mark.parametrize("spelt", ["Write `{}`.", "{}", "like so:\n    {}"])
def test_a_hint_is_no_line_of_a_solution_or_of_a_hidden_test(course: Path, secret, spelt: str):
    line = secret(course)
    spaced = line.replace("'", '"').replace("(", "( ").replace("=", " = ")
    with_hints(course, json.dumps({exercises(course)[0]: ["in words", spelt.format(spaced)]}))
    (finding,) = lint_module(load_curriculum(course).find("scale"))
    assert "hint 2" in finding.message
    assert "away" in finding.message


@pytest.mark.service
def test_the_word_of_a_test_cell_opens_the_next_hint(fetched: Workspace, course: Path, capsys: pytest.CaptureFixture):
    test = UnitTest(exercises(course)[0], Session())
    test.hint()
    said = capsys.readouterr().out
    assert "first, in words" in said
    assert "second" not in said
    UnitTest(exercises(course)[0], Session(prints=False)).hint()
    assert capsys.readouterr().out == "", "the judge opens none"
    assert find_hints(fetched, "scale", exercises(course)[0]).opened == 1
