"""A Hub that recognizes tokens and answers about them as JupyterHub's REST API does, over real HTTP.

It serves the routes that the exchange, nbgrader and a single-user server use: `/hub/api/`, `/hub/api/user` and
`/hub/api/services`.
"""

import json
import secrets
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jupyterhub

from exchange.protocol import scopes


class FakeHub:
    """Start with `with FakeHub() as hub`; make tokens with `student`, `staff`, `service` or `token`."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Any]] = {}
        self.services: dict[str, dict[str, Any]] = {}
        self.asked = 0
        self.silent = False

    def token(self, name: str, kind: str = "user", groups: Iterable[str] = (), scope: Iterable[str] = ()) -> str:
        """Make a token for a person or service with exactly these scopes and groups."""
        token = secrets.token_hex(16)
        self.models[token] = {"kind": kind, "name": name, "groups": sorted(groups), "scopes": sorted(scope)}
        return token

    def student(self, name: str, *courses: str) -> str:
        """Make a token for a student's server."""
        return self.token(name, groups=[scopes.student_group(c) for c in courses], scope=[scopes.ACCESS])

    def kernel(self, name: str, *courses: str) -> str:
        """Make a token for a staff member's own notebook server; it grants no staff verb."""
        return self.token(name, groups=[scopes.staff_group(c) for c in courses], scope=[scopes.ACCESS])

    def staff(
        self, name: str, *courses: str, verbs: Iterable[str] = tuple(scopes.STAFF_SCOPES - {scopes.ADMIN})
    ) -> str:
        """Make a token with staff verbs for a staff member."""
        return self.token(name, groups=[scopes.staff_group(c) for c in courses], scope=[scopes.ACCESS, *verbs])

    def service(self, name: str, *verbs: str) -> str:
        """Make a service's token with these verbs, or with all of them if none are given."""
        return self.token(name, "service", scope=[scopes.ACCESS, *(verbs or scopes.STAFF_SCOPES)])

    def __enter__(self) -> "FakeHub":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Return the address of its API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hub/api"


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            model = hub.models.get(self.headers.get("Authorization", "").partition(" ")[2])
            status, answer = 200, {}
            if hub.silent:
                status, answer = 502, {"message": "the Hub is silent"}
            elif self.path.rstrip("/") == "/hub/api":
                answer = {"version": jupyterhub.__version__}
            elif model is None:
                status, answer = 403, {"message": "no such token"}
            elif self.path == "/hub/api/user":
                hub.asked += 1
                answer = model
            elif self.path == "/hub/api/services":
                answer = hub.services
            else:
                status, answer = 404, {"message": "not here"}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-JupyterHub-Version", jupyterhub.__version__)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
