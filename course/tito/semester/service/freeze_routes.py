"""The end of the course over HTTP: its freeze, with plan and undo, and its deletion."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.hub.identity import Caller
from tito.semester.service.access import in_force, manager, refusal
from tito.semester.service.deleting import Deleting
from tito.semester.service.freezing import Freezing

Manager = Annotated[Caller, Depends(manager)]
router, ends = APIRouter(prefix="/freeze"), APIRouter(prefix="/delete")


class FreezeRequest(BaseModel):
    """`leave_undone`: grading work that still waits is cancelled, and named in the answer."""

    model_config = ConfigDict(extra="forbid")
    leave_undone: bool = False


class DeleteRequest(BaseModel):
    """Why it may be deleted, for the record; `early`: even before the time set in the semester file."""

    model_config = ConfigDict(extra="forbid")
    why: str = Field(max_length=200)
    early: bool = False


@router.get("")
def plan(request: Request, who: Manager) -> dict[str, Any]:
    """Tell whether the course is frozen, and what a freeze would affect."""
    plan, held = _freezing(request).plan(_course(request)), request.app.state.service.conductor.in_force()
    return {**plan, "deleted": plan["frozen"] is not None and held is None}


@router.put("")
def freeze(request: Request, wanted: FreezeRequest, who: Manager) -> dict[str, Any]:
    """Freeze the course; repeating this changes nothing."""
    return _freezing(request).freeze(_course(request), who.name, wanted.leave_undone)


@router.delete("", status_code=204)
def unfreeze(request: Request, who: Manager) -> None:
    """Unfreeze the course; repeating this changes nothing."""
    _freezing(request).unfreeze(_course(request), who.name)


@ends.get("/{course}")
def plan_deletion(request: Request, course: str, who: Manager) -> dict[str, Any]:
    """Return what deleting the course would remove and keep, and until when its work is kept."""
    return _deleting(request).plan(_of_ours(request, course), _keep_months(request))


@ends.post("/{course}")
def delete(request: Request, course: str, wanted: DeleteRequest, who: Manager) -> dict[str, Any]:
    """Delete a frozen course; if this is interrupted, asking again deletes the rest."""
    course = _of_ours(request, course)
    return _deleting(request).delete(course, who.name, wanted.why, _keep_months(request), wanted.early)


def _deleting(request: Request) -> Deleting:
    return Deleting(request.app.state.service.places.engine, _freezing(request))


def _of_ours(request: Request, course: str) -> str:
    """Return the course; refuse one that is not this service's."""
    valid = request.app.state.service.conductor.valid_in_force()
    if valid is not None and valid.semester.course != course:
        raise refusal(422, "this service runs another course", course, f"name {valid.semester.course}")
    return course


def _keep_months(request: Request) -> int | None:
    valid = request.app.state.service.conductor.valid_in_force()
    return valid.semester.keep_months if valid else None


def _freezing(request: Request) -> Freezing:
    return request.app.state.service.freezing


def _course(request: Request) -> str:
    """Return the course; after its deletion the one that the semester file names."""
    return request.app.state.service.course() or in_force(request.app.state.service.conductor).semester.course
