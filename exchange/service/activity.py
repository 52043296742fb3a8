"""What events say about a student's work, added up as they come: steps, time, runs of test cells, predictions.

Everything here was reported by students' own servers: it may be anything, is bounded, and gives no points. The sums can
be rebuilt from the events (`rebuild`); they are kept because a class has a hundred thousand events in a semester, and a
page should read none of them.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from exchange.protocol.models import Activity, CourseActivity, ExerciseActivity, PredictionActivity, parse_utc
from exchange.service.tables import activity, events, exercise_activity, predictions

SESSION_SECONDS = 30 * 60  # a longer pause begins another session: somebody had dinner, or read elsewhere
WORK = frozenset({"fetched", "checked", "tested", "completed", "submitted", "asked"})  # the student's own doing
STEPS = {"fetched": "fetched_at", "completed": "completed_at", "submitted": "submitted_at"}
MOST_NAMES = 60  # exercises, and predictions, of one student in one assignment: no module has half as many
LONGEST_NAME, MOST_CHECKS, MOST_HINTS = 60, 1000, 10

Key = tuple[str, str, str]  # course, assignment, student


@dataclass
class Standing:
    """What is known about one student in one assignment: a row, rows by exercise, predictions by name."""

    row: dict[str, Any] = field(default_factory=dict)
    exercises: dict[str, dict[str, Any]] = field(default_factory=dict)
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, at: str, kind: str, detail: dict[str, Any]) -> None:
        """Add an event; it counts only if it is the student's work."""
        if kind not in WORK:
            return
        self._spend(at)
        if kind in STEPS and self.row[STEPS[kind]] is None:
            self.row[STEPS[kind]] = self.row["progress_at"] = at
        if kind in ("checked", "tested"):
            self.row["worked_at"] = self.row["worked_at"] or at
        for cell in cells_in(detail) if kind == "checked" else ():
            self._add_cell(at, cell)

    def _spend(self, at: str) -> None:
        if not self.row:
            counts = dict.fromkeys(("events", "seconds", "sessions", "runs"), 0)
            times = dict.fromkeys(("first_at", "last_at", "progress_at"), at)
            steps = dict.fromkeys(("fetched_at", "worked_at", "completed_at", "submitted_at"))
            self.row = {**counts, **times, **steps, "sessions": 1}
        gap = (parse_utc(at) - parse_utc(self.row["last_at"])).total_seconds()
        self.row["events"] += 1
        if gap > SESSION_SECONDS:
            self.row["sessions"] += 1
        else:
            self.row["seconds"] += max(0, round(gap))
        self.row["last_at"] = max(at, self.row["last_at"])

    def _add_cell(self, at: str, cell: dict[str, Any]) -> None:
        if "prediction" in cell and "right" in cell:
            if len(self.predictions) < MOST_NAMES:  # the first prediction counts: after it, the answer is shown
                self.predictions.setdefault(cell["prediction"], {"right": cell["right"], "at": at})
        elif exercise := self._exercise(at, cell):
            exercise["last_at"] = at
            if "hint" in cell:
                exercise["hints"] = max(exercise["hints"], cell["hint"])
            elif "checks" in cell and "passed" in cell:
                self._add_run(at, exercise, cell)

    def _exercise(self, at: str, cell: dict[str, Any]) -> dict[str, Any] | None:
        name = cell.get("exercise")
        if name is None or (name not in self.exercises and len(self.exercises) >= MOST_NAMES):
            return None
        counts = dict.fromkeys(("runs", "best", "failed_in_a_row", "hints"), 0)
        return self.exercises.setdefault(name, {**counts, "runs_to_solve": None, "fault": "", "last_at": at})

    def _add_run(self, at: str, exercise: dict[str, Any], cell: dict[str, Any]) -> None:
        solved = 0 < cell["checks"] <= cell["passed"]
        self.row["runs"] += 1
        exercise["runs"] += 1
        exercise["failed_in_a_row"] = 0 if solved else exercise["failed_in_a_row"] + 1
        exercise["fault"] = "" if solved else cell.get("fault", "")
        if solved and exercise["runs_to_solve"] is None:
            exercise["runs_to_solve"] = exercise["runs"]
        if cell["passed"] > exercise["best"]:
            exercise["best"], self.row["progress_at"] = cell["passed"], at


