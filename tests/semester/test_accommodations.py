"""One line gives a student more time in all modules: plan, schedule, lateness and collections all use it."""

import pytest
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, Valid, validate
from tito.semester.service import schedule
from tito.semester.service.course_view import course_view
from tito.semester.service.parts.exchange import extensions_for, settings_for

from exchange.protocol.models import parse_utc
from exchange.protocol.schedule import schedule_of
from tests.semester.conftest import ROSTER, SEMESTER

MODULES = ("scale", "shift")


@pytest.fixture
def given(curriculum):
    """Return the tiny semester with one or more lines of accommodations."""

    def make(*lines: str, semester: str = SEMESTER) -> Valid:
        text = "\n".join(f"  - {line}" for line in lines)
        return validate(Sources(f"{semester}accommodations:\n{text}\n", ROSTER), curriculum)

    return make


def dues(valid: Valid, student: str) -> list[str | None]:
    """Return a student's due dates of the modules as the exchange gets them, in the course's local time."""
    found = [extensions_for(valid.semester, module).get(student) for module in MODULES]
    return [valid.semester.local(parse_utc(each.due_at)) if each and each.due_at else None for each in found]


@pytest.mark.parametrize(
    ("line", "scale", "shift"),
    [
        # Release to due date is 13 d 15 h 59 min and 14 d 16 h 59 min (clocks go back on 25 October).
        ("{student: ben, factor: 1.5}", "2026-10-25 18:59", "2026-11-03 08:29"),
        ("{student: ben, factor: 2}", "2026-11-01 14:58", "2026-11-10 16:58"),
        ("{student: ben, days: 3}", "2026-10-21 23:59", "2026-10-29 23:59"),
        ("{student: ben, days: 7}", "2026-10-25 23:59", "2026-11-02 23:59"),
        ("{student: BEN, days: 1}", "2026-10-19 23:59", "2026-10-27 23:59"),
        ("{student: ben, days: 3, since: 2026-10-18 23:59}", None, "2026-10-29 23:59"),
        ("{student: ben, days: 3, since: 2026-10-18 23:58}", "2026-10-21 23:59", "2026-10-29 23:59"),
    ],
)
def test_one_line_moves_the_due_date_of_every_module(given, line, scale, shift):
    valid = given(line)
    assert dues(valid, "ben") == [scale, shift]
    assert dues(valid, "ada") == [None, "2026-11-05 12:00"]  # her own extension


@pytest.mark.parametrize(("days", "due"), [(3, "2026-11-05 12:00"), (20, "2026-11-15 23:59")])
def test_of_an_extension_and_an_accommodation_the_later_holds(given, days, due):
    valid = given(f"{{student: ada, days: {days}}}")
    assert dues(valid, "ada")[1] == due
    said = [str(warning) for warning in valid.warnings if "accommodation" in str(warning)]
    assert bool(said) == (days == 20), said


def test_lateness_and_the_last_moment_count_from_the_students_own_due_date(given):
    semester = given("{student: ben, days: 3}").semester
    settings, extension = settings_for(semester, "scale", ""), extensions_for(semester, "scale")["ben"]
    received = parse_utc("2026-10-21T21:00:00Z")
    own, others = schedule_of(settings, extension), schedule_of(settings)
    assert own.lateness_seconds(received) == 0
    assert others.lateness_seconds(received) > 0
    assert own.closes_at - others.closes_at == own.due_at - others.due_at
    assert extension.reason == "3 days more in every module"


def test_a_module_closes_and_is_collected_after_the_last_of_them(given):
    valid = given("{student: ben, days: 3}")
    semester = valid.semester
    assert [semester.local(due) for due in semester.dues("scale")] == ["2026-10-18 23:59", "2026-10-21 23:59"]
    assert semester.local(semester.closes("scale")) == "2026-10-23 23:59"
    collected = {semester.local(entry.at) for entry in schedule.wanted(valid) if entry.module == "scale"}
    assert "2026-10-22 00:14" in collected


def test_what_everybody_may_see_of_the_course_names_nobody(given, curriculum):
    view = str(course_view(given("{student: ben, factor: 1.5, reason: a secret}"), curriculum))
    assert "ben" not in view
    assert "secret" not in view


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{student: ben}", "must give either a factor or days; write `factor: 1.5` or `days: 3`"),
        ("{student: ben, factor: 1.5, days: 3}", "must give either a factor or days"),
        ("{student: ben, factor: 1}", "is not allowed; write greater than 1"),
        ("{student: ben, days: 0}", "is not allowed; write greater than or equal to 1"),
        ("{student: ben, days: 2.5}", "is not allowed"),
        ("{student: ben, factor: .nan}", "is not allowed"),
        ("{student: ben, hours: 3}", "is not a key here"),
        ("{student: eva, days: 3}", "'eva' is not on the roster"),
        ("{student: 7, days: 3}", 'without any leading zeros; write it in quotes, as "0012345"'),
    ],
)
def test_a_mistake_is_told_with_its_line(given, line, words):
    with pytest.raises(SemesterError) as caught:
        given(line)
    [problem] = caught.value.problems
    assert (problem.line, words in str(problem)) == (18, True), str(problem)


def test_one_student_has_one_line(given):
    with pytest.raises(SemesterError, match=r"semester.yaml:19: .*'ben' already has an accommodation above; keep one"):
        given("{student: ben, days: 3}", "{student: Ben, factor: 2}")


def test_a_line_that_gives_nothing_is_a_warning(given):
    [warning] = given("{student: ben, days: 3, since: 2027-01-01 00:00}").warnings
    assert "gets no extra time from it" in str(warning)
