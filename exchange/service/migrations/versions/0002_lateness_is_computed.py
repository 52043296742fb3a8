"""Lateness is computed from the present schedule; quick scores stay beside full ones"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SUBMISSIONS = sa.table(
    "submissions",
    *(sa.column(name) for name in ("id", "receipt", "due_at", "late", "lateness_seconds")),
)
RESULTS = sa.table("results", *(sa.column(name) for name in ("submission", "score", "body", "quick_score")))


def upgrade() -> None:
    # Plain statements, not Alembic's copy of the table: other tables point at its rows.
    for name in ("due_at", "late", "lateness_seconds"):
        op.drop_column("submissions", name)
    op.add_column("results", sa.Column("quick_score", sa.Float(), nullable=True))
    connection = op.get_bind()
    for row in connection.execute(sa.select(RESULTS)).all():
        if json.loads(row.body)["kind"] == "quick":
            mine = sa.update(RESULTS).where(RESULTS.c.submission == row.submission)
            connection.execute(mine.values(quick_score=row.score))


def downgrade() -> None:
    op.drop_column("results", "quick_score")
    op.add_column("submissions", sa.Column("due_at", sa.String(length=27), nullable=True))
    op.add_column("submissions", sa.Column("late", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("submissions", sa.Column("lateness_seconds", sa.Integer(), nullable=False, server_default="0"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(SUBMISSIONS.c.id, SUBMISSIONS.c.receipt)).all():
        said = json.loads(row.receipt)["receipt"]
        mine = sa.update(SUBMISSIONS).where(SUBMISSIONS.c.id == row.id)
        connection.execute(mine.values({name: said[name] for name in ("due_at", "late", "lateness_seconds")}))
