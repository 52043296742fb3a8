"""The scores that students were shown, for the campus service, which passes them on."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.hub.identity import Caller

from .identity import needs
from .records import FeedbackRelease
from .rights import READ

router = APIRouter()
Reader = Annotated[Caller, Depends(needs(READ))]


@router.get("/told")
def told(request: Request, _: Reader, since: datetime | None = None) -> list[dict[str, Any]]:
    """Return the score that each student was last shown for each module and milestone, from `since` on."""
    query = select(FeedbackRelease).order_by(FeedbackRelease.released_at)
    if since is not None:
        query = query.where(FeedbackRelease.released_at >= since)
    with Session(request.app.state.queue.engine) as session:
        return [_row(each) for each in session.scalars(query)]


def _row(release: FeedbackRelease) -> dict[str, Any]:
    return {
        "assignment": release.assignment,
        "student": release.student,
        "score": release.score,
        "max_score": release.max_score,
        "released_at": release.released_at.isoformat(),
    }
