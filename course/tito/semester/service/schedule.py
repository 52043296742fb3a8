"""The durable schedule: what is to be released and collected when, what was done, what is tried again.

Rows are claimed by compare-and-set and finished in the same database, so that an action is done once; one that was
running when the process died is done again (releasing or collecting twice has the same effect as once).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from tito.semester.read import Valid
from tito.semester.service.database import CANCELLED, COLLECT, DONE, FREEZE, LATENESS, PENDING, RELEASE, RUNNING, Action

SCHEDULE = "schedule"
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=15), timedelta(minutes=10)


@dataclass(frozen=True, order=True)
class Entry:
    """Something that the semester file asks for at a time."""

    at: datetime
    kind: str
    module: str


def wanted(valid: Valid) -> set[Entry]:
    """Return what the semester asks for: a release of each module, and a collection when work may have become final.

    If students have late days, grades follow these too: a day may be used after the work was graded.
    """
    semester, entries = valid.semester, set()
    for module, dates in semester.schedule.items():
        entries.add(Entry(dates.release, RELEASE, module))
        for due in semester.dues(module):
            on_time_until = due + timedelta(seconds=semester.late.grace_seconds)
            closes = semester.closes_after(due)
            entries |= {Entry(at, COLLECT, module) for at in (on_time_until, closes)}
            entries |= {Entry(closes, LATENESS, module)} if semester.late_days.semester else set()
    return entries | ({Entry(semester.freeze, FREEZE, "")} if semester.freeze else set())


@dataclass(frozen=True)
class Difference:
    """What must be added to the schedule, and what must be removed."""

    add: list[Entry]
    cancel: list[Entry]


def difference(engine: Engine, valid: Valid) -> Difference:
    """Compare the schedule with the semester; what was released once is not scheduled for release again."""
    course = valid.semester.course
    with Session(engine) as session:
        rows = session.scalars(select(Action).where(Action.course == course, Action.by == SCHEDULE)).all()
        released = set(session.scalars(select(Action.module).where(Action.kind == RELEASE, Action.state == DONE)).all())
    asked = {entry for entry in wanted(valid) if not (entry.kind == RELEASE and entry.module in released)}
    kept = {_entry(row) for row in rows if row.state in (PENDING, RUNNING, DONE)}
    waiting = {_entry(row) for row in rows if row.state == PENDING}
    return Difference(sorted(asked - kept), sorted(waiting - asked))


def add(engine: Engine, course: str, entry: Entry) -> None:
    """Schedule `entry`; one that was cancelled before is revived."""
    with Session(engine) as session, session.begin():
        row = session.scalar(_find(course, entry))
        if row is None:
            session.add(_row(course, entry, SCHEDULE))
        elif row.state == CANCELLED:
            row.state, row.tries, row.try_after, row.message = PENDING, 0, entry.at, ""


def cancel(engine: Engine, course: str, entry: Entry) -> None:
    """Take `entry` out of the schedule unless it has begun."""
    with Session(engine) as session, session.begin():
        row = session.scalar(_find(course, entry))
        if row is not None and row.state == PENDING:
            row.state, row.message = CANCELLED, "the semester file asks for another time"


def ask(engine: Engine, course: str, kind: str, module: str, by: str, now: datetime) -> int:
    """Queue an action that a person asked for; asking again while it waits returns the same one."""
    with Session(engine) as session, session.begin():
        waiting = select(Action).where(
            Action.course == course,
            Action.kind == kind,
            Action.module == module,
            Action.by != SCHEDULE,
            Action.state == PENDING,
        )
        row = session.scalar(waiting)
        if row is None:
            row = _row(course, Entry(now, kind, module), by)
            session.add(row)
            session.flush()
        row.try_after = now  # a person who presses the button again does not wait for the next try
        return row.id


def recover(engine: Engine) -> int:
    """Queue again what was running when the process died; return how many there were."""
    with Session(engine) as session, session.begin():
        return session.execute(update(Action).where(Action.state == RUNNING).values(state=PENDING)).rowcount  # type: ignore[attr-defined]


def claim(engine: Engine, now: datetime) -> Action | None:
    """Take the earliest action whose time has come, so that nobody else does it."""
    with Session(engine, expire_on_commit=False) as session:
        # No pause is longer: a later try was set while the clock was ahead, and would wait until it gets there.
        its_turn = (Action.try_after <= now) | (Action.try_after > now + LONGEST_RETRY)
        due = select(Action).where(Action.state == PENDING, Action.at <= now, its_turn)
        for row in session.scalars(due.order_by(Action.at, Action.kind.desc(), Action.id)):
            mine = update(Action).where(Action.id == row.id, Action.state == PENDING)
            taken = session.execute(mine.values(state=RUNNING, tries=Action.tries + 1)).rowcount  # type: ignore[attr-defined]
            session.commit()
            if taken:
                session.refresh(row)
                return row
    return None


def finish(engine: Engine, action: Action, message: str, now: datetime) -> None:
    """Record that `action` was done."""
    _set(engine, action, state=DONE, message=message, finished_at=now)


def retry_later(engine: Engine, action: Action, message: str, now: datetime) -> None:
    """Record why `action` failed and try it again, after ever longer pauses and without end: dates do not expire."""
    pause = min(FIRST_RETRY * 2 ** min(action.tries - 1, 10), LONGEST_RETRY)
    _set(engine, action, state=PENDING, message=message, try_after=now + pause)


def next_time(engine: Engine) -> datetime | None:
    """Return when the next action is to be done or tried again."""
    with Session(engine) as session:
        rows = session.scalars(select(Action).where(Action.state == PENDING)).all()
        return min((max(row.at, row.try_after) for row in rows), default=None)


def listing(engine: Engine, course: str) -> list[Action]:
    """Return all actions of a course by time."""
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(select(Action).where(Action.course == course).order_by(Action.at, Action.id)))


def _entry(row: Action) -> Entry:
    return Entry(row.at, row.kind, row.module)


def _row(course: str, entry: Entry, by: str) -> Action:
    return Action(course=course, kind=entry.kind, module=entry.module, at=entry.at, try_after=entry.at, by=by)


def _find(course: str, entry: Entry):
    return select(Action).where(
        Action.course == course,
        Action.kind == entry.kind,
        Action.module == entry.module,
        Action.at == entry.at,
        Action.by == SCHEDULE,
    )


def _set(engine: Engine, action: Action, **values: object) -> None:
    with Session(engine) as session, session.begin():
        session.execute(update(Action).where(Action.id == action.id).values(**values))
