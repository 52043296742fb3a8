"""A service's database through SQLAlchemy: SQLite or PostgreSQL, times with a zone, and this program's schema."""

import datetime
import logging
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeDecorator

from exchange.hub.durable import make_folder
from exchange.hub.schema import SchemaError, bring_up_to_date
from exchange.protocol.models import Refused

log = logging.getLogger("database")
LOCK_SECONDS = 30  # how long a connection waits for another's lock
PRAGMAS = (f"busy_timeout={LOCK_SECONDS * 1000}", "foreign_keys=ON", "synchronous=FULL")  # FULL: survives a power cut


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """An aware datetime in UTC, also on SQLite, which forgets time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        return value if value is None else value.astimezone(datetime.UTC)

    def process_result_value(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=datetime.UTC) if value.tzinfo is None else value.astimezone(datetime.UTC)


def open_engine(url: str, migrations: Path, newer: type[Exception] = SchemaError) -> Engine:
    """Open a database, creating it or upgrading its schema; raise `newer` if a newer program has written it."""
    make_place(url)
    # Statements that fail are logged, and parameters contain what people wrote.
    engine = create_engine(make_url(url), pool_pre_ping=True, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
    bring_up_to_date(engine, migrations, newer)
    return engine


def check_answers(engine: Engine) -> None:
    """Raise Refused 503 if the database does not answer."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        remedy = "start it, or try again in a moment"
        raise Refused("the database does not answer", remedy=remedy, status=503) from error


def make_place(url: str) -> None:
    """Make the folder of an SQLite file."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        make_folder(Path(str(address.database)).parent)


def prepare_sqlite(connection: Any, _record: Any) -> None:
    """Set up a new connection; called as an event of SQLAlchemy."""
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
    _write_ahead(connection)


def clear_freed(engine: Engine) -> None:
    """Clear deleted content out of SQLite's file and its log, where it would stay until it is overwritten some day.

    PostgreSQL does this by itself. While somebody else is reading, it is left for the next time.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.cursor().execute(statement)
    except sqlite3.OperationalError as error:
        log.warning("deleted content has not been cleared out of %s yet: %s", engine.url.database, error)
    finally:
        connection.close()


def _write_ahead(connection: Any) -> None:
    """Keep readers and a writer from waiting for each other; a file is switched over once nobody else has a lock on it.

    SQLite's own busy timeout does not apply to this change, which asks for a writer's lock while it reads.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.02)
