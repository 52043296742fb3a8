"""The end of a semester: whether the course is frozen, what a freeze would affect, the freeze and its undoing."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.course_map import module_titles
from hub_config.home.guard import Asking, check_form, find_manager
from hub_config.home.neighbours import Missing, gather
from hub_config.home.views import clock_for, render

router = APIRouter(prefix="/semester/end")
FORM = [Depends(check_form), Depends(find_manager)]
SHOWN = 20
Sure = Annotated[Literal["yes"], Form()]


@router.get("", dependencies=[Depends(find_manager)])
async def end(request: Request, ask: Asking) -> Response:
    """Show whether the course is frozen, and what a freeze would affect."""
    got = await gather(course=ask.course(), plan=ask.freeze_plan())
    course, plan = got["course"], got["plan"]
    titles = {} if isinstance(course, Missing) else module_titles(course)
    absent = [plan] if isinstance(plan, Missing) else []
    return render(
        request, "end.html", course=course, plan=plan, titles=titles, clock=clock_for(course), shown=SHOWN,
        absent=absent,
    )  # fmt: skip


@router.post("/freeze", dependencies=FORM)
async def freeze(
    request: Request,
    ask: Asking,
    sure: Sure,
    unfinished: Annotated[bool, Form()] = False,
) -> Response:
    """Freeze the course."""
    answer = await ask.freeze(unfinished)
    return back(request, "semester/end", answer, "" if isinstance(answer, Missing) else _done(answer))


@router.post("/unfreeze", dependencies=FORM)
async def unfreeze(request: Request, ask: Asking, sure: Sure) -> Response:
    """Let the course go on."""
    answer = await ask.unfreeze()
    return back(request, "semester/end", answer, "The course goes on. Apply the semester to restore its schedule.")


def _done(answer: dict[str, Any]) -> str:
    left = len(answer["left_undone"])
    return "The course is frozen." + (f" {left} grading task{'s' if left > 1 else ''} left undone." if left else "")
