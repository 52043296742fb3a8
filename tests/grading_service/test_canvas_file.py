"""Canvas's own gradebook file is returned unchanged except for our scores."""

import csv
import io
from typing import Any

import pytest
from tito.errors import TitoError
from tito.gradebook.canvas_file import Filled
from tito.gradebook.canvas_file import fill as fill_bytes

HEADINGS = "Student,ID,SIS User ID,SIS Login ID,Section,Essay (77),tensor (4711),Essays Final Score\r\n"
LINES = (
    "    Points Possible,,,,,10,100,(read only)\r\n"
    '"Lovelace, Ada",501,u-1,Ada@Example.org,"A, morning",9.5,,92\r\n'
    '"O""Neil, Ben",502,u-2,ben,B,8,55,80\r\n'
    '"Student, Test",599,,,A,,,\r\n'
    '"Else, Some",503,u-3,somebody.else,B,7,41,70\r\n'
)
FILE = HEADINGS + LINES


def row(student: str, score: float | None, on_roster: bool = True, maximum: float = 100) -> dict[str, Any]:
    return {"student": student, "score": score, "max_score": maximum, "on_roster": on_roster}


def fill(text: str, *given: Any, **options: Any) -> Filled:
    return fill_bytes(text.encode(), *given, **options)


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_without_scores_the_file_comes_back_byte_for_byte():
    assert fill(FILE, "c.csv", {}).text == FILE
    assert fill(FILE, "c.csv", {"tensor": [row("ada@example.org", None)]}).text == FILE


def test_scores_go_into_the_modules_column_and_everything_else_stays():
    filled = fill(FILE, "c.csv", {"tensor": [row("ada@example.org", 87.5), row("ben", 60), row("cleo", 3)]})
    before, after = table(FILE), table(filled.text)
    assert [line[6] for line in after] == ["tensor (4711)", "100", "87.5", "60", "", "41"]
    assert [line[:6] + line[7:] for line in after] == [line[:6] + line[7:] for line in before]
    assert (filled.changed, filled.missing) == (2, ["cleo"])


def test_a_milestone_that_canvas_has_no_column_of_gets_one_at_the_end():
    filled = fill(FILE, "c.csv", {"milestone_xor": [row("ben", 0, maximum=5), row("ada@example.org", None)]})
    assert [line[-1] for line in table(filled.text)] == ["milestone_xor", "5", "", "0", "", ""]


def test_who_did_not_submit_gets_zero_only_if_it_is_asked_for():
    rows = {"tensor": [row("ben", None)]}
    assert table(fill(FILE, "c.csv", rows).text)[3][6] == "55"
    assert table(fill(FILE, "c.csv", rows, missing_as_zero=True).text)[3][6] == "0"


def test_who_dropped_the_course_keeps_what_canvas_has():
    filled = fill(FILE, "c.csv", {"tensor": [row("ben", 99, on_roster=False)]})
    assert (filled.text, filled.missing) == (FILE, [])


def test_a_file_with_semicolons_and_a_mark_at_its_beginning_is_read():
    text = "\ufeff" + "Student;ID;SIS User ID;SIS Login ID;Section;tensor (1)\r\nBen;502;u;ben;B;\r\n"
    filled = fill(text, "c.csv", {"tensor": [row("ben", 7)]}).text
    assert (filled[0], filled.endswith("Ben;502;u;ben;B;7\r\n")) == ("\ufeff", True)


def test_what_canvas_exports_with_manual_posting_and_totals_keeps_its_lines_and_their_order():
    text = (
        "Student,ID,SIS Login ID,Section,Midterm (9),Final Score\r\n"
        ",,,,Manual Posting,(read only)\r\n    Points Possible,,,,40.00,(read only)\r\n"
        '"Rosen, Ben",502,ben,"B, late\r\nevening",,81.25\r\n"Else, Some",503,zoe,B,11,\r\n'
    )
    filled = fill(text, "c.csv", {"midterm": [row("ben", 20.5, maximum=40)]})
    assert (filled.text, filled.other_maximum) == (text.replace('evening",,', 'evening",20.5,'), [])


def test_another_maximum_than_canvas_has_is_told():
    filled = fill(FILE, "c.csv", {"Essay": [row("ben", 9, maximum=20)], "tensor": [row("ben", 60)]})
    assert filled.other_maximum == ["Essay: 10 there, 20 here"]


def test_ends_of_lines_stay_as_they_are():
    assert fill(FILE.replace("\r\n", "\n"), "c.csv", {}).text == FILE.replace("\r\n", "\n")


def test_a_file_in_another_encoding_is_refused_by_name():
    with pytest.raises(TitoError, match=r"c\.csv is not UTF-8"):
        fill_bytes(FILE.replace("Ada", "Adé").encode("latin-1"), "c.csv", {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not Canvas' gradebook"),
        ("Username,First name\nben,Ben\n", "is not Canvas' gradebook"),
        (FILE + "cut off,504\r\n", "line 7 has more or fewer fields"),
    ],
)
def test_what_is_not_canvas_file_is_refused(text: str, said: str):
    with pytest.raises(TitoError, match=said):
        fill(text, "c.csv", {"tensor": [row("ben", 7)]})
