"""Real schedulers, workers and services are killed at random; each submission gets the right verdict exactly once."""

import json
import random
import signal
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tito.gradebook.scores import assignment_score
from tito.grading import verdicts
from tito.grading.queue import Queue
from tito.grading.records import Run, open_database
from tito.grading.workers import describe_workers

from tests.grading_service.place import GOOD, SLUG, WRONG, answered, put_submission
from tests.machines.place import Machines, machines

pytestmark = pytest.mark.service
SUBMISSIONS = 60
DIFFERS = ("seed", "seconds", "versions")
DRAWN = ("why", "called", "got", "expected")
KILLED = ["one", "one", "one", "scheduler", "service", "two"]
ANSWERS = [
    GOOD,
    WRONG,
    {**GOOD, "total": "def total(values):\n    raise KeyError('no')"},
    {"scale": "def scale(values, factor):\n    return values", "total": "def total(values):\n    return 0.0"},
]


@pytest.fixture
def place(tmp_path):
    with machines(tmp_path) as made:
        yield made


@pytest.fixture
def queue(place):
    engine = open_database(place.settings.database_url)
    yield Queue(engine)
    engine.dispose()


@pytest.mark.timeout(1500)
def test_whoever_is_killed_no_verdict_is_lost_changed_or_given_twice(place, queue, until):
    """At seeded moments one worker is killed three times, the scheduler and the service once each; another worker is
    told to leave and comes back.
    """
    students = hand_in(place, SUBMISSIONS)
    job = queue.submit("autograde", SLUG)
    for name in ("scheduler", "one", "two", "service"):
        place.start(name)
    until(lambda: {row["name"] for row in describe_workers(place.settings, queue)["workers"]} == {"one", "two"})
    draw = random.Random(24)
    moments = sorted(draw.sample(range(2, SUBMISSIONS - 5), len(KILLED)))
    for moment, name in zip(moments, draw.sample(KILLED, len(KILLED)), strict=True):
        until(lambda moment=moment: graded(queue) >= moment, 240)
        end = place.kill(name, signal.SIGTERM if name == "two" else signal.SIGKILL)
        assert end == (0 if name == "two" else -signal.SIGKILL)
        place.start(name)
    until(lambda: queue.progress(job)["done"], 400)
    assert Counter(task["state"] for task in queue.progress(job)["tasks"]) == {"done": SUBMISSIONS + 1}
    runs = graded_runs(queue)
    assert Counter(run.student for run in runs) == Counter(students)
    alone = {kind: on_one_machine(place, run) for kind, run in enumerate(first_of_each(runs, students))}
    for run in runs:
        other = alone[students.index(run.student) % len(ANSWERS)]
        assert plain(run.report, run.seed == other["seed"]) == plain(other, run.seed == other["seed"]), run.student
        assert assignment_score(place.settings, SLUG, run.student)[0] == run.score


def hand_in(place: Machines, number: int) -> list[str]:
    students = [f"s{each:02d}" for each in range(number)]
    texts = [answered(place.settings.course_dir, answers) for answers in ANSWERS]
    for each, student in enumerate(students):
        put_submission(place.settings.course_dir, student, texts[each % len(ANSWERS)])
    return students


def graded_runs(queue: Queue) -> list[Run]:
    with Session(queue.engine, expire_on_commit=False) as session:
        return list(session.scalars(select(Run).where(Run.outcome == "graded")))


def graded(queue: Queue) -> int:
    return len(graded_runs(queue))


def first_of_each(runs: list[Run], students: list[str]) -> list[Run]:
    """Pick one run for each kind of answers."""
    return [next(run for run in runs if run.student == student) for student in students[: len(ANSWERS)]]


def on_one_machine(place: Machines, run: Run) -> dict:
    """Judge the same submission on this machine with the same seed."""
    settings = replace(place.settings, scheduler="")
    folder = settings.course_dir / "submitted" / run.student / SLUG
    verdict = verdicts.judge(settings, SLUG, run.student, folder, run.seed, run.versions["mode"])
    return json.loads(json.dumps(verdicts.report(verdict, for_student=False)))


def plain(report: dict, same_seed: bool) -> dict:
    """Leave out what differs even between two runs on one machine: the time, and what depends on the seed."""
    found = {name: value for name, value in report.items() if name not in DIFFERS}
    if not same_seed:
        for check in (check for exercise in found["exercises"] for check in exercise["checks"]):
            check.update(dict.fromkeys(DRAWN, ""))
    return found
