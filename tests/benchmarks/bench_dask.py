"""Grading over two workers' machines against the same on one: processor seconds of a submission, and who takes them.

Processes of two machines stand on this one, each with its own address; only processor time is compared, of whole trees
of processes, after the first submissions have paid for starts and imports.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine
from tito.grading.queue import Queue
from tito.grading.records import open_database

from tests.benchmarks.bench_judge import SLUG, SUBMISSIONS, _course
from tests.environments import COURSE
from tests.machines.place import Machines, machines

TICK = 1 / os.sysconf("SC_CLK_TCK")
ROUNDS = 4  # of all submissions
WARM = 2  # before them
MOST_SECONDS = 900
KINDS = {"autograde": "judged and recorded", "rejudge": "judged alone"}


def run(report) -> None:
    """Grade the same submissions by this machine's jobs, then by workers; then judge them alone, for no gradebook."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="bench-dask-") as folder:
        Path(folder, "one").mkdir(), Path(folder, "many").mkdir()
        with machines(Path(folder, "one"), _course, COURSE) as place:
            place.settings = replace(place.settings, scheduler="", jobs=2)
            alone = {kind: sum(used.values()) for kind, used in measured(place, ["service"]).items()}
        with machines(Path(folder, "many"), _course, COURSE) as place:
            away = measured(place, ["scheduler", "one", "two", "service"])
    for kind, words in KINDS.items():
        each, whole = away[kind], sum(away[kind].values())
        report.ratio(f"{words}, a submission", whole, alone[kind], "s", wanted="<= 1.15")
        report.measure(f"{words}: workers", each["one"] + each["two"], "s")
        report.measure(f"{words}: scheduler's share", each["scheduler"] / whole, "", wanted="< 0.10")
        report.measure(f"{words}: service's share", each["service"] / whole, "")


def measured(place: Machines, programs: list[str]) -> dict[str, dict[str, float]]:
    """Grade all submissions so many times; return each program's processor seconds a submission, by kind of work."""
    for name in programs:
        place.start(name)
    engine = open_database(place.settings.database_url)
    try:
        return {kind: _measured(place, programs, engine, kind) for kind in KINDS}
    finally:
        engine.dispose()


def _measured(place: Machines, programs: list[str], engine: Engine, kind: str) -> dict[str, float]:
    _grade(engine, kind, WARM)
    before = {name: tree_seconds(place.running[name].pid) for name in programs}
    _grade(engine, kind, ROUNDS)
    after = {name: tree_seconds(place.running[name].pid) for name in programs}
    return {name: (after[name] - before[name]) / (ROUNDS * SUBMISSIONS) for name in programs}


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


def tree_seconds(pid: int) -> float:
    """Sum the processor seconds of a process, of what it started, and of what of that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = [
            int(each) for path in Path(f"/proc/{pid}/task").glob("*/children") for each in path.read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile, and its parent has its seconds
        return 0.0
    return sum(map(int, fields[11:15])) * TICK + sum(map(tree_seconds, children))
