"""A milestone is handed in through the real exchange and graded: its points reach gradebook, table and feedback."""

import json
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from tito.checks.run import NotJudgedNow
from tito.curriculum import load_curriculum
from tito.gradebook.scores import module_rows
from tito.gradebook.table import export_table
from tito.grading.api import make_app
from tito.grading.arrivals import Arrivals
from tito.grading.overview import student_rows
from tito.grading.queue import Queue
from tito.grading.records import Run, Task, open_database
from tito.grading.runner import Runner
from tito.grading.settings import GradingSettings
from tito.grading.tasks import milestone as task
from tito.judge import milestones
from tito.semester.read import Sources, validate
from tito.semester.service.change import Change
from tito.semester.service.course_view import course_view
from tito.semester.service.parts.exchange import changes
from tito.source.export import export_module

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import in_thread, make_settings
from tests.grading.conftest import CHECKOUT
from tests.grading_service.in_process import InProcess

pytestmark = [pytest.mark.service, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]
CURRICULUM = load_curriculum(CHECKOUT / "course")
FILE = CHECKOUT / "course" / "semesters" / "2028-29.yaml"
MILESTONES = (
    "milestones: {perceptron: {due: 2029-06-10 12:00, points: 5}, 02_1969_xor: {due: 2029-06-10 12:00, points: 4}}\n"
)
NAME = "milestone_perceptron"
PACKAGE = {f"{slug}.py": export_module(CURRICULUM.find(slug)).text for slug in ("tensor", "activations", "layers")}
BROKEN = {**PACKAGE, "layers.py": PACKAGE["layers.py"] + "\nLinear.forward = lambda self, x: x\n"}


def semester():
    sources = Sources.of(FILE)
    return validate(Sources(sources.semester + MILESTONES, sources.roster), CURRICULUM)


VALID = semester()
COURSE = VALID.semester.course


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """An exchange set up from a semester with two milestones, before they are due."""
    scratch = tmp_path_factory.mktemp("exchange")
    with FakeHub() as hub, in_thread(hub, make_settings(scratch / "data", hub), scratch) as live:
        live.clock.at("2029-06-01T12:00:00Z")
        make_all(changes(VALID, live.semester(), CURRICULUM, {}))
        yield live


def make_all(found: list[Change]) -> None:
    for change in found:
        change.make()


@pytest.fixture(scope="module")
def grading(live, worker_environment, tmp_path_factory):
    """The grading service's settings and queue on that exchange; it works only when a test calls it."""
    place = tmp_path_factory.mktemp("course")
    (place / "source").mkdir()
    (place / "semester.json").write_text(json.dumps(course_view(VALID, CURRICULUM)))
    settings = GradingSettings(
        course_dir=place, course_tree=CHECKOUT / "course", database_url=f"sqlite:///{place}/grading.sqlite",
        course_id=COURSE, exchange_url=live.url, token=live.hub.service("grading"),
    )  # fmt: skip
    queue = Queue(open_database(settings.database_url))
    yield settings, queue
    queue.engine.dispose()


@pytest.fixture(autouse=True)
def _as_in_a_runner(grading, monkeypatch):
    """nbgrader's collector finds its token where it does in a runner of the service."""
    monkeypatch.setenv("COURSE_TOKEN", grading[0].token)


def hand_in(live, student, files, name=NAME):
    return live.student(student, COURSE).submit(COURSE, name, live.outgoing(files)).receipt.submission


def work_off(settings, queue):
    Arrivals(settings, queue).take(0)
    runner = Runner(settings, queue)
    while work := queue.claim(runner.name):
        runner.do(work)


def row(settings, student, name=NAME):
    return next(each for each in module_rows(settings, name)[name] if each["student"] == student)


def api(settings, queue, name):
    """The service's API as a student of the course sees it."""

    async def caller(token):
        return Caller(name, scopes=frozenset({"access:services!service=grading"}))

    return InProcess(make_app(settings, queue, SimpleNamespace(caller=caller)))


