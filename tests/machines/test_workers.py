"""The list of workers: for judging on one machine, for workers elsewhere, and from a scheduler that lies."""

import contextlib
import json

import pytest
from click.testing import CliRunner
from tito.grading.queue import Queue
from tito.grading.records import open_database
from tito.grading.settings import GradingSettings
from tito.grading.worker_commands import workers
from tito.grading.workers import describe_workers
from tito.machines.certificates import make_certificates
from tito.machines.frames import frame

from tests.machines.test_calls import FakeDoor

pytestmark = pytest.mark.service


@pytest.fixture
def queue(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'grading.sqlite'}")
    yield Queue(engine)
    engine.dispose()


def test_without_a_scheduler_it_is_this_machine(tmp_path, queue):
    (tmp_path / "source").mkdir()
    done = CliRunner().invoke(workers, ["--course-dir", str(tmp_path), "--json"], standalone_mode=False)
    told = json.loads(done.output)
    assert told["elsewhere"] is False and told["workers"][0]["jobs"] == 2
    assert "the grading service's own machine, 2 at a time" in told["said"]
    assert "this machine" in CliRunner().invoke(workers, ["--course-dir", str(tmp_path)], standalone_mode=False).output


HONEST = {"name": "two", "address": "tls://127.0.0.3:1", "slots": 2, "state": "running", "since": 1.7e9, "does": []}
LIES = [
    None, 7, "x", [], {}, {"slots": -1}, {"slots": True, "does": [1, {"label": []}, {"label": 1, "since": "now"}]},
    {"name": ["a"], "slots": 10**9, "does": "x" * 100, "since": 1e300},
    {"name": "a\x1b[2J" * 500, "since": float("nan")},
]  # fmt: skip


@pytest.mark.parametrize(("said", "names"), [
    ([HONEST, HONEST], ["two", "two"]), ([], []), (LIES, None), ("many", []), (None, []), ([HONEST] * 600, None),
])  # fmt: skip
def test_what_a_scheduler_says_is_shown_within_bounds(tmp_path, queue, said, names):
    make_certificates(tmp_path)
    door = FakeDoor(tmp_path, lambda header, body: frame({"workers": said}))
    with contextlib.closing(door):
        told = describe_workers(GradingSettings(tmp_path, scheduler=door.address, certificates=tmp_path), queue)
    assert told["elsewhere"] is True and len(told["workers"]) <= 500
    assert names is None or [row["name"] for row in told["workers"]] == names
    for row in told["workers"]:
        assert row["name"].isprintable() and len(row["name"]) <= 200
        assert 0 <= row["jobs"] <= 1024 and len(row["does"]) <= row["jobs"]
    assert ("No worker is connected" in told["said"]) is not any(row["jobs"] for row in told["workers"])
