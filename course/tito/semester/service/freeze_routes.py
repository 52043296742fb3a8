"""The freeze of the course by HTTP: its state and plan, the freeze, and the way back."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from exchange.hub.identity import Caller
from tito.semester.service.access import in_force, manager
from tito.semester.service.freezing import Freezing

Manager = Annotated[Caller, Depends(manager)]
router = APIRouter(prefix="/freeze")


class FreezeRequest(BaseModel):
    """`leave_undone`: grading work that still waits is cancelled, and named in the answer."""

    model_config = ConfigDict(extra="forbid")
    leave_undone: bool = False


@router.get("")
def plan(request: Request, who: Manager) -> dict[str, Any]:
    """Tell whether the course is frozen, and what a freeze would meet."""
    return _freezing(request).plan(_course(request))


@router.put("")
def freeze(request: Request, wanted: FreezeRequest, who: Manager) -> dict[str, Any]:
    """Freeze the course; again changes nothing."""
    return _freezing(request).freeze(_course(request), who.name, wanted.leave_undone)


@router.delete("", status_code=204)
def unfreeze(request: Request, who: Manager) -> None:
    """Let a frozen course go on; again changes nothing."""
    _freezing(request).unfreeze(_course(request), who.name)


def _freezing(request: Request) -> Freezing:
    return request.app.state.service.freezing


def _course(request: Request) -> str:
    return in_force(request.app.state.service.conductor).semester.course
