"""A service's database through SQLAlchemy: SQLite or PostgreSQL, aware times, and the schema of this program."""

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
    """Open a database, creating it or bringing it to the present schema; raise `newer` where a later program was."""
    make_place(url)
    # What fails is logged, and parameters are what people wrote.
    engine = create_engine(make_url(url), pool_pre_ping=True, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
    bring_up_to_date(engine, migrations, newer)
    return engine


def check_answers(engine: Engine) -> None:
    """Raise Refused 503 where the database does not answer."""
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
    """Set a new connection up, as an event of SQLAlchemy."""
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
    _write_ahead(connection)


def clear_freed(engine: Engine) -> None:
    """Take what was deleted out of SQLite's file and its log, where it stays to be overwritten some day.

    PostgreSQL does so by itself. While somebody else reads, it is left to the next time.
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
    """Let readers and a writer not wait for each other; a file that is not yet so is changed once no other has a lock.

    SQLite's own busy timeout does not hold for this change: it asks for the lock of a writer while it reads.
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
