"""What Moodle 4.5 does differently from the tests' usual platform, as observed on a real one."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tito.campus.database import Linked, utc_now
from tito.campus.launched import find_launched, launched_courses, with_services
from tito.campus.outbox import Outbox
from tito.campus.people import Naming, keep, name_members
from tito.campus.platform.client import PlatformClient
from tito.campus.platform.errors import PlatformRefused
from tito.campus.platform.members import members
from tito.campus.platform.scores import PlatformScore, send_score
from tito.campus.sending import Column, Sending

from hub_config.sign_in.platform_course import MEMBERS, note_course
from tests.campus.platform import PlatformCourse, PlatformWithServices
from tests.sign_in.platform import CLAIM

pytestmark = pytest.mark.service
COURSE = "tiny-2026"
ADA, BEN = "3", "4"  # Moodle's numbers for them


@pytest.fixture
def moodle(platform: PlatformWithServices) -> PlatformWithServices:
    platform.is_moodle = True
    return platform


@pytest.fixture
def there(moodle: PlatformWithServices) -> PlatformCourse:
    """A course with two students, a teacher, and an activity that opens the module."""
    course = moodle.course("2")
    course.enrol_as_moodle("ada", "ben")
    course.enrol_as_moodle("ida", role="Instructor")
    course.columns["2"] = {"id": f"{moodle.url}/courses/2/columns/2?type_id=1", "activity": True}
    return course


@pytest.fixture
def sending(tmp_path: Path, engine: Engine, moodle: PlatformWithServices, there: PlatformCourse, client) -> Sending:
    linked = Linked(
        course=COURSE, issuer=moodle.url, deployment="1", context="2", title="Machine Learning", resource_link="1",
        members_url=f"{moodle.url}/courses/2/members", line_items_url=f"{moodle.url}/courses/2/columns",
    )  # fmt: skip
    found = name_members(engine, moodle.url, members(client, linked.members_url), Naming("custom_login"))
    keep(engine, moodle.url, found.members, tmp_path)
    return sending_of(engine, client, linked, there)


def sending_of(engine: Engine, client: PlatformClient, linked: Linked, there: PlatformCourse) -> Sending:
    """Return the sender for one round."""
    columns = {"scale": there.columns["2"]["id"]}
    return Sending(Outbox(engine, COURSE), client, linked, lambda name: Column("01 Scale", "https://hub"), columns)


def tell(sending: Sending, seconds_ago: float, **scores: float) -> None:
    at = (utc_now() - timedelta(seconds=seconds_ago)).isoformat()
    row = {"assignment": "scale", "max_score": 60.0, "released_at": at}
    sending.outbox.take([{**row, "student": student, "score": score} for student, score in scores.items()])


def states(sending: Sending) -> dict[str, str]:
    return {row["student"]: row["state"] for row in sending.outbox.rows()}


def answer_to(sending: Sending, student: str) -> str:
    return next(row["answer"] for row in sending.outbox.rows() if row["student"] == student)


def test_its_list_names_people_by_their_logins_though_it_has_no_custom_parameters(client, engine, moodle, there):
    found = members(client, f"{moodle.url}/courses/2/members", "custom_login", "1")
    named = name_members(engine, moodle.url, found, Naming("custom_login"))
    assert [(name, each.subject, each.learns) for name, each in named.members.items()] == [
        ("ada", "3", True), ("ben", "4", True), ("ida", "5", False),
    ]  # fmt: skip
    assert name_members(engine, moodle.url, found, Naming("custom_number")).members == {}, "another parameter is not it"


def test_without_the_launchers_name_its_list_has_no_logins_and_that_is_said(client, engine, moodle, there):
    del there.members[0]["ext_user_username"]  # what "Share launcher's name with tool: Never" does
    found = members(client, f"{moodle.url}/courses/2/members")
    (refused,) = name_members(engine, moodle.url, found, Naming("custom_login")).refused
    assert "the platform sends no 'custom_login' for them" in refused


def choosing(moodle: PlatformWithServices) -> dict:
    """A teacher's first choice: Moodle names its list of members only where the course has an activity of ours."""
    claims = moodle.choosing_claims("2")
    del claims[MEMBERS]
    return {"iss": moodle.url, "aud": "x", f"{CLAIM}deployment_id": "1", **claims}


def opening(moodle: PlatformWithServices) -> dict:
    link = {f"{CLAIM}resource_link": {"id": "1"}}
    return {"iss": moodle.url, f"{CLAIM}deployment_id": "1", **link, **moodle.launch_claims("2")}


