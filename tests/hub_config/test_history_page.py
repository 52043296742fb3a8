"""The page *History* of a running server: only its owner sees it, nothing in it runs, and it restores to disk."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from tests.exchange.live import COURSE, Live
from tests.hub_config.single_user import SingleUser, running

pytestmark = [pytest.mark.service, pytest.mark.timeout(300)]
PATH = "api/contents/tensor/tensor.ipynb"
HOSTILE = "</pre><script>alert(1)</script>"


@pytest.fixture(scope="module")
def server(live: Live, tmp_path_factory) -> Iterator[SingleUser]:
    """A server in which a notebook was saved twice."""
    with running(live.hub, tmp_path_factory.mktemp("history") / "home", live.url) as server:
        for text in ("good work", HOSTILE):
            save(server, text)
        yield server


def save(server: SingleUser, text: str) -> None:
    cell = {"cell_type": "code", "id": HOSTILE, "source": text, "outputs": [], "execution_count": None}
    cell["metadata"] = {"nbgrader": {"grade_id": f"add{HOSTILE}"}}
    content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    headers = {"Authorization": f"token {server.token}", "Content-Type": "application/json"}
    body = json.dumps({"type": "notebook", "content": content}).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + PATH, body, headers, method="PUT"), timeout=60):
        pass


def post(server: SingleUser, path: str, **fields: str) -> tuple[str, str]:
    """Send a form; return the page and its content security policy."""
    request = urllib.request.Request(
        server.url + path, urllib.parse.urlencode(fields).encode(), {"Authorization": f"token {server.token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode(), answer.headers["Content-Security-Policy"]


def numbers(server: SingleUser) -> list[int]:
    page = server.ask("history/tensor")[1].decode()
    return [int(number) for number in re.findall(r'href="/user/ada/history/tensor/(\d+)"', page)]


def test_versions_are_listed_newest_first(server: SingleUser):
    assert b'href="/user/ada/history/tensor"' in server.ask("history")[1]
    there = numbers(server)
    assert there == sorted(there, reverse=True) and len(there) >= 2
    status, page = server.ask("history?notebook=tensor/tensor.ipynb")
    assert status == 200 and b"History of tensor" in page


def test_what_a_notebook_holds_is_text(server: SingleUser):
    good = numbers(server)[1]
    page = server.ask(f"history/tensor/{good}")[1].decode()
    assert "<ins>+good work</ins>" in page and "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_a_cell_is_put_back_and_a_jupyterlab_around_the_page_is_told(server: SingleUser):
    good = numbers(server)[1]
    page, policy = post(server, f"history/tensor/{good}", cell=f"name:add{HOSTILE}")
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce and f'<script nonce="{nonce[1]}">' in page
    assert 'parent.postMessage({restored: "tensor/tensor.ipynb"}' in page
    assert page.count("<script") == 1 and "<script>alert" not in page
    assert "frame-ancestors 'self'" in policy and "default-src 'none'" in policy
    found = json.loads((server.home / "tensor" / "tensor.ipynb").read_text())
    assert "".join(found["cells"][0]["source"]) == "good work"
    undo = re.search(r"Version (\d+) is what you had before", page)
    assert undo and f'href="/user/ada/history/tensor/{undo[1]}">Compare' in page
    post(server, f"history/tensor/{undo[1]}")
    found = json.loads((server.home / "tensor" / "tensor.ipynb").read_text())
    assert "".join(found["cells"][0]["source"]) == HOSTILE


@pytest.mark.parametrize("path", ["history/nobody", "history/tensor/999", "history/..%2ftensor", "history/tensor/x"])
def test_what_is_not_there_is_not_found(server: SingleUser, path: str):
    assert server.ask(path)[0] == 404


def test_a_stranger_gets_nothing(server: SingleUser, live: Live):
    eve = live.hub.student("eve", COURSE)
    for path in ("history", "history/tensor", "history/tensor/1"):
        status, page = server.ask(path, token=eve)
        assert status in (302, 403) or b"tensor" not in page


def test_jupyterlab_has_the_extension(server: SingleUser):
    page = server.ask("lab")[1].decode()
    assert '"tinytorch-history"' in page
    status, script = server.ask("lab/extensions/tinytorch-history/static/history.js")
    assert status == 200 and b"window._JUPYTERLAB" in script


def test_a_correction_is_shown_as_text_and_taken_by_a_button(server: SingleUser):
    """The release is fetched; an answer that has no place in it is kept at the end, and the page offers an undo."""
    save(server, HOSTILE)
    page = server.ask("correction/tensor")[1].decode()
    assert "Take the correction" in page and "Kept at the end" in page
    assert "<script>alert" not in page
    page, policy = post(server, "correction/tensor")
    assert "Your notebook is corrected" in page and "script-src 'nonce-" in policy
    number = re.search(r'href="/user/ada/history/tensor/(\d+)">Undo', page)
    assert number and int(number[1]) in numbers(server)
    found = json.loads((server.home / "tensor" / "tensor.ipynb").read_text())
    assert "".join(found["cells"][-1]["source"]) == HOSTILE
    assert "Nothing to do" in server.ask("correction/tensor")[1].decode()
