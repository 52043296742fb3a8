"""What judging a module gives: checks, exercises, the whole; as data, as JSON, and as a student may see it."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class CheckResult:
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
    """One exercise; `lent` says with whose help it was judged if not with the reference of earlier modules alone."""

    name: str
    max_points: float
    checks: tuple[CheckResult, ...] = ()
    lent: str = ""

    @property
    def points(self) -> float:
        """Points of the checks that passed, never more than the exercise has."""
        return min(sum(check.points for check in self.checks if check.passed), self.max_points)

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)


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
        """Leave of hidden checks only their points and the kind of fault."""
        return replace(self, exercises=tuple(replace(e, checks=tuple(_shown(e.checks))) for e in self.exercises))

    def to_json(self) -> dict[str, Any]:
        """Return plain data for json.dumps, with the points spelt out for readers of other languages."""
        data = asdict(self)
        for exercise, plain in zip(self.exercises, data["exercises"], strict=True):
            plain["points"] = exercise.points
        return data | {"points": self.points, "max_points": self.max_points, "passed": self.passed}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "ModuleResult":
        """Read what `to_json` wrote."""
        own = {key: value for key, value in data.items() if key not in ("points", "max_points", "passed")}
        own["exercises"] = tuple(_exercise_from_json(exercise) for exercise in data["exercises"])
        own["notes"] = tuple(Note(**note) for note in data["notes"])
        return ModuleResult(**own)


def _shown(checks: tuple[CheckResult, ...]) -> list[CheckResult]:
    hidden = [check for check in checks if check.hidden]
    shown = []
    for check in checks:
        if check.hidden:
            title = f"hidden check {hidden.index(check) + 1} of {len(hidden)}"
            check = CheckResult(title, check.points, hidden=True, passed=check.passed, kind=check.kind)
        shown.append(check)
    return shown


def _exercise_from_json(data: dict[str, Any]) -> ExerciseResult:
    own = {key: value for key, value in data.items() if key != "points"}
    own["checks"] = tuple(CheckResult(**check) for check in data["checks"])
    return ExerciseResult(**own)
