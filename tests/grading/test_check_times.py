"""A check that takes too long costs other checks nothing, neither their time nor the judge's time to read values."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from tito.checks import plan as plans
from tito.checks.answers import Answers
from tito.checks.link import Budget, Link
from tito.checks.local import start_plain_worker
from tito.checks.run import run_tests_of

pytestmark = pytest.mark.service
SOURCES = {
    "slow": "import time\ndef slow():\n    time.sleep(0.7)\n    return 1",
    "one": "def one(): return 1",
    "two": "def two(): return 2",
}
SHORT = Budget(request_seconds=20.0, check_seconds=1.0, total_seconds=60.0, reading_seconds=0.2)


def cell(name: str, body: str) -> plans.Test:
    check = f"@test.check('alone', points=10)\ndef _():\n    {body}\n"
    return plans.Test(f"test_{name}", name, f"test = unit_test('{name}')\n{check}test.report()\n")


@pytest.mark.parametrize(
    ("body", "kind"), [("same(slow() + slow() + slow(), 3)", "timeout"), ("sum(range(4 * 10**7)); one()", "too much")]
)
def test_the_last_check_of_a_cell_ends_and_the_next_cells_keep_their_points(body: str, kind: str):
    steps = tuple(plans.Step(name, source, name, source) for name, source in SOURCES.items())
    tests = (cell("slow", body), cell("one", "same(one(), 1)"), cell("two", "same(two(), 2)"))
    imports, points = ("from tinytorch.testing import same, unit_test",), dict.fromkeys(SOURCES, 10.0)
    plan = plans.Plan("m", steps, tests, imports, points, {}, has_reference=True)
    answers = Answers({name: (source,) for name, source in SOURCES.items()}, frozenset(SOURCES))
    results, _ = run_tests_of(plan, answers, start_plain_worker, seed=1, budget=SHORT)
    assert [result.points for result in results] == [0, 10, 10]
    assert results[0].checks[0].kind == kind


def test_a_worker_that_is_long_in_starting_costs_no_time():
    def late():
        time.sleep(1.0)
        return start_plain_worker()

    with Link(late, lambda link: None, replace(SHORT, total_seconds=1.0)) as link:
        link.begin_check()
        assert link.request("names", ["len"]) == {}
        link.begin_cell()
        assert link.request("names", ["len"]) == {}


def test_the_judges_numpy_has_one_thread_whatever_the_machine():
    """One thread per processor, started again in the forked judge, would exceed its memory on a large machine."""
    program = "import os, tito.judge.submission, numpy; print(len(os.listdir('/proc/self/task')))"
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
