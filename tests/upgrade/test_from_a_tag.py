"""A class is upgraded from an earlier version to this one, and back by its backup: `make upgrade-test FROM=v0.2.0`.

It takes minutes because both versions are installed and started; it exists only if UPGRADE_FROM names the earlier one.
`test_upgrade.py` is a short form, with data that an earlier version wrote.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docker.deployed import deployed_hub
from tests.e2e.hub import CHECKOUT, RunningHub, free_port, write_semester
from tests.e2e.names import localhost_names
from tests.e2e.solving import solutions, solved
from tests.security.shell import Shell, shell_of

FROM = os.environ.get("UPGRADE_FROM", "")
NOTEBOOK = "/user/ada/api/contents/tensor/tensor.ipynb"
TAG = "tinytorch-upgrade"
STARTED = "cut -d ' ' -f 22 /proc/1/stat"  # when the first process of a container started
SECONDS = 600  # for a command in a student's terminal, on a machine that is busy with other work


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The earlier version, installed from its own lock."""
    folder = tmp_path_factory.mktemp("earlier") / "tinytorch-hub"
    for line in (
        ["git", "clone", "--quiet", str(CHECKOUT), str(folder)],
        ["git", "-C", str(folder), "checkout", "--quiet", FROM],
        ["make", "-C", str(folder), "install"],
    ):
        done = subprocess.run(line, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


@contextmanager
def local(folder: Path, semester: Path, checkout: Path, restored_from: Path | None = None) -> Iterator[RunningHub]:
    """Run a Hub of the local place; `folder` holds its state."""
    hub = RunningHub("local", folder, port=free_port(), extra={"HUB_SEMESTER": str(semester)}, checkout=checkout)
    if restored_from:
        done = hub.command("restore", str(restored_from))
        assert done.returncode == 0, done.stdout + done.stderr
    hub.prepare()
    try:
        yield hub.start()
    finally:
        if hub.process is not None and hub.process.poll() is None:
            hub.stop()


def hand_in(ada: Shell, attempt: int) -> None:
    """Submit ada's notebook."""
    said = ada.run("tito submit tensor", SECONDS)
    assert f"Your work has arrived: tensor, attempt {attempt}" in said, said


def study(ada: Shell) -> None:
    """Solve, complete and submit the first module as ada, and leave a note in ada's home."""
    ada.run("tito module start tensor", SECONDS)
    content = solved(ada.request("GET", NOTEBOOK).json()["content"], solutions("tensor"))
    saved = ada.request("PUT", NOTEBOOK, json={"type": "notebook", "format": "json", "content": content})
    assert saved.status_code == 200, saved.text
    said = ada.run("tito module complete tensor; echo mine > ~/note.txt", SECONDS)
    assert "is complete" in said, said
    hand_in(ada, 1)


def finds_her_work(ada: Shell) -> None:
    """Check that ada's receipt is valid and that the note is still there."""
    said = ada.run("tito receipt verify tensor; cat ~/note.txt", SECONDS)
    assert "Valid: ada submitted tensor" in said and "mine" in said, said


if FROM:

    @pytest.mark.live
    @pytest.mark.timeout(3600)
    def test_on_this_machine(earlier: Path, tmp_path: Path):
        semester, state = write_semester(tmp_path / "semester", "tensor"), tmp_path / "var"
        with local(state, semester, earlier) as old:
            study(shell_of(old.url, "ada", old.passwords()["ada"]))
            copied = old.command("backup", str(tmp_path / "copy"))
            assert copied.returncode == 0, copied.stderr
            passwords = old.passwords()
        with local(state, semester, CHECKOUT) as new:
            assert new.passwords() == passwords
            ada = shell_of(new.url, "ada", passwords["ada"])
            finds_her_work(ada)
            hand_in(ada, 2)
        with local(tmp_path / "back", semester, earlier, tmp_path / "copy") as back:
            ada = shell_of(back.url, "ada", passwords["ada"])
            finds_her_work(ada)
            hand_in(ada, 2)  # attempt 2 again: the earlier one came after the backup

    @pytest.mark.docker
    @pytest.mark.timeout(3 * 3600)
    def test_the_deployment(earlier: Path, tmp_path: Path):
        semester = write_semester(tmp_path / "semester", "tensor")
        with localhost_names():
            with deployed_hub(tmp_path / "hub", semester, checkout=earlier, tag=TAG) as hub:
                ada = shell_of(hub.url, "ada", hub.passwords()["ada"])
                study(ada)
                before = ada.run(STARTED)
                copied = hub.deploy("backup", str(tmp_path / "copy"))
                assert copied.returncode == 0, copied.stderr
                hub.checkout = CHECKOUT
                said = hub.deploy("up")
                assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-3000:]
                assert "This deployment is running" in said.stdout + said.stderr
                again = shell_of(hub.url, "ada", hub.passwords()["ada"])
                assert again.run(STARTED) == before, "her server was started anew"
                finds_her_work(again)
                hand_in(again, 2)
            with deployed_hub(tmp_path / "back", semester, tmp_path / "copy", checkout=earlier, tag=TAG) as back:
                ada = shell_of(back.url, "ada", back.passwords()["ada"])
                finds_her_work(ada)
                hand_in(ada, 2)
