"""A class list is uploaded on the Semester page: first comes the plan, then the roster's file and the class change."""

import html
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tito.semester.service.roster_upload import BEFORE

from exchange.protocol.names import name_of
from hub_config.home.guard import LARGEST_BODY_BYTES
from tests.home.test_pages import HOME, form_token, text_of
from tests.semester.campus import Campus, wait_for

pytestmark = pytest.mark.live
CLASS = "Anmeldename;Nachname;Vorname;Gruppe\nada;Lovelace;Ada;A\nben;Rosen;Ben;A\nchen;Chen;Li;B\n"
WITH_ZOE = (CLASS + "zoë;Müller;Zoë;B\n").encode("cp1252")
ZOE = name_of("zoë")


@pytest.fixture
def ida(campus: Campus) -> Iterator[httpx.Client]:
    with closing(campus.log_in("ida")) as client:
        client.get(HOME)
        yield client


@pytest.fixture
def file(campus: Campus, ida: httpx.Client) -> Iterator[Path]:
    """The roster's file; class and file are restored afterwards."""
    [file] = campus.folder.glob("*.csv")
    before = file.read_bytes()
    yield file
    file.write_bytes(before)
    page = ida.get(HOME + "semester").text
    ida.post(HOME + "semester/apply", data={"form_token": form_token(page), "yes": ["drops"]})
    finished(ida)


def finished(ida: httpx.Client) -> str:
    """Wait for an apply to finish; return its page's text."""
    page = HOME + "semester/apply"
    return text_of(wait_for(lambda: "data-refresh" not in (text := ida.get(page).text) and text, "apply"))


def upload(ida: httpx.Client, content: bytes, **fields: str) -> str:
    data = {"form_token": form_token(ida.get(HOME + "semester").text), **fields}
    return ida.post(HOME + "semester/roster", data=data, files={"class_list": ("class.csv", content)}).text


def press(ida: httpx.Client, page: str, **ticked: str) -> httpx.Response:
    """Send the form below a plan as a browser does, with CR LF at the ends of lines."""
    roster = re.search(r'<textarea name="roster"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert roster and seen, page
    text = html.unescape(roster[1]).replace("\n", "\r\n")
    data = {"form_token": form_token(page), "seen": seen[1], "roster": text, **ticked}
    return ida.post(HOME + "semester/roster/apply", data=data)


def students(campus: Campus) -> list[str]:
    people = campus.ask("semester", "GET", "people", campus.token("ida")).json()
    return [student["username"] for student in people["students"]]


def test_the_plan_comes_first_and_then_the_list_is_the_roster(campus, ida, file):
    before = file.read_bytes()
    page = upload(ida, WITH_ZOE)
    text = text_of(page)
    assert "class.csv : Windows-1252, separated by semicolons, 4 students" in text
    assert "Username from Anmeldename" in text
    assert "Section from Gruppe" in text
    assert re.search(rf"people users {ZOE}", text)
    assert (file.read_bytes(), students(campus)) == (before, ["ada", "ben", "chen"])
    press(ida, page)
    assert "The semester is in force" in finished(ida)
    assert students(campus) == ["ada", "ben", "chen", ZOE]
    assert file.read_text() == (
        "username,last_name,first_name,email,section\n"
        f"ada,Lovelace,Ada,,A\nben,Rosen,Ben,,A\nchen,Chen,Li,,B\n{ZOE},Müller,Zoë,,B\n"
    )
    assert file.with_name(file.name + BEFORE).read_bytes() == before
    assert "It is in force as it is" in text_of(ida.get(HOME + "semester").text)


def test_a_list_that_drops_most_of_a_class_asks_and_writes_nothing_without_a_yes(campus, ida, file):
    before = file.read_bytes()
    page = upload(ida, b"username\nada\n")
    assert 'name="yes" value="drops"' in page
    answer = press(ida, page)
    assert "nothing was changed, because this must be confirmed" in text_of(answer.text)
    assert (file.read_bytes(), students(campus)) == (before, ["ada", "ben", "chen"])
    press(ida, page, yes="drops")
    finished(ida)
    assert students(campus) == ["ada"]


def test_a_list_that_cannot_be_read_is_refused_with_its_lines(ida, file):
    before = file.read_bytes()
    text = text_of(upload(ida, b"First name,Email address\nAda,ada@example.org\n"))
    assert "class.csv:1: columns" in text and "Upload it again" in text
    assert "Make it the roster" not in text
    page = upload(ida, b"First name,Email address\nAda,ada@example.org\n", username="Email address")
    assert "ada@example.org" in page and "Make it the roster" in page
    text = text_of(upload(ida, b'username,last_name\nada,L\nben\n"chen,C\n'))
    assert "class.csv:3: line:" in text and "class.csv:4: line:" in text
    assert file.read_bytes() == before


def test_a_roster_that_somebody_else_changed_meanwhile_is_left_alone(ida, file):
    page = upload(ida, WITH_ZOE)
    changed = file.read_bytes() + b"dora,Dorn,Dora,\n"
    file.write_bytes(changed)
    answer = press(ida, page)
    assert "has changed since the plan was made: upload the list again" in text_of(answer.text)
    assert file.read_bytes() == changed


def test_it_is_for_instructors_and_has_a_limit(campus, ida):
    form = {"class_list": ("class.csv", WITH_ZOE)}
    with closing(campus.log_in("tom")) as tom:
        tom.get(HOME)
        for path in ("semester/roster", "semester/roster/apply"):
            assert tom.post(HOME + path, data={"form_token": "x"}, files=form).status_code == 403
    token = campus.token("tom")
    for path, body in (("roster/plan", {"content": ""}), ("roster/apply", {"roster": "", "seen": ""})):
        answer = campus.ask("semester", "POST", path, token, json=body)
        assert (answer.status_code, "custom:semester:manage" in answer.text) == (403, True)
    too_large = {"class_list": ("class.csv", bytes(LARGEST_BODY_BYTES))}
    answer = ida.post(HOME + "semester/roster", data={"form_token": "x"}, files=too_large)
    assert (answer.status_code, "That is too large" in answer.text) == (413, True)
