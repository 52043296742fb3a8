"""Modules that instructors put into the platform's course by deep linking."""

import sqlalchemy as sa
from alembic import op

from exchange.hub.database import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "chosen_modules",
        sa.Column("course", sa.String(64), primary_key=True),
        sa.Column("course_key", sa.String(64), primary_key=True),
        sa.Column("module", sa.String(64), primary_key=True),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
