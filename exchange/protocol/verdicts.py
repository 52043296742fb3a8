"""The outcome of judging a module: checks, exercises, the whole; as data, as JSON, and as a student may see it.

It has one shape from the judge to the page: the student's own run, the grading service's record, the exchange's quick
result, the feedback and the home page read with `from_json` what `to_json` wrote, even in an earlier version.
"""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True)
class Check:
    """One named check. `kind` is '' if it passed, else the kind of fault in two or three words."""

    title: str
    points: float
    hidden: bool = False
    passed: bool = False
    kind: str = ""
    why: str = ""
    called: str = ""
    got: str = ""
    expected: str = ""


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise; `lent` says with whose help it was judged, if not only with the reference of earlier modules."""

    name: str
    max_points: float
    checks: tuple[Check, ...] = ()
    lent: str = ""

    @property
    def points(self) -> float:
        """Points of the checks that passed, never more than the exercise has."""
        return min(sum(check.points for check in self.checks if check.passed), self.max_points)

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def passing(self) -> int:
        return sum(check.passed for check in self.checks)

    @property
    def why(self) -> str:
        """The one reason why every check fails and nothing came back, such as an exercise that is not solved."""
        reasons = {check.why for check in self.checks if not check.passed and not check.got}
        return reasons.pop() if len(reasons) == 1 and self.passing == 0 else ""

    def visible(self) -> "ExerciseResult":
        """Leave hidden checks out."""
        return replace(self, checks=tuple(check for check in self.checks if not check.hidden))


@dataclass(frozen=True)
class Note:
    """Something that happened to a cell of the submission and that its author should know."""

    cell: str
    text: str


@dataclass(frozen=True)
class ModuleResult:
    """The verdict on one submission of one module. `refused` is the reason if it could not be judged at all."""

    slug: str
    exercises: tuple[ExerciseResult, ...] = ()
    notes: tuple[Note, ...] = ()
    refused: str = ""
    seed: int = 0
    mode: str = ""
    visible_only: bool = False
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def max_points(self) -> float:
        return sum(exercise.max_points for exercise in self.exercises)

    @property
    def passed(self) -> bool:
        return bool(self.exercises) and not self.refused and all(exercise.passed for exercise in self.exercises)

    def exercise(self, name: str) -> ExerciseResult:
        """Find an exercise by name."""
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        raise KeyError(f"no exercise {name!r}; there are {', '.join(e.name for e in self.exercises)}")

    def for_student(self) -> "ModuleResult":
        """Reduce hidden checks to their points and the kind of fault."""
        return replace(self, exercises=tuple(replace(e, checks=tuple(_shown(e.checks))) for e in self.exercises))

    def to_json(self) -> dict[str, Any]:
        """Return plain data for json.dumps, with the points included for readers in other languages."""
        data = asdict(self)
        for exercise, plain in zip(self.exercises, data["exercises"], strict=True):
            plain["points"] = exercise.points
        return data | {"points": self.points, "max_points": self.max_points, "passed": self.passed}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "ModuleResult":
        """Read what `to_json` wrote."""
        exercises = tuple(_exercise_from_json(exercise) for exercise in data.get("exercises", ()))
        notes = tuple(Note(**_known(Note, note)) for note in data.get("notes", ()))
        return ModuleResult(**_known(ModuleResult, data) | {"exercises": exercises, "notes": notes})


def _shown(checks: tuple[Check, ...]) -> list[Check]:
    hidden = [check for check in checks if check.hidden]
    shown = []
    for check in checks:
        if check.hidden:
            title = f"hidden check {hidden.index(check) + 1} of {len(hidden)}"
            check = Check(title, check.points, hidden=True, passed=check.passed, kind=check.kind)
        shown.append(check)
    return shown


def _exercise_from_json(data: dict[str, Any]) -> ExerciseResult:
    checks = tuple(Check(**_known(Check, check)) for check in data["checks"])
    return ExerciseResult(**_known(ExerciseResult, data) | {"checks": checks})


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    """Keep the fields of this class: sums are computed again, and what else another version wrote is dropped."""
    return {field.name: data[field.name] for field in fields(kind) if field.name in data}
