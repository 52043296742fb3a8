"""A question on the home page: asked, queued, taken, answered, read; all that people wrote is text."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from exchange.protocol import scopes
from exchange.protocol.models import CourseSettings, QuestionRequest
from hub_config.home.app import create_app
from hub_config.home.notebook_view import LONGEST_OUTPUT, MOST_CELLS, shown_cells
from hub_config.home.session import COOKIE
from hub_config.home.settings import load_settings
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.home.test_course_map import course, given

pytestmark = pytest.mark.service
HOME = "/services/home/"
HOSTILE = "</pre></blockquote><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}"
SEMESTER = "http://semester.invalid"
STAFF = ("custom:grading:grade", "custom:semester:read", scopes.ANSWER)


class Person:
    """Somebody's browser: their own cookies, and redirects followed."""

    def __init__(self, client: TestClient, cookie: str) -> None:
        self.client, self.jar = client, {COOKIE: cookie}

    def get(self, address: str) -> httpx.Response:
        return self._ask("GET", address)

    def post(self, address: str, data: dict[str, str]) -> httpx.Response:
        return self._ask("POST", address, data=data)

    def _ask(self, method: str, address: str, **options) -> httpx.Response:
        self.client.cookies.clear()  # it has one jar for everybody
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items())}
        answer = self.client.request(method, address, headers=sent, follow_redirects=False, **options)
        self.jar |= dict(answer.cookies)
        return self.get(answer.headers["location"]) if answer.is_redirect else answer


class Pages:
    """The home page beside a real exchange, and people in front of it."""

    def __init__(self, live: Live, stack: ExitStack) -> None:
        self.live, self.may_ask = live, True
        self.app = create_app(load_settings(self._environment()), self._http)
        self.client = stack.enter_context(TestClient(self.app))

    def _environment(self) -> dict[str, str]:
        return {
            "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:1",
            "JUPYTERHUB_API_URL": self.live.hub.url,
            "JUPYTERHUB_API_TOKEN": "home's own",
            "JUPYTERHUB_CLIENT_ID": "service-home",
            "EXCHANGE_URL": self.live.url,
            "SEMESTER_URL": SEMESTER,
            "EXCHANGE_COURSE": COURSE,
        }

    def _http(self) -> httpx.AsyncClient:
        semester = FastAPI()

        @semester.get("/api/v1/course")
        def view() -> dict:
            more = {"title": "Tiny", "time_zone": "UTC", "questions": self.may_ask}
            return {**course(given("tensor")), **more}

        return httpx.AsyncClient(mounts={SEMESTER: httpx.ASGITransport(app=semester)}, trust_env=False)

    def person(self, name: str, group: str, *scope: str) -> Person:
        doors = [scopes.ACCESS, "access:services!service=home", *scope]
        token = self.live.hub.token(name, groups=[group], scope=doors)
        return Person(self.client, self.app.state.sessions.cookie_for(token))

    def student(self, name: str) -> Person:
        return self.person(name, scopes.student_group(COURSE))

    def ta(self, name: str) -> Person:
        return self.person(name, scopes.staff_group(COURSE), *STAFF)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with ExitStack() as stack:
        hub = stack.enter_context(FakeHub())
        live = stack.enter_context(in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path))
        live.open_course(due_at=None)
        yield Pages(live, stack)


def press(client: Person, page: str, action: str, **data: str) -> str:
    """Send a form as `page` has it; return the page that follows."""
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(HOME + page).text)
    assert token
    return client.post(HOME + action, data={"form_token": token[1], **data}).text


