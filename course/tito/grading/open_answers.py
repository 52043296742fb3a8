"""Who has which answer open: so that two readers find different answers; it is not what keeps points safe.

Taking an answer is one statement, which only one of two wins. An open page renews it; one that was closed, or died,
holds nothing for longer than HOLDS. Readers are told if somebody else has an answer open, and may read on: points and
comments are compared when they are saved.
"""

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .queue import Queue
from .records import OpenAnswer, utc_now
from .sharing import Key

HOLDS = timedelta(minutes=5)


def opened(session: Session, assignment: str) -> dict[Key, OpenAnswer]:
    """Return what is open now, by student and question."""
    rows = select(OpenAnswer).where(OpenAnswer.assignment == assignment, OpenAnswer.until > utc_now())
    return {(row.student, row.question): row for row in session.scalars(rows)}


def take(queue: Queue, assignment: str, key: Key, reader: str) -> bool:
    """Take an answer, or keep it; False if somebody else has it open."""
    now = utc_now()
    here = (OpenAnswer.assignment == assignment, OpenAnswer.student == key[0], OpenAnswer.question == key[1])
    renewed = update(OpenAnswer).where(*here, OpenAnswer.reader == reader, OpenAnswer.until > now)
    expired = update(OpenAnswer).where(*here, OpenAnswer.until <= now)
    with Session(queue.engine) as session:
        for statement, values in (
            (renewed, {"until": now + HOLDS}),
            (expired, {"until": now + HOLDS, "opened_at": now, "reader": reader}),
        ):
            if session.execute(statement.values(values)).rowcount:  # type: ignore[attr-defined]
                session.commit()
                return True
        row = OpenAnswer(assignment=assignment, student=key[0], question=key[1], reader=reader)
        row.opened_at, row.until = now, now + HOLDS
        session.add(row)
        try:
            session.commit()
            return True
        except IntegrityError:
            return False


def give_back(queue: Queue, assignment: str, student: str, reader: str) -> None:
    """Leave a submission: all its answers that the reader has open become free."""
    mine = (OpenAnswer.assignment == assignment, OpenAnswer.student == student, OpenAnswer.reader == reader)
    with Session(queue.engine) as session:
        session.execute(delete(OpenAnswer).where(*mine))
        session.commit()
