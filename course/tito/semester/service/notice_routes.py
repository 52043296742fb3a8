"""Notices over HTTP: instructors put them up and take them down, everybody reads those for them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from exchange.hub.identity import Caller
from tito.semester import times
from tito.semester.read import Valid
from tito.semester.service import notices
from tito.semester.service.access import MANAGE, READ, caller, in_force, manager, refusal

router = APIRouter(prefix="/notices")


class GivenNotice(BaseModel):
    """A notice; `until` as 2026-11-30 18:00, in the course's time zone."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=20_000)
    until: str = Field(max_length=40)
    section: str = Field(default="", max_length=80)


Reading = Annotated[Caller, Depends(caller)]
Managing = Annotated[Caller, Depends(manager)]


def _here(request: Request) -> tuple[Engine, Valid]:
    service = request.app.state.service
    return service.places.engine, in_force(service.conductor)


@router.get("")
def list_notices(request: Request, who: Reading) -> list[dict[str, Any]]:
    """List the present notices: all of them for staff, their own for a student."""
    engine, valid = _here(request)
    found = notices.hanging(engine, valid.semester.course, times.now())
    if not who.scopes & {READ, MANAGE}:
        own = next((student.section for student in valid.students if student.username == who.name), "")
        found = [notice for notice in found if notice.section in ("", own)]
    return [notices.shown(notice) for notice in found]


@router.post("", status_code=201)
def put_up(request: Request, given: GivenNotice, who: Managing) -> dict[str, Any]:
    """Put up a notice; repeating a text for the same people changes its end."""
    engine, valid = _here(request)
    return notices.shown(notices.put_up(engine, valid, notices.Wanted(**given.model_dump()), who.name, times.now()))


@router.delete("/{number}", status_code=204)
def take_down(request: Request, number: int, who: Managing) -> None:
    """Take a notice down."""
    engine, valid = _here(request)
    if not notices.take_down(engine, valid.semester.course, number):
        raise refusal(404, f"there is no notice {number}", "", "load the page again: somebody took it down")
