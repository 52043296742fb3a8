"""A real Hub with its proxy and the home page, started by the Hub's own code, and a person with a browser's cookies."""

import html
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from hub_config.ports import with_ports
from hub_config.serve import start_all, stop_servers
from hub_config.settings import Settings, load_settings
from hub_config.sign_in import CLIENT_SECRET
from hub_config.supervisor import Supervisor
from tests.e2e.hub import free_port, write_semester
from tests.environments import student_environment

# Stands in for the semester service, with that service's scopes on people and groups.
REGISTRAR = """
c = get_config()
c.JupyterHub.services.append({"name": "registrar", "api_token": "registrar-token-of-this-test"})
c.JupyterHub.load_roles.append(
    {"name": "registrar", "scopes": ["admin:users", "admin:groups"], "services": ["registrar"]}
)
"""


@dataclass
class Door:
    """A Hub that people log in to."""

    settings: Settings
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.settings.public_url

    def registrar(self, method: str, path: str, **options) -> httpx.Response:
        """Ask the Hub as whoever makes people known."""
        headers = {"Authorization": "token registrar-token-of-this-test"}
        answer = httpx.request(
            method, f"{self.settings.hub_api_url}{path}", headers=headers, timeout=30, trust_env=False, **options
        )
        answer.raise_for_status()
        return answer

    def know(self, name: str, group: str = "") -> None:
        """Make somebody known to the Hub, with a part in the course if a group is named."""
        self.registrar("POST", "/users", json={"usernames": [name]})
        if group:
            self.join(name, group)

    def join(self, name: str, group: str) -> None:
        self.registrar("POST", f"/groups/{group}/users", json={"users": [name]})

    def log(self, name: str = "hub") -> str:
        return (self.settings.var / "log" / f"{name}.log").read_text()


@contextmanager
def running_door(folder: Path, way: str, fragment: str = "", secret: str = "", **variables: str) -> Iterator[Door]:
    """Run a Hub into which people log in by `way`; ada is a student, ida instructs, dora has dropped the course."""
    environ = {
        "HUB_VAR": str(folder / "var"),
        "HUB_PORT": str(free_port()),
        "HUB_SEMESTER": str(write_semester(folder / "semester", "tensor")),
        "HUB_AUTHENTICATOR": way,
        "HUB_WITHOUT": "[exchange, grading, semester, formgrader, idle-culler]",
        **variables,
    }
    config = folder / "var" / "jupyterhub_config.d"
    config.mkdir(parents=True)
    (config / "10-registrar.py").write_text(REGISTRAR)
    (config / "20-test.py").write_text(fragment)
    settings = with_ports(load_settings(environ))
    student_environment(settings.semester_file)
    if secret:
        settings.secrets.mkdir(mode=0o700, parents=True)
        (settings.secrets / CLIENT_SECRET).write_text(secret + "\n")
    door = Door(settings)
    supervisor = Supervisor(token_hex(8), folder, door.said.append, folder / "var" / "hub" / "programs.json")
    try:
        with only_these(environ):
            start_all(supervisor, settings)
        door.know("ada", "student")
        door.know("ida", "instructor")
        door.know("dora")
        yield door
    finally:
        stop_servers(settings)
        supervisor.stop()


@contextmanager
def only_these(environ: dict[str, str]) -> Iterator[None]:
    """Let the Hub's programs inherit these settings and no other test's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("HUB_")]:
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        yield


@contextmanager
def person(url: str, **options) -> Iterator[httpx.Client]:
    """Give somebody a browser's cookies and its habit of following redirects."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60, **options) as client:
        yield client


def form(page: httpx.Response) -> tuple[str, dict[str, str]]:
    """Return the address and the hidden fields of a page's first form."""
    action = re.search(r'<form[^>]*\baction="([^"]*)"', page.text)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    assert action, page.text
    return str(page.url.join(html.unescape(action[1]))), {key: html.unescape(value) for key, value in fields.items()}


def send(client: httpx.Client, page: httpx.Response, **fields: str) -> httpx.Response:
    """Fill in and send the form of a page."""
    address, hidden = form(page)
    return client.post(address, data=hidden | fields)


def words(page: httpx.Response) -> str:
    """Return what a reader sees of a page, in one line."""
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", page.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
