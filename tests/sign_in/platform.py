"""A learning platform that launches the Hub with LTI 1.3: it starts the login, signs with RS256, publishes its keys."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from tests.e2e.hub import free_port
from tests.semester.campus import Server

CLIENT_ID, DEPLOYMENT = "the-hub-at-the-platform", "1"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Platform:
    """One platform; the launch's `login_hint` says who is logged in there."""

    port: int = field(default_factory=free_port)
    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    tool: str = ""
    asked: list[dict] = field(default_factory=list)  # the Hub's requests to the authorize endpoint
    altered: dict[str, Any] = field(default_factory=dict)  # claims that are changed in the next tokens
    server: Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def launch(self, person: str, **more: str) -> dict[str, str]:
        """Return the form with which the platform's link starts a launch."""
        begin = {"iss": self.url, "login_hint": person, "target_link_uri": f"{self.tool}/services/home/"}
        return begin | {"lti_message_hint": "link-7", "client_id": CLIENT_ID} | more

    def token(self, person: str, nonce: str, key: rsa.RSAPrivateKey | None = None, **altered: Any) -> str:
        """Return a signed launch; `altered` claims replace the usual ones, and None leaves a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": f"platform-id-of-{person}",
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            "email": f"{person}@example.org",
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}deployment_id": DEPLOYMENT,
            f"{CLAIM}target_link_uri": f"{self.tool}/services/home/",
            f"{CLAIM}resource_link": {"id": "link-7"},
            f"{CLAIM}roles": [f"{ROLE}Learner"],
            f"{CLAIM}custom": {"login": person},
        }
        claims = {name: value for name, value in (claims | altered).items() if value is not None}
        return jwt.encode(claims, key or self.key, algorithm="RS256", headers={"kid": "platform-key"})

    def message(self, hint: str, person: str) -> dict[str, Any] | None:
        """Return the claims of the message that a launch's hint names, or None for a hint of another platform."""
        return {} if hint == "link-7" else None

    def keys(self) -> dict[str, list]:
        """Return the public keys as a JSON Web Key Set."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": "platform-key", "use": "sig", "alg": "RS256"}]}

    def button(self, launch: dict[str, str]) -> HTMLResponse:
        """Return a page with the button that starts a launch."""
        hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in launch.items())
        return HTMLResponse(
            f'<form action="{self.tool}/hub/lti13/oauth_login" method="post">{hidden}'
            "<button>Open TinyTorch</button></form>"
        )

    def application(self) -> FastAPI:
        """Return the platform's endpoints."""
        app = FastAPI()

        @app.get("/keys")
        def keys():
            return self.keys()

        @app.get("/authorize")
        def authorize(request: Request):
            query = dict(request.query_params)
            self.asked.append(query)
            registered = {
                "client_id": CLIENT_ID,
                "redirect_uri": f"{self.tool}/hub/lti13/oauth_callback",
                "response_type": "id_token",
                "response_mode": "form_post",
                "scope": "openid",
                "prompt": "none",
            }
            message = self.message(query.get("lti_message_hint", ""), query["login_hint"])
            if message is None:
                return HTMLResponse(f"<h1>No such message: {query.get('lti_message_hint')}</h1>", 400)
            if wrong := {name: query.get(name) for name, value in registered.items() if query.get(name) != value}:
                return HTMLResponse(f"<h1>Not as registered: {wrong}</h1>", 400)
            token = self.token(query["login_hint"], query["nonce"], **message, **self.altered)
            return HTMLResponse(
                f'<body onload="document.forms[0].submit()"><form action="{query["redirect_uri"]}" method="post">'
                f'<input type="hidden" name="id_token" value="{token}">'
                f'<input type="hidden" name="state" value="{query["state"]}"></form></body>'
            )

        @app.get("/course/{person}")
        def course(person: str):
            return self.button(self.launch(person))

        @app.get("/framed/{person}")
        def framed(person: str):
            return HTMLResponse(f'<h1>A course of the platform</h1><iframe title="TinyTorch" src="/course/{person}">')

        return app


@contextmanager
def running_platform() -> Iterator[Platform]:
    """Run a platform on loopback."""
    platform = Platform()
    platform.server = Server(platform.application(), platform.port)
    platform.server.start()
    try:
        yield platform
    finally:
        platform.server.stop()
