"""Freezing a course in grading: unfinished work is awaited or named, changes are refused, and data can be deleted."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from tito.errors import TitoError
from tito.gradebook.frozen import CourseFrozen, Frozen, frozen
from tito.gradebook.lock import gradebook_lock
from tito.grading.api import make_app
from tito.grading.delete import delete_content
from tito.grading.freeze import freeze, freeze_state, unfreeze
from tito.grading.freeze_api import READING, STAYS_OPEN
from tito.grading.identity import Caller
from tito.grading.queue import Queue
from tito.grading.records import Regrade, Run, Task, open_database
from tito.grading.rights import GRADE, READ, RUN
from tito.grading.settings import GradingSettings

from tests.grading_service.in_process import InProcess

HOW = Frozen("2026-12-20T12:00:00.000000Z", "ida")


@pytest.fixture
def settings(tmp_path: Path) -> GradingSettings:
    (tmp_path / "course").mkdir()
    return GradingSettings(tmp_path / "course")


@pytest.fixture
def queue(tmp_path: Path):
    engine = open_database(f"sqlite:///{tmp_path / 'grading.sqlite'}")
    yield Queue(engine)
    engine.dispose()


def states(queue: Queue) -> list[str]:
    with Session(queue.engine) as session:
        return list(session.scalars(select(Task.state).order_by(Task.id)))


def test_what_is_still_to_do_is_named_and_left_undone_only_if_that_is_meant(settings, queue):
    queue.submit("autograde", "tensor", ["ada", "ben"])
    with pytest.raises(TitoError, match=r"still has to do autograde tensor ada, autograde tensor ben: .*--unfinished"):
        freeze(settings, queue, HOW, leave_undone=False)
    assert frozen(settings.course_dir) is None
    done = freeze(settings, queue, HOW, leave_undone=True)
    assert [each["student"] for each in done["left_undone"]] == ["ada", "ben"]
    assert (states(queue), done["unfinished"]) == (["cancelled", "cancelled"], [])
    assert freeze(settings, queue, Frozen("later", "ben"), leave_undone=False)["frozen"]["by"] == "ida"


def test_what_is_being_done_is_waited_for_whatever_is_said(settings, queue):
    queue.submit("autograde", "tensor", ["ada"])
    with Session(queue.engine) as session, session.begin():
        session.execute(update(Task).values(state="running"))
    with pytest.raises(TitoError, match="is at work on autograde tensor ada: try again in a minute"):
        freeze(settings, queue, HOW, leave_undone=True)
    assert (frozen(settings.course_dir), states(queue)) == (None, ["running"])


def test_open_requests_are_closed_with_the_reason(settings, queue):
    with Session(queue.engine) as session, session.begin():
        session.add(Regrade(assignment="tensor", student="ada", exercise="add", reason="line 2", open_key="ada"))
    assert freeze_state(settings, queue)["open_regrades"] == 1
    assert freeze(settings, queue, HOW, leave_undone=False)["open_regrades"] == 0
    with Session(queue.engine) as session:
        row = session.scalars(select(Regrade)).one()
        said = (row.answer, row.answered_by, row.open_key)
    assert said == ("The course was frozen at 2026-12-20 12:00 UTC: requests are closed.", "ida", None)


def test_nobody_gets_the_gradebooks_lock_until_it_is_unfrozen(settings, queue):
    freeze(settings, queue, HOW, leave_undone=False)
    with pytest.raises(CourseFrozen, match=r"frozen since 2026-12-20T12:00:00\.000000Z by ida"):
        gradebook_lock(settings.course_dir).__enter__()
    unfreeze(settings)
    with gradebook_lock(settings.course_dir):
        assert frozen(settings.course_dir) is None


class Everybody:
    """A Hub for which every token belongs to the same instructor."""

    async def caller(self, token: str) -> Caller:
        return Caller("ida", "user", frozenset({READ, GRADE, RUN, "access:services!service=grading"}), frozenset())


def test_every_route_that_changes_something_is_closed(settings, queue):
    freeze(settings, queue, HOW, leave_undone=False)
    app = make_app(settings, queue, Everybody())
    with InProcess(app) as http:
        paths = http.get("/openapi.json").json()["paths"]
        asked = [
            (method.upper(), re.sub(r"{\w+}", "1", path))
            for path, methods in paths.items()
            for method in methods
            if "/api/v1/" in path and method.upper() not in READING
        ]
        closed = [(m, path) for m, path in asked if (m, path.rsplit("/", 1)[1]) not in STAYS_OPEN]
        assert len(closed) >= 10
        for method, path in closed:
            answer = http.ask(method, path, json={})
            assert (answer.status_code, "is frozen since" in answer.text) == (409, True), (method, path, answer.text)


def test_what_is_held_of_a_course_goes_and_its_own_notebooks_stay(settings, queue):
    for name in ("submitted/ada/tensor", "feedback/ada/tensor", "source/tensor"):
        (settings.course_dir / name).mkdir(parents=True)
    (settings.course_dir / "roster.json").write_text("{}")
    with Session(queue.engine) as session, session.begin():
        task = Task(kind="autograde", assignment="tensor", student="ada", state="done")
        session.add(task)
        session.flush()
        session.add(Run(task_id=task.id, kind="autograde", assignment="tensor", student="ada", outcome="graded"))
    with pytest.raises(TitoError, match="the course is not frozen, so it can't be deleted"):
        delete_content(settings, queue, yes=True)
    freeze(settings, queue, HOW, leave_undone=False)
    assert delete_content(settings, queue, yes=False)["runs"] == 1
    for expected in (1, 0):  # the second time it finds nothing
        assert delete_content(settings, queue, yes=True)["runs"] == expected
    assert not any(b"ada" in path.read_bytes() for path in settings.course_dir.parent.glob("grading.sqlite*"))
    left = sorted(path.name for path in settings.course_dir.iterdir())
    assert left == ["frozen.json", "gradebook.lock", "source"]
