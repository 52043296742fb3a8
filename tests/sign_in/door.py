"""A real Hub with its proxy and home page, started by the Hub's own code, and a person with a browser's cookies."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from hub_config.secret_files import write_private
from hub_config.settings import load_settings
from hub_config.sign_in.providers import CLIENT_SECRET
from tests.e2e.hub import free_port, write_semester
from tests.environments import student_environment
from tests.harness.supervised import SupervisedHub, supervised_hub

Door = SupervisedHub  # as seen by people who log in


@contextmanager
def running_door(folder: Path, way: str, fragment: str = "", secret: str = "", **variables: str) -> Iterator[Door]:
    """Run a Hub with the way to log in `way`; ada is a student, ida an instructor, dora has dropped the course."""
    environ = {
        "HUB_VAR": str(folder / "var"),
        "HUB_PORT": str(free_port()),
        "HUB_SEMESTER": str(write_semester(folder / "semester", "tensor")),
        "HUB_AUTHENTICATOR": way,
        "HUB_WITHOUT": "[exchange, grading, semester, formgrader, idle-culler]",
        **variables,
    }
    settings = load_settings(environ)
    student_environment(settings.semester_file)
    if secret:
        write_private(settings.secrets / CLIENT_SECRET, secret + "\n")
    with supervised_hub(environ, fragment) as door:
        door.know("ada", "student")
        door.know("ida", "instructor")
        door.know("dora")
        yield door


@contextmanager
def person(url: str, **options) -> Iterator[httpx.Client]:
    """Yield a client that keeps cookies and follows redirects, as a browser does."""
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
    """Return a page's visible text in one line."""
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", page.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
