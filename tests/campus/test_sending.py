"""Scores of a class of 300 on their way to the platform, from a database on disk."""

from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tito.campus.database import Linked, open_database, utc_now
from tito.campus.outbox import Outbox
from tito.campus.people import Naming, keep, name_members, names_by_subject
from tito.campus.platform.client import PlatformClient
from tito.campus.platform.errors import PlatformSilent
from tito.campus.platform.members import members
from tito.campus.sending import Column, Sending
from tito.campus.service.campus import Campus

from tests.campus.platform import PlatformCourse, PlatformWithServices

pytestmark = pytest.mark.service
COURSE = "tiny-2026"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
CLASS = [f"s{number:03}" for number in range(300)]
LARGE, SMALL = 300, 30


def told(students: list[str], score: float, minutes: int = 0) -> list[dict[str, Any]]:
    """Return what the grading service says that students were told."""
    at = (NOON + timedelta(minutes=minutes)).isoformat()
    row = {"assignment": "scale", "score": score, "max_score": 60.0, "released_at": at}
    return [{**row, "student": student} for student in students]


@pytest.fixture
def students() -> int:
    """How many are in the class."""
    return SMALL


@pytest.fixture
def there(platform: PlatformWithServices, students: int) -> PlatformCourse:
    platform.course("7").enrol(*CLASS[:students])
    return platform.course("7")


@pytest.fixture
def sending(tmp_path: Path, engine: Engine, platform: PlatformWithServices, there: PlatformCourse, client) -> Sending:
    """A class whose members are known; nothing was told yet."""
    base = f"{platform.url}/courses/7"
    found = members(client, f"{base}/members", "custom_login", "link-7")
    named = name_members(engine, platform.url, found, Naming("custom_login"))
    keep(engine, platform.url, named.members, tmp_path)
    linked = Linked(course=COURSE, issuer=platform.url, line_items_url=f"{base}/columns")
    return sending_of(engine, client, linked)


def sending_of(engine: Engine, client: PlatformClient, linked: Linked, **assignments: str) -> Sending:
    column = Column("01 Scale", "https://hub.example.org")
    return Sending(Outbox(engine, COURSE), client, linked, lambda name: column, assignments)


@pytest.mark.parametrize(
    ("students", "answer_is_lost"), [(SMALL, False), (LARGE, True)], ids=["it did nothing", "the answer was lost"]
)
def test_scores_each_arrive_once_though_every_third_call_fails(sending, platform, there, students, answer_is_lost):
    assert platform.calls["members"] == ceil(students / platform.page_size)
    platform.fails_every, platform.after_the_deed = 3, answer_is_lost
    assert sending.outbox.take(told(CLASS[:students], 48)) == students
    assert sending.send_due(utc_now()) == students
    assert (len(there.columns), len(there.scores), set(there.arrived.values())) == (1, students, {1})
    assert sending.outbox.take(told(CLASS[:students], 48)) == 0
    assert sending.send_due(utc_now()) == 0


def test_what_waits_is_on_disk_and_is_sent_by_the_next_process_once_the_platform_is_back(
    sending, platform, there, client, tmp_path
):
    sending.outbox.take(told(CLASS[:20], 48))
    platform.fails_every = 1
    for _ in range(3):  # a day of rounds: each one is ended by the first that is not taken
        with pytest.raises(PlatformSilent):
            sending.send_due(utc_now() + timedelta(days=1))
    assert there.scores == {}
    platform.fails_every = 0
    again = open_database(f"sqlite:///{tmp_path / 'campus.db'}")
    assert sending_of(again, client, sending.linked).send_due(utc_now() + timedelta(days=1)) == 20
    assert [row["state"] for row in Outbox(again, COURSE).rows()] == ["sent"] * 20
    again.dispose()


def test_a_score_that_is_told_otherwise_while_an_older_one_is_on_its_way_is_sent_too(sending, there):
    sending.outbox.take(told(["s001"], 48))
    (on_its_way,) = sending.outbox.due(utc_now())
    sending.outbox.take(told(["s001"], 54, minutes=1))
    sending.outbox.sent(on_its_way)
    assert sending.send_due(utc_now()) == 1
    assert there.scores["1", "platform-id-of-s001"]["scoreGiven"] == 54


def test_an_older_word_of_the_grading_service_changes_nothing(sending):
    sending.outbox.take(told(["s001"], 54, minutes=1))
    sending.send_due(utc_now())
    assert sending.outbox.take(told(["s001"], 48)) == 0
    assert sending.outbox.due(utc_now()) == []


def test_somebody_whom_the_platform_does_not_have_is_said_and_holds_up_nobody(sending, there):
    sending.outbox.take(told(["nobody.here", "s001", "s002"], 48))
    assert sending.send_due(utc_now()) == 2
    row = next(row for row in sending.outbox.rows() if row["student"] == "nobody.here")
    assert (row["state"], "no member of the platform's course" in row["answer"]) == ("nobody", True)


def test_a_score_that_the_platform_refuses_is_said_with_its_answer(sending, there):
    sending.outbox.take(told(["s001"], 48))
    sending.send_due(utc_now())
    there.leave("s001")  # since the last look at the members
    sending.outbox.take(told(["s001"], 54, minutes=1))
    assert sending.send_due(utc_now()) == 0
    (row,) = sending.outbox.rows()
    assert (row["state"], row["sent_score"], "404" in row["answer"]) == ("refused", 48, True)


def test_scores_go_to_the_platforms_own_assignment_that_opens_the_module(sending, engine, platform, there, client):
    homework = f"{platform.url}/courses/7/columns/homework"
    there.columns["homework"] = {"id": homework, "label": "Homework 1", "tag": ""}
    with_assignment = sending_of(engine, client, sending.linked, scale=homework)
    with_assignment.outbox.take(told(["s001"], 48))
    assert with_assignment.send_due(utc_now()) == 1
    assert list(there.columns) == ["homework"]
    assert there.scores["homework", "platform-id-of-s001"]["scoreGiven"] == 48
    del there.columns["homework"]
    with_assignment.outbox.take(told(["s002"], 54))
    assert [with_assignment.send_due(utc_now()) for _ in range(2)] == [0, 2]
    assert [each["label"] for each in there.columns.values()] == ["01 Scale"]


@pytest.mark.security
def test_no_token_goes_to_an_assignment_at_an_address_without_https(sending, engine, there, client):
    elsewhere = sending_of(engine, client, sending.linked, scale="http://evil.example.org/columns/1")
    elsewhere.outbox.take(told(["s001"], 48))
    assert elsewhere.send_due(utc_now()) == 0
    (row,) = elsewhere.outbox.rows()
    assert (row["state"], "must be https" in row["answer"]) == ("refused", True)


class Over:
    """A semester service whose course is frozen."""

    def is_frozen(self) -> bool:
        return True


def test_of_a_course_that_is_over_names_alone_are_kept(sending, engine, tmp_path, platform, client, keys, students):
    """What a student was told is gone from the file itself, and asking again finds nothing."""
    sending.outbox.take(told(CLASS[:students], 48))
    over: Any = Over()
    campus = Campus(COURSE, tmp_path, engine, keys, client, over, Naming("custom_login"), platform.url, "")
    assert campus.forget(yes=False)["scores"] == students
    assert campus.forget(yes=True)["scores"] == students
    assert campus.forget(yes=True)["scores"] == 0
    assert set(names_by_subject(engine, platform.url).values()) == set(CLASS[:students])
