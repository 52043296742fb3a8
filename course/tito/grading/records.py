"""The tables of the grading database: jobs, their tasks, runs, regrade requests, and how far the exchange was read.

A job is what a person asked for; a task is one submission's share of it; a run is one recorded attempt at a task. The
database is the record: processes may die at any moment, rows never lie about what was finished.
"""

import datetime
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Engine,
    ForeignKey,
    Index,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from exchange.hub.database import UtcDateTime, open_engine
from tito.errors import SchemaError

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
FINISHED = (DONE, FAILED, CANCELLED)
JUDGED = ("graded", "refused", "unchanged")  # outcomes of a run that say something about a submission


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Base(DeclarativeBase):
    pass


class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: uuid.uuid4().hex)
    kind: Mapped[str] = mapped_column(String(32))
    assignment: Mapped[str] = mapped_column(String(128))
    asked_by: Mapped[str] = mapped_column(String(255))
    asked_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)


class JobTask(Base):
    """Which tasks a job waits for: a task that was already queued by somebody else belongs to both jobs."""

    __tablename__ = "job_tasks"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"), primary_key=True)


class Task(Base):
    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(32))
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(255), default="")
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    priority: Mapped[int] = mapped_column(default=10)  # lower is sooner: a quick run goes before a class's batch
    state: Mapped[str] = mapped_column(String(16), default=QUEUED)
    message: Mapped[str] = mapped_column(Text, default="")
    starts: Mapped[int] = mapped_column(default=0)
    runner: Mapped[str | None] = mapped_column("worker", String(255), key="runner")
    lease_until: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)  # waiting: not before
    queued_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)
    started_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    # Unique while it waits: asking twice gives the same task. Unique while it runs: a submission is never graded by two
    # processes at the same time. NULLs do not collide.
    waiting_key: Mapped[str | None] = mapped_column(String(600), unique=True)
    running_key: Mapped[str | None] = mapped_column(String(600), unique=True)
    runs: Mapped[list["Run"]] = relationship(back_populates="task", order_by="Run.id")

    __table_args__ = (Index("ix_tasks_state_priority", "state", "priority", "id"),)


class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"))
    kind: Mapped[str] = mapped_column(String(32))
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(255), default="")
    submission: Mapped[str] = mapped_column(String(255), default="")  # the exchange's id of it, or a question's
    submission_sha256: Mapped[str] = mapped_column(String(64), default="")
    source_sha256: Mapped[str] = mapped_column(String(64), default="")
    seed: Mapped[int | None] = mapped_column(BigInteger)
    versions: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    started_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)
    duration_seconds: Mapped[float | None] = mapped_column()
    # graded, refused (the submission cannot be judged, and the student was told why), unchanged, done, failed (a
    # fault of ours), killed (the process died)
    outcome: Mapped[str] = mapped_column(String(16), default="running")
    message: Mapped[str] = mapped_column(Text, default="")
    score: Mapped[float | None] = mapped_column()
    max_score: Mapped[float | None] = mapped_column()
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    task: Mapped[Task] = relationship(back_populates="runs")

    __table_args__ = (Index("ix_runs_who", "assignment", "student", "kind", "id"),)


class Regrade(Base):
    __tablename__ = "regrades"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(255))
    exercise: Mapped[str] = mapped_column(String(128), default="")
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by: Mapped[str | None] = mapped_column(String(255))
    answered_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    open_key: Mapped[str | None] = mapped_column(String(600), unique=True)  # one open request per exercise


class FeedbackRelease(Base):
    """Which feedback a student has been given, so that scores are shown when staff released them and not before."""

    __tablename__ = "feedback_releases"
    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    student: Mapped[str] = mapped_column(String(255), primary_key=True)
    released_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)
    score: Mapped[float] = mapped_column()
    max_score: Mapped[float] = mapped_column()


class StillUnread(Base):
    """What had not been read when feedback was released; no row if all had."""

    __tablename__ = "still_unread"
    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    student: Mapped[str] = mapped_column(String(255), primary_key=True)
    answers: Mapped[int] = mapped_column()
    points: Mapped[float] = mapped_column()


class BoardMember(Base):
    """Who takes part in the leaderboard, and under which name."""

    __tablename__ = "board_members"
    student: Mapped[str] = mapped_column(String(255), primary_key=True)
    pseudonym: Mapped[str] = mapped_column(String(64))
    pseudonym_key: Mapped[str] = mapped_column(String(64), unique=True)
    joined_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)


class RemovedPseudonym(Base):
    """A name that staff removed from the board, and that nobody may have again."""

    __tablename__ = "removed_pseudonyms"
    pseudonym_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    pseudonym: Mapped[str] = mapped_column(String(64))
    student: Mapped[str] = mapped_column(String(255))
    removed_by: Mapped[str] = mapped_column(String(255))
    removed_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)


class WithdrawnEntry(Base):
    """An entry that its author took out of all events."""

    __tablename__ = "withdrawn_entries"
    submission: Mapped[str] = mapped_column(String(255), primary_key=True)
    student: Mapped[str] = mapped_column(String(255))
    withdrawn_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)


class ReadingShare(Base):
    """In whose share of the reading an answer is; no row if it is anybody's."""

    __tablename__ = "reading_shares"
    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    student: Mapped[str] = mapped_column(String(255), primary_key=True)
    question: Mapped[str] = mapped_column(String(128), primary_key=True)
    reader: Mapped[str] = mapped_column(String(255))
    shared_by: Mapped[str] = mapped_column(String(255))
    shared_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)


class OpenAnswer(Base):
    """Who has an answer open; after `until` nobody has, because an open page keeps renewing it."""

    __tablename__ = "open_answers"
    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    student: Mapped[str] = mapped_column(String(255), primary_key=True)
    question: Mapped[str] = mapped_column(String(128), primary_key=True)
    reader: Mapped[str] = mapped_column(String(255))
    opened_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime.datetime] = mapped_column(UtcDateTime)


class SimilarityLook(Base):
    """Who has looked at a module's pairs of similar answers, or at one pair side by side."""

    __tablename__ = "similarity_looks"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    assignment: Mapped[str] = mapped_column(String(128), index=True)
    by: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now)
    exercise: Mapped[str] = mapped_column(String(128), default="")
    one: Mapped[str] = mapped_column(String(512), default="")
    other: Mapped[str] = mapped_column(String(512), default="")


class Note(Base):
    """Small facts that must survive a restart: the exchange's cursor."""

    __tablename__ = "notes"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


def open_database(url: str) -> Engine:
    """Open the grading database, creating it or upgrading it to the present schema."""
    return open_engine(url, Path(__file__).parent / "migrations", SchemaError)
