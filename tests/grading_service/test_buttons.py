"""The formgrader's buttons queue work in the grading service and show its progress, in a real browser."""

import os

import pytest

from tests.e2e.axe import grave_violations
from tests.formgrader.conftest import ARGUMENTS, CHROMIUM, Visitor
from tests.grading_service.place import GOOD, SLUG, answered, put_submission

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def ida(hub):
    from playwright.sync_api import sync_playwright

    for student, text in (("eve", answered(hub.course_dir, GOOD)), ("fay", "{")):
        put_submission(hub.course_dir, student, text)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Visitor(browser, hub, "ida").log_in()
        browser.close()


def press(ida, button: str, answer: str = "") -> str:
    """Press a button of the modules page, answer its question, and return what the progress box finally says."""
    ida.open("manage_assignments")
    ida.page.click(f"tr[data-assignment={SLUG}] button:text-is('{button}')")
    if answer:
        ida.page.click(f"dialog button:has-text('{answer}')")
    box = ida.page.locator("#jobs .job", has_text=button)
    box.locator(".text-success, .text-danger").wait_for(timeout=120_000)
    return box.inner_text()


def test_autograde_shows_progress_and_who_was_refused(ida):
    said = press(ida, "Autograde")
    assert "fay" in said
    assert "damaged" in said
    assert "eve:" not in said
    ida.open(f"manage_submissions/{SLUG}")
    ida.page.wait_for_selector("tr[data-student=eve]")
    assert "90 / 100" in ida.page.inner_text("tr[data-student=eve]")
    assert "needs manual grading" in ida.page.inner_text("tr[data-student=eve]")


def test_generate_and_feedback_are_done_by_the_service(ida, hub):
    press(ida, "Autograde")
    assert "Done" in press(ida, "Generate")
    assert "Done" in press(ida, "Feedback")
    feedback = hub.course_dir / "feedback" / "eve" / SLUG / f"{SLUG}.html"
    page = ida.context.new_page()
    page.goto(feedback.as_uri())
    assert grave_violations(page) == []
    page.close()


def test_one_submission_can_be_judged_again(ida):
    ida.open(f"manage_submissions/{SLUG}")
    ida.page.click("tr[data-student=eve] button:text-is('Autograde')")
    ida.page.locator("#jobs .job .text-success").wait_for(timeout=120_000)
    assert ida.errors == []


def test_what_cannot_be_done_is_said(ida):
    """The submissions were not collected from the exchange, so no feedback can be released; the page says so."""
    press(ida, "Autograde")
    press(ida, "Feedback")
    said = press(ida, "Release feedback", "Release with answers unread")
    assert "eve" in said
    assert "collect" in said


def test_a_release_with_answers_unread_is_asked_about_in_the_page(ida, hub):
    """Answering no sends the service no request."""
    press(ida, "Autograde")
    press(ida, "Feedback")
    # fay's file could not be judged, so a person must look at it; dora from another test file may be waiting too.
    both = "eve, fay) wait to be read"
    for page, button, waiting in (
        ("manage_assignments", f"tr[data-assignment={SLUG}] button:text-is('Release feedback')", both),
        (
            f"manage_submissions/{SLUG}",
            "tr[data-student=eve] button:text-is('Release feedback')",
            "(eve) waits to be read, 1 answer in all",
        ),
        (f"manage_submissions/{SLUG}", "#release_feedback-all", both),
    ):
        ida.open(page)
        ida.page.click(button)
        asked = ida.page.locator("dialog.ask")
        asked.wait_for()
        assert waiting in asked.inner_text()
        if folder := os.environ.get("SCREENSHOTS"):
            ida.page.screenshot(path=f"{folder}/ask.png")
        asked.locator("button", has_text="Do not release").click()
        assert asked.count() == ida.page.locator("#jobs .job").count() == 0
    assert ida.errors == []
