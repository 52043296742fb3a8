"""A person in Chromium: log in, open pages, take screenshots."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
VIEW = {"width": 1280, "height": 860}


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Start Debian's Chromium with more flags."""
    playwright: Playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*FLAGS, *flags])
        yield browser
        browser.close()


@dataclass
class Person:
    """A person with their own browser; `pictures` is the folder for screenshots, None for no screenshots."""

    name: str
    hub_url: str
    context: BrowserContext
    page: Page
    pictures: Path | None = None
    dialogs: list[str] = field(default_factory=list)

    def log_in(self, password: str) -> None:
        """Log in at the login page and arrive at the course."""
        self.page.goto(self.hub_url)
        self.page.get_by_label("Username").fill(self.name)
        self.page.locator("#password_input").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/services/home/**")

    def go(self, path: str) -> int:
        """Open a page of the Hub; return its status."""
        answer = self.page.goto(self.hub_url + path)
        return answer.status if answer else 0

    def picture(self, name: str) -> None:
        """Save a screenshot of the page."""
        if self.pictures:
            self.page.screenshot(path=self.pictures / f"{name}.png")


def person(browser: Browser, name: str, hub_url: str, pictures: Path | None = None) -> Person:
    """Give a person a fresh browser profile; alerts that scripts raise are recorded in `dialogs`."""
    context = browser.new_context(viewport=VIEW, locale="en-GB", timezone_id="Europe/Berlin")
    page = context.new_page()
    page.set_default_timeout(30_000)
    somebody = Person(name, hub_url, context, page, pictures)

    def note(dialog) -> None:
        if dialog.type == "beforeunload":
            dialog.accept()  # confirm leaving a page with unsaved work
            return
        somebody.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    return somebody
