"""Questions of students who are stuck: asked at a failing check, taken by one staff member at a time, answered.

Only the student who asked and staff with the answer scope can read a question; what staff write for everybody names
neither.
"""

import unicodedata
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from exchange.protocol.bundle import decode_manifest
from exchange.protocol.models import Answer, AnswerForAll, Question, QuestionRequest, Refused, utc_text
from exchange.protocol.scopes import ANSWER
from exchange.service import audit, events, find
from exchange.service.context import Service
from exchange.service.identity import Caller
from exchange.service.tables import questions, snapshots

MOST_OPEN = 5  # of one student: anyone with so many needs a conversation, not a sixth question
MOST_A_DAY = 20
HELD = timedelta(minutes=60)  # after this, a question that somebody took and left is free again
LONGEST = {"exercise": 100, "check": 300, "why": 2000, "cell": 20_000, "text": 4000, "for_all": 4000}


def clean(name: str, text: str) -> str:
    """Return a text as it is kept, without blanks around it; raise Refused if it is too long or not plain text."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST[name]:
        raise Refused(f"'{name}' is longer than {LONGEST[name]} characters", str(len(text)), "shorten it", 413)
    strange = next((c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs")), None)
    if strange is not None:
        raise Refused(f"'{name}' must be plain text", ascii(strange), "remove this character")
    return text


def ask(service: Service, caller: Caller, course: str, assignment: str, request: QuestionRequest) -> Question:
    """Keep a question; raise Refused if the course takes none, or if the student has asked too many."""
    now = service.now()
    texts = {name: clean(name, getattr(request, name)) for name in ("exercise", "check", "why", "cell", "text")}
    if not texts["text"]:
        raise Refused("the question is empty", remedy="write a sentence: what did you try?")
    with service.database.write() as connection:
        found = find.find_assignment(connection, caller, course, assignment, now)
        _check_offered(connection, caller, course)
        if (same := _asked_already(connection, found, caller.name, texts)) is not None:
            return read(same)
        _check_rate(connection, course, caller.name, service)
        events.check_rate(connection, course, caller.name, now)  # counts questions that were taken back too
        row = {"id": uuid.uuid4().hex, "course": course, "assignment": found.id, "student": caller.name}
        row |= {"exercise": texts["exercise"], "failing_check": texts["check"], "why": texts["why"]}
        row |= {"cell": texts["cell"], "text": texts["text"], "asked_at": now, "for_all": ""}
        connection.execute(insert(questions).values(row))
        detail = {"question": row["id"], "exercise": texts["exercise"]}
        events.add(connection, now, course, found.id, caller.name, "asked", detail)
        audit.record(connection, now, caller, "ask", course, found.id, row["id"], 201)
        asked = read(find_question(connection, caller, course, row["id"]))
    service.bell.ring()
    return asked


def _check_offered(connection: Connection, caller: Caller, course: str) -> None:
    if not find.find_course(connection, caller, course).questions:
        raise Refused("this course does not answer questions here", remedy="ask where your course meets", status=409)


def _asked_already(
    connection: Connection, found: find.AssignmentRow, student: str, texts: dict[str, str]
) -> Row[Any] | None:
    """Find the same question if it is waiting: sent again after a lost answer, it is still one question."""
    q = questions.c
    mine = query().where(q.course == found.course, q.assignment == found.id, q.student == student)
    mine = mine.where(q.answered_at.is_(None), q.text == texts["text"], q.exercise == texts["exercise"])
    return connection.execute(mine.limit(1)).first()


def _check_rate(connection: Connection, course: str, student: str, service: Service) -> None:
    q = questions.c
    mine = select(func.count()).where(q.course == course, q.student == student)
    waiting = connection.execute(mine.where(q.answered_at.is_(None))).scalar_one()
    if waiting >= MOST_OPEN:
        remedy = "wait for an answer, or take one back that you have answered yourself"
        raise Refused(f"at most {MOST_OPEN} of your questions can wait at a time", f"{waiting} wait", remedy, 429)
    day_ago = utc_text(service.clock() - timedelta(days=1))
    if connection.execute(mine.where(q.asked_at >= day_ago)).scalar_one() >= MOST_A_DAY:
        raise Refused(f"you can ask at most {MOST_A_DAY} questions a day", remedy="ask again tomorrow", status=429)


def query() -> Select[Any]:
    """Select questions with the declaration of their notebook."""
    return select(questions, snapshots.c.manifest).select_from(questions.outerjoin(snapshots))


def find_question(connection: Connection, caller: Caller, course: str, question: str) -> Row[Any]:
    """Return the caller's own question, or anybody's for staff who answer."""
    find.find_course(connection, caller, course)
    row = connection.execute(query().where(questions.c.id == question, questions.c.course == course)).first()
    own = row is not None and caller.kind == "user" and row.student == caller.name
    if row is None or not (own or caller.may(ANSWER, course)):
        rule = "there is no such question, or it is not yours"
        raise Refused(rule, ascii(question)[:120], "'tito questions' lists yours", 404)
    return row


def read(row: Row[Any]) -> Question:
    """Build the answer from a row."""
    kept = {name: value for name, value in row._mapping.items() if name not in ("seq", "failing_check", "manifest")}
    files = decode_manifest(row.manifest.encode()) if row.manifest else []
    return Question(**kept, check=row.failing_check, notebook=files)


def take(service: Service, caller: Caller, course: str, question: str) -> Question:
    """Take a question to answer it; raise Refused 409 while somebody else has it."""
    now, q = service.now(), questions.c
    free = (q.taken_by.is_(None)) | (q.taken_by == _who(caller)) | (q.taken_at < utc_text(service.clock() - HELD))
    with service.database.write() as connection:
        row = find_question(connection, caller, course, question)
        mine = update(questions).where(q.id == row.id, q.answered_at.is_(None), free)
        changed = connection.execute(mine.values(taken_by=_who(caller), taken_at=now)).rowcount
        if not changed:
            raise _taken(row)
        audit.record(connection, now, caller, "take question", course, row.assignment, row.id)
        return read(find_question(connection, caller, course, question))


def give_back(service: Service, caller: Caller, course: str, question: str) -> Question:
    """Leave a question to somebody else; a question that somebody else has taken stays as it is."""
    now, q = service.now(), questions.c
    with service.database.write() as connection:
        row = find_question(connection, caller, course, question)
        mine = update(questions).where(q.id == row.id, q.answered_at.is_(None), q.taken_by == _who(caller))
        if connection.execute(mine.values(taken_by=None, taken_at=None)).rowcount:
            audit.record(connection, now, caller, "give question back", course, row.assignment, row.id)
        return read(find_question(connection, caller, course, question))


def answer(service: Service, caller: Caller, course: str, question: str, given: Answer) -> Question:
    """Answer a question, or change the caller's own answer; raise Refused 409 while it is somebody else's."""
    text, for_all, now, q = clean("text", given.text), clean("for_all", given.for_all), service.now(), questions.c
    if not text:
        raise Refused("the answer is empty", remedy="write at least where to look")
    values = {"answer": text, "for_all": for_all, "answered_by": _who(caller), "answered_at": now, "seen_at": None}
    with service.database.write() as connection:
        row = find_question(connection, caller, course, question)
        stale = q.taken_at < utc_text(service.clock() - HELD)
        free = q.answered_at.is_(None) & (q.taken_by.is_(None) | (q.taken_by == _who(caller)) | stale)
        allowed = free | (q.answered_by == _who(caller))
        if not connection.execute(update(questions).where(q.id == row.id, allowed).values(values)).rowcount:
            raise _taken(row)
        detail = {"question": row.id, "exercise": row.exercise}
        events.add(connection, now, course, row.assignment, row.student, "answered", detail)
        audit.record(connection, now, caller, "answer question", course, row.assignment, row.id)
        answered = read(find_question(connection, caller, course, question))
    service.bell.ring()
    return answered


def see(service: Service, caller: Caller, course: str, question: str) -> Question:
    """Note that the student has read the answer; only the first time counts, and only for the student who asked."""
    q = questions.c
    with service.database.write() as connection:
        row = find_question(connection, caller, course, question)
        own = update(questions).where(q.id == row.id, q.student == caller.name, q.seen_at.is_(None))
        connection.execute(own.where(q.answered_at.is_not(None)).values(seen_at=service.now()))
        return read(find_question(connection, caller, course, question))


def take_back(service: Service, caller: Caller, course: str, question: str) -> None:
    """Remove one of the caller's own questions that nobody has answered yet, with its notebook."""
    q = questions.c
    with service.database.write() as connection:
        row = find_question(connection, caller, course, question)
        if row.student != caller.name or row.answered_at is not None:
            rule = "only the student who asked can take a question back, and only before it is answered"
            raise Refused(rule, row.id, "leave it", 409)
        connection.execute(delete(snapshots).where(snapshots.c.question == row.id))
        connection.execute(delete(questions).where(q.id == row.id))
        audit.record(connection, service.now(), caller, "take question back", course, row.assignment, row.id)


def for_all(connection: Connection, course: str, assignment: str) -> list[AnswerForAll]:
    """List the answers that staff marked as useful for all, newest first: in their words, without names."""
    q = questions.c
    chosen = select(q.assignment, q.exercise, q.for_all, q.answer).where(
        q.course == course, q.assignment == assignment, q.answered_at.is_not(None), q.for_all != ""
    )
    rows = connection.execute(chosen.order_by(q.answered_at.desc()).limit(100))
    return [AnswerForAll(row.assignment, row.exercise, row.for_all, row.answer) for row in rows]


def _who(caller: Caller) -> str:
    return caller.acting_for or caller.name


def _taken(row: Row[Any]) -> Refused:
    if row.answered_at is not None:
        remedy = "read the answer; only the person who gave it can change it"
        return Refused("the question has an answer already", f"answered by {row.answered_by}", remedy, 409)
    remedy = f"choose another one, or come back: after {HELD.seconds // 60} minutes it is free again"
    return Refused("somebody else has taken the question", f"taken by {row.taken_by}", remedy, 409)
