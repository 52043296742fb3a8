"""A roster that is damaged, cut or not CSV is told with its line; it never reads as a smaller class."""

import pytest
from tito.semester.problems import SemesterError
from tito.semester.roster import Student, parse_roster, read_text

HEAD = "username,last_name,first_name,email\n"
ADA, BEN = "ada,Lovelace,Ada,ada@example.org\n", "ben,Rosen,Ben,\n"
CLASS = HEAD + ADA + "".join(f"s{number},Last,First,\n" for number in range(20)) + BEN


def said(text: str) -> list[str]:
    with pytest.raises(SemesterError) as caught:
        parse_roster(text, "r.csv")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (CLASS.replace("ada,Lovelace", 'ada,"Lovelace'), 2, "a double quote that is not closed"),
        (CLASS.replace("Rosen,Ben,", 'Rosen,Ben,"'), 23, "a double quote that is not closed"),
        (CLASS.replace("username", '"username', 1), 1, "a double quote that is not closed"),
        (CLASS.replace("Lovelace", '"Love\nlace"'), 2, "a field holds no line end"),
        (CLASS.replace("Lovelace", '"Love"lace'), 2, "goes on after a closing double quote"),
        (CLASS.replace("Lovelace", "L" * 131_073), 2, "a field of more than 131,072 characters"),
        (CLASS.replace("Lovelace", "Love\0lace"), 2, "a NUL character"),
        (HEAD + ADA + "eva,Noether,Em", 3, "ends after 3 of 4 fields; give all 4, empty ones too; was the file cut"),
        (HEAD + ADA + "ev", 3, "ends after 1 of 4 fields"),
        (HEAD + ADA + "eva,Noether,Emmy,e@x.org,more\n", 3, "put a field that holds a comma in double quotes"),
        (
            HEAD + "ada,Lovelace,Ada,ada@example.org,,\n",
            2,
            "has 2 empty fields more than the first line; delete the com",
        ),
        (HEAD + ADA + ",,,\n", 3, "holds nothing but commas; delete it"),
        (HEAD.replace("\n", ",,\n") + ADA.replace("\n", ",,\n"), 1, "end with 2 that have no name; delete the commas"),
        (CLASS.replace(",", ";"), 1, "are separated by semicolons; save the roster with commas"),
        (CLASS.replace(",", "\t"), 1, "are separated by tabs; save the roster with commas"),
        (ADA + BEN, 1, "are not a roster's columns; the first line holds column names"),
        (CLASS.replace("username", "user_name", 1), 1, "did you mean username by user_name?"),
        (CLASS.replace("first_name", "last_name", 1), 1, "'last_name' stand there twice; delete one"),
        (CLASS.replace("first_name", "", 1), 1, "are not a roster's columns"),
        ("", 1, "'no username' are not a roster's columns"),
        (HEAD + ADA + "ADA,Lovelace,Ada,\n", 3, "'ADA' stands on line 2 already"),
        (HEAD + ADA + ' "ada " ,Lovelace,Ada,\n'.replace('" ,', '",'), 3, "'ada' stands on line 2 already"),
        (HEAD + "Ada,Lovelace,Ada,\n", 2, "did you mean ada?"),
        (HEAD + "ada\u200b,Lovelace,Ada,\n", 2, "'ada\\u200b' is not a user name"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_the_right_remedy(text, line, words):
    found = said(text)
    assert any(each.startswith(f"r.csv:{line}: ") and words in each for each in found), found


def test_every_damaged_line_is_told_at_once():
    text = HEAD + 'ada,"Lovelace,Ada,\n' + BEN + "eva,x\n" + 'zoe,"Z"z,,\n'
    assert [each.split(": ")[0] for each in said(text)] == ["r.csv:2", "r.csv:4", "r.csv:5"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_system_ends_them_and_fields_may_be_quoted(end: str):
    text = "\ufeffUsername, last_name\n" + 'ada,"Lovelace, Countess"\n\nben, "O""Neill"\neva,Ève\u2028O\x0bx'
    students = parse_roster(text.replace("\n", end), "r.csv")
    assert students == [
        Student("ada", "Lovelace, Countess"),
        Student("ben", 'O"Neill'),
        Student("eva", "Ève\u2028O\x0bx"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_spreadsheets_unicode_text_is_told(tmp_path, encoding: str):
    (tmp_path / "r.csv").write_bytes(CLASS.encode(encoding))
    with pytest.raises(SemesterError, match=r"r.csv:1: roster: is UTF-16, not UTF-8; save it as CSV UTF-8"):
        read_text(tmp_path / "r.csv")
