"""The checks of a module as the recorded verdicts list them, and how to name one of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from exchange.protocol.verdicts import ExerciseResult, ModuleResult
from tito.errors import TitoError
from tito.gradebook.voids import Void


@dataclass
class Check:
    """One check: its exercise and number in it, its title and what students see of that, and how many pass it."""

    exercise: str
    number: int
    title: str
    shown: str
    points: float
    hidden: bool
    judged: int = 0
    passed: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.exercise, self.title

    @property
    def name(self) -> str:
        """How a command names it."""
        return f"{self.exercise}:{self.number}"

    @classmethod
    def of_void(cls, void: Void) -> "Check":
        """Return a void check that today's tests don't have; it has no number."""
        return cls(void.exercise, 0, void.title, void.shown, void.points, void.shown != void.title)

    def void(self, reason: str, by: str) -> Void:
        return Void(self.exercise, self.title, self.shown, self.points, reason, by)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, **asdict(self)}


def checks_of(verdicts: Mapping[str, ModuleResult]) -> list[Check]:
    """Return each check that a verdict has, in the order of the tests, with how many pass it."""
    found: dict[tuple[str, str], Check] = {}
    for verdict in verdicts.values():
        for exercise in verdict.exercises:
            _count(found, exercise)
    return list(found.values())


def _count(found: dict[tuple[str, str], Check], exercise: ExerciseResult) -> None:
    shown = ModuleResult("", (exercise,)).for_student().exercises[0].checks
    for number, (check, seen) in enumerate(zip(exercise.checks, shown, strict=True), start=1):
        new = Check(exercise.name, number, check.title, seen.title, check.points, check.hidden)
        row = found.setdefault(new.key, new)
        row.judged += 1
        row.passed += check.passed


def find_check(known: list[Check], assignment: str, wanted: str) -> Check:
    """Find a check by EXERCISE:NUMBER, by its title, or by EXERCISE if that has one; raise TitoError if unclear."""
    found = [each for each in known if wanted in (each.name, each.title, f"{each.exercise}:{each.title}")]
    found = found or [each for each in known if wanted == each.exercise]
    if len(found) == 1:
        return found[0]
    if not known:
        raise TitoError(
            f"no submission of {assignment} has been judged yet, so its checks are not known here: autograde it first"
        )
    listed = "; ".join(f"{each.name} ({each.title})" for each in found or known)
    rule = "is the name of several checks" if found else f"is not a check of {assignment}"
    raise TitoError(f"{wanted!r} {rule}. Name one of: {listed}")
