"""Next term's semester file from this one: the same text with its dates shifted, without this term's people.

Comments and layout are kept: only the characters of the course's id, of dates and of the roster's name are replaced,
and what belongs to this term's students is left out.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tito.atomic import write_atomically
from tito.curriculum import Curriculum
from tito.errors import TitoError
from tito.semester.document import Document
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, Valid, read, validate
from tito.semester.rosters.headings import COLUMNS

OF_THIS_TERM = ("sections", "labs", "extensions", "accommodations", "conflicts")  # who is there, and when they meet
DAY = len("2026-11-30")


@dataclass(frozen=True)
class NextTerm:
    """A valid semester, the number of days by which its dates were shifted, and the keys of the old one left out."""

    valid: Valid
    days: int
    left_out: tuple[str, ...]

    def write(self, force: bool) -> None:
        """Write the semester file and an empty roster next to it; neither replaces a file unless forced."""
        sources = self.valid.sources
        files = [(Path(sources.roster_name), sources.roster), (Path(sources.semester_name), sources.semester)]
        for path, _ in files:
            if path.exists() and not force:
                raise TitoError(f"{path} exists and may contain somebody's work: name another output, or add --force")
        for path, text in files:
            write_atomically(path, text)


def next_term(path: Path, course: str, opens: date, output: Path, curriculum: Curriculum) -> NextTerm:
    """Return the semester at `path` for another term, whose first module opens on the day `opens`.

    Local times of day stay the same. Raises SemesterError if the old file or the new one breaks a rule, such as
    a time that daylight saving skips on its new day.
    """
    valid = read(path, curriculum)
    old, text = valid.semester, valid.sources.semester
    if course == old.course:
        raise TitoError(
            f"--course {course} is the old course, and its work would be mixed with the new: choose another id"
        )
    first = min(dates.release for dates in old.schedule.values()).astimezone(old.zone).date()
    days = (opens - first).days
    document = Document.parse(text, str(path))
    roster = f"{output.stem}-roster.csv"
    values = {**_shifted(document.data, days), ("course",): course, ("roster",): roster}
    left_out = tuple(key for key in OF_THIS_TERM if key in document.data)
    lines = _without(_replaced(text, document, values), document, left_out)
    if "roster" not in document.data:
        lines.append(f"roster: {roster}\n")
    sources = Sources("".join(lines), ",".join(COLUMNS) + "\n", str(output), str(output.with_name(roster)))
    return NextTerm(validate(sources, curriculum), days, left_out)


def _shifted(data: dict[str, Any], days: int) -> dict[tuple[str | int, ...], str]:
    """Return each date of the schedule, of milestones and of surveys by its path, shifted by `days`."""
    surveys = {
        ("surveys", index): _later(day, days)
        for index, day in enumerate(data.get("surveys", []))
        if isinstance(day, str)
    }
    end = {("freeze",): _later(data["freeze"], days)} if "freeze" in data else {}
    return (
        surveys
        | end
        | {
            (part, name, key): _later(each[key], days)
            for part in ("schedule", "milestones")
            for name, each in data.get(part, {}).items()
            for key in ("release", "due")
            if key in each
        }
    )


def _later(written: str, days: int) -> str:
    return (date.fromisoformat(written[:DAY]) + timedelta(days=days)).isoformat() + written[DAY:]


def _replaced(text: str, document: Document, values: dict[tuple[str | int, ...], str]) -> list[str]:
    """Return the lines of `text` with these values replacing the old ones; values that aren't in it are ignored."""
    lines = [f"{line}\n" for line in text.splitlines()]
    there = [(*document.written(path), path) for path in values if path[0] in document.data]
    for line, column, written, path in sorted(there, reverse=True):  # from the end, so earlier columns stay
        start, rest = lines[line][:column], lines[line][column:]
        if not rest.lstrip("'\"").startswith(written):
            problem = document.problem(path, written, "is not written out here", "write it out, without & and *")
            raise SemesterError([problem])
        lines[line] = start + rest.replace(written, values[path], 1)
    return lines


def _without(lines: list[str], document: Document, keys: tuple[str, ...]) -> list[str]:
    """Return the lines without these keys of the top level; comments above the next key are that key's."""
    starts = [*sorted(document.line((key,)) - 1 for key in document.data), len(lines)]
    gone: set[int] = set()
    for key in keys:
        start = document.line((key,)) - 1
        end = starts[starts.index(start) + 1]
        while end < len(lines) and lines[end - 1].rstrip()[:1] in ("", "#"):
            end -= 1
        while end < len(lines) and not lines[start - 1].strip() and not lines[end].strip():
            end += 1  # keep one of the blank lines around it
        gone |= set(range(start, end))
    return [line for number, line in enumerate(lines) if number not in gone]
