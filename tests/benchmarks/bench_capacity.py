"""What a class needs: processor seconds and bytes per submission, and how long verdicts take at a deadline.

The model in `capacity_model.py` uses processor seconds measured beforehand to predict a run of real judging with
simulated arrivals. docs/capacity.md has the figures and what follows from them.
"""

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from statistics import mean, median

from tests.benchmarks.bench_judge import _course, _judge
from tests.benchmarks.capacity_model import arrivals, finished, percentile, waits

SERVERS = 2
COUNT = 40
REPEATS = 2  # per submission, to get the service times for the model
LOAD = 1.3  # how many times more submissions arrive than can be judged in the time
PREDICTIONS = 200


def run(report) -> None:
    """Measure a submission, predict a deadline, and run it."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="bench-capacity-") as folder:
        course = _course(Path(folder))
        students = [path.name for path in sorted((course / "submitted").iterdir())]
        with ProcessPoolExecutor(SERVERS, multiprocessing.get_context("spawn")) as pool:
            list(pool.map(judged, [course] * 4, students[:4]))  # warm up every process
            known = list(pool.map(judged, [course] * len(students) * REPEATS, students * REPEATS))
            report.measure("processor seconds of a submission", median(cpu for cpu, _, _ in known), "s")
            report.measure("bytes of a submission", _bytes(course, students[0]), "B")
            stretch = sum(end - began for _, began, end in known) / sum(cpu for cpu, _, _ in known)
            report.measure("seconds for each processor second, here and now", stretch, "x")
            predicted, measured = deadline(pool, course, students, [cpu * stretch for cpu, _, _ in known])
    for name, of in (("mean wait", mean), ("95 % wait at most", lambda all_: percentile(all_, 0.95))):
        report.ratio(f"{name}: measured against predicted", of(measured[0]), mean(map(of, predicted[0])), "s")
    report.ratio("all judged: measured against predicted", measured[1], mean(predicted[1]), "s")


def judged(course: Path, student: str) -> tuple[float, float, float]:
    """Judge and record one submission; return processor seconds, and when judging began and ended."""
    before, began = _used(), time.time()
    _judge(course, student)
    return _used() - before, began, time.time()


def deadline(pool, course: Path, students: list[str], services: list[float]):
    """Predict a deadline from service times, then run it; return the waits and the time of the last verdict of both."""
    draw = Random(24)
    due = arrivals(COUNT, COUNT * mean(services) / SERVERS / LOAD, draw)
    runs = [[draw.choice(services) for _ in due] for _ in range(PREDICTIONS)]
    predicted = ([waits(due, each, SERVERS) for each in runs], [max(finished(due, each, SERVERS)) for each in runs])
    start, futures = time.time(), []
    for number, at in enumerate(due):
        time.sleep(max(0.0, start + at - time.time()))
        futures.append(pool.submit(judged, course, students[number % len(students)]))
    ends = [future.result()[2] - start for future in futures]
    return predicted, ([end - at for end, at in zip(ends, due, strict=True)], max(ends))


def _used() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))


def _bytes(course: Path, student: str) -> int:
    return sum(path.stat().st_size for path in (course / "submitted" / student).rglob("*") if path.is_file())
