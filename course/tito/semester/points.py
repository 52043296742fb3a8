"""A list of points that were given elsewhere: who has how many, read from a CSV file or sheet as a roster is.

Students are found as on a roster; the points are in another column. If any line has a mistake, the whole list is
refused, and every such line is named.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from tito.semester.problems import Problem, SemesterError
from tito.semester.roster import Roster, read_roster
from tito.semester.rosters.content import content_of

POSSIBLE = "points possible"  # Canvas's line of maxima
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)")
NONE = {"", "-", "–", "n/a", "ex"}  # no points: Moodle's hyphen, Canvas's EX for excused students
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}")
GREATEST = 1_000_000.0
OTHERS = {"id", "sis user id", "root account", "integration id", "id number", "department", "institution"}


@dataclass(frozen=True)
class PointsList:
    """What was read from a list: its column, maximum, and each student's points; `empty` have a line without any."""

    file: str
    heading: str
    max_score: float
    points: dict[str, float] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {"file": self.file, "column": self.heading, "max_score": self.max_score}


def check_name(name: str, taken_by: str) -> None:
    """Raise SemesterError unless a column of points can have this name; `taken_by` says what already has it."""
    if not NAME.fullmatch(name):
        remedy = "use letters, digits, spaces, . _ and -, at most 63"
        raise SemesterError(
            [Problem("name", 1, "name", ascii(name)[:100], "can't be the name of a column of points", remedy)]
        )
    if taken_by:
        rule = f"is the name of {taken_by}"
        raise SemesterError([Problem("name", 1, "name", repr(name), rule, "choose another, such as midterm")])


def read_points(
    content: bytes, file: str, name: str, column: str = "", max_score: float | None = None, username: str = ""
) -> PointsList:
    """Read a list from its bytes; raise SemesterError naming each line with a mistake.

    `column` is the heading of the points (else the one called `name`, else the only one that rosters don't have), and
    `max_score` the most that a student can have, else what Canvas's line *Points Possible* says.
    """
    roster = read_roster(content_of(content, file).text, file, username)
    at = _place(roster, file, name, column)
    found = PointsList(file, roster.columns.headings[at], _maximum(roster, file, at, max_score))
    problems: list[Problem] = []
    for student in roster.students:
        line, fields = roster.lines[student.username]
        value = _value(fields[at].strip(), found, problems, line)
        if value is None:
            found.empty.append(student.username)
        else:
            found.points[student.username] = value
    if problems:
        raise SemesterError(problems)
    return found


def _place(roster: Roster, file: str, name: str, column: str) -> int:
    """Return the index of the column with the points."""
    headings = roster.columns.headings
    free = [i for i in range(len(headings)) if i not in roster.columns.places.values()]
    for wanted in filter(None, (column, "" if column else name)):
        for alike in (str.strip, _bare):
            if len(found := [i for i in free if alike(headings[i]).lower() == alike(wanted).lower()]) == 1:
                return found[0]
    rest = [i for i in free if headings[i].lower() not in OTHERS and headings[i]]
    if not column and len(rest) == 1:
        return rest[0]
    choice = ", ".join(headings[i] for i in rest) or "none"
    rule = "is not a column of this list" if column else "has several columns that could be the points"
    remedy = f"say which one has the points (--column), one of: {choice}"
    raise SemesterError([Problem(file, 1, "column", repr(column) if column else "", rule, remedy)])


def _bare(heading: str) -> str:
    """Remove what platforms add to a heading: Canvas's number, Moodle's kind before it and its (Real) after it."""
    return re.sub(r"\s*\((\d+|real)\)\s*$", "", re.sub(r"^\w+:\s*", "", heading), flags=re.IGNORECASE).strip()


def _maximum(roster: Roster, file: str, at: int, given: float | None) -> float:
    line, fields = roster.lines.get(POSSIBLE, (1, []))
    found = given if given is not None else _number(fields[at].strip()) if fields else None
    if found is None:
        rule = "is missing, so points that are too high can't be recognized"
        raise SemesterError([Problem(file, line, "maximum", "", rule, "give it, as in --max 50")])
    if not 0 < found <= GREATEST:
        rule = f"must be above 0 and at most {GREATEST:,.0f}"
        raise SemesterError([Problem(file, line, "maximum", f"{found:g}", rule, "give another, as in --max 50")])
    return found


def _value(text: str, found: PointsList, problems: list[Problem], line: int) -> float | None:
    """Return the points of a cell, None for none; anything else becomes a problem."""
    if text.lower() in NONE:
        return None
    value = _number(text)
    if value is None:
        remedy = "write a number, or leave the cell empty for none"
        problems.append(Problem(found.file, line, found.heading, ascii(text)[:60], "is not a number", remedy))
    elif not 0 <= value <= found.max_score:
        rule = f"is not between 0 and {found.max_score:g}"
        problems.append(Problem(found.file, line, found.heading, text[:60], rule, "correct it, or raise the maximum"))
    return value


def _number(text: str) -> float | None:
    """Read a number with a decimal point or comma."""
    return float(text.replace(",", ".")) if NUMBER.fullmatch(text) else None
