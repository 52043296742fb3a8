"""A hostile worker can run code next to the scheduler, but not in the service, and cannot reach the gradebook."""

import socket
import sys

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from tito.gradebook.scores import assignment_score
from tito.grading.queue import Queue
from tito.grading.records import Task, open_database

from tests.grading_service.place import GOOD, SLUG, answered, put_submission
from tests.machines import hostile_worker
from tests.machines.place import machines

pytestmark = [pytest.mark.service, pytest.mark.security]

# Runs wherever it is unpickled (Dask tries that on the worker itself first): it tells the test's listener what can be
# seen from there, and leaves a mark.
PAYLOAD = """
import json, os, pathlib, socket
if b"hostile_worker" not in pathlib.Path("/proc/self/cmdline").read_bytes():
    seen = [path for path in {wanted!r} if os.path.exists(path)]
    try:
        pathlib.Path({mark!r}).write_text("was here")
    except OSError:
        pass
    told = {{"seen": seen, "tokens": [name for name in os.environ if name.startswith(("GRADING", "JUPYTERHUB"))]}}
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(json.dumps(told).encode(), ("127.0.0.1", {port}))
"""
# Runs in the scheduler: it takes over the door's connection to the service and sends its own messages there.
TAKES_OVER = """
import gc, pickle
from tito.machines.door import Caller
from tito.machines.frames import SIZES, frame
{payload}
class Runs:
    def __reduce__(self):
        return exec, ({payload!r}, {{}})
for caller in [each for each in gc.get_objects() if type(each) is Caller]:
    for number in (*range(1, 200), -1, True, "1", None):
        caller.tell({{"answer": number}}, pickle.dumps(Runs()))
        caller.tell({{"answer": number}}, b"[]")
    caller._writer.write(SIZES.pack(2**31, 2**31))
"""


@pytest.fixture
def place(tmp_path):
    with machines(tmp_path) as made:
        yield made


@pytest.fixture
def queue(place):
    engine = open_database(place.settings.database_url)
    yield Queue(engine)
    engine.dispose()


@pytest.fixture
def listener():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(1.0)
        yield one


def heard(listener: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(listener.recv(65536).decode())
        except TimeoutError:
            return found


@pytest.mark.timeout(900)
def test_it_can_execute_nothing_in_the_service_and_reach_no_gradebook(place, queue, listener, until):
    course = place.settings.course_dir
    wanted = [str(course), str(course / "gradebook.db"), str(place.folder), str(place.certificates / "ca.key")]
    mark = course / "was-here"
    payload = PAYLOAD.format(wanted=wanted, mark=str(mark), port=listener.getsockname()[1])
    attacks = len(hostile_worker.answers(payload, ""))
    for number in range(attacks):
        put_submission(course, f"s{number}", answered(course, GOOD))
    gradebook = (course / "gradebook.db").read_bytes()
    job = queue.submit("autograde", SLUG, [f"s{number}" for number in range(attacks)])
    hostile = [
        "-m",
        "tests.machines.hostile_worker",
        f"tls://127.0.0.1:{place.port}",
        str(place.certificates / "worker"),
    ]
    place.start("scheduler")
    place.start("one", [sys.executable, *hostile, payload, TAKES_OVER.format(payload=payload)])
    place.start("service")
    until(lambda: not any(task["state"] == "running" or not task["message"] for task in tasks(queue, job)), 240)
    told = heard(listener)
    assert len(told) >= 2, place.log("scheduler")  # it did run where Dask unpickles
    assert set(told) == {'{"seen": [], "tokens": []}'}, told
    assert not mark.exists()
    assert (course / "gradebook.db").read_bytes() == gradebook
    assert {task["outcome"] for task in tasks(queue, job)} <= {"failed", "killed"}

    # Afterwards an honest worker judges the same submissions as if nothing had happened.
    place.kill("one")
    place.start("two")
    at_once(queue)
    until(lambda: queue.progress(job)["done"], 240)
    again = queue.submit(
        "autograde", SLUG, [task["student"] for task in tasks(queue, job) if task["state"] == "failed"]
    )
    until(lambda: queue.progress(again)["done"], 240)
    students = [task["student"] for task in tasks(queue, job)]
    assert {assignment_score(place.settings, SLUG, student)[0] for student in students} == {90.0}


def tasks(queue: Queue, job: str) -> list[dict]:
    return queue.progress(job)["tasks"]


def at_once(queue: Queue) -> None:
    """Make postponed tasks due now."""
    with Session(queue.engine) as session:
        session.execute(update(Task).values(lease_until=None))
        session.commit()
    queue.asked.set()
