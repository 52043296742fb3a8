"""What the course knows about the viewer: as a page and as a file to download; only the viewer's own data."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from hub_config.home.course_map import module_titles
from hub_config.home.guard import Asking, Looking
from hub_config.home.neighbours import Missing, Neighbours, gather
from hub_config.home.views import clock_for, render

router = APIRouter(prefix="/my-data")


@router.get("")
async def page(request: Request, viewer: Looking, ask: Asking) -> Response:
    """Show what is kept about the viewer, for how long and why."""
    got = await _everything(ask)
    course = got.pop("course")
    titles = {} if isinstance(course, Missing) else module_titles(course)
    absent = {each.service: each for each in got.values() if isinstance(each, Missing)}
    known = {name: None if isinstance(rows, Missing) else rows for name, rows in got.items()}
    data = {"course": course, "titles": titles, "known": known, "clock": clock_for(course)}
    return render(request, "my_data.html", **data, absent=list(absent.values()))


@router.get("/data.json")
async def download(request: Request, viewer: Looking, ask: Asking) -> Response:
    """Give all of it as a file, which names what was not available."""
    got = await _everything(ask)
    del got["course"]
    said = {name: {"not_available": rows.reason} if isinstance(rows, Missing) else rows for name, rows in got.items()}
    headers = {"Content-Disposition": 'attachment; filename="my-course-data.json"'}
    return JSONResponse({"student": viewer.name, "course": request.app.state.settings.course, **said}, headers=headers)


async def _everything(ask: Neighbours) -> dict[str, Any]:
    got = await gather(
        course=ask.course(),
        events=ask.own_events(),
        activity=ask.own_activity(),
        submissions=ask.own_submissions(),
        questions=ask.own_questions(),
        results=ask.own_grading(),
        survey=ask.own_survey(),
    )
    if not isinstance(survey := got["survey"], Missing):
        got["survey"] = {name: survey[name] for name in ("survey", "state") if name in survey}
    return got
