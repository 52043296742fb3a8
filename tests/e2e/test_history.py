"""Work that is lost in JupyterLab comes back from the history of its notebook."""

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.e2e import lab
from tests.e2e.browser import Person, chromium, person
from tests.e2e.hub import RunningHub

pytestmark = [pytest.mark.e2e, pytest.mark.live, pytest.mark.timeout(600)]
NOTEBOOK = "tensor/tensor.ipynb"
CELL = "def infer_shape"
GOOD, WRONG, UNSAVED = (f"{CELL}(data):\n    return '{text}'" for text in ("good work", "all wrong", "not saved yet"))


def test_lost_work_comes_back(hub: RunningHub):
    """Overwritten by a save, a wrong restore, an old copy; deleted: each time it is there again."""
    with chromium() as browser:
        chen = person(browser, "chen", hub.url)
        chen.log_in(hub.passwords()["chen"])
        lab.open_path(chen, NOTEBOOK)
        old_copy = lab.contents(chen, NOTEBOOK)
        assert old_copy is not None
        for text in (GOOD, WRONG):
            lab.type_into_cell(chen.page, CELL, text)
            lab.save(chen.page)
        history = open_history(chen.page)
        a_cell_comes_back(chen, history)
        a_wrong_restore_is_undone(chen, history)
        an_old_copy_in_its_place(chen, history, {"type": "notebook", "content": old_copy["content"]})
        deleted(chen, history)
        assert chen.dialogs == []


def a_cell_comes_back(chen: Person, history: FrameLocator) -> None:
    """By the keyboard; the notebook beside shows it at once."""
    choose(history, 1)
    section = history.locator("section", has_text="(infer_shape)")
    expect(section.locator("ins", has_text="good work")).to_be_visible()
    chen.picture("history-version")
    section.get_by_role("button", name=re.compile("^Restore Cell")).press("Enter")
    expect(history.get_by_role("status")).to_contain_text("The cell is as in version")
    expect(the_cell(chen.page)).to_contain_text("good work")
    chen.picture("history-restored")


def a_wrong_restore_is_undone(chen: Person, history: FrameLocator) -> None:
    """What was typed since the last save is kept before anything is put in its place."""
    lab.type_into_cell(chen.page, CELL, UNSAVED)
    restore(history)
    expect(the_cell(chen.page)).to_contain_text("good work")
    said = history.get_by_role("status").text_content() or ""
    number = re.search(r"Version (\d+) is what you had before", said)
    assert number, said
    history.get_by_role("link", name="All versions of tensor").click()
    history.get_by_role("link", name=f"Version {number[1]}: compare and restore").click()
    restore(history)
    expect(the_cell(chen.page)).to_contain_text("not saved yet")


def an_old_copy_in_its_place(chen: Person, history: FrameLocator, old_copy: dict) -> None:
    """As a second tab or an upload would."""
    lab.write_contents(chen, NOTEBOOK, old_copy)
    all_versions(history)
    choose(history, 1)
    restore(history)
    assert in_cell(chen) == UNSAVED


def deleted(chen: Person, history: FrameLocator) -> None:
    """In the file browser; its tab is closed, and the history stays."""
    page = chen.page
    page.locator(".jp-DirListing-item", has_text="tensor.ipynb").click(button="right")
    page.locator('.lm-Menu-item[data-command="filebrowser:delete"]').click()
    page.locator(".jp-Dialog .jp-mod-warn").click()
    expect(page.locator(".jp-DirListing-item", has_text="tensor.ipynb")).to_have_count(0)
    assert lab.contents(chen, NOTEBOOK) is None
    all_versions(history)
    choose(history, 0)
    restore(history)
    assert in_cell(chen) == UNSAVED


def open_history(page: Page) -> FrameLocator:
    lab.menu(page, "File", "History of the Notebook")
    history = page.frame_locator("iframe[title='History of a notebook']")
    expect(history.get_by_role("heading", name="History of tensor")).to_be_visible()
    return history


def choose(history: FrameLocator, place: int) -> None:
    """Choose a version by its place from the newest, which is 0."""
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


def in_cell(chen: Person) -> str:
    """Read the exercise's cell on disk."""
    model = lab.contents(chen, NOTEBOOK)
    assert model is not None
    cells = model["content"]["cells"]
    return next(
        cell["source"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == "infer_shape"
    )
