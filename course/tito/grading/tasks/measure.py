"""Measure the entry of the Olympics that came with a submitted notebook, and show its author the public half.

The images are the semester's own: the seed is drawn once, and is in the service's database, where no student and no
worker can read it.
"""

import hashlib
import secrets
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tito.curriculum import load_curriculum
from tito.judge import entries
from tito.judge.board import published_board
from tito.judge.sandbox.find import find_sandbox

from .. import exchange_door
from ..queue import Queue, Work
from ..records import Note
from ..settings import GradingSettings
from ..work import Outcome

SEED_BITS = 128
IN_RESULT = "your entry"


def measure(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Measure on both halves of the board; keep both, show the public one."""
    submission = str(work.options["submission"])
    with exchange_door.downloaded(settings, submission) as folder:
        content = entries.read(folder)
    queue.note(work, submission=submission, submission_sha256=hashlib.sha256(content).hexdigest())
    asked = published_board(secret_seed(queue.engine, settings.course_id))
    halves = [(half.images, half.labels) for half in (asked.public, asked.hidden)]
    found = entries.measure(content, halves, load_curriculum(settings.course_tree), find_sandbox())
    told = words(found[0])
    exchange_door.add_to_result(settings, submission, IN_RESULT, told, found[0])
    report = {"public": found[0], "hidden": found[-1], **exchange_door.arrival(settings, submission)}
    return Outcome("done" if found[0]["accepted"] else "refused", told, {"report": report})


def words(found: dict[str, Any]) -> str:
    """Say in a line what was found."""
    if not found["accepted"]:
        return f"not taken, {found['why']}"
    measures = found["measures"]
    return (
        f"{measures['accuracy']:.2%} of the board's public digits, {measures['stored_bytes']:,.0f} bytes, "
        f"work {measures['work']:,.0f}"
    )


def secret_seed(engine: Engine, course: str) -> int:
    """Return the course's seed; the first call draws it."""
    name = f"olympics_seed {course}"[:64]
    with Session(engine) as session:
        if session.get(Note, name) is None:
            session.add(Note(name=name, value=str(secrets.randbits(SEED_BITS))))
            try:
                session.commit()
            except IntegrityError:  # somebody else was first
                session.rollback()
        note = session.get(Note, name)
        assert note is not None
        return int(note.value)
