"""Labs: when a section meets, and whose servers are started before it, a few at a time and each only once."""

from datetime import UTC, datetime, timedelta

import pytest
from tito.errors import TitoError
from tito.semester.labs import beginning, meetings
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, Valid, validate
from tito.semester.service.ahead import AT_ONCE, LONGEST_SLEEP_SECONDS, PAUSE_SECONDS, Ahead

from tests.semester.conftest import SEMESTER

NAMES = [f"s{number}" for number in range(10)]
ROSTER = "username,section\n" + "".join(f"{name},tue\n" for name in NAMES) + "ada,wed\nzoe,\n"
LAB = "labs: [{section: tue, first: 2026-10-13 14:00, weeks: 3, minutes_ahead: 10}]"
BEGINS = datetime(2026, 10, 13, 12, tzinfo=UTC)  # summer time in Berlin


@pytest.fixture
def given(curriculum):
    def make(line: str = LAB, roster: str = ROSTER) -> Valid:
        return validate(Sources(SEMESTER + line, roster), curriculum)

    return make


class Servers:
    """What a Hub would answer about servers: each is starting until `ready` is called, and some can't start."""

    def __init__(self) -> None:
        self.there: dict[str, bool] = {}
        self.asked: list[str] = []
        self.broken: set[str] = set()

    def servers(self) -> dict[str, bool]:
        return dict(self.there)

    def start_server(self, name: str) -> None:
        self.asked.append(name)
        if name in self.broken:
            raise TitoError("the engine is away")
        self.there[name] = False

    def ready(self) -> None:
        self.there = dict.fromkeys(self.there, True)


@pytest.fixture
def servers() -> Servers:
    return Servers()


def ahead_of(servers: Servers, valid: Valid, at: datetime) -> Ahead:
    return Ahead(servers, lambda: valid, lambda: at)


def until_all_are_asked(ahead: Ahead, servers: Servers) -> None:
    while ahead.round() == PAUSE_SECONDS:
        servers.ready()


def test_a_lab_is_every_week_at_the_time_that_clocks_show_but_on_holidays(given):
    line = "labs: [{first: 2026-10-13 14:00, weeks: 4, without: [2026-10-20], minutes_ahead: 5}]"
    found = meetings(given(line).semester)
    # After 25 October, Berlin's offset from UTC is an hour smaller.
    assert [meeting.at.strftime("%m-%d %H:%M") for meeting in found] == ["10-13 12:00", "10-27 13:00", "11-03 13:00"]
    assert {meeting.at - meeting.ahead for meeting in found} == {timedelta(minutes=5)}


@pytest.mark.parametrize(("minutes", "begins"), [(-11, False), (-10, True), (-1, True), (0, False)])
def test_servers_are_started_from_some_minutes_ahead_until_the_lab_begins(given, minutes, begins):
    found = beginning(given().semester, BEGINS + timedelta(minutes=minutes))
    assert bool(found) is begins


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "labs: [{section: thu, first: 2026-10-13 14:00}]",
            "'thu' is not the section of any student on the roster; did you",
        ),
        ("labs: [{first: 2026-10-13}]", "has a date but no time of day"),
        ("labs: [{first: 2026-10-13 14:00, minutes_ahead: 600}]", "is not allowed; write less than or equal to 60"),
        ("labs: [{first: 2026-10-13 14:00, without: [soon]}]", "is not a day; write YEAR-MONTH-DAY"),
        ("labs: [{first: 2026-10-13 14:00, room: 4}]", "is not a key here"),
    ],
)
def test_a_mistake_is_told_with_its_line(given, line, words):
    with pytest.raises(SemesterError) as caught:
        given(line)
    assert words in str(caught.value)


def test_a_holiday_on_a_day_without_a_lab_is_a_warning(given):
    warnings = given("labs: [{first: 2026-10-13 14:00, weeks: 3, without: [2026-10-21]}]").warnings
    assert "is not a day of this lab" in "; ".join(map(str, warnings))


def test_the_students_of_the_section_are_started_and_nobody_else(given, servers):
    ahead = ahead_of(servers, given(), BEGINS - timedelta(minutes=10))
    until_all_are_asked(ahead, servers)
    assert servers.asked == NAMES
    assert ahead.progress(meetings(given().semester)[0]) == len(NAMES)


def test_a_lab_of_no_section_is_everybodys(given, servers):
    until_all_are_asked(
        ahead_of(servers, given("labs: [{first: 2026-10-13 14:00}]"), BEGINS - timedelta(1 / 99)), servers
    )
    assert sorted(servers.asked) == sorted([*NAMES, "ada", "zoe"])


def test_no_more_than_a_few_start_at_the_same_time(given, servers):
    servers.there["ada"] = False  # a student outside the section starts their own server
    ahead = ahead_of(servers, given(), BEGINS - timedelta(minutes=10))
    assert ahead.round() == PAUSE_SECONDS
    assert ahead.round() == PAUSE_SECONDS
    assert servers.asked == NAMES[: AT_ONCE - 1]
    servers.ready()
    ahead.round()
    assert servers.asked == NAMES[: 2 * AT_ONCE - 1]


def test_a_server_that_runs_is_left_alone_and_one_that_is_stopped_stays_stopped(given, servers):
    servers.there["s3"] = True
    ahead = ahead_of(servers, given(), BEGINS - timedelta(minutes=10))
    until_all_are_asked(ahead, servers)
    assert "s3" not in servers.asked
    servers.there.clear()
    assert ahead.round() == LONGEST_SLEEP_SECONDS
    assert len(servers.asked) == len(NAMES) - 1


def test_one_that_can_not_start_keeps_nobody_from_it_and_is_not_tried_without_end(given, servers, caplog):
    servers.broken = {"s0", "s1"}
    until_all_are_asked(ahead_of(servers, given(), BEGINS - timedelta(minutes=10)), servers)
    assert servers.asked == NAMES
    assert "the server of s0 was not started ahead of a lab: the engine is away" in caplog.text


def test_before_and_after_nothing_is_asked_of_the_hub(given):
    for at in (BEGINS - timedelta(hours=1), BEGINS):
        assert ahead_of(None, given(), at).round() == LONGEST_SLEEP_SECONDS
    assert Ahead(None, lambda: None).round() == LONGEST_SLEEP_SECONDS
