"""What the semester says about grading, from `semester.json` in the course directory: mode, share of hand grading.

Without a semester the modules' own points apply: mode `best`, and the share that their written answers have.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "semester.json"
ROSTER_FILE = "roster.json"  # apart from semester.json, which every member of the course may read
DEFAULT_MODE = "best"


@dataclass(frozen=True)
class GradingPolicy:
    mode: str = DEFAULT_MODE
    manual_percent: float | None = None
    """Share of the points that people give; None: as in the modules."""

    def weigh(self, code: float, code_max: float, written: float, written_max: float) -> float:
        """Return a score, out of the same maximum as before, in which written answers have their share.

        >>> GradingPolicy(manual_percent=20).weigh(90, 90, 5, 10)
        90.0
        """
        total = code_max + written_max
        if self.manual_percent is None or not code_max or not written_max:
            return code + written
        share = self.manual_percent / 100
        return total * ((1 - share) * code / code_max + share * written / written_max)

    @property
    def reads_by_hand(self) -> bool:
        return self.manual_percent is None or self.manual_percent > 0


def semester_part(course_dir: Path, name: str) -> Any:
    """Return one part of semester.json as JSON has it, an empty object if no semester has been applied."""
    path = course_dir / FILE_NAME
    return json.loads(path.read_text(encoding="utf-8")).get(name, {}) if path.is_file() else {}


def roster(course_dir: Path) -> frozenset[str] | None:
    """Return who is in the course now, None if no semester says: the gradebook also keeps those who dropped."""
    path = course_dir / ROSTER_FILE
    return frozenset(json.loads(path.read_text(encoding="utf-8"))["students"]) if path.is_file() else None


def staff(course_dir: Path) -> frozenset[str]:
    """Return the user names of those who teach, none if no semester says."""
    path = course_dir / ROSTER_FILE
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return frozenset(said.get("staff", ()))


def grading_policy(course_dir: Path) -> GradingPolicy:
    """Return the grading policy that is in force."""
    part = semester_part(course_dir, "grading")
    return GradingPolicy(part.get("mode", DEFAULT_MODE), part.get("manual_percent"))
