"""JupyterLab as a person uses it: open a notebook, type into a cell, run, look, use a terminal."""

import re
import time

import httpx
from playwright.sync_api import Page, TimeoutError, expect

from tests.e2e.browser import Person
from tests.e2e.names import server_origin

START_MILLISECONDS = 90_000


def open_path(person: Person, path: str) -> None:
    """Open a file in the workspace by its address, which starts the workspace if it is stopped."""
    page = person.page
    page.goto(f"{person.hub_url}/hub/user-redirect/lab/tree/{path}")
    page.wait_for_url(re.compile(r"/user/[^/]+/lab"), timeout=START_MILLISECONDS)
    page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=START_MILLISECONDS)


def open_notebook(person: Person, path: str) -> None:
    """Open a notebook and wait until its kernel is idle."""
    open_path(person, path)
    person.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=START_MILLISECONDS)
    wait_for_idle(person.page)


def wait_for_idle(page: Page) -> None:
    """Wait until the kernel of the active notebook is idle; if it never is, report what a person would see."""
    status = page.locator(".jp-StatusBar-Left")
    try:
        status.filter(has_text="| Idle").wait_for(timeout=120_000)
    except TimeoutError as error:
        shown = [*status.all_inner_texts(), *page.locator(".jp-Dialog").all_inner_texts()]
        raise AssertionError(f"the kernel is not idle after two minutes; the page shows {shown}") from error
    indicator = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator")
    expect(indicator).to_have_attribute("data-status", "idle", timeout=120_000)


def menu(page: Page, *names: str) -> None:
    """Choose from the menu bar."""
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{names[0]}$")).click()
    for name in names[1:]:
        page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(name)}$")).click()


def run_all(page: Page) -> None:
    """Run every cell and wait for the last."""
    menu(page, "Run", "Run All Cells")
    page.wait_for_timeout(500)  # the kernel must start the first cell; it is idle before that too
    wait_for_idle(page)


def save(page: Page) -> None:
    """Save the active notebook."""
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-TabBar-tab.jp-mod-current.jp-mod-dirty")).to_have_count(0)


def type_into_cell(page: Page, containing: str, source: str) -> None:
    """Replace the text of the code cell that contains a string, as a person would: click, select all, type."""
    cell = page.locator(".jp-CodeCell", has_text=containing).first
    cell.scroll_into_view_if_needed()
    editor = cell.locator(".cm-content").first
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)


SESSION = "terminal-session.txt"
PROMPT = re.compile(r"\w+@tinytorch:[^$]*\$ $")


def terminal(person: Person) -> None:
    """Open a terminal; `script` copies its output to a file, which is read as the file browser would."""
    menu(person.page, "File", "New", "Terminal")
    person.page.locator(".jp-Terminal:not(.lm-mod-hidden) .xterm-helper-textarea").wait_for(state="attached")
    person.page.locator(".jp-Terminal:not(.lm-mod-hidden)").last.click()
    person.page.keyboard.type(f"exec script -qf {SESSION}\n")
    _shown(person, after="", seconds=30)
    person.page.keyboard.type("clear\n")


def type_command(person: Person, command: str, seconds: float = 120) -> str:
    """Type a command into the active terminal, wait for the next prompt, and return what was printed in between."""
    person.page.locator(".jp-Terminal:not(.lm-mod-hidden)").last.click()
    person.page.keyboard.type(f"{command}\n")
    return _shown(person, after=command, seconds=seconds)


def _shown(person: Person, after: str, seconds: float) -> str:
    deadline = time.monotonic() + seconds
    while True:
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", (contents(person, SESSION) or {"content": ""})["content"])
        _, found, printed = text.rpartition(after) if after else ("", text, text)
        if found and PROMPT.search(printed):
            return printed
        assert time.monotonic() < deadline, f"{after!r} did not end; so far:\n{text}"
        person.page.wait_for_timeout(200)


def contents(person: Person, path: str) -> dict | None:
    """Read a file of the workspace as the page could; None if it does not exist."""
    answer = _ask(person, "GET", f"api/contents/{path}")
    return answer.json() if answer.is_success else None


def write_contents(person: Person, path: str, model: dict) -> None:
    """Write a file of the workspace as the page could."""
    xsrf = next(
        cookie for cookie in person.context.cookies() if cookie["name"] == "_xsrf" and person.name in cookie["path"]
    )
    answer = _ask(person, "PUT", f"api/contents/{path}", {"X-XSRFToken": xsrf["value"]}, json=model)
    assert answer.is_success, answer.text


def _ask(person: Person, method: str, path: str, headers: dict[str, str] | None = None, **more) -> httpx.Response:
    """Send a request to the person's server with the browser's cookies."""
    address = f"{server_origin(person.hub_url, person.name)}/user/{person.name}/"
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in person.context.cookies(address))
    return httpx.request(method, address + path, headers={"Cookie": cookies, **(headers or {})}, timeout=30, **more)
