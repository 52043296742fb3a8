"""The formgrader's pages for people who read them by ear, by keyboard, enlarged or without the course's colours."""

import pytest

from tests.e2e.axe import grave_violations
from tests.formgrader.test_grading_by_hand import open_submission

pytestmark = pytest.mark.live
PAGES = ("manage_assignments", "gradebook", "gradebook/tensor", "manage_submissions/tensor", "manage_students", "audit")
PAGES += ("gradebook/tensor/tensor", "manage_students/ada", "manage_students/ada/tensor", "reading")


def test_no_page_has_a_serious_violation(visit, submissions):
    tom = visit("ida")
    found = []
    for page in PAGES:
        tom.open(page)
        found += [f"{page}: {each}" for each in grave_violations(tom.page)]
    open_submission(tom, submissions["cleo"])
    found += [f"a submission: {each}" for each in grave_violations(tom.page)]
    assert found == []
