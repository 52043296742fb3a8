"""What a test cell records reaches the course in one event, and recording never disturbs the cell."""

import atexit
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from tito.student.reports import MOST_BYTES, send_reports, take

from exchange.protocol.models import AssignmentSettings, CourseSettings
from hub_config.server.cell_reports import Reports
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tinytorch import reports

CELL = """
from tinytorch.testing import same, unit_test
test = unit_test("halve")
@test.check("one", points=1)
def _(): same(1, 1)
@test.check("secret title", points=1)
def _(): same(54321, 2)
test.report()
"""


@pytest.fixture
def live(course: Path, tmp_path: Path) -> Iterator[Live]:
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        with live.semester() as semester:
            semester.put_course(COURSE, CourseSettings(title="Tiny"))
            for slug in ("scale", "shift"):
                semester.put_assignment(COURSE, slug, AssignmentSettings())
                semester.release(COURSE, slug, live.folder({f"{slug}.ipynb": "{}"}))
        yield live


@pytest.fixture
def online(workspace, monkeypatch: pytest.MonkeyPatch, unused_port: int):
    """A student's server whose exchange does not answer."""
    monkeypatch.setenv("EXCHANGE_URL", f"http://127.0.0.1:{unused_port}")
    monkeypatch.setenv("EXCHANGE_COURSE", COURSE)
    monkeypatch.setenv("COURSE_TOKEN", "nobody")
    return workspace


def in_a_kernel(code: str) -> None:
    """Run a cell where `get_ipython` finds a shell, as in a notebook."""
    shell = InteractiveShell.instance()
    shell._showtraceback = lambda *shown: None
    try:
        shell.run_cell(code)
    finally:
        InteractiveShell.clear_instance()
        atexit.unregister(shell.atexit_operations)  # each would collect all garbage at exit


def test_a_cell_notes_names_counts_kind_and_marks_and_nothing_else(online, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    in_a_kernel(CELL)
    text = (online.memory / "reports.jsonl").read_text()
    assert json.loads(text) == {
        "exercise": "halve", "checks": 2, "passed": 1, "fault": "wrong value", "folder": tmp_path.name,
        "failed": reports.mark("secret title"),
    }  # fmt: skip
    assert "54321" not in text and "secret" not in text


def test_a_script_a_judge_and_a_home_without_a_course_note_nothing(online, monkeypatch):
    subprocess.run([sys.executable, "-c", CELL], capture_output=True)
    assert not (online.memory / "reports.jsonl").exists()
    monkeypatch.delenv("EXCHANGE_URL")
    in_a_kernel(CELL)
    assert not (online.memory / "reports.jsonl").exists()


def test_a_note_costs_no_cell_and_stops_growing(online):
    started = time.perf_counter()
    for number in range(2000):
        reports.note(exercise=f"halve{number}")
    assert (time.perf_counter() - started) / 2000 < 0.005
    assert (online.memory / "reports.jsonl").stat().st_size < reports.MOST_BYTES + 200


def test_a_home_that_takes_no_file_costs_no_cell(online):
    online.package.parent.mkdir(parents=True, exist_ok=True)
    online.package.write_text("a file where the package should be")
    reports.note(exercise="halve")


def test_without_an_answer_notes_are_kept_and_the_process_is_silent(online, curriculum):
    reports.note(exercise="halve", checks=2, passed=1, fault="wrong value")
    command = [sys.executable, "-m", "tito.student.reports"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told = {"exercise": "halve", "checks": 2, "passed": 1, "fault": "wrong value"}
    assert take(online, curriculum) == [("scale", told)]


@pytest.mark.service
def test_notes_arrive_as_one_event_of_each_module(live: Live, online, monkeypatch, curriculum):
    token = live.hub.student("ada", COURSE)
    monkeypatch.setenv("EXCHANGE_URL", live.url)
    monkeypatch.setenv("COURSE_TOKEN", token)
    for passed in (0, 1):
        reports.note(exercise="halve", checks=2, passed=passed, fault="wrong value")
        reports.note(exercise="shift", checks=1, passed=1, fault="")
    assert [send_reports(online, curriculum) for _ in range(3)] == [True, True, False]
    halve = {"exercise": "halve", "checks": 2, "fault": "wrong value"}
    assert [(e.assignment, e.kind, e.detail) for e in live.client(token).events(COURSE)] == [
        ("scale", "checked", {"cells": [halve | {"passed": 0}, halve | {"passed": 1}]}),
        ("shift", "checked", {"cells": [{"exercise": "shift", "checks": 1, "passed": 1, "fault": ""}] * 2}),
    ]


@pytest.mark.service
def test_a_batch_is_what_an_event_holds_and_the_rest_follows(live: Live, online, monkeypatch, curriculum):
    token = live.hub.student("ada", COURSE)
    monkeypatch.setenv("EXCHANGE_URL", live.url)
    monkeypatch.setenv("COURSE_TOKEN", token)
    for number in range(100):
        reports.note(exercise="halve", checks=100, passed=number, fault="wrong value")
    while send_reports(online, curriculum):
        pass
    events = live.client(token).events(COURSE)
    assert [cell["passed"] for e in events for cell in e.detail["cells"]] == list(range(100))
    assert len(events) == 3 and all(len(json.dumps(e.detail)) <= MOST_BYTES for e in events)


def test_what_a_student_wrote_into_the_file_is_cut_to_what_is_told(online, curriculum):
    online.memory.mkdir(parents=True)
    mixed = {"exercise": "halve", "code": "x", "checks": "many", "fault": "y" * 999}
    lines = [json.dumps(mixed), "no", "[]", "[" * 9999, '{"exercise": "unknown"}']
    (online.memory / "reports.jsonl").write_text("\n".join(lines))
    assert take(online, curriculum) == [("scale", {"exercise": "halve", "fault": "y" * 60})]


def test_the_server_starts_one_process_at_a_time_and_none_for_nothing(online):
    sender = Reports(online.memory)
    sender.send()
    assert sender.process is None
    reports.note(exercise="halve", checks=1, passed=1, fault="")
    sender.send()
    first = sender.process
    assert first is not None
    sender.send()
    assert sender.process is first
    assert first.wait(timeout=60) == 0