def notebook(*sources: str) -> str:
    cell = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "add"}}, "execution_count": 1}
    outputs = [{"output_type": "stream", "name": "stdout", "text": HOSTILE}]
    outputs += [{"output_type": "display_data", "data": {"text/html": HOSTILE}, "metadata": {}}]
    cells = [cell | {"source": source, "outputs": outputs} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_question_goes_from_the_modules_page_to_its_answer(pages: Pages):
    ada, tom, ben = pages.student("ada"), pages.ta("tom"), pages.student("ben")
    assert "Your question was sent" in press(ada, "modules/tensor", "modules/tensor/ask", text="Why?", exercise="add")
    assert "<strong>1</strong> question waits" in tom.get(HOME + "grading").text
    queue = tom.get(HOME + "questions").text
    assert "Tensor, add" in queue
    (number,) = set(re.findall(r'href="/services/home/questions/([0-9a-f]{32})"', queue))
    assert "It is yours now" in press(tom, "questions", f"questions/{number}/take")
    assert "tom" in pages.ta("grace").get(f"{HOME}questions/{number}").text
    sent = press(tom, f"questions/{number}", f"questions/{number}/answer", text="Look at dim.", for_all="What is dim?")
    assert "Your answer was sent" in sent
    assert "was answered" in ada.get(HOME).text
    assert "Look at dim." in ada.get(HOME + "modules/tensor").text
    assert "was answered" not in ada.get(HOME).text, "what was read is no news"
    others = ben.get(HOME + "modules/tensor").text
    assert "What is dim?" in others
    assert "Why?" not in others
    assert not re.search(r"\bada\b", others)


def test_hostile_questions_and_notebooks_are_text_for_whoever_answers(pages: Pages):
    live = pages.live
    request = QuestionRequest(HOSTILE, "add", HOSTILE, HOSTILE, HOSTILE)
    asked = live.student("ada").ask(COURSE, "tensor", request, live.outgoing({"tensor.ipynb": notebook(HOSTILE)}))
    tom = pages.ta("tom")
    for address in ("questions", f"questions/{asked.id}"):
        answer = tom.get(HOME + address)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text.replace(f'<img src="{HOME}static', "")
        assert "&lt;script&gt;alert(1)" in answer.text
        assert "{{ 7 * 7 }}" in answer.text, "nothing that somebody wrote is a template"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    live.staff("grace").answer(COURSE, asked.id, HOSTILE, for_all=HOSTILE)
    for name in ("ada", "ben"):
        assert "<script>alert" not in pages.student(name).get(HOME + "modules/tensor").text


@pytest.mark.parametrize("content", ["", "no notebook", "[]", '{"cells": [3, {}, {"source": {}}]}', "{" * 5000])
def test_a_damaged_notebook_is_said_to_be_one(pages: Pages, content: str):
    live = pages.live
    asked = live.student("ada").ask(
        COURSE, "tensor", QuestionRequest("Why?", "add"), live.outgoing({"tensor.ipynb": content})
    )
    answer = pages.ta("tom").get(f"{HOME}questions/{asked.id}")
    assert answer.status_code == 200
    assert "Why?" in answer.text


def test_students_have_no_queue_and_no_form_goes_without_its_token(pages: Pages):
    asked = pages.live.student("ada").ask(COURSE, "tensor", QuestionRequest("secret words", "add"))
    ben, tom = pages.student("ben"), pages.ta("tom")
    for address in ("questions", f"questions/{asked.id}"):
        answer = ben.get(HOME + address)
        assert answer.status_code == 403
        assert "secret words" not in answer.text
    for client, action in ((tom, f"questions/{asked.id}/take"), (ben, "modules/tensor/ask")):
        assert client.post(HOME + action, data={"text": "x"}).status_code == 403
    assert pages.live.student("ada").question(COURSE, asked.id).taken_by is None


def test_a_question_is_taken_back_and_a_course_may_have_none(pages: Pages):
    ada = pages.student("ada")
    press(ada, "modules/tensor", "modules/tensor/ask", text="Never mind")
    (row,) = pages.live.student("ada").questions(COURSE)
    assert "was taken back" in press(ada, "modules/tensor", "modules/tensor/take_back", number=row.id)
    assert pages.live.student("ada").questions(COURSE) == []
    pages.may_ask = False
    with pages.live.semester() as semester:
        semester.put_course(COURSE, CourseSettings(title="Tiny", questions=False))
    assert "Ask the staff" not in ada.get(HOME + "modules/tensor").text


def test_a_notebook_is_shown_within_bounds():
    cells = shown_cells(notebook(*["x = 1"] * (MOST_CELLS + 5)).encode())
    assert cells is not None
    assert len(cells) == MOST_CELLS
    assert (cells[0].number, cells[0].name, cells[0].kind, cells[0].source) == (1, "add", "code", "x = 1")
    long = json.loads(notebook("x"))
    long["cells"][0]["outputs"] = [{"output_type": "stream", "text": "y" * (2 * LONGEST_OUTPUT)}]
    (cell,) = shown_cells(json.dumps(long).encode()) or []
    assert len(cell.printed) < LONGEST_OUTPUT + 100
    assert "cut here" in cell.printed
