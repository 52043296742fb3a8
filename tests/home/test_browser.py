"""The pages in Chromium: usable by keyboard and screen reader, readable in both colour schemes and on a phone."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.e2e.axe import grave_violations
from tests.semester.campus import PASSWORD, Campus

pytestmark = pytest.mark.live
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
ARGUMENTS += ["--no-proxy-server"]  # the proxy in the environment makes the tests fail if it receives a request
AUDIT = Path(__file__).with_name("audit.js").read_text()
PAGES = [
    ("ada", ""),
    ("ada", "modules/scale"),
    ("ada", "help/student"),
    ("ada", "modules/none"),
    ("tom", "grading"),
    ("ida", "class"),
    ("ida", "semester"),
    ("ida", "semester/plan"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def people(browser, campus: Campus):
    """Return a function that logs each person in once per colour scheme."""
    contexts: dict[tuple[str, str], BrowserContext] = {}

    def log_in(name: str, scheme: str) -> BrowserContext:
        if (name, scheme) not in contexts:
            context = browser.new_context(color_scheme=scheme, timezone_id="Asia/Tokyo")
            contexts[name, scheme] = context
            log_in_page(context.new_page(), campus, name).close()
        return contexts[name, scheme]

    yield log_in
    for context in contexts.values():
        context.close()


def log_in_page(page: Page, campus: Campus, name: str) -> Page:
    page.goto(f"{campus.url}/hub/login?next=%2Fservices%2Fhome%2F")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("input[type=submit]")
    page.wait_for_url("**/services/home/**")
    return page


@pytest.fixture
def visit(people, campus: Campus):
    """A function that opens a page as a person; any message on the browser's console is a failure, except for a 404."""
    pages: list[Page] = []
    said: list[str] = []

    def open_page(name: str, path: str, scheme: str = "light", width: int = 1280) -> Page:
        page = people(name, scheme).new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{campus.url}/services/home/{path}")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert [text for text in said if "404 (Not Found)" not in text] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "path"), PAGES)
def test_a_page_has_names_landmarks_an_order_of_headings_and_contrast(visit, name, path, scheme):
    page = visit(name, path, scheme)
    assert page.evaluate(AUDIT) == []
    assert grave_violations(page) == []


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_no_page_scrolls_sideways_on_a_small_phone(visit, name, path):
    page = visit(name, path, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_times_are_in_the_viewers_own_zone_and_say_so(visit, campus):
    page = visit("ada", "modules/scale")
    shown = page.locator("dl.facts time").first
    # 00:00 in Berlin, the course's zone, is 08:00 in Tokyo (in winter)
    assert shown.inner_text().endswith("08:00")
    assert "00:00 (Europe/Berlin)" in shown.get_attribute("title")
    assert "Asia/Tokyo" in page.locator("footer").inner_text()


def test_the_next_step_is_reached_by_keyboard_in_a_few_steps_and_shows_its_focus(visit):
    page = visit("ada", "")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert "Open the notebook" in focused.inner_text()
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_a_script_in_a_guide_or_an_address_runs_nothing(visit):
    page = visit("ada", "help/student")
    assert page.locator("script:not([src])").count() == 0
    assert "alert(1)" in page.locator("article").inner_text()
    page = visit("ada", "modules/%3Cimg%20src=x%20onerror=alert(1)%3E")
    assert page.locator("main img").count() == 0


def test_the_page_works_without_javascript(browser, campus: Campus):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in_page(page, campus, "ada")
    assert page.locator(".next h2").inner_text() == "Continue Shift"
    assert page.locator("time").first.inner_text() != ""
    context.close()


def test_nothing_moves_for_whoever_asks_for_less_motion(visit):
    page = visit("ada", "")
    page.emulate_media(reduced_motion="reduce")
    moving = "[...document.querySelectorAll('*')].filter(e => /[1-9]/.test(getComputedStyle(e)[{!r}])).length"
    assert [page.evaluate(moving.format(each)) for each in ("transitionDuration", "animationDuration")] == [0, 0]


@pytest.mark.parametrize(("name", "path"), [("ada", ""), ("ida", "class")])
def test_with_forced_colours_buttons_badges_and_focus_keep_an_edge(visit, name, path):
    page = visit(name, path)
    page.emulate_media(forced_colors="active")
    edges = "all => all.filter(e => e.getClientRects().length && !parseFloat(getComputedStyle(e).borderTopWidth))"
    for marked in (".button", ".badge", "progress", "button", "input:not([type=hidden])", "select"):
        assert page.locator(marked).evaluate_all(f"{edges}.map(e => e.outerHTML)") == [], marked
    page.keyboard.press("Tab")
    assert page.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
