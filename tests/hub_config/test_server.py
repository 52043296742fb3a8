"""A student's server, started for real: what exists before its first answer, and what is loaded only on request."""

import contextlib
import json
import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exchange.protocol.bundle import encode_manifest
from exchange.protocol.models import Assignment, FileInfo, plain
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.hub_config.single_user import SingleUser, running

pytestmark = [pytest.mark.service, pytest.mark.timeout(300)]
NOTE = "NOTEBOOKS-NOT-FETCHED.md"
NBGRADER = "Loading the assignment_list nbgrader serverextension"


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with FakeHub() as hub:
        yield hub


@pytest.fixture(scope="module")
def live(hub: FakeHub, tmp_path_factory) -> Iterator[Live]:
    """A real exchange with one released module."""
    folder = tmp_path_factory.mktemp("exchange")
    with in_thread(hub, make_settings(folder / "data", hub), folder) as live:
        live.open_course(due_at=None)
        yield live


@pytest.fixture(scope="module")
def server(hub: FakeHub, live: Live, tmp_path_factory) -> Iterator[SingleUser]:
    home = tmp_path_factory.mktemp("server") / "home"
    (home / "tinytorch" / ".tito").mkdir(parents=True)
    note = {"exercise": "add", "checks": 2, "passed": 1, "fault": "wrong value", "folder": "tensor"}
    (home / "tinytorch" / ".tito" / "reports.jsonl").write_text(json.dumps(note) + "\n")
    with running(hub, home, live.url) as server:
        yield server


@contextmanager
def answering(status: int, body: bytes, path: str = "") -> Iterator[str]:
    """A hostile exchange: it answers `body` to paths that end with `path`, and else lists one assignment."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = body if self.path.endswith(path) else json.dumps([plain(HOSTILE)]).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{service.server_address[1]}"
        finally:
            service.shutdown()
            thread.join()


OUTSIDE = FileInfo("../escaped.txt", 4, "0" * 64)
HOSTILE = Assignment(
    id="tensor",
    course=COURSE,
    title="",
    state="released",
    release_at=None,
    released_at=None,
    due_at=None,
    grace_seconds=0,
    closes_at=None,
    open=True,
    attempts_used=0,
    attempts_allowed=None,
    counts="last",
    files=[OUTSIDE],
    accepts=[],
    release_version=1,
    fetched_at=None,
    submitted_at=None,
    late=False,
    feedback_at=None,
    closed_by_student=False,
    unlocked=False,
    unlock_offered=False,
)


def test_what_test_cells_noted_is_sent_by_the_server(server: SingleUser, live: Live):
    until = time.monotonic() + 60
    while not (events := live.client(server.token).events(COURSE, kind="checked")) and time.monotonic() < until:
        time.sleep(0.1)
    told = {"exercise": "add", "checks": 2, "passed": 1, "fault": "wrong value"}
    assert [(event.assignment, event.detail) for event in events] == [("tensor", {"cells": [told]})]


def test_released_notebooks_are_there_when_it_first_answers(server: SingleUser):
    assert (server.home / "tensor" / "tensor.ipynb").read_text() == '{"cells": []}'
    assert (server.home / "tinytorch").is_dir()
    assert not (server.home / NOTE).exists()


def test_it_looks_at_what_computes(server: SingleUser):
    assert "still_at_work | extension was successfully loaded" in server.log.read_text()


def test_the_page_has_what_students_use_and_nothing_of_the_staff(server: SingleUser):
    status, page = server.ask("lab")
    assert status == 200
    start = page.index(b">", page.index(b'id="jupyter-config-data"')) + 1
    config = json.loads(page[start : page.index(b"</script>", start)])
    there = {extension["name"] for extension in config["federated_extensions"]}
    assert {"@jupyter/nbgrader", "@jupyter-widgets/jupyterlab-manager"} <= there
    switched_off = set(config["disabledExtensions"])
    assert {"@jupyter/nbgrader:formgrader", "@jupyter/nbgrader:create-assignment"} <= switched_off
    assert "@jupyterlab/lsp-extension" in switched_off, "it would ask for lsp/status, which is not there"
    assert not any(
        name.startswith(("@jupyter/nbgrader:assignment-list", "@jupyter/nbgrader:valid")) for name in switched_off
    )


@pytest.mark.parametrize("path", ["api/terminals", "api/kernelspecs", "api/contents/tensor/tensor.ipynb?content=0"])
def test_what_the_page_asks_for_is_there(server: SingleUser, path: str):
    assert server.ask(path)[0] == 200


@pytest.mark.parametrize("path", ["tree", "lsp/status", "formgrader", "formgraders", "course_list"])
def test_what_nobody_uses_is_not_there(server: SingleUser, path: str):
    assert server.ask(path)[0] == 404


def test_nbgrader_is_loaded_by_the_first_who_asks(hub: FakeHub, live: Live, tmp_path: Path):
    """nbgrader is loaded once, at the first request for one of its pages, and then answers as usual."""
    with running(hub, tmp_path / "home", live.url) as server:
        server.ask("lab")
        assert NBGRADER not in server.log.read_text()
        status, text = server.ask(f"assignments?course_id={COURSE}")
        assert (status, NBGRADER in server.log.read_text()) == (200, True)
        listed = json.loads(text)
        assert [(row["assignment_id"], row["status"]) for row in listed["value"]] == [("tensor", "fetched")]
        status, text = server.ask("nbgrader_version?version=0")
        assert (status, json.loads(text)["success"]) == (200, False)
        assert json.loads(server.ask("courses")[1])["value"] == [COURSE]
        assert server.log.read_text().count(NBGRADER) == 1


def test_a_notebook_is_validated(server: SingleUser):
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (server.home / "empty.ipynb").write_text(json.dumps(notebook))
    status, text = server.ask("assignments/validate?path=empty.ipynb", body={})
    assert (status, json.loads(text)["success"]) == (200, True)


@pytest.mark.parametrize("path", ["assignments", "courses", "nbgrader_version?version=0"])
def test_a_stranger_gets_nothing_of_nbgrader(hub: FakeHub, server: SingleUser, path: str):
    """Another student gets no answer from nbgrader's pages."""
    status, text = server.ask(path, token=hub.student("eve", COURSE))
    assert status in (302, 403)
    assert b"tensor" not in text


