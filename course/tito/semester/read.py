"""Read a semester file with its roster; the result is valid, or SemesterError lists every mistake with its line."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tito.curriculum import Curriculum
from tito.semester import times
from tito.semester.checks import Selection, check
from tito.semester.document import Document
from tito.semester.model import Semester, known_keys
from tito.semester.problems import Problem, Rule, SemesterError
from tito.semester.roster import Student, parse_roster
from tito.semester.rosters.content import read_content
from tito.semester.rosters.headings import COLUMNS


@dataclass(frozen=True)
class Sources:
    """The two texts that a semester is made of, and their names in messages."""

    semester: str
    roster: str
    semester_name: str = "semester.yaml"
    roster_name: str = "roster.csv"

    @classmethod
    def of(cls, path: Path) -> "Sources":
        """Read the semester file at `path` and the roster that it names."""
        text, roster = cls.places(path)
        if not roster.is_file():
            remedy = f"write it with the columns {', '.join(COLUMNS)}, or correct the name"
            document = Document.parse(text, str(path))
            raise SemesterError([document.problem(("roster",), str(roster), "does not exist", remedy)])
        return cls(text, read_content(roster).text, str(path), str(roster))

    @staticmethod
    def places(path: Path) -> tuple[str, Path]:
        """Return the text of the semester file at `path`, and where the roster that it names is or would be."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problem = Problem(str(path), 1, "file", "", f"cannot be read ({error})", "name a semester file in UTF-8")
            raise SemesterError([problem]) from None
        document = Document.parse(text, str(path))
        return text, path.parent / str(document.data.get("roster", "roster.csv"))


@dataclass(frozen=True)
class Valid:
    """A semester that follows all rules, its students, and which modules are built, prebuilt or left out."""

    semester: Semester
    students: tuple[Student, ...]
    selection: Selection
    warnings: tuple[Problem, ...]
    sources: Sources


def read(path: Path, curriculum: Curriculum) -> Valid:
    """Read and validate the semester file at `path`."""
    return validate(Sources.of(path), curriculum)


def validate(sources: Sources, curriculum: Curriculum) -> Valid:
    """Validate a semester's two texts against the curriculum."""
    document = Document.parse(sources.semester, sources.semester_name)
    problems: list[Problem] = []
    students: list[Student] | None = None
    try:
        students = parse_roster(sources.roster, sources.roster_name)
    except SemesterError as error:
        problems += error.problems
    semester = _semester(document, problems)
    if semester is None:
        raise SemesterError(problems)
    found = check(semester, students, curriculum, document)
    if problems + found.problems:
        raise SemesterError(problems + found.problems)
    return Valid(semester, tuple(students or ()), found.selection, tuple(found.warnings), sources)


def _semester(document: Document, problems: list[Problem]) -> Semester | None:
    try:
        course_zone = times.zone(str(document.data.get("time_zone")))
    except Rule:
        course_zone = times.zone("UTC")  # the model reports the zone itself
    try:
        return Semester.model_validate(document.data, context={"zone": course_zone})
    except ValidationError as error:
        problems += [_problem(document, dict(details)) for details in error.errors()]
        return None


def _problem(document: Document, details: dict[str, Any]) -> Problem:
    """Turn one of pydantic's errors into a Problem in the words of this file."""
    path, kind = details["loc"], details["type"]
    if path and path[-1] == "[key]":
        path = path[:-1]
    if kind == "value_error" and isinstance(rule := details["ctx"]["error"], Rule):
        return document.problem(path, _shown(details["input"]), rule.rule, rule.remedy)
    if kind == "missing":
        return document.problem(path, None, "is missing", f"add `{path[-1]}:`")
    if kind == "extra_forbidden":
        return document.problem(path, None, "is not a key here", _known(path))
    wanted = details["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return document.problem(path, _shown(details["input"]), "is not allowed", f"write {wanted}")


def _known(path: tuple[Any, ...]) -> str:
    known = known_keys(path[:-1])
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    return (f"did you mean `{close[0]}`? " if close else "") + f"known keys: {', '.join(known)}"


def _shown(value: object) -> object:
    """Show scalars; a mapping or list is seen at its line."""
    return value if isinstance(value, str | int | float | bool) else None
