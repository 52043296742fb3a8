"""Surveys: a student answers on the home page, under its own address, and staff see distributions."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.guard import Asking, check_form, find_grader
from hub_config.home.insight_pages import found_or_refuse
from hub_config.home.neighbours import gather
from hub_config.home.session import Viewer
from hub_config.home.views import clock_for, render

router = APIRouter()
Grader = Annotated[Viewer, Depends(find_grader)]
THANKS = (
    "Thank you. Your answer is stored once four others have answered too; "
    "if the Hub is restarted before that, you are asked again."
)


@router.post("/", dependencies=[Depends(check_form)])
async def answer(request: Request, ask: Asking) -> Response:
    """Take an answer. Its address is the home page's, so that no log along the way names a survey."""
    form = await request.form()
    answers = {name: value for name, value in form.items() if name != "form_token" and isinstance(value, str)}
    return back(request, "", await ask.answer_survey(answers), THANKS)


@router.get("/insight/surveys")
async def surveys(request: Request, viewer: Grader, ask: Asking) -> Response:
    """Show what was answered, as distributions."""
    got = await gather(course=ask.course(), surveys=ask.surveys())
    rows: list[dict[str, Any]] = found_or_refuse(got["surveys"])
    clock = clock_for(got["course"])
    return render(request, "insight_surveys.html", course=got["course"], clock=clock, surveys=rows, absent=[])
