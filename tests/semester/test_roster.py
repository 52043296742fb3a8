"""A roster that is damaged, cut off or not CSV is reported with the line; it is never read as a smaller class."""

import pytest
from tito.semester.problems import SemesterError
from tito.semester.roster import Student, as_csv, parse_roster

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
        (CLASS.replace("Lovelace", '"Love\nlace"'), 2, "a field can't contain a line break"),
        (CLASS.replace("Lovelace", '"Love"lace'), 2, "continues after a closing double quote"),
        (CLASS.replace("Lovelace", "L" * 131_073), 2, "a field of more than 131,072 characters"),
        (CLASS.replace("Lovelace", "Love\0lace"), 2, "a NUL character"),
        (
            HEAD + ADA + "eva,Noether,Em",
            3,
            "ends after 3 of 4 fields; write all 4, including empty ones; if the file was cut",
        ),
        (HEAD + ADA + "ev", 3, "ends after 1 of 4 fields"),
        (HEAD + ADA + "eva,Noether,Emmy,e@x.org,more\n", 3, "put a field that contains a comma in double quotes"),
        (
            HEAD + "ada,Lovelace,Ada,ada@example.org,,\n",
            2,
            "has 2 more empty fields than the first line; delete the com",
        ),
        (HEAD + ADA + ",,,\n", 3, "contains only commas; delete it"),
        (HEAD.replace("\n", ",,\n") + ADA.replace("\n", ",,\n"), 1, "end with 2 that have no name; delete the commas"),
        (ADA + BEN, 1, "are not a roster's columns; the first line must contain column names"),
        (CLASS.replace("username", "user_nmae", 1), 1, "did you mean username by user_nmae?"),
        (CLASS.replace("first_name", "last_name", 1), 1, "'last_name' appear twice; delete one"),
        (CLASS.replace("first_name", "", 1), 1, "have one without a name"),
        ("", 1, "'no username' are not a roster's columns"),
        (CLASS.replace("username", "matriculation", 1), 1, "tito semester roster FILE --username COLUMN"),
        (HEAD + "1.2E+06,L,A,\n", 2, "is a user name that a spreadsheet has changed; format that column as text"),
        (HEAD + "#N/A,L,A,\n", 2, "is a user name that a spreadsheet has changed"),
        (HEAD + ",L,A,\n", 2, "or delete the line"),
        (
            HEAD + "Ada Lovelace,L,A,\n",
            2,
            "is not a user name of the Hub (a user name has 1 to 255 characters, no blanks",
        ),
        (HEAD + "zoë,L,A,\nZoe\u0308,L,A,\n", 3, "is already on line 2"),
        (HEAD + ADA + "ADA,Lovelace,Ada,\n", 3, "'ADA' is already on line 2"),
        (HEAD + ADA + ' "ada " ,Lovelace,Ada,\n'.replace('" ,', '",'), 3, "'ada' is already on line 2"),
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


def test_a_section_is_a_short_text_or_none():
    students = parse_roster("username,section\nada,A\nben,\neva,  Lec 1 \u00a0 and Dis 102\n", "r.csv")
    assert [student.section for student in students] == ["A", "", "Lec 1 and Dis 102"]
    assert parse_roster(as_csv(students), "r.csv") == students
    assert as_csv(students[1:2]) == "username,last_name,first_name,email\nben,,,\n"
    assert "is longer than 80 characters" in said("username,section\nada," + "A" * 81)[0]
    assert "contains characters that can't be shown" in said("username,section\nada,A\u202eB")[0]
