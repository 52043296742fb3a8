"""Declared mistakes: made from the reference, matched with the release's warnings, and seen only by staff."""

import json
from pathlib import Path

import pytest
import yaml
from tito.curriculum import Mistake, load_curriculum
from tito.errors import FindingsError, TitoError
from tito.staff.lint import lint_module
from tito.staff.mistakes import faulty, fold

CELL = '''def total(rows):
    """Add. HINT: sum = 0 first."""
    sum = 0
    ### BEGIN SOLUTION
    sum = 0
    for row in rows:
        if row:
            sum += row
            log(sum)
    return sum
    ### END SOLUTION
    return sum
'''
WARNING = "A function may use another one."
RIGHT, WRONG = "return scale(x, 0.5)", "return scale(x, 2.0)"


@pytest.mark.parametrize(
    ("replace", "by", "expected"),
    [
        ("sum += row", "sum = row", ("            sum += row\n", "            sum = row\n")),
        ("sum += row\nlog(sum)\n", "log(sum)\n",
         ("            sum += row\n            log(sum)\n", "            log(sum)\n")),
        ("if row:\n    sum += row", "sum += row\nif row:",
         ("        if row:\n            sum += row\n", "        sum += row\n        if row:\n")),
        ("            log(sum)\n", "", ("            log(sum)\n", "\n")),
        ("return sum", "return -sum", ("    return sum\n    ### END", "    return -sum\n    ### END")),
        ("sum = 0", "sum = 1", ("SOLUTION\n    sum = 0", "SOLUTION\n    sum = 1")),
    ],
)  # fmt: skip
def test_a_variant_differs_in_the_solution_alone(replace: str, by: str, expected: tuple[str, str]):
    assert CELL.count(expected[0]) == 1
    assert faulty(CELL, Mistake("", replace, by)) == CELL.replace(*expected)


@pytest.mark.parametrize(
    ("replace", "count"), [("row", 4), ("HINT", 0), ("log(sum)\nreturn sum", 0), ("sum += row\nreturn", 0)]
)
def test_a_snippet_must_stand_once(replace: str, count: int):
    with pytest.raises(TitoError, match=f"must occur once in the solution, it occurs {count} times"):
        faulty(CELL, Mistake("", replace, "0"))


def test_whitespace_and_what_stands_before_a_line_are_folded():
    assert fold("> - never\n>   divide\n\n    # by zero\n1. or\n  * one") == "never divide by zero or one"


def declare(course: Path, mistakes: object) -> None:
    """Write mistakes of the exercise `halve` into its module.yaml."""
    path = course / "modules" / "01_scale" / "module.yaml"
    data = yaml.safe_load(path.read_text())
    data["exercises"][1]["mistakes"] = mistakes
    path.write_text(yaml.safe_dump(data, sort_keys=False))


def lint(course: Path) -> list[str]:
    return [finding.message for finding in lint_module(load_curriculum(course).find("scale"))]


def test_a_mistake_that_is_warned_of_is_in_order_and_stays_with_the_staff(course: Path):
    declare(course, [{"warns": WARNING, "replace": RIGHT, "by": WRONG}])
    assert lint(course) == []
    curriculum = load_curriculum(course)
    assert curriculum.find("scale").exercises[1].mistakes == (Mistake(WARNING, RIGHT, WRONG),)
    assert "mistakes" not in json.dumps(curriculum.to_json())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"warns": "Nobody says this."}, "mistake of 'halve': the release lacks the sentence 'Nobody says this.'"),
        ({"warns": "raises(ValueError, lambda: scale(x, x)"}, "the release lacks the sentence"),  # a hidden check
        ({"warns": "return scale(x, 0.5)"}, "the release lacks the sentence"),  # the solution
        ({"replace": "return 1"}, "'return 1' must occur once in the solution, it occurs 0 times"),
        ({"by": "return scale(x, 2.0"}, "the variant is not Python"),
        ({"by": "return scale(x,  0.5)"}, "the variant changes nothing"),
    ],
)  # fmt: skip
def test_lint_finds_what_is_wrong_with_a_mistake(course: Path, changed: dict, message: str):
    declare(course, [{"warns": WARNING, "replace": RIGHT, "by": WRONG} | changed])
    (found,) = lint(course)
    assert message in found


@pytest.mark.parametrize(
    "mistakes",
    [
        "one",
        [{"warns": WARNING}],
        [{"warns": WARNING, "replace": "", "by": ""}],
        [{"warns": 1, "replace": "a", "by": "b"}],
    ],
)
def test_a_mistake_of_another_form_is_told(course: Path, mistakes: object):
    declare(course, mistakes)
    with pytest.raises(FindingsError, match="mistake"):
        load_curriculum(course)
