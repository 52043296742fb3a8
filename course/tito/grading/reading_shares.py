"""In whose share of the reading an answer is: sharing out, with the plan first, and handing over.

Only waiting answers move; one that was read stays in its reader's share. An answer without a row is anybody's.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from tito.errors import TitoError
from tito.gradebook.answers import Answer
from tito.gradebook.policy import staff

from .queue import Queue
from .reading import Reading, load_reading
from .records import ReadingShare, utc_now
from .settings import GradingSettings
from .sharing import BY, deal


@dataclass(frozen=True)
class Move:
    """An answer that goes from one reader ("" for nobody) to another."""

    answer: Answer
    before: str
    after: str


def share_out(
    settings: GradingSettings, queue: Queue, assignment: str, by: str, readers: Sequence[str], by_whom: str,
    again: bool = False, yes: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Share the reading out, or, without `yes`, return the plan."""
    check_readers(settings, readers)
    reading = load_reading(settings, queue, assignment)
    moves = plan_shares(reading, by, list(dict.fromkeys(readers)), again)
    free = sum(each.waits and not reading.share_of(each) for each in reading.answers)
    if yes:
        make_moves(queue, assignment, moves, by_whom)
    return {**told(moves), "left_out": free - sum(not move.before for move in moves), "done": yes}


def hand_over(
    settings: GradingSettings, queue: Queue, assignment: str, giver: str, to: str, by_whom: str,
    question: str = "", section: str = "", yes: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Give the waiting answers of a share to somebody else, or, without `yes`, return how many."""
    if giver == to:
        raise TitoError(f"a share must go to somebody else, got {to!r}: name another reader")
    check_readers(settings, filter(None, [to]))
    moves, kept = plan_hand_over(load_reading(settings, queue, assignment), giver, to, question, section)
    if yes:
        make_moves(queue, assignment, moves, by_whom)
    return {**told(moves), "left_out": kept, "done": yes}


def check_readers(settings: GradingSettings, readers: Iterable[str]) -> None:
    """Raise TitoError for somebody who is not on the staff, if a semester says who is."""
    known = staff(settings.course_dir)
    if known and (strangers := sorted(set(readers) - known)):
        raise TitoError(
            f"readers must be on the course's staff, got {', '.join(strangers)}: choose from {', '.join(sorted(known))}"
        )


def plan_shares(reading: Reading, by: str, readers: Sequence[str], again: bool) -> list[Move]:
    """Return what sharing out would move: answers that wait and are nobody's, with `again` those of others too."""
    if by not in BY:
        raise TitoError(f"the reading must be shared out by one of {', '.join(BY)}, got {by!r}: choose one of them")
    found = reading.sections
    waiting = [each for each in reading.answers if each.waits and (again or not reading.share_of(each))]
    groups = {"question": lambda each: each.question, "student": lambda each: ""}
    group_of = groups.get(by, lambda each: found.of_student(each.student))
    bound = {group: sorted(names) for group, names in found.readers.items()} if by == "section" else {}
    dealt = deal(waiting, readers, group_of, found.reads, bound)
    moves = [Move(each, reading.share_of(each), dealt[each.key]) for each in waiting if each.key in dealt]
    return [move for move in moves if move.before != move.after]


def plan_hand_over(
    reading: Reading, giver: str, taker: str, question: str, section: str
) -> tuple[list[Move], int]:  # fmt: skip
    """Return the waiting answers of a share that another takes, and how many they may not grade.

    An empty `taker` makes them anybody's.
    """
    found = reading.sections
    mine = [each for each in reading.answers if each.waits and reading.share_of(each) == giver]
    wanted = [each for each in mine if question in ("", each.question)]
    wanted = [each for each in wanted if section in ("", found.of_student(each.student))]
    able = [each for each in wanted if not taker or not found.why_not(taker, each.student)]
    return [Move(each, giver, taker) for each in able], len(wanted) - len(able)


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


def told(moves: Sequence[Move]) -> dict[str, Any]:
    """Return what moves: how many answers to whom, and from whom."""
    to, origin = Counter(move.after for move in moves), Counter(move.before for move in moves)
    return {"moves": len(moves), "to": dict(sorted(to.items())), "from": dict(sorted(origin.items()))}
