"""A class in mid-semester is started with this version, and everything is still there: rows, files, what people see.

`a_class/` is what an earlier version wrote on a real Hub: the databases of exchange, grading and semester and
nbgrader's gradebook as SQL, the exchange's files, and the course folder without notebooks. ada and chen submitted
`scale` and were graded; chen got part of the feedback, asked for a regrade, was answered, and has asked again.
"""

import asyncio
import dataclasses
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tito.curriculum import load_curriculum
from tito.gradebook.grade_changes import prepare_table
from tito.gradebook.scores import open_gradebook
from tito.grading.api import make_app
from tito.grading.queue import Queue
from tito.grading.records import open_database
from tito.grading.settings import GradingSettings
from tito.semester.service import schedule
from tito.semester.service.__main__ import build

from exchange.hub.identity import HubIdentity, read_caller
from exchange.protocol import scopes
from exchange.service import fsck
from exchange.service.app import build_service, create_app
from exchange.service.identity import read_caller as read_exchange_caller
from exchange.service.settings import Settings
from tests.exchange.fake_hub import FakeHub

HERE = Path(__file__).parent
OLD = HERE / "a_class"
TREE = HERE.parent / "tiny_course"
COURSE = "tinytorch-demo"
DATABASES = {
    "exchange": "exchange/exchange.db",
    "grading": "grading.sqlite",
    "semester": "semester.db",
    "gradebook": "course/gradebook.db",
}
COUNTS = {"exchange": 64, "grading": 49, "semester": 21, "gradebook": 92}
GRADING = "access:services!service=grading"
STAFF = (GRADING, "custom:grading:read", "custom:grading:grade", "custom:grading:run", scopes.ACCESS, scopes.COLLECT)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The class's folder as left by the earlier version."""
    shutil.copytree(OLD / "course", tmp_path / "course")
    for name in ("blobs", "keys"):
        shutil.copytree(OLD / name, tmp_path / "exchange" / name)
    for name, path in DATABASES.items():
        with sqlite3.connect(tmp_path / path) as connection:
            connection.executescript((OLD / f"{name}.sql").read_text(encoding="utf-8"))
        connection.close()
    return tmp_path


MADE = {"activity", "exercise_activity", "predictions"}  # sums of the events


def rows(place: Path) -> dict[str, dict[str, list]]:
    """Return every row of every database, except those about schema versions."""
    found: dict[str, dict[str, list]] = {}
    for name, path in DATABASES.items():
        connection = sqlite3.connect(place / path)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [table for table in tables if not table.startswith(("sqlite_", "alembic_", "tito_"))]
        found[name] = {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in kept}
        connection.close()
    return found


class Started:
    """The services started on the class's folder, and requests to them."""

    def __init__(self, place: Path, hub: FakeHub) -> None:
        self.hub = hub
        self.exchange = build_service(Settings(place / "exchange", hub_api_url=hub.url))
        url = f"sqlite:///{place}/grading.sqlite"
        self.settings = GradingSettings(place / "course", TREE, url, COURSE)
        self.queue = Queue(open_database(url))
        with open_gradebook(self.settings) as gradebook:
            prepare_table(gradebook.engine)
        environment = {"JUPYTERHUB_API_TOKEN": "t", "JUPYTERHUB_API_URL": hub.url}
        environment |= {"EXCHANGE_URL": "http://127.0.0.1:1", "GRADING_URL": "http://127.0.0.1:1"}
        database = f"sqlite:///{place}/semester.db"
        self.semester = build(database, place / "course", None, environment, lambda: load_curriculum(TREE))

    def app(self, name: str, who: HubIdentity) -> FastAPI:
        if name == "grading":
            return make_app(self.settings, self.queue, who, "/services/grading/")
        return create_app(dataclasses.replace(self.exchange, identity=who))

    def ask(self, name: str, path: str, token: str) -> Any:
        async def answer() -> httpx.Response:
            who = HubIdentity(self.hub.url, read_exchange_caller if name == "exchange" else read_caller)
            transport = httpx.ASGITransport(self.app(name, who))
            headers = {"Authorization": f"token {token}"}
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as http:
                    return await http.get(f"/services/{name}/api/v1/{path}")
            finally:
                await who.close()

        got = asyncio.run(answer())
        assert got.status_code == 200, got.text
        return got.json()


