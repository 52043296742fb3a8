"""The scores to send to the platform: those that students were shown, kept until the platform has them.

Promises: it has no score that a student was not shown; taking the same score again changes nothing; a score that was
sent is not sent again unless the student has been shown another since.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from tito.campus.database import LEFT, NOBODY, SENT, WAITING, LineItem, Score, utc_now

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
CLOSE = 0.01  # platforms round


class Outbox:
    """The scores of one course."""

    def __init__(self, engine: Engine, course: str) -> None:
        self.engine, self.course = engine, course

    def take(self, told: Iterable[Mapping[str, Any]]) -> int:
        """Take in what students were shown (rows of the grading service); return how many must be sent."""
        with Session(self.engine) as session, session.begin():
            return sum(self._take_one(session, row) for row in told)

    def newest(self) -> datetime | None:
        """Return when the newest of these scores was shown to its student."""
        with Session(self.engine) as session:
            return session.scalar(select(func.max(Score.told_at)).where(Score.course == self.course))

    def due(self, now: datetime) -> list[Score]:
        """Return what is to be sent now, column by column."""
        query = select(Score).where(Score.course == self.course, Score.state == WAITING, Score.try_after <= now)
        with Session(self.engine, expire_on_commit=False) as session:
            return list(session.scalars(query.order_by(Score.assignment, Score.student)))

    def sent(self, row: Score) -> None:
        """Note that the platform has accepted a score, as it was when it was sent."""
        self._note(row, state=SENT, answer="taken", sent_score=row.score, sent_maximum=row.maximum, sent_at=utc_now())

    def not_sent(self, row: Score, state: str, why: str) -> None:
        """Note why a score is not sent."""
        self._note(row, state=state, answer=why[:1000])

    def later(self, row: Score, why: str, seconds: float) -> None:
        """Note that the platform could not be reached: sending is tried again, with growing pauses."""
        pause = max(timedelta(seconds=seconds), min(FIRST_PAUSE * 2 ** min(row.tries, 10), LONGEST_PAUSE))
        self._note(row, answer=why[:1000], tries=row.tries + 1, try_after=utc_now() + pause)

    def retry(self, states: Iterable[str] = (NOBODY, LEFT)) -> None:
        """Let what could not be sent be tried immediately: the roster has changed, or somebody asked for it."""
        with Session(self.engine) as session, session.begin():
            query = select(Score).where(Score.course == self.course, Score.state.in_([WAITING, *states]))
            for row in session.scalars(query):
                row.state, row.tries, row.try_after = WAITING, 0, utc_now()

    def again(self, assignment: str) -> None:
        """Let all scores of an assignment be sent again: the platform's column for it is gone, with its content."""
        with Session(self.engine) as session, session.begin():
            query = select(Score).where(
                Score.course == self.course, Score.assignment == assignment, Score.state == SENT
            )
            for row in session.scalars(query):
                row.state, row.tries, row.try_after = WAITING, 0, utc_now()
                row.answer = "the column was deleted on the platform; a new one will be made"

    def forget_columns(self, session: Session) -> None:
        """Forget every column and let all scores be sent again, to another course's gradebook, within `session`."""
        session.execute(delete(LineItem).where(LineItem.course == self.course))
        fresh = {"state": WAITING, "tries": 0, "try_after": utc_now(), "answer": "", "there": None, "there_at": None}
        fresh |= {"sent_score": None, "sent_maximum": None, "sent_at": None}
        session.execute(update(Score).where(Score.course == self.course).values(fresh))

    def found_there(self, assignment: str, shares: Mapping[str, float]) -> None:
        """Note what the platform's gradebook has in a column: each student's share of the points."""
        with Session(self.engine) as session, session.begin():
            query = select(Score).where(Score.course == self.course, Score.assignment == assignment)
            for row in session.scalars(query):
                share = shares.get(row.student)
                row.there, row.there_at = None if share is None else share * row.maximum, utc_now()

    def rows(self) -> list[dict[str, Any]]:
        """Return every score with what was sent, what was answered and what differs."""
        query = select(Score).where(Score.course == self.course).order_by(Score.assignment, Score.student)
        with Session(self.engine) as session:
            return [shown(row) for row in session.scalars(query)]

    def _take_one(self, session: Session, told: Mapping[str, Any]) -> bool:
        at = datetime.fromisoformat(told["released_at"])
        key = (self.course, told["assignment"], told["student"])
        row = session.get(Score, key)
        if row is None:
            row = Score(course=key[0], assignment=key[1], student=key[2], try_after=utc_now())
            session.add(row)
        elif row.told_at >= at:
            return False
        row.score, row.maximum, row.told_at = told["score"], told["max_score"], at
        if row.state == SENT and (row.sent_score, row.sent_maximum) == (row.score, row.maximum):
            return False
        row.state, row.tries, row.try_after, row.answer = WAITING, 0, utc_now(), ""
        return True

    def _note(self, row: Score, **facts: Any) -> None:
        with Session(self.engine) as session, session.begin():
            now = session.get_one(Score, (row.course, row.assignment, row.student))
            if now.told_at != row.told_at:  # the student has been shown another score meanwhile, which still waits
                facts.pop("state", None)
            for name, value in facts.items():
                setattr(now, name, value)


def shown(row: Score) -> dict[str, Any]:
    """Return a score as pages and scripts see it."""
    return {
        "student": row.student,
        "assignment": row.assignment,
        "score": row.score,
        "maximum": row.maximum,
        "told_at": row.told_at.isoformat(),
        "state": row.state,
        "answer": row.answer,
        "tries": row.tries,
        "sent_score": row.sent_score,
        "sent_at": row.sent_at and row.sent_at.isoformat(),
        "there": row.there,
        "there_at": row.there_at and row.there_at.isoformat(),
        "differs": _differs(row),
    }


def _differs(row: Score) -> bool:
    """Tell whether the platform's gradebook, checked since the score was sent, has another one."""
    if row.state != SENT or row.there_at is None or row.sent_at is None or row.there_at < row.sent_at:
        return False
    return row.there is None or abs(row.there - row.score) > CLOSE
