"""The milestones, as data: historical results that are re-run with one's own framework.

Each is a folder `NN_year_name` with `milestone.yaml` and a script `name.py`; in the course tree `course/milestones`, in
the student's wheel `tito/milestones_of_course`. Nothing of a script runs here.
"""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tito.errors import Finding, FindingsError, TitoError

from .load import find_course

ASSIGNMENT = "milestone_"  # before its slug: what it is called where work is handed in and graded
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
    """The same result on a whole published data set, for those who have it."""

    data: str
    threshold: float
    time_budget_seconds: float


@dataclass(frozen=True)
class Milestone:
    """One historical result: what it needs, and from which value of its metric on it is reached."""

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
        """The folder's name, by which a semester file refers to it."""
        return self.folder.name

    @property
    def assignment(self) -> str:
        """Its name in exchange and gradebook, which no module has."""
        return assignment_of(self.slug)

    @property
    def script(self) -> Path:
        return self.folder / f"{self.slug}.py"

    def to_json(self) -> dict:
        """Show all facts but where the folder lies."""
        facts = asdict(self) | {"milestone": self.name}
        del facts["folder"]
        return facts


def load_milestones(course: Path | None = None) -> list[Milestone]:
    """Read all milestones, in order: of the course tree `course`, or of the one that tito finds by itself."""
    course = course or find_course()
    place = course / "milestones" if course else Path(__file__).parents[1] / "milestones_of_course"
    folders = [folder for folder in sorted(place.glob("*_*")) if FOLDER.match(folder.name)] if place.is_dir() else []
    return [read_milestone(folder) for folder in folders]


def assignment_of(name: str) -> str:
    """Return what a milestone is called where work is handed in, by its slug or its folder's name."""
    folder = FOLDER.match(name)
    return f"{ASSIGNMENT}{folder['slug'] if folder else name}"


def is_milestone(assignment: str) -> bool:
    """Tell whether what was handed in is for a milestone."""
    return assignment.startswith(ASSIGNMENT)


def milestone_of(assignment: str, course: Path | None = None) -> Milestone:
    """Find the milestone that an assignment of exchange and gradebook is."""
    return find_milestone(assignment.removeprefix(ASSIGNMENT), course)


def find_milestone(name: str, course: Path | None = None) -> Milestone:
    """Find a milestone by name, slug, year or number; the error lists what there is."""
    milestones = load_milestones(course)
    for each in milestones:
        if name in (each.name, each.slug, str(each.year), str(each.number), f"{each.number:02d}"):
            return each
    known = ", ".join(each.slug for each in milestones)
    raise TitoError(f"there is no milestone '{name}'. There are: {known or 'none'}.")


def read_milestone(folder: Path) -> Milestone:
    """Read one folder; what is wrong with its milestone.yaml is said with the key."""
    import yaml

    from tito.strict_yaml import load_strictly

    path = folder / "milestone.yaml"
    try:
        data = load_strictly(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise FindingsError([Finding(path, 1, f"must be a YAML file: {error}")]) from None
    data = data if isinstance(data, dict) else {}
    full = data.pop("full", None)
    found = _wrong_facts(path, data, FACTS) + (_wrong_facts(path, full, FULL_FACTS) if full is not None else [])
    if found:
        raise FindingsError(found)
    name = FOLDER.match(folder.name)
    if name is None:
        raise TitoError(f"a milestone's folder is called NN_year_name, got {folder.name}.")
    facts = data | {"needs": tuple(data["needs"]), "full": Full(**full) if full else None}
    return Milestone(int(name["number"]), int(name["year"]), name["slug"], folder, **facts)


def _wrong_facts(path: Path, data: Any, facts: dict) -> list[Finding]:
    if not isinstance(data, dict):
        return [Finding(path, 1, f"needs the keys {', '.join(facts)}")]
    found = [Finding(path, 1, f"has no key '{key}'; there are {', '.join(facts)}") for key in data if key not in facts]
    for key, kind in facts.items():
        if not isinstance(data.get(key), kind) or isinstance(data.get(key), bool):
            found.append(Finding(path, 1, f"{key} is missing or of a wrong kind: {data.get(key)!r}"))
    return found
