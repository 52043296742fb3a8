"""The modules and their tiers, as data: what a module is, and which others it builds on."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from tito.errors import TitoError


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that the release warns of: the sentence there, and what is replaced in the reference by what."""

    warns: str
    replace: str
    by: str


@dataclass(frozen=True)
class Exercise:
    """A graded exercise: `name` is its solution cell's grade_id; `uses` names exercises whose reference may be lent.

    `mistakes` quote the reference: they are only in the course tree.
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
    """One module; `folder` is None without a course tree. `files` may be handed in together with its notebook."""

    number: int
    slug: str
    title: str
    tier: str
    hours: float
    prerequisites: tuple[str, ...]
    summary: str
    exports: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
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
        """The single source, `slug_dev.py`; an error without a course tree."""
        if self.folder is None:
            raise TitoError(f"{self.label} has no source here: only the staff have the course tree.")
        return self.folder / f"{self.slug}_dev.py"

    def to_json(self) -> dict:
        """Show what may be public: no folder, no mistakes; `written` says whether the module exists."""
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
        """Find a module by slug, `NN_slug` or number; the error lists all modules."""
        for module in self.modules:
            if name in (module.slug, module.label, str(module.number), f"{module.number:02d}"):
                return module
        raise TitoError(f"there is no module '{name}'. Available: {', '.join(m.slug for m in self.modules)}.")

    def find_written(self, name: str) -> Module:
        """Find a module that has a source; an unwritten one is an error."""
        module = self.find(name)
        if not module.is_written:
            written = ", ".join(m.slug for m in self.written)
            raise TitoError(f"{module.label} is not written yet. Written modules: {written or 'none'}.")
        return module

    @property
    def written(self) -> list[Module]:
        return [module for module in self.modules if module.is_written]

    def of_tiers(self, tiers: list[str] | tuple[str, ...]) -> list[Module]:
        """List the modules of some tiers; an unknown tier is an error that lists the known ones."""
        known = [tier.name for tier in self.tiers]
        for tier in tiers:
            if tier not in known:
                raise TitoError(f"there is no tier '{tier}'. Available: {', '.join(known)}.")
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
