"""The platform's course, its people, checks of its members, columns and scores."""

import sqlalchemy as sa
from alembic import op

from exchange.hub.database import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "linked",
        sa.Column("course", sa.String(64), primary_key=True),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("deployment", sa.String(255), nullable=False),
        sa.Column("context", sa.String(255), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("members_url", sa.Text, nullable=False),
        sa.Column("line_items_url", sa.Text, nullable=False),
        sa.Column("resource_link", sa.String(255), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "people",
        sa.Column("issuer", sa.String(500), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("gone_at", UtcDateTime),
        sa.UniqueConstraint("issuer", "name", name="uq_people_name"),
    )
    op.create_table(
        "syncs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("course", sa.String(64), nullable=False, index=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    op.create_table(
        "line_items",
        sa.Column("course", sa.String(64), primary_key=True),
        sa.Column("assignment", sa.String(128), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
    )
    _scores()


def _scores() -> None:
    op.create_table(
        "scores",
        sa.Column("course", sa.String(64), primary_key=True),
        sa.Column("assignment", sa.String(128), primary_key=True),
        sa.Column("student", sa.String(255), primary_key=True),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("maximum", sa.Float, nullable=False),
        sa.Column("told_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("try_after", UtcDateTime, nullable=False),
        sa.Column("sent_score", sa.Float),
        sa.Column("sent_maximum", sa.Float),
        sa.Column("sent_at", UtcDateTime),
        sa.Column("there", sa.Float),
        sa.Column("there_at", UtcDateTime),
    )
    op.create_index("ix_scores_due", "scores", ["course", "state", "try_after"])
