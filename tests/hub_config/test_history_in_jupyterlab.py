"""Work that is lost in JupyterLab is restored from the notebook's history, in a browser with a real server."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.e2e import lab
from tests.e2e.axe import grave_violations
from tests.e2e.browser import Person, chromium, person
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import in_thread, make_settings
from tests.hub_config.single_user import SingleUser, running
from tests.hub_config.small_home import FILLER, fill, small_home

pytestmark = [pytest.mark.e2e, pytest.mark.live, pytest.mark.timeout(600)]
AUDIT = (Path(__file__).parents[1] / "home" / "audit.js").read_text()
NOTEBOOK = "tensor/tensor.ipynb"
CELL = "def infer_shape"
GOOD, WRONG, UNSAVED, SAVED_LAST, IN_FULL, LARGE = (
    f"{CELL}(data):\n    return '{text}'"
    for text in ("good work", "all wrong", "not saved yet", "saved last", "in a full home", "large " * 20_000)
)
IS_ROOT = os.geteuid() == 0  # only root can mount a small file system
STEPS = f"{CELL}(data):\n    raise NotImplementedError", "print('another cell')"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[SingleUser]:
    """A server whose home has a notebook of two cells; without a Hub, it accepts a token in the address."""
    folder = tmp_path_factory.mktemp("history")
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
        for n, text in enumerate(STEPS)
    ]
    cells[0]["metadata"] = {"nbgrader": {"grade_id": "infer_shape", "schema_version": 3, "solution": True}}
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"cells": cells, "metadata": python, "nbformat": 4, "nbformat_minor": 5}
    with ExitStack() as stack:
        home = stack.enter_context(home_with(folder / "home", notebook))
        hub = stack.enter_context(FakeHub())
        live = stack.enter_context(in_thread(hub, make_settings(folder / "data", hub), folder))
        live.open_course(due_at=None)
        yield stack.enter_context(running(hub, home, live.url, {"JUPYTERHUB_ALLOW_TOKEN_IN_URL": "1"}))


@contextmanager
def home_with(place: Path, notebook: dict) -> Iterator[Path]:
    """Make a home, which can be filled if root runs the tests."""
    if IS_ROOT:
        with small_home(place, notebook, megabytes=16) as home:
            yield home
        return
    (place / NOTEBOOK).parent.mkdir(parents=True)
    (place / NOTEBOOK).write_text(json.dumps(notebook))
    yield place


def test_lost_work_comes_back(server: SingleUser):
    """Work is restored after a wrong restore, an old copy, a checkpoint, a reset, a deletion, a killed server, an
    overwrite from a second tab, and, if root runs the tests, in a full home.
    """
    pictures = os.environ.get("E2E_PICTURES")
    with chromium() as browser:
        origin = server.url.removesuffix("/user/ada/")
        ada = person(browser, "ada", origin, Path(pictures) if pictures else None)
        open_notebook(ada, server)
        lab.save(ada.page)  # including what a kernel adds to a notebook, so that later saves differ only in the text
        old_copy = lab.contents(ada, NOTEBOOK)
        assert old_copy is not None
        for text in (GOOD, WRONG):
            lab.type_into_cell(ada.page, CELL, text)
            lab.save(ada.page)
        history = open_history(ada)
        a_cell_comes_back(ada, history)
        a_wrong_restore_is_undone(ada, history)
        an_old_copy_in_its_place(ada, history, server, old_copy["content"])
        reverted_to_the_checkpoint(ada, history)
        reset(ada, history, server)
        deleted(ada, history)
        history = killed(ada, server)
        two_tabs(ada, history, server)
        if IS_ROOT:
            in_a_full_home(ada, history, server)
        assert ada.dialogs == []


def a_cell_comes_back(ada: Person, history: FrameLocator) -> None:
    """Restore a cell by keyboard; the open notebook shows it immediately."""
    choose(history, 1)
    section = history.locator("section", has_text="(infer_shape)")
    expect(section.locator("ins", has_text="good work")).to_be_visible()
    assert history.locator("html").evaluate(AUDIT) == []
    ada.picture("history-version")
    section.get_by_role("button", name=re.compile("^Restore Cell")).press("Enter")
    expect(history.get_by_role("status")).to_contain_text("The cell is as in version")
    expect(the_cell(ada.page)).to_contain_text("good work")
    ada.picture("history-restored")


def a_wrong_restore_is_undone(ada: Person, history: FrameLocator) -> None:
    """Before a restore, text that was typed since the last save is kept as a version."""
    lab.type_into_cell(ada.page, CELL, UNSAVED)
    restore(history)
    expect(the_cell(ada.page)).to_contain_text("good work")
    said = history.get_by_role("status").text_content() or ""
    number = re.search(r"Version (\d+) is what you had before", said)
    assert number, said
    history.get_by_role("link", name="All versions of tensor").click()
    history.get_by_role("link", name=f"Version {number[1]}: compare and restore").click()
    restore(history)
    expect(the_cell(ada.page)).to_contain_text("not saved yet")


def an_old_copy_in_its_place(ada: Person, history: FrameLocator, server: SingleUser, content: dict) -> None:
    """Restore after an old copy was written over the notebook, as by an upload."""
    headers = {"Authorization": f"token {server.token}"}
    model = {"type": "notebook", "content": content}
    answer = httpx.put(f"{server.url}api/contents/{NOTEBOOK}", headers=headers, json=model, timeout=30)
    assert answer.is_success, answer.text
    all_versions(history)
    choose(history, 1)
    restore(history)
    assert in_cell(ada) == UNSAVED


def reverted_to_the_checkpoint(ada: Person, history: FrameLocator) -> None:
    """Restore after a return to JupyterLab's checkpoint, which is from the last manual save."""
    page = ada.page
    page.locator(".jp-NotebookPanel .jp-CodeCell").first.click()
    lab.menu(page, "File", "Revert Notebook to Checkpoint…")
    page.locator(".jp-Dialog .jp-mod-warn").click()
    expect(the_cell(page)).to_contain_text("all wrong")
    all_versions(history)
    choose(history, 1)
    restore(history)
    assert in_cell(ada) == UNSAVED


