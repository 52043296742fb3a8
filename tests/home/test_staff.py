"""Counts per module over the roster, the next action for a module, and who may be stuck."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub_config.home.hints import hints_opened
from hub_config.home.moments import Clock
from hub_config.home.schedule_view import lab_rows
from hub_config.home.staff import STUCK_TESTS, ModuleRow, module_rows, stuck
from tests.home.test_course_map import CLOCK, NOW, course, given, text


def progress(student: str, **standing: Any) -> dict[str, Any]:
    row = {"id": "tensor", "submitted_at": None, "late": False, "feedback_at": None, **standing}
    return {"student": student, "assignments": [row]}


def steps(student: str, at: str, **more: Any) -> dict[str, Any]:
    """Return a student's reported progress: fetched, and whatever else is given."""
    none = {"completed_at": None, "submitted_at": None, "tests": 0, "last_test": {}}
    return {"assignment": "tensor", "student": student, "fetched_at": at, "last_at": at, **none, **more}


def row(due: int = 5, rows: list[dict[str, Any]] | None = None, said: list[dict[str, Any]] | None = None) -> ModuleRow:
    students = ["ada", "ben", "chen"]
    return module_rows(course(given("tensor", due=due)), students, rows or [], said or [], [], CLOCK)[0]


def test_counts_are_over_the_roster_and_not_over_others():
    rows = [progress("ada", submitted_at=text(hours=-1)), progress("dropped", submitted_at=text(hours=-1))]
    said = [steps("ben", text(hours=-2), tests=2), steps("dropped", text(hours=-2), tests=1)]
    counted = row(rows=rows, said=said)
    assert (counted.students, counted.submitted, counted.fetched) == (3, ["ada"], ["ben"])
    assert (counted.tested, counted.completed) == (["ben"], [])


def test_missing_are_those_without_a_submission_after_the_due_date():
    rows = [progress("ada", submitted_at=text(hours=-1), late=True)]
    assert row(due=5, rows=rows).missing == []
    late = row(due=-1, rows=rows)
    assert (late.missing, late.late) == (["ben", "chen"], ["ada"])


@pytest.mark.parametrize(
    ("collected", "to_autograde", "to_read", "graded", "made", "released", "action"),
    [
        (0, 0, 0, 0, 0, 0, "collect"),
        (1, 1, 0, 0, 0, 0, "autograde"),
        (1, 0, 1, 0, 0, 0, "read"),
        (1, 0, 0, 1, 0, 0, "feedback"),
        (1, 0, 0, 1, 1, 0, "release_feedback"),
        (1, 0, 0, 1, 1, 1, ""),
    ],
)
def test_a_module_waits_for_one_action(collected, to_autograde, to_read, graded, made, released, action):
    counted = row(due=-1, rows=[progress("ada", submitted_at=text(days=-2))])
    counted.grading = {
        "collected": collected,
        "to_autograde": to_autograde,
        "to_read_by_hand": to_read,
        "graded": graded,
        "feedback_made": made,
        "feedback_released": released,
    }
    assert counted.next == action


def test_feedback_that_went_out_before_it_was_read_is_released_again():
    counted = row(due=-1, rows=[progress("ada", submitted_at=text(days=-2))])
    done = {"collected": 1, "to_autograde": 0, "to_read_by_hand": 0, "graded": 1, "feedback_made": 1}
    counted.grading = {**done, "feedback_released": 1, "released_before_read": 1}
    assert counted.next == "release_feedback"


def found(said: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.student, each.why) for each in stuck(course(given("tensor")), ["ada", "ben"], [said], CLOCK)]


def test_many_tests_without_completing_are_stuck_and_say_where():
    last = {"points": 12, "points_possible": 27}
    ada = steps("ada", text(minutes=-1), tests=STUCK_TESTS, last_test=last)
    assert found(ada) == [("ada", "8 test runs, not completed, last 12 of 27 points")]
    assert found({**ada, "tests": STUCK_TESTS - 1}) == []
    assert found({**ada, "last_test": {"points": "<b>", "points_possible": []}}) == [
        ("ada", "8 test runs, not completed")
    ]
    assert found({**ada, "completed_at": text(minutes=0)}) == found({**ada, "submitted_at": text(minutes=0)}) == []


def test_who_began_and_fell_silent_is_stuck():
    assert found(steps("ben", text(days=-4), tests=1)) == [("ben", "began, then nothing for 4 days")]
    assert found(steps("ben", text(days=-2), tests=1)) == []
    assert found(steps("ben", text(days=-9))) == []
    assert found(steps("gone", text(days=-9), tests=1)) == []


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=3, hours=5), "in 3 days"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(hours=5, minutes=59), "in 5 hours"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(seconds=20), "in less than a minute"),
        (-timedelta(hours=2), "2 hours ago"),
    ],
)
def test_distances_are_told_in_words(span, words):
    assert CLOCK.moment((NOW + span).isoformat()).words == words


def test_a_time_is_exact_in_the_courses_zone_and_for_machines_in_utc():
    moment = Clock("Europe/Berlin", NOW).moment("2026-07-01T22:30:00.000000Z")
    assert (moment.exact, moment.iso) == ("Thu 2 Jul, 00:30", "2026-07-01T22:30:00Z")
    assert moment.at == datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


def opened(exercise: str, **students: int) -> dict[str, Any]:
    return {"assignment": "tensor", "exercise": exercise, "students": students}


def test_opened_hints_are_counted_by_step_over_the_roster():
    said = [opened("mean", ada=1), opened("add", ada=2, ben=1, dropped=3), opened("mul", dropped=1)]
    counted = hints_opened(course(given("tensor")), ["ada", "ben"], said)
    assert [(each.exercise, each.students) for each in counted] == [("add", (2, 1)), ("mean", (1,))]


def test_more_hints_than_there_are_count_as_all_of_them():
    [counted] = hints_opened(course(given("tensor")), ["ada"], [opened("add", ada=10)])
    assert counted.students == (1, 1, 1)


def test_a_lab_is_told_with_how_many_servers_are_there_once_they_are_started():
    lab = {"section": "A", "servers": 3, "students": 30}
    soon = lab | {"at": (NOW + timedelta(minutes=10)).isoformat(), "ahead": (NOW - timedelta(minutes=5)).isoformat()}
    later = lab | {"at": (NOW + timedelta(days=7)).isoformat(), "ahead": (NOW + timedelta(days=6)).isoformat()}
    rows = lab_rows([soon, later | {"section": ""}], CLOCK)
    assert [(row.who, row.servers, row.students, row.soon) for row in rows] == [
        ("Section A", 3, 30, True),
        ("Everybody", 3, 30, False),
    ]
