"""The tables of the first version, even if they already exist: it made them without Alembic."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int | None = None, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=nullable)


def _key(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), primary_key=True)


def _table(name: str, *parts: sa.Column | sa.Constraint) -> None:
    op.create_table(name, *parts, if_not_exists=True)


def upgrade() -> None:
    _jobs()
    _runs()
    _people()
    _table("notes", _key("name", 64), _text("value"))


def _jobs() -> None:
    _table(
        "jobs", _key("id", 32), _text("kind", 32), _text("assignment", 128), _text("asked_by", 255), _time("asked_at")
    )
    _table(
        "tasks",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *(_text("kind", 32), _text("assignment", 128), _text("student", 255)),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        *(_text("state", 16), _text("message")),
        sa.Column("starts", sa.Integer, nullable=False),
        _text("worker", 255, nullable=True),
        *(_time("lease_until", nullable=True), _time("queued_at")),
        *(_time("started_at", nullable=True), _time("finished_at", nullable=True)),
        *(_text("waiting_key", 600, nullable=True), _text("running_key", 600, nullable=True)),
        *(sa.UniqueConstraint("waiting_key"), sa.UniqueConstraint("running_key")),
    )
    op.create_index("ix_tasks_state_priority", "tasks", ["state", "priority", "id"], if_not_exists=True)
    _table(
        "job_tasks",
        sa.Column("job_id", sa.String(32), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("task_id", sa.Integer, sa.ForeignKey("tasks.id"), primary_key=True),
    )


def _runs() -> None:
    _table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("task_id", sa.Integer, sa.ForeignKey("tasks.id"), nullable=False),
        *(_text("kind", 32), _text("assignment", 128), _text("student", 255)),
        *(_text("submission", 255), _text("submission_sha256", 64), _text("source_sha256", 64)),
        sa.Column("seed", sa.BigInteger),
        sa.Column("versions", sa.JSON, nullable=False),
        _time("started_at"),
        sa.Column("duration_seconds", sa.Double),
        *(_text("outcome", 16), _text("message")),
        *(sa.Column("score", sa.Double), sa.Column("max_score", sa.Double)),
        sa.Column("report", sa.JSON, nullable=False),
    )
    op.create_index("ix_runs_who", "runs", ["assignment", "student", "kind", "id"], if_not_exists=True)


def _people() -> None:
    _table(
        "regrades",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *(_text("assignment", 128), _text("student", 255), _text("exercise", 128), _text("reason"), _time("asked_at")),
        *(_text("answer"), _text("answered_by", 255, nullable=True), _time("answered_at", nullable=True)),
        *(_text("open_key", 600, nullable=True), sa.UniqueConstraint("open_key")),
    )
    _table(
        "feedback_releases",
        *(_key("assignment", 128), _key("student", 255), _time("released_at")),
        *(sa.Column("score", sa.Double, nullable=False), sa.Column("max_score", sa.Double, nullable=False)),
    )
    _table(
        "still_unread",
        *(_key("assignment", 128), _key("student", 255)),
        *(sa.Column("answers", sa.Integer, nullable=False), sa.Column("points", sa.Double, nullable=False)),
    )


def downgrade() -> None:
    for table in ("notes", "still_unread", "feedback_releases", "regrades", "runs", "job_tasks", "tasks", "jobs"):
        op.drop_table(table)
