"""The database: one writer at a time, many readers, and a schema that Alembic brings up to date.

`write()` is one transaction that is on disk when it returns; commits are ordered, so a reader that asks for rows
after the last number it saw misses none. SQLite runs with a write-ahead log and a full sync at each commit,
PostgreSQL with its defaults.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import make_url

from exchange.hub.database import check_answers, prepare_sqlite
from exchange.hub.durable import make_folder
from exchange.hub.schema import known_revisions

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """An engine and the two ways to use it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.is_sqlite and (path := make_url(url).database):
            make_folder(Path(path).parent)
        # More connections than the 40 worker threads, so that none waits while it holds the writer's lock.
        # Statements that fail are logged, and parameters contain what people wrote.
        options = {"pool_pre_ping": not self.is_sqlite, "hide_parameters": True}
        self.engine = create_engine(url, pool_size=20, max_overflow=40, **options)
        self._writer = threading.Lock()
        if self.is_sqlite:
            _configure_sqlite(self)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a consistent snapshot for reading."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction: at the end of the block all of it is durable, or none of it happened."""
        with self._writer, self.engine.connect() as connection:
            connection.info["immediate"] = True
            try:
                with connection.begin():
                    yield connection
            finally:
                connection.info.pop("immediate", None)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give one unchanging view of all tables, however long it is read."""
        with self.engine.connect() as connection:
            if not self.is_sqlite:  # in SQLite every transaction is one
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def migrate(self, revision: str = "head") -> None:
        """Create the schema or bring it up to date. If it is, this costs two queries and no import of Alembic."""
        if revision == "head" and self.revision() == head_revision():
            return
        from alembic import command

        config = alembic_config()
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    def check(self) -> None:
        """Raise Refused 503 if the database does not answer."""
        check_answers(self.engine)

    def revision(self) -> str | None:
        """Name the schema's present revision."""
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.scalar(text("SELECT version_num FROM alembic_version"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def head_revision() -> str:
    """Name the revision that this version of the service needs."""
    return known_revisions(MIGRATIONS)[-1]


def alembic_config() -> "Config":
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _configure_sqlite(database: Database) -> None:
    @event.listens_for(database.engine, "connect")
    def on_connect(raw, _record) -> None:
        raw.isolation_level = None  # the driver's own BEGIN would come too late for a snapshot
        prepare_sqlite(raw, _record)

    @event.listens_for(database.engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A writer takes its lock first: taken later, it would fail if another process had written meanwhile.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("immediate") else "BEGIN")
