"""Forget what a course need not keep: events before a time, or everything about a student except what they handed in.

Submissions, receipts, results, feedback and the audit stay: they show what was handed in and who decided what. A backup
keeps everything in it until the backup is deleted.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from exchange.protocol.models import Forgotten, Refused, parse_utc, utc_text
from exchange.service import activity
from exchange.service.tables import events, questions, snapshots

NOBODY = "(forgotten)"


@dataclass(frozen=True)
class Which:
    """Everybody's events before a time, or all of one student's."""

    before: str | None = None
    student: str | None = None


def what(before: str | None, student: str | None) -> Which:
    """Read a request; raise Refused unless it names exactly one thing."""
    if (before is None) == (student is None):
        raise Refused("name either a time or a student", "both" if before else "neither", "give one of the two")
    return Which(utc_text(parse_utc(before)) if before else None, student)


def forget(connection: Connection, course: str, which: Which, yes: bool) -> Forgotten:
    """Count what would be removed; with `yes` remove it and make the sums again from the events that stay."""
    e, q = events.c, questions.c
    gone = (e.course == course, e.at < which.before if which.before else e.student == which.student)
    asked = (q.course == course, q.student == which.student) if which.student else (q.id.is_(None),)
    number = connection.execute(select(func.count()).where(*gone)).scalar_one()
    of_questions = connection.execute(select(func.count()).where(*asked)).scalar_one()
    if yes:
        connection.execute(delete(events).where(*gone))
        _forget_questions(connection, asked)
    before = _sums(connection, course, which.student)
    if yes:
        activity.rebuild(connection, course, which.student)
        before -= _sums(connection, course, which.student)
    return Forgotten(number, before, of_questions, yes)


def _sums(connection: Connection, course: str, student: str | None) -> int:
    tables = (activity.activity, activity.exercise_activity, activity.predictions)
    chosen = [
        select(func.count()).where(t.c.course == course, *([t.c.student == student] if student else [])) for t in tables
    ]
    return sum(connection.execute(each).scalar_one() for each in chosen)


def _forget_questions(connection: Connection, asked: tuple) -> None:
    """Remove a student's questions; if one was answered for all, the staff's words stay, without a name."""
    q = questions.c
    theirs = select(q.id).where(*asked)
    connection.execute(delete(snapshots).where(snapshots.c.question.in_(theirs)))
    connection.execute(delete(questions).where(*asked, q.for_all == ""))
    empty = {"student": NOBODY, "text": "", "cell": "", "why": "", "failing_check": ""}
    connection.execute(update(questions).where(*asked).values(empty))
