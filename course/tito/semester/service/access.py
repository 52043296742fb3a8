"""Who asks: a Hub token becomes a caller with scopes. The service itself knows no passwords and no users."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx
from fastapi import HTTPException, Request

READ, MANAGE = "custom:semester:read", "custom:semester:manage"
ACCESS = frozenset({"access:services!service=semester", "access:services"})
REMEMBER_SECONDS = 10.0  # a page asks several times; a revoked token works no longer than this


@dataclass(frozen=True)
class Caller:
    """The person or service that holds the token."""

    name: str
    scopes: frozenset[str]


@dataclass
class Identity:
    """Ask the Hub at `api_url` whose token it is."""

    api_url: str
    http: httpx.AsyncClient
    _known: dict[str, tuple[float, Caller]] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def caller(self, token: str) -> Caller:
        """Return the caller, or raise 401 (no such token) or 503 (the Hub does not answer)."""
        async with self._asking:
            now = time.monotonic()
            self._known = {key: row for key, row in self._known.items() if row[0] > now}
            if token not in self._known:
                self._known[token] = (now + REMEMBER_SECONDS, await self._ask(token))
            return self._known[token][1]

    async def _ask(self, token: str) -> Caller:
        try:
            answer = await self.http.get(f"{self.api_url}/user", headers={"Authorization": f"token {token}"})
        except httpx.HTTPError:
            raise refusal(503, "the Hub must say whose token this is", "", "it does not answer: try again") from None
        if answer.status_code in (401, 403, 404):
            raise refusal(401, "the Hub must know the token", "", "log in again, or make a new token")
        answer.raise_for_status()
        row = answer.json()
        return Caller(row["name"], frozenset(row.get("scopes", ())))


async def caller(request: Request) -> Caller:
    """Return who asks, if the token may reach this service at all."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not token.strip():
        raise refusal(401, "a request carries a Hub token", "", "send the header `Authorization: token ...`")
    who: Caller = await request.app.state.identity.caller(token.strip())
    if not who.scopes & (ACCESS | {READ, MANAGE}):
        raise refusal(403, "the token needs the scope access:services!service=semester", who.name, "ask an instructor")
    return who


async def reader(request: Request) -> Caller:
    """Return who asks, if they may see people and the schedule."""
    return _need(await caller(request), READ, MANAGE)


async def manager(request: Request) -> Caller:
    """Return who asks, if they may change the semester."""
    return _need(await caller(request), MANAGE)


def _need(who: Caller, *scopes: str) -> Caller:
    if not who.scopes & set(scopes):
        remedy = "log in as an instructor; from a terminal, use a token with this scope from the Hub's token page"
        raise refusal(403, f"this needs the scope {scopes[0]}", who.name, remedy)
    return who


def refusal(status: int, rule: str, value: str, remedy: str) -> HTTPException:
    """Return the answer to a request that breaks a rule, in the form that the exchange uses too."""
    return HTTPException(status, {"rule": rule, "value": value, "remedy": remedy})
