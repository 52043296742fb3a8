"""Comments that carry points and are used on many answers of one question, and who got them.

The points of an answer are those that it had before, plus what its comments give or take, never below 0 or above its
maximum. On an answer without points, the first comment that carries some decides where to begin: one that takes points
at full points, one that gives some at none. Points that somebody sets by hand afterwards stay.

Everything is in gradebook.db, so that a use and the points that it brings are one transaction. Callers hold the lock.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Grade, Gradebook
from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    exists,
    insert,
    select,
    update,
)

from .grade_changes import make_tables, utc_now

metadata = MetaData()
comments = Table(
    "tito_shared_comments", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("assignment", String(128), nullable=False, index=True),
    Column("question", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("points", Float, nullable=False),
    Column("made_by", String(255), nullable=False),
)  # fmt: skip
uses = Table(
    "tito_shared_comment_uses", metadata,
    Column("comment", Integer, primary_key=True),
    Column("student", String(255), primary_key=True),
    Column("place", Integer, nullable=False),  # among the comments of this answer
    Column("base", Float),  # points of the answer before its comments; NULL if it had none
    Column("person", String(255), nullable=False),
)  # fmt: skip
for_all = Table(
    "tito_shared_comment_changes", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("comment", Integer, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("person", String(255), nullable=False),
    Column("old_text", Text, nullable=False),
    Column("old_points", Float, nullable=False),
    Column("first", Integer, nullable=False),  # of the recorded changes of grades that it made
    Column("last", Integer, nullable=False),
)  # fmt: skip
_prepared: set[str] = set()


def prepare_comments(engine: Engine) -> None:
    """Create the tables if this gradebook has none yet."""
    if str(engine.url) not in _prepared:
        make_tables(engine, metadata)
        _prepared.add(str(engine.url))


@dataclass(frozen=True)
class SharedComment:
    """A comment on a question; `points` below 0 are taken, above 0 given."""

    id: int
    assignment: str
    question: str
    text: str
    points: float
    made_by: str


@dataclass(frozen=True)
class Standing:
    """The comments that an answer has, in the order of their use, and its points before them."""

    base: float | None
    used: tuple[SharedComment, ...]

    def points(self, highest: float) -> float | None:
        """Return the answer's points; None if nothing gives it any."""
        carrying = [each.points for each in self.used if each.points]
        if self.base is None and not carrying:
            return None
        begin = self.base if self.base is not None else (highest if carrying[0] < 0 else 0.0)
        return round(min(max(begin + sum(carrying), 0.0), highest), 6)


def listed(book: Gradebook, assignment: str) -> list[tuple[SharedComment, int]]:
    """Return a module's comments by question, each with the number of answers that have it."""
    prepare_comments(book.engine)
    rows = book.db.execute(select(comments).where(comments.c.assignment == assignment).order_by(comments.c.id))
    found = [_read(row) for row in rows.mappings()]
    counts = {each.id: len(students_with(book, each)) for each in found}
    return sorted(((each, counts[each.id]) for each in found), key=lambda pair: pair[0].question)


def find_shared(book: Gradebook, number: int) -> SharedComment | None:
    prepare_comments(book.engine)
    row = book.db.execute(select(comments).where(comments.c.id == number)).mappings().first()
    return _read(row) if row else None


def add_shared(
    book: Gradebook, assignment: str, question: str, text: str, points: float, person: str
) -> SharedComment:  # fmt: skip
    """Make a comment, or return the one with the same words and points; the caller commits."""
    prepare_comments(book.engine)
    values = {"assignment": assignment, "question": question, "text": text, "points": points}
    same = select(comments).where(*(comments.c[name] == value for name, value in values.items()))
    row = book.db.execute(same).mappings().first()
    if row is None:
        book.db.execute(insert(comments).values(**values, made_by=person))
        row = book.db.execute(same).mappings().one()
    return _read(row)


def students_with(book: Gradebook, shared: SharedComment) -> list[str]:
    """Name who got a comment."""
    query = select(uses.c.student).where(uses.c.comment == shared.id).order_by(uses.c.student)
    return list(book.db.execute(query).scalars())


