"""The judge limits itself: whatever student code returns, and whatever it has to parse, it finishes in time."""

import faulthandler
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from tito.checks.run import NotJudgedNow
from tito.judge import submission as judge_module
from tito.judge.apart import Bounds, do_apart
from tito.judge.submission import judge_submission

from exchange.protocol.verdicts import ModuleResult
from tests.grading.greedy import COURSE, SHORT, SLUG, SOURCES, VALUES, write
from tests.grading.test_corpus import _children, others  # noqa: F401

pytestmark = [pytest.mark.service, pytest.mark.security, pytest.mark.usefixtures("worker_environment")]


def judge(folder: Path, budget=SHORT, **options) -> ModuleResult:
    return judge_submission(folder, SLUG, course=COURSE, seed=1, budget=budget, **options)


def passed(verdict: ModuleResult, exercise: str) -> set[str]:
    return {check.title for check in verdict.exercise(exercise).checks if check.passed}


def test_no_value_holds_the_judge_up_and_each_costs_its_own_check_alone(tmp_path: Path, others):  # noqa: F811
    verdict = judge(write(tmp_path, VALUES))
    assert verdict.exercise("double").points == 30
    # An error's text may be long: it is cut.
    assert passed(verdict, "value") == {"a rank", "an error's text"}
    assert max(len(check.why) + len(check.got) for check in verdict.exercise("value").checks) < 2000
    assert judge(write(tmp_path / "next")).points == 90
    assert _children() <= others


def test_what_cannot_be_interrupted_is_ended_from_outside_and_what_was_judged_before_stays(tmp_path: Path, others):  # noqa: F811
    """numpy's matrix decomposition is one long operation."""
    budget = replace(SHORT, reading_seconds=0.5)
    verdict = judge(write(tmp_path, {"size": "4000"}), budget)
    assert passed(verdict, "double") == {"a number"}
    assert len(passed(verdict, "value")) == 14
    told = {check.title: check.why for check in verdict.exercise("value").checks}
    assert told["a rank"] == "a value could not be read within 0.5 seconds, and judging ended there"
    assert [note.text for note in verdict.notes] == [told["a rank"]]
    assert _children() <= others
    assert judge(write(tmp_path / "next")).points == 90


def test_no_source_is_parsed_for_long_and_the_rest_keeps_its_points(tmp_path: Path):
    verdict = judge(write(tmp_path, sources=SOURCES))
    assert verdict.points == 90
    for number in (1, 2, 8):
        assert [note.text for note in verdict.notes if f"(cell {number} was left out)" in note.text], verdict.notes


def test_a_whole_notebook_of_slow_sources_is_cut_off(tmp_path: Path):
    slow = {str(n): f"print({n}); " + SOURCES["fields of a text"] for n in range(40)}
    verdict = judge(write(tmp_path, sources=slow))
    assert sum("characters of code in a notebook" in note.text for note in verdict.notes) > 30


def test_reading_a_notebook_is_ended_from_outside_too(tmp_path: Path, others):  # noqa: F811
    budget = replace(SHORT, reading_seconds=0.03)
    verdict = judge(write(tmp_path, sources={"slow": SOURCES["fields of a text"]}), budget)
    assert verdict.points == 0 and not verdict.refused
    assert verdict.notes[-1].text == "cell 1 could not be read within 0.03 seconds, and judging ended there"
    assert _children() <= others


def test_an_answer_that_is_too_long_counts_as_not_solved(tmp_path: Path):
    folder = write(tmp_path, {"text": "'" + "a" * 60_000 + "'"})
    verdict = judge(folder)
    assert (verdict.exercise("double").points, verdict.exercise("value").points) == (30, 0)
    assert "the limit is 50000" in verdict.notes[0].text and verdict.notes[0].cell == "value"


@pytest.mark.parametrize(("how", "wanted"), [("SIGSEGV", "crashed"), ("SIGKILL", None)])
def test_a_judge_that_dies_gives_a_verdict_if_it_crashed_and_another_try_if_it_was_killed(
    tmp_path: Path, monkeypatch, how: str, wanted: str | None
):
    """A judge that crashes while reading gives a verdict; one that is killed (memory ran out, say) gives none."""

    def die(*_) -> None:
        faulthandler.disable()
        os.kill(os.getpid(), getattr(signal, how))

    monkeypatch.setattr(judge_module, "find_answers", die)
    if wanted:
        assert wanted in judge(write(tmp_path)).notes[-1].text
    else:
        with pytest.raises(NotJudgedNow, match="nobody lost a point"):
            judge(write(tmp_path))


def test_the_judge_itself_has_a_bound_on_memory(tmp_path: Path):
    told: list[dict] = []
    end = do_apart(lambda tell: tell({"size": len(bytearray(2**28))}), Bounds(10, 60, memory_bytes=2**27), told.append)
    assert (end.how, told) == ("memory", [{"memory": True}])


def test_an_error_of_the_judge_is_none_of_the_students(tmp_path: Path, monkeypatch):
    def fail(*_) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(judge_module, "find_answers", fail)
    with pytest.raises(RuntimeError, match="no space left"):
        judge(write(tmp_path))
