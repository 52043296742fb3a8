"""How a class list is read, shown before it becomes the roster."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tito.semester.roster import Roster, as_csv, read_roster
from tito.semester.rosters.content import WINDOWS, content_of
from tito.semester.rosters.headings import SEPARATORS

SHOWN = 5
GUESSED = f"it is not UTF-8 and was read as {WINDOWS}: check the names, and if they are wrong, save it as CSV UTF-8"


@dataclass(frozen=True)
class Preview:
    """One class list: the file's name, its format, and what was read from it."""

    name: str
    kind: str
    roster: Roster

    def as_csv(self) -> str:
        """Give the list as a roster of the Hub."""
        return as_csv(self.roster.students)

    def as_dict(self) -> dict[str, Any]:
        """Give what `--json` prints."""
        return {
            "file": self.name,
            "kind": self.kind,
            "separator": SEPARATORS[self.roster.columns.separator],
            "columns": self.roster.columns.as_dict(),
            "left_out": self.roster.columns.left_out,
            "nobody": [{"line": line, "text": text} for line, text in self.roster.nobody],
            "warnings": self.warnings(),
            "students": [each._asdict() for each in self.roster.students],
            "written": self.roster.written,
        }

    def warnings(self) -> list[str]:
        """Give what somebody should check."""
        return [GUESSED] if self.kind == WINDOWS else []

    def lines(self) -> Iterator[str]:
        """Give what a terminal shows."""
        roster = self.roster
        separated = "" if self.kind == "Excel" else f", separated by {SEPARATORS[roster.columns.separator]}s"
        yield f"{self.name}: {self.kind}{separated}, {len(roster.students)} students"
        for column, heading in roster.columns.as_dict().items():
            yield f"  {column:12} from the column {heading!r}"
        if left := [heading for heading in roster.columns.left_out if heading]:
            yield f"  left out     {', '.join(left)}"
        yield from (f"  line {line} is not a person: {text}" for line, text in roster.nobody)
        yield from (f"  warning      {warning}" for warning in self.warnings())
        for student in roster.students[:SHOWN]:
            written = roster.written.get(student.username)
            yield (
                "    " + " | ".join(part for part in student if part) + (f"  (written as {written})" if written else "")
            )
        if (more := len(roster.students) - SHOWN) > 0:
            yield f"    and {more} more"


def preview_of(path: Path, username: str = "") -> Preview:
    """Read the class list at `path`; raise SemesterError naming each line that is wrong."""
    return preview(path.read_bytes(), str(path), username)


def preview(content: bytes, name: str, username: str = "") -> Preview:
    """Read a class list from its bytes; `name` is what messages call it."""
    found = content_of(content, name)
    return Preview(name, found.kind, read_roster(found.text, name, username))
