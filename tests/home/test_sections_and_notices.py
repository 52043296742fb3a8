"""A class in sections on a real Hub: who sees which students, who gets which notices, and students' late days."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest
from tito.semester.demo import COURSE

from exchange.client.exchange_client import ExchangeClient
from tests.home.test_pages import HOME, form_token, text_of
from tests.semester.campus import Campus, wait_for

pytestmark = pytest.mark.live
ROSTER = "username,last_name,section,email\nada,L,A,ada@example.org\nben,R,B,\nchen,C,B,\n"
SECTIONS = "sections: {A: [tom], B: [ida]}\nconflicts: [{grader: tom, student: ada}]\n"
LATE_DAYS = "late_days: {semester: 3, per_module: 1}\n"


@pytest.fixture(scope="module")
def in_sections(campus: Campus) -> Iterator[Campus]:
    """The class in two sections, with late days; files and class are restored afterwards."""
    [roster], file = campus.folder.glob("*.csv"), campus.folder / "semester.yaml"
    before = roster.read_text(), file.read_text()
    roster.write_text(ROSTER)
    file.write_text(before[1] + SECTIONS + LATE_DAYS)
    apply(campus)
    yield campus
    roster.write_text(before[0])
    file.write_text(before[1])
    apply(campus)


@pytest.fixture
def visit(in_sections: Campus) -> Iterator[Callable[[str], httpx.Client]]:
    clients: list[httpx.Client] = []

    def log_in(name: str) -> httpx.Client:
        clients.append(in_sections.log_in(name))
        clients[-1].get(HOME)
        return clients[-1]

    yield log_in
    for client in clients:
        client.close()


def apply(campus: Campus) -> None:
    token = campus.token("ida")
    assert campus.ask("semester", "POST", "apply", token, json={"yes": ["drops", "late"]}).status_code == 202

    def run() -> dict:
        found = campus.ask("semester", "GET", "apply", token).json()
        return found if found["finished"] else {}

    done = wait_for(run, "apply")
    assert (done["error"], [change for change in done["changes"] if change["error"]]) == ("", [])


def send(client: httpx.Client, page: str, action: str, **fields: str) -> str:
    """Send a form of a page; return the resulting text."""
    answer = client.post(HOME + action, data={"form_token": form_token(client.get(HOME + page).text), **fields})
    return text_of(answer.text)


def test_a_ta_sees_their_own_section_and_others_when_asked(visit):
    tom = visit("tom")
    own, all_of_them = text_of(tom.get(HOME + "class").text), text_of(tom.get(HOME + "class?section=all").text)
    assert "1 student in section A" in own and "ada@example.org" in own and "chen" not in own
    assert "3 students" in all_of_them and "chen" in all_of_them
    assert "ben" in text_of(tom.get(HOME + "class?section=B").text)
    assert "A (yours)" in text_of(tom.get(HOME + "grading").text)


def test_a_notice_stands_on_the_home_page_of_its_section_until_it_is_taken_down(visit, in_sections):
    ida, ada, ben = visit("ida"), visit("ada"), visit("ben")
    said = send(
        ida,
        "semester",
        "semester/notices",
        text="Tutorial moves to <b>room 7</b>.",
        until="2099-01-31T18:00",
        section="A",
    )
    assert "It is on the home page now." in said and "Section A, until Sat 31 Jan, 18:00, by ida" in said
    assert "&lt;b&gt;room 7" in ada.get(HOME).text and "From your instructor to section A" in text_of(
        ada.get(HOME).text
    )
    assert "Tutorial moves" not in ben.get(HOME).text
    for until, words in (("2020-01-01T10:00", "must end in the future"), ("soon", "is not a date and time")):
        assert words in send(ida, "semester", "semester/notices", text="Late.", until=until)
    assert "choose one of: A, B" in send(
        ida, "semester", "semester/notices", text="x", until="2099-01-01T10:00", section="C"
    )
    number = re.search(r"semester/notices/(\d+)/take_down", ida.get(HOME + "semester").text)
    assert number and "It is gone" in send(ida, "semester", f"semester/notices/{number[1]}/take_down")
    assert "Tutorial moves" not in ada.get(HOME).text
    for path, body in (("notices", {"text": "x", "until": "2099-01-01 10:00"}),):
        assert in_sections.ask("semester", "POST", path, in_sections.token("tom"), json=body).status_code == 403


def test_a_student_spends_a_late_day_on_the_modules_page_and_the_calendar_follows(visit, in_sections):
    ada = visit("ada")
    due = re.search(r"UID:shift@.*?DTSTART:(\w+)", ada.get(HOME + "due-dates.ics").text, re.DOTALL)
    page = text_of(ada.get(HOME + "modules/shift").text)
    assert "You have 3 left in the semester" in page
    after = send(ada, "modules/shift", "modules/shift/late_days", days="1")
    assert "Due (with 1 late day)" in after and "You have 2 left" in after
    calendar = ada.get(HOME + "due-dates.ics")
    moved = re.search(r"UID:shift@.*?DTSTART:(\w+)", calendar.text, re.DOTALL)
    assert calendar.headers["content-type"].startswith("text/calendar")
    assert due and moved and int(moved[1][:8]) != int(due[1][:8]) and moved[1][8:] == due[1][8:]
    with closing(ExchangeClient(in_sections.service_url("exchange"), in_sections.token("ada"))) as exchange:
        assert exchange.assignment(COURSE, "shift").late_days == 1
    refused = send(ada, "modules/shift", "modules/shift/late_days", days="2")
    assert "you can spend at most 1 late day(s) on shift" in refused
    assert "Due (with" not in send(ada, "modules/shift", "modules/shift/late_days", days="0")
