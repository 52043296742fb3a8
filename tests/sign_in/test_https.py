"""https as browsers get it: by given certificates, and by nginx in front with the configuration that docker/ offers."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from hub_config.programs import answers
from hub_config.secret_files import read_passwords
from hub_config.serve import welcome
from hub_config.settings import CHECKOUT
from tests.e2e.hub import free_port
from tests.semester.campus import wait_for
from tests.sign_in.certificate import new_key, write_certificate, write_key, write_pair
from tests.sign_in.door import Door, person, running_door, send

pytestmark = pytest.mark.slow
HOME = "/services/home/"
WITH_FORMGRADER = "[semester, idle-culler]"


@contextmanager
def given_certificate(folder: Path) -> Iterator[tuple[Door, Path]]:
    """A Hub that answers https itself."""
    key, cert = write_pair(folder / "tls")
    own = {"HUB_TLS_KEY": str(key), "HUB_TLS_CERT": str(cert), "HUB_WITHOUT": WITH_FORMGRADER}
    with running_door(folder, "generated-passwords", **own) as door:
        yield door, cert


@contextmanager
def reverse_proxy(folder: Path) -> Iterator[tuple[Door, Path]]:
    """A Hub behind nginx."""
    key, cert = write_pair(folder / "tls")
    plain, secure, hub = free_port(), free_port(), free_port()
    own = {"HUB_PORT": str(hub), "HUB_URL": f"https://127.0.0.1:{secure}", "HUB_WITHOUT": WITH_FORMGRADER}
    ports = {"plain": plain, "secure": secure, "hub": hub}
    with running_door(folder, "generated-passwords", **own) as door, nginx(folder / "nginx", ports, key, cert):
        yield door, cert


@contextmanager
def nginx(folder: Path, ports: dict[str, int], key: Path, cert: Path) -> Iterator[None]:
    """Run nginx with docker/nginx.conf.example, only names, files and ports changed."""
    site = (CHECKOUT / "docker" / "nginx.conf.example").read_text()
    changes = {
        "listen 80;": f"listen 127.0.0.1:{ports['plain']};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{ports['secure']} ssl http2;",
        "hub.example.org": "127.0.0.1",
        "/etc/nginx/tls/chain.pem": str(cert),
        "/etc/nginx/tls/key.pem": str(key),
        "http://127.0.0.1:8000": f"http://127.0.0.1:{ports['hub']}",
    }
    for before, after in changes.items():
        assert before in site, before
        site = site.replace(before, after)
    folder.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    http = ["access_log off;", *(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)]
    whole = [f"daemon off; pid {folder}/pid; error_log {folder}/error.log;", "events {}", "http {", *http, site, "}"]
    (folder / "nginx.conf").write_text("\n".join(whole))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "nginx is missing. Run: apt-get install -y nginx-light"
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"])
    try:
        wait_for(lambda: answers(f"https://127.0.0.1:{ports['secure']}/hub/health") or process.poll(), "nginx", 60)
        redirected = httpx.get(f"http://127.0.0.1:{ports['plain']}/hub/login?next=/x")
        assert (redirected.status_code, redirected.headers["location"]) == (301, "https://127.0.0.1/hub/login?next=/x")
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module", params=[given_certificate, reverse_proxy], ids=lambda made: made.__name__)
def https(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("https")) as made:
        yield made


@pytest.fixture
def door(https) -> Door:
    return https[0]


@pytest.fixture
def trust(https) -> ssl.SSLContext:
    """Trust this certificate and no other."""
    return ssl.create_default_context(cafile=str(https[1]))


@pytest.fixture
def ada(door: Door, trust: ssl.SSLContext):
    with person(door.url, verify=trust) as ada:
        yield ada


def log_in(client: httpx.Client, door: Door, name: str) -> httpx.Response:
    page = client.get(f"/hub/login?next={HOME}")
    return send(client, page, username=name, password=read_passwords(door.settings.secrets)[name])


def test_login_and_every_redirect_stay_on_https(door: Door, ada: httpx.Client):
    first = ada.get("/")
    assert first.url.path == "/hub/login"
    page = log_in(ada, door, "ada")
    assert (page.status_code, page.url.path) == (200, HOME)
    for answer in (*first.history, *page.history):
        assert not answer.headers["location"].startswith("http://"), answer.headers["location"]


def test_cookies_go_over_https_only(door: Door, ada: httpx.Client):
    log_in(ada, door, "ada")
    start_server(ada)
    kept = list(ada.cookies.jar)
    names = {cookie.name for cookie in kept}
    assert {"_xsrf", "jupyterhub-session-id", "jupyterhub-hub-login", "jupyterhub-user-ada", "home-session"} <= names
    assert [(cookie.name, cookie.path) for cookie in kept if not cookie.secure] == []


@pytest.mark.security
def test_a_form_of_another_site_is_refused(door: Door, ada: httpx.Client):
    page = ada.get("/hub/login")
    password = read_passwords(door.settings.secrets)["ada"]
    data = {"username": "ada", "password": password}
    assert ada.post("/hub/login", data=data).status_code == 403
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert ada.post("/hub/login", data=data, headers=evil).status_code == 403
    assert ada.get("/hub/home").url.path == "/hub/login"
    assert page.status_code == 200


def test_the_formgrader_lets_an_instructor_in_and_a_student_not(door: Door, trust: ssl.SSLContext, ada: httpx.Client):
    log_in(ada, door, "ada")
    assert ada.get("/services/formgrader/").status_code == 403
    with person(door.url, verify=trust) as ida:
        log_in(ida, door, "ida")
        page = ida.get("/services/formgrader/")
        assert page.url.path.startswith("/services/formgrader/")
        assert page.status_code == 200


async def test_a_web_socket_reaches_a_kernel_and_another_sites_does_not(door: Door, trust, ada: httpx.Client):
    log_in(ada, door, "ada")
    base = start_server(ada)
    xsrf = {"X-XSRFToken": ada.cookies.get("_xsrf", path="/user/ada/")}
    kernel = ada.post(f"{base}/api/kernels", json={"name": "python3"}, headers=xsrf)
    assert kernel.status_code == 201, kernel.text
    address = f"{door.url}{base}/api/kernels/{kernel.json()['id']}/channels"
    assert await runs(address, headers(ada, door, f"{base}/"), trust) == "42\n"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "https://evil.example"}
    assert ada.get(address, headers=upgrade).status_code == 403


def start_server(ada: httpx.Client) -> str:
    """Start ada's server, wait until her browser is in it, and return its address."""
    ada.get("/hub/spawn")

    def ready() -> bool:
        page = ada.get("/user/ada/lab")
        return page.url.path == "/user/ada/lab" and page.status_code == 200

    wait_for(ready, "ada's server", 120)
    return "/user/ada"


