"""A platform registers this Hub by the operator's one-time address; nothing behind the Hub's walls is ever asked."""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tito.campus.platform.keys import Keys
from tito.campus.platform.registration import TOOL
from tito.campus.platform.walls import is_public, resolve
from tito.campus.registering import INVITATIONS, REGISTERED, NotInvited, Registering, tool_of
from tito.campus.service.app import create_waiting_app
from tito.errors import TitoError

from hub_config.sign_in.tool_form import tool_form
from tests.campus.registrar import NAME, OTHER, Registrar

pytestmark = pytest.mark.service
HOME = "https://hub.example.org/base/services/home/"
TOKEN = "a-token-that-the-operator-made-0001"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registrar]:
    registrar = Registrar(tmp_path_factory.mktemp("registrar"))
    server = registrar.start()
    yield registrar
    server.stop()


@pytest.fixture
def registrar(started: Registrar) -> Registrar:
    vars(started).update(vars(Registrar(started.folder, started.port)))
    return started


@pytest.fixture
def registering(registrar: Registrar, tmp_path: Path) -> Registering:
    return Registering(tmp_path, tool_of(HOME), registrar.walls())


@pytest.fixture
def app(registering: Registering, keys: Keys) -> FastAPI:
    return create_waiting_app(keys, registering, "/base/services/campus/")


def invite(folder: Path, token: str = TOKEN, seconds: float = 60) -> None:
    file = folder / INVITATIONS / f"{hashlib.sha256(token.encode()).hexdigest()}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"until": time.time() + seconds}))


