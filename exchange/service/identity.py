"""Who asks, and what may they do: the Hub answers, from the token alone.

The service has no users, passwords or sessions of its own. Each token is shown to `GET {hub}/user`; the answer is
believed for a short time. Nothing that a caller says about herself is read.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import httpx

from exchange.protocol import scopes
from exchange.protocol.models import Refused
from exchange.protocol.paths import check_person

CACHE_SIZE = 5000  # a few hundred bytes each; more tokens than a large class has
BAD_TOKEN_SECONDS = 5.0  # a wrong token costs the Hub one question in so long


@dataclass(frozen=True)
class Caller:
    """The owner of a token, as the Hub sees it."""

    name: str
    kind: str
    scopes: frozenset[str]
    groups: frozenset[str]
    acting_for: str = ""

    def is_student(self, course: str) -> bool:
        """Tell whether the caller takes the course."""
        return self.kind == "user" and scopes.student_group(course) in self.groups

    def is_staff(self, course: str) -> bool:
        """Tell whether the caller teaches the course (which by itself gives no verb)."""
        return self.kind == "user" and scopes.staff_group(course) in self.groups

    def may(self, scope: str, course: str) -> bool:
        """Tell whether the token carries a staff verb that holds in the course."""
        everywhere = self.kind == "service" or scope == scopes.ADMIN
        return scope in self.scopes and (everywhere or self.is_staff(course))

    def role(self, course: str) -> str | None:
        """Name what the caller is in the course: staff, student, service or None."""
        if self.is_staff(course):
            return "staff"
        if self.is_student(course):
            return "student"
        if self.scopes & scopes.STAFF_SCOPES and (self.kind == "service" or scopes.ADMIN in self.scopes):
            return "service"
        return None


class HubIdentity:
    """Ask the Hub whose token this is; remember the answer for a short time."""

    def __init__(self, hub_api_url: str, identity_seconds: float) -> None:
        self._url = hub_api_url.rstrip("/") + "/user"
        self._seconds = identity_seconds
        # The Hub is at a fixed address; a proxy named in the environment must not see tokens.
        limits = httpx.Limits(max_connections=20)
        self._http = httpx.AsyncClient(timeout=10.0, trust_env=False, limits=limits)
        self._known: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Caller | None]] = {}

    async def caller(self, token: str) -> Caller:
        """Return the owner of a token; raise Refused 401 for a wrong one, 503 if the Hub does not answer."""
        key = hashlib.sha256(token.encode()).hexdigest()
        until, caller = self._known.get(key, (0.0, None))
        if until < time.monotonic():
            caller = await self._ask_once(key, token)
        if caller is None:
            raise Refused(
                "a request carries a valid Hub token", "an unknown one", "log in again or restart your server", 401
            )
        return caller

    async def _ask_once(self, key: str, token: str) -> Caller | None:
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask(key, token))
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(self._asking[key])

    async def _ask(self, key: str, token: str) -> Caller | None:
        try:
            answer = await self._http.get(self._url, headers={"Authorization": f"token {token}"})
        except (httpx.HTTPError, UnicodeError) as error:
            raise _hub_is_silent(type(error).__name__) from error
        if answer.status_code not in (200, 401, 403, 404):
            raise _hub_is_silent(f"status {answer.status_code}")
        caller = read_model(answer.json()) if answer.status_code == 200 else None
        seconds = self._seconds if caller else BAD_TOKEN_SECONDS
        self._known[key] = (time.monotonic() + seconds, caller)
        self._known.move_to_end(key)
        while len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        return caller

    async def close(self) -> None:
        """Close the connections to the Hub."""
        await self._http.aclose()


def _hub_is_silent(value: str) -> Refused:
    return Refused("the Hub confirms who you are", value, "the Hub does not answer: try again in a moment", 503)


def read_model(model: dict[str, Any]) -> Caller:
    """Read the Hub's user or service model."""
    return Caller(
        name=check_person(str(model["name"])),
        kind=str(model.get("kind", "user")),
        scopes=frozenset(model.get("scopes", ())),
        groups=frozenset(model.get("groups", ())),
    )
