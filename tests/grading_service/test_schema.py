"""A newer program opens an existing grading database, and nothing in it is lost.

`databases/before_alembic.*.sql` are dumps written by the last program without Alembic: a class with submissions,
grades, feedback and regrade requests, a waiting task, and one whose process died while working on it.
"""

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, select
from sqlalchemy.orm import Session
from tito.errors import SchemaError
from tito.grading.queue import Queue
from tito.grading.records import Base, FeedbackRelease, Note, Regrade, StillUnread, open_database
from tito.grading.runner_identity import runner_name
from tito.semester.service.database import open_database as open_semester

from exchange.hub.schema import known_revisions
from tests.exchange.postgres import new_database, postgresql

DATABASES = Path(__file__).parent / "databases"


@pytest.fixture(scope="module")
def server():
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.service])])
def empty(request, tmp_path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'grading.sqlite'}"
    return new_database(request.getfixturevalue("server"), f"s{tmp_path.name}".replace("-", "_").lower())


@pytest.fixture
def in_use(empty, tmp_path) -> str:
    """The URL of a class's database as the last program without Alembic left it."""
    kind = empty.partition(":")[0].partition("+")[0]
    script = (DATABASES / f"before_alembic.{kind}.sql").read_text()
    if kind == "sqlite":
        with sqlite3.connect(tmp_path / "grading.sqlite") as connection:
            connection.executescript(script)
        connection.close()
    else:
        engine = create_engine(empty)
        with engine.begin() as connection:
            connection.connection.driver_connection.execute(script)
        engine.dispose()
    return empty


def everything(url: str) -> dict[str, list[tuple]]:
    """Return all rows of all tables as they are stored."""
    engine, tables = create_engine(url), MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in tables.tables.items()
        }
    engine.dispose()
    return found


def test_an_upgrade_changes_no_row(in_use):
    before = everything(in_use)
    open_database(in_use).dispose()
    after = everything(in_use)
    assert after.pop("alembic_version")
    added = {name: after.pop(name) for name in after.keys() - before.keys()}
    assert after == before and not any(added.values())
    assert {name: len(rows) for name, rows in before.items()} == {
        "jobs": 9, "tasks": 10, "job_tasks": 10, "runs": 9, "regrades": 2, "feedback_releases": 2, "still_unread": 1,
        "notes": 2,
    }  # fmt: skip


def test_after_an_upgrade_the_class_goes_on(in_use):
    """Grades, requests and the cursor can be read; waiting and interrupted tasks get done; new ones are accepted."""
    engine = open_database(in_use)
    queue, me = Queue(engine), runner_name()
    with Session(engine) as session:
        assert session.scalars(select(Regrade.student).where(Regrade.open_key.is_not(None))).all() == ["ben"]
        assert session.get_one(FeedbackRelease, ("tensor", "ben")).score == 41.5
        assert session.get_one(StillUnread, ("tensor", "ben")).points == 5.0
        assert session.get_one(Note, "exchange_cursor tinytorch-2026-fall").value == "7"
    run = queue.latest_run("autograde", "tensor", "ada")
    assert (run.score, run.seed) == (90.0, 2**53 - 1)
    assert run.report["exercises"][0]["words"] == "90 % of «ümläut»: '; --"
    queue.reclaim()
    queue.submit("quick", "tensor", ["ben"], submission="8")
    taken = [queue.claim(me) for _ in range(3)]
    assert [(work.kind, work.student) for work in taken] == [
        ("quick", "ben"), ("autograde", "ben"), ("autograde", "ada"),
    ]  # fmt: skip
    assert all(queue.finish(work, me, "graded", score=50.0) for work in taken)
    engine.dispose()


@pytest.mark.parametrize("database", ["empty", "in_use"])
def test_a_new_and_an_upgraded_database_are_what_the_program_expects(database, empty, request):
    engine = open_database(request.getfixturevalue(database))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_whoever_opens_a_database_waits_for_a_writer(journal, tmp_path):
    """This holds before WAL mode too: SQLite refuses a change of mode immediately while another process writes."""
    path, held, started = tmp_path / "grading.sqlite", threading.Event(), time.monotonic()

    def write() -> None:
        with sqlite3.connect(path) as writer:
            writer.execute(f"PRAGMA journal_mode={journal}")
            writer.execute("CREATE TABLE elsewhere (id INTEGER)")
            writer.execute("BEGIN IMMEDIATE")
            held.set()
            time.sleep(0.5)
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert held.wait(10)
    open_database(f"sqlite:///{path}").dispose()
    assert time.monotonic() - started >= 0.5
    thread.join()


def test_many_processes_may_open_a_database_at_once(in_use):
    faults: list[Exception] = []

    def open_it() -> None:
        try:
            open_database(in_use).dispose()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


@pytest.mark.parametrize("opened", [open_database, open_semester])
def test_a_database_of_a_newer_version_is_refused_and_left_alone(opened, empty):
    engine = opened(empty)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    before = everything(empty)
    with pytest.raises(SchemaError, match="revision 9999, this program knows 0001"):
        opened(empty)
    assert everything(empty) == before


def test_an_upgrade_that_breaks_off_leaves_the_database_as_it_was(in_use, monkeypatch):
    before = everything(in_use)
    monkeypatch.setattr("alembic.command.upgrade", _half_an_upgrade)
    with pytest.raises(RuntimeError, match="power cut"):
        open_database(in_use)
    assert everything(in_use) == before


def _half_an_upgrade(config, _revision) -> None:
    config.attributes["connection"].exec_driver_sql("CREATE TABLE half (id integer)")
    config.attributes["connection"].exec_driver_sql("DELETE FROM regrades")
    raise RuntimeError("power cut")


def test_revisions_are_named_by_their_files():
    """The revisions that `schema` reads from file names are those that Alembic reads from the files."""
    from alembic.script import ScriptDirectory
    from tito.grading import records
    from tito.semester.service import database

    for module in (records, database):
        folder = Path(module.__file__).parent / "migrations"
        revisions = [each.revision for each in ScriptDirectory(str(folder)).walk_revisions()]
        assert known_revisions(folder) == revisions[::-1]
