"""No request to a service of ours goes through a proxy, whatever the environment sets.

First the rule: which modules send HTTP requests, and with which client. Then each of our clients asks a real server
while a real proxy is set in every spelling. The live rooms run with those settings too (see `tests.proxies`).
"""

import ast
import asyncio
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tito.grading.client import ThroughService
from tito.semester.client import SemesterClient
from tito.semester.service.grading_api import Grading
from tito.semester.service.hub_api import Hub
from tornado.httpclient import HTTPClientError, HTTPRequest

from exchange.client.connection import Unreachable
from exchange.client.exchange_client import ExchangeClient
from exchange.hub.identity import HubIdentity, read_caller
from hub_config.home.app import create_app as create_home
from hub_config.home.settings import load_settings as load_home
from hub_config.ports import NAMES
from hub_config.run import programs
from hub_config.settings import load_settings
from hub_config.sign_in.provider_client import ProviderClient, proxy_for
from tests.proxies import NAMES as PROXY_NAMES
from tests.proxies import ODD_NO_PROXY, Proxy, named, recording_proxy
from tests.test_import_law import MODULES, ROOT

TOKEN = "t" * 32
# Other ways to send a request; before one is used, check how it treats proxies.
OTHER_CLIENTS = {"aiohttp", "http.client", "requests", "tornado.websocket", "urllib3", "websocket", "websockets"}
# module: what it may use beyond `httpx.Client(trust_env=False)`, and why
MAY = {
    "hub_config.run.programs": {"urllib.request"},  # its opener has no proxies
    "tinytorch.datasets.fetch": {"urllib.request"},  # data sets are elsewhere: a proxy may be the only way to them
    "hub_config.sign_in.provider_client": {"urllib.request"},  # providers are elsewhere too
    "exchange.hub.identity": {"aiohttp"},  # its session does not read the environment
    "hub_config.spawners.kubernetes": {"aiohttp"},  # a session without proxies, for the cluster's client
    "exchange.client.reading": {"http.client"},  # reads no environment
    "hub_config.server.hub_requests": {"AsyncHTTPClient"},  # tornado's own client, which does not support proxies
    "hub_config.run.front": {"AsyncHTTPClient"},  # configures the simple client, which does not support proxies
}
CLASSES = {"Client", "AsyncClient"}
FUNCTIONS = {"get", "options", "head", "post", "put", "patch", "delete", "request", "stream"}


def offences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Name each place that could send a request through a proxy: line and text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            base = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                names = {base, alias.name, f"{base}.{alias.name}"}
                for bad in names & (OTHER_CLIENTS | {"urllib.request", "AsyncHTTPClient"}):
                    yield node.lineno, bad
                if base == "httpx" and alias.name in CLASSES | FUNCTIONS:
                    yield node.lineno, f"from httpx import {alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("httpx."):
            called = ast.unparse(node.func).removeprefix("httpx.")
            if called in FUNCTIONS or (called in CLASSES and not _is_direct(node)):
                yield node.lineno, f"httpx.{called}"


def _is_direct(call: ast.Call) -> bool:
    return any(word.arg == "trust_env" and ast.unparse(word.value) == "False" for word in call.keywords)


def test_modules_ask_by_clients_that_know_no_proxy():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for name, path in MODULES.items()
        for line, what in offences(ast.parse(path.read_text("utf-8")))
        if what not in MAY.get(name, ())
    ]
    assert found == [], "use exchange.client.direct, or httpx.Client(trust_env=False)"


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "import aiohttp.web as w; from aiohttp import ClientSession",
        "import urllib.request as u",
        "from urllib.request import urlopen",
        "from urllib import request",
        "from tornado.httpclient import AsyncHTTPClient",
        "from tornado.websocket import websocket_connect",
        "import httpx; httpx.get('http://x')",
        "import httpx; httpx.Client()",
        "import httpx; httpx.AsyncClient(trust_env=True)",
        "from httpx import Client",
    ],
)
def test_the_law_sees_each_way_to_ask(source: str):
    assert list(offences(ast.parse(source)))


class Answers(http.server.BaseHTTPRequestHandler):
    """Accepts every request; its answer holds the fields of every service's answer."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(self.headers.get("Authorization", ""))  # type: ignore[attr-defined]
        user = {"name": "ida", "kind": "user", "admin": False, "groups": [], "scopes": ["access:services"]}
        job = {"id": "1", "modules": [], "items": [], "access_token": TOKEN}
        body = json.dumps([] if self.path.endswith(("/groups", "/assignments")) else user | job).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_) -> None:
        """Log nothing."""


@pytest.fixture
def service() -> Iterator[http.server.ThreadingHTTPServer]:
    """A server that answers like our services; while the test runs, the environment sets a proxy in every spelling."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server, recording_proxy() as proxy:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with named(proxy):
            yield server
        server.shutdown()


