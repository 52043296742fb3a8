"""Lanes: a failure in one does not stop the others, retries are recorded, and budgets are enforced on CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import lanes

PYPROJECT = f"""
[tool.pytest.ini_options]
markers = {[*lanes.LANES]}
addopts = "-p no:schemathesis -p no:hypothesispytest"
"""
FLAKY = """
from pathlib import Path
import pytest
@pytest.mark.live
@pytest.mark.parametrize("number", range({count}))
def test_passes_at_its_second_try(number):
    mark = Path(__file__).with_name(f"tried-{{number}}")
    tried = mark.exists()
    mark.touch()
    assert tried
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A separate project with one module, whose lanes these tests run."""
    (tmp_path / "tests").mkdir()
    shutil.copy(lanes.__file__, tmp_path / "tests" / "lanes.py")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "course" / "modules" / "01_tensor").mkdir(parents=True)
    (tmp_path / "course" / "modules" / "01_tensor" / "tensor_dev.py").touch()
    return tmp_path


def run(tree: Path, *words: str, ci: bool = False) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"CI": "true" if ci else ""}
    line = [sys.executable, "-m", "tests.lanes", *words]
    return subprocess.run(line, cwd=tree, env=environment, capture_output=True, text=True, timeout=280)


def write(tree: Path, name: str, text: str) -> None:
    (tree / "tests" / f"test_{name}.py").write_text(text)


@pytest.mark.service
def test_a_failure_in_one_lane_keeps_none_from_running(tree: Path):
    write(tree, "bad", "def test_no(): assert False\n")
    write(tree, "good", "import pytest\n@pytest.mark.docker\ndef test_yes(): pass\n")
    done = run(tree, "fast", "docker")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines() if " CPU min " in line] == ["fast", "docker"]
    assert [line.split()[-1] for line in done.stdout.splitlines() if " CPU min " in line] == ["FAILED", "passed"]


@pytest.mark.service
def test_a_file_of_another_lane_is_not_read(tree: Path):
    write(
        tree, "elsewhere", "import pytest, no_such_thing\npytestmark = [pytest.mark.docker, pytest.mark.timeout(9)]\n"
    )
    write(tree, "good", "def test_yes(): pass\n")
    assert run(tree, "fast").returncode == 0
    assert run(tree, "docker").returncode == 1


@pytest.mark.service
def test_a_file_is_read_by_the_lanes_that_it_or_a_conftest_names(tree: Path):
    write(tree, "unmarked", "import os\nassert os.environ['TESTS_LANE'] == 'fast'\ndef test_yes(): pass\n")
    write(tree, "good", "import pytest\n@pytest.mark.docker\ndef test_yes(): pass\n")
    (tree / "tests" / "room").mkdir()
    (tree / "tests" / "room" / "conftest.py").write_text(
        "import pytest\n@pytest.fixture(params=[pytest.param(1, marks=pytest.mark.live)])\ndef one(): pass\n"
    )
    (tree / "tests" / "room" / "test_by_fixture.py").write_text("def test_yes(one): pass\n")
    done = run(tree, "fast", "docker", "live")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("1 passed") == 3


@pytest.mark.service
def test_a_test_that_its_lane_would_not_read_is_refused(tree: Path):
    write(tree, "hidden", "from pytest import mark\n@mark.docker\ndef test_yes(): pass\n")
    done = run(tree, "fast")
    assert done.returncode == 1
    assert "is in the lane docker, which would not read test_hidden.py" in done.stdout


@pytest.mark.parametrize(
    ("source", "lane"),
    [
        ("pytestmark = pytest.mark.live\n", "live"),
        ("pytestmark = [pytest.mark.security, pytest.mark.service]\n", "service"),
        ("pytestmark = [\n    pytest.mark.timeout(5),\n    pytest.mark.docker,\n]\n", "docker"),
        ("pytestmark = pytest.mark.torch\nslow = pytest.mark.live\n", None),
        ("@pytest.mark.live\ndef test_it(): pass\n", None),
    ],
)
def test_a_file_says_its_lane_at_its_top(source, lane):
    assert lanes.lane_of(source) == lane


@pytest.mark.service
def test_a_second_try_passes_and_is_on_record(tree: Path):
    write(tree, "flaky", FLAKY.format(count=lanes.MOST_RETRIED))
    done = run(tree, "live")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("second try: live: tests/test_flaky.py") == lanes.MOST_RETRIED


@pytest.mark.service
def test_too_many_second_tries_fail_the_run(tree: Path):
    write(tree, "flaky", FLAKY.format(count=lanes.MOST_RETRIED + 1))
    assert run(tree, "live").returncode == 1


@pytest.mark.service
def test_the_fast_lane_has_no_second_try(tree: Path):
    write(tree, "flaky", FLAKY.format(count=1).replace("@pytest.mark.live", ""))
    done = run(tree, "fast")
    assert done.returncode == 1
    assert "second try" not in done.stdout


@pytest.mark.service
def test_lanes_run_beside_each_other_and_both_are_shown(tree: Path):
    """Each lane's test waits for the other's: run one after another, the first would fail."""
    meeting = (
        "import pytest, time\nfrom pathlib import Path\n@pytest.mark.{own}\ndef test_{own}_meets():\n"
        "    Path('{own}').touch()\n    end = time.monotonic() + 60\n"
        "    while not Path('{other}').exists():\n        assert time.monotonic() < end\n        time.sleep(0.05)\n"
    )
    write(tree, "here", meeting.format(own="live", other="docker"))
    write(tree, "there", meeting.format(own="docker", other="live"))
    done = run(tree, "live", "docker")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("1 passed") == 2


def test_what_waits_runs_beside_the_other_lanes(monkeypatch):
    monkeypatch.setattr(lanes.os, "cpu_count", lambda: 2)
    assert lanes.rows(list(lanes.LANES)) == [["fast", "service", "modules", "live"], ["docker", "audit"]]
    assert lanes.rows(["audit"]) == [["audit"]]
    monkeypatch.setattr(lanes.os, "cpu_count", lambda: 1)
    assert lanes.rows(["live", "docker", "audit"]) == [["live", "docker", "audit"]]


@pytest.mark.service
def test_an_unknown_lane_is_told_with_the_known_ones(tree: Path):
    done = run(tree, "slow")
    assert done.returncode == 2
    assert "there is no lane 'slow': one of fast, service, modules, live, docker, audit" in done.stderr


@pytest.mark.parametrize(("ci", "minutes", "code"), [("true", 13, 1), ("true", 11.9, 0), ("", 13, 0)])
def test_a_lane_a_fifth_over_its_budget_fails_on_ci(monkeypatch, tmp_path, capsys, ci, minutes, code):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(lanes, "RETRIED", tmp_path / "none")
    assert lanes.closing([lanes.Outcome("live", True, minutes, 1.0, budget=10)]) == code
    assert ("over its budget" in capsys.readouterr().out) == (minutes > 12)


def test_all_twenty_modules_leave_ci_room(monkeypatch):
    """CI ends a run after 90 minutes; setup, linting and the sandbox tests as an ordinary user need some of them."""
    monkeypatch.setattr(lanes.os, "cpu_count", lambda: 2)
    sums = [sum(lanes.LANES[name].budget(modules=20) for name in row) for row in lanes.rows([*lanes.LANES])]
    assert max(sums) <= 75
