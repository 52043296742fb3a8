"""The judge has bounds of its own: whatever comes back from student code, whatever is to be parsed, it ends in time."""

import time
from pathlib import Path

import pytest
from tito.grading.judge import judge_submission
from tito.judging.result import ModuleResult

from tests.grading.greedy import COURSE, SHORT, SLUG, VALUES, write
from tests.grading.test_corpus import _children

pytestmark = [pytest.mark.slow, pytest.mark.security, pytest.mark.usefixtures("worker_environment")]


def judge(folder: Path, budget=SHORT, **options) -> ModuleResult:
    return judge_submission(folder, SLUG, course=COURSE, seed=1, budget=budget, **options)


def passed(verdict: ModuleResult, exercise: str) -> set[str]:
    return {check.title for check in verdict.exercise(exercise).checks if check.passed}


def test_no_value_holds_the_judge_up_and_each_costs_its_own_check_alone(tmp_path: Path):
    started = time.thread_time()
    verdict = judge(write(tmp_path, VALUES))
    assert verdict.exercise("double").points == 30
    assert passed(verdict, "value") == {"a power"}, [(c.title, c.why) for c in verdict.exercise("value").checks]
    assert max(len(check.why) + len(check.got) for check in verdict.exercise("value").checks) < 2000
    assert time.thread_time() - started < 1.0  # of the parent's
    assert judge(write(tmp_path / "next")).points == 90
    assert _children() == []