def by_exchange(url: str, folder: Path) -> None:
    with ExchangeClient(url, TOKEN) as client:
        client.assignments("course")


def by_exchange_over_https(url: str, folder: Path) -> None:
    with (
        ExchangeClient(url.replace("http:", "https:"), TOKEN, patience_seconds=0) as client,
        pytest.raises(Unreachable),
    ):
        client.assignments("course")  # the server has no TLS, so this fails; the proxy must not be asked for a tunnel


def by_semester(url: str, folder: Path) -> None:
    SemesterClient({"SEMESTER_URL": url, "COURSE_TOKEN": TOKEN}).status()


def by_semesters_hub(url: str, folder: Path) -> None:
    with closing(Hub(url, TOKEN)) as hub:
        hub.create_group("student")


def by_semesters_grading(url: str, folder: Path) -> None:
    with closing(Grading(url, TOKEN)) as grading:
        grading.collect_and_autograde("tensor", "ida")


def by_grading_commands(url: str, folder: Path) -> None:
    ThroughService(url, TOKEN).overview()


def by_services_identity(url: str, folder: Path) -> None:
    async def ask() -> None:
        identity = HubIdentity(url, read_caller)
        await identity.caller(TOKEN)
        await identity.close()

    asyncio.run(ask())


def by_home(url: str, folder: Path) -> None:
    own = {"JUPYTERHUB_SERVICE_URL": url, "JUPYTERHUB_API_URL": url, "JUPYTERHUB_CLIENT_ID": "service-home"}
    app = create_home(load_home(own | {"JUPYTERHUB_API_TOKEN": TOKEN}))

    async def ask() -> None:
        async with app.router.lifespan_context(app):
            assert await app.state.sessions.token_for("code") == TOKEN

    asyncio.run(ask())


def by_the_supervisor(url: str, folder: Path) -> None:
    (folder / "semester.yaml").write_text("course: tiny-2026\n")
    port = int(url.rpartition(":")[2])
    place = {"HUB_VAR": str(folder), "HUB_SEMESTER": str(folder / "semester.yaml")}
    settings = load_settings(place | {"HUB_PORTS": json.dumps(dict.fromkeys(NAMES, port))})
    programs.hub_api(settings, "POST", "proxy", {})
    programs.ask_service("semester", "api/v1/status", settings)
    assert programs.answers(f"{url}/hub/health")


CLIENTS = [function for name, function in list(globals().items()) if name.startswith("by_")]


@pytest.mark.parametrize("ask", CLIENTS, ids=lambda ask: ask.__name__)
def test_a_client_asks_the_service_itself(ask: Callable[[str, Path], None], service, tmp_path: Path):
    ask(f"http://127.0.0.1:{service.server_address[1]}", tmp_path)
    assert service.asked or "https" in ask.__name__, "nothing arrived at the service"


def test_a_provider_is_asked_through_the_proxy():
    """If the provider cannot be reached, the client reports error 599, however the proxy reacts."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server, Proxy(passes_on=True) as proxy:
        server.asked = []  # type: ignore[attr-defined]
        for each in (server, proxy):
            threading.Thread(target=each.serve_forever, args=(0.02,), daemon=True).start()
        request = HTTPRequest(f"http://127.0.0.1:{server.server_address[1]}/token", "POST", {"Accept": "x"}, "code=1")
        with named(proxy):
            answer = asyncio.run(ProviderClient().fetch(request))
            with pytest.raises(HTTPClientError, match="599"):
                asyncio.run(ProviderClient().fetch(HTTPRequest("http://127.0.0.1:1/token")))
        proxy.shutdown()
        server.shutdown()
    assert json.loads(answer.body)["access_token"] == TOKEN
    assert [asked.split(" HTTP")[0] for asked in proxy.seen] == [f"POST {request.url}", "GET http://127.0.0.1:1/token"]
    assert proxy.seen[0].endswith("\r\n\r\ncode=1")


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "proxy.example.org:3128"}, "http://proxy.example.org:3128"),
        ({"all_proxy": "http://p:1", "http_proxy": "http://q:2"}, "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "example.com, login.example.org"}, None),
        ({"https_proxy": "http://p:1", "NO_PROXY": ODD_NO_PROXY.replace("example.org", "")}, "http://p:1"),
    ],
)
def test_which_proxy_a_provider_is_asked_through(monkeypatch, environ, proxy):
    for name in PROXY_NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert proxy_for("https://login.example.org/token") == proxy
