"""Audit modules in several processes: in full, which makes their records, or a sample of the records."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tito.curriculum import Curriculum, Module
from tito.staff.auditing.digests import elsewhere_digests, own_digests
from tito.staff.auditing.exercise import audit_exercise
from tito.staff.auditing.record import Record, read_record, stale
from tito.staff.auditing.report import module_audit
from tito.staff.auditing.sample import SampleAudit, choose, sample_mutants, sample_whole
from tito.staff.auditing.whole import audit_whole

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scene:
    """The course that is audited; `alternatives` is the folder of other right solutions, None for none."""

    course: Path
    curriculum: Curriculum
    alternatives: Path | None = None


def audit_modules(
    modules: list[Module], scene: Scene, *, fresh: bool = False, jobs: int = 2, say: Say = lambda line: None
) -> Iterator[Record]:
    """Audit `modules` in full, one after another; recorded killers are tried first, unless `fresh`."""
    with _processes(jobs) as pool:
        started = [_Full(pool, module, scene, fresh) for module in modules]
        for full in started:
            yield full.finished(say)


def sample_modules(
    modules: list[Module], scene: Scene, seed: str, *, jobs: int = 2, say: Say = lambda line: None
) -> Iterator[SampleAudit]:
    """Judge a sample of the records of `modules`; a module with a stale record is not judged."""
    with _processes(jobs) as pool:
        started = [_Sample(pool, module, scene, seed) for module in modules]
        for sample in started:
            yield sample.finished(say)


class Job(Protocol):
    """Work that is running, or that runs when its result is asked for."""

    def result(self) -> Any: ...


class Pool(Protocol):
    """Something that runs jobs."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Job: ...


@dataclass(frozen=True)
class _Later:
    call: Callable[[], Any]

    def result(self) -> Any:
        return self.call()


class _ThisProcess:
    """Runs one job at a time in this process: a fresh process spends seconds importing nbgrader."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> _Later:
        return _Later(partial(function, *arguments))


@contextmanager
def _processes(jobs: int) -> Iterator[Pool]:
    if jobs == 1:
        yield _ThisProcess()
        return
    # Fresh interpreters: forked ones would share the caller's sockets and threads.
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Full:
    """A running audit of one module: a job for each exercise, and one for the whole."""

    def __init__(self, pool: Pool, module: Module, scene: Scene, fresh: bool):
        assert module.folder is not None
        record = None if fresh else read_record(module)
        known = record.known if record else {}
        self._module = module
        # Digests taken beforehand: a change during the audit makes the record stale.
        self._own = own_digests(module)
        self._elsewhere = elsewhere_digests(module, scene.curriculum, scene.course, scene.alternatives)
        self._exercises = [
            pool.submit(audit_exercise, scene.course, module.slug, exercise.name, known)
            for exercise in module.exercises
        ]
        self._whole = pool.submit(audit_whole, scene.course, module.slug, scene.alternatives)

    def finished(self, say: Say) -> Record:
        exercises = []
        for future in self._exercises:
            exercises.append(future.result())
            say(f"{self._module.label}: {exercises[-1].name}: {len(exercises[-1].mutants)} mutants")
        audit = module_audit(self._module, self._whole.result(), exercises)
        say(f"{self._module.label}: {len(audit.mutants)} mutants, {len(audit.problems)} problems")
        return Record(audit, self._own, self._elsewhere)


class _Sample:
    """The running sample of one module."""

    def __init__(self, pool: Pool, module: Module, scene: Scene, seed: str):
        record = read_record(module)
        self._module, self.found = module, SampleAudit(module.slug, seed)
        self._parts: list[Job] = []
        if problem := stale(module, record):
            self.found.problems.append(problem)
        elif record is not None:
            now = elsewhere_digests(module, scene.curriculum, scene.course, scene.alternatives)
            self.found.elsewhere = [kind for kind in now if now[kind] != record.elsewhere.get(kind)]
            self.found.recorded, self.found.judged = len(record.mutants), len(choose(record.mutants, seed))
            self._parts = [
                pool.submit(sample_mutants, scene.course, module.slug, seed),
                pool.submit(sample_whole, scene.course, module.slug, seed, scene.alternatives),
            ]

    def finished(self, say: Say) -> SampleAudit:
        for part in self._parts:
            self.found.problems += part.result()
        changed = f"; changed elsewhere: {', '.join(self.found.elsewhere)}" if self.found.elsewhere else ""
        count = f"{self.found.judged} of {self.found.recorded} mutants judged again"
        say(f"{self._module.label}: {count}, {len(self.found.problems)} problems{changed}")
        return self.found
