"""A real JupyterHub with exchange, grading service and formgrader as its services, on free ports, for one session.

Roles are those of the course: ada, ben and cleo are students, tom is a TA, ida an instructor. Everybody's password is
the Hub's shared one.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from tito.grading.sandbox import ENVIRONMENT_NAME

from tests.environments import worker_environment
from tests.proxies import recording_proxy

PASSWORD = "correct horse battery staple"
COURSE = "tinytorch-test"
STUDENTS = ("ada", "ben", "cleo")
READ, GRADE, RUN = "custom:grading:read", "custom:grading:grade", "custom:grading:run"
COLLECT, FEEDBACK = "custom:exchange:collect", "custom:exchange:feedback"
RELEASE, ADMIN = "custom:exchange:release", "custom:exchange:admin"
SERVICE_TOKENS = {"grading": "g" * 40, "formgrader": "f" * 40, "semester": "s" * 40, "exchange": "e" * 40}
EXCHANGE, GRADING, FORMGRADER = (f"access:services!service={name}" for name in ("exchange", "grading", "formgrader"))
WAIT_SECONDS = 60


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def hub_config(public: int, hub: int, proxy_api: int, formgrader: int) -> str:
    roles = [
        {"name": "user", "scopes": ["self", GRADING, EXCHANGE]},
        {"name": "course-ta", "groups": ["ta"], "scopes": [FORMGRADER, READ, GRADE]},
        {"name": "instructor", "groups": ["instructor"], "scopes": [FORMGRADER, READ, GRADE, RUN]},
        {"name": "semester", "services": ["semester"], "scopes": [GRADING, EXCHANGE, READ, RUN, RELEASE, ADMIN]},
        {"name": "grading", "services": ["grading"], "scopes": [EXCHANGE, COLLECT, FEEDBACK, RELEASE]},
        {"name": "formgrader", "services": ["formgrader"], "scopes": [EXCHANGE, COLLECT]},
    ]
    allowed = [READ, GRADE, RUN, GRADING, FORMGRADER]
    groups = {
        "ta": ["tom"], "instructor": ["ida"],
        f"nbgrader-{COURSE}": list(STUDENTS), f"formgrade-{COURSE}": ["tom", "ida"],
    }  # fmt: skip
    custom = {name: {"description": name} for name in (READ, GRADE, RUN, COLLECT, FEEDBACK, RELEASE, ADMIN)}
    services = [
        {"name": "formgrader", "url": f"http://127.0.0.1:{formgrader}", "api_token": SERVICE_TOKENS["formgrader"],
         "oauth_no_confirm": True, "oauth_client_allowed_scopes": allowed},
        {"name": "grading", "api_token": SERVICE_TOKENS["grading"]},
        {"name": "exchange", "api_token": SERVICE_TOKENS["exchange"]},
        {"name": "semester", "api_token": SERVICE_TOKENS["semester"]},
    ]  # fmt: skip
    return f"""
