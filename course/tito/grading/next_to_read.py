"""Which answer somebody reads next: of their share, then of nobody's, and none that somebody else has open."""

from collections.abc import Sequence

from tito.gradebook.answers import Answer

from .open_answers import take
from .queue import Queue
from .reading import Reading


def find_next(
    reading: Reading, queue: Queue, person: str, question: str = "", section: str = "", after: str = ""
) -> Answer | None:
    """Take the next answer for somebody to read: of their share, then of nobody's; None if nothing is waiting.

    Answers that others have open are skipped, and so is the submission `after`, which they have just had: the search
    continues after it and begins again at the top.
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
    if share:  # it was given to them, no matter which sections they read
        return not reading.sections.why_not(person, answer.student)
    return reading.sections.reads(person, answer.student)


def _behind(answers: Sequence[Answer], page: str) -> list[Answer]:
    last = max((place for place, each in enumerate(answers) if each.page == page), default=-1)
    return [each for each in (*answers[last + 1 :], *answers[: last + 1]) if each.page != page]


def _is_free(reading: Reading, answer: Answer, person: str) -> bool:
    held = reading.open.get(answer.key)
    return held is None or held.reader == person