def headers(client: httpx.Client, door: Door, path: str) -> dict[str, str]:
    """Return what a browser sends with a web socket from a page of this Hub."""
    cookies = [f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar if path.startswith(cookie.path)]
    return {"Cookie": "; ".join(cookies), "Origin": door.url}


async def runs(address: str, own: dict[str, str], trust: ssl.SSLContext) -> str:
    """Return what a kernel prints for one line, asked over a web socket."""
    request = HTTPRequest(address.replace("https", "wss", 1), headers=own, ssl_options=trust, request_timeout=60)
    socket = await websocket_connect(request)
    head = {"msg_id": "1", "msg_type": "execute_request", "session": "s", "username": "", "version": "5.3", "date": ""}
    ask = {"header": head, "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": []}
    ask["content"] = {"code": "print(6 * 7)", "silent": False, "store_history": False, "allow_stdin": False}
    await socket.write_message(json.dumps(ask))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = await socket.read_message()
        assert text is not None, "the web socket was closed"
        message = json.loads(text)
        if message["msg_type"] == "stream":
            await closed(socket)
            return message["content"]["text"]
    raise AssertionError("the kernel printed nothing")


async def closed(socket) -> None:
    """Close a web socket, and wait until the other side has too."""
    socket.close()
    while await socket.read_message() is not None:
        pass


def test_the_supervisor_waits_for_https_and_tells_the_address(door: Door):
    assert door.said == []  # nothing died, nothing was too slow
    assert answers(f"{door.settings.front_url}/hub/health")
    assert f"    {door.url}\n" in welcome(door.settings)


def test_serve_refuses_an_expired_certificate_and_starts_nothing(tmp_path):
    own = new_key()
    files = write_key(tmp_path / "key.pem", own), write_certificate(tmp_path / "chain.pem", own, -90, -1)
    variables = {"HUB_VAR": str(tmp_path / "var"), "HUB_PORT": str(free_port())}
    variables |= dict(zip(("HUB_TLS_KEY", "HUB_TLS_CERT"), map(str, files), strict=True))
    line = [sys.executable, "-m", "hub_config", "serve"]
    done = subprocess.run(line, cwd=CHECKOUT, env=os.environ | variables, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "expired at" in done.stderr
    assert "Traceback" not in done.stderr
    assert "==>" not in done.stdout
