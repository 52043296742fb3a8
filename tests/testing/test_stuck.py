"""Help is offered beside a test cell that has failed several times; if that can't be counted, the cell still runs."""

import atexit
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tinytorch import stuck

CELL = """
from tinytorch.testing import same, unit_test
test = unit_test("halve")
@test.check("one", points=1)
def _():
    {body}
test.report()
"""
WRONG, RIGHT = "same(1, 2)", "same(1, 1)"
OPEN = "raise NotImplementedError(\"exercise 'halve' is not solved yet: write your code\")"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "tinytorch"))
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.delenv("EXCHANGE_URL", raising=False)
    return tmp_path / "tinytorch"


def offers(*bodies: str) -> list[str]:
    """Run the test cell with each of the bodies, each in a new IPython shell; return what was offered."""
    shown: list[str] = []
    for body in bodies:
        shell = InteractiveShell.instance()
        shell._showtraceback = lambda *told: None
        shell.display_pub.publish = lambda data, **more: shown.append(data["text/markdown"])
        try:
            shell.run_cell(CELL.format(body=body))
        finally:
            InteractiveShell.clear_instance()
            atexit.unregister(shell.atexit_operations)  # each would collect all garbage at exit
    return shown


def test_help_is_offered_after_three_failed_runs_over_restarts(home: Path):
    assert offers(WRONG, WRONG) == []
    (offer,) = offers(WRONG)
    assert "test.hint()" in offer
    assert "(/user/ada/stuck/halve)" in offer
    assert offers(RIGHT, WRONG, WRONG) == [], "a success begins the count anew"


def test_an_exercise_that_is_not_begun_is_no_failure(home: Path):
    assert offers(*[OPEN] * 5) == []


def test_outside_of_a_students_home_nothing_is_counted(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TINYTORCH_HOME")
    assert offers(*[WRONG] * 4) == []
    assert not home.exists()


def test_where_the_count_cant_be_kept_the_cell_goes_on(home: Path):
    home.parent.joinpath("tinytorch").write_text("a file where a folder belongs")
    assert offers(*[WRONG] * 4) == []
    stuck.forget_failures("halve")


@pytest.mark.parametrize("name", ["../../x", "a/b", ""])
def test_a_name_that_is_no_exercise_counts_nothing(home: Path, name: str):
    assert stuck.count_failure(name) == 0
    assert not home.exists()
