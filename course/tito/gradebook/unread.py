"""What nobody has read yet in a graded submission, and how its score is shown until then: never as a final one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbgrader.api import SubmittedAssignment, SubmittedNotebook

from tito.errors import TitoError

from .policy import GradingPolicy

NAMES_SHOWN = 5


class AnswersUnread(TitoError):
    """Feedback would be released although answers wait to be read; `waiting` says how many, of how many submissions."""

    def __init__(self, assignment: str, rows: list[dict[str, Any]]):
        self.waiting = {"submissions": len(rows), "answers": sum(row["unread_answers"] for row in rows)}
        names = ", ".join(row["student"] for row in rows[:NAMES_SHOWN]) + (", ..." if len(rows) > NAMES_SHOWN else "")
        super().__init__(
            f"{counted(len(rows), 'submission')} of {assignment} ({names}) "
            f"{'waits' if len(rows) == 1 else 'wait'} to be read, {counted(self.waiting['answers'], 'answer')} in all: "
            "read them first, or release anyway; their students are then told what is still to be read"
        )


@dataclass(frozen=True)
class Unread:
    """The answers of a submission that wait for a person, and the points that they can bring."""

    answers: int = 0
    points: float = 0.0


def unread_of(policy: GradingPolicy, submission: SubmittedAssignment | SubmittedNotebook) -> Unread:
    """Count what waits; points are as they count in this semester, without those that an answer has already."""
    if not policy.reads_by_hand:
        return Unread()
    notebooks = submission.notebooks if isinstance(submission, SubmittedAssignment) else [submission]
    waiting = [grade for notebook in notebooks for grade in notebook.grades if grade.needs_manual_grade]
    without = sum(grade.max_score for grade in waiting if grade.manual_score is None and grade.auto_score is None)
    share = policy.weigh(0.0, submission.max_code_score, without, submission.max_written_score)
    return Unread(len(waiting), share)


def refuse_unread(assignment: str, rows: Iterable[dict[str, Any]]) -> None:
    """Raise AnswersUnread if answers of these students' rows wait."""
    waiting = [row for row in rows if row["unread_answers"]]
    if waiting:
        raise AnswersUnread(assignment, waiting)


def score_words(score: float, max_score: float, unread: Unread) -> str:
    """Say a score.

    >>> score_words(90, 100, Unread(2, 10))
    '90 of 90 points so far; 2 answers (10 points) are still to be read'
    >>> score_words(95, 100, Unread())
    '95 of 100 points'
    """
    if not unread.answers:
        return f"{_shown(score)} of {_shown(max_score)} points"
    verb = "is" if unread.answers == 1 else "are"
    what = f"{counted(unread.answers, 'answer')} ({_shown(unread.points)} points) {verb} still to be read"
    return f"{_shown(score)} of {_shown(max_score - unread.points)} points so far; {what}"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _shown(points: float) -> str:
    return f"{round(points, 2):g}"
