"""The roster: who takes the course, one student a line, in a CSV file.

Columns: `username` (required), `last_name`, `first_name`, `email`. Exports of a learning platform can be saved with
these headings. A student who drops the course is a line that is no longer there; nothing of theirs is deleted anywhere.

A damaged roster is refused and never read as a smaller one: every line stands for itself, since a quote that is not
closed would otherwise swallow all that follow, and has as many fields as there are columns.
"""

import csv
import difflib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tito.semester.model import USERNAME
from tito.semester.problems import Problem, SemesterError

COLUMNS = ("username", "last_name", "first_name", "email")
LINE_END = re.compile(r"\r\n|\r|\n")
# How "Unicode text" of a spreadsheet begins: with a mark, or else with a letter of UTF-16.
UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff|[^\0]\0|\0[^\0]")
HEADINGS = f"the first line holds column names out of {', '.join(COLUMNS)}, separated by commas"
# What Python's reader says of a line: what is wrong with it, and the remedy.
DAMAGE = {
    "unexpected end of data": (
        "has a double quote that is not closed on this line",
        "close it or delete it: a field holds no line end",
    ),
    "expected after": (
        "goes on after a closing double quote",
        'put a comma there, or write a quote inside a quoted field twice: ""',
    ),
    "field limit": (
        f"has a field of more than {csv.field_size_limit():,} characters",
        "check that this file is the roster",
    ),
}


class Student(NamedTuple):
    """One line of the roster."""

    username: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""


def read_text(path: Path) -> str:
    """Return the text of the roster file at `path`; raise SemesterError with the line that is not UTF-8."""
    content = path.read_bytes()
    line, rule = 1, "is UTF-16, not UTF-8"
    if not UTF_16.match(content):
        try:
            return content.decode("utf-8-sig")  # spreadsheets write a byte-order mark
        except UnicodeDecodeError as error:
            line, rule = content[: error.start].count(b"\n") + 1, "is not UTF-8"
    raise SemesterError([Problem(str(path), line, "roster", "", rule, "save it as CSV UTF-8")]) from None


def parse_roster(text: str, name: str) -> list[Student]:
    """Return the students of a roster's text, in its order; raise SemesterError naming each bad line."""
    problems: list[Problem] = []
    rows = _rows(text.removeprefix("\ufeff"), name, problems)
    columns = _columns(*next(rows, (1, [])), name, problems)
    students = _students(rows, columns, name, problems)
    if problems:
        raise SemesterError(problems)
    return students


def _rows(text: str, name: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and fields; what is no line of a CSV file becomes a problem."""
    for number, line in enumerate(LINE_END.split(text), 1):
        if "\0" in line:
            remedy = "save the file anew as CSV UTF-8"
            problems.append(Problem(name, number, "line", "", "holds a NUL character: the file is damaged", remedy))
        elif line.strip():
            try:
                yield number, next(csv.reader([line], strict=True, skipinitialspace=True))
            except csv.Error as error:
                problems.append(Problem(name, number, "line", "", *_damage(str(error))))


def _damage(said: str) -> tuple[str, str]:
    known = [words for part, words in DAMAGE.items() if part in said]
    return known[0] if known else (f"is not a line of a CSV file ({said})", "save the file anew as CSV UTF-8")


def _columns(line: int, fields: list[str], name: str, problems: list[Problem]) -> list[str]:
    """Return the column names; raise SemesterError for others, since no line can be read without them."""
    headings = [field.strip().lower() for field in fields]
    if problem := _columns_problem(headings):
        raise SemesterError([*problems, Problem(name, line, "columns", *problem)])
    return headings


def _columns_problem(headings: list[str]) -> tuple[str, str, str] | None:
    empty = sum(1 for _ in itertools.takewhile(lambda heading: not heading, reversed(headings)))
    unknown = [heading for heading in headings[: len(headings) - empty] if heading not in COLUMNS]
    separators = [word for sign, word in ((";", "semicolons"), ("\t", "tabs")) if any(sign in h for h in unknown)]
    if separators:
        return "", f"are separated by {separators[0]}", "save the roster with commas between the fields"
    if empty and not unknown:
        remedy = "delete the commas at the end of this line and of each other (a spreadsheet: delete the empty columns)"
        return "", f"end with {empty} that have no name", remedy
    if unknown or "username" not in headings:
        return repr(", ".join(unknown) or "no username"), "are not a roster's columns", _headings_remedy(unknown)
    if doubled := sorted({heading for heading in headings if headings.count(heading) > 1}):
        return repr(", ".join(doubled)), "stand there twice", "delete one column of each name"
    return None


def _headings_remedy(unknown: list[str]) -> str:
    close = [(word, match) for word in unknown for match in difflib.get_close_matches(word, COLUMNS, n=1)]
    return "".join(f"did you mean {match} by {word}? " for word, match in close) + HEADINGS


def _students(
    rows: Iterator[tuple[int, list[str]]], columns: list[str], name: str, problems: list[Problem]
) -> list[Student]:
    students: dict[str, tuple[int, Student]] = {}
    for line, fields in rows:
        if wrong := _length_problem(fields, columns):
            problems.append(Problem(name, line, "line", *wrong))
            continue
        student = Student(**dict(zip(columns, (field.strip() for field in fields), strict=True)))
        if problem := _problem(student, students):
            problems.append(Problem(name, line, *problem))
        else:
            students[student.username] = (line, student)
    return [student for _, student in students.values()]


def _length_problem(fields: list[str], columns: list[str]) -> tuple[str, str, str] | None:
    extra = fields[len(columns) :]
    if not any(field.strip() for field in fields):
        return "", "holds nothing but commas", "delete it"
    if any(field.strip() for field in extra):
        remedy = "put a field that holds a comma in double quotes"
        return repr(extra), "has more fields than the first line", remedy
    if extra:
        remedy = "delete the commas at its end (a spreadsheet: delete the empty columns)"
        return "", f"has {len(extra)} empty fields more than the first line", remedy
    if len(fields) < len(columns):
        remedy = f"give all {len(columns)}, empty ones too; was the file cut off here? then export it again"
        return repr(fields[-1]), f"ends after {len(fields)} of {len(columns)} fields", remedy
    return None


def _problem(student: Student, above: dict[str, tuple[int, Student]]) -> tuple[str, str, str, str] | None:
    """Return key, value, rule and remedy of what is wrong with one student."""
    username = student.username
    if first := above.get(username.lower()):
        return "username", repr(username), f"stands on line {first[0]} already", "delete one of the two lines"
    if not USERNAME.fullmatch(username):
        meant = f"did you mean {username.lower()}? " if USERNAME.fullmatch(username.lower()) else ""
        remedy = f"{meant}use lower-case letters, digits, '.', '_' and '-', starting with a letter"
        return "username", repr(username), "is not a user name of the Hub", remedy
    if student.email and "@" not in student.email:
        return "email", repr(student.email), "is not an address", "write name@place or leave it empty"
    return None
