"""Two TAs answer one regrade request: one answer goes to the student, and the other TA reads it beside their own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session
from tito.grading.queue import Queue
from tito.grading.records import Regrade, open_database
from tito.grading.regrades import RegradeAnswer, answer

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused

TAS = [f"ta{number}" for number in range(6)]


@pytest.fixture
def request_of(tmp_path: Path):
    """What the API sees of a request, with one regrade open."""
    engine = open_database(f"sqlite:///{tmp_path / 'grading.sqlite'}")
    with Session(engine) as session:
        session.add(Regrade(assignment="tensor", student="ada", exercise="add", reason="line 2", open_key="ada"))
        session.commit()
    yield SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(queue=Queue(engine))))
    engine.dispose()


def test_of_answers_at_the_same_time_one_is_sent_and_the_others_read_it(request_of):
    together = threading.Barrier(len(TAS))

    def say(name: str) -> str:
        person = Caller(name, "user", frozenset(), frozenset())
        together.wait()
        try:
            return answer(1, RegradeAnswer(answer=f"No, says {name}."), request_of, person)["answer"]
        except Refused as refused:
            assert (refused.status, refused.value) == (409, f"No, says {name}.")
            return refused.rule

    with ThreadPoolExecutor(len(TAS)) as pool:
        said = list(pool.map(say, TAS))
    with Session(request_of.app.state.queue.engine) as session:
        kept = session.get_one(Regrade, 1)
        sent, who = kept.answer, kept.answered_by
    assert said.count(sent) == 1 and sent == f"No, says {who}."
    assert set(said) == {sent, f"request 1 was answered by {who}: “{sent}”"}