def cells_in(detail: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the notes of a `checked` event, reduced to their valid parts: the event comes from the student's server."""
    cells = detail.get("cells")
    for cell in cells if isinstance(cells, list) else ():
        if isinstance(cell, dict):
            yield {name: value for name, value in cell.items() if _is_sound(name, value)}


def _is_sound(name: str, value: Any) -> bool:
    if name in ("exercise", "prediction", "fault"):
        return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()
    if name in ("checks", "passed"):
        return type(value) is int and 0 <= value <= MOST_CHECKS
    return type(value) is bool if name == "right" else name == "hint" and type(value) is int and 0 < value <= MOST_HINTS


def add(connection: Connection, key: Key, at: str, kind: str, detail: dict[str, Any]) -> None:
    """Add an event to the sums, inside the transaction that adds it."""
    if kind in WORK:
        standing = _load(connection, key, with_cells=kind == "checked")
        standing.add(at, kind, detail)
        _store(connection, key, standing)


def _load(connection: Connection, key: Key, with_cells: bool) -> Standing:
    """Read what is known so far; of exercises and predictions only where they may change."""
    row = connection.execute(select(activity).where(*_is(activity, key))).first()
    standing = Standing(_without_key(row) if row else {})
    if with_cells:
        for each in connection.execute(select(exercise_activity).where(*_is(exercise_activity, key))):
            standing.exercises[each.exercise] = _without_key(each)
        for each in connection.execute(select(predictions).where(*_is(predictions, key))):
            standing.predictions[each.name] = _without_key(each)
    return standing


def _without_key(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in ("course", "assignment", "student")}


def _is(table: Table, key: Key) -> list[Any]:
    return [table.c.course == key[0], table.c.assignment == key[1], table.c.student == key[2]]


def _store(connection: Connection, key: Key, standing: Standing) -> None:
    _put(connection, activity, key, standing.row)
    newest = standing.row["last_at"]
    for exercise, row in standing.exercises.items():
        if row["last_at"] == newest:
            _put(connection, exercise_activity, key, {**row, "exercise": exercise})
    for name, row in standing.predictions.items():
        if row["at"] == newest:
            _put(connection, predictions, key, {**row, "name": name})


def _put(connection: Connection, table: Table, key: Key, row: dict[str, Any]) -> None:
    more = {name: row[name] for name in ("exercise", "name") if name in row}
    where = [*_is(table, key), *(table.c[name] == value for name, value in more.items())]
    if not connection.execute(update(table).where(*where).values(row)).rowcount:
        connection.execute(insert(table), _row(key, row))


def _row(key: Key, row: dict[str, Any]) -> dict[str, Any]:
    return {**dict(zip(("course", "assignment", "student"), key, strict=True)), **row}


def rebuild(connection: Connection, course: str | None = None, student: str | None = None) -> None:
    """Make the sums again from the existing events: all of them, or a course's, or those of a student in it."""
    e = events.c
    query = select(e.course, e.assignment, e.student, e.at, e.kind, e.detail).order_by(e.seq)
    for name, value in (("course", course), ("student", student)):
        if value is not None:
            query = query.where(e[name] == value)
    standings: dict[Key, Standing] = {}
    for row in connection.execute(query):
        key = (row.course, row.assignment, row.student)
        standings.setdefault(key, Standing()).add(row.at, row.kind, json.loads(row.detail))
    forget(connection, course, student)
    _insert(connection, standings)


def forget(connection: Connection, course: str | None, student: str | None) -> int:
    """Remove sums, of all if nothing is named; return how many."""
    removed = 0
    for table in (activity, exercise_activity, predictions):
        named = {"course": course, "student": student}
        where = [table.c[name] == value for name, value in named.items() if value is not None]
        removed += connection.execute(delete(table).where(*where)).rowcount
    return removed


def _insert(connection: Connection, standings: dict[Key, Standing]) -> None:
    items = [(key, standing) for key, standing in standings.items() if standing.row]
    rows = [_row(key, s.row) for key, s in items]
    exercises = [_row(key, {**row, "exercise": name}) for key, s in items for name, row in s.exercises.items()]
    said = [_row(key, {**row, "name": name}) for key, s in items for name, row in s.predictions.items()]
    for table, many in ((activity, rows), (exercise_activity, exercises), (predictions, said)):
        if many:
            connection.execute(insert(table), many)


def read(
    connection: Connection, course: str, assignment: str | None, student: str | None, failing: int
) -> CourseActivity:
    """Read the sums with three queries. `failing`: only exercises that failed at least that often in a row, and no
    predictions."""
    named = {"course": course, "assignment": assignment, "student": student}

    def rows(table: Table, model: type, *where: Any) -> list[Any]:
        chosen = [table.c[name] for name in model.__dataclass_fields__]  # type: ignore[attr-defined]
        query = select(*chosen).where(*where, *(table.c[n] == value for n, value in named.items() if value is not None))
        return [model(*row) for row in connection.execute(query.order_by(*table.primary_key))]

    exercises = rows(exercise_activity, ExerciseActivity, exercise_activity.c.failed_in_a_row >= failing)
    said: Iterable[Any] = [] if failing else rows(predictions, PredictionActivity)
    return CourseActivity(rows(activity, Activity), exercises, list(said))
