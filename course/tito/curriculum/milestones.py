"""The milestones, as data: historical results that students reproduce with their own framework.

Each is a folder `NN_year_name` with `milestone.yaml` and a script `name.py`; in the course tree they are in
`course/milestones`, in the student's wheel in `tito/milestones_of_course`. No script runs here.
"""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tito.errors import Finding, FindingsError, TitoError

from .load import find_course

ASSIGNMENT = "milestone_"  # comes before its slug: its name as an assignment
FOLDER = re.compile(r"^(?P<number>\d\d)_(?P<year>\d{4})_(?P<slug>[a-z][a-z0-9_]*)$")
FACTS: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "summary": str,
    "needs": list,
    "metric": str,
    "threshold": (int, float),
    "seed": int,
    "time_budget_seconds": (int, float),
    "points": (int, float),
}
FULL_FACTS: dict[str, type | tuple[type, ...]] = {
    "data": str,
    "threshold": (int, float),
    "time_budget_seconds": (int, float),
}


@dataclass(frozen=True)
class Full:
    """The same result on a whole published data set, for people who have that."""

    data: str
    threshold: float
    time_budget_seconds: float


@dataclass(frozen=True)
class Milestone:
    """One historical result: what it needs, and the value of its metric at which it is reached."""

    number: int
    year: int
    slug: str
    folder: Path
    title: str
    summary: str
    needs: tuple[str, ...]
    metric: str
    threshold: float
    seed: int
    time_budget_seconds: float
    points: float
    full: Full | None = None

    @property
    def name(self) -> str:
        """The folder's name, which a semester file uses for it."""
        return self.folder.name

    @property
    def assignment(self) -> str:
        """Its name in the exchange and the gradebook; no module has such a name."""
        return assignment_of(self.slug)

    @property
    def script(self) -> Path:
        return self.folder / f"{self.slug}.py"

    def to_json(self) -> dict:
        """Show all facts except the folder's place."""
        facts = asdict(self) | {"milestone": self.name}
        del facts["folder"]
        return facts


def load_milestones(course: Path | None = None) -> list[Milestone]:
    """Read all milestones, in order: those in the course tree `course`, or in the one that tito finds itself."""
    course = course or find_course()
    place = course / "milestones" if course else Path(__file__).parents[1] / "milestones_of_course"
    folders = [folder for folder in sorted(place.glob("*_*")) if FOLDER.match(folder.name)] if place.is_dir() else []
    return [read_milestone(folder) for folder in folders]


def assignment_of(name: str) -> str:
    """Return a milestone's name as an assignment, from its slug or its folder's name."""
    folder = FOLDER.match(name)
    return f"{ASSIGNMENT}{folder['slug'] if folder else name}"


def is_milestone(assignment: str) -> bool:
    """Return whether an assignment is a milestone."""
    return assignment.startswith(ASSIGNMENT)


def milestone_of(assignment: str, course: Path | None = None) -> Milestone:
    """Find the milestone of an assignment in the exchange or the gradebook."""
    return find_milestone(assignment.removeprefix(ASSIGNMENT), course)


def find_milestone(name: str, course: Path | None = None) -> Milestone:
    """Find a milestone by name, slug, year or number; the error lists all milestones."""
    milestones = load_milestones(course)
    for each in milestones:
        if name in (each.name, each.slug, str(each.year), str(each.number), f"{each.number:02d}"):
            return each
    known = ", ".join(each.slug for each in milestones)
    raise TitoError(f"there is no milestone '{name}'. Available: {known or 'none'}.")


def read_milestone(folder: Path) -> Milestone:
    """Read one folder; errors in its milestone.yaml name the key."""
    import yaml

    from tito.strict_yaml import load_strictly

    path = folder / "milestone.yaml"
    try:
        data = load_strictly(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise FindingsError([Finding(path, 1, f"is not a valid YAML file: {error}")]) from None
    data = data if isinstance(data, dict) else {}
    full = data.pop("full", None)
    found = _wrong_facts(path, data, FACTS) + (_wrong_facts(path, full, FULL_FACTS) if full is not None else [])
    if found:
        raise FindingsError(found)
    name = FOLDER.match(folder.name)
    if name is None:
        raise TitoError(f"a milestone's folder must be called NN_year_name, not {folder.name}.")
    facts = data | {"needs": tuple(data["needs"]), "full": Full(**full) if full else None}
    return Milestone(int(name["number"]), int(name["year"]), name["slug"], folder, **facts)


def _wrong_facts(path: Path, data: Any, facts: dict) -> list[Finding]:
    if not isinstance(data, dict):
        return [Finding(path, 1, f"needs the keys {', '.join(facts)}")]
    found = [Finding(path, 1, f"unknown key '{key}'. Known: {', '.join(facts)}") for key in data if key not in facts]
    for key, kind in facts.items():
        if not isinstance(data.get(key), kind) or isinstance(data.get(key), bool):
            found.append(Finding(path, 1, f"{key} is missing or of the wrong type: {data.get(key)!r}"))
    return found
