"""The Olympics from end to end: two students submit at once, see the board, one withdraws, and both are graded."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright
from tito.curriculum import load_curriculum

import tinytorch
from hub_config.run import demo_class
from tests.e2e.hub import CHECKOUT, write_semester
from tests.home.conftest import put_in_force
from tests.home.test_browser import ARGUMENTS, AUDIT, CHROMIUM, log_in_page
from tests.home.test_grading_pages import press
from tests.home.test_pages import HOME, text_of
from tests.proxies import Proxy, named
from tests.semester.campus import PASSWORD, Campus, running_campus, wait_for
from tinytorch import nn
from tinytorch.core.olympics import entry_bytes

pytestmark = pytest.mark.live
COURSE, MODULE = "tinytorch-test", "olympics"
PAUSE_SECONDS = 0.5


@pytest.fixture(scope="module")
def campus(proxy: Proxy, tmp_path_factory: pytest.TempPathFactory):
    """A semester with only the course's module 20, and a running grading service."""
    folder = tmp_path_factory.mktemp("olympics")
    (folder / "tree").symlink_to(CHECKOUT / "course")
    write_semester(folder, MODULE)
    with named(proxy), running_campus(folder, COURSE, lambda: load_curriculum(folder / "tree")) as campus:
        put_in_force(campus, COURSE)
        with campus.grading():
            yield campus


def hand_in(campus: Campus, student: str, units: int) -> None:
    """Submit the released notebook with an entry, using the commands that a student would type."""
    entry = campus.folder / f"{student}.npz"
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, units), nn.ReLU(), nn.Linear(units, 10))
    entry.write_bytes(entry_bytes(net))
    token = demo_class.log_in(campus.api, student, PASSWORD)
    demo_class.submit({**os.environ, **campus.environment}, token, campus.folder / "homes" / student, entry)


def come_to_see(client: httpx.Client, page: str, words: str) -> None:
    """Reload a page until it contains `words`, with pauses, because the awaited work needs the processor."""
    wait_for(lambda: words in text_of(client.get(HOME + page).text), words, 300, PAUSE_SECONDS)


def by_keyboard(page: Page, name: str) -> None:
    """Go to a button using only the Tab key, and press it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").startswith(name):
            assert page.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
            with page.expect_navigation():  # the old page has already loaded, so wait for the new one
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"no button {name} is reached by keyboard")


def looks_right(page: Page, campus: Campus) -> None:
    """Check names, landmarks and contrast, and that nothing scrolls sideways on a small phone."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.reload()  # colours that are still fading to the other scheme lack contrast
        assert page.evaluate(AUDIT) == [], scheme
        page.screenshot(path=campus.folder / f"board-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 1280, "height": 900})


def test_two_hand_in_at_once_see_the_board_change_one_withdraws_and_both_are_graded(campus):
    tinytorch.manual_seed(0)
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda who: hand_in(campus, *who), (("ada", 12), ("ben", 8))))
    with closing(campus.log_in("ben")) as ben, closing(campus.log_in("ida")) as ida, sync_playwright() as playwright:
        for client in (ben, ida):
            client.get(HOME)
        assert "No entry yet" in text_of(ben.get(HOME + "board").text), "nobody is shown who has not joined"
        come_to_see(ben, f"modules/{MODULE}", "public digits")
        demo_class.join(campus.service_url("grading"), campus.token("ben"), "Otter")
        assert "Otter" in text_of(ben.get(HOME + "board").text)

        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = log_in_page(browser.new_page(), campus, "ada")
        page.get_by_role("link", name="Leaderboard").click()
        page.wait_for_url("**/board")
        assert "Blue Heron" not in page.locator("main").inner_text()
        page.get_by_label("Pseudonym").fill("Blue Heron")
        by_keyboard(page, "Join the board")
        come_to_see(ben, "board", "Blue Heron")
        page.reload()
        looks_right(page, campus)
        assert "ada" in text_of(ida.get(HOME + "board").text), "staff see who it is"

        by_keyboard(page, "Withdraw")
        assert "The entry was withdrawn" in page.locator("body").inner_text()
        browser.close()
        now = text_of(ben.get(HOME + "board").text)
        assert "Blue Heron" not in now and "Otter" in now

        assert "has begun" in press(ida, f"modules/{MODULE}/collect", "class")
        assert "has begun" in press(ida, f"modules/{MODULE}/autograde", "class")
        wait_for(lambda: graded(campus) == 2, "both to be graded", 300, PAUSE_SECONDS)


def graded(campus: Campus) -> int:
    overview = campus.ask("grading", "GET", "overview", campus.token("ida")).json()
    return next((row["graded"] for row in overview["modules"] if row["assignment"] == MODULE), 0)
