"""Late days: exchange, schedule and pages get what the semester file gives."""

import pytest
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, Valid, validate
from tito.semester.service.course_view import course_view
from tito.semester.service.parts.exchange import settings_for
from tito.semester.service.schedule import wanted

from tests.semester.conftest import ROSTER, SEMESTER


@pytest.fixture
def given(curriculum):
    def make(line: str) -> Valid:
        return validate(Sources(f"{SEMESTER}{line}\n", ROSTER), curriculum)

    return make


def test_each_day_has_its_collection_and_grades_follow_when_it_closes(given, curriculum):
    valid = given("late_days: {semester: 5, per_module: 2}")
    semester = valid.semester
    assert [semester.local(due) for due in semester.dues("scale")] == [f"2026-10-{day} 23:59" for day in (18, 19, 20)]
    assert semester.local(semester.closes("scale")) == "2026-10-22 23:59"
    assert settings_for(semester, "scale", "").late_days == 2
    assert course_view(valid, curriculum)["late_days"] == {"semester": 5, "per_module": 2}
    asked = sorted((semester.local(each.at), each.kind) for each in wanted(valid) if each.module == "scale")
    assert [at for at, kind in asked if kind == "collect"][:3] == [
        "2026-10-19 00:14",
        "2026-10-20 00:14",
        "2026-10-20 23:59",
    ]
    assert [at for at, kind in asked if kind == "lateness"] == [f"2026-10-{day} 23:59" for day in (20, 21, 22)]


def test_a_semester_without_late_days_is_as_it_was(given):
    assert given("late_days: {semester: 0}").semester.dues("scale") == given("").semester.dues("scale")
    assert settings_for(given("").semester, "scale", "").late_days == 0
    assert {each.kind for each in wanted(given(""))} == {"release", "collect"}
    assert given("late_days: {semester: 1}").semester.late_days.on_one == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("late_days: 5", "is not allowed"),
        ("late_days: {semester: -1}", "write greater than or equal to 0"),
        ("late_days: {semester: 3, per_module: 0}", "write greater than or equal to 1"),
        ("late_days: {per_semester: 3}", "is not a key here; did you mean `semester`?"),
    ],
)
def test_a_mistake_is_told_with_its_line(given, line, words):
    with pytest.raises(SemesterError) as caught:
        given(line)
    [problem] = caught.value.problems
    assert (problem.line, words in str(problem)) == (17, True), str(problem)
