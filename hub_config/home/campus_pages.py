"""The learning platform: which course is linked, its members as the roster, and the scores sent to it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.course_map import module_titles
from hub_config.home.guard import Asking, check_form, find_manager
from hub_config.home.neighbours import Missing, gather
from hub_config.home.session import Viewer
from hub_config.home.views import clock_for, render

router = APIRouter(prefix="/campus")
Manager = Annotated[Viewer, Depends(find_manager)]
FORM = [Depends(find_manager), Depends(check_form)]
STATES = ("sent", "waiting", "refused", "nobody", "left")


@router.get("")
async def campus(request: Request, viewer: Manager, ask: Asking) -> Response:
    """Show what is linked, the latest checks of the members, and the scores that need attention."""
    got = await gather(course=ask.course(), campus=ask.campus(), grades=ask.campus_grades())
    course, scores = got["course"], []
    if not isinstance(got["grades"], Missing):
        scores = got["grades"]["scores"]
    titles = {} if isinstance(course, Missing) else module_titles(course)
    data: dict[str, Any] = {"campus": got["campus"], "columns": columns_of(scores), "wrong": need_a_look(scores)}
    absent = [got["campus"]] if isinstance(got["campus"], Missing) else []
    addresses = addresses_to_paste(request)
    return render(
        request, "campus.html", course=course, titles=titles, states=STATES, addresses=addresses,
        clock=clock_for(course), absent=absent, **data,
    )  # fmt: skip


@router.get("/roster")
async def roster(request: Request, viewer: Manager, ask: Asking) -> Response:
    """Show what the platform's members would change as the roster; nothing changes yet."""
    got = await gather(course=ask.course(), plan=ask.campus_roster())
    return render(request, "campus_roster.html", course=got["course"], plan=got["plan"], absent=[])


@router.post("/roster", dependencies=FORM)
async def apply_roster(
    request: Request, ask: Asking, yes: Annotated[list[Literal["drops"]] | None, Form()] = None
) -> Response:
    """Make the platform's members the roster."""
    answer = await ask.ask_campus("roster/apply", {"drops": bool(yes)})
    return back(request, "campus", answer, "" if isinstance(answer, Missing) else f"The roster: {answer['message']}.")


@router.post("/link", dependencies=FORM)
async def link(request: Request, ask: Asking, key: Annotated[str, Form(max_length=100)]) -> Response:
    """Link one of the platform's courses."""
    return back(request, "campus", await ask.ask_campus("link", {"key": key}), "It is linked.")


@router.post("/look", dependencies=FORM)
async def look(request: Request, ask: Asking) -> Response:
    """Check what the platform's gradebook has."""
    return back(request, "campus", await ask.ask_campus("grades/look"), "The platform's gradebook was checked.")


@router.post("/send", dependencies=FORM)
async def send(request: Request, ask: Asking) -> Response:
    """Send now what is waiting or was refused."""
    return back(request, "campus", await ask.ask_campus("grades/send"), "What was waiting is being sent now.")


def columns_of(scores: Iterable[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """Count each assignment's scores by state; those that differ at the platform are counted as `differs`."""
    columns: dict[str, Counter[str]] = defaultdict(Counter)
    for row in scores:
        columns[row["assignment"]][row["state"]] += 1
        columns[row["assignment"]]["differs"] += row["differs"]
    return dict(columns)


def need_a_look(scores: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the scores that differ, or that the platform did not accept and will not without intervention."""
    return [row for row in scores if row["differs"] or row["state"] not in ("sent", "waiting")]


def addresses_to_paste(request: Request) -> dict[str, str]:
    """Return what an administrator of the platform pastes into its form, by the names of its fields."""
    settings = request.app.state.settings
    here = request.base_url.replace(scheme="https" if settings.secure else "http")
    hub = settings.hub_url if settings.hub_host else f"{here.scheme}://{here.netloc}{settings.base_url}hub/"
    root = hub.removesuffix("hub/")
    return {
        "Target link": root,
        "Login address (initiate login)": f"{hub}lti13/oauth_login",
        "Redirect address": f"{hub}lti13/oauth_callback",
        "Public keys (JWKS)": f"{root}services/campus/keys",
        "Deep linking address (content selection)": root,
        "Custom parameter": "login=$User.username",
        "Canvas: the same as JSON": f"{hub}lti13/config",
    }
