"""The front proxy tells the Hub how a browser connected, ignores forged headers, and is not blocked by slow answers."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI, Request

from hub_config.run.front import FORWARDED
from hub_config.run.programs import answers
from hub_config.run.serve import wait_for_routes
from hub_config.run.supervisor import Program, Supervisor
from hub_config.settings import CHECKOUT, load_settings
from tests.e2e.hub import free_port
from tests.harness.mortal import mortal
from tests.harness.plain import PLAIN
from tests.semester.campus import Server, wait_for

pytestmark = pytest.mark.service
SLOW = 30  # the unmodified proxy handles ten at a time
SPOOFED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3", "X-Scheme": "https", "X-Forwarded-Host": "evil"}


@pytest.fixture(scope="module")
def slow():
    """An event: slow requests wait until it is set."""
    return threading.Event()


@pytest.fixture(scope="module")
def hub(slow: threading.Event):
    """A server behind the front proxy that reports what arrives."""
    app, arrived = FastAPI(), threading.Semaphore(0)

    @app.get("/told")
    def told(request: Request) -> dict[str, list[str]]:
        return {name: request.headers.getlist(name) for name in (*FORWARDED, "Host")}

    @app.get("/user/{name}/path")
    def path(request: Request) -> str:
        return request.scope["raw_path"].decode()

    @app.get("/slow")
    async def wait_until_set() -> str:
        arrived.release()
        await asyncio.to_thread(slow.wait, 60)
        return "done"

    server = Server(app, free_port())
    server.start()
    yield f"http://127.0.0.1:{server._server.config.port}", arrived
    slow.set()
    server.stop()


@contextmanager
def front(target: str, *more: str, port: int = 0, api: int = 0) -> Iterator[str]:
    port, api = port or free_port(), api or free_port()
    words = ["--ip", "127.0.0.1", "--port", str(port), "--api-port", str(api)]
    words += ["--default-target", target, "--error-target", f"{target}/hub/error", *more]
    own = {**os.environ, "CONFIGPROXY_AUTH_TOKEN": "secret"}
    process = subprocess.Popen(mortal([sys.executable, "-m", "hub_config.run.front", *words]), cwd=CHECKOUT, env=own)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/_chp_healthz") or process.poll() is not None, "the door")
        assert httpx.get(f"http://127.0.0.1:{api}/api/routes", **PLAIN).status_code == 403
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("name", ["ada", "jane.doe@example.org", "zoe~edbqsvhlxbnzjmvq", "m.-j.dupont", "0012345"])
def test_a_server_is_asked_at_the_very_name_of_its_owner(hub, name):
    """The name arrives unchanged: a single-user server answers 404 at another spelling of its own address."""
    with front(hub[0]) as door:
        told = httpx.get(f"{door}/user/{name}/path?next=a%40b", **PLAIN)
    assert told.json().split("?")[0] == f"/user/{name}/path"


@pytest.mark.security
def test_what_a_browser_says_of_itself_is_not_believed(hub):
    with front(hub[0]) as url:
        host = url.removeprefix("http://")
        told = httpx.get(f"{url}/told", headers=SPOOFED, **PLAIN).json()
    assert told == {
        "Forwarded": [],
        "X-Scheme": [],
        "X-Forwarded-For": ["127.0.0.1"],
        "X-Forwarded-Proto": ["http"],
        "X-Forwarded-Port": [host.partition(":")[2]],
        "X-Forwarded-Host": [host],
        "Host": [host],
    }


def test_a_reverse_proxy_in_front_is_believed(hub):
    with front(hub[0], "--behind-proxy") as url:
        told = httpx.get(f"{url}/told", headers=SPOOFED | {"Host": "hub.example.org"}, **PLAIN).json()
    assert {name: told[name] for name in SPOOFED} == {name: [value] for name, value in SPOOFED.items()}
    assert told["Host"] == ["hub.example.org"]


def test_each_host_has_routes_of_its_own_and_the_hub_has_the_rest(hub):
    port, api = free_port(), free_port()
    with front(hub[0], "--host-routing", port=port, api=api) as url, other_target() as ada:
        headers = {"Authorization": "token secret"}
        route = f"http://127.0.0.1:{api}/api/routes/ada.hub.localhost/user/ada"
        assert httpx.post(route, json={"target": ada}, headers=headers, **PLAIN).status_code == 201
        for host, path, who in [
            ("ada.hub.localhost", "/user/ada/told", "ada"),
            ("ADA.hub.localhost", "/user/ada/told", "ada"),
            ("ada.hub.localhost", "/told", "the hub"),
            ("hub.localhost", "/told", "the hub"),
        ]:
            answer = httpx.get(url + path, headers={"Host": f"{host}:{port}"}, **PLAIN)
            assert (answer.status_code, answer.json().get("who", "the hub")) == (200, who), (host, path)
        for host in ("hub.localhost", "ben.hub.localhost"):
            assert httpx.get(f"{url}/user/ada/told", headers={"Host": f"{host}:{port}"}, **PLAIN).status_code == 404


@pytest.mark.parametrize("name", ["", "hub.localhost"], ids=["one host", "a host for each server"])
def test_a_start_is_not_ready_before_the_door_leads_to_each_service(hub, tmp_path, name: str):
    """The Hub answers before the proxy has its routes; until then services' pages do not exist."""
    port, api = free_port(), free_port()
    own = {"HUB_VAR": str(tmp_path), "HUB_PORT": str(port), "HUB_SEMESTER": str(tmp_path / "semester.yaml")}
    (tmp_path / "semester.yaml").write_text("course: tiny-2026\n")
    settings = load_settings(own | ({"HUB_SUBDOMAIN_HOST": f"http://{name}:{port}"} if name else {}))
    supervisor = Supervisor("nobody", CHECKOUT, print)
    supervisor.programs["proxy"] = Program("proxy", [], {}, tmp_path / "proxy.log", pid=os.getpid())
    host = {"Host": f"{name or '127.0.0.1'}:{port}"}
    with front(hub[0], *["--host-routing"] * bool(name), port=port, api=api) as url, other_target() as home:
        words = {"json": {"target": home}, "headers": {"Authorization": "token secret"}}
        path = "/".join(filter(None, (name, "services/home")))
        route = f"http://127.0.0.1:{api}/api/routes/{path}"
        later = threading.Timer(1.0, httpx.post, [route], words)
        later.start()
        assert httpx.get(f"{url}/services/home/health", headers=host, **PLAIN).status_code == 404
        wait_for_routes(supervisor, settings, ["home"])
        assert httpx.get(f"{url}/services/home/health", headers=host, **PLAIN).json() == {"who": "home"}
        later.join()


@contextmanager
def other_target() -> Iterator[str]:
    """A server that answers in place of ada's server and of a service."""
    app = FastAPI()
    app.get("/user/ada/told")(lambda: {"who": "ada"})
    app.get("/services/home/health")(lambda: {"who": "home"})
    server = Server(app, free_port())
    server.start()
    yield f"http://127.0.0.1:{server._server.config.port}"
    server.stop()


def test_slow_answers_hold_nobody_else_up(hub, slow: threading.Event):
    target, arrived = hub
    with front(target) as url, ThreadPoolExecutor(SLOW) as pool:
        waiting = [pool.submit(httpx.get, f"{url}/slow", timeout=60, **PLAIN) for _ in range(SLOW)]
        try:
            for _ in waiting:
                assert arrived.acquire(timeout=30), "a request did not get through while others waited"
            assert httpx.get(f"{url}/told", timeout=30, **PLAIN).status_code == 200
        finally:
            slow.set()
        assert [answer.result().json() for answer in waiting] == ["done"] * SLOW
