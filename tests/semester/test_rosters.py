"""Class lists as platforms and spreadsheets write them: each is read correctly, or refused with line and remedy."""

import io
import json
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from click.testing import CliRunner, Result
from tito.cli import cli
from tito.semester.preview import preview_of
from tito.semester.problems import SemesterError
from tito.semester.read import Sources
from tito.semester.roster import Student, parse_roster

ZOE = "zoe~edbqsvhlxbnzjmvq"
OURS = [
    ("ada", "Lovelace, Countess", "Ada", "ada@example.org"),
    ("0012345", "Müller", "Zoë", ""),
    ("eve.o'x@example.org", "Ó", "", ""),
]
OURS[2] = (parse_roster("username\neve.o'x@example.org", "r")[0].username, *OURS[2][1:])
TEXT = (
    "username,last_name,first_name,email\n"
    'Ada,"Lovelace, Countess",Ada,ada@example.org\n'
    "0012345,Müller,Zoë,\n"
    "eve.o'x@example.org,Ó,,\n"
)
GERMAN = "Nachname;Vorname;Matrikelnummer;Anmeldename;E-Mail-Adresse\nMüller;Zoë;77;zmueller;z@example.org\n"
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Tensor (101),Final Score\n"
    "    Points Possible,,,,,100,(read only)\n"
    '"Lovelace, Ada",11,S1,Ada@example.org,A,90,90\n'
    '"Müller, Zoë",12,S2,zoë,A,,\n'
    '"Student, Test",13,,,A,,\n'
)
OF_CANVAS = [("ada@example.org", "Lovelace", "Ada", "", "A"), (ZOE, "Müller", "Zoë", "", "A")]
MOODLE = "First name,Last name,Username,ID number,Email address,Groups\nAda,Lovelace,ada,7,ada@example.org,A\n"
MOODLE_GRADES = "First name\tSurname\tID number\tEmail address\nAda\tLovelace\t0007\tAda@example.org\n"
CLASSROOM = '"identifier","github_username","github_id","name"\n"s1","Ada-L","5","Ada Lovelace"\n"s2","","",""\n'
ADA = [("ada", "Lovelace", "Ada", "ada@example.org", "A")]
EXCEL_ROWS = [["User name", "Surname", "Given name"], ["ada", "Lovelace", "Ada"], [12345.0, "Müller", "Zoë & <Co>"]]
TYPES = '<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def xlsx(
    rows: list[list], *, zeros: str = "0000000", before: str = "", blank_after: int = 0, inline: bool = False
) -> bytes:
    """Write a workbook as Excel does: shared strings, a style with a number format, the sheet behind a relationship."""
    texts: list[str] = []
    lines = []
    for number, row in enumerate(rows, 1 + blank_after):
        cells = []
        for at, value in enumerate(row):
            place = f'r="{chr(65 + at)}{number}"'
            if isinstance(value, float):
                cells.append(f'<c {place} s="1"><v>{value!r}</v></c>')
            elif inline:
                cells.append(f'<c {place} t="inlineStr"><is><t>{escape(value)}</t></is></c>')
            elif value:
                texts.append(f"<si><r><t>{escape(value[:1])}</t></r><r><t>{escape(value[1:])}</t></r></si>")
                cells.append(f'<c {place} t="s"><v>{len(texts) - 1}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    main_space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "xl/workbook.xml": f'<workbook {main_space} xmlns:r="{links}"><sheets>'
        '<sheet name="Class" r:id="rId9"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="rId9" Target="worksheets/sheet2.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main_space}><sheetData/></worksheet>",
        "xl/worksheets/sheet2.xml": before
        + f"<worksheet {main_space}><sheetData>{''.join(lines)}</sheetData></worksheet>",
        "xl/sharedStrings.xml": TYPES + "".join(texts) + "</sst>",
        "xl/styles.xml": f'<styleSheet {main_space}><numFmts><numFmt numFmtId="164" formatCode="{zeros}"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return file.getvalue()


def fields(student: Student) -> tuple[str, ...]:
    """Return a student's fields, with the section if there is one."""
    return tuple(student) if student.section else tuple(student)[:4]


def tito(*words: str) -> Result:
    return CliRunner().invoke(cli(), words, standalone_mode=False)


def opendocument() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return file.getvalue()


OF_EXCEL = [("ada", "Lovelace", "Ada", ""), ("0012345", "Müller", "Zoë & <Co>", "")]
RIGHT = {
    "utf-8": (TEXT.encode(), OURS),
    "with a mark": (TEXT.encode("utf-8-sig"), OURS),
    "crlf": (TEXT.replace("\n", "\r\n").encode(), OURS),
    "old mac": (TEXT.replace("\n", "\r").encode(), OURS),
    "utf-16": (TEXT.encode("utf-16"), OURS),
    "utf-16, big, marked": (("\ufeff" + TEXT).encode("utf-16-be"), OURS),
    "utf-16 without a mark": (TEXT.encode("utf-16-le"), OURS),
    "utf-16, big, without a mark": (TEXT.encode("utf-16-be"), OURS),
    "utf-32": (TEXT.encode("utf-32"), OURS),
    "latin-1": (TEXT.encode("latin-1"), OURS),
    "windows": (TEXT.encode("cp1252"), OURS),
    "semicolons": (TEXT.replace(", C", "~C").replace(",", ";").replace("~C", ", C").encode(), OURS),
    "tabs": (TEXT.replace(", C", "~C").replace(",", "\t").replace("~C", ", C").encode(), OURS),
    "bars": (TEXT.replace(", C", "~C").replace(",", "|").replace("~C", ", C").encode(), OURS),
    "sep=": (b"sep=,\r\n" + TEXT.encode(), OURS),
    "sep=; in capitals, filled up": (
        b"SEP=;;;\r\n" + GERMAN.encode("cp1252"),
        [("zmueller", "Müller", "Zoë", "z@example.org")],
    ),
    "excel's unicode text": (
        ("\ufeff" + GERMAN.replace(";", "\t").replace("\n", "\r\n")).encode("utf-16-le"),
        [("zmueller", "Müller", "Zoë", "z@example.org")],
    ),
    "blank lines": (TEXT.replace("\n", "\n\n").encode(), OURS),
    "no last line end": (TEXT.rstrip().encode(), OURS),
    "user names alone": (b"username\nada\nben\n", [("ada", "", "", ""), ("ben", "", "", "")]),
    "canvas": (CANVAS.encode(), OF_CANVAS),
    "canvas from excel": (CANVAS.replace("\n", "\r\n").encode("utf-8-sig"), OF_CANVAS),
    "moodle": (MOODLE.encode(), ADA),
    "moodle, semicolons": (MOODLE.replace(",", ";").encode(), ADA),
    "github classroom": (
        "".join(CLASSROOM.splitlines(True)[:2]).encode(),
        [("ada-l", "Ada Lovelace", "", "")],
    ),
    "xlsx": (xlsx(EXCEL_ROWS), OF_EXCEL),
    "xlsx, inline": (xlsx(EXCEL_ROWS, inline=True), OF_EXCEL),
    "xlsx, below blank lines": (xlsx(EXCEL_ROWS, blank_after=3), OF_EXCEL),
    "xlsx, no zeros": (xlsx(EXCEL_ROWS, zeros="General"), [OF_EXCEL[0], ("12345", *OF_EXCEL[1][1:])]),
}
REFUSED = {
    "moodle's grades": (MOODLE_GRADES.encode(), 1, "tito semester roster FILE --username COLUMN"),
    "github classroom, not linked": (CLASSROOM.encode(), 3, "or delete the line"),
    "cut": (TEXT.encode()[:-5], 4, "if the file was cut off here, export it again"),
    "half of a utf-16 letter": (TEXT.encode("utf-16")[:-1], 4, "save it as CSV UTF-8"),
    "a semicolon too many": (
        GERMAN.encode() + b"a;b;c;d;e@f;g\n",
        3,
        "put a field that contains a semicolon in double",
    ),
    "two separators": (TEXT.encode() + b"ada;L;A;\n", 5, "ends after 1 of 4 fields"),
    "no headings": (b"ada,Lovelace,Ada\n", 1, "the first line must contain column names"),
    "a title above": (b"Class of 2026\n" + TEXT.encode(), 1, "the first line must contain column names"),
    "nothing": (b"", 1, "the first line must contain column names"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 1, "save it as CSV UTF-8"),
    "not windows": (TEXT.encode() + b"\x81\n", 5, "save it as CSV UTF-8"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), 1, "save it as .xlsx without a password"),
    "open document": (opendocument(), 1, "save it as .xlsx or CSV UTF-8"),
    "a cut xlsx": (xlsx(EXCEL_ROWS)[:-30], 1, "save it as CSV UTF-8"),
    "a damaged xlsx": (xlsx(EXCEL_ROWS).replace(b"PK\x01\x02", b"PK\x01\x03"), 1, "save it as CSV UTF-8"),
    "an xlsx with entities": (xlsx(EXCEL_ROWS, before='<!DOCTYPE x [<!ENTITY a "b">]>'), 1, "entities of its own"),
    "an xlsx with a rounded number": (xlsx([*EXCEL_ROWS, [1.0e17, "L", "A"]]), 4, "student numbers as text"),
    "an xlsx with an error": (xlsx([*EXCEL_ROWS, ["#N/A", "L", "A"]]), 4, "a user name that a spreadsheet has changed"),
    "an xlsx with nobody": (xlsx([*EXCEL_ROWS, ["", "L", "A"]]), 4, "or delete the line"),
}


