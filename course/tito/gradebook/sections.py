"""Who is in which section, who of the staff reads it, and whose work somebody does not grade.

The semester service writes it to `roster.json` in the course directory; graders read it there without asking. Without
a semester there are no sections, and everybody reads all but their own work.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .policy import ROSTER_FILE


@dataclass(frozen=True)
class Sections:
    """The sections of a course, by user name."""

    students: Mapping[str, str] = field(default_factory=dict)
    """Each student's section."""
    readers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Who reads each section."""
    conflicts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each grader who has some, the students whose work they don't grade."""

    @property
    def names(self) -> tuple[str, ...]:
        """All sections by name."""
        return tuple(sorted(set(self.students.values())))

    def of_student(self, student: str) -> str:
        """Return a student's section, "" if they are in none."""
        return self.students.get(student, "")

    def of_reader(self, person: str) -> tuple[str, ...]:
        """Return the sections that somebody reads, by name; none means all."""
        return tuple(sorted(section for section, names in self.readers.items() if person in names))

    def reads(self, person: str, student: str) -> bool:
        """Tell whether a student's answers are on somebody's list: a section of theirs, and no conflict."""
        own = self.of_reader(person)
        return (not own or self.of_student(student) in own) and not self.why_not(person, student)

    def why_not(self, grader: str, student: str) -> str:
        """Say why somebody may not grade a student's work, "" if they may."""
        if grader == student:
            return "nobody may grade their own work: ask another member of the staff"
        if student in self.conflicts.get(grader, ()):
            return f"a conflict with {student} is declared in the semester file: ask another member of the staff"
        return ""


def sections(course_dir: Path) -> Sections:
    """Return the sections that are in force."""
    path = course_dir / ROSTER_FILE
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return Sections(
        said.get("sections", {}),
        {section: frozenset(names) for section, names in said.get("readers", {}).items()},
        {grader: frozenset(names) for grader, names in said.get("conflicts", {}).items()},
    )
