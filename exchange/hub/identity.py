"""Who is asking: the Hub tells, from the token alone, and its answer is trusted for a short time.

No service has users, passwords or sessions of its own, and nothing that callers say about themselves is trusted.
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

import aiohttp

from exchange.client.direct import certificates_for
from exchange.protocol import ACTOR_HEADERS
from exchange.protocol.models import Refused
from exchange.protocol.request_id import passed_on

# A page makes several requests; a revoked token or right counts no longer than this.
REMEMBER_SECONDS = 10.0
BAD_TOKEN_SECONDS = 5.0  # the Hub is asked about a wrong token once in this time
CACHE_SIZE = 5000  # a few hundred bytes each; more tokens than a large class has
UNKNOWN_TOKEN = (401, 403, 404)
MOST_QUESTIONS = 10  # more at a time don't make the Hub answer sooner
ANSWER_SECONDS = 10.0  # for an answer
PATIENCE_SECONDS = 20.0  # for an answer, including the wait for a turn


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
    """Ask the Hub whose token this is; `read` turns the Hub's model into the service's own."""

    def __init__(
        self,
        hub_api_url: str,
        read: Callable[[Mapping[str, Any]], Who],
        seconds: float = REMEMBER_SECONDS,
    ) -> None:
        self._url, self._read, self._seconds = hub_api_url.rstrip("/") + "/user", read, seconds
        self._http: aiohttp.ClientSession | None = None
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
            raise Refused("the Hub does not know this token", remedy=remedy, status=401)
        return who

    def forget(self, token: str) -> None:
        """Ask again next time."""
        self._known.pop(hashlib.sha256(token.encode()).hexdigest(), None)

    async def _ask_once(self, key: str, token: str) -> Who | None:
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask(key, token))
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(self._asking[key])

    async def _ask(self, key: str, token: str) -> Who | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._places, asyncio.timeout(ANSWER_SECONDS):
                status, answer = await self._get({"Authorization": f"token {token}", **passed_on()})
        except (OSError, aiohttp.ClientError, UnicodeError) as error:  # a TimeoutError is an OSError
            raise _hub_is_silent(type(error).__name__) from error
        if status != 200 and status not in UNKNOWN_TOKEN:
            raise _hub_is_silent(f"status {status}")
        who = self._read(json.loads(answer)) if status == 200 else None
        self._known[key] = (time.monotonic() + (BAD_TOKEN_SECONDS if who is None else self._seconds), who)
        self._known.move_to_end(key)
        while len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        return who

    async def _get(self, headers: Mapping[str, str]) -> tuple[int, bytes]:
        if self._http is None:
            self._http = _open_session(self._url)  # needs a running event loop
        async with self._http.get(self._url, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.read()

    async def close(self) -> None:
        """Close the connections to the Hub."""
        if self._http is not None:
            await self._http.close()


def _open_session(url: str) -> aiohttp.ClientSession:
    """Return kept connections to the Hub, past any proxy, as `direct_async_client` of `exchange.client` gives them.

    Every member of a class is asked about in the minute before a deadline, and httpx takes 1.2 ms of processor time
    for such a question, aiohttp 0.1.
    """
    connector = aiohttp.TCPConnector(
        limit=MOST_QUESTIONS, resolver=aiohttp.ThreadedResolver(), ssl=certificates_for(url) or True
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


def _hub_is_silent(value: str) -> Refused:
    return Refused("the Hub did not confirm who you are", value, "try again in a moment", 503)


def token_in(headers: Mapping[str, str]) -> str:
    """Return the token that a request carries; raise Refused 401 if it has none."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not token.strip().isascii() or not token.strip():
        remedy = "send a token that the Hub made for you: log in, or make one on its token page"
        rule = "the header 'Authorization: token ...' is missing or malformed"
        raise Refused(rule, scheme[:20] or "none", remedy, 401)
    return token.strip()


def actor_in(headers: Mapping[str, str]) -> str:
    """Return for whom a service says that it acts: this is recorded and gives no rights. Older names are understood."""
    return next((headers[name] for name in ACTOR_HEADERS if headers.get(name)), "")


def door_scopes(service: str, environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Return the scopes that give access to a service: those that the Hub names, or those of its usual name."""
    given = environ.get("JUPYTERHUB_OAUTH_ACCESS_SCOPES")
    return frozenset(json.loads(given) if given else ("access:services", f"access:services!service={service}"))