def test_there_are_forty_files():
    assert len(RIGHT) + len(REFUSED) >= 40


@pytest.mark.parametrize("kind", RIGHT)
def test_a_class_list_is_read_right(kind: str, tmp_path: Path):
    content, wanted = RIGHT[kind]
    (tmp_path / "list").write_bytes(content)
    preview = preview_of(tmp_path / "list")
    assert [fields(student) for student in preview.roster.students] == wanted
    assert [fields(student) for student in parse_roster(preview.as_csv(), "r.csv")] == wanted


@pytest.mark.parametrize("kind", REFUSED)
def test_a_class_list_that_is_not_right_is_refused_with_its_line_and_a_remedy(kind: str, tmp_path: Path):
    content, line, words = REFUSED[kind]
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(SemesterError) as caught:
        preview_of(tmp_path / "list")
    first = caught.value.problems[0]
    assert (first.line, words in str(first)) == (line, True), str(caught.value)


def test_a_sheet_larger_inside_than_a_class_is_refused_before_it_is_read(tmp_path: Path):
    (tmp_path / "list").write_bytes(xlsx(EXCEL_ROWS, before=f"<!--{' ' * 65 * 2**20}-->"))
    with pytest.raises(SemesterError, match="is larger, once unpacked, than a class can be"):
        preview_of(tmp_path / "list")


