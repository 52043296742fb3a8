"""Names left by comparing answers: in the newest comparison's pairs and in the record of who looked.

Submissions stay, so if a module is compared again, its pairs are found again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused, parse_utc

from .identity import needs
from .records import Run, SimilarityLook
from .rights import RUN
from .similarity import KIND

router = APIRouter(prefix="/insight/similar")
NOBODY = "(forgotten)"
Manager = Annotated[Caller, Depends(needs(RUN))]


@dataclass(frozen=True)
class Which:
    """What was compared, and looked at, before a time; or all that names one student, in any semester."""

    before: datetime | None = None
    student: str | None = None


@router.delete("")
def forget(
    request: Request,
    _: Manager,
    before: str | None = None,
    student: Annotated[str | None, Query(max_length=255)] = None,
    yes: bool = False,
) -> dict[str, Any]:
    """Remove names left by comparing answers, of one student or from before a time; without `yes`, only count."""
    if (before is None) == (student is None):
        raise Refused(
            "either a time or a student must be named", "both" if before else "neither", "give one of the two"
        )
    which = Which(parse_utc(before) if before else None, student)
    with Session(request.app.state.queue.engine) as session, session.begin():
        pairs, looks = _forget_pairs(session, which, yes), _forget_looks(session, which, yes)
    return {"pairs": pairs, "looks": looks, "done": yes}


def _forget_pairs(session: Session, which: Which, yes: bool) -> int:
    """Count the entries of comparisons to remove; a comparison from before the time is removed as a whole."""
    gone = 0
    for run in session.scalars(select(Run).where(Run.kind == KIND)):
        if which.student is None:
            left = run.report if _is_later(run.started_at, which) else {}
        else:
            left = _without(run.report, which.student)
        gone += _entries(run.report) - _entries(left)
        if yes:
            run.report = left
    return gone


def _forget_looks(session: Session, which: Which, yes: bool) -> int:
    """Count the looks that name somebody to remove; who looked, and when, stays."""
    looks = list(_looks(session, which))
    for look in looks if yes else ():
        look.one, look.other = (NOBODY if which.student in (None, _student(n)) else n for n in (look.one, look.other))
    return len(looks)


def _looks(session: Session, which: Which) -> Iterator[SimilarityLook]:
    for look in session.scalars(select(SimilarityLook).where(SimilarityLook.exercise != "")):
        names = {_student(name) for name in (look.one, look.other)}
        is_meant = which.student in names if which.student else not _is_later(look.at, which)
        if is_meant and names != {NOBODY}:
            yield look


def _without(report: dict[str, Any], student: str) -> dict[str, Any]:
    def keep(pairs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [pair for pair in pairs if student not in (pair["one"][1], pair["other"][1])]

    if not report:
        return report
    exercises = {name: {**each, "pairs": keep(each["pairs"])} for name, each in report["exercises"].items()}
    return {**report, "exercises": exercises,
            "not_compared": [each for each in report["not_compared"] if each["student"] != student]}  # fmt: skip


def _entries(report: dict[str, Any]) -> int:
    """Count what names somebody: pairs, and answers that could not be compared."""
    pairs = sum(len(each["pairs"]) for each in report.get("exercises", {}).values())
    return pairs + len(report.get("not_compared", ()))


def _student(name: str) -> str:
    """Return whose answer it is: the student in SEMESTER/STUDENT."""
    return name.rpartition("/")[2]


def _is_later(at: datetime, which: Which) -> bool:
    return which.before is not None and at >= which.before
