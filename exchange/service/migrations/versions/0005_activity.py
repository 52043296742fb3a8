"""What events say, added up as they come; filled from the events that are there"""

import sqlalchemy as sa
from alembic import op

from exchange.service import activity

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _name(column: str) -> sa.Column:
    return sa.Column(column, sa.String(length=255), nullable=False)


def _time(column: str, nullable: bool = False) -> sa.Column:
    return sa.Column(column, sa.String(length=27), nullable=nullable)


def _number(column: str, nullable: bool = False) -> sa.Column:
    return sa.Column(column, sa.Integer(), nullable=nullable)


def _table(name: str, more_key: list[sa.Column], *columns: sa.Column) -> None:
    key = [_name("course"), _name("assignment"), _name("student"), *more_key]
    names = [column.name for column in key]
    op.create_table(name, *key, *columns, sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{name}")))


def upgrade() -> None:
    _table(
        "activity",
        [],
        *map(_number, ("events", "seconds", "sessions", "runs")),
        *map(_time, ("first_at", "last_at", "progress_at")),
        *(_time(f"{step}_at", nullable=True) for step in ("fetched", "worked", "completed", "submitted")),
    )
    _table(
        "exercise_activity",
        [_name("exercise")],
        *map(_number, ("runs", "best", "failed_in_a_row")),
        *(_number("runs_to_solve", nullable=True), _name("fault"), _number("hints"), _time("last_at")),
    )
    _table("predictions", [_name("name")], sa.Column("right", sa.Boolean(), nullable=False), _time("at"))
    # A later revision that changes these tables rebuilds them itself, and takes this line away.
    activity.rebuild(op.get_bind())


def downgrade() -> None:
    for table in ("predictions", "exercise_activity", "activity"):
        op.drop_table(table)
