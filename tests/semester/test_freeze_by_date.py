"""A freeze given in the semester file: which dates are allowed, that it is scheduled, and that it waits for grading."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tito.curriculum import Curriculum
from tito.semester.next_term import next_term
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, Valid, validate
from tito.semester.service import schedule
from tito.semester.service.actions import Actions
from tito.semester.service.conductor import Places
from tito.semester.service.database import FREEZE, RELEASE, open_database
from tito.semester.service.freezing import CANCELLED_BY_FREEZE, CourseFrozen, Freezing
from tito.semester.service.grading_api import Grading
from tito.semester.service.hub_api import Hub
from tito.semester.service.scheduler import Scheduler

from exchange.protocol.models import CourseSettings
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.semester.conftest import ROSTER, SEMESTER

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)


def semester(line: str, curriculum: Curriculum) -> Valid:
    return validate(Sources(f"{SEMESTER}{line}\n", ROSTER), curriculum)


def test_the_schedule_freezes_the_course_once_at_that_time(curriculum):
    valid = semester("freeze: 2027-03-01 13:00", curriculum)
    assert [e for e in schedule.wanted(valid) if e.kind == FREEZE] == [schedule.Entry(AT, FREEZE, "")]
    assert not any(e.kind == FREEZE for e in schedule.wanted(semester("", curriculum)))


def test_a_freeze_before_the_last_module_closes_is_told_with_its_line(curriculum):
    with pytest.raises(SemesterError, match=r"freeze: '2026-10-13 08:00' comes before \w+ closes") as caught:
        semester("freeze: 2026-10-13 08:00", curriculum)
    assert caught.value.problems[0].line == len(SEMESTER.splitlines()) + 1


def test_next_terms_freeze_is_as_many_days_later(curriculum, tmp_path: Path):
    (tmp_path / "s.yaml").write_text(SEMESTER + "freeze: 2027-03-01 13:00  # the last grades are out\n")
    (tmp_path / "roster.csv").write_text(ROSTER)
    term = next_term(tmp_path / "s.yaml", "tiny-2027", date(2027, 10, 11), tmp_path / "n.yaml", curriculum)
    assert "freeze: 2028-03-06 13:00  # the last grades are out" in term.valid.sources.semester


class GradingAtWork:
    """A grading service that still has work to do, until it is `done`."""

    done, frozen = False, False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            self.frozen = False
            return httpx.Response(204)
        if not self.done:
            return httpx.Response(
                409, json={"rule": "grading is at work on autograde tensor ada", "value": "", "remedy": ""}
            )
        self.frozen = True
        return httpx.Response(200, json={"left_undone": []})


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        live.semester().put_course(COURSE, CourseSettings(title="Tiny"))
        yield live


@pytest.mark.service
def test_a_freeze_waits_for_grading_and_cancels_what_was_to_come(live: Live, tmp_path: Path, curriculum: Any):
    engine, grading = open_database(f"sqlite:///{tmp_path / 'semester.db'}"), GradingAtWork()
    service = Grading("http://grading.invalid", "", httpx.MockTransport(grading))
    freezing = Freezing(engine, service, lambda name: live.semester())
    places = Places(engine, tmp_path / "course", lambda: curriculum, Hub("http://hub.invalid", ""), live.semester())
    now = [AT]
    scheduler = Scheduler(engine, Actions(places, service, lambda name: live.semester(), freezing).run, lambda: now[0])
    schedule.add(engine, COURSE, schedule.Entry(AT, FREEZE, ""))
    schedule.add(engine, COURSE, schedule.Entry(AT + timedelta(days=9), RELEASE, "scale"))

    scheduler.run_due()
    [freeze, release] = schedule.listing(engine, COURSE)
    assert (freeze.state, release.state) == ("pending", "pending")
    assert "at work on autograde tensor ada" in freeze.message
    assert live.semester().course(COURSE).frozen is None

    grading.done, now[0] = True, AT + timedelta(minutes=1)
    scheduler.run_due()
    [freeze, release] = schedule.listing(engine, COURSE)
    assert (freeze.state, release.state, release.message) == ("done", "cancelled", CANCELLED_BY_FREEZE)
    assert grading.frozen
    with pytest.raises(CourseFrozen, match="unfreeze it first"):
        freezing.refuse_frozen(COURSE)
    freezing.unfreeze(COURSE, "ida")
    assert (grading.frozen, freezing.frozen(COURSE)) == (False, None)
    engine.dispose()
