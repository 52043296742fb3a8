"""The short form of `bench_deadline`: sixty students submit within a second, and nothing is lost or stored twice."""

from random import Random

import pytest

from tests.benchmarks.deadline_day import a_day, lost, port_of, requests
from tests.benchmarks.load import Answer, Load
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import as_process, make_settings

STUDENTS, SECONDS, SIZE = 60, 1.0, 200_000
ASSIGNMENT, PREFIX = "tensor", "s"


@pytest.mark.service
def test_whoever_submits_in_the_last_minute_has_one_receipt_and_one_submission(tmp_path):
    day = a_day(STUDENTS, SECONDS, Random(25))
    with FakeHub() as hub, as_process(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        live.open_course(assignment=ASSIGNMENT, due_at=None)
        notebooks = [f"{number} ".encode() * (SIZE // 3) for number in range(STUDENTS)]
        planned = requests(live, day, ASSIGNMENT, notebooks, PREFIX)
        answers = Load(port_of(live), planned, tmp_path).send().answers
        assert lost(live, day, answers, ASSIGNMENT, PREFIX) == []
        assert sorted(answer.status for answer in answers) == [200] * len(day.again) + [201] * STUDENTS
        without_one = [answer for answer in answers if answer.number]
        assert lost(live, day, without_one, ASSIGNMENT, PREFIX) == ["59 of 60 were answered"]
        refused = Answer(0, 0.1, 503, b"the disk is full")
        assert lost(live, day, [*without_one, refused], ASSIGNMENT, PREFIX) == [
            "s0 was answered 503: b'the disk is full'"
        ]
