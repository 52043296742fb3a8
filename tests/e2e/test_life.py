"""From the released notebook to the score and its comments, in Chromium, against a real Hub."""

import pytest

from tests.e2e import lab, life
from tests.e2e.browser import chromium, person
from tests.e2e.hub import RunningHub

pytestmark = [pytest.mark.e2e, pytest.mark.live, pytest.mark.timeout(900)]


def test_a_modules_whole_life(hub: RunningHub):
    """Student, instructor and TA take every step; each sees what the one before did."""
    passwords = hub.passwords()
    with chromium() as browser:
        people = [person(browser, name, hub.url) for name in ("ada", "tom", "ida")]
        for somebody in people:
            somebody.log_in(passwords[somebody.name])
        life.walk(*people)
        assert [somebody.dialogs for somebody in people] == [[], [], []]


def test_jupyterlabs_course_list_leads_to_the_formgrader(hub: RunningHub):
    """An instructor finds the course list in the menu; it lists the course, and its link opens the formgrader."""
    with chromium() as browser:
        ida = person(browser, "ida", hub.url)
        ida.log_in(hub.passwords()["ida"])
        ida.go("/hub/user-redirect/lab")
        ida.page.wait_for_url("**/user/ida/lab**", timeout=lab.START_MILLISECONDS)
        ida.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=lab.START_MILLISECONDS)
        lab.menu(ida.page, "Nbgrader", "Course List")
        with ida.context.expect_page() as opened:
            ida.page.get_by_role("link", name="tinytorch-test").click()
        opened.value.wait_for_url("**/services/formgrader/**")
        opened.value.get_by_role("link", name="Manual grading").wait_for()
