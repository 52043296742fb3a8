"""Courses that are frozen"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "freezes",
        sa.Column("course", sa.String(length=255), nullable=False),
        sa.Column("frozen_at", sa.String(length=27), nullable=False),
        sa.Column("frozen_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("course", name=op.f("pk_freezes")),
        sa.ForeignKeyConstraint(["course"], ["courses.id"], name=op.f("fk_freezes_course")),
    )


def downgrade() -> None:
    op.drop_table("freezes")
