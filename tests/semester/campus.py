"""A real JupyterHub with its proxy, the exchange, the semester service and the home page, on free ports.

Only single-user servers are missing: nothing here starts one. Roles, scopes and services are those of `hub_config`.
"""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from tito.curriculum import Curriculum
from tito.judge.sandbox.bubblewrap import ENVIRONMENT_NAME
from tito.semester.service.__main__ import build
from tito.semester.service.app import Service
from tito.semester.service.app import create_app as create_semester

from exchange.service.app import build_service
from exchange.service.app import create_app as create_exchange
from exchange.service.settings import Settings as ExchangeSettings
from hub_config import roles, services
from hub_config.home.app import create_app as create_home
from hub_config.home.settings import load_settings
from tests.environments import worker_environment
from tests.harness.mortal import mortal
from tests.harness.plain import PLAIN

BIN = Path(sys.executable).parent
START_SECONDS = 180  # other tests may run on the machine too
SERVICES = ("exchange", "semester", "grading", "home", "formgrader", "campus")
PASSWORD = "correct horse battery staple"
CONFIG = """
c = get_config()
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.bind_url = {url!r}
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = {database!r}
c.JupyterHub.cookie_secret_file = {cookie_secret!r}
c.JupyterHub.custom_scopes = {custom_scopes!r}
c.JupyterHub.load_roles = {load_roles!r}
c.JupyterHub.services = {services!r}
c.JupyterHub.cleanup_servers = True
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = {proxy_api!r}
c.ConfigurableHTTPProxy.auth_token = {proxy_token!r}
c.ConfigurableHTTPProxy.pid_file = {proxy_pid!r}
c.JupyterHub.log_level = 20
"""


