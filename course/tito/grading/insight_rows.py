"""What the grading service reads for `tito.insight`: a module's verdicts, the state of attempts, a semester's modules.

A page about a whole semester reads facts about runs, never reports; reports are read by module, and what they give is
kept until the module has a newer run.
"""

import threading
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult
from tito.curriculum import load_curriculum
from tito.curriculum.milestones import is_milestone
from tito.gradebook.policy import roster, semester_part
from tito.insight.checks import Judged
from tito.insight.modules import Attempts, ModuleFacts

from .queue import Queue
from .records import JUDGED, Run
from .settings import GradingSettings

KINDS = ("quick", "autograde")
NONE = Attempts()


def modules_of(settings: GradingSettings) -> dict[str, ModuleFacts]:
    """Return the semester's modules in order; without a semester, all that are written, without dates."""
    tiers = semester_part(settings.course_dir, "tiers")
    if not tiers:
        written = load_curriculum(settings.course_tree).written
        names = {m.slug: tuple(exercise.name for exercise in m.exercises) for m in written}
        return {m.slug: ModuleFacts(m.slug, m.label, m.title, exercises=names[m.slug]) for m in written}
    built = [module for tier in tiers for module in tier["modules"] if module["place"] == "built"]
    return {
        m["slug"]: ModuleFacts(m["slug"], m["label"], m["title"], m["release"], m["due"], tuple(m["exercises"]))
        for m in built
    }


def course_of(settings: GradingSettings) -> dict[str, str]:
    """Return the course's id and title."""
    title = semester_part(settings.course_dir, "title")
    return {"id": settings.course_id, "title": title if isinstance(title, str) else settings.course_id}


def class_of(settings: GradingSettings, seen: set[str]) -> frozenset[str]:
    """Return who is in the course: the roster, or, without a semester, everybody who was seen."""
    members = roster(settings.course_dir)
    return frozenset(seen) if members is None else members


@dataclass(frozen=True)
class Standings:
    """The state of attempts by module and student, and the newest run by module."""

    attempts: dict[str, dict[str, Attempts]]
    newest_run: dict[str, int]


def read_standings(queue: Queue, module: str = "") -> Standings:
    """Read the state of everybody's attempts, at one module or at all, with one statement and no report."""
    of_student = (Run.assignment, Run.student, Run.kind)
    newest = select(*of_student, func.count(Run.submission.distinct()).label("count"), func.max(Run.id).label("id"))
    chosen = (Run.assignment == module,) if module else ()
    groups = newest.where(*_judged(), *chosen).group_by(*of_student).subquery()
    query = select(*of_student, groups.c.count, Run.id, Run.score, Run.max_score).join(groups, Run.id == groups.c.id)
    found = Standings({}, {})
    with Session(queue.engine) as session:
        for row in session.execute(query):
            _add(found, *row)
    for name in filter(is_milestone, list(found.newest_run)):
        del found.attempts[name], found.newest_run[name]
    return found


def _add(
    found: Standings,
    module: str,
    student: str,
    kind: str,
    count: int,
    run: int,
    score: float | None,
    most: float | None,
) -> None:
    attempts = found.attempts.setdefault(module, {})
    before, passed = attempts.get(student, NONE), score is not None and bool(most) and score >= (most or 0)
    if kind == "quick":
        attempts[student] = Attempts(count, passed, before.passed_all)
    else:
        attempts[student] = Attempts(max(before.count, 1), before.passed_visible, passed)
    found.newest_run[module] = max(run, found.newest_run.get(module, 0))


def _judged() -> tuple[Any, ...]:
    return Run.kind.in_(KINDS), Run.outcome.in_(JUDGED), Run.student != ""


def read_verdicts(queue: Queue, modules: set[str], firsts: bool = True) -> dict[str, list[Judged]]:
    """Read, of each student of each module, the newest verdict of each kind and the first quick one: one statement."""
    with Session(queue.engine) as session:
        rows = session.execute(_verdicts(modules, firsts)).all()
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        found.setdefault((row.assignment, row.student), []).append(row)
    read: dict[str, list[Judged]] = {module: [] for module in modules}
    for (module, student), runs in sorted(found.items()):
        read[module].append(_read(student, runs))
    return read


def _verdicts(modules: set[str], firsts: bool) -> Select[Any]:
    groups = (
        select(Run.kind, func.min(Run.id).label("first"), func.max(Run.id).label("last"))
        .where(*_judged(), Run.assignment.in_(modules))
        .group_by(Run.assignment, Run.student, Run.kind)
        .subquery()
    )
    is_one = Run.id == groups.c.last
    is_one = or_(is_one, and_(Run.id == groups.c.first, groups.c.kind == "quick")) if firsts else is_one
    columns = (Run.assignment, Run.student, Run.id, Run.kind, Run.report, groups.c.first)
    return select(*columns).join(groups, is_one).order_by(Run.id.desc())


def _read(student: str, runs: list[Any]) -> Judged:
    verdicts = [(run, _verdict(run.report)) for run in runs if run.report]
    firsts = [verdict for run, verdict in verdicts if run.kind == "quick" and run.id == run.first]
    return Judged(
        student, firsts[0] if firsts else None, tuple(verdict for _, verdict in verdicts if verdict.exercises)
    )


def _verdict(report: dict[str, Any]) -> ModuleResult:
    """Read what is counted and nothing else, for thousands of reports: `ModuleResult.from_json` does more."""
    return ModuleResult(
        report["slug"],
        tuple(
            ExerciseResult(exercise["name"], exercise["max_points"], tuple(map(_check, exercise["checks"])))
            for exercise in report.get("exercises", ())
        ),
    )


def _check(check: dict[str, Any]) -> Check:
    return Check(
        check["title"], check["points"], check["hidden"], check["passed"], check.get("kind", ""), check.get("why", "")
    )


class Kept:
    """What was computed from a module's verdicts, until the module has a newer run or the class changes; only for the
    `most` modules that were computed last, if it is set.
    """

    def __init__(self, most: int | None = None) -> None:
        self._found: dict[str, tuple[Any, Any]] = {}
        self._most = most
        self._lock = threading.Lock()

    def stale(self, versions: dict[str, Any]) -> set[str]:
        """Return the modules for which nothing is kept at these versions."""
        with self._lock:
            return {module for module, version in versions.items() if self._found.get(module, (None,))[0] != version}

    def keep(self, module: str, version: Any, found: Any) -> None:
        with self._lock:
            self._found.pop(module, None)
            self._found[module] = (version, found)
            while self._most is not None and len(self._found) > self._most:
                del self._found[next(iter(self._found))]

    def of(self, module: str) -> Any:
        """Return what is kept for a module, None if nothing is."""
        with self._lock:
            return self._found.get(module, (None, None))[1]
