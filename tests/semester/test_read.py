"""A semester file is valid, or every mistake is reported with file, line, key, value and remedy."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tito.curriculum import Curriculum
from tito.semester.problems import Problem, SemesterError
from tito.semester.read import Sources, read, validate

from tests.semester.conftest import ROSTER, SEMESTER


def problems(curriculum: Curriculum, old: str = "", new: str = "", roster: str = ROSTER) -> list[Problem]:
    """Return the problems of the tiny semester with `old` replaced by `new`."""
    assert old in SEMESTER
    with pytest.raises(SemesterError) as caught:
        validate(Sources(SEMESTER.replace(old, new, 1), roster), curriculum)
    return caught.value.problems


def test_times_are_read_in_the_courses_zone_and_kept_in_utc(valid):
    dates = valid.semester.schedule["shift"]
    assert dates.release == datetime(2026, 10, 12, 6, 0, tzinfo=UTC)  # summer time until 25 October
    assert dates.due == datetime(2026, 10, 26, 22, 59, tzinfo=UTC)


def test_a_module_closes_when_the_last_late_window_ends(valid):
    assert valid.semester.closes("scale") == datetime(2026, 10, 20, 21, 59, tzinfo=UTC)
    assert valid.semester.closes("shift") == datetime(2026, 11, 7, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tiers", "built", "prebuilt"),
    [
        ("arrays", ("scale", "shift"), ()),
        ("arrays, layers", ("scale", "shift", "affine", "stack"), ()),
        ("layers", ("affine", "stack"), ("scale", "shift")),
    ],
)
def test_a_semester_runs_tiers_and_gets_what_they_stand_on_prebuilt(curriculum, tiers, built, prebuilt):
    schedule = "".join(f"  {slug}: {{release: 2026-10-05 08:00, due: 2026-10-18 23:59}}\n" for slug in built)
    head, _, rest = SEMESTER.partition("schedule:\n")
    text = head.replace("[arrays]", f"[{tiers}]") + "schedule:\n" + schedule + rest[rest.index("late:") :]
    text = text[: text.index("extensions:")]
    selection = validate(Sources(text, ROSTER), curriculum).selection
    assert (selection.built, selection.prebuilt) == (built, prebuilt)


def test_single_modules_can_be_chosen(curriculum):
    text = SEMESTER.replace("tiers: [arrays]", "modules: [shift]")
    text = text.replace("  scale: {release: 2026-10-05 08:00, due: 2026-10-18 23:59}\n", "")
    selection = validate(Sources(text, ROSTER), curriculum).selection
    assert (selection.built, selection.prebuilt) == (("shift",), ("scale",))


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "value", "words"),
    [
        ("[arrays]", "[arrys]", 4, "tiers.0", "'arrys'", "did you mean arrays?"),
        ("[arrays]", "[models]", 4, "tiers.0", "'models'", "not written (later)"),
        ("tiers: [arrays]", "modules: [scale, shift, later]", 4, "modules.2", "'later'", "not written"),
        ("tiers: [arrays]", "modules: [scale, shift, img]", 4, "modules.2", "'img'", "is not a module"),
        ("tiers: [arrays]\n", "", 1, "file", "", "chooses no modules"),
        ("2026-10-26 23:59", "2026-13-26 23:59", 9, "schedule.shift.due", "'2026-13-26 23:59'", "YEAR-MONTH-DAY"),
        ("2026-10-26 23:59", "2026-10-26", 9, "schedule.shift.due", "'2026-10-26'", "no time of day"),
        ("2026-10-26 23:59", "2026-10-11 23:59", 7, "schedule.shift", "", "due before it is released"),
        ("2026-10-26 23:59", "2026-10-25 02:30", 9, "schedule.shift.due", "'2026-10-25 02:30'", "happens twice"),
        ("2026-10-12 08:00", "2026-03-29 02:30", 8, "schedule.shift.release", "'2026-03-29 02:30'", "does not exist"),
        ("Europe/Berlin", "Berlin", 3, "time_zone", "'Berlin'", "IANA"),
        ("grace_minutes: 15", "grace: 15", 10, "late.grace", "", "known keys: grace_minutes"),
        ("grace_minutes: 15", "grace_minutes: soon", 10, "late.grace_minutes", "'soon'", "integer"),
        ("title: A tiny course\n", "", 1, "title", "", "is missing"),
        ("instructors: [ida]", "instructors: [Ida B]", 12, "staff.instructors.0", "'Ida B'", "is not a user name"),
        ("tas: [tom]", "tas: [tom, ida]", 13, "staff.tas.1", "'ida'", "already an instructor"),
        ("student: ada", "student: eva", 16, "extensions.0.student", "'eva'", "not on the roster"),
        ("module: shift", "module: affine", 16, "extensions.0.module", "'affine'", "has no dates"),
        ("2026-11-05 12:00", "2026-10-20 12:00", 16, "extensions.0.due", "'2026-10-20 12:00'", "not after the due"),
        (
            "late: {",
            "milestones: {01_1958_perceptron: {due: 2026-11-01 12:00, points: 5}}\nlate: {",
            10,
            "milestones.01_1958_perceptron",
            "",
            "is not a milestone; choose one of: none",
        ),
        ("  shift:\n", "  affine:\n", 7, "schedule.affine", "", "is scheduled but not chosen"),
        ("  shift:\n", "  scale:\n", 7, "file", "", "not readable as YAML"),
        ("tiers: [arrays]", "tiers: [arrays", 5, "file", "", "not readable as YAML"),
        ("module: shift", "student: ben", 16, "file", "", "duplicate key"),
        ("tiers: [arrays]", "tiers: [arrays]\0\0", 4, "file", "", "unacceptable character #x0000"),
        ("tiers: [arrays]", "tiers: " + "[" * 700, 1, "file", "", "nested too deeply"),
    ],
)
def test_a_mistake_is_told_with_line_key_value_and_remedy(curriculum, old, new, line, key, value, words):
    found = problems(curriculum, old, new)
    told = {(p.file, p.line, p.key, p.value): p for p in found}
    assert ("semester.yaml", line, key, value) in told
    problem = told["semester.yaml", line, key, value]
    assert words in str(problem)
    assert problem.remedy


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(curriculum):
    roster = ROSTER + "BEN,,,\n"
    found = problems(curriculum, "title: A tiny course", "titel: A tiny course", roster)
    assert [(p.file, p.key) for p in found] == [
        ("roster.csv", "username"),
        ("semester.yaml", "title"),
        ("semester.yaml", "titel"),
    ]


@pytest.mark.parametrize(
    ("roster", "line", "key", "words"),
    [
        ("number,mark\nada,x\n", 1, "columns", "number, mark"),
        ("name,mail\nada,x\n", 1, "columns", "no username"),
        ("last_name\nx\n", 1, "columns", "no username"),
        (ROSTER + "\nB C,,,\n", 5, "username", "not a user name"),
        (ROSTER + "ada,,,\n", 4, "username", "is already on line 2"),
        (ROSTER + "eva,Noether,Emmy,e@x.org,more\n", 4, "line", "more fields"),
        (ROSTER + "eva,Noether,Emmy,nowhere\n", 4, "email", "not an email address"),
    ],
)
def test_a_wrong_roster_line_is_named(curriculum, roster, line, key, words):
    found = problems(curriculum, roster=roster)
    assert [(p.file, p.line, p.key) for p in found] == [("roster.csv", line, key)]
    assert words in str(found[0])


def test_staff_on_the_roster_are_a_warning(curriculum):
    warnings = validate(Sources(SEMESTER, ROSTER + "tom,Turing,Tom,\n"), curriculum).warnings
    assert [(w.line, w.value) for w in warnings] == [(13, "'tom'")]


def test_a_module_that_opens_before_one_it_builds_on_is_a_warning(curriculum):
    text = SEMESTER.replace("release: 2026-10-12 08:00", "release: 2026-10-04 08:00")
    (warning,) = validate(Sources(text, ROSTER), curriculum).warnings
    assert (warning.key, warning.value) == ("schedule.shift.release", "'shift'")
    assert "is released before scale, on which it builds" in str(warning)


def test_modules_that_do_not_build_on_each_other_may_open_in_any_order(curriculum):
    """The third tier's profiling has a higher number than caching, but may come first."""
    apart = tuple(replace(m, prerequisites=()) if m.slug == "shift" else m for m in curriculum.modules)
    text = SEMESTER.replace("release: 2026-10-12 08:00", "release: 2026-10-04 08:00")
    assert validate(Sources(text, ROSTER), replace(curriculum, modules=apart)).warnings == ()


def test_files_are_read_from_disk_with_a_byte_order_mark_or_latin_letters(tmp_path: Path, curriculum):
    (tmp_path / "s.yaml").write_text(SEMESTER)
    (tmp_path / "roster.csv").write_bytes(b"\xef\xbb\xbf" + ROSTER.encode())
    assert [student.username for student in read(tmp_path / "s.yaml", curriculum).students] == ["ada", "ben"]
    (tmp_path / "roster.csv").write_bytes(ROSTER.replace("Rosen", "Rosén").encode("latin-1"))
    assert read(tmp_path / "s.yaml", curriculum).students[1].last_name == "Rosén"


def test_a_missing_file_is_named_with_the_line_that_asks_for_it(tmp_path: Path, curriculum):
    (tmp_path / "s.yaml").write_text(SEMESTER)
    with pytest.raises(SemesterError, match=r"s.yaml:14: roster: .*roster.csv' does not exist"):
        read(tmp_path / "s.yaml", curriculum)
    with pytest.raises(SemesterError, match=r"none.yaml:1: file: cannot be read"):
        read(tmp_path / "none.yaml", curriculum)
