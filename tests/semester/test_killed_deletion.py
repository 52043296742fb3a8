"""A deletion interrupted by kill -9 is completed by the same command, and other semesters lose nothing.

Here, one process does what the services do for `tito semester delete`, so one kill stops all of it.
"""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from tito.gradebook.frozen import Frozen
from tito.grading.freeze import freeze
from tito.grading.records import Run, Task
from tito.semester import times
from tito.semester.service.database import Action, Notice, open_database

from exchange.protocol.models import QuestionRequest
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.harness.mortal import mortal
from tests.semester.deletion import HERS, GradingHere, Stores

pytestmark = pytest.mark.service
NEXT = "next-2027"
MOMENTS = 8


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    """Two semesters with work, feedback, questions and notices; the first is frozen."""
    stores = Stores(tmp_path / "stores")
    stores.folder.mkdir()
    with FakeHub() as hub, in_thread(hub, make_settings(stores.folder / "data", hub), tmp_path) as live:
        live.clock.at("2026-11-19T12:00:00Z")
        for course in (COURSE, NEXT):
            fill_exchange(live, course)
        live.semester().freeze(COURSE)
        live.service.database.close()
    fill_grading(stores)
    fill_semester(stores)
    return stores


def fill_exchange(live: Live, course: str) -> None:
    live.open_course(course)
    student, staff = live.student(HERS if course == COURSE else "ben", course), live.staff("grace", course)
    receipt = student.submit(course, "tensor", live.outgoing({"tensor.ipynb": course})).receipt
    staff.put_feedback(course, receipt.submission, live.folder({"tensor.html": f"well done, {course}"}))
    student.report_event(course, "tensor", "tested", {})
    asked = QuestionRequest(exercise="add", text=f"why, {course}?")
    student.ask(course, "tensor", asked, live.outgoing({"tensor.ipynb": f"? {course}"}))


def fill_grading(stores: Stores) -> None:
    grading = GradingHere(stores)
    folder = grading.settings.course_dir
    for name in ("submitted", "autograded", "feedback", "source"):
        (folder / name / HERS / "tensor").mkdir(parents=True)
        (folder / name / HERS / "tensor" / "tensor.ipynb").write_text("{}")
    (folder / "gradebook.db").write_bytes(HERS.encode())
    with Session(grading.queue.engine) as session, session.begin():
        session.add(task := Task(kind="autograde", assignment="tensor", student=HERS, state="done"))
        session.flush()
        session.add(Run(task_id=task.id, kind="autograde", assignment="tensor", student=HERS, outcome="graded"))
    freeze(grading.settings, grading.queue, Frozen("2026-12-20T12:00:00.000000Z", "ida"), leave_undone=False)
    grading.queue.engine.dispose()


def fill_semester(stores: Stores) -> None:
    engine, now = stores.engine("semester", open_database), times.now()
    with Session(engine) as session, session.begin():
        for course in (COURSE, NEXT):
            about = {"course": course, "by": "ida"}
            session.add(
                Notice(text=f"to {HERS if course == COURSE else 'ben'}", section="", until=now, at=now, **about)
            )
            at = now + timedelta(days=1)
            session.add(Action(kind="collect", module="tensor", at=at, try_after=at, **about))
    engine.dispose()


def of_the_next(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    return {table: [row for row in found if NEXT in row] for table, found in rows.items()}


def without_times(rows: dict[str, list[str]]) -> dict[str, int]:
    """Return the number of rows in each table but the audit, which records each request and its time."""
    return {table: len(found) for table, found in rows.items() if table != "exchange.audit"}


def run(stores: Stores, *moments: int) -> list[str]:
    words = [sys.executable, "-m", "tests.semester.deletion", str(stores.folder), *map(str, moments)]
    return subprocess.run(mortal(words), stdout=subprocess.PIPE, text=True, timeout=300, check=True).stdout.splitlines()


def at(stores: Stores, moment: int) -> Stores:
    return Stores(Path(f"{stores.folder}-{moment}"))


def test_a_killed_deletion_is_finished_by_asking_again(stores: Stores):
    before, files = stores.rows(), stores.files()
    said, ended = run(stores, 0)
    steps, first_blob = map(int, said.split()[1:])
    whole = at(stores, 0)
    assert (ended, whole.words_of_ada(), of_the_next(whole.rows())) == ("0 0", [], of_the_next(before))
    assert steps > 3 * MOMENTS
    assert len(whole.files()) < len(files) and any("blobs" in path for path in whole.files())

    moments = [1 + number * (steps - 1) // (MOMENTS - 1) for number in range(MOMENTS)]
    moments.append(first_blob)  # its rows are deleted, and no command mentions it any more
    assert run(stores, *moments) == [f"{moment} -9" for moment in moments]
    half = swept = 0
    for moment in moments:
        left = at(stores, moment)
        assert of_the_next(left.rows()) == of_the_next(before), moment
        half += left.rows() != before or left.files() != files
        left.delete()
        assert without_times(left.rows()) == without_times(whole.rows()), moment
        assert of_the_next(left.rows()) == of_the_next(before), moment
        assert left.words_of_ada() == [], moment
        swept += left.sweep()
        assert left.files() == whole.files(), moment
    assert half > MOMENTS // 2, "most of these moments must be in the middle"
    assert swept >= 4, "the last of them is between the rows and their blobs"
