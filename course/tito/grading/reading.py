"""The reading of a module as one sees it: each answer with its share and who has it open; how far each reader is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from tito.errors import TitoError
from tito.gradebook.answers import Answer, written_answers
from tito.gradebook.policy import staff
from tito.gradebook.scores import assignment_names
from tito.gradebook.sections import Sections, sections

from .open_answers import opened, take
from .queue import Queue
from .reading_shares import shares
from .records import OpenAnswer
from .settings import GradingSettings
from .sharing import Key
from .strictness import strictness_of


@dataclass(frozen=True)
class Reading:
    """A module's answers, whose share each is, what is open, and the course's sections."""

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
        """Everybody who has a share, has read, or may."""
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
        held, now = shares(session, assignment), opened(session, assignment)
    return Reading(assignment, answers, held, now, sections(settings.course_dir), staff(settings.course_dir))


def find_next(
    reading: Reading, queue: Queue, person: str, question: str = "", section: str = "", after: str = ""
) -> Answer | None:
    """Take the next answer for somebody to read: of their share, then of what is nobody's; None where nothing waits.

    What others have open is passed over, and so is the submission `after`, which they have just had: the search goes on
    behind it and begins again at the top.
    """
    waiting = [each for each in reading.answers if each.waits and question in ("", each.question)]
    waiting = [each for each in waiting if section in ("", reading.sections.of_student(each.student))]
    for share in (person, ""):
        mine = [each for each in waiting if reading.share_of(each) == share and _may_read(reading, person, each, share)]
        for answer in _behind(mine, after):
            if _is_free(reading, answer, person) and take(queue, reading.assignment, answer.key, person):
                return answer
    return None


def _may_read(reading: Reading, person: str, answer: Answer, share: str) -> bool:
    if share:  # it was given to them, whatever sections they read
        return not reading.sections.why_not(person, answer.student)
    return reading.sections.reads(person, answer.student)


def _behind(answers: Sequence[Answer], page: str) -> list[Answer]:
    last = max((place for place, each in enumerate(answers) if each.page == page), default=-1)
    return [each for each in (*answers[last + 1 :], *answers[: last + 1]) if each.page != page]


def _is_free(reading: Reading, answer: Answer, person: str) -> bool:
    held = reading.open.get(answer.key)
    return held is None or held.reader == person


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
    """Return how far each reader is, and at the end what is nobody's share.

    `sees` names whose strictness is told; None tells everybody's.
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
