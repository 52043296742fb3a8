"""The roster: who takes the course, one student a line, in a CSV file.

Columns: `username` (required), `last_name`, `first_name`, `email`. Exports of a learning platform can be saved with
these headings. A student who drops the course is a line that is no longer there; nothing of hers is deleted anywhere.
"""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from tito.semester.model import USERNAME
from tito.semester.problems import Problem, SemesterError

COLUMNS = ("username", "last_name", "first_name", "email")


class Student(NamedTuple):
    """One line of the roster."""

    username: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""


def read_text(path: Path) -> str:
    """Return the text of the roster file at `path`; raise SemesterError with the line that is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")  # spreadsheets write a byte-order mark
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SemesterError([Problem(str(path), line, "roster", "", "is not UTF-8", "save it as CSV UTF-8")]) from None


def parse_roster(text: str, name: str) -> list[Student]:
    """Return the students of a roster's text, in its order; raise SemesterError naming each bad line."""
    reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)
    headings = [heading.strip().lower() for heading in reader.fieldnames or []]
    unknown = [heading for heading in headings if heading not in COLUMNS]
    if unknown or "username" not in headings:
        wrong = ", ".join(unknown) or "no username"
        remedy = f"the first line holds column names out of {', '.join(COLUMNS)}, separated by commas"
        raise SemesterError([Problem(name, 1, "columns", repr(wrong), "are not a roster's columns", remedy)])
    reader.fieldnames = headings
    return _students(reader, name)


def _students(reader: csv.DictReader, name: str) -> list[Student]:
    students: dict[str, tuple[int, Student]] = {}
    problems: list[Problem] = []
    for row in reader:
        line = reader.line_num
        extra = row.pop(None, None)  # csv keeps surplus fields under None
        student = Student(**{key: (value or "").strip() for key, value in row.items()})
        if problem := _problem(student, extra, line, name):
            problems.append(problem)
        elif student.username in students:
            first = students[student.username][0]
            rule, remedy = f"stands on line {first} already", "delete one of the two lines"
            problems.append(Problem(name, line, "username", repr(student.username), rule, remedy))
        else:
            students[student.username] = (line, student)
    if problems:
        raise SemesterError(problems)
    return [student for _, student in students.values()]


def _problem(student: Student, extra: object, line: int, name: str) -> Problem | None:
    if extra:
        remedy = "put a field that holds a comma in double quotes"
        return Problem(name, line, "line", repr(extra), "has more fields than the first line", remedy)
    if not USERNAME.fullmatch(student.username):
        remedy = "use lower-case letters, digits, '.', '_' and '-', starting with a letter"
        return Problem(name, line, "username", repr(student.username), "is not a user name of the Hub", remedy)
    if student.email and "@" not in student.email:
        return Problem(
            name, line, "email", repr(student.email), "is not an address", "write name@place or leave it empty"
        )
    return None