def test_a_course_that_was_linked_at_the_first_choice_gets_its_list_from_the_first_launch(moodle, tmp_path):
    note_course(tmp_path, choosing(moodle))
    (first,) = launched_courses(tmp_path)
    assert (first.members_url, first.line_items_url) == ("", f"{moodle.url}/courses/2/columns")
    facts = {name: value for name, value in vars(first).items() if name not in ("key", "columns")}
    linked = Linked(course=COURSE, **facts)
    assert with_services(tmp_path, linked).members_url == ""
    note_course(tmp_path, opening(moodle))
    assert with_services(tmp_path, linked).members_url == f"{moodle.url}/courses/2/members"
    note_course(tmp_path, choosing(moodle))
    found = find_launched(tmp_path, first.key)
    assert found and (found.members_url, found.resource_link) == (f"{moodle.url}/courses/2/members", "1")


def test_a_score_whose_answer_was_lost_is_refused_the_second_time_and_counts_as_sent(sending, moodle, there):
    tell(sending, 5, ada=48, ben=0)
    moodle.fails_every, moodle.after_the_deed = 3, True
    sending.send_due(utc_now())
    moodle.fails_every = 0
    assert (states(sending), set(there.arrived.values())) == ({"ada": "sent", "ben": "sent"}, {1})


def test_a_score_told_before_the_earlier_one_arrived_replaces_it(sending, there):
    """The earlier one was sent late, and Moodle dates it by its arrival."""
    tell(sending, 30, ada=48)
    sending.send_due(utc_now())
    tell(sending, 15, ada=54)
    assert sending.send_due(utc_now()) == 1
    assert (there.scores["2", ADA]["scoreGiven"], states(sending)) == (54, {"ada": "sent"})


def test_where_its_clock_is_ahead_the_score_waits(sending, moodle, there):
    moodle.clock_ahead = 300
    tell(sending, 30, ada=48)
    sending.send_due(utc_now())
    tell(sending, 15, ada=54)
    assert sending.send_due(utc_now()) == 0
    assert (states(sending), "may be ahead" in answer_to(sending, "ada")) == ({"ada": "waiting"}, True)
    there.scores["2", ADA]["dated"] -= 600  # ten minutes later
    assert sending.send_due(utc_now() + timedelta(minutes=10)) == 1
    assert there.scores["2", ADA]["scoreGiven"] == 54


def test_what_a_teacher_has_changed_there_since_is_left_and_told(sending, there):
    tell(sending, 30, ada=48)
    sending.send_due(utc_now())
    there.scores["2", ADA]["scoreGiven"] = 12
    tell(sending, 15, ada=54)
    assert sending.send_due(utc_now()) == 0
    assert (there.scores["2", ADA]["scoreGiven"], states(sending)) == (12, {"ada": "refused"})
    assert "has a newer score, 12 of 60: somebody changed it there" in answer_to(sending, "ada")
    tell(sending, -1, ada=54)  # the feedback is released again
    assert (sending.send_due(utc_now()), there.scores["2", ADA]["scoreGiven"]) == (1, 54)


def test_who_has_left_since_the_last_look_is_told_to_staff_and_gets_the_score_on_coming_back(sending, moodle, there):
    gone = there.members.pop(1)
    tell(sending, 5, ada=48, ben=54)
    before = moodle.calls["members"]
    assert sending.send_due(utc_now()) == 1
    assert (states(sending), moodle.calls["members"] - before) == ({"ada": "sent", "ben": "left"}, 1)
    assert "is no longer a member of the platform's course" in answer_to(sending, "ben")
    there.members.append(gone)
    sending.outbox.retry()  # as each new roster does
    assert (sending.send_due(utc_now()), there.scores["2", BEN]["scoreGiven"]) == (1, 54)


def test_its_reasons_are_told_in_one_line(client, there):
    score = PlatformScore("99", 1, 2, utc_now())
    with pytest.raises(PlatformRefused, match=r"scores\?type_id=1: 400 Bad Request$"):
        send_score(client, there.columns["2"]["id"], score)
    nowhere = there.columns["2"]["id"].replace("columns/2", "columns/7")
    with pytest.raises(PlatformRefused, match=r": 404 Not Found: Grade item 7 doesn't exist$"):
        send_score(client, nowhere, score)


def test_a_column_that_was_deleted_there_is_told_by_a_look(sending, there):
    tell(sending, 5, ada=48)
    sending.send_due(utc_now())
    del there.columns["2"]
    sending.look()
    (row,) = sending.outbox.rows()
    assert (row["state"], row["there"], row["differs"]) == ("sent", None, True)
