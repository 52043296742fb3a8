"""https in a browser: with the Hub's own certificates, and behind nginx with the configuration from docker/."""

import json
import os
import ssl
import subprocess
import sys
import time

import httpx
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from hub_config.run.programs import answers
from hub_config.run.serve import welcome
from hub_config.secret_files import read_passwords
from hub_config.settings import CHECKOUT
from tests.e2e.hub import free_port
from tests.e2e.names import server_origin
from tests.sign_in.certificate import new_key, write_certificate, write_key
from tests.sign_in.door import Door, person, send
from tests.sign_in.secure import HOME, log_in, start_server

pytestmark = pytest.mark.live


@pytest.fixture
def ada(door: Door, trust: ssl.SSLContext):
    with person(door.url, verify=trust) as ada:
        yield ada


def test_login_and_every_redirect_stay_on_https(door: Door, ada: httpx.Client):
    first = ada.get("/")
    assert first.url.path == "/hub/login"
    page = log_in(ada, door, "ada")
    assert (page.status_code, page.url.path) == (200, HOME)
    for answer in (*first.history, *page.history):
        assert not answer.headers["location"].startswith("http://"), answer.headers["location"]


def test_cookies_go_over_https_only(door: Door, ada: httpx.Client):
    log_in(ada, door, "ada")
    start_server(ada, door, "ada")
    kept = list(ada.cookies.jar)
    logins = {f"__Host-{name}" for name in ("jupyterhub-hub-login", "jupyterhub-user-ada", "home-session")}
    assert {"_xsrf", "jupyterhub-session-id"} | logins <= {cookie.name for cookie in kept}
    assert [(cookie.name, cookie.path) for cookie in kept if not cookie.secure] == []
    # Only the session's id is also sent to other people's servers, and it grants no access.
    assert {cookie.name for cookie in kept if cookie.domain_specified} == {"jupyterhub-session-id"}


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


@pytest.mark.security
def test_nobody_logs_in_at_a_servers_address(door: Door, trust: ssl.SSLContext):
    """The Hub answers there if the server does not; a login cookie set there would be sent to the server's pages."""
    with person(server_origin(door.url, "ben"), verify=trust) as ada:
        page = ada.get("/hub/login")
        refused = send(ada, page, username="ada", password=read_passwords(door.settings.secrets)["ada"])
        assert (refused.status_code, "You can log in only at hub.localhost" in refused.text) == (403, True)
        assert [cookie.name for cookie in ada.cookies.jar if "login" in cookie.name] == []


def test_the_formgrader_lets_an_instructor_in_and_a_student_not(door: Door, trust: ssl.SSLContext, ada: httpx.Client):
    log_in(ada, door, "ada")
    assert ada.get("/services/formgrader/").status_code == 403
    with person(door.url, verify=trust) as ida:
        log_in(ida, door, "ida")
        page = ida.get("/services/formgrader/")
        assert page.url.path.startswith("/services/formgrader/")
        assert page.status_code == 200
        # JupyterLab's Course List expects the formgrader at the address of its own server.
        led = ida.get(f"{server_origin(door.url, 'ida')}/services/{door.settings.course}/lab?formgrader=true")
        assert str(led.url).startswith(f"{door.url}/services/formgrader/")


async def test_a_web_socket_reaches_a_kernel_and_another_sites_does_not(door: Door, trust, ada: httpx.Client):
    log_in(ada, door, "ada")
    base = start_server(ada, door, "ada")
    xsrf = {"X-XSRFToken": ada.cookies.get("_xsrf", path="/user/ada/")}
    kernel = ada.post(f"{base}/api/kernels", json={"name": "python3"}, headers=xsrf)
    assert kernel.status_code == 201, kernel.text
    address = f"{base}/api/kernels/{kernel.json()['id']}/channels"
    assert await runs(address, headers(ada, base), trust) == "42\n"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    for evil in ("https://evil.example", server_origin(door.url, "ben"), door.url):
        assert ada.get(address, headers=upgrade | {"Origin": evil}).status_code == 403


def headers(client: httpx.Client, address: str) -> dict[str, str]:
    """Return the headers that a browser sends with a web socket from a page of this server."""
    origin, host = address.partition("/user/")[0], httpx.URL(address).host
    kept = [cookie for cookie in client.cookies.jar if host == cookie.domain or cookie.domain in f".{host}"]
    return {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in kept), "Origin": origin}


async def runs(address: str, own: dict[str, str], trust: ssl.SSLContext) -> str:
    """Run one line in a kernel over a web socket; return what it prints."""
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
    """Close a web socket, and wait until the other side has closed it too."""
    socket.close()
    while await socket.read_message() is not None:
        pass


def test_the_supervisor_waits_for_https_and_tells_the_address(door: Door):
    assert door.said == []  # no program died or was too slow
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
    assert "expired on" in done.stderr
    assert "Traceback" not in done.stderr
    assert "==>" not in done.stdout
