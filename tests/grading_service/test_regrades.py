"""If TAs answer the same regrade request at once, one answer goes to the student and the other TAs see it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session
from tito.grading.queue import Queue
from tito.grading.records import FeedbackRelease, Regrade, open_database
from tito.grading.regrades import RegradeAnswer, RegradeRequest, answer, ask

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused

TA_GUIDE = Path(__file__).parents[2] / "docs" / "ta.md"
TAS = [f"ta{number}" for number in range(6)]


@pytest.fixture
def request_of(tmp_path: Path):
    """A request to the API of a database with one open regrade request."""
    engine = open_database(f"sqlite:///{tmp_path / 'grading.sqlite'}")
    with Session(engine) as session:
        session.add(Regrade(assignment="tensor", student="ada", exercise="add", reason="line 2", open_key="ada"))
        session.commit()
    state = SimpleNamespace(queue=Queue(engine), settings=SimpleNamespace(course_dir=tmp_path))
    yield SimpleNamespace(app=SimpleNamespace(state=state))
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


def test_a_student_asks_again_after_the_answer_and_once_at_a_time(request_of):
    """As docs/ta.md says: one request per exercise may be open at a time; after an answer students may ask again."""
    with Session(request_of.app.state.queue.engine) as session:
        session.add(FeedbackRelease(assignment="tensor", student="bob", score=80.0, max_score=90.0))
        session.commit()
    bob, ta = (Caller(name, "user", frozenset(), frozenset()) for name in ("bob", "ta"))
    wish = RegradeRequest(assignment="tensor", exercise="add", reason="It handles scalars, too.")
    first = ask(wish, request_of, bob)
    with pytest.raises(Refused, match="still open"):
        ask(wish, request_of, bob)
    ask(wish.model_copy(update={"exercise": "mean"}), request_of, bob)
    answer(first["id"], RegradeAnswer(answer="Look at line 2."), request_of, ta)
    again = ask(wish, request_of, bob)
    assert (again["exercise"], again["answered_at"]) == ("add", None)
    said = " ".join(TA_GUIDE.read_text("utf-8").split())
    assert "Only one request on it can be open at a time; after your answer they may ask again" in said


def test_nobody_answers_their_own_request_or_one_of_a_declared_conflict(request_of):
    course_dir = request_of.app.state.settings.course_dir
    (course_dir / "roster.json").write_text('{"students": ["ada"], "conflicts": {"tom": ["ada"]}}')
    for name, words in (("tom", "a conflict with ada is declared"), ("ada", "nobody may grade their own work")):
        person = Caller(name, "user", frozenset(), frozenset())
        with pytest.raises(Refused, match=words) as caught:
            answer(1, RegradeAnswer(answer="Yes."), request_of, person)
        assert caught.value.status == 403
    eve = Caller("eve", "user", frozenset(), frozenset())
    assert answer(1, RegradeAnswer(answer="No."), request_of, eve)["answered_by"] == "eve"
