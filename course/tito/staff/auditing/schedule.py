"""Audit modules in several processes, from the cache where nothing has changed."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tito.curriculum import Curriculum, Module
from tito.staff.auditing.cache import Cache, exercise_key, whole_key
from tito.staff.auditing.exercise import ExerciseAudit, MutantVerdict, audit_exercise
from tito.staff.auditing.report import ModuleAudit, module_audit
from tito.staff.auditing.whole import WholeAudit, audit_whole

Say = Callable[[str], None]


def audit_modules(
    modules: list[Module],
    curriculum: Curriculum,
    course: Path,
    *,
    alternatives: Path | None = None,
    cache: Cache | None = None,
    jobs: int = 2,
    say: Say = lambda line: None,
) -> list[ModuleAudit]:
    """Audit `modules` in `jobs` processes; `alternatives` is the folder of other right solutions, None for none."""
    # A fresh interpreter: a forked one would share the sockets and threads of whoever called.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        parts = [_Parts(pool, module, curriculum, course, alternatives, cache) for module in modules]
        audits = []
        for part in parts:
            audits.append(part.finished(cache))
            say(f"{part.module.label}: {len(audits[-1].mutants)} mutants, {len(audits[-1].problems)} problems")
    return audits


class _Parts:
    """The parts of one module's audit, under way or known."""

    def __init__(
        self,
        pool: ProcessPoolExecutor,
        module: Module,
        curriculum: Curriculum,
        course: Path,
        alternatives: Path | None,
        cache: Cache | None,
    ):
        self.module = module
        self._futures: dict[str, Future] = {}
        self._known: dict[str, dict] = {}
        self._keys = {e.name: exercise_key(module, curriculum, e.name) for e in module.exercises}
        self._whole = whole_key(module, curriculum, alternatives)
        for key in (*self._keys.values(), self._whole):
            if cache is not None and (known := cache.get(key)) is not None:
                self._known[key] = known
        for name, key in self._keys.items():
            if key not in self._known:
                self._futures[key] = pool.submit(_exercise_part, course, module.slug, name)
        if self._whole not in self._known:
            self._futures[self._whole] = pool.submit(_whole_part, course, module.slug, alternatives)

    def finished(self, cache: Cache | None) -> ModuleAudit:
        """Wait for all parts and keep them."""
        for key, future in self._futures.items():
            self._known[key] = future.result()
            if cache is not None:
                cache.put(key, self._known[key])
        exercises = [_exercise(self._known[key]) for key in self._keys.values()]
        seconds = sum(part["seconds"] for part in self._known.values())
        return module_audit(self.module, WholeAudit(**_plain(self._known[self._whole])), exercises, round(seconds, 1))


def _exercise_part(course: Path, slug: str, name: str) -> dict:
    started = time.monotonic()
    return asdict(audit_exercise(course, slug, name)) | {"seconds": time.monotonic() - started}


def _whole_part(course: Path, slug: str, alternatives: Path | None) -> dict:
    started = time.monotonic()
    return asdict(audit_whole(course, slug, alternatives)) | {"seconds": time.monotonic() - started}


def _exercise(part: dict) -> ExerciseAudit:
    plain = _plain(part)
    return ExerciseAudit(**plain | {"mutants": [MutantVerdict(**mutant) for mutant in plain["mutants"]]})


def _plain(part: dict) -> dict:
    return {key: value for key, value in part.items() if key != "seconds"}
