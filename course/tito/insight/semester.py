"""A semester's numbers in one place: its modules, who is stuck, which checks are suspect, who can read PyTorch."""

import statistics
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exchange.protocol.models import utc_text

from .modules import ModuleInsight
from .standstill import Standstill
from .terms import TERMS, known


@dataclass(frozen=True)
class SemesterInsight:
    """All modules; `silent` says why the reports of students' servers are missing, "" if they are not."""

    course: dict[str, str]
    now: datetime
    students: int
    modules: list[ModuleInsight]
    stuck: list[Standstill]
    suspects: list[dict[str, Any]]
    reading: dict[str, float | None]
    silent: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what page, terminal and report show; None is "not known"."""
        modules = [{**each.to_json(), "reading": self.reading.get(each.facts.slug)} for each in self.modules]
        for row in modules:
            row["stuck"] = sum(each.module == row["module"] for each in self.stuck)
            row["suspects"] = sum(each["module"] == row["module"] for each in self.suspects)
        return {
            "course": self.course, "at": utc_text(self.now), "students": self.students, "silent": self.silent,
            "modules": modules, "stuck": [each.to_json() for each in self.stuck], "suspects": self.suspects,
            "terms": terms(),
        }  # fmt: skip


def terms() -> dict[str, dict[str, str]]:
    """Return what each number is called and means, and where it comes from."""
    return {t.name: {"title": t.title, "meaning": t.meaning, "source": t.source} for t in TERMS.values()}


def shares(reading: Mapping[str, Mapping[str, float]], people: Collection[str]) -> dict[str, float | None]:
    """Return the mean share of points by module, None if too few answers were read."""
    given = {module: [share for name, share in rows.items() if name in people] for module, rows in reading.items()}
    return {module: round(statistics.fmean(rows), 3) if known(len(rows)) else None for module, rows in given.items()}
