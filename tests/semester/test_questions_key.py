"""With `questions: false` in the semester file the exchange accepts no questions, and everybody can see this."""

from pathlib import Path

import pytest
from tito.curriculum import Curriculum
from tito.semester.read import Sources, Valid, validate
from tito.semester.service.course_view import course_view
from tito.semester.service.parts import exchange as part

from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import in_thread, make_settings
from tests.semester.conftest import ROSTER, SEMESTER

pytestmark = pytest.mark.service


@pytest.fixture
def without(curriculum: Curriculum) -> Valid:
    return validate(Sources(f"{SEMESTER}questions: false\n", ROSTER), curriculum)


def test_the_key_reaches_the_exchange_and_comes_back(
    tmp_path: Path, valid: Valid, without: Valid, curriculum: Curriculum
):
    course = valid.semester.course
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        semester = live.semester()
        for wanted, offered in ((valid, True), (without, False), (valid, True)):
            changes = [c for c in part.changes(wanted, semester, curriculum, {}) if c.subject == f"course {course}"]
            assert len(changes) == 1, "a plan names it"
            changes[0].make()
            assert semester.course(course).questions is offered
            again = [c for c in part.changes(wanted, semester, curriculum, {}) if c.subject == f"course {course}"]
            assert again == [], "and is empty once it is so"


def test_everybody_may_see_it(valid: Valid, without: Valid, curriculum: Curriculum):
    assert course_view(valid, curriculum)["questions"] is True
    assert course_view(without, curriculum)["questions"] is False
