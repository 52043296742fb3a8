"""Ctrl-C during a release: students see nothing or all of it, and the next process completes it once.

The generator, exchange and databases are real; KeyboardInterrupt is raised where the process is to end.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tito.curriculum import Curriculum
from tito.semester.service import schedule
from tito.semester.service.actions import Actions
from tito.semester.service.conductor import Places
from tito.semester.service.database import DONE, RELEASE, RUNNING, open_database
from tito.semester.service.freezing import Freezing
from tito.semester.service.grading_api import Grading
from tito.semester.service.hub_api import Hub
from tito.semester.service.parts import notebooks
from tito.semester.service.scheduler import Scheduler

from exchange.client import exchange_client
from exchange.client.transfer import Outgoing, pack
from exchange.protocol.models import AssignmentSettings, CourseSettings, Refused
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings

pytestmark = pytest.mark.service
SLUG, NOTEBOOK, NOBODY = "scale", "scale.ipynb", "http://127.0.0.1:9"
RELEASED_AT = datetime(2026, 10, 5, 6, 0, tzinfo=UTC)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        live.semester().put_course(COURSE, CourseSettings(title="Tiny"))
        live.semester().put_assignment(COURSE, SLUG, AssignmentSettings())
        yield live


@pytest.fixture
def new_process(live: Live, tmp_path: Path, curriculum: Curriculum) -> Iterator[Callable[[], Scheduler]]:
    """Make the scheduler as the service does when it starts."""
    engine = open_database(f"sqlite:///{tmp_path / 'semester.db'}")
    places = Places(engine, tmp_path / "course", lambda: curriculum, Hub(NOBODY, ""), live.semester())
    grading, exchange_for = Grading(NOBODY, ""), lambda name: live.semester()
    actions = Actions(places, grading, exchange_for, Freezing(engine, grading, exchange_for))
    schedule.add(engine, COURSE, schedule.Entry(RELEASED_AT, RELEASE, SLUG))

    def start() -> Scheduler:
        schedule.recover(engine)
        return Scheduler(engine, actions.run, lambda: RELEASED_AT + timedelta(minutes=1))

    yield start
    engine.dispose()


class Cut(Outgoing):
    """An upload during which the process ends."""

    def content(self) -> Iterator[bytes]:
        whole = b"".join(super().content())
        yield whole[: len(whole) // 2]
        raise KeyboardInterrupt


def _while_the_notebook_is_made(patch: pytest.MonkeyPatch) -> None:
    def half_written(engine, course, slug, fingerprint, now) -> None:
        (made,) = Path(engine.url.database).parent.glob(f"course/release/{SLUG}/{NOTEBOOK}")
        made.write_bytes(made.read_bytes()[:1000])
        raise KeyboardInterrupt

    patch.setattr(notebooks, "_remember", half_written)


def _while_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    def pack_release(folder: Path, paths) -> Outgoing:
        outgoing = pack(folder, paths)
        released = [each.path for each in outgoing.files] == [NOTEBOOK]
        return Cut(outgoing.files, outgoing.places) if released else outgoing

    patch.setattr(exchange_client, "pack", pack_release)


def _before_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(exchange_client.ExchangeClient, "release", _interrupt)


def _before_it_is_recorded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(schedule, "finish", _interrupt)


def _interrupt(*_, **__) -> None:
    raise KeyboardInterrupt


MOMENTS = (_while_the_notebook_is_made, _before_it_is_sent, _while_it_is_sent, _before_it_is_recorded)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda each: each.__name__.strip("_"))
def test_a_release_that_is_interrupted_is_whole_or_not_there_and_is_made_once(
    live: Live, new_process, tmp_path: Path, moment
):
    with pytest.MonkeyPatch.context() as patch:
        moment(patch)
        with pytest.raises(KeyboardInterrupt):
            new_process().run_due()
    engine = new_process()._engine
    seen = _fetched(live, tmp_path / "at once")
    assert seen == "" or json.loads(seen)["nbformat"] == 4
    again = new_process()
    assert again.run_due() == 1 and again.run_due() == 0
    (action,) = schedule.listing(engine, COURSE)
    assert (action.state, action.tries) == (DONE, 2)
    released = (tmp_path / "course" / "release" / SLUG / NOTEBOOK).read_text("utf-8")
    assert _fetched(live, tmp_path / "later") == released and json.loads(released)["nbformat"] == 4
    assert seen in ("", released)
    assert live.student("ada").assignment(COURSE, SLUG).release_version == 1
    assert live.fsck().damage == []


def test_nobody_else_takes_what_a_process_is_doing(new_process):
    scheduler = new_process()
    assert schedule.claim(scheduler._engine, scheduler._now()).state == RUNNING
    assert scheduler.run_due() == 0


def _fetched(live: Live, folder: Path) -> str:
    """Return the notebook that a student can fetch now, "" if there is none."""
    try:
        live.student("ada").fetch_release(COURSE, SLUG, folder)
    except Refused:
        return ""
    return (folder / NOTEBOOK).read_text("utf-8")