def reset(ada: Person, history: FrameLocator, server: SingleUser) -> None:
    """Restore after `tito module reset`."""
    homes = {"HOME": str(server.home), "TINYTORCH_HOME": str(server.home / "tinytorch")}
    command = [sys.executable, "-m", "tito.cli", "module", "reset", "tensor", "--yes"]
    subprocess.run(command, env=os.environ | homes, check=True, capture_output=True, timeout=120)
    model = lab.contents(ada, NOTEBOOK)
    assert model is not None
    assert "not saved yet" not in json.dumps(model)
    all_versions(history)
    choose(history, 0)
    restore(history)
    assert in_cell(ada) == UNSAVED


def deleted(ada: Person, history: FrameLocator) -> None:
    """Restore after a deletion in the file browser, which closes the notebook's tab but not the history."""
    page = ada.page
    page.locator(".jp-DirListing-item", has_text="tensor.ipynb").click(button="right")
    page.locator('.lm-Menu-item[data-command="filebrowser:delete"]').click()
    page.locator(".jp-Dialog .jp-mod-warn").click()
    expect(page.locator(".jp-DirListing-item", has_text="tensor.ipynb")).to_have_count(0)
    assert lab.contents(ada, NOTEBOOK) is None
    all_versions(history)
    choose(history, 0)
    restore(history)
    assert in_cell(ada) == UNSAVED


def killed(ada: Person, server: SingleUser) -> FrameLocator:
    """After kill -9, the last save is there, and so is the version before it."""
    open_notebook(ada, server)
    lab.type_into_cell(ada.page, CELL, SAVED_LAST)
    lab.save(ada.page)
    lab.type_into_cell(ada.page, CELL, GOOD)
    server.kill()
    server.start_again()
    open_notebook(ada, server)
    expect(the_cell(ada.page)).to_contain_text("saved last")
    history = open_history(ada)
    choose(history, 1)
    restore(history)
    assert in_cell(ada) == UNSAVED
    all_versions(history)
    choose(history, 1)
    restore(history)
    assert in_cell(ada) == SAVED_LAST
    return history


