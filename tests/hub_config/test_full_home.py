"""A student whose home is full: the server starts, notebooks open read-only, saving loses nothing, deleting works.

The home is a separate small file system. Jupyter is real and started as the Hub starts it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.live import COURSE, Live
from tests.hub_config.single_user import CONFIGURATION, SingleUser, running
from tests.hub_config.small_home import FILLER, MB, fill, small_home

pytestmark = [
    pytest.mark.service,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system, which root may"),
]
NOTEBOOK = {
    "cells": [{"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [], "execution_count": None}],
    "metadata": {"text": "z" * 200_000},  # so that a copy needs space
    "nbformat": 4,
    "nbformat_minor": 4,
}


def save(server: SingleUser, notebook: dict) -> tuple[int, bytes]:
    return change(server, "PUT", "api/contents/tensor/tensor.ipynb", {"type": "notebook", "content": notebook})


def change(server: SingleUser, method: str, path: str, body: dict | None = None) -> tuple[int, bytes]:
    headers = {"Authorization": f"token {server.token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def opened(server: SingleUser) -> dict:
    status, text = server.ask("api/contents/tensor/tensor.ipynb?content=1")
    assert status == 200, text
    return json.loads(text)


@pytest.fixture(scope="module")
def started_full(live: Live, tmp_path_factory) -> Iterator[SingleUser]:
    """A server that starts for the first time in a home that is already full."""
    with small_home(tmp_path_factory.mktemp("full") / "home", NOTEBOOK) as home:
        fill(home)
        with running(live.hub, home, live.url) as server:
            yield server


def test_it_starts_and_opens_read_only(started_full: SingleUser):
    """The server starts without writing Jupyter's own files to the home, and opens the notebook read-only."""
    assert not (started_full.home / ".jupyter").exists()
    assert opened(started_full)["writable"] is False
    assert opened(started_full)["content"]["cells"][0]["source"] == "x = 1"


RUN = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[1])
import full_home
from traitlets.config import Config

async def main():
    config, home = Config(ConnectionFileMixin={"transport": "ipc"}), os.environ["HOME"]
    kernels = full_home.Kernels(config=config, root_dir=home, connection_dir=os.environ["JUPYTER_RUNTIME_DIR"])
    client = kernels.get_kernel(await kernels.start_kernel(kernel_name="python3")).client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    def show(message):
        print(message["content"].get("text", message["content"].get("evalue", "")))
    await client._async_execute_interactive("import matplotlib.pyplot; print(6 * 7)", timeout=60, output_hook=show)
    client.stop_channels()
    await kernels.shutdown_all(now=True)

asyncio.run(main())
"""


def test_a_kernel_starts_in_a_home_that_became_full(tmp_path: Path):
    """A kernel starts although IPython's folder and history do not exist and can't be created."""
    # A socket's path can have 107 characters: launch.py uses a short one, but pytest's folders are longer.
    with small_home(tmp_path / "home", NOTEBOOK) as home, tempfile.TemporaryDirectory(prefix="runtime-") as runtime:
        fill(home)
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "JUPYTER_RUNTIME_DIR": runtime}
        command = [sys.executable, "-c", RUN, str(CONFIGURATION)]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=home, timeout=120)
        assert "42" in ran.stdout.split(), ran.stderr[-2000:]


def test_the_page_stands_before_jupyterlab_and_its_owner_can_go_on(started_full: SingleUser):
    status, page = started_full.ask("lab/tree/tensor/tensor.ipynb")
    assert status == 200
    assert b"Your home is full" in page and b"old data &amp; more.npy" in page and b"jupyter-config-data" not in page
    request = urllib.request.Request(
        started_full.url + "lab",
        headers={"Authorization": f"token {started_full.token}", "Cookie": "home-is-full-known=yes"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert b"jupyter-config-data" in answer.read()


def test_a_stranger_gets_neither_the_page_nor_a_file_deleted(started_full: SingleUser, live: Live):
    eve = live.hub.student("eve", COURSE)
    for path in ("full-home", "lab"):
        status, page = started_full.ask(path, token=eve)
        assert status in (302, 403) or b"old data" not in page


@pytest.fixture(scope="module")
def filled(live: Live, tmp_path_factory) -> Iterator[SingleUser]:
    """A server whose home becomes full while it runs."""
    with (
        small_home(tmp_path_factory.mktemp("filled") / "home", NOTEBOOK) as home,
        running(live.hub, home, live.url) as server,
    ):
        assert save(server, NOTEBOOK)[0] == 200
        assert change(server, "POST", "api/contents/tensor/tensor.ipynb/checkpoints")[0] == 201
        fill(home)
        yield server


def test_saving_says_why_it_fails_and_the_old_file_stays_whole(filled: SingleUser):
    notebook, checkpoint = (
        filled.home / "tensor" / name for name in ("tensor.ipynb", ".ipynb_checkpoints/tensor-checkpoint.ipynb")
    )
    before = [notebook.read_bytes(), checkpoint.read_bytes()]
    larger = NOTEBOOK | {"metadata": {"note": "y" * 100_000}}
    for _ in range(3):
        status, text = save(filled, larger)
        assert status == 507
        assert (
            "Your home is full" in json.loads(text)["message"] and "/user/ada/full-home" in json.loads(text)["message"]
        )
    for method, path in (("POST", "checkpoints"), ("POST", "checkpoints/checkpoint")):
        assert change(filled, method, f"api/contents/tensor/tensor.ipynb/{path}")[0] == 507
    assert [notebook.read_bytes(), checkpoint.read_bytes()] == before
    assert not [path.name for path in (filled.home / "tensor").iterdir() if path.name.startswith(".~")]
    assert opened(filled)["writable"] is False


def test_deleting_makes_room_at_once_and_saving_works_again(filled: SingleUser):
    """The page's form deletes a file, but no folder, no link and nothing outside the home, not even through a link."""
    page = filled.ask("full-home")[1].decode()
    keys = re.findall(r'name="file" value="([0-9a-f]+)"', page)
    assert bytes.fromhex(keys[0]).decode() == "old data & more.npy"
    (filled.home.parent / "outside.txt").write_text("mine")
    (filled.home / "link").symlink_to(FILLER)
    (filled.home / "away").symlink_to("..")
    for wrong in ("../outside.txt", "tensor", "/etc/passwd", "nobody", "link", "away", "away/outside.txt"):
        assert "was not deleted" in posted(filled, wrong.encode().hex()), wrong
    assert (filled.home.parent / "outside.txt").exists()
    assert (filled.home / "link").is_symlink() and (filled.home / FILLER).exists()
    assert "Your home has space again" in posted(filled, keys[0])
    assert save(filled, NOTEBOOK)[0] == 200
    assert opened(filled)["writable"] is True


def posted(server: SingleUser, key: str) -> str:
    headers = {"Authorization": f"token {server.token}"}
    data = urllib.parse.urlencode({"file": key}).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + "full-home", data, headers), timeout=60) as answer:
        return answer.read().decode()


def test_in_a_full_home_the_file_browser_deletes_for_good(filled: SingleUser):
    """The trash is in the same home: moving a file there frees no space, and needs some for the trash's records."""
    (filled.home / "big.npy").write_bytes(bytes(MB))
    fill(filled.home)
    assert change(filled, "DELETE", "api/contents/big.npy")[0] == 204
    assert not list(filled.home.rglob("big.npy*"))
    assert opened(filled)["writable"] is True
