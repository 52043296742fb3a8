"""Grading over two workers' machines against the same on one: processor seconds of a submission, and who takes them.

Processes of two machines stand on this one, each with its own address and its own control group, which also counts the
sandboxes that judges kill (`processor_group`). Only processor time is compared, after the first submissions have paid
for starts and imports; these are reported separately, and so is the cost of a second in which nothing is judged.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine
from tito.grading.queue import Queue
from tito.grading.records import open_database

from tests.benchmarks.bench_judge import SLUG, SUBMISSIONS, _course
from tests.benchmarks.processor_group import processor_group
from tests.environments import COURSE
from tests.machines.place import Machines, machines

ROUNDS = 5  # of all submissions
WARM = 2  # before them
IDLE_SECONDS = 10.0
MOST_SECONDS = 900
KINDS = {"autograde": "judged and recorded", "rejudge": "judged alone"}
PROGRAMS = ("scheduler", "one", "two", "service")
# A bound only for `rejudge`: for `autograde` the service also writes the gradebook, with Dask and without.
TOGETHER = {"autograde": "", "rejudge": "< 0.10"}


@dataclass(frozen=True)
class Used:
    """Processor seconds of each program: until the first submissions were judged, for each later one by kind of work,
    and for a second without work.
    """

    start: dict[str, float]
    each: dict[str, dict[str, float]]
    idle: dict[str, float]


def run(report) -> None:
    """Grade the same submissions by this machine's jobs, then by workers; then judge them alone, for no gradebook."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="bench-dask-") as folder:
        Path(folder, "one").mkdir(), Path(folder, "many").mkdir()
        with machines(Path(folder, "one"), _course, COURSE) as place:
            place.settings = replace(place.settings, scheduler="", jobs=2)
            alone = measured(place, ["service"])
        with machines(Path(folder, "many"), _course, COURSE) as place:
            away = measured(place, PROGRAMS)
    for kind, words in KINDS.items():
        each, whole = away.each[kind], sum(away.each[kind].values())
        report.ratio(f"{words}, a submission", whole, sum(alone.each[kind].values()), "s", wanted="<= 1.15")
        report.measure(f"{words}: workers", each["one"] + each["two"], "s")
        for name in ("scheduler", "service"):
            report.measure(f"{words}: {name}", each[name], "s")
        share = (each["scheduler"] + each["service"]) / whole
        report.measure(f"{words}: share of scheduler and service", share, "", wanted=TOGETHER[kind])
    report.ratio("start, with the first submissions", sum(away.start.values()), sum(alone.start.values()), "s")
    for name in PROGRAMS:
        report.measure(f"start: {name}", away.start[name], "s")
    for name in PROGRAMS:
        report.measure(f"an idle second: {name}", away.idle[name], "s")


def measured(place: Machines, programs: tuple[str, ...]) -> Used:
    """Start these programs and grade all submissions ROUNDS times; return the processor seconds used."""
    engine = open_database(place.settings.database_url)
    try:
        with _counted(place, programs) as counted:
            _grade(engine, "autograde", WARM)
            start = counted()
            each = {kind: _each(counted, engine, kind) for kind in KINDS}
            before = counted()
            time.sleep(IDLE_SECONDS)
            return Used(start, each, _less(counted(), before, IDLE_SECONDS))
    finally:
        engine.dispose()


@contextmanager
def _counted(place: Machines, programs: tuple[str, ...]) -> Iterator[Callable[[], dict[str, float]]]:
    """Start programs, each in its own control group; yield a function that returns the processor seconds of each."""
    with ExitStack() as undo:
        groups = {name: undo.enter_context(processor_group(f"bench-{name}")) for name in programs}
        for name, group in groups.items():
            group.add(place.start(name).pid)
        yield lambda: {name: group.seconds() for name, group in groups.items()}


def _each(counted: Callable[[], dict[str, float]], engine: Engine, kind: str) -> dict[str, float]:
    _grade(engine, kind, WARM)
    before = counted()
    _grade(engine, kind, ROUNDS)
    return _less(counted(), before, ROUNDS * SUBMISSIONS)


def _less(after: dict[str, float], before: dict[str, float], count: float) -> dict[str, float]:
    return {name: (after[name] - before[name]) / count for name in after}


def _grade(engine: Engine, kind: str, rounds: int) -> None:
    queue = Queue(engine)
    students = [f"student{number}" for number in range(SUBMISSIONS)]
    for _ in range(rounds):
        job, until = queue.submit(kind, SLUG, students, force=True), time.monotonic() + MOST_SECONDS
        while not (progress := queue.progress(job) or {})["done"]:
            if time.monotonic() > until:
                raise RuntimeError(f"not graded in {MOST_SECONDS} s: {progress['states']}")
            time.sleep(0.2)
        if {task["score"] for task in progress["tasks"]} != {90.0}:
            raise RuntimeError(f"the reference must get 90 points: {progress['tasks']}")
