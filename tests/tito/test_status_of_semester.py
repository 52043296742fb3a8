"""`tito status` and `tito module status` list the semester that the real semester service has in force."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from tito.errors import TitoError
from tito.semester.service.__main__ import build
from tito.semester.service.app import Service, create_app
from tito.semester.service.database import Applied
from tito.student.semester import built_by_semester

from tests.exchange.fake_hub import FakeHub
from tests.semester.campus import Server, free_ports

pytestmark = pytest.mark.service
# affine builds on shift, which comes prebuilt; no module of the semester builds on stack, measure and later.
SEMESTER = """course: tiny
title: Tiny
time_zone: UTC
modules: [scale, affine]
schedule:
  scale: {release: 2026-10-01 00:00, due: 2026-10-08 20:00}
  affine: {release: 2099-10-01 00:00, due: 2099-10-08 20:00}
late: {grace_minutes: 15, window_hours: 48, penalty_percent_per_day: 10, maximum_percent: 30}
attempts: {limit: 50, counts: last_on_time}
unlock: when_closed
grading: {mode: best, manual_percent: 10}
limits: {memory: 2G, cpus: 2, processes: 512, home: 5G, idle_minutes: 60}
staff: {instructors: [ida], tas: [tom]}
roster: roster.csv
"""
ROSTER = "username,last_name,first_name,email\nada,Lovelace,Ada,ada@example.org\n"


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with FakeHub() as hub:
        yield hub


@pytest.fixture
def semester(hub: FakeHub, curriculum, workspace, tmp_path: Path, monkeypatch) -> Iterator[Service]:
    """The service, and the environment of ada's server; no semester is in force yet."""
    nobody = "http://127.0.0.1:9/services/none"
    own = {"JUPYTERHUB_API_TOKEN": "own", "JUPYTERHUB_API_URL": hub.url, "EXCHANGE_URL": nobody, "GRADING_URL": nobody}
    service = build(f"sqlite:///{tmp_path / 'semester.db'}", tmp_path / "books", None, own, lambda: curriculum)
    port = free_ports("semester")["semester"]
    server = Server(create_app(service, "/services/semester/"), port)
    server.start()
    monkeypatch.setenv("SEMESTER_URL", f"http://127.0.0.1:{port}/services/semester")
    monkeypatch.setenv("COURSE_TOKEN", hub.token("ada", scope=["access:services!service=semester"]))
    yield service
    server.stop()


@pytest.fixture
def in_force(semester: Service) -> None:
    with Session(semester.places.engine) as session:
        names = {"semester_name": "semester.yaml", "roster_name": "roster.csv", "by": "ida"}
        session.add(Applied(course="tiny", semester=SEMESTER, roster=ROSTER, at=datetime.now(UTC), **names))
        session.commit()


ALL = ["scale", "shift", "affine", "stack", "measure", "later"]
MORE = "3 more modules are in the curriculum but not in this semester: --all lists everything.\n"


def listed(answer) -> list[str]:
    rows = answer.json if isinstance(answer.json, list) else answer.json["modules"]
    return [row["module"] for row in rows]


@pytest.mark.parametrize("command", [["status"], ["module", "status"]])
def test_only_what_the_semester_runs_is_listed_also_before_its_release(in_force, tito, command):
    """affine opens in 2099: the exchange does not show it to students yet, but they want to see what is coming."""
    assert listed(tito(*command, "--json")) == ["scale", "shift", "affine"]
    assert listed(tito(*command, "--json", "--all")) == ALL
    said = tito(*command).out
    assert MORE in said and "01_scale" in said and "04_stack" not in said
    assert "04_stack" in (whole := tito(*command, "--all").out) and "--all" not in whole


def test_a_tier_of_which_nothing_runs_has_no_heading(in_force, tito):
    assert "Models" not in tito("status").out and "Models: 0 of 2" in tito("status", "--all").out


def test_what_a_student_worked_on_stays_listed(in_force, started, tito):
    started("stack").solve()
    assert listed(tito("module", "status", "--json")) == ["scale", "shift", "affine", "stack"]


def test_where_nothing_is_in_force_the_whole_curriculum_is_listed_with_the_reason(semester, tito):
    assert listed(tito("status", "--json")) == ALL
    assert "no semester is in force" in tito("status", "--json").json["semester_unknown"]
    assert "All modules are shown, not only your semester's: " in tito("module", "status").out


def test_a_silent_service_costs_a_line(workspace, curriculum, tito, monkeypatch, unused_port: int):
    monkeypatch.setenv("SEMESTER_URL", f"http://127.0.0.1:{unused_port}/services/semester")
    monkeypatch.setenv("COURSE_TOKEN", "none")
    answer = tito("module", "status")
    assert answer.code == 0 and "04_stack" in answer.out
    assert "the semester service does not answer (ConnectError from " in answer.out


def test_without_a_semester_nothing_is_asked_and_all_is_listed(workspace, curriculum, tito, monkeypatch):
    monkeypatch.delenv("SEMESTER_URL", raising=False)
    assert listed(tito("module", "status", "--json")) == ALL
    assert "--all" not in tito("module", "status").out


def test_an_import_asks_the_semester_what_it_builds_and_does_nothing_without_an_answer(in_force, monkeypatch):
    assert built_by_semester() == {"scale", "affine"}
    monkeypatch.setenv("SEMESTER_URL", "http://127.0.0.1:9/services/none")
    with pytest.raises(TitoError, match="the semester service does not answer"):
        built_by_semester()
    monkeypatch.delenv("SEMESTER_URL")
    assert built_by_semester() == set()
