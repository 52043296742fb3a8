"""The door: who is the viewer, may they see this, is the form from our own page; and the headers of every answer."""

from typing import Annotated

from fastapi import Depends, Form, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub_config.home.cookies import get_cookie
from hub_config.home.neighbours import Neighbours
from hub_config.home.session import COOKIE, Sessions, Viewer

# Scripts and styles come from our own files only, so that nothing a student wrote can run or style itself here.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Feedback is a whole page made from a student's notebook: shown without scripts, forms, links out or our cookies.
FEEDBACK_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
)
LED_ON = (302, 303, 307)
LARGEST_BODY_BYTES = 6 * 2**20  # a class list of 20,000 lines is smaller
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class NotLoggedIn(Exception):
    """The viewer is not recognized: a page sends them to the Hub, a form reports it."""


class Outside(Exception):
    """Somebody whom the Hub knows and the semester does not."""


class NoPage(Exception):
    """A page that this viewer may not see, or that does not exist: status, what is wrong, what to do."""

    def __init__(self, status: int, title: str, remedy: str) -> None:
        super().__init__(title)
        self.status, self.title, self.remedy = status, title, remedy


async def find_viewer(request: Request) -> Viewer:
    """Return the viewer; raise NotLoggedIn, or Outside if they may not see the course."""
    sessions: Sessions = request.app.state.sessions
    viewer = await sessions.viewer(get_cookie(request, COOKIE))
    if viewer is None:
        raise NotLoggedIn
    request.state.viewer = viewer
    if not viewer.belongs:
        raise Outside
    return viewer


Looking = Annotated[Viewer, Depends(find_viewer)]


async def find_staff(viewer: Looking) -> Viewer:
    return _only(viewer, viewer.is_staff, "staff of the course")


async def find_grader(viewer: Looking) -> Viewer:
    return _only(viewer, viewer.grades, "TAs and instructors")


async def find_manager(viewer: Looking) -> Viewer:
    return _only(viewer, viewer.manages, "instructors")


def _only(viewer: Viewer, allowed: bool, who: str) -> Viewer:
    if not allowed:
        raise NoPage(403, f"This page is for {who}", "If you should see it, ask the instructor of the course.")
    return viewer


async def check_form(request: Request, viewer: Looking, form_token: Annotated[str, Form()] = "") -> None:
    """Raise NoPage unless the form was made by this service for this viewer."""
    sessions: Sessions = request.app.state.sessions
    same_site = request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    if not same_site or not sessions.is_form_token(viewer, form_token):
        raise NoPage(403, "This form is not from this page, or too old", "Go back, load the page again and repeat.")


async def neighbours(request: Request, viewer: Looking) -> Neighbours:
    """Return the other services, which are asked with the viewer's own token."""
    return Neighbours(request.app.state.settings, request.app.state.http, viewer)


Asking = Annotated[Neighbours, Depends(neighbours)]


class LimitedBody:
    """Stop reading a request larger than any of our forms: forms are read before it is known who sent them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY_BYTES:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)


async def add_headers(request: Request, call_next) -> Response:
    """Add the security headers to every answer that does not have stricter ones."""
    response = await call_next(request)
    if response.status_code in LED_ON:  # the page it leads to decides whether its opener may know it
        response.headers.setdefault("Cross-Origin-Opener-Policy", "unsafe-none")
    for name, value in {**HEADERS, "Content-Security-Policy": POLICY}.items():
        response.headers.setdefault(name, value)
    return response