def test_points_reach_gradebook_table_feedback_and_the_students_page(live, grading):
    settings, queue = grading
    good, bad = hand_in(live, "ada", PACKAGE), hand_in(live, "ben", BROKEN)
    with pytest.raises(Refused, match="not part of the assignment"):
        hand_in(live, "ben", {"optimizers.py": "pass"})
    work_off(settings, queue)
    assert [(row(settings, who)["score"], row(settings, who)["max_score"]) for who in ("ada", "ben")] == [
        (5, 5),
        (0, 5),
    ]
    table = export_table("plain", {NAME: student_rows(settings, queue, NAME)})
    assert [line.split(",")[0] for line in table.splitlines()[1:]] == ["ada", "ben"] and ",5,5," in table

    told = live.student("ada", COURSE).submission(COURSE, good)
    assert (told.result.kind, told.result.score, told.result.max_score) == ("full", 5, 5) and told.feedback_at
    page = (settings.course_dir / "feedback" / "ada" / NAME / f"{NAME}.html").read_text()
    assert "data:image/png" in page and "tells written ones from eights" in page
    assert live.student("ben", COURSE).submission(COURSE, bad).result.score == 0

    with api(settings, queue, "ada") as student:
        mine = student.get("/api/v1/me").json()["modules"][NAME]
        assert mine["feedback"]["score"] == 5 and mine["milestone"]["message"].startswith("reached: ")
        asked = {"assignment": NAME, "reason": "it did reach it at home"}
        assert student.post("/api/v1/regrades", json=asked).status_code == 201, "appeal as with any grade"


def test_the_same_files_are_not_run_again_and_a_regrade_is(live, grading):
    settings, queue = grading
    queue.submit("milestone", NAME, ["ada"])
    work_off(settings, queue)
    queue.submit("milestone", NAME, ["ada"], force=True)
    work_off(settings, queue)
    with Session(queue.engine) as session:
        runs = session.scalars(select(Run).where(Run.student == "ada", Run.kind == "milestone").order_by(Run.id)).all()
    assert [run.outcome for run in runs][-2:] == ["unchanged", "graded"]
    assert row(settings, "ada")["score"] == 5


def test_a_module_that_is_built_here_must_be_handed_in(live, grading):
    settings, queue = grading
    submission = hand_in(live, "cleo", {"tensor.py": PACKAGE["tensor.py"]})
    work_off(settings, queue)
    told = live.student("cleo", COURSE).submission(COURSE, submission).result
    assert told.status == "error" and "activations, layers" in queue.latest_run("milestone", NAME, "cleo").message


def test_a_stopped_run_leaves_the_grade_says_so_and_is_tried_again(live, grading, monkeypatch):
    settings, queue = grading

    def stopped(*_):
        raise NotJudgedNow("not measured: the run was stopped after 40 s")

    monkeypatch.setattr(milestones, "measure", stopped)
    hand_in(live, "ada", {**PACKAGE, "tensor.py": PACKAGE["tensor.py"] + "\n# another\n"})
    work_off(settings, queue)
    assert row(settings, "ada")["score"] == 5, "never 0"
    with api(settings, queue, "ada") as student:
        mine = student.get("/api/v1/me").json()["modules"][NAME]["milestone"]
    assert mine["waiting"] and "stopped after 40 s" in mine["why"] and mine["score"] == 5
    with Session(queue.engine) as session:
        waiting = session.scalars(select(Task).where(Task.kind == "milestone", Task.state == "queued")).one()
    assert "2 tries left" in waiting.message

    first = hand_in(live, "dora", PACKAGE)
    for _ in range(3):
        with Session(queue.engine) as session:
            session.execute(update(Task).values(lease_until=None))  # the pause is over
            session.commit()
        work_off(settings, queue)
    with api(settings, queue, "ada") as student:
        mine = student.get("/api/v1/me").json()["modules"][NAME]["milestone"]
    assert not mine["waiting"] and mine["score"] == 5 and "tried 3 times" in mine["not_measured"]
    assert live.student("dora", COURSE).submission(COURSE, first).result is None, (
        "nothing was measured, nothing is told"
    )


def test_milestones_wait_for_everything_else_and_for_each_other(tmp_path):
    queue = Queue(open_database(f"sqlite:///{tmp_path}/queue.sqlite"))
    queue.submit("milestone", NAME, ["ada", "ben"])
    queue.submit("autograde", "tensor", ["ada"])
    queue.submit("quick", "tensor", ["ben"], submission="s")
    assert [(work.kind, work.student) for work in map(queue.claim, ("w1", "w2", "w3"))] == [
        ("quick", "ben"), ("autograde", "ada"), ("milestone", "ada")
    ]  # fmt: skip
    assert queue.claim("w4") is None, "one at a time: the other runners stay free for what is urgent"
    queue.engine.dispose()


def test_many_attempts_while_one_waits_are_one_run(tmp_path):
    queue = Queue(open_database(f"sqlite:///{tmp_path}/queue.sqlite"))
    for _ in range(3):
        queue.submit("milestone", NAME, ["ada"], asked_by="exchange")
    assert queue.waiting() == 1
    queue.engine.dispose()


def test_what_the_semester_does_not_give_points_for_is_not_run(grading):
    settings, _ = grading
    other = SimpleNamespace(slug="mlp", name="03_1986_mlp")
    with pytest.raises(Exception, match="no milestone mlp"):
        task.points_of(settings, other)
