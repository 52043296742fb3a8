"""The queue's rules: a repeated request joins the first, one worker claims a task, lost work is retried a few times."""

import datetime
import subprocess
import sys
import threading

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from tito.grading.overview import _state_of
from tito.grading.queue import MAX_STARTS, POSTPONE_SECONDS, Queue, QueueError
from tito.grading.records import Run, Task, open_database, utc_now
from tito.grading.runner_identity import runner_name

from tests.exchange.postgres import new_database, postgresql

ME = runner_name()


@pytest.fixture(scope="module")
def server():
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.service])])
def queue(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'grading.sqlite'}"
    else:
        url = new_database(request.getfixturevalue("server"), f"q{tmp_path.name}".replace("-", "_").lower())
    engine = open_database(url)
    yield Queue(engine)
    engine.dispose()


def states(queue: Queue, job: str) -> dict[str, str]:
    return {task["student"]: task["state"] for task in queue.progress(job)["tasks"]}


def dead_worker() -> str:
    """The name of a process on this machine that has ended."""
    source = "from tito.grading.runner_identity import runner_name; print(runner_name())"
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.strip()


def test_asking_twice_joins_what_waits(queue):
    first = queue.submit("autograde", "tensor", ["ada", "ben"])
    second = queue.submit("autograde", "tensor", ["ben", "cleo"])
    with Session(queue.engine) as session:
        assert sorted(session.scalars(select(Task.student))) == ["ada", "ben", "cleo"]
    assert states(queue, first) == {"ada": "queued", "ben": "queued"}
    assert states(queue, second) == {"ben": "queued", "cleo": "queued"}


def test_a_task_is_claimed_once(queue):
    queue.submit("autograde", "tensor", ["ada"])
    assert queue.claim(ME).student == "ada"
    assert queue.claim("other:1:1") is None


