"""Change the text or points of a comment that many answers have: what would change for whom, and the change itself.

The function that makes the change also computes the plan, which a digest names; only what was seen is done.
Points that somebody has set by hand since, and text that somebody has edited, stay, and the plan says so.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbgrader.api import Comment, Grade, Gradebook, MissingEntry

from tito.errors import TitoError

from .grade_changes import newest_change
from .late import refresh_penalty
from .shared_comments import (
    SharedComment,
    is_as_computed,
    record_for_all,
    recorded_standing,
    rewrite,
    students_with,
    text_replaced,
)

BY_HAND = "the points have been set by hand since, so they stay"
EDITED = "the text has been edited since, so it stays"
GONE = "the answer no longer exists"


class PlanChanged(TitoError):
    """Something was graded or changed after the plan was shown; nothing was written."""


@dataclasses.dataclass(frozen=True)
class Line:
    """What happens to one answer; `grade` and `comment` are its rows, None if it is gone."""

    student: str
    grade: Grade | None
    comment: Comment | None
    before: float | None
    after: float | None
    text: str | None
    why_not: tuple[str, ...]

    @property
    def page(self) -> str:
        return self.grade.notebook.id if self.grade else ""

    @property
    def changes_points(self) -> bool:
        return self.before != self.after

    def plain(self) -> dict[str, Any]:
        """Return what is shown about it."""
        return {
            "student": self.student, "page": self.page, "before": self.before, "after": self.after,
            "changes_points": self.changes_points, "changes_text": self.text is not None,
            "why_not": list(self.why_not),
        }  # fmt: skip


def plan_for_all(book: Gradebook, shared: SharedComment, text: str, points: float) -> list[Line]:
    """Return what would change, answer by answer, if a comment had this `text` and these `points`."""
    new = dataclasses.replace(shared, text=text, points=points)
    return [_line(book, shared, new, student) for student in students_with(book, shared)]


def digest_of(shared: SharedComment, text: str, points: float, lines: list[Line]) -> str:
    """Name a plan."""
    said = [dataclasses.astuple(shared), text, points, [line.plain() for line in lines]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def change_for_all(
    book: Gradebook, course_dir: Path, shared: SharedComment, text: str, points: float, person: str, seen: str
) -> list[Line]:
    """Make the change that was `seen`, in one transaction; raise PlanChanged if it would be a different one now.

    The book records what `person` changes through it (`record_changes`), and the caller holds the gradebook's lock.
    """
    lines = plan_for_all(book, shared, text, points)
    if digest_of(shared, text, points, lines) != seen:
        raise PlanChanged("answers or the comment have changed since the plan was shown: read the plan again")
    first = newest_change(book) + 1
    for line in lines:
        _write(line)
    book.db.flush()
    rewrite(book, shared, text, points)
    record_for_all(book, shared, person, first, newest_change(book))
    book.db.commit()
    for grade in (line.grade for line in lines if line.grade and line.changes_points):
        refresh_penalty(course_dir, book, grade.notebook)
    return lines


def _line(book: Gradebook, old: SharedComment, new: SharedComment, student: str) -> Line:
    where = (old.question, _notebook(book, old), old.assignment, student)
    grade, comment = _found(book.find_grade, where), _found(book.find_comment, where)
    if grade is None:
        return Line(student, None, None, None, None, None, (GONE,))
    standing = recorded_standing(book, grade)
    by_hand = not is_as_computed(standing, grade)
    then = dataclasses.replace(standing, used=tuple(new if each.id == old.id else each for each in standing.used))
    after = grade.manual_score if by_hand else then.points(grade.max_score)
    text = text_replaced((comment and comment.manual_comment) or "", old.text, new.text)
    reasons = ((BY_HAND,) if by_hand and old.points != new.points else ()) + (
        (EDITED,) if text is None and old.text != new.text else ()
    )
    return Line(student, grade, comment, grade.manual_score, after, text if old.text != new.text else None, reasons)


def _write(line: Line) -> None:
    if line.grade and line.changes_points:
        line.grade.manual_score = line.after
        line.grade.needs_manual_grade = line.after is None and line.grade.auto_score is None
    if line.comment and line.text is not None:
        line.comment.manual_comment = line.text


def _notebook(book: Gradebook, shared: SharedComment) -> str:
    """Name the notebook that has the question: a module has one."""
    for notebook in book.find_assignment(shared.assignment).notebooks:
        if _found(book.find_grade_cell, (shared.question, notebook.name, shared.assignment)):
            return notebook.name
    raise TitoError(f"{shared.assignment} no longer has a question {shared.question}: its comment stays as it is")


def _found(find: Callable[..., Any], where: tuple[str, ...]) -> Any:
    try:
        return find(*where)
    except MissingEntry:
        return None
