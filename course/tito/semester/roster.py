"""The roster: who takes the course, one student a line, in a CSV file.

Columns: `username` (required), `last_name`, `first_name`, `email`, `section`, under these headings or those that
learning platforms write (`rosters.headings`); an export's other columns are left out. When a student drops the
course, their line is removed; nothing of theirs is deleted anywhere.

A damaged roster is refused and never read as a smaller one. Each line is read on its own, since a quote that is not
closed would otherwise swallow all lines after it, and each must have as many fields as there are columns.
"""

import csv
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from exchange.protocol.names import NoName, home_of, name_from
from tito.semester.problems import Problem, SemesterError
from tito.semester.rosters.headings import (
    COLUMNS,
    FULL_NAME,
    SEPARATORS,
    Columns,
    columns_of,
    doubled,
    mistyped,
    separator_of,
)

LINE_END = re.compile(r"\r\n|\r|\n")
EXCELS_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\s]*', re.IGNORECASE)
HEADINGS = f"the first line must contain column names, of {', '.join(COLUMNS)}, separated by commas"
# By what Python's reader says about a line: what is wrong with it, and the remedy.
DAMAGE = {
    "unexpected end of data": (
        "has a double quote that is not closed on this line",
        "close it or delete it: a field can't contain a line break",
    ),
    "expected after": (
        "continues after a closing double quote",
        'put a comma there, or write a quote inside a quoted field twice: ""',
    ),
    "field limit": (
        f"has a field of more than {csv.field_size_limit():,} characters",
        "check that this file is the roster",
    ),
}
# What spreadsheets turn user names into. Each would be a valid name, but nobody has it.
SPOILT = re.compile(r"[0-9][.,]?[0-9]*[Ee]\+[0-9]+|[0-9]+[.,]0+|#[A-Z0-9/!?]+")
LONGEST_SECTION = 80  # Moodle joins the names of several groups
# Lines of Canvas's gradebook that are not people: the maximum points, and the student that an instructor can view as.
NOBODY = {"points possible", "student, test", "test student"}


class Student(NamedTuple):
    """One line of the roster."""

    username: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    section: str = ""


@dataclass
class Roster:
    """What was read from a roster: its students in order, its columns, and lines that are not people."""

    columns: Columns
    students: list[Student] = field(default_factory=list)
    nobody: list[tuple[int, str]] = field(default_factory=list)
    # How the file writes the user name, if that is different.
    written: dict[str, str] = field(default_factory=dict)
    # Line and fields of each student and of each line that is not a person, for callers that read other columns.
    lines: dict[str, tuple[int, list[str]]] = field(default_factory=dict)


def parse_roster(text: str, name: str) -> list[Student]:
    """Return the students of a roster's text, in its order; raise SemesterError naming each bad line."""
    return read_roster(text, name).students


def read_roster(text: str, name: str, username: str = "") -> Roster:
    """Read a roster's text; `username` names the heading of the user names if need be.

    Raise SemesterError naming each bad line.
    """
    problems: list[Problem] = []
    lines = list(enumerate(LINE_END.split(text.removeprefix("\ufeff")), 1))
    stated = EXCELS_SEPARATOR.fullmatch(lines[0][1])
    lines = lines[1:] if stated else lines
    first = next((line for _, line in lines if line.strip()), "")
    separator = stated[1] if stated and stated[1] in SEPARATORS else separator_of(first)
    rows = _rows(lines, separator, name, problems)
    roster = Roster(_columns(*next(rows, (1, [])), separator, username, name, problems))
    _read_students(rows, roster, name, problems)
    if problems:
        raise SemesterError(problems)
    return roster


def as_csv(students: list[Student]) -> str:
    """Write a roster in the Hub's format: commas, its columns, and `section` only if somebody has one."""
    width = len(COLUMNS) if any(student.section for student in students) else COLUMNS.index("section")
    rows = [",".join(map(_quoted, row[:width])) for row in (COLUMNS, *students)]
    return "\n".join(rows) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",;\t|]|^\s|\s$', text) else text


