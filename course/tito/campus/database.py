"""What the campus service remembers: the platform's course, its people, and each score to be sent there."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from exchange.hub.database import UtcDateTime, open_engine
from tito.errors import SchemaError

WAITING, SENT, REFUSED, NOBODY, LEFT = "waiting", "sent", "refused", "nobody", "left"


def utc_now() -> datetime:
    return datetime.now(UTC)


class Table(DeclarativeBase):
    """The tables of this service."""


class Linked(Table):
    """The platform's course that is ours, chosen by an instructor from those that launched us."""

    __tablename__ = "linked"
    course: Mapped[str] = mapped_column(String(64), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(500))
    deployment: Mapped[str] = mapped_column(String(255))
    context: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(500))
    members_url: Mapped[str] = mapped_column(Text)
    line_items_url: Mapped[str] = mapped_column(Text)
    resource_link: Mapped[str] = mapped_column(String(255))
    by: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Person(Table):
    """Whom a platform calls `subject`: fixed when first seen, even if their address or login changes."""

    __tablename__ = "people"
    issuer: Mapped[str] = mapped_column(String(500), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the platform's course no longer had them

    __table_args__ = (UniqueConstraint("issuer", "name", name="uq_people_name"),)


class Sync(Table):
    """One check of the platform's members, and its outcome."""

    __tablename__ = "syncs"
    id: Mapped[int] = mapped_column(primary_key=True)
    course: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(String(255))
    outcome: Mapped[str] = mapped_column(String(16))  # applied, unchanged, waits, failed
    message: Mapped[str] = mapped_column(Text)


class LineItem(Table):
    """The platform's column for a module or milestone."""

    __tablename__ = "line_items"
    course: Mapped[str] = mapped_column(String(64), primary_key=True)
    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    url: Mapped[str] = mapped_column(Text)


class ChosenModule(Table):
    """A module that an instructor put into a course of the platform, by deep linking."""

    __tablename__ = "chosen_modules"
    course: Mapped[str] = mapped_column(String(64), primary_key=True)
    course_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    module: Mapped[str] = mapped_column(String(64), primary_key=True)
    by: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Score(Table):
    """The score that a student was shown for an assignment, and what of it was sent to the platform."""

    __tablename__ = "scores"
    course: Mapped[str] = mapped_column(String(64), primary_key=True)
    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    student: Mapped[str] = mapped_column(String(255), primary_key=True)
    score: Mapped[float] = mapped_column()
    maximum: Mapped[float] = mapped_column()
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), default=WAITING)
    answer: Mapped[str] = mapped_column(Text, default="")
    tries: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_score: Mapped[float | None] = mapped_column()
    sent_maximum: Mapped[float | None] = mapped_column()
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    there: Mapped[float | None] = mapped_column()  # what the platform's gradebook has, out of our maximum
    there_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_scores_due", "course", "state", "try_after"),)


def open_database(url: str) -> Engine:
    """Open the database at `url`, creating it or upgrading it to the present schema."""
    return open_engine(url, Path(__file__).parent / "migrations", SchemaError)
