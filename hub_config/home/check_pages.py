"""A module's checks, and what to do about a faulty one: whose points would change is shown before anything changes."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.course_map import module_titles
from hub_config.home.guard import Asking, check_form, find_grader, find_manager
from hub_config.home.neighbours import Missing, gather
from hub_config.home.views import clock_for, render

router = APIRouter(prefix="/grading/{slug}/checks")
CheckName = Annotated[str, Form(max_length=1000)]
Reason = Annotated[str, Form(max_length=2000)]
Undo = Annotated[bool, Form()]
CHANGING = [Depends(check_form), Depends(find_manager)]


@router.get("", dependencies=[Depends(find_grader)])
async def checks_page(request: Request, slug: str, ask: Asking) -> Response:
    """Show each check, how many pass it, and which are void."""
    got = await gather(course=ask.course(), found=ask.checks(slug))
    return render(request, "checks.html", **_about(got["course"], slug), found=got["found"], clock=_clock(got))


@router.post("/plan", dependencies=CHANGING)
async def plan_void(
    request: Request, slug: str, ask: Asking, check: CheckName, reason: Reason = "", undo: Undo = False
) -> Response:
    """Show whose points a void would change; nothing changes yet."""
    got = await gather(course=ask.course(), plan=ask.void(slug, check, reason, undo, plan=True))
    asked = {"check": check, "reason": reason, "undo": undo}
    return render(request, "void.html", **_about(got["course"], slug), plan=got["plan"], asked=asked)


@router.post("", dependencies=CHANGING)
async def void(
    request: Request, slug: str, ask: Asking, check: CheckName, reason: Reason = "", undo: Undo = False
) -> Response:
    """Make a check void, or let it count again."""
    answer = await ask.void(slug, check, reason, undo)
    return back(request, f"grading/{slug}/checks", answer, "" if isinstance(answer, Missing) else _done(answer))


def _done(answer: dict[str, Any]) -> str:
    changed = sum(row["before"] != row["after"] for row in answer["rows"])
    what = "The check counts again." if answer["undo"] else "The check no longer counts."
    return f"{what} {changed} student{'' if changed == 1 else 's'} {'has' if changed == 1 else 'have'} new points."


def _about(course: Any, slug: str) -> dict[str, Any]:
    titles = {} if isinstance(course, Missing) else module_titles(course)
    return {"course": course, "slug": slug, "title": titles.get(slug, slug), "absent": []}


def _clock(got: dict[str, Any]) -> Any:
    return clock_for(got["course"])
