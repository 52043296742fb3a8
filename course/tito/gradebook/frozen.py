"""The end of a course in its gradebook: a frozen one can be read and exported, but nobody can change it anymore.

The exchange keeps students out; this file next to the gradebook keeps its own programs out, which ask for the lock or
queue work. Only the grading service writes it, when the semester service freezes the course.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tito.atomic import write_atomically
from tito.errors import TitoError

FROZEN_FILE = "frozen.json"


class CourseFrozen(TitoError):
    """The course is over: its grades can be read, but not changed."""


@dataclass(frozen=True)
class Frozen:
    """Since when a course is frozen, and by whom."""

    since: str
    by: str

    @property
    def words(self) -> str:
        return (
            f"the course is frozen since {self.since} by {self.by}: nothing is graded, changed or released anymore; "
            "everything can be read and exported, and an instructor can unfreeze it (tito semester unfreeze)"
        )


def frozen(course_dir: Path) -> Frozen | None:
    """Return since when the course is frozen, None if it is not."""
    path = course_dir / FROZEN_FILE
    try:
        return Frozen(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def refuse_frozen(course_dir: Path) -> None:
    """Raise CourseFrozen in a frozen course."""
    if found := frozen(course_dir):
        raise CourseFrozen(found.words)


def write_frozen(course_dir: Path, how: Frozen) -> None:
    """Freeze the gradebook; hold its lock."""
    write_atomically(course_dir / FROZEN_FILE, json.dumps(asdict(how)))


def remove_frozen(course_dir: Path) -> None:
    """Let the gradebook be changed again."""
    (course_dir / FROZEN_FILE).unlink(missing_ok=True)
