"""An OAuth 2 provider: login page, codes with PKCE, tokens, userinfo; as in OpenID Connect, GitHub or Google.

It refuses what a real one refuses: an unknown client or redirect address, a wrong secret, a used code, a verifier that
does not match the challenge. In GitHub's shape it answers refusals with status 200 and an `error`, as GitHub documents.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlencode

from fastapi import FastAPI, Header, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from tests.e2e.hub import free_port
from tests.semester.campus import Server

CLIENT_ID, CLIENT_SECRET, PASSWORD = "our-hub", "the-secret-of-our-hub", "a password at the provider"
PATHS = {
    "oidc": ("/authorize", "/token", "/userinfo"),
    "github": ("/login/oauth/authorize", "/login/oauth/access_token", "/api/v3/user"),
    "google": ("/o/oauth2/v2/auth", "/oauth2/v4/token", "/oauth2/v1/userinfo"),
}


@dataclass
class Provider:
    """One provider; `people` maps an account to its userinfo."""

    shape: str
    people: dict[str, dict]
    port: int = field(default_factory=free_port)
    redirect_uri: str = ""
    asked: list[dict] = field(default_factory=list)  # requests to the authorize endpoint
    codes: dict[str, dict] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    talks_nonsense: bool = False
    server: Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.server = Server(application(self), self.port)
        self.server.start()

    def stop(self) -> None:
        if self.server:
            self.server.stop()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Stop the server for the block, so that connections fail."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Answer token requests with a page instead of a token for the block."""
        self.talks_nonsense = True
        try:
            yield
        finally:
            self.talks_nonsense = False

    def issue_code(self, query: dict) -> str:
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return code

    def refusal(self, form: dict) -> str:
        """Return the error for a token request, or "" if it is correct."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return "invalid_client"
        asked = self.codes.pop(form.get("code", ""), None)
        if form.get("grant_type") != "authorization_code" or asked is None:
            return "invalid_grant"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return "invalid_grant"
        form["account"] = asked["account"]
        return ""


@contextmanager
def running_provider(shape: str, people: dict[str, dict]) -> Iterator[Provider]:
    """Run a provider on loopback."""
    provider = Provider(shape, people)
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


def application(provider: Provider) -> FastAPI:
    """Return the provider's pages and endpoints."""
    app = FastAPI()
    authorize, token, userinfo = PATHS[provider.shape]

    @app.get(authorize)
    def login_page(request: Request):
        query = dict(request.query_params)
        provider.asked.append(query)
        wanted = {"client_id": CLIENT_ID, "response_type": "code", "redirect_uri": provider.redirect_uri}
        if (
            any(query.get(name) != value for name, value in wanted.items())
            or query.get("code_challenge_method") != "S256"
        ):
            return HTMLResponse("<h1>This client is not registered so</h1>", 400)
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items()
        )
        return HTMLResponse(
            f'<h1>Example University</h1><form action="{authorize}" method="post">{hidden}'
            '<input name="account"><input name="password" type="password"><button>Log in</button></form>'
        )

    @app.post(authorize)
    async def log_in(request: Request):
        given = {name: str(value) for name, value in (await request.form()).items()}
        if "declined" in given:
            answer = {"error": "access_denied", "error_description": "The person declined", "state": given["state"]}
        elif given["account"] not in provider.people or given["password"] != PASSWORD:
            return HTMLResponse("<h1>Wrong account or password</h1>", 403)
        else:
            answer = {"code": provider.issue_code(given), "state": given["state"]}
        return RedirectResponse(f"{given['redirect_uri']}?{urlencode(answer)}", 302)

    @app.post(token)
    async def give_token(request: Request):
        given = {name: str(value) for name, value in (await request.form()).items()}
        if provider.talks_nonsense:
            return HTMLResponse("<h1>Back soon</h1>")
        if error := provider.refusal(given):
            status = 200 if provider.shape == "github" else 401 if error == "invalid_client" else 400
            return JSONResponse({"error": error, "error_description": f"{error}: refused"}, status)
        access = secrets.token_urlsafe(16)
        provider.tokens[access] = given["account"]
        return {"access_token": access, "token_type": "Bearer", "scope": "openid profile email", "expires_in": 60}

    @app.get(userinfo)
    def who(authorization: str = Header("")):
        account = provider.tokens.get(authorization.removeprefix("Bearer "))
        return provider.people[account] if account else JSONResponse({"error": "invalid_token"}, 401)

    return app