def come(app: FastAPI, token: str = TOKEN, **query: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://hub.example.org") as client:
            return await client.get(f"/base/services/campus/register/{token}", params=query)

    return asyncio.run(ask())


def register(registering: Registering, url: str, token: str = TOKEN) -> dict[str, str]:
    return asyncio.run(registering.register(token, url, "the-platforms-token"))


def test_a_platform_learns_what_this_hub_is_and_the_hub_what_it_is_called_there(app, registering, registrar):
    invite(registering.folder)
    page = come(app, openid_configuration=registrar.configuration_url, registration_token="the-platforms-token")
    assert (page.status_code, "This Hub is registered" in page.text) == (200, True)
    (sent,) = registrar.registered
    assert registrar.bearers == ["Bearer the-platforms-token"]
    assert sent["initiate_login_uri"] == "https://hub.example.org/base/hub/lti13/oauth_login"
    assert sent["redirect_uris"] == ["https://hub.example.org/base/hub/lti13/oauth_callback"]
    assert sent["jwks_uri"] == "https://hub.example.org/base/services/campus/keys"
    assert (sent["token_endpoint_auth_method"], len(sent["scope"].split())) == ("private_key_jwt", 4)
    assert [each["type"] for each in sent[TOOL]["messages"]] == ["LtiResourceLinkRequest", "LtiDeepLinkingRequest"]
    assert sent[TOOL]["domain"] == "hub.example.org"
    by_hand = tool_form("https://hub.example.org/base")
    assert sorted(sent["scope"].split()) == sorted(by_hand["Scopes"].split())
    assert [sent["initiate_login_uri"], *sent["redirect_uris"], sent["jwks_uri"]] == [*by_hand.values()][1:4]
    assert json.loads((registering.folder / REGISTERED).read_text()) == {
        "issuer": registrar.url,
        "client_id": "hub-7",
        "authorize_url": f"{registrar.url}/authorize",
        "token_url": f"{registrar.url}/token",
        "jwks_url": f"{registrar.url}/keys",
        "deployment": "",
        "product": "tests",
    }


def test_the_closing_page_speaks_to_the_platform_alone(app, registering, registrar):
    invite(registering.folder)
    page = come(app, openid_configuration=registrar.configuration_url)
    assert 'subject: "org.imsglobal.lti.close" }, "' + registrar.url + '"' in page.text
    policy = page.headers["content-security-policy"]
    assert f"frame-ancestors {registrar.url}" in policy
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce and f'<script nonce="{nonce[1]}">' in page.text
    assert registrar.bearers == [""], "no token of the platform, none sent"


def test_an_address_that_is_only_looked_at_stays_good(app, registering, registrar):
    invite(registering.folder)
    assert come(app).status_code == 400
    assert come(app, openid_configuration=registrar.configuration_url).status_code == 200


@pytest.mark.security
def test_an_address_is_good_once_even_where_two_come_at_once(registering, registrar):
    invite(registering.folder)

    async def all_at_once() -> list[Any]:
        four = (registering.register(TOKEN, registrar.configuration_url, "") for _ in range(4))
        return await asyncio.gather(*four, return_exceptions=True)

    came = asyncio.run(all_at_once())
    assert (sum(isinstance(each, dict) for each in came), len(registrar.registered)) == (1, 1)
    assert sum(isinstance(each, NotInvited) for each in came) == 3
    with pytest.raises(NotInvited, match="platform --invite"):
        register(registering, registrar.configuration_url)


@pytest.mark.security
@pytest.mark.parametrize("token", ["another-token-that-nobody-made-01", "..%2f..%2fregistered", "short", "%00" * 20])
def test_without_the_operators_token_nobody_is_asked_anything(app, registering, registrar, token):
    invite(registering.folder)
    page = come(app, token, openid_configuration=registrar.configuration_url)
    assert page.status_code in (403, 404)
    assert (registrar.resolved, registrar.registered) == ([], [])


@pytest.mark.security
def test_an_address_ends(registering, registrar):
    invite(registering.folder, seconds=-1)
    with pytest.raises(NotInvited, match="has expired"):
        register(registering, registrar.configuration_url)
    assert registrar.resolved == []


def at(host: str, scheme: str = "https") -> Callable[[Registrar], str]:
    return lambda registrar: f"{scheme}://{host}:{registrar.port}/openid-configuration"


def named(*addresses: str) -> Callable[[Registrar], str]:
    """Come with a name that leads to these addresses."""

    def come_with(registrar: Registrar) -> str:
        registrar.names["inside.example.org"] = list(addresses)
        return at("inside.example.org")(registrar)

    return come_with


def saying(**parts: Any) -> Callable[[Registrar], str]:
    def come_with(registrar: Registrar) -> str:
        registrar.says = parts
        return registrar.configuration_url

    return come_with


def doing(what: str) -> Callable[[Registrar], str]:
    def come_with(registrar: Registrar) -> str:
        registrar.does = what
        return registrar.configuration_url

    return come_with


def answering(**parts: Any) -> Callable[[Registrar], str]:
    def come_with(registrar: Registrar) -> str:
        registrar.answers = parts
        return registrar.configuration_url

    return come_with


METADATA = "http://169.254.169.254/latest/meta-data"
ATTACKS: dict[str, tuple[Callable[[Registrar], str], str]] = {
    "without https": (at(NAME, "http"), "must be https"),
    "a file": (lambda _: "file:///etc/passwd", "must be https"),
    "a user's name in the address": (at(f"hub@{NAME}"), "must be https"),
    "this machine": (named("127.0.0.1"), "only public"),
    "this machine, by version 6": (named("::1"), "only public"),
    "this network": (named("10.1.2.3"), "only public"),
    "a carrier's network": (named("100.64.0.1"), "only public"),
    "a cloud's metadata": (named("169.254.169.254"), "only public"),
    "a cloud's metadata, by version 6": (named("fd00:ec2::254"), "only public"),
    "an address inside another": (named("::ffff:127.0.0.1"), "only public"),
    "a translated address": (named("64:ff9b::7f00:1"), "only public"),
    "one address of two": (named("93.184.216.34", "192.168.0.1"), "only public"),
    "a redirect to a cloud's metadata": (doing(METADATA), "is not followed"),
    "a redirect to another platform": (doing(f"https://{OTHER}/"), "is not followed"),
    "another's certificate": (at(OTHER), "does not answer"),
    "another's issuer": (saying(issuer="https://canvas.instructure.com"), "must be on the same host"),
    "an issuer with a longer name": (saying(issuer=f"https://{NAME}.evil.example"), "must be on the same host"),
    "an issuer that is no address": (saying(issuer="https://["), "must be on the same host"),
    "an issuer that is a script": (
        saying(issuer=f"https://{NAME};script-src *"),
        "is not a valid address for an issuer",
    ),
    "registering behind the wall": (saying(registration_endpoint="https://10.0.0.1/register"), "only public"),
    "keys behind the wall": (saying(jwks_uri="https://127.0.0.1:8081/hub/api"), "only public"),
    "tokens without https": (saying(token_endpoint=f"http://{NAME}/token"), "must have an https address as"),
    "an endpoint that is no text": (saying(authorization_endpoint=["https://x"]), "must have an https address as"),
    "no end of an answer": (doing("large"), "more than"),
    "an answer in drips": (doing("slow"), "has not answered within"),
    "a packed answer": (doing("packed"), "answers with compressed content"),
    "a page": (doing("html"), "does not answer with JSON"),
    "no client id": (answering(client_id=""), "returned no client id"),
    "a client id that is no text": (answering(client_id={"$ne": ""}), "returned no client id"),
}


@pytest.mark.security
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_platform_in_the_open_is_refused_and_nothing_is_kept(registrar, tmp_path, attack):
    url, why = ATTACKS[attack]
    invite(tmp_path)
    registering = Registering(tmp_path, tool_of(HOME), registrar.walls(seconds=1.0 if "drips" in attack else 15.0))
    with pytest.raises(TitoError, match=why):
        register(registering, url(registrar))
    assert not (tmp_path / REGISTERED).exists()
    assert bool(registrar.registered) == ("client id" in attack)
    with pytest.raises(NotInvited):
        register(registering, registrar.configuration_url)


@pytest.mark.security
def test_a_name_that_leads_elsewhere_a_moment_later_gains_nothing(registering, registrar):
    """Each request resolves once and connects to what it looked at; the next one looks again."""
    invite(registering.folder)
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        registrar.resolved.append(host)
        return next(answers)

    walls = type(registering.walls)(rebinding, registering.walls.may_ask, registering.walls.certificates)
    with pytest.raises(TitoError, match=r"leads to 10\.0\.0\.1"):
        register(Registering(registering.folder, registering.tool, walls), registrar.configuration_url)
    assert (registrar.resolved, registrar.registered) == ([NAME, NAME], [])


@pytest.mark.security
@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0", "localhost"])
def test_no_spelling_of_this_machine_is_public(host):
    assert not any(map(is_public, asyncio.run(resolve(host, 443))))


@pytest.mark.security
@pytest.mark.parametrize(
    "address", ["::ffff:10.0.0.1", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "fe80::1%lo"]
)
def test_no_address_that_a_gateway_reads_as_another_is_public(address):
    assert not is_public(address)


@pytest.mark.security
def test_what_a_platform_says_is_shown_as_text(app, registering, registrar):
    invite(registering.folder)
    registrar.does = "refuses"
    page = come(app, openid_configuration=registrar.configuration_url)
    assert (page.status_code, "<script>alert" in page.text, "&lt;script&gt;" in page.text) == (403, False, True)


def test_before_a_platform_is_known_its_keys_are_published_and_nothing_else_is_there(app):
    async def ask(path: str) -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://hub.example.org") as client:
            return (await client.get(f"/base/services/campus/{path}")).status_code

    assert [asyncio.run(ask(path)) for path in ("keys", "health", "api/v1/status")] == [200, 200, 404]
