"""Who has looked at pairs of similar answers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "similarity_looks",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("assignment", sa.String(128), nullable=False, index=True),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exercise", sa.String(128), nullable=False),
        sa.Column("one", sa.String(512), nullable=False),
        sa.Column("other", sa.String(512), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("similarity_looks")
