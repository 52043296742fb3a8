"""How far everybody is, as their servers report it: few rows per student and module, however many events there were."""

import json
from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, and_, func, select

from exchange.protocol.models import ClassSteps, HintsOpened, Steps
from exchange.service.tables import activity, events, exercise_activity


def read(connection: Connection, course: str) -> ClassSteps:
    """Read the class's steps, and who opened hints, with two queries."""
    return ClassSteps(_steps(connection, course), _hints(connection, course))


def _steps(connection: Connection, course: str) -> list[Steps]:
    a, e = activity.c, events.c
    tested = select(e.assignment, e.student, func.count().label("tests"), func.max(e.seq).label("newest"))
    tests = tested.where(e.course == course, e.kind == "tested").group_by(e.assignment, e.student).subquery()
    ours = and_(tests.c.assignment == a.assignment, tests.c.student == a.student)
    last = events.alias("last")
    query = (
        select(a.assignment, a.student, a.fetched_at, a.completed_at, a.submitted_at, a.last_at)
        .add_columns(func.coalesce(tests.c.tests, 0).label("tests"), last.c.detail)
        .select_from(activity.outerjoin(tests, ours).outerjoin(last, last.c.seq == tests.c.newest))
        .where(a.course == course)
        .order_by(a.assignment, a.student)
    )
    return [_step(row) for row in connection.execute(query).all()]


def _step(row: Any) -> Steps:
    known = dict(row._mapping)
    detail = known.pop("detail")
    return Steps(**known, last_test=json.loads(detail) if detail and not row.completed_at else {})


def _hints(connection: Connection, course: str) -> list[HintsOpened]:
    x = exercise_activity.c
    query = select(x.assignment, x.exercise, x.student, x.hints).where(x.course == course, x.hints > 0)
    opened: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for assignment, exercise, student, hints in connection.execute(query).all():
        opened[assignment, exercise][student] = hints
    return [HintsOpened(*key, students) for key, students in sorted(opened.items())]