@pytest.fixture
def started(place: Path):
    with FakeHub() as hub:
        started = Started(place, hub)
        yield started
        started.semester.close()
        started.queue.engine.dispose()
        started.exchange.database.close()


def test_a_start_changes_no_row_and_loses_none(place):
    before = rows(place)
    with FakeHub() as hub:
        started = Started(place, hub)
        started.semester.close()
        started.queue.engine.dispose()
        started.exchange.database.close()
    after = rows(place)
    assert {name: {table: after[name][table] for table in tables} for name, tables in before.items()} == before
    for found in (before, after):  # a new table is empty, or computed from existing rows
        counts = {name: [len(rows) for table, rows in of.items() if table not in MADE] for name, of in found.items()}
        assert {name: sum(each) for name, each in counts.items()} == COUNTS


def test_what_was_submitted_is_there_with_its_receipt(started):
    staff = started.hub.staff("ida", COURSE)
    chen = started.hub.student("chen", COURSE)
    listed = started.ask("exchange", f"courses/{COURSE}/submissions", staff)
    assert sorted((each["student"], each["assignment"], each["lateness_seconds"]) for each in listed) == [
        ("ada", "scale", 0),
        ("chen", "scale", 0),
    ]
    own = next(each["id"] for each in listed if each["student"] == "chen")
    receipt = started.ask("exchange", f"courses/{COURSE}/submissions/{own}/receipt", chen)
    assert receipt["receipt"]["key_id"] in {key.key_id for key in started.exchange.keyring.public_keys()}
    report = fsck.check(started.exchange.database, started.exchange.blobs)
    assert (report.damage, report.rows) == ([], report.blobs)


def test_a_student_sees_her_result_score_and_requests(started):
    chen = started.hub.token("chen", scope=[GRADING])
    scale = started.ask("grading", "me", chen)["modules"]["scale"]
    assert (scale["feedback"]["score"], scale["feedback"]["max_score"]) == (90.0, 100.0)
    assert (scale["feedback"]["unread_answers"], scale["feedback"]["unread_points"]) == (1, 10.0)
    assert [(each["open"], each["answer"]) for each in scale["regrades"]] == [(False, "It is read now."), (True, "")]
    assert scale["quick"]["outcome"] == "graded" and scale["quick"]["report"]["exercises"]


def test_staff_see_what_waits_and_can_go_on(started):
    ida = started.hub.token("ida", scope=STAFF)
    overview = started.ask("grading", "overview", ida)
    scale = next(row for row in overview["modules"] if row["assignment"] == "scale")
    counts = ("collected", "graded", "to_autograde", "feedback_made", "feedback_released", "to_read_by_hand")
    assert [scale[name] for name in counts] == [2, 2, 0, 2, 2, 1]
    assert overview["open_regrades"] == 1
    chen = next(row for row in started.ask("grading", "assignments/scale/students", ida) if row["student"] == "chen")
    assert (chen["score"], chen["late_penalty"], chen["needs_manual_grade"]) == (90.0, 0.0, True)
    job = started.queue.submit("autograde", "scale", ["ada"], asked_by="ida")
    assert started.queue.claim("worker") is not None
    assert started.queue.progress(job)["kind"] == "autograde"


def test_the_semester_is_in_force_with_its_schedule(started):
    row = started.semester.conductor.in_force()
    assert (row.course, row.by) == (COURSE, "ida")
    assert set(started.semester.conductor.valid_in_force().students) and "Lovelace" in row.roster
    actions = schedule.listing(started.semester.places.engine, COURSE)
    assert {action.state for action in actions if action.kind == "release" and action.module == "scale"} == {"done"}
    assert {action.kind for action in actions if action.state == "pending"} >= {"collect"}
