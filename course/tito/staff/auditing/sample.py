"""Judge a sample of a module's record again, verdict by verdict, and list where the record is wrong.

Promises: what is judged depends only on the record and the seed. The sample has the reference, the untouched release,
each exercise left out, the other solutions and all survivors; of the other mutants one for each check that is recorded
as killing any (so a check that no longer proves anything is found with any seed), one for each exercise and kind of
mistake, and more up to FEWEST; one cell of answers learned by heart for each exercise, and some seeds. All mutants
are compared with those in the record.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tito.curriculum import load_curriculum
from tito.staff.auditing.bench import Bench, bench_of
from tito.staff.auditing.equivalent import Key
from tito.staff.auditing.exercise import alone, by_heart, judge_cheat, mutants
from tito.staff.auditing.mutants import Mutant
from tito.staff.auditing.record import FILE_NAME, Record, read_record
from tito.staff.auditing.verdict import MutantVerdict, judge_mutant
from tito.staff.auditing.whole import SEEDS, audit_whole

SEEDS_OF_A_SAMPLE = 2
FEWEST = 40
LARGEST = 80  # mutants of one module, not counting survivors: about 15 seconds


@dataclass
class SampleAudit:
    """The result of a module's sample. `problems` is empty if the record is confirmed."""

    slug: str
    seed: str
    judged: int = 0
    recorded: int = 0
    elsewhere: list[str] = field(default_factory=list)  # kinds of input that have changed since the record was made
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for scripts."""
        return asdict(self)


def choose(verdicts: list[MutantVerdict], seed: str) -> list[MutantVerdict]:
    """Choose what is judged again, in the record's order."""
    drawn = list(verdicts)
    random.Random(seed).shuffle(drawn)
    chosen: set[Key] = set()
    for stratum in (lambda m: (m.caught_by, m.check), lambda m: (m.exercise, m.kind)):
        chosen |= _one_of_each(drawn, stratum, chosen)
    chosen |= {m.key for m in [m for m in drawn if m.key not in chosen][: max(0, FEWEST - len(chosen))]}
    return [m for m in verdicts if m.key in chosen or not m.caught_by]


def _one_of_each(
    drawn: list[MutantVerdict], stratum: Callable[[MutantVerdict], tuple], chosen: Iterable[Key]
) -> set[Key]:
    """Choose the first of each stratum that has none among the chosen."""
    already = set(chosen)
    seen = {stratum(m) for m in drawn if m.key in already}
    found: set[Key] = set()
    for mutant in drawn:
        if stratum(mutant) not in seen and len(already | found) < LARGEST:
            seen.add(stratum(mutant))
            found.add(mutant.key)
    return found


def sample_mutants(course: Path, slug: str, seed: str) -> list[str]:
    """Judge the sample of mutants and answers learned by heart; return what differs from the record."""
    bench, record = _open(course, slug)
    made: dict[Key, Mutant] = {}
    problems = []
    for exercise in record.audit.exercises:
        problems += alone(bench, exercise.name)
        made |= {mutant.key: mutant for mutant in mutants(bench, exercise.name)}
        otherwise, source = random.Random(f"{seed} {exercise.name}").choice(by_heart(bench, exercise.name))
        points = judge_cheat(bench, exercise.name, source)
        if points != exercise.by_heart.get(otherwise):
            was = exercise.by_heart.get(otherwise)
            problems.append(
                f"{exercise.name}: answers learned by heart (otherwise {otherwise}) get {points:g} points, "
                f"{FILE_NAME} has {was}"
            )
    problems += _other_mutants(set(made), set(record.known))
    for verdict in choose(record.mutants, seed):
        if verdict.key in made:
            problems += _differences(verdict, judge_mutant(bench, made[verdict.key], verdict))
    return problems


def sample_whole(course: Path, slug: str, seed: str, alternatives: Path | None) -> list[str]:
    """Judge the module as a whole, with some of the seeds; return what is wrong or differs from the record."""
    _, record = _open(course, slug)
    seeds = random.Random(seed).sample(SEEDS, SEEDS_OF_A_SAMPLE)
    was, now = record.audit.whole, audit_whole(course, slug, alternatives, seeds)
    problems = list(now.problems)
    for name in ("possible", "reference", "release", "left_out", "alternatives"):
        if getattr(was, name) != getattr(now, name):
            problems.append(f"{name.replace('_', ' ')}: {getattr(now, name)}, {FILE_NAME} has {getattr(was, name)}")
    if set(now.by_seed) - set(was.by_seed):
        problems.append(f"the reference gets {now.by_seed} points with seeds {seeds}, {FILE_NAME} has {was.by_seed}")
    return problems


def _open(course: Path, slug: str) -> tuple[Bench, Record]:
    record = read_record(load_curriculum(course).find_written(slug))
    assert record is not None, "samples are taken only of modules that have a record"
    return bench_of(course, slug), record


def _other_mutants(made: set[Key], recorded: set[Key]) -> list[str]:
    if made == recorded:
        return []
    new, gone = len(made - recorded), len(recorded - made)
    return [f"{new} mutants are not in {FILE_NAME}, and {gone} of its mutants can't be made any more"]


def _differences(was: MutantVerdict, now: MutantVerdict) -> list[str]:
    found = [now.unclear] if now.unclear else []
    if was.killer != now.killer:
        found.append(f"{FILE_NAME} says killed by {was.killer}; judged again, it is killed by {now.killer}: {was}")
    return found
