"""Which state of a grade, comment or flag a page has read, and who changed what since: two people may grade at once.

A version names the newest recorded change and the values after it. A change is accepted only with the version that is
current under the gradebook's lock; without one it may fill what is empty, and overwrites nothing.
"""

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import func, select

from tito.gradebook.grade_changes import WATCHED, changes, prepare_table
from tito.gradebook.lateness import graded_receipt

Thing = Any  # a Grade, Comment or SubmittedNotebook; nbgrader's classes have no types
FIELD_WORDS = {
    "manual_score": "points", "extra_credit": "extra points", "needs_manual_grade": "still to be read",
    "manual_comment": "comment", "flagged": "flag",
}  # fmt: skip
MOST_SHOWN = 10


class Overtaken(Exception):
    """Somebody else changed the same thing since it was read; nothing was written."""

    def __init__(self, answer: dict[str, Any]):
        super().__init__(answer["error"])
        self.answer = answer


def described(gradebook: Gradebook, *things: Thing) -> list[dict[str, Any]]:
    """Return what nbgrader says about grades, comments or flags of one submission, each with its version."""
    if not things:
        return []
    newest, attempt = _newest(gradebook, things[0]), _attempt(gradebook, things[0])
    return [{**thing.to_dict(), "version": _version(newest, attempt, thing)} for thing in things]


def state_of_flag(gradebook: Gradebook, notebook: SubmittedNotebook) -> dict[str, Any]:
    """Return whether a submission is flagged, and the version of that."""
    return {
        "flagged": notebook.flagged,
        "version": _version(_newest(gradebook, notebook), _attempt(gradebook, notebook), notebook),
    }


def check_version(gradebook: Gradebook, thing: Thing, version: object, wanted: dict[str, Any]) -> bool:
    """Say whether `wanted` is to be written, False if all of it is there already; raise Overtaken if it may not be."""
    present = {name: getattr(thing, name) for name in wanted}
    if present == wanted:
        return False
    overwritten = [name for name, value in present.items() if value != wanted[name] and name != "needs_manual_grade"]
    if version is None and all(present[name] in (None, "", False) for name in overwritten):
        return True
    if version is not None and version == described(gradebook, thing)[0]["version"]:
        return True
    raise Overtaken(_what_happened(gradebook, thing, version, wanted))


def _newest(gradebook: Gradebook, thing: Thing) -> dict[tuple[str, str], int]:
    """Return the number of the newest recorded change of each cell's fields in the thing's submission."""
    prepare_table(gradebook.engine)
    query = select(changes.c.cell, changes.c.field, func.max(changes.c.id)).group_by(changes.c.cell, changes.c.field)
    return {(cell, field): number for cell, field, number in gradebook.db.execute(query.where(*_of_submission(thing)))}


def _of_submission(thing: Thing) -> tuple[Any, ...]:
    assignment = _submission(thing)
    return changes.c.student == assignment.student.id, changes.c.assignment == assignment.assignment.name


def _submission(thing: Thing) -> SubmittedAssignment:
    return (thing if isinstance(thing, SubmittedNotebook) else thing.notebook).assignment


def _attempt(gradebook: Gradebook, thing: Thing) -> str:
    """Name the attempt that is graded: its time is altered by a schedule, and is the same for all within grace."""
    submission, course_dir = _submission(thing), Path(gradebook.engine.url.database or "").parent
    receipt = graded_receipt(course_dir, submission.student.id, submission.assignment.name)
    return receipt.submission if receipt else str(submission.timestamp)


def _version(newest: dict[tuple[str, str], int], attempt: str, thing: Thing) -> str:
    fields = WATCHED[type(thing)]
    number = max((newest.get((thing.name, field), 0) for field in fields), default=0)
    # What grading changes is part of it too: points that were meant for another attempt's answer are not this one's.
    values = [getattr(thing, name, None) for name in (*fields, "auto_score", "auto_comment")]
    text = json.dumps([*values, attempt])
    return f"{number}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _what_happened(gradebook: Gradebook, thing: Thing, version: object, wanted: dict[str, Any]) -> dict[str, Any]:
    rows = _changes_since(gradebook, thing, version)
    said = "; ".join(map(_sentence, rows))
    if version is None:
        error = f"this would overwrite what is there, but names no version of it: load the page again ({said})"
    elif said:
        error = f"changed meanwhile: {said}. What you entered was not saved"
    else:
        error = "this was graded again meanwhile. What you entered was not saved: read the answer again"
    return {"error": error, "theirs": described(gradebook, thing)[0], "yours": wanted, "meanwhile": rows}


def _changes_since(gradebook: Gradebook, thing: Thing, version: object) -> list[dict[str, Any]]:
    number = str(version).partition("-")[0] if isinstance(version, str) else ""
    since = int(number) if number.isascii() and number.isdigit() else 0
    query = select(changes).where(
        *_of_submission(thing), changes.c.cell == thing.name, changes.c.field.in_(WATCHED[type(thing)]),
        changes.c.id > min(since, 2**62), changes.c.field != "needs_manual_grade",
    )  # fmt: skip
    rows = gradebook.db.execute(query.order_by(changes.c.id.desc()).limit(MOST_SHOWN)).mappings().all()
    return [{name: _plain(value) for name, value in row.items()} for row in reversed(rows)]


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="seconds") + "Z" if isinstance(value, datetime.datetime) else value


def _sentence(row: dict[str, Any]) -> str:
    what = f"{row['person']} set the {FIELD_WORDS[row['field']]} to {row['new'] or 'nothing'}"
    return f"{what} (before: {row['old'] or 'nothing'}) at {row['at']}"
