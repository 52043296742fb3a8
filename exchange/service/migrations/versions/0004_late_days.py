"""Late days that students spend"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "late_days",
        sa.Column("course", sa.String(length=255), nullable=False),
        sa.Column("assignment", sa.String(length=255), nullable=False),
        sa.Column("student", sa.String(length=255), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("spent_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("course", "assignment", "student", name=op.f("pk_late_days")),
        sa.ForeignKeyConstraint(
            ["course", "assignment"],
            ["assignments.course", "assignments.id"],
            name=op.f("fk_late_days_course_assignment"),
        ),
    )


def downgrade() -> None:
    op.drop_table("late_days")
