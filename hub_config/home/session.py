"""Who is viewing the page: the Hub's OAuth login, kept in an encrypted cookie, so that a restart logs nobody out.

The cookie holds the viewer's Hub token, and only this service can read it. A form carries a token derived from it,
so that another site cannot submit in the viewer's name.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.fernet import Fernet, InvalidToken

from exchange.hub.identity import Caller, HubIdentity, read_caller
from exchange.protocol.models import Refused
from hub_config.home.settings import Settings

COOKIE, STATE_COOKIE = "home-session", "home-state"
STATE_SECONDS = 600
NOTE_SECONDS = 60


@dataclass(frozen=True)
class Viewer:
    """The viewer, as the Hub describes them, and their token."""

    name: str
    scopes: frozenset[str]
    groups: frozenset[str]
    token: str

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    @property
    def grades(self) -> bool:
        return self.may("custom:grading:grade")

    @property
    def manages(self) -> bool:
        return self.may("custom:semester:manage")

    @property
    def is_staff(self) -> bool:
        return self.may("custom:semester:read") or self.grades or self.manages

    @property
    def belongs(self) -> bool:
        """Tell whether the semester gives them any role in the course; otherwise they see nothing of it."""
        return self.is_staff or self.may("access:services!service=exchange")

    def takes(self, course: str) -> bool:
        """Tell whether they see the student page of `course`: its students do, and members without staff rights."""
        return f"nbgrader-{course}" in self.groups or (self.belongs and not self.is_staff)


class HubUnreachable(Exception):
    """The Hub does not answer, so nobody can be recognized."""


class Sessions:
    """Log people in through the Hub and recognize them later."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._settings, self._http = settings, http
        key = hashlib.sha256(b"home session\0" + settings.token.encode()).digest()
        self._key, self._fernet = key, Fernet(base64.urlsafe_b64encode(key))
        self._identity = HubIdentity(settings.hub_api_url, read_caller)

    async def close(self) -> None:
        """Close the connections to the Hub."""
        await self._identity.close()

    def login_url(self, state: str) -> str:
        """Return the Hub's login address; `state` comes back with the answer."""
        query = {
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.callback,
            "response_type": "code",
            "state": state,
        }
        return f"{self._settings.hub_url}api/oauth2/authorize?{urlencode(query)}"

    def new_state(self, then: str) -> tuple[str, str]:
        """Return a random state and the cookie that binds it to this browser and to the page that was wanted."""
        state = secrets.token_urlsafe(24)
        return state, self._seal({"state": state, "then": then})

    def check_state(self, state: str, cookie: str) -> str | None:
        """Return the page that was wanted, None if this browser did not begin this login."""
        content = self._open(cookie, STATE_SECONDS)
        if not content or not hmac.compare_digest(str(content.get("state", "")), state):
            return None
        then = str(content.get("then", ""))
        return then if then.startswith(self._settings.prefix) else self._settings.prefix

    async def token_for(self, code: str) -> str | None:
        """Exchange the Hub's code for a token; None if the Hub refuses."""
        form = {
            "client_id": self._settings.client_id,
            "client_secret": self._settings.token,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.callback,
        }
        answer = await self._ask("POST", "/oauth2/token", data=form)
        return str(answer.json()["access_token"]) if answer.is_success else None

    def cookie_for(self, token: str) -> str:
        return self._seal({"token": token})

    async def caller(self, token: str) -> Caller:
        """Return the owner of a token that came with a request instead of a cookie; raise Refused."""
        return await self._identity.caller(token)

    async def viewer(self, cookie: str) -> Viewer | None:
        """Return whose cookie it is; None if it is nobody's, or the login has ended."""
        content = self._open(cookie, None)
        if not content or "token" not in content:
            return None
        token = str(content["token"])
        try:
            caller = await self._identity.caller(token)
        except Refused as refused:
            if refused.status == 401:
                return None
            raise HubUnreachable(str(refused)) from refused
        return Viewer(caller.name, caller.scopes, caller.groups, token)

    def forget(self, token: str) -> None:
        self._identity.forget(token)

    def form_token(self, viewer: Viewer) -> str:
        """Return the token that each of the viewer's forms must carry."""
        return hmac.new(self._key, b"form\0" + viewer.token.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, viewer: Viewer, given: str) -> bool:
        return hmac.compare_digest(self.form_token(viewer).encode(), given.encode())

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, f"{self._settings.hub_api_url}{path}", **options)
        except httpx.HTTPError as error:
            raise HubUnreachable(str(error)) from error
        if answer.status_code >= 500:
            raise HubUnreachable(f"the Hub answered {answer.status_code}")
        return answer

    def note_for(self, kind: str, text: str) -> str:
        """Return the cookie that carries an action's outcome to the next page."""
        return self._seal({"kind": kind, "note": text})

    def open_note(self, cookie: str) -> dict[str, Any] | None:
        content = self._open(cookie, NOTE_SECONDS)
        return content if content and "note" in content else None

    def _seal(self, content: dict[str, str]) -> str:
        return self._fernet.encrypt(json.dumps(content).encode()).decode()

    def _open(self, cookie: str, lifetime_seconds: int | None) -> dict[str, Any] | None:
        try:
            return json.loads(self._fernet.decrypt(cookie.encode(), ttl=lifetime_seconds))
        except (InvalidToken, ValueError):
            return None