def test_the_first_page_asks_for_what_it_uses(server: SingleUser):
    """The page lists no disabled labextension; its header preloads the largest script, at an address that works."""
    request = urllib.request.Request(f"{server.url}lab", headers={"Authorization": f"token {server.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        page, link = answer.read().decode(), answer.headers["Link"]
    said = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert said
    names = {each["name"] for each in json.loads(said[1])["federated_extensions"]}
    assert names & {"@jupyter-notebook/lab-extension", "jupyterlab-jupytext"} == set()
    assert names >= {"@jupyter/nbgrader", "@jupyter-widgets/jupyterlab-manager", "tinytorch-history"}
    script = re.fullmatch(r"</user/ada/(static/lab/jlab_core[^>]+)>; rel=preload; as=script", link)
    assert script
    assert server.ask(script[1])[0] == 200


def test_who_has_no_login_is_sent_to_the_hub(server: SingleUser):
    """The redirect works although the server loads the code for it only on request."""
    address = server.url.removeprefix("http://").partition("/")[0]
    with contextlib.closing(HTTPConnection(address, timeout=60)) as browser:
        browser.request("GET", "/user/ada/lab")
        answer = browser.getresponse()
    assert (answer.status, answer.headers["Location"].partition("?")[0]) == (302, "/hub/api/oauth2/authorize")


def test_an_exchange_that_is_away_is_told_and_the_server_serves(hub: FakeHub, tmp_path: Path):
    """If nothing listens there, the fetch retries until its time runs out, and a note says what may be missing."""
    work = tmp_path / "home" / "tensor" / "tensor.ipynb"
    work.parent.mkdir(parents=True)
    work.write_text("my work")
    with running(hub, tmp_path / "home", "http://127.0.0.1:9") as server:
        assert server.ask("lab")[0] == 200
        assert "Some notebooks may be missing" in (server.home / NOTE).read_text()
    assert work.read_text() == "my work"


@pytest.mark.parametrize(
    ("status", "body", "path"),
    [
        (200, b"<html>a captive portal</html>", ""),
        (200, b'[{"id": "../../tensor"}]', ""),
        (200, encode_manifest([OUTSIDE]) + b"evil", "release"),
        (404, b'{"rule": "no", "value": "x\\r# <script>alert(1)</script>", "remedy": "y"}', ""),
    ],
    ids=["no exchange", "wrong shape", "path outside", "markup"],
)
def test_what_a_hostile_exchange_says_reaches_no_file_but_the_note(
    hub: FakeHub, tmp_path: Path, status: int, body: bytes, path: str
):
    work = tmp_path / "home" / "tensor" / "mine.py"
    work.parent.mkdir(parents=True)
    work.write_text("my work")
    with answering(status, body, path) as url, running(hub, tmp_path / "home", url) as server:
        note = (server.home / NOTE).read_text()
    assert not any(line.startswith(("# <script", "<")) for line in note.splitlines())
    assert work.read_text() == "my work"
    files = {str(file.relative_to(tmp_path / "home")) for file in (tmp_path / "home").rglob("*") if file.is_file()}
    assert {name for name in files if not name.startswith(".")} == {NOTE, "tensor/mine.py"}
    assert not list(tmp_path.rglob("escaped*"))


def test_the_note_goes_away_at_the_next_good_start(hub: FakeHub, live: Live, tmp_path: Path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / NOTE).write_text("old")
    with running(hub, tmp_path / "home", live.url) as server:
        assert not (server.home / NOTE).exists()
