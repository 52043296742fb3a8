"""Exercises and checks over a class: who passes first and last, how well a check discriminates, which is suspect."""

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from exchange.protocol.models import ExerciseActivity
from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult

from .terms import ENOUGH_TO_CORRELATE, SUSPECT_DISCRIMINATION, SUSPECT_SHARE, known

LISTS = ("passed_first", "failed_first", "passed_last", "failed_last")


@dataclass(frozen=True)
class Judged:
    """One student's verdicts on a module: that on the first attempt, and the newest ones, newest first."""

    student: str
    first: ModuleResult | None
    newest: tuple[ModuleResult, ...]


@dataclass
class Tally:
    """What is counted for a check or an exercise: the names of those who passed or failed, and why."""

    points: float = 0.0
    hidden: bool = False
    lists: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name in LISTS})
    kinds: Counter[str] = field(default_factory=Counter)
    discrimination: float | None = None

    def share(self, when: str) -> float | None:
        """The share that passes "first" or "last"."""
        passed, failed = len(self.lists[f"passed_{when}"]), len(self.lists[f"failed_{when}"])
        return passed / (passed + failed) if known(passed + failed) else None

    @property
    def suspect(self) -> str:
        """Why the check itself may be at fault, "" if nothing suggests it."""
        last = self.share("last")
        if last is not None and last <= SUSPECT_SHARE:
            return f"{last:.0%} pass it"
        if self.discrimination is not None and self.discrimination <= SUSPECT_DISCRIMINATION:
            return "it fails those who are right elsewhere"
        return ""

    def add(self, when: str, student: str, passed: bool, why: str) -> None:
        self.lists[f"{'passed' if passed else 'failed'}_{when}"][student] = why

    def of(self, number: str) -> list[dict[str, Any]]:
        """List students by name, and why they failed; KeyError for a name that is not in LISTS."""
        return [{"student": student, "why": why} for student, why in sorted(self.lists[number].items())]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers, without names."""
        counts = {name: len(names) for name, names in self.lists.items()}
        shares = {when: _rounded(self.share(when)) for when in ("first", "last")}
        more = {"discrimination": _rounded(self.discrimination), "kinds": dict(self.kinds.most_common())}
        return {"points": self.points, "hidden": self.hidden, **counts, **shares, **more, "suspect": self.suspect}


@dataclass
class ExerciseInsight:
    """An exercise's numbers: as a whole, and for each of its checks by title."""

    name: str
    whole: Tally = field(default_factory=Tally)
    checks: dict[str, Tally] = field(default_factory=dict)
    runs_to_solve: dict[str, int] = field(default_factory=dict)
    hints: dict[str, int] = field(default_factory=dict)

    def of(self, number: str, check: str = "") -> list[dict[str, Any]]:
        """List the students behind a number of a check, or of the exercise; KeyError for a number without a list."""
        if number == "runs":
            return [{"student": s, "runs": n} for s, n in sorted(self.runs_to_solve.items())]
        if number == "hints":
            return [{"student": s, "hints": n} for s, n in sorted(self.hints.items())]
        return (self.checks[check] if check else self.whole).of(number)

    def to_json(self) -> dict[str, Any]:
        runs = statistics.median(self.runs_to_solve.values()) if known(len(self.runs_to_solve)) else None
        told = {"runs_to_solve": runs, "solved_by": len(self.runs_to_solve), "hints": len(self.hints)}
        checks = [{"check": title, **tally.to_json()} for title, tally in self.checks.items()]
        whole = {name: value for name, value in self.whole.to_json().items() if name not in ("hidden", "suspect")}
        return {"exercise": self.name, **whole, **told, "checks": checks}


def exercise_insights(
    judged: Iterable[Judged], told: Iterable[ExerciseActivity] = (), roster: frozenset[str] | None = None
) -> list[ExerciseInsight]:
    """Compute an exercise's numbers from verdicts, and from what students' own runs reported."""
    found: dict[str, ExerciseInsight] = {}
    people = [each for each in judged if roster is None or each.student in roster]
    latest_of = [(each.student, list(latest(each))) for each in people]
    for student, exercises in latest_of:
        _add_last(found, student, exercises)
    for each in people:
        for exercise in each.first.exercises if each.first else ():
            _add_first(found.setdefault(exercise.name, ExerciseInsight(exercise.name)), each.student, exercise)
    _correlate(found, [exercises for _, exercises in latest_of])
    return with_told(found.values(), told, roster)


