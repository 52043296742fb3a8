"""Sections: on the roster, who reads them, and whose work nobody may grade; graders find the same in `roster.json`."""

from collections import Counter
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from tito.gradebook.sections import Sections, sections
from tito.semester.demo import Size, make_demo
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, Valid, validate
from tito.semester.service.parts.gradebook import _roster

from tests.semester.conftest import SEMESTER

ROSTER = "username,section\nada,A\nben,B\ncleo,\n"


@pytest.fixture
def given(curriculum):
    def make(*lines: str, roster: str = ROSTER) -> Valid:
        return validate(Sources(SEMESTER + "\n".join(lines), roster), curriculum)

    return make


def test_graders_read_what_the_semester_says(given, tmp_path):
    valid = given("sections: {A: [Tom], B: [tom, ida]}", "conflicts: [{grader: ida, student: ben}]")
    assert sections(tmp_path) == Sections()
    [change] = _roster(valid, tmp_path)
    assert change.detail == "3 students; section A 1; section B 1"
    change.make()
    assert list(_roster(valid, tmp_path)) == []
    found = sections(tmp_path)
    assert (found.names, found.of_student("ben"), found.of_student("cleo")) == (("A", "B"), "B", "")
    assert (found.of_reader("tom"), found.of_reader("ida"), found.of_reader("eve")) == (("A", "B"), ("B",), ())
    reads = [[found.reads(who, student) for student in ("ada", "ben", "cleo")] for who in ("tom", "ida", "eve")]
    assert reads == [[True, True, False], [False, False, False], [True, True, True]]


def test_nobody_grades_themselves_or_a_declared_conflict(given, tmp_path):
    [change] = _roster(given("conflicts: [{grader: ida, student: ben}]"), tmp_path)
    change.make()
    why_not = partial(sections(tmp_path).why_not)
    assert (why_not("tom", "ben"), why_not("ida", "ada")) == ("", "")
    assert why_not("ida", "ben").startswith("a conflict with ben is declared")
    assert why_not("ada", "ada").startswith("nobody may grade their own work")


def test_a_student_who_changes_the_section_is_a_change(given, tmp_path):
    [change] = _roster(given(), tmp_path)
    change.make()
    [change] = _roster(given(roster=ROSTER.replace("ada,A", "ada,B")), tmp_path)
    assert (change.sign, change.detail, change.needs) == ("~", "3 students; section B 2", None)


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (["sections: {C: [tom]}"], 17, "'C' is not the section of any student on the roster; choose one of: A, B"),
        (["sections:", "  A: [eve]"], 18, "'eve' is not on the staff; choose one of: tom, ida"),
        (["sections:", "  A: tom"], 18, "is not allowed; write list"),
        (["conflicts:", "  - {grader: ada, student: ben}"], 18, "'ada' is not on the staff"),
        (["conflicts:", "  - {grader: tom, student: eve}"], 18, "'eve' is not on the roster"),
        (["conflicts:", "  - {ta: tom, student: ada}"], 18, "is not a key here"),
    ],
)
def test_a_mistake_is_told_with_its_line(given, lines, line, words):
    with pytest.raises(SemesterError) as caught:
        given(*lines)
    assert any(p.line == line and words in str(p) for p in caught.value.problems), str(caught.value)


def test_who_is_read_by_nobody_is_a_warning(given):
    said = "; ".join(map(str, given("sections: {A: [tom]}").warnings))
    assert "B have no reader" in said.replace("'", "") and "cleo are in no section" in said.replace("'", "")
    assert given().warnings == ()


def test_a_large_demo_class_has_sections_that_its_tas_share(curriculum):
    now = datetime(2026, 11, 30, tzinfo=UTC)
    demo = make_demo(curriculum, "roster.csv", now, ZoneInfo("UTC"), Size(students=300, tas=20, sections=3))
    valid = validate(Sources(demo.semester, demo.roster), curriculum)
    assert valid.warnings == ()
    assert Counter(student.section for student in valid.students) == {"A": 100, "B": 100, "C": 100}
    readers = valid.semester.sections
    assert sorted(name for names in readers.values() for name in names) == sorted(valid.semester.staff.tas)
    assert [len(readers[name]) for name in "ABC"] == [7, 7, 6]
