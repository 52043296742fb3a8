"""The tables. Times are fixed-width UTC text, so that SQLite, PostgreSQL and backups hold exactly the same values.

Rows that name a blob are `bundles`, `submissions`, `feedback` and `snapshots`; `exchange.service.fsck` checks each
against its blob.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

_ASSIGNMENT = ("course", "assignment")


def _name(column: str, **options: object) -> Column:
    return Column(column, String(255), nullable=False, **options)  # type: ignore[arg-type]


def _time(column: str, nullable: bool = False) -> Column:
    return Column(column, String(27), nullable=nullable)


def _of_assignment() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(_ASSIGNMENT, ["assignments.course", "assignments.id"])


def _blob() -> list[Column]:
    return [_name("blob"), Column("manifest", Text, nullable=False), Column("size", BigInteger, nullable=False)]


courses = Table(
    "courses",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("settings", Text, nullable=False),
    _time("created_at"),
)

freezes = Table(
    "freezes",
    metadata,
    Column("course", String(255), primary_key=True),
    _time("frozen_at"),
    _name("frozen_by"),
    ForeignKeyConstraint(["course"], ["courses.id"]),
)

assignments = Table(
    "assignments",
    metadata,
    _name("course"),
    _name("id"),
    Column("settings", Text, nullable=False),
    _time("created_at"),
    # The version of the release that students see; None before the first release and after a withdrawal.
    Column("release_version", Integer),
    _time("released_at", nullable=True),
    PrimaryKeyConstraint("course", "id"),
    ForeignKeyConstraint(["course"], ["courses.id"]),
)

# kind: release or solution; earlier versions stay, so that nothing that a student worked on is lost.
bundles = Table(
    "bundles",
    metadata,
    _name("course"),
    _name("assignment"),
    Column("kind", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    *_blob(),
    _time("created_at"),
    _name("created_by"),
    PrimaryKeyConstraint("course", "assignment", "kind", "version"),
    _of_assignment(),
)

extensions = Table(
    "extensions",
    metadata,
    _name("course"),
    _name("assignment"),
    _name("student"),
    _time("due_at", nullable=True),
    Column("extra_attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    _time("granted_at"),
    _name("granted_by"),
    PrimaryKeyConstraint("course", "assignment", "student"),
    _of_assignment(),
)

# Days that students spend themselves; no row means none.
late_days = Table(
    "late_days",
    metadata,
    _name("course"),
    _name("assignment"),
    _name("student"),
    Column("days", Integer, nullable=False),
    _time("spent_at"),
    PrimaryKeyConstraint("course", "assignment", "student"),
    _of_assignment(),
)

submissions = Table(
    "submissions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _name("id", unique=True),
    _name("course"),
    _name("assignment"),
    _name("student"),
    Column("attempt", Integer, nullable=False),
    _name("idempotency_key"),
    *_blob(),
    _time("received_at"),
    Column("receipt", Text, nullable=False),
    UniqueConstraint("course", "assignment", "student", "attempt"),
    UniqueConstraint("course", "student", "idempotency_key"),
    _of_assignment(),
    sqlite_autoincrement=True,  # a restored or emptied table never reuses a number that a poller has seen
)

# score: of the newest result, quick or full (see `body`); quick_score stays when a full result replaces the quick one.
results = Table(
    "results",
    metadata,
    Column("submission", String(255), primary_key=True),
    Column("score", Float),
    Column("quick_score", Float),
    Column("body", Text, nullable=False),
    _time("posted_at"),
    _name("posted_by"),
    ForeignKeyConstraint(["submission"], ["submissions.id"]),
)

feedback = Table(
    "feedback",
    metadata,
    Column("submission", String(255), primary_key=True),
    *_blob(),
    _time("released_at"),
    _name("released_by"),
    ForeignKeyConstraint(["submission"], ["submissions.id"]),
)

# A row means that the student may have the solution. closed: they gave up submitting for it, irrevocably.
unlocks = Table(
    "unlocks",
    metadata,
    _name("course"),
    _name("assignment"),
    _name("student"),
    Column("closed", Boolean, nullable=False),
    _time("granted_at"),
    PrimaryKeyConstraint("course", "assignment", "student"),
    _of_assignment(),
)

questions = Table(
    "questions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _name("id", unique=True),
    _name("course"),
    _name("assignment"),
    _name("student"),
    _name("exercise"),
    Column("failing_check", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("cell", Text, nullable=False),
    Column("text", Text, nullable=False),
    _time("asked_at"),
    Column("taken_by", String(255)),
    _time("taken_at", nullable=True),
    Column("answer", Text),
    Column("for_all", Text, nullable=False),  # the question in staff's words, where the answer is for everybody
    Column("answered_by", String(255)),
    _time("answered_at", nullable=True),
    _time("seen_at", nullable=True),
    _of_assignment(),
    Index(None, "course", "student"),
    sqlite_autoincrement=True,
)

# The notebook that a student sent with a question.
snapshots = Table(
    "snapshots",
    metadata,
    Column("question", String(255), primary_key=True),
    *_blob(),
    _time("sent_at"),
    ForeignKeyConstraint(["question"], ["questions.id"]),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _time("at"),
    _name("course"),
    _name("assignment"),
    _name("student"),
    Column("kind", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "course", "student", "assignment"),
    Index(None, "course", "assignment", "kind"),
    sqlite_autoincrement=True,
)

# What events say, added up as they come (`exchange.service.activity`); `rebuild` makes all three again from events.
activity = Table(
    "activity",
    metadata,
    _name("course"),
    _name("assignment"),
    _name("student"),
    Column("events", Integer, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("runs", Integer, nullable=False),
    _time("first_at"),
    _time("last_at"),
    _time("progress_at"),
    _time("fetched_at", nullable=True),
    _time("worked_at", nullable=True),
    _time("completed_at", nullable=True),
    _time("submitted_at", nullable=True),
    PrimaryKeyConstraint("course", "assignment", "student"),
)

exercise_activity = Table(
    "exercise_activity",
    metadata,
    _name("course"),
    _name("assignment"),
    _name("student"),
    _name("exercise"),
    Column("runs", Integer, nullable=False),
    Column("best", Integer, nullable=False),
    Column("failed_in_a_row", Integer, nullable=False),
    Column("runs_to_solve", Integer),
    _name("fault"),
    Column("hints", Integer, nullable=False),
    _time("last_at"),
    PrimaryKeyConstraint("course", "assignment", "student", "exercise"),
)

predictions = Table(
    "predictions",
    metadata,
    _name("course"),
    _name("assignment"),
    _name("student"),
    _name("name"),
    Column("right", Boolean, nullable=False),
    _time("at"),
    PrimaryKeyConstraint("course", "assignment", "student", "name"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _time("at"),
    _name("actor"),
    _name("acting_for"),
    Column("verb", String(255), nullable=False),
    _name("course"),
    _name("assignment"),
    _name("subject"),
    Column("status", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "course", "seq"),
    sqlite_autoincrement=True,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("key_id", String(32), primary_key=True),
    Column("public_key", String(64), nullable=False),
    _time("created_at"),
    _time("retired_at", nullable=True),
)
