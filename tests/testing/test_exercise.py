"""Named checks: each runs, each counts separately, and the table says what a student needs to know."""

import subprocess
import sys

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.testing import ChecksFailed, close, raises, same, true, unit_test
from tinytorch.testing.exercise import Session, use_session


def double(x):
    return x * 2


def wrong(x):
    return x * 3


def broken(x):
    return x.no_such_thing


def unsolved(x):
    raise NotImplementedError("exercise 'unsolved' is not solved yet: write it")


def run(function, name="double"):
    test = unit_test(name)

    @test.check("one number", points=2)
    def _():
        same(function(3), 6)

    @test.check("an array", points=3)
    def _():
        x = np.array([1.0, 2.0])
        close(function(x), [2.0, 4.0])

    @test.check("not too large", points=1, hidden=True)
    def _():
        true(function(1) < 10, "stays below ten")

    return test


def told(test, capsys) -> str:
    with pytest.raises(ChecksFailed):
        test.report()
    return capsys.readouterr().out


def test_what_passes_takes_one_line(capsys):
    run(double).report()
    assert capsys.readouterr().out == "✅ double: 3 checks, 6 of 6 points\n"


def test_what_is_checked_on_submission_is_announced_and_costs_nothing(capsys):
    test = run(double)
    test.on_submission("random numbers", points=35)
    test.on_submission("no numbers", points=2.5)
    test.report()
    assert (test.points, test.max_points) == (6, 6)
    assert capsys.readouterr().out == (
        "✅ double: 3 checks, 6 of 6 points\nchecked when you submit:\n   random numbers  35\n   no numbers      2.5\n"
    )


def test_a_failing_check_costs_its_points_and_hides_no_other(capsys):
    test = run(wrong)
    assert (test.points, test.max_points) == (1, 6)
    out = told(test, capsys)
    assert [line[0] for line in out.splitlines() if line[0] in "✅❌"] == ["❌", "❌", "✅"]


def test_the_table_says_what_was_called_came_back_and_was_expected(capsys):
    out = told(run(wrong), capsys)
    for words in ("called     function(3)", "came back  9", "expected   6", "so         9 came back, 6 was expected"):
        assert words in out
    assert "function(x)   where x = [1., 2.]" in out
    assert "2 of 2 values differ by more than rounding" in out
    assert "not too large  (hidden)" in out


def test_a_variable_is_told_with_the_call_that_gave_its_value(capsys):
    test, step = unit_test("step"), lambda p, lr: (p, 0.4)

    @test.check("the velocity", points=1)
    def _():
        place, velocity = step(2.0, lr=0.1)
        close(place, 2.0)
        close(velocity, 0.5)

    assert "called     velocity, from step(2.0, lr=0.1)" in told(test, capsys)


def test_an_id_that_is_no_key_is_told_in_words(capsys):
    test, grads = unit_test("walk"), {}

    @test.check("a walk", points=1)
    def _():
        grads.pop(id(test))

    assert f"nothing is stored under {id(test)}, which looks like an id(...)" in told(test, capsys)


def test_an_error_names_the_line_that_raised_it(capsys):
    out = told(run(broken), capsys)
    assert "AttributeError: 'int' object has no attribute 'no_such_thing'" in out
    assert "of broken: return x.no_such_thing" in out


def test_a_check_that_got_none_asks_for_the_return(capsys):
    test, forgetful = unit_test("forgetful"), lambda x: None

    @test.check("its data", points=1)
    def _():
        same(forgetful(3).data, 6)

    @test.check("its shape", points=1)
    def _():
        same(forgetful(3).shape, ())

    @test.check("two of them", points=1)
    def _():
        _, _ = forgetful(3)

    @test.check("None on the way", points=1)
    def _():
        broken(None)

    assert [outcome.why for outcome in test.outcomes] == [
        "None came back, a Tensor was expected: is a `return` missing?",
        "None came back, something with `.shape` was expected: is a `return` missing?",
        "None came back, something else was expected: is a `return` missing?",
        "AttributeError: 'NoneType' object has no attribute 'no_such_thing'",
    ]


def test_an_error_inside_the_framework_names_the_students_line(capsys):
    def steps(x):
        return Tensor(x) @ Tensor(x)

    out = told(run(lambda x: steps([[1.0, 2.0]])), capsys)
    assert "of steps: return Tensor(x) @ Tensor(x)" in out and "of matmul" not in out


def test_an_unsolved_exercise_is_told_once(capsys):
    test = run(unsolved)
    out = told(test, capsys)
    assert out.count("exercise 'unsolved' is not solved yet") == 1 and out.count("⬜") == 3
    with pytest.raises(ChecksFailed, match=r"^exercise 'unsolved' is not solved yet: write it$"):
        test.report()


def test_a_test_without_checks_proves_nothing(capsys):
    with pytest.raises(ChecksFailed, match="no check ran"):
        unit_test("empty").report()


def test_a_notebook_shows_one_line_instead_of_a_traceback():
    """IPython calls the exception's own method to show it."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shown: list[list[str]] = []
    shell._showtraceback = lambda kind, error, lines: shown.append(lines)
    shell.run_cell("from tinytorch.testing import unit_test\nunit_test('nothing').report()")
    assert shown == [["ChecksFailed: nothing: no check ran; a test without checks proves nothing"]]


def test_negative_points_are_a_mistake():
    with pytest.raises(ValueError, match="must not be negative"):
        unit_test("x").check("y", points=-1)


def test_random_inputs_depend_on_the_seed_and_the_exercise_alone():
    def draw(seed: int, name: str) -> float:
        previous = use_session(Session(seed=seed))
        try:
            unit_test("another").rng.random()
            return unit_test(name).rng.random()
        finally:
            use_session(previous)

    assert draw(1, "a") == draw(1, "a")
    assert len({draw(1, "a"), draw(2, "a"), draw(1, "b")}) == 3


def test_an_unsolved_exercise_does_not_pass_for_an_expected_error():
    test = unit_test("unsolved")

    @test.check("refuses text", points=5)
    def _():
        raises(RuntimeError, unsolved, "text")  # NotImplementedError is a RuntimeError

    assert test.points == 0 and test.outcomes[0].kind == "not solved"


def test_an_exit_of_student_code_is_not_swallowed():
    test = unit_test("exit")
    with pytest.raises(SystemExit):

        @test.check("leaves", points=1)
        def _():
            raise SystemExit


def test_the_words_need_numpy_alone():
    """Importing tinytorch.testing loads neither IPython nor a plotting library."""
    program = "import sys, tinytorch.testing; print({'IPython', 'matplotlib', 'tito', 'msgpack'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