def with_told(
    insights: Iterable[ExerciseInsight], told: Iterable[ExerciseActivity], roster: frozenset[str] | None = None
) -> list[ExerciseInsight]:
    """Return the same numbers from verdicts, with what students' own runs report now."""
    found = {each.name: replace(each, runs_to_solve={}, hints={}) for each in insights}
    for row in told:
        if row.exercise in found and (roster is None or row.student in roster):
            _add_told(found[row.exercise], row)
    return list(found.values())


def _add_told(insight: ExerciseInsight, row: ExerciseActivity) -> None:
    if row.runs_to_solve is not None:
        insight.runs_to_solve[row.student] = row.runs_to_solve
    if row.hints:
        insight.hints[row.student] = row.hints


def _add_first(insight: ExerciseInsight, student: str, exercise: ExerciseResult) -> None:
    insight.whole.add("first", student, exercise.passed, exercise.why)
    for check in exercise.checks:
        _tally(insight, check).add("first", student, check.passed, check.why)


def _add_last(found: dict[str, ExerciseInsight], student: str, exercises: list[ExerciseResult]) -> None:
    for exercise in exercises:
        insight = found.setdefault(exercise.name, ExerciseInsight(exercise.name))
        insight.whole.points = exercise.max_points
        insight.whole.add("last", student, exercise.passed, exercise.why)
        for check in exercise.checks:
            tally = _tally(insight, check)
            tally.add("last", student, check.passed, check.why)
            if not check.passed:
                tally.kinds[check.kind] += 1
                insight.whole.kinds[check.kind] += 1


def latest(each: Judged) -> Iterator[ExerciseResult]:
    """Yield a student's exercises, each check from the newest verdict that has it: a quick one has no hidden checks."""
    checks: dict[str, dict[str, Check]] = {}
    shapes: dict[str, ExerciseResult] = {}
    for verdict in each.newest:
        for exercise in verdict.exercises:
            shapes.setdefault(exercise.name, exercise)
            for check in exercise.checks:
                checks.setdefault(exercise.name, {}).setdefault(check.title, check)
    for name, shape in shapes.items():
        yield ExerciseResult(name, shape.max_points, tuple(checks.get(name, {}).values()))


def _tally(insight: ExerciseInsight, check: Check) -> Tally:
    tally = insight.checks.setdefault(check.title, Tally())
    tally.points, tally.hidden = check.points, check.hidden
    return tally


def _correlate(found: dict[str, ExerciseInsight], people: list[list[ExerciseResult]]) -> None:
    """Compare each check with the points of all other checks of the module."""
    verdicts = [[(e.name, c) for e in exercises for c in e.checks] for exercises in people]
    totals = [sum(check.points for _, check in checks if check.passed) for checks in verdicts]
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for checks, total in zip(verdicts, totals, strict=True):
        for name, check in checks:
            rest = total - (check.points if check.passed else 0)
            pairs.setdefault((name, check.title), []).append((float(check.passed), rest))
    for (name, title), values in pairs.items():
        found[name].checks[title].discrimination = correlation(values)


def correlation(pairs: list[tuple[float, float]]) -> float | None:
    """Pearson's correlation; None for few pairs, or if one side is always the same."""
    if len(pairs) < ENOUGH_TO_CORRELATE or any(len(set(side)) == 1 for side in zip(*pairs, strict=True)):
        return None
    return statistics.correlation(*zip(*pairs, strict=True))


def suspects(module: str, insights: Iterable[ExerciseInsight]) -> list[dict[str, Any]]:
    """List the checks that may be at fault themselves."""
    return [
        {"module": module, "exercise": each.name, "check": title, "why": tally.suspect, "last": tally.share("last"),
         "failed": len(tally.lists["failed_last"]), "points": tally.points, "hidden": tally.hidden}
        for each in insights for title, tally in each.checks.items() if tally.suspect
    ]  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