@dataclass
class Campus:
    """Everything that runs, and requests on behalf of people."""

    folder: Path
    ports: dict[str, int]
    tokens: dict[str, str]
    environment: dict[str, str]
    curriculum: Callable[[], Curriculum]
    servers: dict[str, "Server"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['public']}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.ports['hub']}/hub/api"

    def start(self, name: str) -> None:
        """Start a service on its port."""
        self.servers[name] = Server(self._app(name), self.ports[name])
        self.servers[name].start()

    def stop(self, name: str) -> None:
        """Stop a service, as an outage would."""
        if name in self.servers:
            self.servers.pop(name).stop()

    @contextmanager
    def grading(self):
        """Run the real grading service for the block, in a separate process because it has worker processes."""
        own = {
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{self.ports['grading']}",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/grading/",
            "JUPYTERHUB_SERVICE_NAME": "grading",
            "JUPYTERHUB_API_TOKEN": self.tokens["grading"],
            "TITO_COURSE": str(self.folder / "tree"),
            ENVIRONMENT_NAME: str(worker_environment()),
        }
        words = [
            sys.executable,
            "-m",
            "tito.grading",
            "--course-dir",
            str(self.folder / "course"),
            "--jobs",
            "1",
        ]
        words += ["--database", f"sqlite:///{self.folder / 'grading.sqlite'}"]
        with (self.folder / "grading.log").open("ab") as log:
            environment = {**os.environ, **self.environment, **own}
            process = subprocess.Popen(mortal(words), env=environment, stdout=log, stderr=log)
        try:
            wait_for(lambda: _healthy(self.service_url("grading")) or process.poll() is not None, "grading to start")
            assert process.poll() is None, (self.folder / "grading.log").read_text()
            yield
        finally:
            process.terminate()
            process.wait(60)

    def _app(self, name: str) -> Any:
        if name == "semester":
            return create_semester(self._semester(), "/services/semester/")
        if name == "exchange":
            return create_exchange(
                build_service(ExchangeSettings(self.folder / "exchange", hub_api_url=self.api, identity_seconds=0.2))
            )
        own = {
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{self.ports['home']}",
            "JUPYTERHUB_API_TOKEN": self.tokens["home"],
            "JUPYTERHUB_CLIENT_ID": "service-home",
        }
        return create_home(load_settings({**self.environment, **own}))

    def _semester(self) -> Service:
        database = f"sqlite:///{self.folder / 'semester.db'}"
        environment = {**self.environment, "JUPYTERHUB_API_TOKEN": self.tokens["semester"]}
        return build(database, self.folder / "course", self.folder / "semester.yaml", environment, self.curriculum)

    def service_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}/services/{name}"

    def token(self, user: str, scopes: list[str] | None = None) -> str:
        """Make a token for `user` with all their rights, or with `scopes` only."""
        body = {"scopes": scopes} if scopes else {}
        return self.hub("POST", f"/users/{user}/tokens", json=body).json()["token"]

    def hub(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send the Hub a request as an administrator."""
        headers = {"Authorization": f"token {self.tokens['admin']}"}
        answer = httpx.request(method, self.api + path, headers=headers, **PLAIN, **options)
        answer.raise_for_status()
        return answer

    def ask(self, service: str, method: str, path: str, token: str, **options: Any) -> httpx.Response:
        """Send a service's API a request as the owner of `token`."""
        headers = {"Authorization": f"token {token}"}
        return httpx.request(
            method,
            f"{self.service_url(service)}/api/v1/{path}",
            headers=headers,
            timeout=60,
            **PLAIN,
            **options,
        )

    def log_in(self, user: str) -> httpx.Client:
        """Return a browser-like client that has logged in to the Hub as `user`."""
        client = httpx.Client(base_url=self.url, follow_redirects=True, timeout=60, **PLAIN)
        page = client.get("/hub/login")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert xsrf, page.text
        form = {"username": user, "password": PASSWORD, "_xsrf": xsrf.group(1)}
        answer = client.post("/hub/login?next=%2Fhub%2Ftoken", data=form)
        assert answer.status_code == 200, answer.text
        return client


class Server:
    """A uvicorn server in a thread."""

    def __init__(self, app: Any, port: int, **options: Any) -> None:
        self.app = app
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", **options)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        wait_for(lambda: self._server.started or not self._thread.is_alive(), "a service to start")
        assert self._server.started

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


def wait_for(condition: Callable[[], Any], what: str, seconds: float = START_SECONDS, pause: float = 0.05) -> Any:
    """Call `condition` with a pause of some seconds in between, and return its first true answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        threading.Event().wait(pause)
    raise AssertionError(f"waited {seconds:g} s for {what}")


def free_ports(*names: str) -> dict[str, int]:
    """Return a free port for each name."""
    with ExitStack() as stack:
        made = {name: stack.enter_context(socket.socket()) for name in names}
        for each in made.values():
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in made.items()}


@contextmanager
def running_campus(
    folder: Path,
    course: str,
    curriculum: Callable[[], Curriculum],
    docs: Path | None = None,
    sign_in: Callable[[dict[str, int]], str] = lambda ports: "",
):
    """Start everything, and stop it at the end. Services start first, because the Hub waits for those it routes to.

    `sign_in` returns lines of the Hub's configuration, given its ports: another way to log in than the shared password.
    """
    services = running_services(folder, course, curriculum, docs)
    with services as campus, running_hub(campus, course, sign_in(campus.ports)):
        yield campus


@contextmanager
def running_services(folder: Path, course: str, curriculum: Callable[[], Curriculum], docs: Path | None = None):
    """Start the services that run beside a Hub."""
    ports = free_ports("public", "hub", "proxy", *SERVICES)
    tokens = {name: secrets.token_hex(16) for name in ("admin", "metrics", *SERVICES)}
    environment = {
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{ports['hub']}/hub/api",
        "EXCHANGE_COURSE": course,
        "HUB_VAR": str(folder),
        **({"HOME_DOCS": str(docs)} if docs else {}),
        **{f"{name.upper()}_URL": f"http://127.0.0.1:{ports[name]}/services/{name}" for name in SERVICES},
    }
    campus = Campus(folder, ports, tokens, environment, curriculum)
    with ExitStack() as stack:
        for name in ("exchange", "semester", "home"):
            campus.start(name)
            stack.callback(campus.stop, name)
        yield campus


@contextmanager
def running_hub(campus: Campus, course: str, more: str = ""):
    """Start the Hub and its proxy, with additional lines of configuration; a second Hub finds the first one's data."""
    folder, ports = campus.folder, campus.ports
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "jupyterhub_config.py"
    config.write_text(_config(folder, ports, campus.tokens, course) + more)
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    with (folder / "hub.log").open("wb") as log:
        words = [str(BIN / "jupyterhub"), "--config", str(config)]
        process = subprocess.Popen(
            mortal(words), cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(lambda: _answers(ports) or process.poll() is not None, "JupyterHub to start", pause=0.2)
        assert process.poll() is None, (folder / "hub.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(30)
        with suppress(ProcessLookupError):  # a Hub that is stopped while it starts leaves its proxy running
            os.killpg(process.pid, signal.SIGKILL)


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", **PLAIN).is_success
    except httpx.HTTPError:
        return False


def _answers(ports: dict[str, int]) -> bool:
    try:
        urls = [f"http://127.0.0.1:{ports[name]}/hub/api/" for name in ("hub", "public")]
        return all(httpx.get(url, **PLAIN).is_success for url in urls)
    except httpx.HTTPError:
        return False


def _config(folder: Path, ports: dict[str, int], tokens: dict[str, str], course: str) -> str:
    known = {service.name: service for service in services.SERVICES}
    declared, granted = [{"name": "admin", "api_token": tokens["admin"]}], []
    for name in SERVICES:
        entry: dict[str, Any] = {"name": name, "api_token": tokens[name]}
        if name == "home":  # the only service here that a browser visits
            entry |= {"url": f"http://127.0.0.1:{ports[name]}", "oauth_no_confirm": True}
            entry |= {"oauth_client_allowed_scopes": list(known[name].acts_with)}
        declared.append(entry)
        if known[name].scopes:
            scopes = services.scopes_of(known[name], course)
            granted.append({"name": f"service-{name}", "scopes": scopes, "services": [name]})
    declared.append({"name": "metrics", "api_token": tokens["metrics"]})
    granted.append({"name": "service-metrics", "scopes": sorted(services.METRICS.scopes), "services": ["metrics"]})
    granted += roles.course_roles(course)
    granted.append({"name": "admin", "services": ["admin"]})
    return CONFIG.format(
        password=PASSWORD,
        url=f"http://127.0.0.1:{ports['public']}",
        hub_port=ports["hub"],
        database=f"sqlite:///{folder / 'hub.db'}",
        cookie_secret=str(folder / "cookie_secret"),
        custom_scopes={name: {"description": text} for name, text in roles.CUSTOM_SCOPES.items()},
        load_roles=granted,
        services=declared,
        proxy=str(BIN / "configurable-http-proxy"),
        proxy_api=f"http://127.0.0.1:{ports['proxy']}",
        proxy_token=secrets.token_hex(16),
        proxy_pid=str(folder / "proxy.pid"),
    )