def test_the_column_of_user_names_can_be_said(tmp_path: Path):
    (tmp_path / "list").write_text(MOODLE_GRADES)
    students = preview_of(tmp_path / "list", "email address").roster.students
    assert [fields(student) for student in students] == [("ada@example.org", "Lovelace", "Ada", "Ada@example.org")]
    with pytest.raises(SemesterError, match="'Login' is not a heading here; choose one of: First name, Surname"):
        preview_of(tmp_path / "list", "Login")


def test_the_command_shows_what_is_understood_and_writes_a_roster(tmp_path: Path):
    file, output = tmp_path / "canvas.csv", tmp_path / "roster.csv"
    file.write_text(CANVAS, encoding="latin-1")
    done = tito("semester", "roster", str(file), "--output", str(output))
    assert (done.return_value, done.exception) == (0, None)
    for words in (
        "canvas.csv: Windows-1252, separated by commas, 2 students",
        "username     from the column 'SIS Login ID'",
        "left out     ID, SIS User ID, Tensor (101), Final Score",
        "section      from the column 'Section'",
        "line 2 is not a person: Points Possible",
        "line 5 is not a person: Student, Test",
        "check the names",
        f"{ZOE} | Müller | Zoë | A  (written as zoë)",
    ):
        assert words in done.output
    assert [fields(student) for student in parse_roster(output.read_text(), "r")] == OF_CANVAS
    again = tito("semester", "roster", str(file), "--output", str(output))
    assert "exists: name another file, or add --force" in str(again.exception)
    assert [fields(student) for student in parse_roster(output.read_text(), "r")] == OF_CANVAS


def test_the_command_tells_scripts_in_json(tmp_path: Path):
    (tmp_path / "list").write_bytes(xlsx(EXCEL_ROWS))
    found = json.loads(tito("semester", "roster", str(tmp_path / "list"), "--json").output)
    assert (found["valid"], found["kind"], found["columns"]["last_name"]) == (True, "Excel", "Surname")
    assert found["students"][1]["username"] == "0012345"
    (tmp_path / "list").write_text("nonsense")
    done = tito("semester", "roster", str(tmp_path / "list"), "--json")
    assert (done.return_value, json.loads(done.output)["problems"][0]["line"]) == (1, 1)


def test_a_spreadsheet_can_be_the_semesters_roster(tmp_path: Path):
    (tmp_path / "class.xlsx").write_bytes(xlsx(EXCEL_ROWS))
    (tmp_path / "semester.yaml").write_text("roster: class.xlsx\n")
    text = Sources.of(tmp_path / "semester.yaml").roster
    assert [student.username for student in parse_roster(text, "class.xlsx")] == ["ada", "0012345"]
