"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "applied",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("course", sa.String(64), nullable=False),
        sa.Column("semester", sa.Text, nullable=False),
        sa.Column("roster", sa.Text, nullable=False),
        sa.Column("semester_name", sa.String(500), nullable=False),
        sa.Column("roster_name", sa.String(500), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        _time("at"),
    )
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("course", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("module", sa.String(64), nullable=False),
        _time("at"),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        _time("try_after"),
        _time("finished_at", nullable=True),
        sa.Column("message", sa.Text, nullable=False),
        sa.UniqueConstraint("course", "kind", "module", "at", "by", name="uq_actions_what_when"),
    )
    op.create_index("ix_actions_due", "actions", ["state", "try_after"])
    op.create_table(
        "generated",
        sa.Column("course", sa.String(64), primary_key=True),
        sa.Column("module", sa.String(64), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        _time("at"),
    )


def downgrade() -> None:
    for table in ("generated", "actions", "applied"):
        op.drop_table(table)
