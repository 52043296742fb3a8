"""What the course can learn about itself: all modules, one module, the students behind a number, and their cells."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from hub_config.home.guard import Asking, NoPage, find_grader
from hub_config.home.neighbours import Missing, gather
from hub_config.home.session import Viewer
from hub_config.home.views import clock_for, render

router = APIRouter(prefix="/insight")
Grader = Annotated[Viewer, Depends(find_grader)]


@router.get("")
async def semester(request: Request, viewer: Grader, ask: Asking) -> Response:
    """Show each module's numbers, the checks that may be at fault, and who is stuck now."""
    got = await gather(course=ask.course(), insight=ask.insight())
    insight = found_or_refuse(got["insight"])
    insight["titles"] = {row["module"]: row["title"] for row in insight["modules"]}
    return _page(request, "insight.html", got, insight=insight)


@router.get("/modules/{slug}")
async def module(request: Request, slug: str, viewer: Grader, ask: Asking) -> Response:
    """Show one module: from fetched to full points, time, exercises and checks, predictions."""
    got = await gather(course=ask.course(), insight=ask.module_insight(slug))
    return _page(request, "insight_module.html", got, module=found_or_refuse(got["insight"]))


@router.get("/modules/{slug}/students")
async def students(
    request: Request, slug: str, viewer: Grader, ask: Asking, number: str, exercise: str = "", check: str = ""
) -> Response:
    """List the students behind a number, by name."""
    got = await gather(course=ask.course(), listed=ask.behind_number(slug, number, exercise, check))
    return _page(request, "insight_students.html", got, listed=found_or_refuse(got["listed"]))


@router.get("/modules/{slug}/students/{student}/{exercise}")
async def code(
    request: Request, slug: str, student: str, exercise: str, viewer: Grader, ask: Asking, check: str = ""
) -> Response:
    """Show one student's cell of an exercise with its checks, as text."""
    got = await gather(course=ask.course(), code=ask.student_cell(slug, student, exercise))
    return _page(request, "insight_code.html", got, code=found_or_refuse(got["code"]), chosen=check)


def _page(request: Request, template: str, got: dict[str, Any], **data: Any) -> Response:
    return render(request, template, course=got["course"], clock=clock_for(got["course"]), **data, absent=[])


def found_or_refuse(answer: Any) -> Any:
    if isinstance(answer, Missing):
        status = 503 if answer.is_unreachable else answer.status
        raise NoPage(status, f"The {answer.service} service: {answer.reason}", "Go back to the Class page.")
    return answer
