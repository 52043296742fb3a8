"""Audit a module as a whole: in the judge's sandbox in mode `best`, with ten seeds, and with other solutions."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from exchange.protocol.verdicts import ModuleResult
from tito.judge.submission import judge_submission
from tito.source.percent import read_percent
from tito.source.release import release_notebook, staff_notebook
from tito.staff.auditing.bench import SEED, Bench, bench_of

SEEDS = range(10)


@dataclass
class WholeAudit:
    """The findings about the module."""

    possible: float = 0.0
    reference: float = 0.0
    release: float = 0.0
    left_out: dict[str, float] = field(default_factory=dict)  # exercise -> points that leaving it out costs
    by_seed: list[float] = field(default_factory=list)
    alternatives: dict[str, int] = field(default_factory=dict)  # exercise -> how many other right solutions there are
    problems: list[str] = field(default_factory=list)


def audit_whole(course: Path, slug: str, alternatives: Path | None, seeds: Iterable[int] = SEEDS) -> WholeAudit:
    """Judge reference, release, and each exercise left out; then seeds and alternatives on the bench."""
    bench = bench_of(course, slug)
    audit = WholeAudit(sum(bench.plan.points.values()))
    with tempfile.TemporaryDirectory(prefix="tito-audit-") as folder:
        _judge_submissions(audit, bench, course, Path(folder))
    audit.by_seed = [bench.judge({}, seed=seed).points for seed in seeds]
    if alternatives is not None:
        _judge_alternatives(audit, bench, alternatives / slug)
    return audit


def _judge_submissions(audit: WholeAudit, bench: Bench, course: Path, folder: Path) -> None:
    module, text = bench.module, staff_notebook(bench.module, bench.curriculum)

    def judged(name: str, notebook: str) -> ModuleResult:
        place = folder / name
        place.mkdir()
        (place / f"{module.slug}.ipynb").write_text(notebook, encoding="utf-8")
        return judge_submission(place, module.slug, course=course, seed=SEED, mode="best")

    reference = judged("reference", text)
    audit.reference = reference.points
    audit.problems += _failures("the reference", reference)
    _compare(audit, reference, bench.judge({}))
    audit.release = judged("release", release_notebook(module, bench.curriculum)).points
    for name, step in bench.plan.solutions.items():
        audit.left_out[name] = reference.points - judged(f"without-{name}", _with_cell(text, name, step.stub)).points


def _with_cell(notebook: str, name: str, source: str) -> str:
    document = json.loads(notebook)
    for cell in document["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name:
            cell["source"] = source
    return json.dumps(document)


def _compare(audit: WholeAudit, walled: ModuleResult, plain: ModuleResult) -> None:
    """Report where the bench's verdicts differ from the judge's."""
    verdicts = [
        [(e.name, check.title, check.passed) for e in result.exercises for check in e.checks]
        for result in (walled, plain)
    ]
    for theirs, ours in zip(*verdicts, strict=False):
        if theirs != ours:
            audit.problems.append(f"the judge says {theirs}, the audit's bench says {ours}")
    if len(verdicts[0]) != len(verdicts[1]):
        audit.problems.append("the judge and the audit's bench ran different checks")


def _failures(what: str, result: ModuleResult) -> list[str]:
    found = [f"{what}: {result.refused}"] if result.refused else []
    for exercise in result.exercises:
        if not exercise.checks:
            found.append(f"{what}: the test of {exercise.name} has no check: it proves nothing")
        for check in exercise.checks:
            if not check.passed:
                found.append(f"{what} fails {exercise.name}, check {check.title!r}: {check.why or check.kind}")
    return found


def _judge_alternatives(audit: WholeAudit, bench: Bench, folder: Path) -> None:
    """Judge each file of other right solutions; exercises that it leaves out are taken from the reference."""
    audit.alternatives = dict.fromkeys(bench.plan.points, 0)
    for path in sorted(folder.glob("*.py")):
        cells = read_percent(path)
        solved = {cell.name for cell in cells if cell.name}
        for name in sorted(solved - set(bench.plan.points)):
            audit.problems.append(f"{path.name} solves {name!r}, which is not an exercise of {bench.module.slug}")
        missing = [cell for cell in read_percent(bench.module.source) if cell.name in set(bench.plan.points) - solved]
        result = bench.judge_cells([*cells, *(replace(cell, number=cell.number + 1000) for cell in missing)])
        audit.problems += _failures(f"{path.parent.name}/{path.name}, a right solution,", result)
        for name in solved & set(bench.plan.points):
            audit.alternatives[name] += 1
