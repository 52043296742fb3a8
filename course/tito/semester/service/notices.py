"""What instructors tell the class, or one section, on the home page until a time; afterwards nobody sees it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from tito.semester import times
from tito.semester.problems import Rule
from tito.semester.read import Valid
from tito.semester.sections import sections_of
from tito.semester.service.access import refusal
from tito.semester.service.database import Notice

LONGEST = 2000  # characters: as much as people read in passing


@dataclass(frozen=True)
class Wanted:
    """A notice as it is written; `until` in the course's time zone, `section` "" for everybody."""

    text: str
    until: str
    section: str = ""


def put_up(engine: Engine, valid: Valid, wanted: Wanted, by: str, now: datetime) -> Notice:
    """Put up a notice; the same text again for the same people changes the end of the one that is there."""
    until = _until(valid, wanted.until, now)
    text = "\n".join(line.rstrip() for line in wanted.text.strip().splitlines())
    if not 1 <= len(text) <= LONGEST:
        raise refusal(422, f"a notice must have 1 to {LONGEST} characters", f"{len(text)}", "change its length")
    if wanted.section and wanted.section not in (known := sections_of(valid.students)):
        raise refusal(422, "a section must be on the roster", wanted.section, f"choose one of: {', '.join(known)}")
    key = {"course": valid.semester.course, "text": text, "section": wanted.section}
    with Session(engine, expire_on_commit=False) as session, session.begin():
        row = session.scalar(select(Notice).filter_by(**key)) or Notice(**key)
        row.until, row.by, row.at = until, by, now
        session.add(row)
    return row


def _until(valid: Valid, text: str, now: datetime) -> datetime:
    try:
        until = times.instant(text.strip().replace("T", " "), valid.semester.zone)
    except Rule as error:
        raise refusal(422, f"a notice's end {error.rule}", text, error.remedy) from None
    if until <= now:
        raise refusal(422, "a notice must end in the future", text, "choose a later time")
    return until


def take_down(engine: Engine, course: str, number: int) -> bool:
    """Take a notice down; False if there is none with that number."""
    with Session(engine) as session, session.begin():
        where = (Notice.id == number, Notice.course == course)
        return session.execute(delete(Notice).where(*where)).rowcount > 0  # type: ignore[attr-defined]


def hanging(engine: Engine, course: str, now: datetime) -> list[Notice]:
    """Return the present notices, newest first."""
    query = select(Notice).where(Notice.course == course, Notice.until > now)
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(query.order_by(Notice.at.desc(), Notice.id.desc())))


def shown(notice: Notice) -> dict[str, object]:
    """Return what pages show of it."""
    times_of = {"until": notice.until.isoformat(), "at": notice.at.isoformat()}
    return {"id": notice.id, "text": notice.text, "section": notice.section, "by": notice.by, **times_of}
