"""Logging in through the Hub, and out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from hub_config.home.cookies import forget_cookie, get_cookie, set_cookie
from hub_config.home.guard import NoPage
from hub_config.home.session import COOKIE, STATE_COOKIE, STATE_SECONDS, Sessions
from hub_config.home.settings import Settings

router = APIRouter()


def send_to_login(request: Request) -> Response:
    """Send the browser to the Hub, and remember where it wanted to go; each tab has a cookie of its own."""
    sessions: Sessions = request.app.state.sessions
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    state, cookie = sessions.new_state(then)
    response = RedirectResponse(sessions.login_url(state), 303)
    set_cookie(response, request.app.state.settings, _state_cookie(state), cookie, STATE_SECONDS)
    return response


@router.get("/oauth_callback")
async def callback(
    request: Request, code: Annotated[str, Query()] = "", state: Annotated[str, Query()] = ""
) -> Response:
    """Take the Hub's answer and begin the session."""
    sessions: Sessions = request.app.state.sessions
    name, settings = _state_cookie(state), request.app.state.settings
    then = sessions.check_state(state, get_cookie(request, name))
    if then is None or not code:
        raise NoPage(400, "This login was not begun in this browser, or it took too long", "Open the home page again.")
    token = await sessions.token_for(code)
    if token is None:
        raise NoPage(403, "The Hub did not let you in", "Log in again; if that does not help, ask your instructor.")
    response = RedirectResponse(then, 303)
    set_cookie(response, settings, COOKIE, sessions.cookie_for(token))
    forget_cookie(response, settings, name)
    return response


@router.get("/logout")
async def logout(request: Request) -> Response:
    """End the session here and at the Hub."""
    settings: Settings = request.app.state.settings
    response = RedirectResponse(f"{settings.hub_url}logout", 303)
    forget_cookie(response, settings, COOKIE)
    return response


def _state_cookie(state: str) -> str:
    return f"{STATE_COOKIE}-{''.join(c for c in state[:8] if c.isalnum())}"
