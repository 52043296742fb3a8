"""Real worker processes with the real judge: kill -9 during a run, two at a time, bad submissions among good ones."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session
from tito.checks import link
from tito.gradebook.scores import assignment_score, module_rows
from tito.grading.pool import CHECK_SECONDS, RunnerPool
from tito.grading.queue import Load, Queue
from tito.grading.records import Task, open_database
from tito.grading.runner import Runner
from tito.grading.settings import settings_from_environment
from tito.grading.work import Outcome
from tito.judge.sandbox.find import find_sandbox

from tests.environments import worker_environment
from tests.grading_service.place import GOOD, SLOW, SLUG, TREE, WRONG, answered, make_course, put_submission

pytestmark = pytest.mark.service


@pytest.fixture
def settings(tmp_path):
    worker_environment()
    course = make_course(tmp_path / "course")
    return settings_from_environment(
        {"TITO_COURSE": str(TREE), "PATH": os.environ["PATH"]}, course_dir=course, jobs="1"
    )


@pytest.fixture
def queue(settings):
    engine = open_database(settings.database_url)
    yield Queue(engine)
    engine.dispose()


def finished(queue: Queue, job: str):
    return lambda: (found := queue.progress(job))["done"] and {task["student"]: task for task in found["tasks"]}


def children_of(pid: int) -> list[int]:
    """All descendants of a process that are still running."""
    direct = [int(each) for path in Path(f"/proc/{pid}/task").glob("*/children") for each in path.read_text().split()]
    return direct + [each for child in direct for each in children_of(child)]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


BAD = {
    "broken": '{"cells": [',
    "empty": "",
    "no_notebook": "[1, 2, 3]",
    "foreign": '{"nbformat": 99, "cells": "x"}',
    "exits": None,
    "raises": None,
    "rows": None,
    "dots": None,
}


def test_bad_submissions_stop_nobody(settings, queue, until):
    """The good submissions before and after the bad ones get all points; each bad one is done, with a message."""
    put_submission(settings.course_dir, "aaa", answered(settings.course_dir, GOOD))
    put_submission(settings.course_dir, "zzz", answered(settings.course_dir, GOOD))
    for student, text in BAD.items():
        if student == "exits":
            text = answered(settings.course_dir, {**GOOD, "scale": "import os\nos._exit(0)"})
        if student == "raises":
            text = answered(settings.course_dir, {**GOOD, "scale": "raise SystemExit('full marks')"})
        if student == "rows":
            text = answered(settings.course_dir, {**GOOD, "scale": "def scale(v, f): return np.zeros((2**39, 2, 0))"})
        if student == "dots":
            text = answered(settings.course_dir, {**GOOD, "scale": "import a" + ".b" * 98_000})
        put_submission(settings.course_dir, student, text)
    job = queue.submit("autograde", SLUG)
    with RunnerPool(settings, queue):
        tasks = until(finished(queue, job))
    assert {name: tasks[name]["outcome"] for name in ("aaa", "zzz")} == {"aaa": "graded", "zzz": "graded"}
    assert {tasks[name]["state"] for name in tasks} == {"done"}
    assert {name: tasks[name]["score"] for name in ("aaa", "zzz", "broken", "empty", "no_notebook", "foreign")} == {
        "aaa": 90.0, "zzz": 90.0, "broken": 0.0, "empty": 0.0, "no_notebook": 0.0, "foreign": 0.0,
    }  # fmt: skip
    assert all(tasks[name]["message"] for name in BAD)
    assert max(tasks[name]["score"] for name in ("exits", "raises", "rows", "dots")) <= 30.0
    assert len(module_rows(settings)[SLUG]) == 2 + len(BAD)


def test_kill_9_in_mid_run_leaves_the_previous_grade_and_the_run_is_taken_up_again(settings, queue, until):
    put_submission(settings.course_dir, "ada", answered(settings.course_dir, GOOD))
    with RunnerPool(settings, queue):
        until(finished(queue, queue.submit("autograde", SLUG)))
    graded = (settings.course_dir / "autograded" / "ada" / SLUG / f"{SLUG}.ipynb").read_bytes()
    put_submission(settings.course_dir, "ada", answered(settings.course_dir, SLOW))
    job = queue.submit("autograde", SLUG, ["ada"])
    # Run a separate service, so that it can be killed as if the whole machine had failed.
    source = (
        "import sys, threading\n"
        "from tito.grading.pool import CHECK_SECONDS, RunnerPool\n"
        "from tito.grading.queue import Queue\n"
        "from tito.grading.records import open_database\n"
        "from tito.grading.settings import settings_from_environment\n"
        "settings = settings_from_environment()\n"
        "with RunnerPool(settings, Queue(open_database(settings.database_url))):\n"
        "    threading.Event().wait()\n"
    )
    service = subprocess.Popen([sys.executable, "-c", source], env={**os.environ, **settings.environment()})
    try:
        until(lambda: queue.progress(job)["tasks"][0]["seed"])
        # Now the judge's sandbox is running the student's slow code.
        family = until(lambda: len(found := children_of(service.pid)) >= 3 and found)
    finally:
        service.send_signal(signal.SIGKILL)
        service.wait()
    until(lambda: not any(is_alive(pid) for pid in family))
    assert assignment_score(settings, SLUG, "ada")[0] == 90.0
    assert (settings.course_dir / "autograded" / "ada" / SLUG / f"{SLUG}.ipynb").read_bytes() == graded
    with RunnerPool(settings, queue):
        task = until(finished(queue, job), 200)["ada"]
    assert task["state"] == "done"
    assert assignment_score(settings, SLUG, "ada")[0] == 60.0


def test_a_killed_worker_is_replaced(settings, queue, until):
    put_submission(settings.course_dir, "ada", answered(settings.course_dir, GOOD))
    with RunnerPool(settings, queue) as pool:
        job = queue.submit("autograde", SLUG)
        first = until(lambda: [process.pid for process in pool.processes])[0]
        os.kill(first, signal.SIGKILL)
        assert until(finished(queue, job))["ada"]["score"] == 90.0
        assert pool.processes[0].pid != first


def test_there_are_workers_while_there_is_work(settings, queue, until):
    """No worker runs before the first task; an idle one takes the next task; one without work ends by itself."""
    put_submission(settings.course_dir, "ada", answered(settings.course_dir, GOOD))
    with RunnerPool(settings, queue) as pool:
        assert pool.processes == []
        until(finished(queue, queue.submit("autograde", SLUG, ["ada"])))
        (first,) = [process.pid for process in pool.processes]
        until(finished(queue, queue.submit("autograde", SLUG, ["ada"], force=True)))
        assert [process.pid for process in pool.processes] == [first]
        elsewhere = Queue(queue.engine)  # like another process, it does not notify this pool
        until(finished(queue, elsewhere.submit("autograde", SLUG, ["ada"], force=True)))
        assert [process.pid for process in pool.processes] == [first]
    assert Runner(settings, queue).run(rest_seconds=0.01) is None


def test_a_resting_pool_reads_little_and_writes_nothing(settings, queue, until, monkeypatch):
    """`make bench BENCH=idle` measures the processor time of an idle pool; this test counts its SQL statements."""
    statements: list[str] = []
    looks = 0
    load = queue.load

    def look() -> list[Load]:
        nonlocal looks
        looks += 1
        return load()

    monkeypatch.setattr(queue, "load", look)
    with RunnerPool(settings, queue) as pool:
        until(lambda: looks >= 1)
        event.listen(queue.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
        start = looks
        until(lambda: looks >= start + 4)
        assert pool.processes == []
    assert 0 < len(statements) <= looks - start + 2  # the first look may have begun, the last has ended
    assert {statement.split()[0] for statement in statements} == {"SELECT"}
    assert CHECK_SECONDS >= 0.5


def test_two_jobs_give_what_one_gives(settings, queue, until):
    answers = [GOOD, WRONG] * 4
    for number, answer in enumerate(answers):
        put_submission(settings.course_dir, f"s{number}", answered(settings.course_dir, answer))
    job = queue.submit("autograde", SLUG)
    with RunnerPool(settings, queue, jobs=2):
        tasks = until(finished(queue, job))
    expected = {f"s{number}": 90.0 if answer is GOOD else 50.0 for number, answer in enumerate(answers)}
    assert {name: task["score"] for name, task in tasks.items() if name} == expected
    assert {row["student"]: row["score"] for row in module_rows(settings)[SLUG]} == expected


def test_lateness_costs_what_the_semester_says(settings, queue, until):
    """Due at noon, submitted 30 hours later: two days have begun, 10 percent each."""
    (settings.course_dir / "semester.json").write_text(
        '{"late": {"grace_minutes": 15, "window_hours": 72, "penalty_percent_per_day": 10, "maximum_percent": 50}}'
    )
    with_due = settings.course_dir
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{with_due / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_assignment(SLUG, duedate="2026-11-19 12:00:00")
    put_submission(with_due, "ada", answered(with_due, GOOD), at="2026-11-20 18:00:00.000000 UTC")
    put_submission(with_due, "ben", answered(with_due, GOOD), at="2026-11-19 12:10:00.000000 UTC")
    with RunnerPool(settings, queue):
        until(finished(queue, queue.submit("autograde", SLUG)))
    rows = {row["student"]: row for row in module_rows(settings)[SLUG]}
    assert (rows["ada"]["late_penalty"], rows["ada"]["score"]) == (18.0, 72.0)
    assert (rows["ben"]["late_penalty"], rows["ben"]["score"]) == (0.0, 90.0)


def test_a_crowded_machine_postpones_a_task(settings, queue, monkeypatch):
    """If a worker does not start in time, no student is at fault: the task waits, and is judged later."""
    put_submission(settings.course_dir, "ada", answered(settings.course_dir, GOOD))
    job = queue.submit("autograde", SLUG, ["ada"])
    worker = Runner(settings, queue)
    find_sandbox()  # the sandbox works; only a worker is late
    monkeypatch.setattr(link, "START_SECONDS", 0.0)
    worker.do(queue.claim(worker.name))
    task = queue.progress(job)["tasks"][0]
    assert (task["state"], task["outcome"], task["score"]) == ("queued", "killed", None)
    assert "nobody lost a point" in task["message"] and queue.claim(worker.name) is None
    monkeypatch.undo()
    with Session(queue.engine) as session:
        session.execute(update(Task).values(lease_until=None))
        session.commit()
    worker.do(queue.claim(worker.name))
    assert queue.progress(job)["tasks"][0]["score"] == 90.0


@pytest.mark.parametrize("kept", [True, False])
def test_a_runner_says_so_when_its_task_is_somebody_elses_and_only_then(settings, queue, monkeypatch, kept):
    """`when_lost` is called only for a lost task; the queue does not accept the outcome of a lost task."""
    job = queue.submit("autograde", SLUG, ["ada"])
    lost, renewed = threading.Event(), threading.Event()
    runner = Runner(settings, queue, when_lost=lost.set)
    work = queue.claim(runner.name)

    def perform(*_) -> Outcome:
        if not kept:
            with Session(queue.engine) as session:
                session.execute(update(Task).values(runner="somebody else"))
                session.commit()
        assert (renewed if kept else lost).wait(60)
        return Outcome("graded", "by this one")

    renew = queue.renew
    monkeypatch.setattr(queue, "renew", lambda *which: (renew(*which), renewed.set())[0])
    monkeypatch.setattr("tito.grading.runner.LEASE_SECONDS", 0.1)
    monkeypatch.setattr("tito.grading.work.perform", perform)
    runner.do(work)
    task = queue.progress(job)["tasks"][0]
    assert lost.is_set() is not kept
    assert (task["state"], task["message"]) == (("done", "by this one") if kept else ("running", ""))
