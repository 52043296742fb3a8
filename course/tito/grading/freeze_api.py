"""The interface of a freeze; and the rule that a frozen course refuses everything that would change something."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.hub.identity import Caller
from tito.gradebook.frozen import Frozen, refuse_frozen

from .delete import delete_content
from .freeze import freeze, freeze_state, unfreeze
from .identity import caller, needs
from .rights import READ, RUN

router = APIRouter(prefix="/freeze")
Reader = Annotated[Caller, Depends(needs(READ))]
Instructor = Annotated[Caller, Depends(needs(RUN))]
READING = ("GET", "HEAD", "OPTIONS")
# By method and last part of the address: what only shows or takes back, and the freeze itself.
STAYS_OPEN = {("PUT", "freeze"), ("DELETE", "freeze"), ("POST", "plan"), ("DELETE", "me"), ("POST", "withdraw")}
STAYS_OPEN |= {("DELETE", "content")}
STAYS_OPEN |= {("DELETE", "similar")}  # names that must be forgotten


class FreezeRequest(BaseModel):
    """Since when the course is frozen and by whom; `leave_undone`: work waiting in the queue is cancelled."""

    model_config = ConfigDict(extra="forbid")
    since: str = Field(max_length=40)
    by: str = Field(max_length=255)
    leave_undone: bool = False


def refuse_changes(request: Request, _: Annotated[Caller, Depends(caller)]) -> None:
    """In a frozen course, refuse every request that is not listed here as harmless."""
    last = request.url.path.rstrip("/").rsplit("/", 1)[1]
    if request.method not in READING and (request.method, last) not in STAYS_OPEN:
        refuse_frozen(request.app.state.settings.course_dir)


@router.get("")
def show(request: Request, _: Reader) -> dict[str, Any]:
    """Tell whether the course is frozen, and what a freeze would affect."""
    return freeze_state(request.app.state.settings, request.app.state.queue)


@router.put("")
def put(wanted: FreezeRequest, request: Request, _: Instructor) -> dict[str, Any]:
    """Freeze the gradebook, once the queue is empty or waiting work may be left undone."""
    state = request.app.state
    return freeze(state.settings, state.queue, Frozen(wanted.since, wanted.by), wanted.leave_undone)


@router.delete("/content")
def delete_all(request: Request, _: Instructor, yes: bool = False) -> dict[str, Any]:
    """Delete grading's data of a frozen course; without `yes`, return how much that is."""
    return delete_content(request.app.state.settings, request.app.state.queue, yes)


@router.delete("", status_code=204)
def delete(request: Request, _: Instructor) -> None:
    """Let a frozen course be graded again."""
    unfreeze(request.app.state.settings)
