"""A platform registers this Hub at the operator's address, the operator confirms it, and people log in from there."""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi import FastAPI, Request
from tito.campus.platform.walls import Walls
from tito.campus.registering import Registering, tool_of

from hub_config.run.learning_platform import platform as platform_command
from hub_config.run.serve import wait
from hub_config.sign_in.platform_course import CAMPUS_FOLDER
from tests.harness.supervised import only_these
from tests.semester.campus import Server
from tests.sign_in.certificate import write_pair
from tests.sign_in.door import Door, person, running_door, send, words
from tests.sign_in.platform import CLIENT_ID, Platform

pytestmark = pytest.mark.live
BEGIN = "/hub/lti13/oauth_login"


@dataclass
class RegisteringPlatform(Platform):
    """A platform over https on this machine; it registers tools by their address."""

    registered: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def application(self) -> FastAPI:
        app = super().application()
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        ends["registration_endpoint"] = "register"

        @app.get("/openid-configuration")
        def configuration() -> dict[str, str]:
            return {"issuer": self.url, **{name: f"{self.url}/{end}" for name, end in ends.items()}}

        @app.post("/register")
        async def register(request: Request) -> dict[str, Any]:
            self.registered.append(await request.json())
            return {**self.registered[-1], "client_id": CLIENT_ID}

        return app


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return write_pair(tmp_path / "tls")


@pytest.fixture
def platform(certificate: tuple[Path, Path]) -> Iterator[RegisteringPlatform]:
    platform = RegisteringPlatform()
    key, cert = map(str, certificate)
    server = Server(platform.application(), platform.port, ssl_keyfile=key, ssl_certfile=cert)
    server.start()
    yield platform
    server.stop()


@pytest.fixture
def door(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Door]:
    """A Hub over https that names no platform, on a machine that trusts this one's certificate."""
    key, cert = map(str, certificate)
    trusts = f"import os; os.environ['SSL_CERT_FILE'] = {cert!r}"
    # Without the campus service, which needs all others and would refuse this machine's address: the test registers.
    without = "[exchange, grading, semester, formgrader, idle-culler, campus]"
    with running_door(tmp_path, "lti13", trusts, HUB_TLS_KEY=key, HUB_TLS_CERT=cert, HUB_WITHOUT=without) as door:
        yield door


def operator(door: Door, *words: str) -> str:
    """Run `python -m hub_config platform` on the Hub's machine."""
    own = {"HUB_VAR": str(door.settings.var), "HUB_AUTHENTICATOR": "lti13", "HUB_URL": door.url}
    with only_these(own):
        done = CliRunner().invoke(platform_command, [*words], standalone_mode=False, catch_exceptions=False)
    return done.output


def invite(door: Door) -> str:
    """Return the one-time address that the operator's command prints."""
    return operator(door, "--invite", "--hours", "1").split()[-1]


def registering(door: Door, trust: ssl.SSLContext) -> Registering:
    """Return what handles requests to that address; its walls treat this machine's address as public."""
    walls = Walls(may_ask=lambda address: True, certificates=trust)
    return Registering(door.settings.var / CAMPUS_FOLDER, tool_of(f"{door.url}/services/home/"), walls)


def restart_hub(door: Door) -> None:
    door.stop("hub")
    wait(door.supervisor, "hub", f"{door.settings.hub_api_url}/")


def test_from_the_invitation_to_the_first_login(door: Door, platform: RegisteringPlatform, certificate):
    trust = ssl.create_default_context(cafile=str(certificate[1]))
    platform.tool = door.url
    configuration = f"{platform.url}/openid-configuration"
    with person(door.url, verify=trust) as ada:
        assert "waiting for its learning platform" in words(ada.get("/hub/login"))

        token = invite(door).rpartition("/")[2]
        facts = asyncio.run(registering(door, trust).register(token, configuration, ""))
        (sent,) = platform.registered
        assert (facts["client_id"], sent["initiate_login_uri"]) == (CLIENT_ID, f"{door.url}{BEGIN}")

        assert "Is this your platform?" in operator(door)
        restart_hub(door)
        early = ada.post(BEGIN, data=platform.launch("ada"))
        assert "waiting for its learning platform" in words(early), "not before the operator's yes"
        assert "Confirmed." in operator(door, "--yes")
        restart_hub(door)
        assert "In force." in operator(door)
        page = send(ada, ada.post(BEGIN, data=platform.launch("ada")))
        assert (page.status_code, "You are ada" in words(page)) == (200, True)
