"""A record of every change of a grade, comment or flag that is made by hand: who, when, what, old and new value.

The rows are written in the same transaction as the change, into gradebook.db itself, so there is neither a change
without its record nor a record without its change. Rows are never altered; a trigger in the database refuses it.
"""

import datetime
import json
from typing import Any

from nbgrader.api import Comment, Grade, Gradebook, SubmittedNotebook
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex, CreateTable

metadata = MetaData()
changes = Table(
    "tito_grade_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", DateTime, nullable=False),
    Column("person", String(255), nullable=False),
    Column("student", String(255), nullable=False),
    Column("assignment", String(128), nullable=False),
    Column("cell", String(128), nullable=False),
    Column("field", String(64), nullable=False),
    Column("old", Text),
    Column("new", Text),
)

APPEND_ONLY = """CREATE TRIGGER IF NOT EXISTS tito_grade_changes_no_{verb} BEFORE {verb} ON tito_grade_changes
BEGIN SELECT RAISE(ABORT, 'the record of grade changes is append-only'); END"""

WATCHED: dict[type, tuple[str, ...]] = {
    Grade: ("manual_score", "extra_credit", "needs_manual_grade"),
    Comment: ("manual_comment",),
    SubmittedNotebook: ("flagged",),
}
_prepared: set[str] = set()


def prepare_table(engine: Engine) -> None:
    """Create the table, and make it append-only, if this gradebook has none yet."""
    address = str(engine.url)
    if address in _prepared:
        return
    make_tables(engine, metadata)
    with engine.begin() as connection:
        for verb in ("UPDATE", "DELETE"):
            connection.execute(text(APPEND_ONLY.format(verb=verb)))
    _prepared.add(address)


def make_tables(engine: Engine, tables: MetaData) -> None:
    """Create what is not there yet; several threads and programs may do so at the same time."""
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))


def record_changes(gradebook: Gradebook, person: str) -> None:
    """Record everything that `person` changes through this gradebook's session from now on."""
    prepare_table(gradebook.engine)
    event.listen(gradebook.db(), "before_flush", lambda session, *_: _record(session, person))


def _record(session: Session, person: str) -> None:
    rows = [row for thing in session.dirty if type(thing) in WATCHED for row in _changed_fields(thing)]
    if rows:
        session.execute(changes.insert(), [{"at": utc_now(), "person": person, **row} for row in rows])


def utc_now() -> datetime.datetime:
    """Return the time as SQLite keeps it: in UTC, without a time zone."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _changed_fields(thing: Any) -> list[dict[str, Any]]:
    state = inspect(thing)
    rows = []
    for field in WATCHED[type(thing)]:
        history = state.attrs[field].history
        old = history.deleted[0] if history.deleted else None
        new = history.added[0] if history.added else None
        if history.has_changes() and not _same(old, new):
            rows.append({**_place(thing), "field": field, "old": _text(old), "new": _text(new)})
    return rows


def _place(thing: Any) -> dict[str, str]:
    notebook = thing if isinstance(thing, SubmittedNotebook) else thing.notebook
    return {
        "student": notebook.assignment.student.id,
        "assignment": notebook.assignment.assignment.name,
        "cell": notebook.name if notebook is thing else thing.cell.name,
    }


def _same(old: Any, new: Any) -> bool:
    return old == new or (old in (None, "") and new in (None, ""))


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def newest_change(gradebook: Gradebook) -> int:
    """Return the number of the newest recorded change, 0 if there is none."""
    prepare_table(gradebook.engine)
    return gradebook.db.execute(select(func.max(changes.c.id))).scalar() or 0


def list_changes(
    gradebook: Gradebook, where: dict[str, str], limit: int = 200, before: int | None = None
) -> list[dict[str, Any]]:
    """Return the newest changes first, optionally of one student, assignment or person; `before` turns the page."""
    prepare_table(gradebook.engine)
    query = select(changes).order_by(changes.c.id.desc()).limit(limit)
    for name, value in where.items():
        if value:
            query = query.where(changes.c[name] == value)
    if before is not None:
        query = query.where(changes.c.id < before)
    rows = gradebook.db.execute(query).mappings().all()
    return [{**row, "at": row["at"].isoformat(timespec="seconds") + "Z"} for row in rows]
