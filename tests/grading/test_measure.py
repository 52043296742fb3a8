"""An entry is handed in with the notebook through the real exchange, measured by the grading service, and reported."""

from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tito.curriculum import load_curriculum
from tito.grading.api import make_app
from tito.grading.arrivals import Arrivals
from tito.grading.queue import Queue
from tito.grading.records import Run, open_database
from tito.grading.runner import Runner
from tito.grading.settings import GradingSettings
from tito.grading.tasks.measure import secret_seed
from tito.semester.read import read
from tito.semester.service.parts.exchange import changes
from tito.source.release import release_notebook
from tito.student.exchange_door import describe_result

import tinytorch
from exchange.hub.identity import Caller
from exchange.protocol.models import Refused
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import in_thread, make_settings
from tests.grading.conftest import CHECKOUT
from tests.grading_service.in_process import InProcess
from tests.tinytorch.test_forged_entries import FORGED
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
    """An exchange set up from the whole course's semester, while module 20 is open."""
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
    """The grading service's settings, queue and intake on that exchange; it works only when a test calls it."""
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
    """Hand in the solved notebook, and an entry if one is given; return the submission's id."""
    solved = (CHECKOUT / "tests" / "modules" / "solved" / "20_olympics" / "notebook.ipynb").read_text(encoding="utf-8")
    content = {f"{SLUG}.ipynb": solved} | {f"{name}.npz": data for name, data in files.items()}
    return live.student(student, COURSE).submit(COURSE, SLUG, live.outgoing(content)).receipt.submission


def work_off(settings, queue):
    """Take in what has arrived, and do all waiting work."""
    Arrivals(settings, queue).take(0)
    runner = Runner(settings, queue)
    while work := queue.claim(runner.name):
        runner.do(work)


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


# One of each kind; tests/tinytorch/test_forged_entries.py tries all of these and more.
TRIED = (
    "a pickle", "a size of 4 GB", "slow to decode", "zeros that unpack to 16 MB", "an archive in the archive", "a link",
    "huge dimensions", "NaN", "subnormal numbers", "a layer twice", "layers that don't fit",
    "a claimed accuracy",
)  # fmt: skip


def test_forged_entries_reach_no_board_and_stop_nobody(live, grading):
    settings, queue = grading
    forged = {what: submitted(live, "mallory", entry=FORGED[what][0]) for what in TRIED}
    honest = submitted(live, "hana", entry=entry(3))
    for student, submission in (*(("mallory", each) for each in forged.values()), ("hana", honest)):
        queue.submit("measure", SLUG, [student], submission=submission)
    runner = Runner(settings, queue)
    while work := queue.claim(runner.name):
        runner.do(work)
    found = runs(queue)
    assert {found[each].outcome for each in forged.values()} == {"refused"} and found[honest].outcome == "done"
    for what, submission in forged.items():
        assert FORGED[what][1] in found[submission].message, what
    assert [len(shown(settings, queue, name)["mine"]["entries"]) for name in ("mallory", "hana")] == [0, 1]


def shown(settings, queue, name):
    """The leaderboard as a student sees it."""

    async def caller(token):
        return Caller(name, scopes=frozenset({"access:services!service=grading"}))

    with InProcess(make_app(settings, queue, SimpleNamespace(caller=caller))) as student:
        return student.get("/api/v1/board").json()
