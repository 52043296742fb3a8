"""Delete what a frozen course holds: students' work, receipts, results, feedback, events, questions, releases, record.

What stays is that there was a course, that it is frozen, and who deleted it when; so nothing brings it back by itself.
The keys stay too: a receipt that somebody keeps can always be verified. Rows are deleted in one transaction, and blobs
after it; if the process ends in between, the rest are swept like all blobs that no row names.
"""

from sqlalchemy import Connection, Table, delete, func, select

from exchange.hub.database import clear_freed
from exchange.protocol.models import Deleted, Refused
from exchange.service import audit, find
from exchange.service.context import Service
from exchange.service.freezing import find_freeze
from exchange.service.identity import Caller
from exchange.service.tables import (
    activity,
    assignments,
    bundles,
    events,
    exercise_activity,
    extensions,
    feedback,
    late_days,
    predictions,
    questions,
    results,
    snapshots,
    submissions,
    unlocks,
)
from exchange.service.tables import audit as audit_table

# In this order, because some refer to others.
OF_THE_COURSE = (
    *(questions, unlocks, events, activity, exercise_activity, predictions, extensions, late_days),
    *(submissions, bundles, assignments),
)
KEPT_VERBS = ("freeze", "unfreeze", "delete course")


def delete_content(service: Service, caller: Caller, course: str, yes: bool, why: str) -> Deleted:
    """Count what a course holds; with `yes` delete it. A second call finds nothing."""
    with service.database.write() as connection:
        find.find_course(connection, caller, course)
        if yes and find_freeze(connection, course) is None:
            raise Refused(f"{course} is not frozen", remedy="freeze it first: tito semester freeze", status=409)
        counted, blobs = _count(connection, course, yes), _blobs(connection, course) if yes else []
        if yes:
            _delete_rows(connection, course)
            said = f"{counted.submissions} submissions of {counted.students} students; {why}"
            audit.record(connection, service.now(), caller, "delete course", course, detail=said)
    for key in blobs:
        service.blobs.delete(key)
    if yes:
        clear_freed(service.database.engine)
    return counted


def _count(connection: Connection, course: str, deleted: bool) -> Deleted:
    s = submissions.c
    mine = select(func.count(), func.count(s.student.distinct()), func.coalesce(func.sum(s.size), 0))
    number, students, size = connection.execute(mine.where(s.course == course)).one()
    happened, asked = (_number(connection, table, course) for table in (events, questions))
    told = select(func.count()).select_from(feedback.join(submissions)).where(s.course == course)
    return Deleted(number, students, int(size), connection.execute(told).scalar_one(), happened, asked, deleted)


def _number(connection: Connection, table: Table, course: str) -> int:
    return connection.execute(select(func.count()).select_from(table).where(table.c.course == course)).scalar_one()


def _blobs(connection: Connection, course: str) -> list[str]:
    handed_in, asked = _of(submissions, course), _of(questions, course)
    named = [
        select(submissions.c.blob).where(submissions.c.course == course),
        select(bundles.c.blob).where(bundles.c.course == course),
        select(feedback.c.blob).where(feedback.c.submission.in_(handed_in)),
        select(snapshots.c.blob).where(snapshots.c.question.in_(asked)),
    ]
    return [key for each in named for key in connection.scalars(each)]


def _of(table: Table, course: str):
    return select(table.c.id).where(table.c.course == course)


def _delete_rows(connection: Connection, course: str) -> None:
    handed_in, a = _of(submissions, course), audit_table.c
    for table in (results, feedback):
        connection.execute(delete(table).where(table.c.submission.in_(handed_in)))
    connection.execute(delete(snapshots).where(snapshots.c.question.in_(_of(questions, course))))
    for table in OF_THE_COURSE:
        connection.execute(delete(table).where(table.c.course == course))
    connection.execute(delete(audit_table).where(a.course == course, a.verb.not_in(KEPT_VERBS)))
