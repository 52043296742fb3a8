"""An attack on the anonymity of surveys, with all that a service leaves behind: database, backups at any moment, logs.

The attacker knows who answered when, and what each student would write.
"""

import itertools
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from tito.semester.service.database import Applied, Table, open_database
from tito.semester.service.surveys import BATCH, Surveys

from exchange.hub.database import UtcDateTime
from tests.exchange.fake_hub import FakeHub
from tests.harness.mortal import mortal
from tests.harness.plain import PLAIN
from tests.semester.campus import free_ports, wait_for

NAMES = [f"s{number:02d}" for number in range(BATCH * 2 + 2)]
ANSWERS = {name: {"hours": "2-4", "text": f"word-of-{name}"} for name in NAMES}
KEY = ("tiny", "2026-10-05")


def semester_text() -> str:
    today = datetime.now(UTC)
    dates = f"release: {today - timedelta(days=9):%Y-%m-%d} 00:00, due: {today + timedelta(days=30):%Y-%m-%d} 20:00"
    return (
        f"course: tiny\ntitle: Tiny\ntime_zone: UTC\nmodules: [scale]\nschedule:\n  scale: {{{dates}}}\n"
        f"surveys: [{today:%Y-%m-%d}]\nstaff: {{instructors: [ida]}}\nroster: roster.csv\n"
    )


def put_in_force(database: str) -> None:
    """Write what an apply records: the semester, and a roster of those who will answer."""
    roster = "username,last_name,first_name,email\n" + "".join(f"{name},N,A,\n" for name in NAMES)
    row = {"semester": semester_text(), "roster": roster, "semester_name": "s.yaml", "roster_name": "r.csv"}
    with Session(engine := open_database(database)) as session, session.begin():
        session.add(Applied(course="tiny", by="ida", at=datetime.now(UTC), **row))
    engine.dispose()


@contextmanager
def running_service(hub: FakeHub, state: Path, log: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run the real service with its own state and its own log."""
    url = f"http://127.0.0.1:{free_ports('semester')['semester']}/services/semester"
    own = {
        "JUPYTERHUB_SERVICE_URL": url, "JUPYTERHUB_API_URL": hub.url, "JUPYTERHUB_API_TOKEN": "own",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/semester/", "EXCHANGE_URL": "http://127.0.0.1:9/x",
        "GRADING_URL": "http://127.0.0.1:9/x", "TITO_COURSE": str(Path(__file__).parents[1] / "tiny_course"),
    }  # fmt: skip
    words = [sys.executable, "-m", "tito.semester.service", "--database", f"sqlite:///{state}/semester.db"]
    words += ["--course-dir", str(state / "course")]
    with log.open("wb") as said:
        process = subprocess.Popen(mortal(words), env={**os.environ, **own}, stdout=said, stderr=said)
    try:
        wait_for(lambda: _answers(url) or process.poll() is not None, "the service to start")
        assert process.poll() is None, log.read_text()
        yield url, process
    finally:
        process.kill()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", **PLAIN).status_code == 200
    except httpx.HTTPError:
        return False


def words_in(folder: Path) -> list[str]:
    """Return whose words appear anywhere in the files of a folder, read as bytes: tables, journals, free pages."""
    content = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    return sorted(set(re.findall("word-of-(s[0-9]{2})", content.decode("latin-1"))))


@pytest.mark.service
def test_backups_at_every_moment_and_logs_tell_batches_of_five_at_best(tmp_path):
    state, log = tmp_path / "state", tmp_path / "semester.log"
    state.mkdir()
    put_in_force(f"sqlite:///{state}/semester.db")
    found = []
    with FakeHub() as hub, running_service(hub, state, log) as (url, process):
        for number, name in enumerate(NAMES):
            with _client(hub, name, url) as ada:
                assert ada.post("/me/page").json()["state"] == "ask"
                assert ada.put("/me", json={"answers": ANSWERS[name]}).status_code == 204
                assert ada.get("/me").json()["state"] == "answered"
            shutil.copytree(state, tmp_path / "backups" / str(number))
            found.append(words_in(tmp_path / "backups" / str(number)))
        with _client(hub, NAMES[-1], url) as late:  # a refused answer is not written down either
            assert late.put("/me", json={"answers": {"hours": "word-of-s99"}}).status_code == 422
        process.kill()
        process.wait(60)
    stored = [NAMES[: len(NAMES[: number + 1]) // BATCH * BATCH] for number in range(len(NAMES))]
    assert found == stored
    assert words_in(state) == NAMES[: 2 * BATCH], "what waited is nowhere once the service was killed"
    said = log.read_text()
    assert not re.search(r"word-of|survey|/me\b|" + "|".join(NAMES), said), said
    with closing(sqlite3.connect(state / "semester.db")) as database:
        rows = database.execute("SELECT count FROM survey_tallies WHERE question = 'hours'").fetchall()
        assert rows == [(2 * BATCH,)]


def _client(hub: FakeHub, name: str, url: str) -> httpx.Client:
    token = hub.token(name, scope=["access:services!service=semester"])
    headers = {"Authorization": f"token {token}"}
    return httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60, **PLAIN)


def test_what_is_stored_is_the_same_in_whatever_order_a_batch_came(tmp_path):
    """Not only the rows are the same: every byte of the file is, so that nothing in it shows who was first."""
    contents = set()
    for number, order in enumerate([NAMES[:BATCH], NAMES[:BATCH][::-1], *itertools.islice(_orders(), 2)]):
        path = tmp_path / f"{number}.db"
        surveys = Surveys(engine := open_database(f"sqlite:///{path}"))
        for name in NAMES[:BATCH]:
            surveys.remind(KEY, name, "2026-10-05")  # who was asked on which day is recorded until they answer
        for name in order:
            surveys.answer(KEY, name, ANSWERS[name])
        engine.dispose()
        contents.add(path.read_bytes())
    assert len(contents) == 1


def _orders() -> Iterator[list[str]]:
    names = NAMES[:BATCH]
    yield [names[2], names[0], names[4], names[1], names[3]]
    yield [names[1], names[4], names[0], names[3], names[2]]


def test_no_column_is_a_time_or_a_number_of_a_row_and_nothing_joins_the_two_tables(tmp_path):
    tables = {name: Table.metadata.tables[name].columns for name in ("survey_tallies", "survey_people")}
    assert set(tables["survey_tallies"].keys()) & set(tables["survey_people"].keys()) == {"course", "survey"}
    assert not [c for columns in tables.values() for c in columns if isinstance(c.type, UtcDateTime)]
    open_database(f"sqlite:///{tmp_path}/semester.db").dispose()
    with closing(sqlite3.connect(tmp_path / "semester.db")) as database:
        for name in tables:
            with pytest.raises(sqlite3.OperationalError, match="no such column"):
                database.execute(f"SELECT rowid FROM {name}")


def test_a_database_that_fails_says_nothing_of_the_answers(tmp_path):
    surveys = Surveys(engine := open_database(f"sqlite:///{tmp_path}/semester.db"))
    for name in NAMES[: BATCH - 1]:
        surveys.answer(KEY, name, ANSWERS[name])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON survey_tallies BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(SQLAlchemyError) as caught:
        surveys.answer(KEY, NAMES[BATCH], ANSWERS[NAMES[BATCH]])
    assert "disk full" in str(caught.value) and "word-of" not in str(caught.value)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    surveys.answer(KEY, NAMES[BATCH], ANSWERS[NAMES[BATCH]])  # nothing was lost
    assert surveys.tallies(KEY[0])[KEY[1]]["hours", "2-4"] == BATCH