c = get_config()  # noqa
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_api}"
c.ConfigurableHTTPProxy.command = [{str(Path(sys.executable).with_name("configurable-http-proxy"))!r}]
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {PASSWORD!r}
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = {groups!r}
c.JupyterHub.custom_scopes = {custom!r}
c.JupyterHub.load_roles = {roles!r}
c.JupyterHub.services = {services!r}
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.JupyterHub.log_level = "WARN"
"""


class LocalHub:
    """Use as a context manager; `url` is what a browser opens."""

    def __init__(self, folder: Path, course_dir: Path, grading_environment: dict[str, str] | None = None):
        self.folder, self.course_dir = folder, course_dir
        self.public, self.hub, self.proxy_api, self.formgrader, self.grading, self.exchange = free_ports(6)
        self.url = f"http://127.0.0.1:{self.public}"
        self.grading_url = f"http://127.0.0.1:{self.grading}/services/grading"
        self.exchange_url = f"http://127.0.0.1:{self.exchange}/services/exchange"
        self.grading_environment = grading_environment or {}
        self.processes: dict[str, subprocess.Popen] = {}
        self.open = contextlib.ExitStack()

    def __enter__(self) -> "LocalHub":
        self.folder.mkdir(parents=True, exist_ok=True)
        # The machine's environment names a proxy; none of what this Hub asks of itself may go there.
        self.named_proxy = self.open.enter_context(recording_proxy()).environment
        config = self.folder / "jupyterhub_config.py"
        config.write_text(hub_config(self.public, self.hub, self.proxy_api, self.formgrader))
        try:
            # The formgrader before the Hub, which waits half a minute for each service with an address that does not
            # answer yet. The two others have none: no browser goes there, and they must ask the Hub before they answer.
            self.start_exchange()
            self.start_grading()
            self.start_formgrader()
            self._start(
                "hub", [sys.executable, "-m", "jupyterhub", "-f", str(config)], {"CONFIGPROXY_AUTH_TOKEN": "p" * 40}
            )
            self._wait(f"{self.url}/hub/health")
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(self, *raised) -> None:
        for name in reversed(list(self.processes)):
            self.stop(name)
        self.open.__exit__(*raised)

    def start_exchange(self) -> None:
        command = [sys.executable, "-m", "exchange", "serve", "--data", str(self.folder / "exchange")]
        self._start("exchange", command, self._service("exchange", self.exchange))
        self._wait(f"{self.exchange_url}/health")

    def start_grading(self) -> None:
        command = [sys.executable, "-m", "tito.grading.service", "--course-dir", str(self.course_dir), "--jobs", "1"]
        own = self.grading_environment | {ENVIRONMENT_NAME: str(worker_environment())}
        self._start("grading", command, self._service("grading", self.grading) | own)
        self._wait(f"{self.grading_url}/health")

    def start_formgrader(self) -> None:
        command = [sys.executable, "-m", "tito.grading.formgrader", "--course-dir", str(self.course_dir)]
        environment = self._service("formgrader", self.formgrader) | {"GRADING_URL": self.grading_url}
        self._start("formgrader", command, environment)
        self._wait(f"http://127.0.0.1:{self.formgrader}/services/formgrader/health")

    def _service(self, name: str, port: int) -> dict[str, str]:
        return {
            "JUPYTERHUB_SERVICE_NAME": name,
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
            "JUPYTERHUB_SERVICE_PREFIX": f"/services/{name}/",
            "JUPYTERHUB_API_TOKEN": SERVICE_TOKENS[name],
            "JUPYTERHUB_API_URL": f"http://127.0.0.1:{self.hub}/hub/api",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_HOST": "",
            "JUPYTERHUB_CLIENT_ID": f"service-{name}",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": f"/services/{name}/oauth_callback",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:services", f"access:services!service={name}"]),
            "EXCHANGE_COURSE": COURSE,
            "EXCHANGE_URL": self.exchange_url,
        }

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        clean = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("JUPYTERHUB_", "EXCHANGE_", "GRADING_"))
        }
        log = (self.folder / f"{name}.log").open("a")
        self.processes[name] = subprocess.Popen(
            command,
            cwd=self.folder,
            env=clean | self.named_proxy | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        """Stop one program and all that it started; return when it has ended."""
        process = self.processes.pop(name)
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        if process.poll() is None or number == signal.SIGKILL:
            _kill_group(process.pid)
        process.wait(15)
        _kill_group(process.pid)

    def kill(self, name: str) -> None:
        """Kill one program alone, as kill -9 does; its children must see for themselves."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(15)

    def _wait(self, url: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended: {(self.folder / f'{name}.log').read_text()[-3000:]}")
            try:
                if httpx.get(url, trust_env=False, timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} did not answer")
            time.sleep(0.1)

    def token(self, person: str, *scopes: str) -> str:
        """Log in as the Hub's login form does and make an API token, with all of the person's scopes by default."""
        with httpx.Client(base_url=self.url, trust_env=False, follow_redirects=True, timeout=20) as browser:
            browser.get("/hub/login?next=/hub/token")
            browser.post(
                "/hub/login",
                params={"_xsrf": browser.cookies["_xsrf"], "next": "/hub/token"},
                data={"username": person, "password": PASSWORD},
            )
            body = {"note": "test", **({"scopes": list(scopes)} if scopes else {})}
            xsrf = next(
                cookie.value for cookie in browser.cookies.jar if cookie.name == "_xsrf" and cookie.path == "/hub/"
            )
            answer = browser.post(f"/hub/api/users/{person}/tokens", json=body, headers={"X-XSRFToken": xsrf or ""})
            answer.raise_for_status()
            return answer.json()["token"]


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
