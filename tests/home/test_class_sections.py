"""Which sections of a class are shown to whom, and how students see late days and due dates."""

from datetime import timedelta

import pytest

from hub_config.home.calendar_file import calendar
from hub_config.home.class_sections import part_of
from hub_config.home.course_map import Record, course_map, late_days_left
from hub_config.home.neighbours import Missing
from tests.home.test_course_map import CLOCK, NOW, course, given, text

PEOPLE = {
    "students": [
        {"username": name, "section": section} for name, section in (("ada", "A"), ("ben", "B"), ("cleo", ""))
    ],
    "sections": ["A", "B"],
    "mine": ["B"],
}


@pytest.mark.parametrize(
    ("wanted", "mine", "names"),
    [
        ([], [], ["ada", "ben", "cleo"]),
        ([], ["B"], ["ben"]),
        (["all"], ["B"], ["ada", "ben", "cleo"]),
        (["A"], ["B"], ["ada"]),
        (["A", "B"], ["B"], ["ada", "ben"]),
        (["none of ours"], [], ["ada", "ben", "cleo"]),
    ],
)
def test_staff_see_their_own_sections_unless_they_ask_for_others(wanted, mine, names):
    part = part_of({**PEOPLE, "mine": mine}, wanted)
    assert part.names == names
    assert [student for student in ("ada", "ben", "cleo") if part.has(student)] == names


def test_while_nobody_says_who_is_where_the_whole_class_is_meant():
    part = part_of(Missing("semester", "it does not answer"), [])
    assert (part.known, part.chosen, part.has("ada")) == ((), (), True)


def row(**more) -> dict:
    blank = dict.fromkeys(("submitted_at", "feedback_at", "fetched_at", "attempts_allowed"))
    return {
        "id": "tensor",
        "state": "released",
        "open": True,
        "attempts_used": 0,
        "release_version": 1,
        **blank,
        **more,
    }


@pytest.mark.parametrize(
    ("days", "late_days", "why"),
    [(0, 0, ""), (1, 1, "1 late day"), (3, 2, "your extension and 2 late days"), (3, 0, "your extension")],
)
def test_a_due_date_says_why_it_is_another(days, late_days, why):
    here = {**course(given("tensor", due=2)), "late_days": {"semester": 4, "per_module": 2}}
    mine = row(due_at=text(days=2 + days), closes_at=text(days=4 + days), late_days=late_days, late_days_most=2)
    record = Record([mine])
    [module] = course_map(here, record, CLOCK)[0].modules
    assert (module.why_due, module.late_days_most, late_days_left(here, record)) == (why, 2, 4 - late_days)


def test_a_calendar_has_an_entry_for_each_due_date_and_no_line_that_is_too_long():
    title = "Ŧensors; shapes, strides\\" + "ö" * 60
    [module] = course_map(course({**given("tensor", due=2), "title": title}), Record([]), CLOCK)[0].modules
    written = calendar("tiny-2026", "A course", [module], NOW, "https://hub.example.org/services/home/modules/")
    lines = written.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    whole = written.replace("\r\n ", "")
    due = (NOW + timedelta(days=2)).strftime("DTSTART:%Y%m%dT%H%M%SZ")
    escaped = "Ŧensors\\; shapes\\, strides\\\\" + "ö" * 60
    for wanted in (
        due,
        "UID:tensor@tiny-2026",
        f"SUMMARY:{escaped} is due",
        "URL:https://hub.example.org/services/home/modules/tensor",
    ):
        assert wanted in whole.split("\r\n"), whole
    assert (lines[0], lines[-2:]) == ("BEGIN:VCALENDAR", ["END:VCALENDAR", ""])
    assert whole.count("BEGIN:VEVENT") == whole.count("END:VEVENT") == 1
