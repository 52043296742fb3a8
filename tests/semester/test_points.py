"""Points given elsewhere: which lists can be read, the plan, and then the gradebook, exports and students' pages."""

from pathlib import Path
from typing import Any

import pytest
from tito.gradebook.canvas_file import fill
from tito.gradebook.file import open_or_make
from tito.gradebook.grade_changes import list_changes
from tito.gradebook.points import PointColumn, find_column, point_rows, put_points, take_points_back
from tito.gradebook.scores import open_gradebook
from tito.gradebook.table import export_table
from tito.semester.points import PointsList, check_name, read_points
from tito.semester.problems import SemesterError

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Midterm (77),Essay (78)\r\n"
    "    Points Possible,,,,,40,10\r\n"
    '"Lovelace, Ada",501,u1,Ada,A,31.5,9\r\n"Rosen, Ben",502,u2,ben,A,,8\r\n"Else, Some",503,u3,zoe,A,12,8\r\n'
    '"Student, Test",599,,,A,,\r\n'
)


def read(text: str | bytes, name: str = "midterm", **given: Any) -> PointsList:
    return read_points(text if isinstance(text, bytes) else text.encode(), "list.csv", name, **given)


def faults(text: str | bytes, **given: Any) -> list[str]:
    with pytest.raises(SemesterError) as caught:
        read(text, **given)
    return [str(problem) for problem in caught.value.problems]


def test_canvas_own_file_says_column_and_maximum():
    found = read(CANVAS)
    assert (found.heading, found.max_score) == ("Midterm (77)", 40)
    assert (found.points, found.empty) == ({"ada": 31.5, "zoe": 12}, ["ben"])


def test_moodles_export_in_another_encoding_and_with_decimal_commas():
    text = (
        "Vorname;Nachname;E-Mail-Adresse;Test: Midterm (Real)\r\nZoë;M;zoe@example.org;7,5\r\nB;R;ben@example.org;-\r\n"
    )
    for content in (text.encode("cp1252"), text.encode("utf-16"), text.encode("utf-8-sig")):
        found = read(content, max_score=10, username="E-Mail-Adresse")
        assert (found.points, found.empty) == ({"zoe@example.org": 7.5}, ["ben@example.org"])


def test_every_line_at_fault_is_named_and_the_list_is_refused_whole():
    said = faults("username,midterm\nada,12\nben,ill\nchen,41\ndora,-1\nada,3\nemil,nan\n", max_score=40)
    assert [line.split(": ")[0] for line in said] == [f"list.csv:{number}" for number in (6,)]
    said = faults("username,midterm\nada,12\nben,ill\nchen,41\ndora,-1\nemil,nan\n", max_score=40)
    assert [line.split(": ")[0] for line in said] == [f"list.csv:{number}" for number in (3, 4, 5, 6)]
    assert "'ill' is not a number" in said[0] and "41 is not between 0 and 40" in said[1]


def test_a_list_without_maximum_or_with_several_columns_asks_for_it():
    assert "--max" in faults("username,midterm\nada,12\n")[0]
    assert "one of: one, two" in faults("username,one,two\nada,1,2\n", max_score=5)[0]
    assert "one of: one, two" in faults("username,one,two\nada,1,2\n", max_score=5, column="three")[0]
    assert read("username,one,two\nada,1,2\n", max_score=5, column="TWO").points == {"ada": 2}


@pytest.mark.parametrize("name", ["", "=cmd", "a/b", "x" * 64])
def test_a_name_that_could_not_be_a_column_is_refused(name: str):
    with pytest.raises(SemesterError, match="can't be the name of a column"):
        check_name(name, "")


class Course:
    """A gradebook of two students on the roster, and one who dropped the course."""

    course_id = "c"

    def __init__(self, folder: Path) -> None:
        self.course_dir = folder
        folder.mkdir()
        with open_or_make(folder, "c") as gradebook:
            for name in ("ada", "ben", "gone"):
                gradebook.add_student(name, first_name=name.title(), last_name="L", email=f"{name}@example.org")
        (folder / "roster.json").write_text('{"students": ["ada", "ben"]}')


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return Course(tmp_path_factory.mktemp("points") / "course")


def points(name: str, **given: float) -> PointColumn:
    return PointColumn(name, 40, "exam.csv", "ida", points=given)


@pytest.mark.service
def test_points_are_entered_corrected_and_taken_back_with_a_record_of_each_change(course):
    folder = course.course_dir
    assert put_points(folder, "c", points("quiz", ada=31.5, ben=0)) == 2
    assert put_points(folder, "c", points("quiz", ada=31.5, ben=0)) == 0
    assert put_points(folder, "c", points("quiz", ada=33)) == 1
    column = find_column(course, "quiz")
    assert column is not None and column.points == {"ada": 33, "ben": 0}
    with open_gradebook(course) as gradebook:
        record = [
            (r["student"], r["old"], r["new"], r["person"]) for r in list_changes(gradebook, {"assignment": "quiz"})
        ]
    assert record == [("ada", "31.5", "33", "ida"), ("ben", None, "0", "ida"), ("ada", None, "31.5", "ida")]
    assert take_points_back(folder, "c", "quiz", "ida", "ada") == 1
    assert [row["score"] for row in point_rows(course, "quiz") or []] == [None, 0, None]
    assert take_points_back(folder, "c", "quiz", "ida") == 1
    assert take_points_back(folder, "c", "quiz", "ida") == 0
    assert find_column(course, "quiz") is None


@pytest.mark.service
def test_exports_have_the_column_with_its_own_maximum(course):
    put_points(course.course_dir, "c", points("midterm", ada=31.5))
    rows = {"midterm": point_rows(course, "midterm") or []}
    assert export_table("canvas", rows).splitlines()[1:3] == [
        "    Points Possible,,,,,40", '"L, Ada",,,ada,,31.5',
    ]  # fmt: skip
    assert "ada,Ada,L,ada@example.org,31.5" in export_table("moodle", rows)
    assert "ada,L,Ada,ada@example.org,midterm,,0,31.5,,31.5,40,no," in export_table("plain", rows)
    assert fill(CANVAS.encode(), "c.csv", rows).text == CANVAS  # from Canvas and back: not a byte has changed
