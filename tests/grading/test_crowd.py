"""On a crowded machine, slow honest code loses no points, and code that never ends gets no extra time."""

import time
from pathlib import Path

import pytest
from tito.checks.link import Budget, WorkerFault
from tito.checks.run import NotJudgedNow
from tito.checks.times import Use, use_in_words
from tito.judge.sandbox.bubblewrap import Bubblewrap
from tito.judge.sandbox.content import Predecessors
from tito.judge.submission import judge_submission

from tests.grading.crowd import FAULTY, TIGHT, call, crowd, prepared
from tests.grading.greedy import COURSE, SLUG, write

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("worker_environment")]


@pytest.fixture
def launch(worker_environment: Path):
    box = Bubblewrap(worker_environment)
    return lambda: box.start(Predecessors())


def test_in_a_crowd_honest_code_keeps_its_time_and_faulty_code_ends(launch):
    with prepared(launch) as link, crowd():
        started = time.monotonic()
        assert call(link, "slow") is True
        assert time.monotonic() - started > TIGHT.request_seconds, "the machine was not crowded: nothing was shown"
        for name in FAULTY:
            link.begin_check()
            with pytest.raises(WorkerFault) as caught:
                call(link, name)
            assert caught.value.kind == "timeout", name


def test_who_makes_the_crowd_oneself_ends_as_soon(launch):
    with prepared(launch) as link:
        with pytest.raises(PermissionError):
            call(link, "be_humble")  # code may not lower its priority to count as waiting either
        with pytest.raises(EOFError):
            call(link, "waits")
        started = time.monotonic()
        with pytest.raises(WorkerFault, match="no answer within 1 seconds"):
            call(link, "many_threads")
        assert time.monotonic() - started < 60


def test_where_the_crowd_does_not_end_there_is_no_verdict(tmp_path: Path):
    """Nobody loses a point: the task is tried again."""
    slow = "[clock() for clock in [__import__('time').process_time] for _ in iter(lambda: clock() > 3, True)]"
    budget = Budget(request_seconds=1.0, check_seconds=2.0, total_seconds=4.0, wall_seconds=1.0)
    with crowd(), pytest.raises(NotJudgedNow, match="nobody lost a point"):
        judge_submission(write(tmp_path, {"rows": slow}), SLUG, course=COURSE, seed=1, budget=budget)


def test_what_the_kernel_says_is_read():
    stat = "77 (a) b (c) S 1 77 77 0 -1 4194560 5 0 0 0 200 100 0 0 20 0 1 0 8"
    assert use_in_words(stat, ["5000000000 2500000000 9\n", "0 500000000 1\n", ""]) == Use(had=3.0, waited=3.0)
