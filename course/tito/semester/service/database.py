"""What the semester service remembers: the semester in force, and every release and collection, done or to come."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from exchange.hub.database import UtcDateTime, open_engine
from tito.errors import SchemaError

PENDING, RUNNING, DONE, CANCELLED = "pending", "running", "done", "cancelled"
RELEASE, COLLECT, LATENESS, FREEZE = "release", "collect", "lateness", "freeze"


class Table(DeclarativeBase):
    """The tables of this service."""


class Applied(Table):
    """A semester that was put in force; the newest row is in force now."""

    __tablename__ = "applied"
    id: Mapped[int] = mapped_column(primary_key=True)
    course: Mapped[str] = mapped_column(String(64))
    semester: Mapped[str] = mapped_column(Text)
    roster: Mapped[str] = mapped_column(Text)
    semester_name: Mapped[str] = mapped_column(String(500))
    roster_name: Mapped[str] = mapped_column(String(500))
    by: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Confirmed(Table):
    """A loss that somebody confirmed: the audit of `tito semester apply --yes`."""

    __tablename__ = "confirmed"
    id: Mapped[int] = mapped_column(primary_key=True)
    course: Mapped[str] = mapped_column(String(64), index=True)
    key: Mapped[str] = mapped_column(String(16))
    sentence: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Notice(Table):
    """Something that instructors tell everybody, or one section ("" is everybody)."""

    __tablename__ = "notices"
    id: Mapped[int] = mapped_column(primary_key=True)
    course: Mapped[str] = mapped_column(String(64), index=True)
    text: Mapped[str] = mapped_column(Text)
    section: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SurveyTally(Table):
    """How many students gave one answer to one question of a survey; a text is its own answer. No row is anybody's."""

    __tablename__ = "survey_tallies"
    course: Mapped[str] = mapped_column(String(64), primary_key=True)
    survey: Mapped[str] = mapped_column(String(10), primary_key=True)
    question: Mapped[str] = mapped_column(String(16), primary_key=True)
    choice: Mapped[str] = mapped_column(String(500), primary_key=True)
    count: Mapped[int]

    __table_args__ = ({"sqlite_with_rowid": False},)  # a row's number would show when it came


class SurveyPerson(Table):
    """On how many days a student was asked to answer, when last, and whether they have; deleted when it closes."""

    __tablename__ = "survey_people"
    course: Mapped[str] = mapped_column(String(64), primary_key=True)
    survey: Mapped[str] = mapped_column(String(10), primary_key=True)
    student: Mapped[str] = mapped_column(String(255), primary_key=True)
    day: Mapped[str] = mapped_column(String(10))
    days: Mapped[int]
    answered: Mapped[bool]

    __table_args__ = ({"sqlite_with_rowid": False},)


class Action(Table):
    """One release or collection of one module at one time, or the course's freeze; `by` is "schedule" or who asked."""

    __tablename__ = "actions"
    id: Mapped[int] = mapped_column(primary_key=True)
    course: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    module: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16), default=PENDING)
    tries: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    message: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        # The schedule asks for a thing at a time once, however often a semester is applied.
        UniqueConstraint("course", "kind", "module", "at", "by", name="uq_actions_what_when"),
        Index("ix_actions_due", "state", "try_after"),
    )


class Generated(Table):
    """From which source the notebooks of a module were last made."""

    __tablename__ = "generated"
    course: Mapped[str] = mapped_column(String(64), primary_key=True)
    module: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def open_database(url: str) -> Engine:
    """Open the database at `url`, creating it or upgrading it to the present schema."""
    return open_engine(url, Path(__file__).parent / "migrations", SchemaError)
