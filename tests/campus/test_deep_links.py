"""Modules that an instructor chooses become signed links of the platform's course: once, by them alone."""

import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from sqlalchemy.orm import Session
from tito.campus.choosing import FOLDER
from tito.campus.database import LineItem, Linked, open_database, utc_now
from tito.campus.people import Naming
from tito.campus.platform.client import PlatformClient
from tito.campus.platform.keys import Keys
from tito.campus.service.campus import Campus
from tito.campus.service.choices import Answer, Choices
from tito.curriculum import Curriculum
from tito.errors import TitoError
from tito.semester.read import Valid
from tito.semester.service.course_view import course_view

from hub_config.sign_in.deep_link import NotAnswerable, note_choosing
from hub_config.sign_in.platform_course import note_course
from tests.campus.platform import DEEP_LINK, PlatformWithServices
from tests.semester.conftest import curriculum, valid  # noqa: F401
from tests.sign_in.platform import CLAIM, CLIENT_ID

pytestmark = pytest.mark.service
COURSE, HOME = "tiny-2026", "https://hub.example.org/services/home/"
ITEMS = f"{DEEP_LINK}content_items"


def launch(platform: PlatformWithServices, context: str = "7", **settings: Any) -> dict[str, Any]:
    claims = platform.choosing_claims(context, **settings)
    return {"iss": platform.url, "aud": CLIENT_ID, f"{CLAIM}deployment_id": "1", **claims}


@pytest.fixture
def campus(
    tmp_path: Path,
    platform: PlatformWithServices,
    keys: Keys,
    client: PlatformClient,
    valid: Valid,  # noqa: F811
    curriculum: Curriculum,  # noqa: F811
):
    """A campus whose semester has two modules; the platform's course 7 is ours."""
    engine = open_database(f"sqlite:///{tmp_path / 'campus.db'}")
    points = {
        each.slug: sum(part.points for part in (*each.exercises, *each.written_answers)) for each in curriculum.modules
    }
    neighbours: Any = SimpleNamespace(course=lambda: course_view(valid, curriculum), points=points.get)
    campus = Campus(COURSE, tmp_path, engine, keys, client, neighbours, Naming("sub"), platform.url, HOME)
    for context in ("7", "8"):
        note_course(tmp_path, launch(platform, context))
    campus.link(Choices(campus, asked(campus, platform), "ida").show()["course_key"], "ida")
    yield campus
    engine.dispose()


def asked(
    campus: Campus, platform: PlatformWithServices, name: str = "ida", context: str = "7", **settings: Any
) -> str:
    return note_choosing(campus.folder, launch(platform, context, **settings), name)


def choose(campus: Campus, key: str, *modules: str, name: str = "ida") -> Answer:
    return Choices(campus, key, name).answer(list(modules))


def items(answer: Answer) -> list[dict[str, Any]]:
    return jwt.decode(answer.signed, options={"verify_signature": False})[ITEMS]


def test_the_answer_is_signed_for_the_platform_and_carries_what_its_form_needs(campus, platform):
    answer = choose(campus, asked(campus, platform), "scale", "shift")
    assert answer.return_url == f"{platform.url}/courses/7/chosen"
    scale, shift = platform.checked_answer("7", answer.signed)
    assert scale == {
        "type": "ltiResourceLink",
        "title": "01 Scale",
        "text": scale["text"],
        "url": f"{HOME}modules/scale",
        "custom": {"module": "scale"},
        "window": {"targetName": "_blank"},
        "available": {"startDateTime": "2026-10-05T06:00:00Z", "endDateTime": "2026-10-20T21:59:00Z"},
        "submission": {"endDateTime": "2026-10-18T21:59:00Z"},
        "lineItem": {"label": "01 Scale", "scoreMaximum": 100, "tag": "tinytorch", "resourceId": f"{COURSE}/scale"},
    }
    assert shift["submission"] == {"endDateTime": "2026-10-26T22:59:00Z"}, "after the clocks went back"


def test_the_platforms_note_comes_back_as_it_was_and_none_where_there_was_none(campus, platform):
    for data in ("", 'a "note" \N{SNOWMAN}', None):
        signed = choose(campus, asked(campus, platform, data=data), "scale").signed
        assert jwt.decode(signed, options={"verify_signature": False}).get(f"{DEEP_LINK}data") == data


def test_what_was_chosen_or_opened_is_marked_and_a_second_link_makes_no_second_column(campus, platform):
    choose(campus, asked(campus, platform), "scale")
    shown = Choices(campus, asked(campus, platform), "ida").show()
    marks = {each["slug"]: each["chosen"] and each["chosen"]["by"] for each in shown["modules"]}
    assert (marks, shown["linked"], shown["other"]) == ({"scale": "ida", "shift": None}, True, "")
    (again,) = items(choose(campus, asked(campus, platform), "scale"))
    assert "lineItem" in again, "the platform has no such column: the first choice was given up there"
    platform.course("7").columns["1"] = {"id": f"{platform.url}/courses/7/columns/1", **again["lineItem"]}
    scale, shift = items(choose(campus, asked(campus, platform), "scale", "shift"))
    assert ("lineItem" in scale, "lineItem" in shift) == (False, True)
    with Session(campus.engine) as session, session.begin():
        session.add(LineItem(course=COURSE, assignment="shift", url="https://lms.example.org/columns/5"))
    (shift,) = items(choose(campus, asked(campus, platform), "shift"))
    assert "lineItem" not in shift
    (shift,) = items(choose(campus, asked(campus, platform, accept_lineitem=False), "shift"))
    assert "lineItem" not in shift


