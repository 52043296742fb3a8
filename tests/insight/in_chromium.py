"""Insight in Chromium: clicks from the Class page to a student's code, and what axe-core reports for each page."""

import contextlib
from collections.abc import Iterator

from playwright.sync_api import BrowserContext, Page, sync_playwright

from hub_config.home.session import COOKIE
from tests.e2e.axe import grave_violations
from tests.home.beside_exchange import HOME

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-proxy-server"]


@contextlib.contextmanager
def chromium(url: str, cookie: str) -> Iterator[BrowserContext]:
    """Open the browser of a person who has logged in; a request to any server other than `url` fails the block."""
    asked_for: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": url}])
        context.on(
            "request", lambda asked: None if asked.url.startswith((url, "data:")) else asked_for.append(asked.url)
        )
        yield context
        browser.close()
    assert [each for each in asked_for if not each.startswith((url, "data:"))] == []


def walk(page: Page, url: str, links: list[str]) -> list[str]:
    """Open the Class page and click the first of each of `links`; return grave violations of the pages that follow."""
    page.goto(f"{url}{HOME}class")
    found = []
    for link in links:
        page.locator(link).first.click()
        page.wait_for_load_state()
        found += [f"{page.url}: {each}" for each in grave_violations(page)]
    return found


def pictures_without_words(page: Page) -> list[str]:
    """Return bars and pictures that a screen reader would skip without a word."""
    shown = page.locator(":is(main progress, main meter, main svg, main img, main canvas):not([aria-hidden=true])")
    return shown.evaluate_all("all => all.filter(e => !e.ariaLabel && !e.alt).map(e => e.outerHTML)")
