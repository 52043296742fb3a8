"""A Hub, the service on SQLite and on PostgreSQL, and a course on it."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.service.database import Database
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import Live, in_thread, make_settings
from tests.exchange.postgres import new_database, postgresql


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server for the whole run, with a database `template` that contains the schema."""
    with postgresql() as url:
        migrated = Database(new_database(url, "template"))
        migrated.migrate()
        migrated.close()
        yield url


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the schema, for copying."""
    path = tmp_path_factory.mktemp("sqlite") / "exchange.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(
    params=[
        pytest.param("sqlite", marks=pytest.mark.service),
        pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.service]),
    ]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database: SQLite in the data folder, or one on the PostgreSQL server."""
    if request.param == "sqlite":
        (tmp_path / "data").mkdir()
        shutil.copy(request.getfixturevalue("sqlite_file"), tmp_path / "data" / "exchange.db")
        return ""
    return new_database(request.getfixturevalue("postgresql_url"), f"exchange_{uuid.uuid4().hex}", "template")


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A Hub that accepts the tokens that a test makes."""
    with FakeHub() as hub:
        yield hub


@pytest.fixture
def live(hub: FakeHub, database_url: str, tmp_path: Path) -> Iterator[Live]:
    """The service on each database, without a course."""
    with in_thread(hub, make_settings(tmp_path / "data", hub, database=database_url), tmp_path) as live:
        yield live


@pytest.fixture
def course(live: Live) -> Live:
    """The service with an open course, on the day before its due date."""
    live.clock.at("2026-11-19T12:00:00Z")
    live.open_course()
    return live
