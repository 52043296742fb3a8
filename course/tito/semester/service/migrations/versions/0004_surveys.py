"""Surveys: the answers, added up, and separately who was asked and who has answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "survey_tallies",
        sa.Column("course", sa.String(64), primary_key=True),
        sa.Column("survey", sa.String(10), primary_key=True),
        sa.Column("question", sa.String(16), primary_key=True),
        sa.Column("choice", sa.String(500), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_people",
        sa.Column("course", sa.String(64), primary_key=True),
        sa.Column("survey", sa.String(10), primary_key=True),
        sa.Column("student", sa.String(255), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("answered", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("survey_people")
    op.drop_table("survey_tallies")
