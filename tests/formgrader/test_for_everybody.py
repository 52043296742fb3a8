"""The formgrader's pages have no serious accessibility violation, and a submission can be graded by keyboard."""

import pytest

from tests.e2e.axe import grave_violations
from tests.formgrader.conftest import Visitor
from tests.formgrader.test_grading_by_hand import open_submission

pytestmark = pytest.mark.live
PAGES = ("manage_assignments", "gradebook/tensor/tensor", "manage_submissions/tensor", "manage_students", "audit")


@pytest.fixture(scope="module")
def ida(browser, hub):
    visitor = Visitor(browser, hub, "ida")
    visitor.page.set_default_timeout(120_000)
    yield visitor.log_in()
    visitor.context.close()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_a_serious_violation(ida, page):
    ida.open(page)
    assert grave_violations(ida.page) == []


def test_a_submission_has_no_serious_violation_and_is_graded_by_keyboard(ida, submissions):
    open_submission(ida, submissions["cleo"])
    assert grave_violations(ida.page) == []
    ida.page.locator("#memory").focus()
    ida.page.keyboard.press("Tab")
    assert ida.page.locator(":focus").get_attribute("id") != "memory"
