"""Who asks: the Hub answers, from the token alone, and is believed for a short time.

No service has users, passwords or sessions of its own, and nothing that callers say about themselves is read.
"""

import asyncio
import hashlib
import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import h11

from exchange.hub.connections import Connections
from exchange.protocol import ACTOR_HEADERS
from exchange.protocol.models import Refused

# A page asks several times; a token that was taken away, or a right, counts no longer than this.
REMEMBER_SECONDS = 10.0
BAD_TOKEN_SECONDS = 5.0  # a wrong token costs the Hub one question in so long
CACHE_SIZE = 5000  # a few hundred bytes each; more tokens than a large class has
UNKNOWN_TOKEN = (401, 403, 404)
MOST_QUESTIONS = 10  # more at once don't make the Hub answer sooner
ANSWER_SECONDS = 10.0  # for an answer
PATIENCE_SECONDS = 20.0  # the same with the wait for one's turn


@dataclass(frozen=True)
class Caller:
    """The owner of a token, as the Hub sees it: a user or a service."""

    name: str
    kind: str = "user"
    scopes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def has(self, scope: str) -> bool:
        return scope in self.scopes


Who = TypeVar("Who")


def read_caller(model: Mapping[str, Any]) -> Caller:
    """Read the Hub's user or service model."""
    scopes, groups = frozenset(model.get("scopes", ())), frozenset(model.get("groups", ()))
    return Caller(str(model["name"]), str(model.get("kind", "user")), scopes, groups)


class HubIdentity(Generic[Who]):
    """Ask the Hub whose token this is; `read` makes of its model what the service knows people as."""

    def __init__(
        self,
        hub_api_url: str,
        read: Callable[[Mapping[str, Any]], Who],
        seconds: float = REMEMBER_SECONDS,
    ) -> None:
        self._hub, self._read, self._seconds = Connections(hub_api_url.rstrip("/") + "/user"), read, seconds
        self._known: OrderedDict[str, tuple[float, Who | None]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Who | None]] = {}
        self._places = asyncio.Semaphore(MOST_QUESTIONS)

    async def caller(self, token: str) -> Who:
        """Return the owner of a token; raise Refused 401 for a wrong one, 503 if the Hub does not answer."""
        key = hashlib.sha256(token.encode()).hexdigest()
        until, who = self._known.get(key, (0.0, None))
        if until < time.monotonic():
            who = await self._ask_once(key, token)
        if who is None:
            remedy = "log in again, restart your server, or make a new token"
            raise Refused("a request carries a valid Hub token", "an unknown one", remedy, 401)
        return who

    def forget(self, token: str) -> None:
        """Ask anew next time."""
        self._known.pop(hashlib.sha256(token.encode()).hexdigest(), None)

    async def _ask_once(self, key: str, token: str) -> Who | None:
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask(key, token))
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(self._asking[key])

    async def _ask(self, key: str, token: str) -> Who | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._places, asyncio.timeout(ANSWER_SECONDS):
                status, answer = await self._hub.get({"Authorization": f"token {token}"})
        except (OSError, h11.ProtocolError, UnicodeError) as error:  # a TimeoutError is an OSError
            raise _hub_is_silent(type(error).__name__) from error
        if status != 200 and status not in UNKNOWN_TOKEN:
            raise _hub_is_silent(f"status {status}")
        who = self._read(json.loads(answer)) if status == 200 else None
        self._known[key] = (time.monotonic() + (BAD_TOKEN_SECONDS if who is None else self._seconds), who)
        self._known.move_to_end(key)
        while len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        return who

    async def close(self) -> None:
        """Close the connections to the Hub."""
        await self._hub.close()


def _hub_is_silent(value: str) -> Refused:
    return Refused("the Hub confirms who you are", value, "the Hub does not answer: try again in a moment", 503)


def token_in(headers: Mapping[str, str]) -> str:
    """Return the token that a request carries; raise Refused 401 if it has none."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not token.strip().isascii() or not token.strip():
        remedy = "send one that the Hub made for you: log in, or make one on its token page"
        raise Refused("a request has the header 'Authorization: token ...'", scheme[:20] or "none", remedy, 401)
    return token.strip()


def actor_in(headers: Mapping[str, str]) -> str:
    """Return for whom a service says that it acts: to be recorded, it gives no rights. Older names are understood."""
    return next((headers[name] for name in ACTOR_HEADERS if headers.get(name)), "")


def door_scopes(service: str, environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Return the scopes that open a service's door: as the Hub says them, or by the service's usual name."""
    given = environ.get("JUPYTERHUB_OAUTH_ACCESS_SCOPES")
    return frozenset(json.loads(given) if given else ("access:services", f"access:services!service={service}"))
