"""Questions of students, and the notebooks that go with them"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("course", sa.String(length=255), nullable=False),
        sa.Column("assignment", sa.String(length=255), nullable=False),
        sa.Column("student", sa.String(length=255), nullable=False),
        sa.Column("exercise", sa.String(length=255), nullable=False),
        sa.Column("failing_check", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.String(length=27), nullable=False),
        sa.Column("taken_by", sa.String(length=255), nullable=True),
        sa.Column("taken_at", sa.String(length=27), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("for_all", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.String(length=255), nullable=True),
        sa.Column("answered_at", sa.String(length=27), nullable=True),
        sa.Column("seen_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_questions")),
        sa.UniqueConstraint("id", name=op.f("uq_questions_id")),
        sa.ForeignKeyConstraint(
            ["course", "assignment"],
            ["assignments.course", "assignments.id"],
            name=op.f("fk_questions_course_assignment"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("questions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_questions_course_student"), ["course", "student"], unique=False)
    op.create_table(
        "snapshots",
        sa.Column("question", sa.String(length=255), nullable=False),
        sa.Column("blob", sa.String(length=255), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("question", name=op.f("pk_snapshots")),
        sa.ForeignKeyConstraint(["question"], ["questions.id"], name=op.f("fk_snapshots_question")),
    )


def downgrade() -> None:
    op.drop_table("snapshots")
    op.drop_table("questions")
