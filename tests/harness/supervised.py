"""A Hub with the product's settings, roles, services and supervisor, run by the tests' process.

A test can change settings (`HUB_...`), add a fragment of configuration, or set variables for the programs. Instead of
running the semester service, which would apply a semester file, the tests use its name, its token and its scopes.
"""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from hub_config.ports import with_ports
from hub_config.roles import GROUP_ROLES, role_group
from hub_config.run.serve import start_all, stop_servers, wait
from hub_config.run.supervisor import Program, Supervisor
from hub_config.secret_files import read_or_create
from hub_config.services import service_url
from hub_config.settings import CHECKOUT, Settings, load_settings
from hub_config.sign_in.passwords import SHARED_PASSWORD
from tests.harness.mortal import swept
from tests.harness.plain import PLAIN

SEMESTER = """
from hub_config.secret_files import read_or_create
from hub_config.services import SEMESTER_SERVICE, scopes_of
from hub_config.settings import load_settings

c = get_config()
token = read_or_create(load_settings().secrets, "service-semester")
scopes = scopes_of(SEMESTER_SERVICE, load_settings().course)
c.JupyterHub.services.append({"name": "semester", "api_token": token})
c.JupyterHub.load_roles.append({"name": "service-semester", "scopes": scopes, "services": ["semester"]})
"""


@dataclass
class GivenSupervisor(Supervisor):
    """Gives each program some more variables than the product does."""

    given: Mapping[str, str] = field(default_factory=dict)

    def start(self, program: Program) -> None:
        program.environment |= self.given
        super().start(program)


@dataclass
class SupervisedHub:
    """A running Hub that does not know any people yet."""

    settings: Settings
    supervisor: Supervisor
    said: list[str]

    @property
    def url(self) -> str:
        return self.settings.public_url

    @property
    def course_dir(self) -> Path:
        return self.settings.var / "course"

    @property
    def semester_token(self) -> str:
        return read_or_create(self.settings.secrets, "service-semester")

    @property
    def password(self) -> str:
        """Return the password of everybody if `authenticator` is shared-password."""
        return read_or_create(self.settings.secrets, SHARED_PASSWORD)

    def service_url(self, name: str) -> str:
        return service_url(name, self.settings)

    def registrar(self, method: str, path: str, **options) -> httpx.Response:
        """Send a request to the Hub as the semester service does."""
        headers = {"Authorization": f"token {self.semester_token}"}
        answer = httpx.request(
            method, f"{self.settings.hub_api_url}{path}", headers=headers, timeout=30, **PLAIN, **options
        )
        answer.raise_for_status()
        return answer

    def know(self, name: str, *groups: str) -> None:
        """Add a person to the Hub, and to these groups of the course."""
        self.registrar("POST", "/users", json={"usernames": [name]})
        for group in groups:
            self.join(name, group)

    def join(self, name: str, group: str) -> None:
        """Put a person into a group, or into the group of a role in the course."""
        group = role_group(group, self.settings.course) if group in GROUP_ROLES else group
        self.registrar("POST", f"/groups/{group}/users", json={"users": [name]})

    def log(self, name: str = "hub") -> str:
        return (self.settings.var / "log" / f"{name}.log").read_text()

    def stop(self, name: str) -> None:
        """Stop one program as an operator would; it stays stopped until `bring_back`."""
        self._end(name, signal.SIGTERM)

    def kill(self, name: str) -> None:
        """Kill only this program, as kill -9 does; its children are not killed."""
        self._end(name, signal.SIGKILL)

    def bring_back(self, name: str) -> None:
        """Let the supervisor notice that a service has ended, and wait until its replacement answers."""
        wait(self.supervisor, name, f"{self.service_url(name)}/health")

    def _end(self, name: str, sig: int) -> None:
        pid = self.supervisor.programs[name].pid
        os.kill(pid, sig)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it is dead, but the supervisor can still wait for it

    def token(self, person: str, *scopes: str) -> str:
        """Log in with the shared password and make an API token, by default with all of the person's scopes."""
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=20, **PLAIN) as browser:
            browser.get("/hub/login?next=/hub/token")
            browser.post(
                "/hub/login",
                params={"_xsrf": browser.cookies["_xsrf"], "next": "/hub/token"},
                data={"username": person, "password": self.password},
            )
            body = {"note": "test", **({"scopes": list(scopes)} if scopes else {})}
            xsrf = next(
                cookie.value for cookie in browser.cookies.jar if cookie.name == "_xsrf" and cookie.path == "/hub/"
            )
            answer = browser.post(f"/hub/api/users/{person}/tokens", json=body, headers={"X-XSRFToken": xsrf or ""})
            answer.raise_for_status()
            return answer.json()["token"]


@contextmanager
def supervised_hub(
    environ: Mapping[str, str], fragment: str = "", given: Mapping[str, str] | None = None
) -> Iterator[SupervisedHub]:
    """Run a Hub with these settings (HUB_...), a fragment of configuration, and variables for all programs."""
    settings = load_settings(environ)
    config = settings.var / "jupyterhub_config.d"
    config.mkdir(parents=True)
    (config / "10-semester.py").write_text(SEMESTER)
    (config / "20-test.py").write_text(fragment)
    settings = with_ports(settings)
    marker, said = read_or_create(settings.secrets, "hub-id"), list[str]()
    record = settings.var / "hub" / "programs.json"
    supervisor = GivenSupervisor(marker, CHECKOUT, said.append, record, given=given or {})
    with swept(marker):
        try:
            with only_these(environ):
                start_all(supervisor, settings)
            yield SupervisedHub(settings, supervisor, said)
        finally:
            stop_servers(settings)
            supervisor.stop()


@contextmanager
def only_these(environ: Mapping[str, str]) -> Iterator[None]:
    """Let the Hub's programs inherit only these settings, and none from other tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("HUB_")]:
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        yield
