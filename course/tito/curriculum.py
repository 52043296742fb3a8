"""The 20 modules and their tiers, as data: from the course tree, or from the generated `curriculum.json` without one.

A module's folder `NN_slug` gives number and slug, its `module.yaml` all else. Nothing else repeats them.
"""

import importlib.util
import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tito.errors import Finding, FindingsError, TitoError

FOLDER = re.compile(r"^(?P<number>\d\d)_(?P<slug>[a-z][a-z0-9_]*)$")
JSON_NAME = "curriculum.json"


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that the release warns of: the sentence there, and what of the reference becomes what."""

    warns: str
    replace: str
    by: str


@dataclass(frozen=True)
class Exercise:
    """A graded exercise: `name` is its solution cell's grade_id; `uses` names exercises whose reference may be lent.

    `mistakes` quote the reference: they are with the course tree and nowhere else.
    """

    name: str
    points: float
    uses: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class WrittenAnswer:
    """An answer in words, graded by hand."""

    name: str
    points: float


@dataclass(frozen=True)
class Tier:
    """A part of the course that a semester may run or skip."""

    name: str
    title: str
    summary: str = ""


@dataclass(frozen=True)
class Module:
    """One module; `folder` is None where there is no course tree."""

    number: int
    slug: str
    title: str
    tier: str
    hours: float
    prerequisites: tuple[str, ...]
    summary: str
    exports: tuple[str, ...] = ()
    exercises: tuple[Exercise, ...] = ()
    written_answers: tuple[WrittenAnswer, ...] = ()
    is_written: bool = False
    folder: Path | None = field(default=None, compare=False)

    @property
    def label(self) -> str:
        """The name of the folder: `01_tensor`."""
        return f"{self.number:02d}_{self.slug}"

    @property
    def source(self) -> Path:
        """The one source, `slug_dev.py`; an error where there is no course tree."""
        if self.folder is None:
            raise TitoError(f"{self.label} has no source here: the course tree is with the staff.")
        return self.folder / f"{self.slug}_dev.py"

    def to_json(self) -> dict:
        """Show what may be public: no folder, no mistakes, and `written` for whether the module exists."""
        data = asdict(self)
        del data["folder"]
        for exercise in data["exercises"]:
            del exercise["mistakes"]
        data["written"] = data.pop("is_written")
        return data


@dataclass(frozen=True)
class Curriculum:
    """All modules in order, and the tiers."""

    tiers: tuple[Tier, ...]
    modules: tuple[Module, ...]

    def find(self, name: str) -> Module:
        """Find a module by slug, `NN_slug` or number; the error lists what there is."""
        for module in self.modules:
            if name in (module.slug, module.label, str(module.number), f"{module.number:02d}"):
                return module
        raise TitoError(f"there is no module '{name}'. There are: {', '.join(m.slug for m in self.modules)}.")

    def find_written(self, name: str) -> Module:
        """Find a module that has a source; an unwritten one is an error."""
        module = self.find(name)
        if not module.is_written:
            written = ", ".join(m.slug for m in self.written)
            raise TitoError(f"{module.label} is not written yet. Written are: {written or 'none'}.")
        return module

    @property
    def written(self) -> list[Module]:
        return [module for module in self.modules if module.is_written]

    def of_tiers(self, tiers: list[str] | tuple[str, ...]) -> list[Module]:
        """List the modules of some tiers; an unknown tier is an error that lists the known ones."""
        known = [tier.name for tier in self.tiers]
        for tier in tiers:
            if tier not in known:
                raise TitoError(f"there is no tier '{tier}'. There are: {', '.join(known)}.")
        return [module for module in self.modules if module.tier in tiers]

    def before(self, module: Module) -> list[Module]:
        """List all prerequisites of a module, direct and indirect, in order."""
        needed: set[str] = set()
        waiting = list(module.prerequisites)
        while waiting:
            slug = waiting.pop()
            if slug not in needed:
                needed.add(slug)
                waiting.extend(self.find(slug).prerequisites)
        return [other for other in self.modules if other.slug in needed]

    def to_json(self) -> dict:
        return {
            "tiers": [asdict(tier) for tier in self.tiers],
            "modules": [module.to_json() for module in self.modules],
        }


def load_curriculum(course_dir: Path | None = None) -> Curriculum:
    """Read the course tree (given, `TITO_COURSE`, or beside this file), or the installed `curriculum.json`.

    A course tree is checked while it is read; whatever is wrong is one FindingsError with file, line and remedy.
    """
    course_dir = course_dir or find_course()
    if course_dir is not None:
        from tito.curriculum_files import read_course

        return read_course(course_dir)
    return read_json(installed_core() / JSON_NAME)


def find_course() -> Path | None:
    """Find the course tree: the folder named by `TITO_COURSE`, else the one that this file lies in, else None."""
    named = os.environ.get("TITO_COURSE")
    if named:
        if not (Path(named) / "modules").is_dir():
            raise TitoError(f"TITO_COURSE must name a course tree with a folder 'modules', it is {named!r}.")
        return Path(named)
    beside = Path(__file__).resolve().parent.parent
    return beside if (beside / "modules").is_dir() and (beside / "semesters").is_dir() else None


def require_course() -> Path:
    """Find the course tree or say that this command needs one."""
    course = find_course()
    if course is None:
        raise TitoError(
            "this command needs the course tree: run it in the checkout, or set TITO_COURSE to its course/."
        )
    return course


def installed_core() -> Path:
    """Find the installed `tinytorch/core`, without importing tinytorch (and numpy with it)."""
    spec = importlib.util.find_spec("tinytorch")
    if spec is None or not spec.submodule_search_locations:
        raise TitoError("the package tinytorch is not installed here: pip install it, or run in the checkout.")
    return Path(next(iter(spec.submodule_search_locations))) / "core"


def read_json(path: Path) -> Curriculum:
    """Read what `to_json` wrote."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TitoError(
            f"{path} is missing: it is generated by `tito export --all`, or comes with the package."
        ) from None
    except ValueError as error:
        raise FindingsError([Finding(path, 1, f"must be JSON as `tito export --all` writes it: {error}")]) from None
    return Curriculum(
        tuple(Tier(**tier) for tier in data["tiers"]), tuple(_module_from_json(module) for module in data["modules"])
    )


def _module_from_json(data: dict) -> Module:
    data = dict(data, is_written=data["written"])
    del data["written"]
    data["prerequisites"] = tuple(data["prerequisites"])
    data["exports"] = tuple(data["exports"])
    data["exercises"] = tuple(Exercise(e["name"], e["points"], tuple(e["uses"])) for e in data["exercises"])
    data["written_answers"] = tuple(WrittenAnswer(**answer) for answer in data["written_answers"])
    return Module(**data)
