"""Ways to lose work in the contents manager of a student's server; each time the history restores it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tito.atomic import write_atomically
from tito.history.room import FULL
from tito.history.versions import History
from tito.workspace import Workspace
from tornado import web

import hub_config

CONFIGURATION = Path(hub_config.__file__).parent / "server"
PATH = "tensor/tensor.ipynb"


def model(text: str) -> dict:
    cell = {"cell_type": "code", "id": "one", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
    content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {"type": "notebook", "content": content}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home" / "tinytorch"))
    workspace = Workspace.here()
    write_atomically(workspace.release("tensor"), "{}")
    workspace.notebook("tensor").parent.mkdir()
    return workspace


@pytest.fixture
def contents(home: Workspace, monkeypatch: pytest.MonkeyPatch):
    """The contents manager of a student's server."""
    monkeypatch.syspath_prepend(str(CONFIGURATION))
    import full_home
    import notebook_history

    root = str(home.package.parent)
    return notebook_history.Contents(root_dir=root, checkpoints_class=full_home.Checkpoints, delete_to_trash=False)


def texts(home: Workspace) -> list[str]:
    """Return the only cell's text in each version, oldest first."""
    kept = History(home, "tensor")
    return [json.loads(kept.read(version))["cells"][0]["source"][0] for version in kept.versions()]


def on_disk(home: Workspace) -> str:
    return json.loads(home.notebook("tensor").read_text())["cells"][0]["source"][0]


def back(home: Workspace, text: str) -> None:
    """Restore the last version with this text, using the students' command."""
    from tito.history.restoring import restore

    number = History(home, "tensor").versions()[len(texts(home)) - 1 - texts(home)[::-1].index(text)].number
    restore(home, "tensor", number)
    assert on_disk(home) == text


async def test_deleted(contents, home: Workspace):
    await contents.save(model("work"), PATH)
    await contents.delete(PATH)
    assert not home.notebook("tensor").exists()
    back(home, "work")


async def test_deleted_with_its_folder(contents, home: Workspace):
    contents.always_delete_dir = True
    home.notebook("tensor").write_text(json.dumps(model("never saved by Jupyter")["content"] | {"x": 1}))
    await contents.delete("tensor")
    assert not home.notebook("tensor").parent.exists()
    assert len(History(home, "tensor").versions()) == 1


async def test_renamed_and_worked_on(contents, home: Workspace):
    await contents.save(model("work"), PATH)
    await contents.rename(PATH, "tensor/old.ipynb")
    await contents.save(model("more work"), "tensor/old.ipynb")
    await contents.delete("tensor/old.ipynb")
    back(home, "more work")


async def test_overwritten_with_an_old_copy(contents, home: Workspace):
    """Another program overwrites the notebook, and Jupyter then saves its open tab over that."""
    await contents.save(model("work"), PATH)
    home.notebook("tensor").write_text(json.dumps({"cells": [{"source": ["old copy"]}]}))
    await contents.save(model("an old tab"), PATH)
    assert texts(home) == ["work", "old copy", "an old tab"]
    back(home, "work")


async def test_reverted_to_a_checkpoint(contents, home: Workspace):
    """A checkpoint is as old as the last manual save and lacks what was autosaved since."""
    await contents.save(model("days ago"), PATH)
    await contents.create_checkpoint(PATH)
    await contents.save(model("today"), PATH)
    await contents.restore_checkpoint("checkpoint", PATH)
    assert on_disk(home) == "days ago"
    back(home, "today")


async def test_two_tabs(contents, home: Workspace):
    for text in ("tab one", "tab two", "tab one", "tab two, more"):
        await contents.save(model(text), PATH)
    assert texts(home) == ["tab one", "tab two", "tab one", "tab two, more"]
    back(home, "tab one")


async def test_the_wrong_version_restored(contents, home: Workspace):
    for text in ("first", "second"):
        await contents.save(model(text), PATH)
    back(home, "first")
    back(home, "second")


KILLED = """
import asyncio, json, os, sys
sys.path.insert(0, sys.argv[1])
import notebook_history
contents = notebook_history.Contents(root_dir=sys.argv[2])
model = json.loads(sys.argv[3])
async def main():
    await contents.save(model, "tensor/tensor.ipynb")
    model["content"]["cells"][0]["source"] = "the last save"
    notebook_history.keep_file = lambda *_: os.kill(os.getpid(), 9)
    contents._keep_now = lambda place, why: os.kill(os.getpid(), 9) if why == "saved" else None
    await contents.save(model, "tensor/tensor.ipynb")
asyncio.run(main())
"""


async def test_killed_between_a_save_and_its_version(contents, home: Workspace):
    """The file is complete, and the next save first adds what was on disk to the history."""
    command = [sys.executable, "-c", KILLED, str(CONFIGURATION), str(home.package.parent), json.dumps(model("work"))]
    assert subprocess.run(command, capture_output=True, timeout=250).returncode == -9
    assert (on_disk(home), texts(home)) == ("the last save", ["work"])
    await contents.save(model("an old tab"), PATH)
    assert texts(home) == ["work", "the last save", "an old tab"]


async def test_a_full_home_gives_up_versions_for_a_save(contents, home: Workspace, monkeypatch: pytest.MonkeyPatch):
    """If the disk has no space for the notebook, old versions are deleted until it can be saved."""
    import room

    for number in range(12):
        await contents.save(model(f"save {number}"), PATH)
    replacing, kept = room.replacing, History(home, "tensor")

    def full(path):
        if len(kept.files()) > 3:
            raise OSError(FULL[0], "No space left on device")
        return replacing(path)

    monkeypatch.setattr(room, "replacing", full)
    await contents.save(model("in a full home"), PATH)
    assert on_disk(home) == "in a full home"
    assert texts(home)[-2:] == ["save 11", "in a full home"]


async def test_a_home_that_stays_full_says_so_and_keeps_the_newest(contents, home: Workspace, monkeypatch):
    import room

    for number in range(3):
        await contents.save(model(f"save {number}"), PATH)

    def full(path):
        raise OSError(FULL[0], "No space left on device")

    monkeypatch.setattr(room, "replacing", full)
    with pytest.raises(web.HTTPError, match="Your home is full"):
        await contents.save(model("lost"), PATH)
    assert (on_disk(home), texts(home)) == ("save 2", ["save 2"])


async def test_what_is_no_module_s_has_no_history(contents, home: Workspace):
    await contents.save(model("notes"), "notes.ipynb")
    assert not (home.package / ".history").exists()