def _rows(
    lines: list[tuple[int, str]], separator: str, name: str, problems: list[Problem]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and fields; what is not a line of a CSV file becomes a problem."""
    for number, line in lines:
        if "\0" in line:
            remedy = "save the file again as CSV UTF-8"
            problems.append(Problem(name, number, "line", "", "contains a NUL character: the file is damaged", remedy))
        elif line.strip():
            try:
                reader = csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True)
                yield number, next(reader)
            except csv.Error as error:
                problems.append(Problem(name, number, "line", "", *_damage(str(error), separator)))


def _damage(said: str, separator: str) -> tuple[str, str]:
    known = [words for part, words in DAMAGE.items() if part in said]
    rule, remedy = known[0] if known else (f"is not a line of a CSV file ({said})", "save the file again as CSV UTF-8")
    return rule, remedy.replace("a comma", f"a {SEPARATORS[separator]}")


def _columns(
    line: int, fields: list[str], separator: str, username: str, name: str, problems: list[Problem]
) -> Columns:
    """Return the columns; raise SemesterError without user names, since no line can be read without them."""
    columns = columns_of(fields, separator, username)
    if problem := _columns_problem(columns, username):
        raise SemesterError([*problems, Problem(name, line, "columns", *problem)])
    return columns


def _columns_problem(columns: Columns, username: str) -> tuple[str, str, str] | None:
    headings, word = list(columns.headings), SEPARATORS[columns.separator]
    empty = sum(1 for _ in itertools.takewhile(lambda heading: not heading, reversed(headings)))
    close = "".join(f"did you mean {match} by {word}? " for word, match in mistyped(columns))
    if empty and empty < len(headings):
        remedy = (
            f"delete the {word}s at the end of this and every other line (in a spreadsheet: delete the empty columns)"
        )
        return "", f"end with {empty} that have no name", remedy
    if "" in headings and any(headings):
        return "", "have one without a name", "give it one, or delete that column"
    if close:
        return repr(", ".join(columns.left_out)), "are not a roster's columns", close + HEADINGS
    if "username" not in columns.places:
        if username:
            return repr(username), "is not a heading here", f"choose one of: {', '.join(headings)}"
        remedy = f"{HEADINGS}; or say which column has the user names: tito semester roster FILE --username COLUMN"
        return repr(", ".join(columns.left_out) or "no username"), "are not a roster's columns", remedy
    if twice := doubled(headings):
        return repr(", ".join(twice).replace(" ", "_")), "appear twice", "delete one column of each name"
    return None


def _read_students(rows: Iterator[tuple[int, list[str]]], roster: Roster, name: str, problems: list[Problem]) -> None:
    names: dict[str, int] = {}
    homes: dict[str, int] = {}
    for line, fields in rows:
        if wrong := _length_problem(fields, roster.columns):
            problems.append(Problem(name, line, "line", *wrong))
            continue
        cells = {column: fields[at].strip() for column, at in roster.columns.places.items()}
        if not cells["username"] and cells.get(FULL_NAME, "").lower() in NOBODY:
            roster.nobody.append((line, cells[FULL_NAME]))
            roster.lines[cells[FULL_NAME].lower()] = (line, fields)
            continue
        student = _student(cells)
        if not isinstance(student, Student):
            problems.append(Problem(name, line, *student))
        elif taken := _taken(student, cells, names, homes):
            problems.append(Problem(name, line, *taken))
        else:
            names[student.username] = homes[home_of(student.username)] = line
            roster.students.append(student)
            roster.lines[student.username] = (line, fields)
            if student.username != cells["username"]:
                roster.written[student.username] = cells["username"]


def _length_problem(fields: list[str], columns: Columns) -> tuple[str, str, str] | None:
    count, word = len(columns.headings), SEPARATORS[columns.separator]
    extra = fields[count:]
    if not any(field.strip() for field in fields):
        return "", f"contains only {word}s", "delete it"
    if any(field.strip() for field in extra):
        remedy = f"put a field that contains a {word} in double quotes"
        return repr(extra), "has more fields than the first line", remedy
    if extra:
        remedy = f"delete the {word}s at its end (in a spreadsheet: delete the empty columns)"
        return "", f"has {len(extra)} more empty fields than the first line", remedy
    if len(fields) < count:
        remedy = f"write all {count}, including empty ones; if the file was cut off here, export it again"
        return repr(fields[-1]), f"ends after {len(fields)} of {count} fields", remedy
    return None


def _student(cells: dict[str, str]) -> Student | tuple[str, str, str, str]:
    """Return the student of a line, or key, value, rule and remedy of what is wrong with them."""
    written, email = cells["username"], cells.get("email", "")
    if SPOILT.fullmatch(written):
        remedy = "format that column as text in the spreadsheet, and export it again"
        return "username", repr(written), "is a user name that a spreadsheet has changed", remedy
    try:
        username = name_from(written)
    except NoName as error:
        remedy = "write the name they log in with" if written else "write the name they log in with, or delete the line"
        return "username", ascii(written), f"is not a user name of the Hub ({error})", remedy
    if email and "@" not in email:
        return "email", repr(email), "is not an email address", "write name@place or leave it empty"
    if wrong := _section_problem(section := " ".join(cells.get("section", "").split())):
        return "section", ascii(section), *wrong
    last, first = cells.get("last_name", ""), cells.get("first_name", "")
    if not last and not first and FULL_NAME in cells:
        # In a name without a comma, nobody can tell which part is which.
        last, _, first = (part.strip() for part in cells[FULL_NAME].partition(","))
    return Student(username, last, first, email, section)


def _section_problem(section: str) -> tuple[str, str] | None:
    if len(section) > LONGEST_SECTION:
        return f"is longer than {LONGEST_SECTION} characters", "give each section a shorter name"
    if not section.isprintable():
        return "contains characters that can't be shown", "retype the section's name"
    return None


def _taken(
    student: Student, cells: dict[str, str], names: dict[str, int], homes: dict[str, int]
) -> tuple[str, str, str, str] | None:
    """Return what is wrong if somebody above has the name, or a home of that name."""
    value = repr(cells["username"])
    if line := names.get(student.username):
        return "username", value, f"is already on line {line}", "delete one of the two lines"
    if line := homes.get(home_of(student.username)):
        return "username", value, f"would share the home of line {line}", "give one of the two another user name"
    return None