def two_tabs(ada: Person, history: FrameLocator, server: SingleUser) -> None:
    """Restore after a second tab with an older state overwrote the notebook, which the student confirmed."""
    other = replace(ada, page=ada.context.new_page())
    open_notebook(other, server)
    lab.type_into_cell(ada.page, CELL, GOOD)
    lab.save(ada.page)
    lab.type_into_cell(other.page, CELL, WRONG)
    other.page.keyboard.press("Control+s")
    other.page.locator(".jp-Dialog-button", has_text="Overwrite").click()
    expect(other.page.locator(".jp-mod-dirty")).to_have_count(0)
    assert in_cell(ada) == WRONG
    other.page.close()
    all_versions(history)
    choose(history, 1)
    restore(history)
    assert in_cell(ada) == GOOD


def in_a_full_home(ada: Person, history: FrameLocator, server: SingleUser) -> None:
    """Old versions are deleted before a save fails; a save without space says so, and no work is lost."""
    before = len(kept_in(server))
    fill(server.home)
    lab.type_into_cell(ada.page, CELL, IN_FULL)
    lab.save(ada.page)
    assert in_cell(ada) == IN_FULL
    assert len(kept_in(server)) < before
    fill(server.home)
    lab.type_into_cell(ada.page, CELL, LARGE)
    ada.page.keyboard.press("Control+s")
    expect(ada.page.locator(".jp-Dialog")).to_contain_text("Your home is full: nothing was saved")
    ada.picture("full-home-save")
    ada.page.locator(".jp-Dialog button").last.click()
    assert in_cell(ada) == IN_FULL
    makes_room(ada, server)
    lab.save(ada.page)
    assert in_cell(ada) == LARGE
    all_versions(history)
    choose(history, 1)
    restore(history)
    assert in_cell(ada) == IN_FULL


def makes_room(ada: Person, server: SingleUser) -> None:
    """Delete a file in another tab, as the message says, so that the notebook stays open."""
    page = ada.context.new_page()
    for path in ("history/tensor", "full-home"):
        page.goto(f"{server.url}{path}")
        assert page.evaluate(AUDIT) == []
        assert grave_violations(page) == [], path
    expect(page.get_by_role("heading", name="Your home is full")).to_be_visible()
    page.get_by_role("button", name=f"Delete {FILLER}").click()
    expect(page.get_by_role("heading", name="Your home has space again")).to_be_visible()
    page.close()


def kept_in(server: SingleUser) -> list[Path]:
    """Return the files of all versions."""
    return [path for path in (server.home / "tinytorch" / ".history").rglob("*") if path.is_file()]


def open_notebook(ada: Person, server: SingleUser) -> None:
    ada.page.goto(f"{server.url}lab/tree/{NOTEBOOK}?token={server.token}")
    expect(the_cell(ada.page)).to_be_visible(timeout=lab.START_MILLISECONDS)
    lab.wait_for_idle(ada.page)


def open_history(ada: Person) -> FrameLocator:
    page = ada.page
    lab.menu(page, "File", "History of the Notebook")
    history = page.frame_locator("iframe[title='History of a notebook']")
    expect(history.get_by_role("heading", name="History of tensor")).to_be_visible()
    assert history.locator("html").evaluate(AUDIT) == []
    ada.picture("history")
    return history


def choose(history: FrameLocator, place: int) -> None:
    """Choose a version by its position; the newest is 0."""
    history.get_by_role("link", name="compare and restore").nth(place).click()
    expect(history.get_by_role("button", name="Restore the whole notebook")).to_be_visible()


def restore(history: FrameLocator) -> None:
    history.get_by_role("button", name="Restore the whole notebook").click()
    expect(history.get_by_role("status")).to_contain_text(f"{NOTEBOOK} is as in version")


def all_versions(history: FrameLocator) -> None:
    history.get_by_role("link", name="All versions of tensor").click()
    expect(history.get_by_role("heading", name="History of tensor")).to_be_visible()


def the_cell(page: Page):
    return page.locator(".jp-CodeCell", has_text=CELL).first


def in_cell(ada: Person) -> str:
    """Return the text of the exercise's cell on disk."""
    model = lab.contents(ada, NOTEBOOK)
    assert model is not None
    cells = model["content"]["cells"]
    return next(
        cell["source"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == "infer_shape"
    )
