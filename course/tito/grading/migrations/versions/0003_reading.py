"""In whose share of the reading an answer is, and who has which answer open."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "reading_shares",
        *_answer(),
        sa.Column("shared_by", sa.String(255), nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "open_answers",
        *_answer(),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )


def _answer() -> tuple[sa.Column, ...]:
    return (
        sa.Column("assignment", sa.String(128), primary_key=True),
        sa.Column("student", sa.String(255), primary_key=True),
        sa.Column("question", sa.String(128), primary_key=True),
        sa.Column("reader", sa.String(255), nullable=False),
    )
