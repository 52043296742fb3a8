"""Two people read at the same time: each gets a different answer, both give points, and no points are lost."""

import os
import warnings

import pytest
from playwright.sync_api import expect
from sqlalchemy.exc import SAWarning
from tito.gradebook.answers import written_answers
from tito.gradebook.shared_comments import listed

from tests.formgrader import course_folder
from tests.formgrader.course_folder import COURSE, gradebook
from tests.formgrader.test_grading_by_hand import saved
from tests.grading_service.a_reading import SimpleNamespace

pytestmark = pytest.mark.live
READERS = ("gus", "hal")  # students whose answers only this test reads


def answers(course) -> dict:
    found = written_answers(SimpleNamespace(course_dir=course, course_id=COURSE), "tensor")
    return {each.student: each for each in found}


@pytest.fixture
def unread(course):
    """Two unread submissions; all others have their points."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # from nbgrader, when it adds rows
        for student in READERS:
            course_folder.submit(course, student, course_folder.answer_notebook(course))
            course_folder.autograde(course, student)
    with gradebook(course) as book:
        for student in answers(course).keys() - set(READERS):
            book.find_grade("memory", "tensor", "tensor", student).needs_manual_grade = False
        book.db.commit()
    return {answers(course)[student].page: student for student in READERS}


def next_to_read(visitor) -> str:
    """Open the next answer; return its submission."""
    visitor.open("reading/tensor/next")
    loaded(visitor)
    return visitor.page.url.split("/submissions/")[1].split("/")[0]


def loaded(visitor) -> None:
    """Wait until the page has loaded points, comments, and comments with points."""
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.wait_for_selector(".with-points", state="attached")


def test_two_read_side_by_side_and_a_comment_is_changed_for_both(visit, course, unread):
    tom, ida = visit("tom"), visit("ida")
    first, second = next_to_read(tom), next_to_read(ida)
    assert {first, second} == set(unread)
    expect(tom.page.locator("#memory")).to_be_focused()
    expect(tom.page.locator("#memory")).to_be_in_viewport()

    # One makes a comment that takes off two points; the other finds it and uses it.
    tom.page.click("summary:has-text('New comment with points')")
    tom.page.fill("[aria-label='Words of a new comment on memory']", "Name the buffer.")
    tom.page.fill("[aria-label='Points of a new comment on memory']", "-2")
    with saved(tom.page):
        tom.page.click("text=Make and use it")
    expect(tom.page.locator("#memory")).to_have_value("8")
    expect(tom.page.locator("#memory-comment")).to_have_value("Name the buffer.")
    ida.page.reload()
    loaded(ida)
    with saved(ida.page):
        ida.page.click(".with-points button:has-text('Name the buffer.')")
    expect(ida.page.locator("#memory")).to_have_value("8")
    expect(ida.page.locator(".with-points button")).to_have_attribute("aria-pressed", "true")

    # Both have the same submission open: the second is told, and a click on an outdated page loses nothing.
    ida.open(f"submissions/{first}/")
    expect(ida.page.locator("#who-reads")).to_contain_text("tom has had memory open")
    if folder := os.environ.get("SCREENSHOTS"):
        ida.page.locator("#who-reads").scroll_into_view_if_needed()
        ida.page.screenshot(path=f"{folder}/reading.png", full_page=True)
    loaded(ida)
    with saved(tom.page):
        tom.page.fill("#memory", "7")
        tom.page.press("#memory", "Tab")
    ida.page.click(".with-points button:has-text('Name the buffer.')")
    expect(ida.page.locator("#jobs")).to_contain_text("tom set the points to 7.0")
    expect(ida.page.locator("#memory")).to_have_value("7")
    assert answers(course)[unread[first]].points == 7.0

    # The comment now takes off three points for everyone who got it, except where points have been set by hand since.
    ida.page.click("summary:has-text('New comment with points')")
    ida.page.click("text=Change one for all")
    ida.page.fill("[name=points]", "-3")
    ida.page.click("text=Show what would change")
    plan = ida.page.inner_text("#main-table")
    assert "the points have been set by hand since, so they stay" in plan
    assert (answers(course)[unread[first]].points, answers(course)[unread[second]].points) == (7.0, 8.0)
    if folder:
        ida.page.screenshot(path=f"{folder}/plan.png")
    ida.page.click("text=Change it for all")
    ida.page.wait_for_url("**?done=1*")
    assert (answers(course)[unread[first]].points, answers(course)[unread[second]].points) == (7.0, 7.0)
    with gradebook(course) as book:
        ((shared, count),) = listed(book, "tensor")
    assert (shared.points, count) == (-3.0, 2)

    tom.open("reading/tensor/next")
    assert "Nothing more to read" in tom.page.inner_text("h1")
    assert (tom.errors, ida.errors, tom.dialogs) == ([], [], [])
