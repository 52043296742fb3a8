"""The audit's report on a module: the counts, and every problem in words."""

from dataclasses import asdict, dataclass, field
from typing import Any

from tito.curriculum import Module
from tito.staff.auditing.equivalent import FILE_NAME, Explained, Key, read_explained
from tito.staff.auditing.exercise import ExerciseAudit
from tito.staff.auditing.verdict import MutantVerdict
from tito.staff.auditing.whole import WholeAudit

WANTED_SCORE = 0.95
LARGEST_VISIBLE_SHARE = 0.45  # the same as in `tito module lint`
WANTED_ALTERNATIVES = 2


@dataclass
class ModuleAudit:
    """A module's audit. `problems` is empty for a module that may be released."""

    slug: str
    whole: WholeAudit
    exercises: list[ExerciseAudit]
    explained: dict[Key, Explained] = field(default_factory=dict)

    @property
    def mutants(self) -> list[MutantVerdict]:
        return [mutant for exercise in self.exercises for mutant in exercise.mutants]

    @property
    def survivors(self) -> list[MutantVerdict]:
        """Mutants that no check caught and nobody explained."""
        return [m for m in self.mutants if not m.caught_by and m.key not in self.explained]

    @property
    def equivalent(self) -> list[MutantVerdict]:
        """Mutants that are recorded as behaving like the reference."""
        return [m for m in self.mutants if m.key in self.explained and not self.explained[m.key].counts]

    @property
    def caught(self) -> list[MutantVerdict]:
        return [m for m in self.mutants if m.caught_by]

    @property
    def score(self) -> float:
        """Of the mutants that behave differently, the share that loses points."""
        different = [m for m in self.mutants if m not in self.equivalent]
        return len([m for m in different if m.caught_by]) / len(different) if different else 0.0

    @property
    def by_heart(self) -> float:
        """The largest share of an exercise's points that answers learned by heart get."""
        return max((max(e.by_heart.values(), default=0.0) / e.points for e in self.exercises if e.points), default=0.0)

    @property
    def problems(self) -> list[str]:
        return [*self.whole.problems, *self._of_points(), *self._of_mutants(), *self._of_exercises()]

    def _of_points(self) -> list[str]:
        whole, found = self.whole, []
        if whole.reference != whole.possible:
            found.append(f"the reference gets {whole.reference:g} of {whole.possible:g} points")
        if whole.release != 0:
            found.append(f"the untouched release gets {whole.release:g} points, not 0")
        for exercise in self.exercises:
            if whole.left_out[exercise.name] != exercise.points:
                lost = f"{whole.left_out[exercise.name]:g}, not its {exercise.points:g} points"
                found.append(f"leaving out {exercise.name} costs {lost}")
        if len(set(whole.by_seed)) > 1:
            found.append(f"the reference's score depends on the seed: {whole.by_seed}")
        for name, count in whole.alternatives.items():
            if count < WANTED_ALTERNATIVES:
                found.append(f"{name} is tested with {count} other right solutions; it needs {WANTED_ALTERNATIVES}")
        return found

    def _of_mutants(self) -> list[str]:
        found = [f"survives: {mutant}" for mutant in self.survivors]
        if self.score < WANTED_SCORE:
            found.append(f"the tests catch {self.score:.0%} of the mutants, the minimum is {WANTED_SCORE:.0%}")
        by_key: dict[Key, list[MutantVerdict]] = {}
        for mutant in self.mutants:
            by_key.setdefault(mutant.key, []).append(mutant)
        for key, explained in self.explained.items():
            if key not in by_key:
                found.append(f"{FILE_NAME}: there is no mutant {_shown(key)} any more: delete the entry")
            elif by_key[key][0].caught_by:
                found.append(f"{FILE_NAME}: {_shown(key)} is caught after all ({explained.reason}): delete the entry")
        return found + sorted({m.unclear for m in self.mutants if m.unclear})

    def _of_exercises(self) -> list[str]:
        found = [problem for exercise in self.exercises for problem in exercise.problems]
        for exercise in self.exercises:
            if exercise.visible_points > LARGEST_VISIBLE_SHARE * exercise.points:
                share = f"{exercise.visible_points:g} of {exercise.points:g}"
                found.append(f"{exercise.name}: visible checks have {share} points: too many, hide more of the checks")
            for otherwise, points in exercise.by_heart.items():
                if points > exercise.visible_points:
                    found.append(
                        f"{exercise.name}: answers learned by heart (otherwise {otherwise}) get {points:g} points, "
                        f"the visible checks have only {exercise.visible_points:g}"
                    )
        return found

    def to_json(self) -> dict[str, Any]:
        """Return plain data for scripts."""
        return {
            "module": self.slug,
            "reference": self.whole.reference,
            "possible": self.whole.possible,
            "release": self.whole.release,
            "left_out": self.whole.left_out,
            "by_seed": self.whole.by_seed,
            "alternatives": self.whole.alternatives,
            "mutants": len(self.mutants),
            "caught": len(self.caught),
            "equivalent": len(self.equivalent),
            "score": round(self.score, 4),
            "survivors": [asdict(mutant) for mutant in self.survivors],
            "by_heart": {e.name: e.by_heart for e in self.exercises},
            "faults": faults_by_kind(self.mutants),
            "problems": self.problems,
        }


def faults_by_kind(mutants: list[MutantVerdict]) -> dict[str, dict[str, int]]:
    """Count, for each kind of mutant, the kinds of fault that students read from the check that kills it."""
    found: dict[str, dict[str, int]] = {}
    for mutant in mutants:
        if mutant.fault:
            counts = found.setdefault(mutant.kind, {})
            counts[mutant.fault] = counts.get(mutant.fault, 0) + 1
    return {
        kind: dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
        for kind, counts in sorted(found.items())
    }


def module_audit(module: Module, whole: WholeAudit, exercises: list[ExerciseAudit]) -> ModuleAudit:
    """Combine the parts with the explained mutants in the module's folder."""
    assert module.folder is not None
    return ModuleAudit(module.slug, whole, exercises, read_explained(module.folder))


def _shown(key: Key) -> str:
    exercise, was, becomes = key
    return f"{exercise}: {' / '.join(was) or '(nothing)'} -> {' / '.join(becomes) or '(nothing)'}"
