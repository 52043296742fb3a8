"""Points given elsewhere: a list is uploaded, its plan is reviewed, then it is entered; or a column is removed."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.guard import Asking, NoPage, check_form, find_manager
from hub_config.home.neighbours import Missing, gather
from hub_config.home.views import clock_for, render

router = APIRouter(prefix="/semester/points")
FORM = [Depends(check_form), Depends(find_manager)]
LARGEST_PLAN = 900_000
Name = Annotated[str, Form(max_length=64)]
Heading = Annotated[str, Form(max_length=200)]


@router.get("", dependencies=[Depends(find_manager)])
async def points(request: Request, ask: Asking) -> Response:
    """Show the existing columns, and the form for a list."""
    got = await gather(course=ask.course(), columns=ask.points())
    absent = [got["columns"]] if isinstance(got["columns"], Missing) else []
    return render(
        request, "points.html", course=got["course"], columns=got["columns"], clock=clock_for(got["course"]),
        absent=absent,
    )  # fmt: skip


@router.post("/plan", dependencies=FORM)
async def plan(
    request: Request,
    ask: Asking,
    name: Name,
    points_list: UploadFile,
    column: Heading = "",
    username: Heading = "",
    max_score: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Show what a list would change; nothing changes yet."""
    given = {"file": points_list.filename or "list", "column": column, "username": username}
    planned = ask.points_plan(name.strip(), await points_list.read(), {**given, "max_score": _maximum(max_score)})
    got = await gather(course=ask.course(), plan=planned)
    entered = "" if isinstance(got["plan"], Missing) else _entered(got["plan"])
    return render(request, "points_plan.html", course=got["course"], plan=got["plan"], entered=entered, absent=[])


@router.post("/apply", dependencies=FORM)
async def apply(
    request: Request, ask: Asking, name: Name, entered: Annotated[str, Form(max_length=LARGEST_PLAN)]
) -> Response:
    """Enter the points that the plan showed."""
    try:
        body = json.loads(entered)
    except ValueError:
        raise NoPage(422, "The plan is damaged", "Upload the list again.") from None
    answer = await ask.ask_points(name, "apply", body)
    return back(request, "semester/points", answer, f"{name}: {_count(answer, 'changed')} changed.")


@router.post("/take_back", dependencies=FORM)
async def take_back(request: Request, ask: Asking, name: Name) -> Response:
    """Remove a column."""
    answer = await ask.ask_points(name, "take_back", {})
    return back(request, "semester/points", answer, f"Removed {name} and the points of {_count(answer, 'removed')}.")


def _maximum(text: str) -> float | None:
    try:
        return float(text.replace(",", ".")) if text.strip() else None
    except ValueError:
        raise NoPage(422, f"{text} is not a number of points", "Go back and enter a number, such as 50.") from None


def _entered(plan: dict[str, Any]) -> str:
    return json.dumps({key: plan[key] for key in ("points", "max_score", "file", "seen")})


def _count(answer: Any, what: str) -> str:
    count = 0 if isinstance(answer, Missing) else answer[what]
    return f"{count} student{'' if count == 1 else 's'}"