def test_many_workers_share_the_work_without_doing_any_twice(queue):
    job = queue.submit("autograde", "tensor", [f"s{i}" for i in range(24)])
    done: list[str] = []

    def work(name: str) -> None:
        while task := queue.claim(name):
            done.append(task.student)
            queue.finish(task, name, "graded")

    threads = [threading.Thread(target=work, args=(f"host:{i}:1",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A worker may find nothing while others hold the tasks; then the last tasks are left for the next worker.
    work(ME)
    assert sorted(done) == sorted(f"s{i}" for i in range(24))
    assert queue.progress(job)["done"] is True


def test_one_submission_is_never_worked_on_twice_at_once(queue):
    queue.submit("autograde", "tensor", ["ada"])
    queue.claim(ME)
    queue.submit("autograde", "tensor", ["ada"])
    assert queue.claim(ME) is None
    queue.submit("autograde", "tensor", ["ben"])
    assert queue.claim(ME).student == "ben"


def test_a_quick_run_goes_before_a_batch(queue):
    queue.submit("autograde", "tensor", ["ada"])
    queue.submit("quick", "tensor", ["ben"], submission="1")
    assert [queue.claim(ME).kind, queue.claim(ME).kind] == ["quick", "autograde"]


def test_feedback_is_released_when_all_its_pages_are_made(queue):
    """A release that is requested while pages are being made waits for them; other modules do not wait."""
    queue.submit("feedback", "tensor", ["ada", "ben"])
    queue.submit("release_feedback", "tensor")
    queue.submit("release_feedback", "layers")
    made = [queue.claim(ME), queue.claim(ME)]
    assert [work.kind for work in made] == ["feedback", "feedback"]
    assert queue.claim(ME).assignment == "layers"
    assert queue.finish(made[0], ME, "graded")
    assert queue.claim(ME) is None
    assert queue.finish(made[1], ME, "graded")
    assert queue.claim(ME).kind == "release_feedback"


def test_collecting_and_grading_one_module_exclude_each_other(queue):
    queue.submit("autograde", "tensor", ["ada"])
    queue.claim(ME)
    queue.submit("collect", "tensor")
    assert queue.claim(ME) is None
    queue.submit("collect", "layers")
    assert queue.claim(ME).assignment == "layers"
    queue.submit("autograde", "layers", ["ada"])
    assert queue.claim(ME) is None


def test_finishing_records_the_run(queue):
    job = queue.submit("autograde", "tensor", ["ada"])
    work = queue.claim(ME)
    queue.note(work, seed=2**53 - 1)
    assert queue.finish(work, ME, "graded", "fine", score=80.0, max_score=90.0) is True
    task = queue.progress(job)["tasks"][0]
    assert (task["state"], task["outcome"], task["score"], task["seed"]) == ("done", "graded", 80.0, str(2**53 - 1))
    assert queue.latest_run("autograde", "tensor", "ada").duration_seconds >= 0


def test_what_a_dead_worker_left_is_taken_up_and_its_run_stays_on_record(queue):
    job = queue.submit("autograde", "tensor", ["ada"])
    queue.claim(dead_worker())
    assert queue.reclaim() == 1
    assert states(queue, job) == {"ada": "queued"}
    assert queue.latest_run("autograde", "tensor", "ada").outcome == "killed"
    assert queue.claim(ME).student == "ada"


def test_a_living_worker_keeps_its_task(queue):
    queue.submit("autograde", "tensor", ["ada"])
    queue.claim(ME)
    assert queue.reclaim() == 0


def test_a_lease_that_ran_out_is_lost_to_the_next(queue):
    queue.submit("autograde", "tensor", ["ada"])
    work = queue.claim("elsewhere:1:1")
    with Session(queue.engine) as session:
        session.execute(update(Task).values(lease_until=utc_now() - datetime.timedelta(seconds=1)))
        session.commit()
    assert queue.reclaim() == 1
    again = queue.claim(ME)
    assert queue.renew(work.task_id, "elsewhere:1:1") is False
    assert queue.finish(work, "elsewhere:1:1", "graded", score=1.0) is False
    assert queue.finish(again, ME, "graded", score=2.0) is True
    assert queue.latest_run("autograde", "tensor", "ada").score == 2.0


def test_work_that_kills_every_worker_ends_with_a_message(queue):
    job = queue.submit("autograde", "tensor", ["ada"])
    for _ in range(MAX_STARTS):
        assert queue.claim("elsewhere:1:1") is not None
        with Session(queue.engine) as session:
            session.execute(update(Task).values(lease_until=utc_now() - datetime.timedelta(seconds=1)))
            session.commit()
        queue.reclaim()
    assert queue.claim(ME) is None
    task = queue.progress(job)["tasks"][0]
    assert task["state"] == "failed"
    assert "died 3 times" in task["message"]
    with Session(queue.engine) as session:
        assert session.scalars(select(Run.outcome)).all() == ["killed"] * MAX_STARTS


def test_a_failed_task_can_be_asked_for_again(queue):
    queue.submit("autograde", "tensor", ["ada"])
    queue.finish(queue.claim(ME), ME, "failed", "no sandbox")
    queue.submit("autograde", "tensor", ["ada"])
    assert queue.claim(ME).student == "ada"


def test_cancelling_leaves_what_others_asked_for(queue):
    mine = queue.submit("autograde", "tensor", ["ada", "ben"])
    theirs = queue.submit("autograde", "tensor", ["ben"])
    assert queue.cancel(mine) == 1
    assert states(queue, mine) == {"ada": "cancelled", "ben": "queued"}
    assert states(queue, theirs) == {"ben": "queued"}


def test_extended_work_belongs_to_all_jobs_of_its_task(queue):
    first, second = queue.submit("autograde", "tensor"), queue.submit("autograde", "tensor")
    work = queue.claim(ME)
    queue.extend(work, ["ada"])
    queue.finish(work, ME, "done")
    assert states(queue, first) == states(queue, second) == {"": "done", "ada": "queued"}


def test_work_that_was_interrupted_extends_its_job_once(queue):
    job = queue.submit("autograde", "tensor")
    for _ in range(2):
        work = queue.claim("elsewhere:1:1")
        queue.extend(work, ["ada"])
        with Session(queue.engine) as session:
            session.execute(update(Task).values(lease_until=utc_now() - datetime.timedelta(seconds=1)))
            session.commit()
        assert queue.reclaim() == 1
    assert states(queue, job) == {"": "queued", "ada": "queued"}


def test_unknown_kinds_and_empty_requests_are_refused(queue):
    with pytest.raises(QueueError, match="choose one of quick, generate"):
        queue.submit("dance", "tensor")
    with pytest.raises(QueueError, match="collect first"):
        queue.submit("autograde", "tensor", [])


def test_what_could_not_be_done_now_waits_without_blame(queue):
    job = queue.submit("quick", "tensor", ["ada"], submission="1")
    for _ in range(MAX_STARTS + 2):
        work = queue.claim(ME)
        assert queue.give_back(work, ME, "the exchange does not answer") is True
    assert states(queue, job) == {"ada": "queued"}
    assert queue.progress(job)["tasks"][0]["message"] == "the exchange does not answer"


def test_what_the_machine_had_no_time_for_is_tried_later_and_not_for_ever(queue):
    job = queue.submit("autograde", "tensor", ["ada"])
    queue.submit("autograde", "tensor", ["ben"])
    for tries in range(1, MAX_STARTS + 1):
        work = queue.claim(ME)
        assert work.student == "ada"
        assert queue.postpone(work, ME, "the machine was busy; nobody lost a point") is True
        task = queue.progress(job)["tasks"][0]
        if tries < MAX_STARTS:
            assert task["state"] == "queued" and f"{MAX_STARTS - tries} tries left" in task["message"]
            ben = queue.claim(ME)  # meanwhile other tasks go on
            assert ben.student == "ben" and queue.claim(ME) is None
            queue.give_back(ben, ME, "")
            assert queue.reclaim() == 0
            with Session(queue.engine) as session:
                session.execute(update(Task).values(lease_until=utc_now() - datetime.timedelta(seconds=1)))
                session.commit()
    assert task["state"] == "failed" and "tried 3 times: the machine was busy" in task["message"]
    assert queue.postpone(work, ME, "again") is False
    assert queue.claim(ME).student == "ben"


def test_a_clock_that_is_set_back_makes_nobody_wait_for_longer(queue):
    """Otherwise a task postponed while the clock was an hour ahead would wait an hour and two minutes."""
    queue.submit("autograde", "tensor", ["ada"])
    queue.postpone(queue.claim(ME), ME, "the machine was busy")
    assert queue.ready() == 0 and queue.claim(ME) is None
    with Session(queue.engine) as session:
        session.execute(update(Task).values(lease_until=utc_now() + datetime.timedelta(hours=1, seconds=1)))
        session.commit()
    assert queue.ready() == 1 and queue.claim(ME).student == "ada"


def test_a_student_is_told_when_it_will_be_tried_again(queue):
    """Students see this time, not "being checked": a check takes a minute, this wait takes longer."""
    queue.submit("quick", "tensor", ["ada"], submission="1")
    work = queue.claim(ME)
    quick = lambda: _state_of(queue, "ada")["modules"]["tensor"]["quick"]  # noqa: E731
    assert quick() == {"waiting": True, "again_at": None}
    queue.postpone(work, ME, "the machine was busy; nobody lost a point")
    again = datetime.datetime.fromisoformat(quick()["again_at"])
    assert datetime.timedelta() < again - utc_now() <= datetime.timedelta(seconds=POSTPONE_SECONDS)


def test_of_earlier_quick_runs_the_facts_are_kept_and_the_first_ones_report(queue):
    for number in ("1", "2", "3"):
        queue.submit("quick", "tensor", ["ada"], submission=number)
        work = queue.claim(ME)
        queue.finish(work, ME, "graded", report={"attempt": number}, score=1.0)
        queue.forget_older_reports(work.run_id)
    with Session(queue.engine) as session:
        assert [(run.score, run.report) for run in session.scalars(select(Run).order_by(Run.id))] == [
            (1.0, {"attempt": "1"}),
            (1.0, {}),
            (1.0, {"attempt": "3"}),
        ]
