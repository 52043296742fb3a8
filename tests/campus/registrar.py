"""A platform that registers tools by Dynamic Registration, over https under a name of its own; it may lie."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from tito.campus.platform.walls import Walls, is_public

from tests.e2e.hub import free_port
from tests.semester.campus import Server
from tests.sign_in.certificate import write_pair

NAME, OTHER = "lms.example.org", "other.example.org"


@dataclass
class Registrar:
    """`says` replaces parts of its configuration, `does` what it does instead of answering with it."""

    folder: Path
    port: int = field(default_factory=free_port)
    says: dict[str, Any] = field(default_factory=dict)
    does: str = ""
    answers: dict[str, Any] = field(default_factory=lambda: {"client_id": "hub-7"})
    registered: list[dict[str, Any]] = field(default_factory=list)
    bearers: list[str] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)  # what a resolver says of a name, beside the platform's
    resolved: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    @property
    def configuration_url(self) -> str:
        return f"{self.url}/openid-configuration"

    def start(self) -> Server:
        key, cert = write_pair(self.folder, NAME)
        server = Server(self.application(), self.port, ssl_keyfile=str(key), ssl_certfile=str(cert))
        server.start()
        return server

    def walls(self, seconds: float = 15.0) -> Walls:
        """Return a Hub's walls for which the platform's name, and no other, may be on this machine."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "chain.pem"))
        return Walls(self.resolve, self._may_ask, trusted, seconds)

    async def resolve(self, host: str, port: int) -> list[str]:
        self.resolved.append(host)
        return self.names.get(host, ["127.0.0.1"] if host in (NAME, OTHER) else [host])

    def _may_ask(self, address: str) -> bool:
        return is_public(address) or (address == "127.0.0.1" and self.resolved[-1] in (NAME, OTHER))

    def configuration(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        ends["registration_endpoint"] = "register"
        product = {"https://purl.imsglobal.org/spec/lti-platform-configuration": {"product_family_code": "tests"}}
        return {"issuer": self.url, **{name: f"{self.url}/{end}" for name, end in ends.items()}, **product, **self.says}

    def application(self) -> FastAPI:
        app = FastAPI()

        @app.get("/openid-configuration")
        async def openid_configuration() -> Response:
            return self._odd_answer() or JSONResponse(self.configuration())

        @app.post("/register")
        async def register(request: Request) -> JSONResponse:
            self.registered.append(await request.json())
            self.bearers.append(request.headers.get("Authorization", ""))
            return JSONResponse({**self.registered[-1], **self.answers})

        return app

    def _odd_answer(self) -> Response | None:
        if self.does.startswith("http"):
            return RedirectResponse(self.does)
        made = {
            "large": lambda: Response(b" " * 400_000, media_type="application/json"),
            "packed": lambda: Response(b"x", headers={"Content-Encoding": "gzip"}),
            "html": lambda: Response("<h1>Log in</h1>", media_type="text/html"),
            "slow": lambda: StreamingResponse(_drips(), media_type="application/json"),
            "refuses": lambda: Response("<script>alert(1)</script>", 500),
        }
        return made[self.does]() if self.does else None


async def _drips() -> AsyncIterator[bytes]:
    for _ in range(600):
        yield b" "
        await asyncio.sleep(0.05)