def standing_of(book: Gradebook, grade: Grade) -> Standing:
    """Return how an answer got its points; if somebody has set them by hand since then, these are where it stands."""
    prepare_comments(book.engine)
    rows = _rows_of(book, grade)
    used = tuple(_read(row) for row in rows)
    standing = Standing(rows[0]["base"] if rows else grade.manual_score, used)
    if not rows or is_as_computed(standing, grade):
        return standing
    if grade.manual_score is None:  # emptied by hand, or graded again: its comments are only words
        return Standing(None, ())
    return Standing(grade.manual_score - sum(each.points for each in used), used)


def is_as_computed(standing: Standing, grade: Grade) -> bool:
    """Tell whether an answer has the points that its comments gave it."""
    expected, present = standing.points(grade.max_score), grade.manual_score
    return expected == present or (None not in (expected, present) and abs(expected - present) < 1e-6)


def recorded_standing(book: Gradebook, grade: Grade) -> Standing:
    """Return what the comments of an answer gave it when they were used, whatever has happened since."""
    rows = _rows_of(book, grade)
    return Standing(rows[0]["base"] if rows else grade.manual_score, tuple(_read(row) for row in rows))


def with_comment(standing: Standing, shared: SharedComment, used: bool) -> Standing:
    """Return the standing with a comment put in or taken out."""
    others = tuple(each for each in standing.used if each.id != shared.id)
    return Standing(standing.base, (*others, shared) if used else others)


def keep_standing(book: Gradebook, grade: Grade, standing: Standing, person: str) -> None:
    """Write which comments an answer has; the caller writes its points and commits."""
    student, before = grade.notebook.assignment.student.id, {row["id"]: row["person"] for row in _rows_of(book, grade)}
    here = select(comments.c.id).where(comments.c.question == grade.cell.name, *_of_module(grade))
    book.db.execute(delete(uses).where(uses.c.student == student, uses.c.comment.in_(here)))
    rows = [
        {"comment": each.id, "student": student, "place": place, "base": standing.base,
         "person": before.get(each.id, person)}
        for place, each in enumerate(standing.used)
    ]  # fmt: skip
    if rows:
        book.db.execute(insert(uses), rows)


def text_with(text: str, words: str, used: bool) -> str:
    """Return an answer's comment with a shared one's words added or taken out as paragraphs; other words stay.

    >>> text_with("Good.", "Name the buffer.", True)
    'Good.\\n\\nName the buffer.'
    >>> text_with("Good.\\n\\nName the buffer.", "Name the buffer.", False)
    'Good.'
    """
    there = _paragraph(words).search(text)
    if used:
        return text if there else "\n\n".join(filter(None, (text, words)))
    return (text[: there.start()] + text[there.end() :]).strip("\n") if there else text


def text_replaced(text: str, old: str, new: str) -> str | None:
    """Return an answer's comment with a shared one's words replaced; None if they are no longer there."""
    there = _paragraph(old).search(text)
    return None if there is None else text[: there.start("words")] + new + text[there.end("words") :]


def _paragraph(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\A|\n\n)(?P<words>{re.escape(words)})(?=\n\n|\Z)")


def rewrite(book: Gradebook, shared: SharedComment, text: str, points: float) -> None:
    book.db.execute(update(comments).where(comments.c.id == shared.id).values(text=text, points=points))


def record_for_all(book: Gradebook, old: SharedComment, person: str, first: int, last: int) -> None:
    """Record that the changes from `first` to `last` were made for all at once, and not by reading the answers."""
    about = {"comment": old.id, "at": utc_now(), "person": person, "old_text": old.text, "old_points": old.points}
    book.db.execute(insert(for_all).values(**about, first=first, last=last))


def is_change_for_all(number: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a recorded change was made for all who got a comment; the tables must be there."""
    return exists().where(for_all.c.first <= number, for_all.c.last >= number)


def _rows_of(book: Gradebook, grade: Grade) -> list[Any]:
    query = (
        select(comments, uses.c.base, uses.c.person)
        .join(uses, uses.c.comment == comments.c.id)
        .where(comments.c.question == grade.cell.name, *_of_module(grade))
        .where(uses.c.student == grade.notebook.assignment.student.id)
    )
    return list(book.db.execute(query.order_by(uses.c.place)).mappings())


def _of_module(grade: Grade) -> Iterable[ColumnElement[bool]]:
    return (comments.c.assignment == grade.notebook.assignment.assignment.name,)


def _read(row: Any) -> SharedComment:
    return SharedComment(*(row[name] for name in ("id", "assignment", "question", "text", "points", "made_by")))
