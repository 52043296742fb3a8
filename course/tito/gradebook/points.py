"""Points that were given elsewhere, for a midterm or a project: columns of the gradebook without submissions.

They are in gradebook.db, in tables of their own, so they go with it into backups and restores; each change is in the
record of grade changes, in the same transaction. A column is not an assignment of nbgrader's: nothing in it is
collected, judged or late, and nobody is missing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, Student
from sqlalchemy import Column, DateTime, Float, MetaData, String, Table, delete, inspect, select

from .file import FILE_NAME, open_or_make
from .grade_changes import changes, prepare_table, utc_now
from .lock import gradebook_lock
from .policy import roster
from .scores import Course, open_gradebook

metadata = MetaData()
columns = Table(
    "tito_point_columns",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("max_score", Float, nullable=False),
    Column("source", String(255), nullable=False),
    Column("by", String(255), nullable=False),
    Column("at", DateTime, nullable=False),
)
points = Table(
    "tito_points",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("student", String(255), primary_key=True),
    Column("points", Float, nullable=False),
    Column("at", DateTime, nullable=False),
)
FIELD = "points"  # what the record of grade changes calls them


@dataclass(frozen=True)
class PointColumn:
    """A column: its name, the most that it gives, each student's points, and where and from whom they came."""

    name: str
    max_score: float
    source: str = ""
    by: str = ""
    at: str = ""
    points: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def point_columns(course: Course) -> list[PointColumn]:
    """Return the columns by name."""
    if not (course.course_dir / FILE_NAME).exists():
        return []
    with open_gradebook(course) as gradebook:
        return _columns(gradebook)


def find_column(course: Course, name: str) -> PointColumn | None:
    """Return the column of that name, None if there is none."""
    return next((each for each in point_columns(course) if each.name == name), None)


def put_points(course_dir: Path, course: str, column: PointColumn) -> int:
    """Enter a column's points, leaving those of students who are not named; return how many changed.

    Nothing is written if nothing changes.
    """
    with gradebook_lock(course_dir), open_or_make(course_dir, course) as gradebook:
        prepare_table(gradebook.engine)
        metadata.create_all(gradebook.db.connection())
        before = next((each for each in _columns(gradebook) if each.name == column.name), None)
        had = before.points if before else {}
        changed = {who: value for who, value in column.points.items() if had.get(who) != value}
        if changed or before is None or before.max_score != column.max_score:
            _put_column(gradebook, column)
        for student, value in changed.items():
            _put(gradebook, column, student, had.get(student), value)
        gradebook.db.commit()
    return len(changed)


def take_points_back(course_dir: Path, course: str, name: str, by: str, student: str = "") -> int:
    """Remove a column, or one student's points in it; return how many points are gone."""
    with gradebook_lock(course_dir), open_or_make(course_dir, course) as gradebook:
        prepare_table(gradebook.engine)
        before = next((each for each in _columns(gradebook) if each.name == name), None)
        if before is None:
            return 0
        gone = {who: value for who, value in before.points.items() if student in ("", who)}
        for who, value in gone.items():
            _put(gradebook, PointColumn(name, before.max_score, by=by), who, value, None)
        if not student:
            gradebook.db.execute(delete(columns).where(columns.c.name == name))
        gradebook.db.commit()
    return len(gone)


def point_rows(course: Course, name: str) -> list[dict[str, Any]] | None:
    """Return a column as `module_rows` returns a module: one row for each student; None if there is no such column."""
    column = find_column(course, name)
    if column is None:
        return None
    members = roster(course.course_dir)
    with open_gradebook(course) as gradebook:
        students = gradebook.db.query(Student).order_by(Student.id).all()
        return [_row(column, each, members is None or each.id in members) for each in students]


def _columns(gradebook: Gradebook) -> list[PointColumn]:
    connection = gradebook.db.connection()
    if not inspect(connection).has_table(columns.name):
        return []
    given: dict[str, dict[str, float]] = {}
    for row in connection.execute(select(points).order_by(points.c.student)):
        given.setdefault(row.name, {})[row.student] = row.points
    return [
        PointColumn(row.name, row.max_score, row.source, row.by, _utc(row.at), given.get(row.name, {}))
        for row in connection.execute(select(columns).order_by(columns.c.name))
    ]


def _put_column(gradebook: Gradebook, column: PointColumn) -> None:
    gradebook.db.execute(delete(columns).where(columns.c.name == column.name))
    about = {"name": column.name, "max_score": column.max_score, "source": column.source[:255], "by": column.by}
    gradebook.db.execute(columns.insert().values(**about, at=utc_now()))


def _put(gradebook: Gradebook, column: PointColumn, student: str, old: float | None, new: float | None) -> None:
    """Change one student's points, with the line in the record of changes."""
    gradebook.db.execute(delete(points).where(points.c.name == column.name, points.c.student == student))
    if new is not None:
        row = {"name": column.name, "student": student, "points": new, "at": utc_now()}
        gradebook.db.execute(points.insert().values(**row))
    said = {"old": _text(old), "new": _text(new), "person": column.by, "student": student}
    where = {"assignment": column.name, "cell": FIELD, "field": FIELD}
    gradebook.db.execute(changes.insert().values(at=utc_now(), **where, **said))


def _row(column: PointColumn, student: Student, on_roster: bool) -> dict[str, Any]:
    score = column.points.get(student.id)
    return {
        "assignment": column.name, "student": student.id, "first_name": student.first_name,
        "last_name": student.last_name, "email": student.email, "max_score": column.max_score,
        "submitted": False, "submitted_at": None, "seconds_late": 0.0, "raw_score": score, "late_penalty": None,
        "score": score, "written_score": None, "needs_manual_grade": False, "unread_answers": 0,
        "unread_points": 0.0, "on_roster": on_roster, "not_judged": "", "collected": False,
        "feedback_released_at": None if score is None else column.at,
    }  # fmt: skip


def _text(value: float | None) -> str | None:
    return None if value is None else f"{value:.10g}"


def _utc(at: Any) -> str:
    return at.isoformat(timespec="seconds") + "Z"
