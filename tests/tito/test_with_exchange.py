"""A student's commands with the real exchange: they show dates, and the course learns what was tested and completed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.protocol.models import AssignmentSettings, CourseSettings
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings

pytestmark = pytest.mark.service


@pytest.fixture
def live(course: Path, releases: dict[str, str], tmp_path: Path) -> Iterator[Live]:
    """The exchange, with the first two tiny modules released and the first one due tomorrow."""
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        live.clock.at("2026-11-19T12:00:00Z")
        with live.semester() as semester:
            semester.put_course(COURSE, CourseSettings(title="Tiny"))
            for slug, due in (("scale", "2026-11-20T12:00:00.000000Z"), ("shift", None)):
                semester.put_assignment(COURSE, slug, AssignmentSettings(due_at=due))
                semester.release(COURSE, slug, live.folder({f"{slug}.ipynb": releases[slug]}))
        yield live


@pytest.fixture
def ada(live: Live, workspace, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of ada's server: her token and the exchange's address; return the token."""
    token = live.hub.student("ada", COURSE)
    monkeypatch.setenv("EXCHANGE_URL", live.url)
    monkeypatch.setenv("EXCHANGE_COURSE", COURSE)
    monkeypatch.setenv("COURSE_TOKEN", token)
    return token


def test_from_fetch_to_submission(live: Live, ada: str, workspace, curriculum, notebook_class, tito):
    assert tito("fetch", "scale").code == 0
    assert workspace.release("scale").is_file() and workspace.notebook("scale").is_file()
    assert {row["module"]: row["state"] for row in tito("module", "status", "--json").json}["scale"] == "released"
    assert tito("module", "start", "scale").code == 0
    notebook = notebook_class(workspace.notebook("scale"), curriculum.find("scale").source)
    assert tito("module", "test", "scale").code == 1
    notebook.solve()
    assert tito("module", "complete", "scale").code == 0
    answer = tito("submit", "scale")
    assert answer.code == 0, answer.err
    events = live.client(ada).events(COURSE)
    assert [event.kind for event in events] == ["fetched", "tested", "completed", "submitted"]
    assert events[1].detail == {"points": 0.0, "points_possible": 25.0}


def test_status_shows_what_is_due(ada: str, tito):
    said = tito("status")
    assert said.err == ""
    here = datetime(2026, 11, 20, 12, tzinfo=UTC).astimezone()
    assert f"Due\n  {here:%a %d %b %H:%M %Z}  scale\n" in said.out
    (row,) = tito("status", "--json").json["due"]
    assert (row["module"], row["due"], row["open"], row["submitted"]) == (
        "scale",
        "2026-11-20T12:00:00.000000Z",
        True,
        None,
    )


def test_a_refused_event_is_told_and_costs_nothing(
    live: Live, ada: str, started, tito, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EXCHANGE_COURSE", "another")
    started("scale").solve()
    answer = tito("module", "complete", "scale")
    assert answer.code == 0
    assert answer.err.startswith("Could not report to the course that scale was completed: ")
