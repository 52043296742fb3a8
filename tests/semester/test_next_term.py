"""`tito semester next`: the same file for another term, without the people of this term."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from tito.curriculum import Curriculum, load_curriculum
from tito.errors import TitoError
from tito.semester.commands import next_
from tito.semester.next_term import next_term
from tito.semester.problems import SemesterError
from tito.semester.read import read

COURSE = Path(__file__).parents[2] / "course"
FILE = """# Kept as it is.
course: tinytorch-old   # the id
title: "Tiny"
time_zone: Europe/Berlin
modules: [tensor, activations, layers]
surveys: [3, 2026-11-09]
schedule:
  tensor:      {release: 2026-10-05 08:00, due: "2026-10-18 23:59"}   # two weeks
  activations:
    release: '2026-10-12 08:00'
    due: 2026-10-25T23:59+02:00
  layers: {release: 2026-10-19 08:00, due: 2026-11-01 23:59}

extensions:
  - {student: ada, module: tensor, due: 2026-10-20 23:59}
  # of ada

# Who teaches.
staff: {instructors: [ida], tas: [tom]}
sections: {A: [tom]}
labs:
  - {section: A, first: 2026-10-06 14:00, weeks: 12}
conflicts: [{grader: tom, student: ada}]
milestones:
  perceptron: {due: 2026-10-30 23:59, points: 5}
accommodations: [{student: ada, days: 3}]
"""


@pytest.fixture(scope="module")
def curriculum() -> Curriculum:
    return load_curriculum(COURSE)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    (tmp_path / "old.yaml").write_text(FILE)
    (tmp_path / "roster.csv").write_text("username,section\nada,A\n")
    return tmp_path / "old.yaml"


def test_only_dates_id_and_roster_change_and_students_are_gone(old: Path, curriculum: Curriculum):
    new = old.with_name("new.yaml")
    next_term(old, "tinytorch-new", date(2027, 10, 4), new, curriculum).write(force=False)
    assert (
        new.read_text()
        == """# Kept as it is.
course: tinytorch-new   # the id
title: "Tiny"
time_zone: Europe/Berlin
modules: [tensor, activations, layers]
surveys: [3, 2027-11-08]
schedule:
  tensor:      {release: 2027-10-04 08:00, due: "2027-10-17 23:59"}   # two weeks
  activations:
    release: '2027-10-11 08:00'
    due: 2027-10-24T23:59+02:00
  layers: {release: 2027-10-18 08:00, due: 2027-10-31 23:59}

# Who teaches.
staff: {instructors: [ida], tas: [tom]}
milestones:
  perceptron: {due: 2027-10-29 23:59, points: 5}
roster: new-roster.csv
"""
    )
    assert read(new, curriculum).students == ()


@pytest.mark.parametrize("name", sorted(path.name for path in (COURSE / "semesters").glob("20*.yaml")))
def test_each_semester_of_the_course_has_a_next_one(name: str, tmp_path: Path, curriculum: Curriculum):
    before = read(COURSE / "semesters" / name, curriculum).semester
    term = next_term(COURSE / "semesters" / name, "tinytorch-next", date(2031, 9, 1), tmp_path / name, curriculum)
    after = term.valid.semester
    for module, dates in before.schedule.items():
        was = datetime.fromisoformat(before.local(dates.due))  # local time, whose offset may have changed in between
        assert after.local(after.schedule[module].due) == f"{was + timedelta(days=term.days):%Y-%m-%d %H:%M}"


def test_a_file_is_not_overwritten_unless_told_to(old: Path, curriculum: Curriculum):
    term = next_term(old, "tinytorch-new", date(2027, 10, 4), old, curriculum)
    with pytest.raises(TitoError, match="exists and may contain somebody's work"):
        term.write(force=False)
    assert old.read_text() == FILE
    assert not old.with_name("old-roster.csv").exists()


def test_the_old_id_is_refused(old: Path, curriculum: Curriculum):
    with pytest.raises(TitoError, match="is the old course, and its work would be mixed"):
        next_term(old, "tinytorch-old", date(2027, 10, 4), old.with_name("new.yaml"), curriculum)


def test_a_time_that_clocks_skip_on_its_new_day_is_told(old: Path, curriculum: Curriculum):
    old.write_text(FILE.replace("2026-10-05 08:00", "2026-10-05 02:30"))
    with pytest.raises(SemesterError, match="does not exist in Europe/Berlin"):
        next_term(old, "tinytorch-new", date(2027, 3, 28), old.with_name("new.yaml"), curriculum)


def test_a_date_that_stands_elsewhere_is_not_guessed(old: Path, curriculum: Curriculum):
    old.write_text(FILE.replace("release: '2026", "release: &opens '2026"))
    with pytest.raises(SemesterError, match="is not written out here"):
        next_term(old, "tinytorch-new", date(2027, 10, 4), old.with_name("new.yaml"), curriculum)


@pytest.mark.parametrize("end", ["\r\n", ""], ids=["lines of Windows", "a last line without an end"])
def test_however_lines_end(old: Path, curriculum: Curriculum, end: str):
    text = FILE.removesuffix("accommodations: [{student: ada, days: 3}]\n")
    old.write_bytes((text.replace("\n", end) if end else text.removesuffix("\n")).encode())
    term = next_term(old, "tinytorch-new", date(2027, 10, 4), old.with_name("new.yaml"), curriculum)
    assert term.valid.sources.semester.endswith(
        "  perceptron: {due: 2027-10-29 23:59, points: 5}\nroster: new-roster.csv\n"
    )


def test_the_command_says_what_it_wrote(old: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TITO_COURSE", str(COURSE))
    new = str(old.with_name("new.yaml"))
    words = [str(old), "--course", "tinytorch-new", "--opens", "2027-10-05", "--output", new]
    done = CliRunner().invoke(next_, words)
    assert done.exit_code == 0, done.output
    assert "dates are 365 days later, on other days of the week" in done.output
    assert "this term's students: sections, labs, extensions, accommodations, conflicts" in done.output
