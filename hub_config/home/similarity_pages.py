"""Answers that share passages: pairs side by side, for instructors to judge. The grading service records who looks."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.guard import Asking, check_form, find_manager
from hub_config.home.insight_pages import found_or_refuse
from hub_config.home.neighbours import gather
from hub_config.home.session import Viewer
from hub_config.home.views import clock_for, render

router = APIRouter(prefix="/insight/modules/{slug}/similar")
Manager = Annotated[Viewer, Depends(find_manager)]


@router.get("")
async def pairs(request: Request, slug: str, viewer: Manager, ask: Asking) -> Response:
    """List the pairs of the newest comparison, what was not compared and why, and who has looked."""
    got = await gather(course=ask.course(), similar=ask.similar(slug))
    return _page(request, "insight_similar.html", got, similar=found_or_refuse(got["similar"]))


@router.post("", dependencies=[Depends(check_form)])
async def compare(request: Request, slug: str, viewer: Manager, ask: Asking) -> Response:
    """Compare the collected submissions."""
    said = "The answers are being compared. Load the page again in a moment."
    return back(request, f"insight/modules/{slug}/similar", await ask.grading_job("compare", slug), said)


@router.get("/{run}/{exercise}/{number}")
async def pair(
    request: Request, slug: str, run: int, exercise: str, number: int, viewer: Manager, ask: Asking
) -> Response:
    """Show two answers side by side."""
    got = await gather(course=ask.course(), pair=ask.similar_pair(slug, run, exercise, number))
    found = found_or_refuse(got["pair"])
    sides = [
        {"author": author, "rows": [(line, at in lines) for at, line in enumerate(text.splitlines(), 1)]}
        for author, text, lines in zip((found["one"], found["other"]), found["texts"], found["lines"], strict=True)
    ]
    return _page(request, "insight_pair.html", got, pair=found, sides=sides)


def _page(request: Request, template: str, got: dict[str, Any], **data: Any) -> Response:
    return render(request, template, course=got["course"], clock=clock_for(got["course"]), **data, absent=[])