def test_a_gradebook_that_can_not_be_read_now_keeps_nobody_from_choosing(campus, platform):
    choose(campus, asked(campus, platform), "scale")
    platform.fails_every = 1
    scale, shift = items(choose(campus, asked(campus, platform), "scale", "shift"))
    assert ("lineItem" in scale, "lineItem" in shift) == (False, True)


def test_nothing_chosen_is_an_answer_too(campus, platform):
    assert platform.checked_answer("7", choose(campus, asked(campus, platform)).signed) == []


def test_from_another_course_than_the_linked_one_nothing_is_chosen(campus, platform):
    key = asked(campus, platform, context="8")
    shown = Choices(campus, key, "ida").show()
    assert (shown["linked"], shown["other"], shown["title"]) == (False, "Course 7", "Course 8")
    with pytest.raises(TitoError, match="not the linked one"):
        choose(campus, key, "scale")
    campus.link(shown["course_key"], "ida")
    assert choose(campus, key, "scale").modules == ["scale"]


def test_columns_of_the_course_that_was_linked_before_are_none_of_the_next_one(campus, platform):
    with Session(campus.engine) as session, session.begin():
        session.add(LineItem(course=COURSE, assignment="scale", url="https://lms.example.org/columns/5"))
    told = {
        "assignment": "scale",
        "student": "ada",
        "score": 48.0,
        "max_score": 60.0,
        "released_at": utc_now().isoformat(),
    }
    campus.outbox.take([told])
    campus.outbox.sent(campus.outbox.due(utc_now())[0])
    campus.link(Choices(campus, asked(campus, platform, context="8"), "ida").show()["course_key"], "ida")
    with Session(campus.engine) as session:
        assert (session.query(LineItem).count(), session.get_one(Linked, COURSE).context) == (0, "8")
    assert [row.student for row in campus.outbox.due(utc_now())] == ["ada"]


@pytest.mark.security
def test_one_launch_has_one_answer_even_where_two_come_at_once(campus, platform):
    key, done, barrier = asked(campus, platform), [], threading.Barrier(4)

    def one() -> None:
        barrier.wait()
        try:
            done.append(choose(campus, key, "scale").signed)
        except TitoError as error:
            done.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(each, str) for each in done) == 1
    with pytest.raises(TitoError, match="already been answered"):
        choose(campus, key, "scale")


def of_somebody_else(campus, platform):
    choose(campus, asked(campus, platform), "scale", name="eve")


def too_late(campus, platform):
    key = asked(campus, platform)
    file = campus.folder / FOLDER / f"{key}.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"until": time.time() - 1}))
    choose(campus, key, "scale")


def a_key_that_is_a_path(campus, platform):
    choose(campus, "../launched/x", "scale")


def a_module_of_no_semester(campus, platform):
    choose(campus, asked(campus, platform), "later")


def two_where_one_is_taken(campus, platform):
    choose(campus, asked(campus, platform, accept_multiple=None), "scale", "shift")


def of_another_issuer(campus, platform):
    key = note_choosing(campus.folder, launch(platform) | {"iss": "https://evil.example.org"}, "ida")
    choose(campus, key, "scale")


@pytest.mark.security
@pytest.mark.parametrize(
    "attack",
    [
        of_somebody_else,
        too_late,
        a_key_that_is_a_path,
        a_module_of_no_semester,
        two_where_one_is_taken,
        of_another_issuer,
    ],
    ids=lambda attack: attack.__name__,
)
def test_a_choice_that_is_not_right_is_not_signed(attack, campus, platform):
    with pytest.raises(TitoError):
        attack(campus, platform)


@pytest.mark.security
@pytest.mark.parametrize(
    "settings",
    [
        {"deep_link_return_url": "http://lms.example.org/chosen"},
        {"deep_link_return_url": "https://user@lms.example.org/chosen"},
        {"deep_link_return_url": "javascript:alert(1)"},
        {"deep_link_return_url": "//lms.example.org"},
        {"deep_link_return_url": None},
        {"deep_link_return_url": ["https://lms.example.org"]},
        {"deep_link_return_url": "https://lms.example.org/" + "x" * 5000},
        {"accept_types": ["file"]},
        {"accept_types": None},
        {"data": "x" * 30_000},
        {"data": {"a": 1}},
    ],
    ids=lambda settings: " ".join(f"{name} {str(value)[:30]}" for name, value in settings.items()),
)
def test_what_asks_for_something_else_or_wants_it_elsewhere_is_refused(tmp_path, platform, settings):
    with pytest.raises(NotAnswerable):
        note_choosing(tmp_path, launch(platform, **settings), "ida")
    assert not list(tmp_path.iterdir())


@pytest.mark.security
def test_questions_do_not_pile_up(tmp_path, platform, monkeypatch):
    monkeypatch.setattr("hub_config.sign_in.deep_link.MOST_OPEN", 2)
    for _ in range(2):
        note_choosing(tmp_path, launch(platform), "ida")
    with pytest.raises(NotAnswerable, match="under way already"):
        note_choosing(tmp_path, launch(platform), "ida")
    note_choosing(tmp_path, launch(platform), "ida", time.time() + 3700)
    assert len(list((tmp_path / FOLDER).iterdir())) == 1
