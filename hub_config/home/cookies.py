"""The page's own cookies: scripts can't read them, other sites don't send them, and no student's server can set them.

A page on NAME.hub.example may set cookies for all of hub.example. Browsers accept names that begin with `__Host-` from
the host itself only, over https and for all of its paths; so they are used if servers have such domains.
"""

from fastapi import Request
from fastapi.responses import Response

from hub_config.home.settings import Settings


def get_cookie(request: Request, name: str) -> str:
    """Return a cookie's value, "" if there is none."""
    return request.cookies.get(_name(name, request.app.state.settings), "")


def set_cookie(response: Response, settings: Settings, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie, until the browser is closed or for `seconds`."""
    response.set_cookie(_name(name, settings), value, max_age=seconds, **_options(settings))


def forget_cookie(response: Response, settings: Settings, name: str) -> None:
    """Delete a cookie."""
    response.delete_cookie(_name(name, settings), **_options(settings))


def _name(name: str, settings: Settings) -> str:
    return f"__Host-{name}" if settings.host_cookies else name


def _options(settings: Settings) -> dict:
    path = "/" if settings.host_cookies else settings.prefix
    return {"path": path, "httponly": True, "samesite": "lax", "secure": settings.secure}
