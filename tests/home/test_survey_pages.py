"""A survey on the home page with the real semester service: shown, answered at the page's address, and added up."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from tito.curriculum import load_curriculum
from tito.insight.survey import QUESTIONS
from tito.semester.service.__main__ import build
from tito.semester.service.app import create_app
from tito.semester.service.surveys import BATCH

from exchange.protocol import scopes
from hub_config.home import survey_pages
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, free_port, in_thread, make_settings
from tests.home.beside_exchange import HOME, STAFF, START_SECONDS, Pages, _served
from tests.semester.test_survey_anonymity import NAMES, put_in_force

pytestmark = pytest.mark.service
TINY = Path(__file__).parents[1] / "tiny_course"
DOOR = "access:services!service=semester"
ASKED = "How is the course going for you?"


class WithSemester(Pages):
    """The home page with a real semester service too."""

    semester_url = ""

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "SEMESTER_URL": self.semester_url}

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=START_SECONDS, trust_env=False)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("surveys")
    database = f"sqlite:///{folder}/semester.db"
    put_in_force(database)
    nobody, url = "http://127.0.0.1:9/none", f"http://127.0.0.1:{free_port()}"
    with (
        FakeHub() as hub,
        in_thread(hub, make_settings(folder / "x", hub), folder) as live,
        contextlib.ExitStack() as all_,
    ):
        own = {
            "JUPYTERHUB_API_TOKEN": "own",
            "JUPYTERHUB_API_URL": hub.url,
            "EXCHANGE_URL": nobody,
            "GRADING_URL": nobody,
        }
        semester = build(database, folder / "books", None, own, lambda: load_curriculum(TINY))
        all_.enter_context(_served(create_app(semester, "/"), url))
        WithSemester.semester_url = url
        live.open_course()
        yield WithSemester(live, all_)


def student(pages: Pages, name: str):
    return pages.visitor(name, scopes.student_group(COURSE), DOOR)


def test_a_student_answers_on_the_home_page_and_is_not_asked_again(pages):
    ada = student(pages, NAMES[0])
    page = ada.get(HOME)
    assert page.status_code == 200 and ASKED in page.text, page.text
    assert all(question.title in page.text for question in QUESTIONS) and 'action="/services/home/"' in page.text
    answered = ada.press("", "", hours="2-4", stopped="idea", text="<b>fewer slides</b>")
    assert "Thank you." in answered and ASKED not in answered
    assert "that you have answered" in ada.get(f"{HOME}my-data").text
    said = ada.get(f"{HOME}my-data/data.json").json()["survey"]
    assert said["state"] == "answered" and set(said) == {"survey", "state"}


def test_what_is_wrong_is_said_and_nothing_is_taken(pages):
    ben = student(pages, NAMES[1])
    assert "the answer is empty" in ben.press("", "", hours="")
    assert "choose: 0-2" in ben.press("", "", hours="many")
    assert ASKED in ben.get(HOME).text


def test_staff_see_a_distribution_once_five_have_answered(pages):
    tom = pages.visitor("tom", scopes.staff_group(COURSE), *STAFF, DOOR)
    assert "Fewer than five answers." in tom.get(f"{HOME}insight/surveys").text
    for name in NAMES[1:BATCH]:
        assert "Thank you." in student(pages, name).press("", "", hours="4-6")
    page = tom.get(f"{HOME}insight/surveys").text
    assert f"<strong>{BATCH}</strong> answers" in page and "&lt;b&gt;fewer slides" in page
    assert not [name for name in NAMES if name in page]
    assert student(pages, NAMES[0]).get(f"{HOME}insight/surveys").status_code == 403


def test_no_address_that_answers_are_sent_to_names_a_survey():
    posts = [r.path for r in survey_pages.router.routes if isinstance(r, APIRoute) and "POST" in r.methods]
    assert posts == ["/"]
