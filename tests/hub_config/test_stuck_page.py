"""The page *Stuck* of a running server: hints open one by one, a question reaches the exchange, and nothing runs."""

import json
from collections.abc import Iterator

import pytest
from tito.curriculum import load_curriculum
from tito.stuck.exercises import module_with

from exchange.protocol.models import QuestionRequest
from tests.exchange.live import COURSE, Live, free_port
from tests.hub_config.single_user import SingleUser, running
from tests.hub_config.test_history_page import post

pytestmark = [pytest.mark.service, pytest.mark.timeout(300)]
EXERCISE = load_curriculum().find("tensor").exercises[0].name
HOSTILE = "</textarea><script>alert(1)</script>"


@pytest.fixture(scope="module")
def server(live: Live, tmp_path_factory) -> Iterator[SingleUser]:
    """A server with a release with hints in its home; the release that it fetched at its start had none."""
    home = tmp_path_factory.mktemp("stuck") / "home"
    hints = {"tinytorch": {"hints": {EXERCISE: ["first " + HOSTILE, "second"]}}}
    with running(live.hub, home, live.url) as server:
        release = home / "tinytorch" / ".releases" / "tensor" / "tensor.ipynb"
        release.parent.mkdir(parents=True, exist_ok=True)
        release.write_text(json.dumps({"cells": [], "metadata": hints, "nbformat": 4, "nbformat_minor": 5}))
        yield server


def test_hints_open_one_by_one_and_are_text(server: SingleUser):
    status, page = server.ask(f"stuck/{EXERCISE}")
    assert status == 200
    assert b"Open hint 1 of 2" in page
    assert b"first" not in page
    opened, policy = post(server, f"stuck/{EXERCISE}", do="hint")
    assert "first &lt;/textarea&gt;&lt;script&gt;" in opened
    assert "<script>alert" not in opened
    assert "second" not in opened
    assert "default-src 'none'" in policy
    assert "second" in post(server, f"stuck/{EXERCISE}", do="hint")[0]
    assert "Open hint" not in post(server, f"stuck/{EXERCISE}", do="hint")[0]


def test_a_question_reaches_the_staff_and_one_that_does_not_stays_on_the_page(server: SingleUser, live: Live):
    sent, _ = post(server, f"stuck/{EXERCISE}", do="ask", text="Why so?")
    assert "Your question was sent" in sent
    (asked,) = live.staff("grace").questions(COURSE, waiting=True)
    assert (asked.text, asked.exercise, asked.assignment) == ("Why so?", EXERCISE, module_with(EXERCISE).slug)
    (server.home / "tensor" / "tensor.ipynb").unlink(missing_ok=True)
    kept, _ = post(server, f"stuck/{EXERCISE}", do="ask", text=f"typed {HOSTILE}", notebook="yes")
    assert "Nothing was sent" in kept, "there is no notebook to attach"
    assert "typed &lt;/textarea&gt;" in kept
    assert "<script>alert" not in kept


def test_there_is_no_page_for_what_is_no_exercise(server: SingleUser):
    assert server.ask("stuck/nobody_knows_this")[0] == 404
    assert server.ask("stuck/..%2f..%2fetc")[0] == 404


def unread(server: SingleUser) -> list[dict]:
    return json.loads(server.ask("questions/unread")[1])["unread"]


def test_an_answer_is_told_in_the_server_until_it_was_read(server: SingleUser, live: Live):
    asked = live.student("ada").ask(COURSE, "tensor", QuestionRequest(HOSTILE, EXERCISE))
    assert unread(server) == []
    live.staff("grace").answer(COURSE, asked.id, HOSTILE)
    assert unread(server) == [{"assignment": "tensor", "exercise": EXERCISE}]
    status, page = server.ask("questions")
    assert status == 200
    assert b"<script>alert" not in page
    assert page.count(b"&lt;script&gt;alert(1)") == 2
    assert unread(server) == []


def test_an_exchange_that_is_away_is_said_and_costs_no_error(live: Live, tmp_path):
    with running(live.hub, tmp_path / "home", f"http://127.0.0.1:{free_port()}") as server:
        assert unread(server) == []
        status, page = server.ask("questions")
        assert status == 200
        assert b"does not answer" in page


def test_a_stranger_gets_nothing(server: SingleUser, live: Live):
    eve = live.hub.student("eve", COURSE)
    for address in ("questions", "questions/unread", f"stuck/{EXERCISE}"):
        status, page = server.ask(address, token=eve)
        assert status in (302, 403) or EXERCISE.encode() not in page


def test_jupyterlab_has_the_extension(server: SingleUser):
    assert '"tinytorch-questions"' in server.ask("lab")[1].decode()
    status, script = server.ask("lab/extensions/tinytorch-questions/static/questions.js")
    assert status == 200
    assert b"window._JUPYTERLAB" in script
