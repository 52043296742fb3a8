"""Who is calling the grading service, and what they may do: the Hub says so for the request's token."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from exchange.hub.identity import Caller, door_scopes, token_in
from exchange.protocol.models import Refused


async def caller(request: Request) -> Caller:
    """FastAPI dependency: the person who makes this request, if the Hub lets them in."""
    who: Caller = await request.app.state.identity.caller(token_in(request.headers))
    doors = door_scopes("grading")
    if not who.scopes & doors:
        remedy = "ask an instructor, because the Hub has not granted it"
        raise Refused(f"{who.name}'s token lacks the scope {max(doors, key=len)}", "", remedy, 403)
    return who


def needs(scope: str) -> Callable[[Request], Awaitable[Caller]]:
    """Return a dependency that lets in only callers with a scope."""

    async def check(request: Request) -> Caller:
        return holder(await caller(request), scope)

    return check


def holder(who: Caller, scope: str | None) -> Caller:
    """Return a caller who has a scope; raise Refused 403 for one who does not."""
    if scope is None or not who.has(scope):
        raise Refused(f"{who.name}'s token lacks the right {scope}", "", "ask an instructor", 403)
    return who
