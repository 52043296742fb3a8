"""The reading of a module as people see it: each answer with its share and who has it open; each reader's progress."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tito.errors import TitoError
from tito.gradebook.answers import Answer, written_answers
from tito.gradebook.policy import staff
from tito.gradebook.scores import assignment_names
from tito.gradebook.sections import Sections, sections

from .open_answers import opened
from .queue import Queue
from .records import OpenAnswer, ReadingShare
from .settings import GradingSettings
from .sharing import Key
from .strictness import strictness_of


@dataclass(frozen=True)
class Reading:
    """A module's answers, in whose share each is, what is open, and the course's sections."""

    assignment: str
    answers: list[Answer]
    shares: dict[Key, str]
    open: dict[Key, OpenAnswer]
    sections: Sections
    staff: frozenset[str]

    def share_of(self, answer: Answer) -> str:
        return self.shares.get(answer.key, "")

    @property
    def readers(self) -> list[str]:
        """Everybody who has a share, has read, or may read."""
        read = {each.reader for each in self.answers if each.reader}
        return sorted(read | set(self.shares.values()) | self.staff)


def load_reading(settings: GradingSettings, queue: Queue, assignment: str) -> Reading:
    """Return a module's reading; raise TitoError for a module that the gradebook does not have."""
    known = assignment_names(settings)
    if assignment not in known:
        there = ", ".join(known) or "none yet"
        raise TitoError(f"there is no module {assignment} in the gradebook; there are: {there}")
    answers = written_answers(settings, assignment)
    with Session(queue.engine, expire_on_commit=False) as session:
        held, now = _shares(session, assignment), opened(session, assignment)
    return Reading(assignment, answers, held, now, sections(settings.course_dir), staff(settings.course_dir))


def _shares(session: Session, assignment: str) -> dict[Key, str]:
    rows = session.scalars(select(ReadingShare).where(ReadingShare.assignment == assignment))
    return {(row.student, row.question): row.reader for row in rows}


def all_readings(settings: GradingSettings, queue: Queue, name: str) -> list[dict[str, Any]]:
    """Count, for each module that has answers to read, what is waiting: in all, in somebody's share, in nobody's."""
    rows = [counts(load_reading(settings, queue, each), name) for each in assignment_names(settings)]
    return [row for row in rows if row["answers"]]


def counts(reading: Reading, name: str) -> dict[str, Any]:
    """Count what is waiting."""
    waiting = [each for each in reading.answers if each.waits]
    return {
        "assignment": reading.assignment, "answers": len(reading.answers), "waiting": len(waiting),
        "yours_waiting": sum(reading.share_of(each) == name for each in waiting) if name else 0,
        "nobodys_waiting": sum(not reading.share_of(each) for each in waiting), "shared": bool(reading.shares),
    }  # fmt: skip


def describe_reading(reading: Reading, name: str, sees: Iterable[str] | None = None) -> dict[str, Any]:
    """Return a module's reading as plain data for somebody, with the strictness of those whose they may see."""
    return {
        **counts(reading, name), "questions": sorted({each.question for each in reading.answers}),
        "sections": list(reading.sections.names), "staff": sorted(reading.staff),
        "progress": progress_rows(reading, sees), "rows": answer_rows(reading),
    }  # fmt: skip


def answer_rows(reading: Reading) -> list[dict[str, Any]]:
    """Return the answers as plain data."""
    return [_row(reading, each) for each in reading.answers]


def _row(reading: Reading, answer: Answer) -> dict[str, Any]:
    held = reading.open.get(answer.key)
    return {
        "student": answer.student, "number": answer.number, "page": answer.page, "question": answer.question,
        "section": reading.sections.of_student(answer.student), "points": answer.points,
        "max_points": answer.max_points, "waits": answer.waits, "read_by": answer.reader,
        "share": reading.share_of(answer), "open_by": held.reader if held else "",
        "open_since": held.opened_at.isoformat() if held else None,
    }  # fmt: skip


def progress_rows(reading: Reading, sees: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Return each reader's progress and, at the end, what is in nobody's share.

    `sees` names the readers whose strictness is included; None includes everybody's.
    """
    shown = set(reading.readers if sees is None else sees)
    rows = [_progress(reading, name, name in shown) for name in reading.readers]
    return [*rows, _progress(reading, "", False)]


def _progress(reading: Reading, name: str, with_strictness: bool) -> dict[str, Any]:
    share = [each for each in reading.answers if reading.share_of(each) == name]
    strictness = strictness_of(name, reading.answers) if with_strictness else None
    return {
        "reader": name, "share": len(share), "waits": sum(each.waits for each in share),
        "read": sum(each.reader == name for each in reading.answers) if name else 0,
        "open": sum(held.reader == name for held in reading.open.values()),
        "strictness": strictness.plain() if strictness else None,
    }  # fmt: skip
