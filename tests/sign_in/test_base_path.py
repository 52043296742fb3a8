"""A Hub under a path of the campus proxy: login, course, formgrader and a kernel work in a browser without errors."""

import pytest
from playwright.sync_api import Page

from hub_config.secret_files import read_passwords
from tests.e2e.browser import chromium, person
from tests.e2e.hub import free_port
from tests.e2e.lab import wait_for_idle
from tests.semester.campus import wait_for
from tests.sign_in.door import running_door
from tests.sign_in.secure import WITH_FORMGRADER

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
PATH = "/tinytorch"


def test_everything_stands_under_the_path(tmp_path):
    port = str(free_port())
    url = f"http://127.0.0.1:{port}{PATH}/"
    own = {"HUB_PORT": port, "HUB_URL": url, "HUB_WITHOUT": WITH_FORMGRADER}
    with running_door(tmp_path, "generated-passwords", **own) as door, chromium("--no-proxy-server") as browser:
        passwords = read_passwords(door.settings.secrets)
        ada, ida = person(browser, "ada", door.url), person(browser, "ida", door.url)
        complaints = [watch(somebody.page, url) for somebody in (ada, ida)]
        ada.log_in(passwords["ada"])  # without an error of the login page's scripts: darkmode.js needs a button
        assert f"{PATH}/services/home/" in ada.page.url
        ada.page.goto(f"{door.url}/hub/spawn")
        ada.page.wait_for_url(f"**{PATH}/user/ada/lab**", timeout=120_000)
        wait_for_idle_launcher(ada.page)
        ida.log_in(passwords["ida"])
        assert ida.go("/services/formgrader/") == 200
        assert complaints == [[], []]


def watch(page: Page, url: str) -> list[str]:
    """Record a page's requests outside the path, failed requests, and script errors."""
    noted: list[str] = []
    page.on("request", lambda asked: f"{asked.url}/".startswith(url) or noted.append(f"outside: {asked.url}"))
    page.on("response", lambda got: got.status < 400 or noted.append(f"{got.status}: {got.url}"))
    page.on("pageerror", lambda error: noted.append(f"script: {error}"))
    return noted


def wait_for_idle_launcher(page: Page) -> None:
    """Start a kernel from the launcher and wait until it is idle."""
    page.get_by_title("Python 3 (ipykernel)").first.click()
    wait_for(lambda: page.locator(".jp-Notebook").count() > 0, "a notebook", 60)
    wait_for_idle(page)
