"""An entry's way: handed in beside the notebook through the real exchange, measured by the grading service, told."""

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tito.curriculum import load_curriculum
from tito.grading.arrivals import Arrivals
from tito.grading.queue import Queue
from tito.grading.records import Run, open_database
from tito.grading.runner import Runner
from tito.grading.settings import GradingSettings
from tito.grading.tasks.measure import secret_seed
from tito.semester.read import read
from tito.semester.service.parts.exchange import changes
from tito.source.release import release_notebook
from tito.student.exchange_commands import describe_result

import tinytorch
from exchange.protocol.models import Refused
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import in_thread, make_settings
from tests.grading.conftest import CHECKOUT
from tinytorch import nn
from tinytorch.core.olympics import entry_bytes

pytestmark = pytest.mark.service
SLUG = "olympics"
CURRICULUM = load_curriculum(CHECKOUT / "course")
MODULE = CURRICULUM.find(SLUG)
VALID = read(CHECKOUT / "course" / "semesters" / "2028-29.yaml", CURRICULUM)
COURSE = VALID.semester.course


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """An exchange as the semester of the whole course makes it, while module 20 is open."""
    scratch = tmp_path_factory.mktemp("exchange")
    with FakeHub() as hub, in_thread(hub, make_settings(scratch / "data", hub), scratch) as live:
        live.clock.at("2029-06-01T12:00:00Z")
        semester = live.semester()
        for change in changes(VALID, semester, CURRICULUM, {}):
            change.make()
        release = release_notebook(MODULE, CURRICULUM)
        semester.release(COURSE, SLUG, live.folder({f"{SLUG}.ipynb": release}))
        yield live


@pytest.fixture
def grading(live, worker_environment, tmp_path):
    """The grading service's settings, queue and intake on that exchange; work is done when a test says so."""
    (tmp_path / "source").mkdir()
    settings = GradingSettings(
        course_dir=tmp_path, course_tree=CHECKOUT / "course", database_url=f"sqlite:///{tmp_path}/grading.sqlite",
        course_id=COURSE, exchange_url=live.url, token=live.hub.service("grading"),
    )  # fmt: skip
    queue = Queue(open_database(settings.database_url))
    yield settings, queue
    queue.engine.dispose()


def entry(seed=0, units=12):
    tinytorch.manual_seed(seed)
    return entry_bytes(nn.Sequential(nn.Flatten(), nn.Linear(64, units), nn.ReLU(), nn.Linear(units, 10)))


def submitted(live, student, **files):
    """Hand in the solved notebook, and perhaps an entry; return the submission's id."""
    solved = (CHECKOUT / "tests" / "modules" / "solved" / "20_olympics" / "notebook.ipynb").read_text(encoding="utf-8")
    content = {f"{SLUG}.ipynb": solved} | {f"{name}.npz": data for name, data in files.items()}
    return live.student(student, COURSE).submit(COURSE, SLUG, live.outgoing(content)).receipt.submission


def work_off(settings, queue):
    """Learn of what has arrived, and do all that waits."""
    Arrivals(settings, queue).take(0)
    worker = Runner(settings, queue)
    while work := queue.claim(worker.name):
        worker.do(work)


def runs(queue, kind="measure"):
    with Session(queue.engine) as session:
        return {run.submission: run for run in session.scalars(select(Run).where(Run.kind == kind).order_by(Run.id))}


def test_entries_are_measured_and_their_authors_told(live, grading):
    settings, queue = grading
    good, none = submitted(live, "ada", entry=entry()), submitted(live, "cleo")
    bad = submitted(live, "ben", entry=b"PK\x03\x04, perhaps")
    work_off(settings, queue)
    found = runs(queue)
    assert {name: run.outcome for name, run in found.items()} == {good: "done", bad: "refused"}
    report = found[good].report
    assert report["public"]["measures"]["multiplications"] == 64 * 12 + 12 * 10
    assert report["public"]["measures"]["stored_bytes"] == len(entry())
    assert report["public"]["digest"] == report["hidden"]["digest"]

    mine = live.student("ada", COURSE).submission(COURSE, good).result
    assert (mine.kind, mine.status, mine.score) == ("quick", "passed", 30.0)
    assert "everything passed; your entry: " in describe_result(live.student("ada", COURSE).submission(COURSE, good))
    assert f"{len(entry()):,} bytes" in mine.summary and "of the board's public digits" in mine.summary
    assert mine.detail["your entry"] == report["public"]
    assert "hidden" not in mine.summary and mine.detail["your entry"].keys() == {"accepted", "measures", "digest"}
    refused = live.student("ben", COURSE).submission(COURSE, bad).result
    assert (refused.status, refused.score) == ("passed", 30.0), "a bad entry costs no point"
    assert "your entry: not taken, the archive is damaged" in refused.summary
    assert "your entry" not in live.student("cleo", COURSE).submission(COURSE, none).result.summary


def test_measuring_again_gives_the_same_numbers_and_says_them_once(live, grading):
    settings, queue = grading
    submission = submitted(live, "dora", entry=entry(1))
    work_off(settings, queue)
    first = runs(queue)[submission]
    queue.submit("measure", SLUG, ["dora"], submission=submission)
    work_off(settings, queue)
    again = runs(queue)[submission]
    assert again.id != first.id and again.report == first.report
    told = live.student("dora", COURSE).submission(COURSE, submission).result
    assert told.summary.count("your entry") == 1 and told.score == 30.0


def test_a_course_has_one_seed_and_another_course_another(grading):
    _, queue = grading
    assert secret_seed(queue.engine, COURSE) == secret_seed(queue.engine, COURSE)
    assert secret_seed(queue.engine, COURSE) != secret_seed(queue.engine, "other-2026")


def test_other_files_than_an_entry_are_refused_at_the_door(live):
    with pytest.raises(Refused, match=r"model\.npz"):
        submitted(live, "eve", model=entry())


def test_a_copy_of_somebody_elses_entry_is_known(live, grading, tmp_path):
    settings, queue = grading
    with np.load(_written(tmp_path / "a.npz", entry(2))) as file:
        np.savez(tmp_path / "b.npz", **{name: file[name] for name in reversed(file.files)})
    one, other = (
        submitted(live, "finn", entry=entry(2)), submitted(live, "gina", entry=(tmp_path / "b.npz").read_bytes())
    )  # fmt: skip
    work_off(settings, queue)
    found = runs(queue)
    assert found[one].report["hidden"]["digest"] == found[other].report["hidden"]["digest"]
    assert found[one].submission_sha256 != found[other].submission_sha256


def _written(path, content):
    path.write_bytes(content)
    return path
