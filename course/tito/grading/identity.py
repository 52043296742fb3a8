"""Who is calling, and what she may: the Hub answers, from the token that came with the request, and nothing else
counts.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from fastapi import HTTPException, Request

from exchange.client.direct import direct_client

READ, GRADE, RUN = "custom:grading:read", "custom:grading:grade", "custom:grading:run"
ACCESS = ("access:services", "access:services!service=grading")
# A right that was taken away counts within this time; without any cache a polling page would ask the Hub twice a
# second.
CACHE_SECONDS = 20.0
MAX_CACHED = 5000


@dataclass(frozen=True)
class Person:
    name: str
    kind: str  # user or service
    scopes: frozenset[str]

    def has(self, scope: str) -> bool:
        return scope in self.scopes


class HubIdentity:
    """Asks the Hub for the owner of a token."""

    def __init__(self, api_url: str, access: tuple[str, ...] = ()):
        self.api_url = api_url.rstrip("/")
        self.access = access or access_scopes()
        self._known: dict[str, tuple[float, Person]] = {}
        self._lock = threading.Lock()
        self._client = direct_client(api_url, timeout=10)

    def person(self, token: str) -> Person:
        """Return the token's owner; raise HTTPException 401, 403 or 503."""
        with self._lock:
            until, person = self._known.get(token, (0.0, None))
        if person is None or until < time.monotonic():
            person = self._ask(token)
            self._remember(token, person)
        if not person.scopes.intersection(self.access):
            raise HTTPException(
                403, f"{person.name} may not use the grading service: the Hub has not given {self.access[-1]}"
            )
        return person

    def _ask(self, token: str) -> Person:
        try:
            answer = self._client.get(f"{self.api_url}/user", headers={"Authorization": f"token {token}"})
        except httpx.HTTPError as error:
            raise HTTPException(
                503, f"the Hub does not answer ({type(error).__name__}): try again in a moment"
            ) from error
        if answer.status_code in (401, 403, 404):
            raise HTTPException(401, "the Hub does not know this token: log in again, or make a new token")
        if answer.status_code != 200:
            raise HTTPException(503, f"the Hub answered {answer.status_code}: try again in a moment")
        model = answer.json()
        return Person(model["name"], model.get("kind", "user"), frozenset(model.get("scopes", ())))

    def _remember(self, token: str, person: Person) -> None:
        with self._lock:
            if len(self._known) >= MAX_CACHED:
                self._known.clear()
            self._known[token] = (time.monotonic() + CACHE_SECONDS, person)


def access_scopes() -> tuple[str, ...]:
    """The scopes that open this service's door, as the Hub says them, or the default for the name `grading`."""
    given = os.environ.get("JUPYTERHUB_OAUTH_ACCESS_SCOPES")
    return tuple(json.loads(given)) if given else ACCESS


def caller(request: Request) -> Person:
    """FastAPI dependency: the person who makes this request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not token.strip():
        raise HTTPException(
            401, "say who you are: send the header `Authorization: token ...` with a token from the Hub"
        )
    return request.app.state.identity.person(token.strip())


def needs(scope: str) -> Callable[[Request], Person]:
    """Return a dependency that lets only holders of a scope in."""

    def check(request: Request) -> Person:
        person = caller(request)
        if not person.has(scope):
            raise HTTPException(403, f"{person.name} has not the right {scope} that this needs: ask an instructor")
        return person

    return check
