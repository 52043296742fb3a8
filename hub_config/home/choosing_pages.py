"""An instructor whom the learning platform asks for links chooses modules; the browser brings the answer back."""

from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.campus_pages import FORM, Manager
from hub_config.home.guard import POLICY, Asking, NoPage
from hub_config.home.neighbours import Missing, gather
from hub_config.home.views import clock_for, render

router = APIRouter(prefix="/campus/choose")
# The platform's window that opened this one waits for the answer, so the two must be able to reach each other.
KNOWN_TO_OPENER = {"Cross-Origin-Opener-Policy": "unsafe-none"}


@router.get("/{key}")
async def choices(request: Request, viewer: Manager, ask: Asking, key: str) -> Response:
    """Show the modules, and which of them are in the platform's course already."""
    got = await gather(course=ask.course(), choices=ask.campus_choices(key))
    course, found = got["course"], got["choices"]
    page = render(request, "choose.html", course=course, choices=found, key=key, clock=clock_for(course), absent=[])
    page.headers.update(KNOWN_TO_OPENER)
    return page


@router.post("/{key}/link", dependencies=FORM)
async def link(request: Request, ask: Asking, key: str, course_key: Annotated[str, Form(max_length=100)]) -> Response:
    """Link the platform's course that the instructor came from."""
    answer = await ask.ask_campus("link", {"key": course_key})
    return back(request, f"campus/choose/{quote(key, safe='')}", answer, "It is linked.")


@router.post("/{key}", dependencies=FORM)
async def choose(
    request: Request,
    ask: Asking,
    key: str,
    modules: Annotated[list[str] | None, Form()] = None,
    nothing: Annotated[Literal["", "yes"], Form()] = "",
) -> Response:
    """Bring the signed choice to the platform: through the page that waits for it there, otherwise from here."""
    chosen = [] if nothing else modules or []
    answer = await ask.ask_campus(f"choices/{quote(key, safe='')}", {"modules": chosen})
    if isinstance(answer, Missing):
        raise NoPage(answer.status or 502, "The choice could not be sent", f"{answer.reason}.")
    page = render(request, "chosen.html", course=None, answer=answer, absent=[])
    parts = urlsplit(answer["return_url"])
    there = POLICY.replace("form-action 'self'", f"form-action {parts.scheme}://{parts.netloc}")
    page.headers.update({**KNOWN_TO_OPENER, "Content-Security-Policy": there})
    return page
