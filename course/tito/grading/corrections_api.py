"""The interface for a faulty check: a module's checks, a void with its plan, the plan of judging all again."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.hub.identity import Caller

from .identity import needs
from .regrading import regrade_plan
from .rights import READ, RUN
from .voids import Wanted, apply_void, list_checks, plan_void

router = APIRouter(prefix="/assignments/{assignment}")
Reader = Annotated[Caller, Depends(needs(READ))]
Instructor = Annotated[Caller, Depends(needs(RUN))]


class VoidRequest(BaseModel):
    """The check whose points everybody shall get and why, or which counts again (`undo`)."""

    model_config = ConfigDict(extra="forbid")
    check: str = Field(min_length=1, max_length=1000)
    reason: str = Field("", max_length=2000)
    undo: bool = False

    def of(self, assignment: str) -> Wanted:
        return Wanted(assignment, self.check, self.reason, self.undo)


@router.get("/checks")
def checks(assignment: str, request: Request, _: Reader) -> dict[str, Any]:
    """List a module's checks, how many students pass each, and which are void."""
    return list_checks(request.app.state.settings, request.app.state.queue, assignment)


@router.post("/voids/plan")
def plan(assignment: str, wanted: VoidRequest, request: Request, _: Instructor) -> dict[str, Any]:
    """Tell whose points a void would change; nothing is changed."""
    return plan_void(request.app.state.settings, request.app.state.queue, wanted.of(assignment))


@router.post("/voids")
def apply(assignment: str, wanted: VoidRequest, request: Request, person: Instructor) -> dict[str, Any]:
    """Make a check void, or let it count again; repeating this changes nothing."""
    state = request.app.state
    return apply_void(state.settings, state.queue, wanted.of(assignment), by=person.name)


@router.get("/regrade")
def regrade(assignment: str, request: Request, _: Reader) -> dict[str, Any]:
    """Tell what the verdicts of the last `rejudge` would change."""
    return regrade_plan(request.app.state.settings, request.app.state.queue, assignment)
