"""The leaderboard's interface: read it, join, leave, withdraw an entry, remove a pseudonym, download it as CSV.

Students see pseudonyms and their own entries; people who may read grades also see the names.
"""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused, parse_utc
from tito.curriculum.olympics import MODULE, events
from tito.gradebook.policy import roster, semester_part, staff

from . import board, board_members
from .identity import caller, needs
from .pseudonyms import MOST, check
from .queue import Queue
from .records import BoardMember, Run, utc_now
from .rights import GRADE, READ
from .settings import GradingSettings

router = APIRouter(prefix="/board")
Anybody = Annotated[Caller, Depends(caller)]
COLUMNS = ("event", "rank", "pseudonym", "value", "accuracy", "stored_bytes", "work", "received_at")


class Joining(BaseModel):
    """The name under which somebody takes part."""

    model_config = ConfigDict(extra="forbid")
    pseudonym: str = Field(max_length=4 * MOST)


@router.get("")
def show(request: Request, person: Anybody) -> dict[str, Any]:
    """Show events, the picture's points, and the caller's own entries."""
    return _shown(request, person)


@router.get("/csv")
def as_csv(request: Request, person: Anybody) -> PlainTextResponse:
    """Give all events as one table; with user names for staff."""
    shown = _shown(request, person)
    columns = (*COLUMNS, *(("student",) if person.has(READ) else ()))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for event in shown["events"]:
        for row in event["rows"]:
            writer.writerow([{"event": event["name"], **row["measures"], **row}[name] for name in columns])
    return PlainTextResponse(text.getvalue(), media_type="text/csv")


@router.put("/me")
def join(wanted: Joining, request: Request, person: Anybody) -> dict[str, Any]:
    """Take part under a pseudonym, or change it."""
    _student(person)
    course_dir = request.app.state.settings.course_dir
    others = (roster(course_dir) or frozenset()) - {person.name}
    name = check(wanted.pseudonym, staff(course_dir), others)
    board_members.join(request.app.state.queue, person.name, name)
    return {"pseudonym": name}


@router.delete("/me")
def leave(request: Request, person: Anybody) -> dict[str, Any]:
    """Leave the board; the caller may join again."""
    board_members.leave(request.app.state.queue, person.name)
    return {"left": True}


@router.post("/entries/{submission}/withdraw")
def withdraw(submission: str, request: Request, person: Anybody) -> dict[str, Any]:
    """Take one of the caller's entries out of all events."""
    queue: Queue = request.app.state.queue
    with Session(queue.engine) as session:
        mine = {entry.submission for entry in _entries(session) if entry.student == person.name}
    if submission not in mine:
        raise Refused(f"you have no entry {submission[:80]}", "", "your page lists your entries", 404)
    board_members.withdraw(queue, person.name, submission)
    return {"withdrawn": submission}


@router.delete("/members/{student}")
def remove(student: str, request: Request, person: Annotated[Caller, Depends(needs(GRADE))]) -> dict[str, Any]:
    """Remove a pseudonym; its owner may choose another."""
    board_members.remove(request.app.state.queue, student, person.name)
    return {"removed": student}


def _student(person: Caller) -> None:
    if person.kind != "user" or person.has(READ):
        raise Refused(
            f"{person.name} is not a student and can't take part in the leaderboard", "", "you can look at it", 403
        )


def _shown(request: Request, person: Caller) -> dict[str, Any]:
    queue: Queue = request.app.state.queue
    due = deadline(request.app.state.settings)
    frozen = due is not None and utc_now() > due
    with Session(queue.engine, expire_on_commit=False) as session:
        entries, members = _entries(session), board_members.members(session)
        gone = board_members.withdrawn(session)
        removed = board_members.was_removed(session, person.name)
    playing = [e for e in board.counted(entries, due, gone) if e.student in members]
    best = board.front(playing, frozen)
    see = _Viewer(person.name, person.has(READ), members, board.copies(entries))
    own = [e for e in entries if e.student == person.name]
    return {
        "frozen": frozen, "due": due.isoformat() if due else None,
        "events": [_event(name, event, playing, frozen, see) for name, event in events().items()],
        "points": [{**see.line(e, frozen), "front": e.submission in best} for e in playing],
        "mine": {
            "pseudonym": members[person.name].pseudonym if person.name in members else "",
            "removed": removed and person.name not in members,
            "entries": [
                {**see.line(e, frozen), "withdrawn": e.submission in gone, "counts": e in playing} for e in own
            ],
        },
    }  # fmt: skip


class _Viewer:
    """Who is looking, and what they may see of a line."""

    def __init__(self, name: str, is_staff: bool, members: dict[str, BoardMember], copies: dict[str, str]):
        self.name, self.is_staff, self.members, self.copies = name, is_staff, members, copies

    def line(self, entry: board.Entry, frozen: bool) -> dict[str, Any]:
        member = self.members.get(entry.student)
        own = entry.student == self.name
        shown: dict[str, Any] = {"pseudonym": member.pseudonym if member else "", "own": own}
        shown |= {"measures": dict(entry.measures(frozen)), "received_at": entry.received.isoformat()}
        if own:
            shown |= {"submission": entry.submission, "attempt": entry.attempt}
        same = self.copies.get(entry.submission, "")
        return shown | ({"student": entry.student, "same_as": same} if self.is_staff else {})


def _event(
    name: str, event: dict[str, Any], entries: Iterable[board.Entry], frozen: bool, see: _Viewer
) -> dict[str, Any]:
    rows = board.table(event, entries, frozen)
    lines = [{"rank": row.rank, "value": row.value, **see.line(row.entry, frozen)} for row in rows]
    limits = {word: event.get(word, {}) for word in ("at_least", "at_most")}
    about = {word: event[word] for word in ("title", "by", "better")}
    return {"name": name, **about, **limits, "rows": lines}


def _entries(session: Session) -> list[board.Entry]:
    """Return what was measured and accepted, the newest measurement of each submission, in order of arrival."""
    runs = select(Run).where(Run.kind == "measure", Run.assignment == MODULE, Run.outcome == "done").order_by(Run.id)
    found = {run.submission: run for run in session.scalars(runs) if run.report.get("received_at")}
    return sorted(map(_entry, found.values()), key=lambda entry: entry.received)


def _entry(run: Run) -> board.Entry:
    public, hidden = run.report["public"], run.report["hidden"]
    received, attempt = parse_utc(run.report["received_at"]), run.report["attempt"]
    halves = public["measures"], hidden["measures"]
    return board.Entry(run.student, run.submission, attempt, received, *halves, public["digest"])


def deadline(settings: GradingSettings) -> datetime | None:
    """Return when the event ends: the due date of the Olympics; None without a semester that has them."""
    tiers = semester_part(settings.course_dir, "tiers")
    dues = [m["due"] for tier in tiers or [] for m in tier["modules"] if m["slug"] == MODULE and m["due"]]
    return parse_utc(dues[0]) if dues else None
