"""What is attached to a question: the exercise's cell, and the first check that its test cell printed as failing."""

import json

import pytest
from tito.atomic import write_atomically
from tito.stuck.cells import LONGEST_CELL, beside, failing_check
from tito.workspace import Workspace

from exchange.service.questions import LONGEST, clean
from tinytorch.testing.exercise import Outcome, Session, UnitTest, table


def printed(*outcomes: Outcome) -> str:
    test = UnitTest("halve", Session())
    test.outcomes.extend(outcomes)
    return table(test)


def test_the_first_failing_check_and_its_reason_are_found_in_a_real_table():
    text = printed(
        Outcome("one passes", 2, passed=True),
        Outcome("two fails", 3, kind="values", got="[1]", expected="[2]", why="the first number differs"),
        Outcome("three fails", 3, kind="error", why="TypeError: no"),
    )
    assert failing_check(text) == ("two fails", "the first number differs")


def test_a_reason_is_never_that_of_another_check():
    text = printed(Outcome("two fails", 3, kind="values"), Outcome("three fails", 3, kind="error", why="TypeError: no"))
    assert failing_check(text) == ("two fails", "")
    assert failing_check(printed(Outcome("one", 1, passed=True))) == ("", "")


def test_cell_and_check_are_read_from_the_saved_notebook(workspace: Workspace):
    text = printed(Outcome("two fails", 3, kind="values", why="differs"))
    cells = [
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "halve"}}, "source": ["def halve(x):\n", "    1"]},
        {
            "cell_type": "code",
            "metadata": {"nbgrader": {"grade_id": "test_halve"}},
            "source": "",
            "outputs": [{"output_type": "stream", "text": text}],
        },
    ]
    write_atomically(workspace.notebook("scale"), json.dumps({"cells": cells, "nbformat": 4}))
    found = beside(workspace, "scale", "halve")
    assert (found.cell, found.check, found.why) == ("def halve(x):\n    1", "two fails", "differs")


def test_control_characters_of_a_cell_keep_no_question_back(workspace: Workspace):
    cell = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "halve"}}, "source": "a\r\n\x1b[2J\tb\ud800"}
    write_atomically(workspace.notebook("scale"), json.dumps({"cells": [cell], "nbformat": 4}))
    found = beside(workspace, "scale", "halve")
    assert found.cell == "a\n\ufffd[2J\tb\ufffd"
    assert clean("cell", found.cell) == found.cell


@pytest.mark.parametrize("data", ["", "{", '{"cells": [1, {"metadata": 3}]}'])
def test_a_damaged_or_missing_notebook_has_nothing_to_give(workspace: Workspace, data: str):
    assert beside(workspace, "scale", "halve").cell == ""
    write_atomically(workspace.notebook("scale"), data)
    assert beside(workspace, "scale", "halve").check == ""


def test_what_goes_with_a_question_is_no_longer_than_the_exchange_takes():
    assert LONGEST["cell"] >= LONGEST_CELL
