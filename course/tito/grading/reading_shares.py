"""Whose share of the reading an answer is: sharing out, with the plan first, and handing over.

Only answers that wait move; what was read stays with its reader's share. Without a row an answer is anybody's.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.protocol.models import Refused
from tito.gradebook.answers import Answer
from tito.gradebook.policy import staff
from tito.gradebook.sections import Sections

from .queue import Queue
from .records import ReadingShare, utc_now
from .settings import GradingSettings
from .sharing import BY, Key, deal


@dataclass(frozen=True)
class Move:
    """An answer that goes from one reader ("" for nobody) to another."""

    answer: Answer
    before: str
    after: str


def shares(session: Session, assignment: str) -> dict[Key, str]:
    """Return whose share each answer is, by student and question."""
    rows = session.scalars(select(ReadingShare).where(ReadingShare.assignment == assignment))
    return {(row.student, row.question): row.reader for row in rows}


def check_readers(settings: GradingSettings, readers: Iterable[str]) -> None:
    """Raise Refused for somebody who is not on the staff, where a semester says who is."""
    known = staff(settings.course_dir)
    if known and (strangers := sorted(set(readers) - known)):
        raise Refused("readers are of the course's staff", ", ".join(strangers), f"it has {', '.join(sorted(known))}")


def plan_shares(
    answers: Iterable[Answer], held: dict[Key, str], found: Sections, by: str, readers: Sequence[str], again: bool
) -> list[Move]:
    """Return what sharing out would move: answers that wait and are nobody's, with `again` those of others too."""
    if by not in BY:
        raise Refused("the reading is shared out in one of these ways", by, ", ".join(BY), 422)
    waiting = [each for each in answers if each.waits and (again or not held.get(each.key))]
    groups = {"question": lambda each: each.question, "student": lambda each: ""}
    group_of = groups.get(by, lambda each: found.of_student(each.student))
    bound = {group: sorted(names) for group, names in found.readers.items()} if by == "section" else {}
    dealt = deal(waiting, readers, group_of, found.reads, bound)
    moves = [Move(each, held.get(each.key, ""), dealt[each.key]) for each in waiting if each.key in dealt]
    return [move for move in moves if move.before != move.after]


def plan_hand_over(
    answers: Iterable[Answer], held: dict[Key, str], found: Sections, giver: str, taker: str, question: str,
    section: str,
) -> list[Move]:  # fmt: skip
    """Return the waiting answers of one reader's share that another takes; an empty `taker` makes them anybody's."""
    mine = [each for each in answers if each.waits and held.get(each.key, "") == giver]
    wanted = [each for each in mine if question in ("", each.question)]
    wanted = [each for each in wanted if section in ("", found.of_student(each.student))]
    able = [each for each in wanted if not taker or not found.why_not(taker, each.student)]
    return [Move(each, giver, taker) for each in able]


def make_moves(queue: Queue, assignment: str, moves: Iterable[Move], by: str) -> None:
    """Write the moves, all or none."""
    with Session(queue.engine) as session:
        for move in moves:
            student, question = move.answer.key
            key = {"assignment": assignment, "student": student, "question": question}
            row = session.get(ReadingShare, tuple(key.values()))
            if row is not None and not move.after:
                session.delete(row)
            elif move.after:
                session.merge(ReadingShare(**key, reader=move.after, shared_by=by, shared_at=utc_now()))
        session.commit()


def told(moves: Sequence[Move], left_out: int = 0) -> dict[str, Any]:
    """Say what moves: how many answers to whom, and from whom."""
    to, origin = Counter(move.after for move in moves), Counter(move.before for move in moves)
    return {
        "moves": len(moves), "to": dict(sorted(to.items())), "from": dict(sorted(origin.items())),
        "left_out": left_out,
    }  # fmt: skip
