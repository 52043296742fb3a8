"""A Hub that restarts while students' servers run: the Hub, its proxy and services are real, the servers are simulated.

A simulated server is a name and an address. One small program answers at the address for all of them, which suffices
as long as the Hub only asks whether a server is up.
"""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jupyterhub
from tito.curriculum import load_curriculum
from tito.semester.service.hub_api import AT_ONCE as HUB_AT_ONCE

from tests.benchmarks.busy import cpu_seconds, descendants
from tests.semester.campus import Campus, running_hub, running_services, wait_for
from tests.semester.conftest import TINY

COURSE, AT_ONCE, PAGE = "tiny-2026", 10, 200
PRETENDING = """
from jupyterhub.spawner import Spawner

class Pretending(Spawner):
    async def start(self):
        return "http://127.0.0.1:{port}"

    async def poll(self):
        return None

    async def stop(self, now=False):
        pass

c.JupyterHub.spawner_class = Pretending
c.JupyterHub.cleanup_servers = False
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.active_server_limit = 0
"""


def restart_seconds(folder: Path, servers: int) -> float:
    """Start this many servers, end the Hub, start it again; return its CPU seconds until it knows all servers again."""
    with running_services(folder, COURSE, lambda: load_curriculum(TINY)) as campus, _answering() as port:
        more = PRETENDING.format(port=port)
        with running_hub(campus, COURSE, more):
            _start(campus, [f"s{number:03d}" for number in range(servers)])
        with running_hub(campus, COURSE, more):
            wait_for(lambda: _ready(campus) == servers, "the Hub to know its servers", pause=0.5)
            return sum(map(cpu_seconds, descendants(os.getpid())))


def _start(campus: Campus, names: list[str]) -> None:
    for at in range(0, len(names), HUB_AT_ONCE):
        campus.hub("POST", "/users", json={"usernames": names[at : at + HUB_AT_ONCE]}, timeout=120)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda name: campus.hub("POST", f"/users/{name}/server", timeout=120), names))
    wait_for(lambda: _ready(campus) == len(names), "all servers", pause=0.5)


def _ready(campus: Campus) -> int:
    """Count the servers that the Hub reports as ready."""
    count, offset = 0, 0
    while True:
        path = f"/users?state=ready&limit={PAGE}&offset={offset}"
        page = campus.hub("GET", path, timeout=60).json()
        count, offset = count + len(page), offset + PAGE
        if len(page) < PAGE:
            return count


@contextmanager
def _answering() -> Iterator[int]:
    """Answer for all servers; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("X-JupyterHub-Version", jupyterhub.__version__)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
