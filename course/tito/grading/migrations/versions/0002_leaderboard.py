"""Who takes part in the leaderboard, and which entries were withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "board_members",
        sa.Column("student", sa.String(255), primary_key=True),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("pseudonym_key", sa.String(64), nullable=False, unique=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "removed_pseudonyms",
        sa.Column("pseudonym_key", sa.String(64), primary_key=True),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("student", sa.String(255), nullable=False),
        sa.Column("removed_by", sa.String(255), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "withdrawn_entries",
        sa.Column("submission", sa.String(255), primary_key=True),
        sa.Column("student", sa.String(255), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
    )
