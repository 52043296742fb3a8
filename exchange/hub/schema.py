"""Upgrade a service's database to this program's schema: Alembic's revisions in a folder, one after the other.

Whatever opens a database calls this; processes that open it at the same time wait for the first. A database that is up
to date costs one query, and Alembic is not imported.
"""

import logging
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

LOCK = 0x7469746F  # PostgreSQL's advisory lock for changing a schema, one per database


class SchemaError(Exception):
    """The database was written by another version of the service."""


def bring_up_to_date(engine: Engine, migrations: Path, newer: type[Exception] = SchemaError) -> None:
    """Apply the missing revisions, all or none; raise `newer` if a newer program has written the database."""
    try:
        _bring_up_to_date(engine, migrations)
    except SchemaError as error:
        engine.dispose()
        raise newer(str(error)) from error
    except BaseException:
        engine.dispose()  # nobody else has it
        raise


def _bring_up_to_date(engine: Engine, migrations: Path) -> None:
    revisions = known_revisions(migrations)
    with engine.connect() as connection:
        if _revision(connection, revisions) == revisions[-1]:
            return
    with engine.begin() as connection:
        _wait_for_others(connection)
        if _revision(connection, revisions) != revisions[-1]:
            _upgrade(connection, migrations)


def known_revisions(migrations: Path) -> list[str]:
    """Return the revisions' names in order: files are called NUMBER_what.py, and the number is the name."""
    return sorted(path.stem.partition("_")[0] for path in (migrations / "versions").glob("[0-9]*_*.py"))


def _revision(connection: Connection, known: list[str]) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in known:
        raise SchemaError(
            f"the database has schema revision {found}, this program knows {known[0]} to {known[-1]}: a newer version "
            "wrote it. Start that version, or restore the backup that was made before it"
        )
    return found


def _wait_for_others(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver itself begins only at the first row written
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _upgrade(connection: Connection, migrations: Path) -> None:
    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
