"""Checks that were found faulty and count for everybody: which, since when, by whom, for what reason.

A void is written to gradebook.db in the same transaction as the points that follow from it, and applies until it is
taken back: everything judged later gets the check's points too. A row is never removed, so what was void once can be
read.
"""

import datetime
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy import Column, DateTime, Float, Integer, MetaData, String, Table, Text, inspect, select, update

from exchange.protocol.verdicts import ExerciseResult, ModuleResult

metadata = MetaData()
voids = Table(
    "tito_voids",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("assignment", String(128), nullable=False),
    Column("exercise", String(128), nullable=False),
    Column("title", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("points", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(255), nullable=False),
    Column("at", DateTime, nullable=False),
    Column("undone_by", String(255)),
    Column("undone_at", DateTime),
)


@dataclass(frozen=True)
class Void:
    """A check that counts for everybody; `shown` is its name for students, who don't see titles of hidden checks."""

    exercise: str
    title: str
    shown: str
    points: float
    reason: str
    by: str = ""
    at: str = ""
    undone_by: str | None = None
    undone_at: str | None = None

    @property
    def words(self) -> str:
        """Say it to those whom it concerns.

        >>> Void("add", "big arrays", "hidden check 1 of 2", 5.0, "Its sum overflows.").words
        'hidden check 1 of 2 of add does not count: everybody has its 5 points. Its sum overflows.'
        """
        return (
            f"{self.shown} of {self.exercise} does not count: everybody has its {self.points:g} points. {self.reason}"
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def voids_of(gradebook: Gradebook, assignment: str) -> list[Void]:
    """Return the voids of an assignment that are in force."""
    return [each for each in history_of(gradebook, assignment) if each.undone_at is None]


def history_of(gradebook: Gradebook, assignment: str) -> list[Void]:
    """Return all voids of an assignment, the oldest first, with those that were taken back."""
    connection = gradebook.db.connection()
    if not inspect(connection).has_table(voids.name):
        return []
    rows = connection.execute(select(voids).where(voids.c.assignment == assignment).order_by(voids.c.id)).mappings()
    names = Void.__dataclass_fields__
    return [Void(**{name: _plain(row[name]) for name in names}) for row in rows]


def declare(gradebook: Gradebook, assignment: str, void: Void) -> None:
    """Write a void; commit together with the points that follow from it."""
    metadata.create_all(gradebook.db.connection())
    row = {name: getattr(void, name) for name in ("exercise", "title", "shown", "points", "reason", "by")}
    gradebook.db.execute(voids.insert().values(assignment=assignment, at=_now(), **row))


def take_back(gradebook: Gradebook, assignment: str, void: Void, by: str) -> None:
    """End a void; commit together with the points that follow from it."""
    same = (voids.c.exercise == void.exercise, voids.c.title == void.title, voids.c.undone_at.is_(None))
    change = update(voids).where(voids.c.assignment == assignment, *same)
    gradebook.db.execute(change.values(undone_by=by, undone_at=_now()))


def points_with(voided: Iterable[Void], verdict: ModuleResult, exercise: str) -> float:
    """Return an exercise's points by a verdict, in which void checks count as passed; one without a verdict has none.

    A submission that could not be judged has no points before somebody reads it, so it gets none by this either.
    """
    if verdict.refused or exercise not in (each.name for each in verdict.exercises):
        return 0.0
    return with_voids(verdict.exercise(exercise), voided).points


def with_voids(result: ExerciseResult, voided: Iterable[Void]) -> ExerciseResult:
    """Count the void checks of an exercise as passed."""
    titles = {void.title for void in voided if void.exercise == result.name}
    checks = tuple(replace(each, passed=each.passed or each.title in titles) for each in result.checks)
    return replace(result, checks=checks)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="seconds") + "Z" if isinstance(value, datetime.datetime) else value
