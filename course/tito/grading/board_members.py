"""Who takes part in the leaderboard, under which name, and what was withdrawn; the rows, and who may change them."""

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from exchange.protocol.models import Refused

from .pseudonyms import key_of
from .queue import Queue
from .records import BoardMember, RemovedPseudonym, WithdrawnEntry, utc_now


def members(session: Session) -> dict[str, BoardMember]:
    """Return who is on the board, by user name."""
    return {row.student: row for row in session.scalars(select(BoardMember))}


def withdrawn(session: Session) -> set[str]:
    """Return the submissions whose entries were withdrawn."""
    return set(session.scalars(select(WithdrawnEntry.submission)))


def was_removed(session: Session, student: str) -> bool:
    """Tell whether a pseudonym of somebody was ever removed."""
    query = select(RemovedPseudonym).where(RemovedPseudonym.student == student).limit(1)
    return session.scalar(query) is not None


def join(queue: Queue, student: str, pseudonym: str) -> None:
    """Put a student on the board, or change the name of one who is; raise Refused if it is taken or was removed."""
    key = key_of(pseudonym)
    with Session(queue.engine) as session:
        if session.get(RemovedPseudonym, key) is not None:
            raise Refused(f"the pseudonym {pseudonym} was removed by staff", "", "choose another", 409)
        session.merge(BoardMember(student=student, pseudonym=pseudonym, pseudonym_key=key, joined_at=utc_now()))
        try:
            session.commit()
        except IntegrityError as error:
            remedy = "choose another, because it looks like one on the board"
            raise Refused(f"the pseudonym {pseudonym} is already taken", "", remedy, 409) from error


def leave(queue: Queue, student: str) -> None:
    """Remove a student from the board; their entries stay measured, and come back if they do."""
    with Session(queue.engine) as session:
        session.execute(delete(BoardMember).where(BoardMember.student == student))
        session.commit()


def remove(queue: Queue, student: str, by: str) -> None:
    """Remove a pseudonym from the board; nobody may have it again, but its owner may choose another."""
    with Session(queue.engine) as session:
        row = session.get(BoardMember, student)
        if row is None:
            raise Refused(f"{student} is not on the board", "", "look at the board again", 404)
        name = {"pseudonym": row.pseudonym, "pseudonym_key": row.pseudonym_key}
        session.merge(RemovedPseudonym(**name, student=student, removed_by=by, removed_at=utc_now()))
        session.delete(row)
        session.commit()


def withdraw(queue: Queue, student: str, submission: str) -> None:
    """Take one entry out of all events for good."""
    with Session(queue.engine) as session:
        session.merge(WithdrawnEntry(submission=submission, student=student))
        session.commit()
