"""Access tokens of a platform: requested with a signed JWT, kept until shortly before they expire."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import jwt

from tito.campus.platform.addresses import check_address
from tito.campus.platform.errors import PlatformRefused, PlatformSilent
from tito.campus.platform.keys import ALGORITHM, Keys

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
RENEWED_BEFORE_SECONDS = 30  # a token that expires on the way is useless
SHORTEST_SECONDS = 60  # the lifetime assumed if a platform gives none


@dataclass(frozen=True)
class Registration:
    """What the platform calls this Hub, and where it issues tokens."""

    issuer: str
    client_id: str
    token_url: str


class Tokens:
    """The tokens of one registration, by scope; lost with the process, and then requested again."""

    def __init__(self, registration: Registration, keys: Keys, now: Callable[[], float] = time.time) -> None:
        check_address(registration.token_url)
        self._registration, self._keys, self._now = registration, keys, now
        self._known: dict[str, tuple[str, float]] = {}

    def bearer(self, http: httpx.Client, scope: str) -> str:
        """Return a token for `scope`; raise PlatformSilent or PlatformRefused if there is none."""
        token, until = self._known.get(scope, ("", 0.0))
        if until <= self._now():
            token, seconds = self._ask(http, scope)
            self._known[scope] = (token, self._now() + max(0.0, seconds - RENEWED_BEFORE_SECONDS))
        return token

    def forget(self, scope: str) -> None:
        """Ask for a new one next time: the platform no longer accepts this one."""
        self._known.pop(scope, None)

    def _ask(self, http: httpx.Client, scope: str) -> tuple[str, float]:
        url = self._registration.token_url
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "scope": scope}
        try:
            answer = http.post(url, data={**form, "client_assertion": self._assertion()})
        except httpx.HTTPError as error:
            raise PlatformSilent(f"the platform's token endpoint {url} does not answer ({error})") from error
        if answer.status_code == 429 or answer.is_server_error:
            raise PlatformSilent(f"the platform's token endpoint {url} answered {answer.status_code}")
        return _read(answer, url)

    def _assertion(self) -> str:
        now, own = int(self._now()), self._registration
        claims = {"iss": own.client_id, "sub": own.client_id, "aud": own.token_url, "jti": uuid.uuid4().hex}
        kid, key = self._keys.signing()
        times = {"iat": now, "exp": now + ASSERTION_SECONDS}
        return jwt.encode(claims | times, key, algorithm=ALGORITHM, headers={"kid": kid})


def _read(answer: httpx.Response, url: str) -> tuple[str, float]:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if answer.is_success and isinstance(said, dict) and isinstance(token := said.get("access_token"), str):
        seconds = said.get("expires_in", SHORTEST_SECONDS)
        return token, float(seconds) if isinstance(seconds, int | float) else SHORTEST_SECONDS
    why = said.get("error_description") or said.get("error") if isinstance(said, dict) else "no JSON"
    raise PlatformRefused(
        f"the platform's token endpoint {url} issued no token: {answer.status_code} {str(why)[:200]}. Check there that "
        "the client id is this Hub's, that the key set's address is this Hub's, and that the services are allowed",
        answer.status_code,
    )
