"""The lanes of the tests: what runs together, how, and how long it may take.

    python -m tests.lanes                  every lane, one after another
    python -m tests.lanes live docker      these
    python -m tests.lanes --list           what each is for, and its minutes

A test's marker names its lane; a test without such a marker is in `fast`. A failure in one lane keeps none from
running. Neighbours of one process each run beside each other: what they wait for is mostly not the processor. On CI
(CI=true) a lane that takes a fifth more than its minutes fails: the budget is for all twenty modules on two cores, and
a lane that grows with the modules has a share for those that are written.
"""

import argparse
import functools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest

CHECKOUT = Path(__file__).parents[1]
RETRIED = CHECKOUT / "build" / "tests" / "retried.txt"
MOST_RETRIED = 3  # more than this are no accident of a crowded machine
OVER_BUDGET = 1.2
# Files that keep one process busy for minutes, the longest first.
LONGEST = (
    "test_corpus.py",
    "test_live_in_jupyterlab.py",
    "test_releases.py",
    "test_schema.py",
    "test_crash.py",
    "test_pool.py",
    "test_documents.py",
    "test_student.py",
    "test_prerequisites.py",
    "test_milestones.py",
    "test_judging_away.py",
)
THRIFTY = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",  # neighbours' further threads only wait, and burn time
    "PYTHONDONTWRITEBYTECODE": "",  # where it is set, each process that a test starts would compile all that it imports
}


@dataclass(frozen=True)
class Lane:
    """Tests that run together."""

    purpose: str
    minutes: float
    minutes_per_module: float = 0
    processes: int = 2  # 3: a third of it is waiting
    beside: bool = False  # leaves most of two processors idle: it runs beside the other lanes, from their beginning
    retries: bool = False  # run once more, alone, what failed; each is on record

    def budget(self, modules: int) -> float:
        return self.minutes + self.minutes_per_module * modules


# With all the room that CI's 90 minutes give: the minutes that it prints are to make them tighter.
LANES = {
    "fast": Lane("what has no marker of a lane: nothing is started", 6),
    "service": Lane("services, commands and workers as processes; databases; environments", 27, processes=3),
    # after the services, so that the docker lane's builds, which run beside the first lanes, have ended
    "modules": Lane("the course's modules and milestones, run and judged", 0, minutes_per_module=0.7),
    "live": Lane("whole Hubs, JupyterLab, browsers", 25, retries=True),
    "docker": Lane("images, containers and the deployment", 32, processes=1, beside=True, retries=True),
    "audit": Lane(
        "a sample of the audit's record, judged anew; planted holes",
        10,
        minutes_per_module=1.0,
        processes=1,
        beside=True,
    ),
}


@dataclass(frozen=True)
class Outcome:
    """How one lane went."""

    lane: str
    passed: bool
    minutes: float
    cpu_minutes: float
    budget: float

    @property
    def over(self) -> bool:
        return self.minutes > self.budget * OVER_BUDGET

    def __str__(self) -> str:
        took = f"{self.minutes:7.1f} of {self.budget:4.1f} min {self.cpu_minutes:7.1f} CPU min"
        late = f", over its budget by more than {OVER_BUDGET - 1:.0%}" if self.over else ""
        return f"{self.lane:8} {took}  {'passed' if self.passed else 'FAILED'}{late}"


def main(words: list[str] | None = None) -> int:
    """Run lanes; return 0 if all passed, within their budgets on CI."""
    parser = argparse.ArgumentParser(prog="python -m tests.lanes", description="Run tests lane by lane.")
    parser.add_argument("lanes", nargs="*", metavar="LANE", help=f"one of {', '.join(LANES)}; all by default")
    parser.add_argument("--list", action="store_true", help="print the lanes and run nothing")
    asked = parser.parse_args(words)
    unknown = [name for name in asked.lanes if name not in LANES]
    if unknown:
        parser.error(f"there is no lane {unknown[0]!r}: one of {', '.join(LANES)}")
    if asked.list:
        print(
            "\n".join(
                f"{name:8} {lane.budget(written_modules()):4.1f} min  {lane.purpose}" for name, lane in LANES.items()
            )
        )
        return 0
    RETRIED.unlink(missing_ok=True)
    return closing(run_rows(rows(asked.lanes or list(LANES))))


def rows(names: list[str]) -> list[list[str]]:
    """Part lanes into rows that run at once, lane after lane in each; on one processor there is one row."""
    if (os.cpu_count() or 1) < 2:
        return [names]
    parted = [[name for name in names if LANES[name].beside is beside] for beside in (False, True)]
    return [row for row in parted if row]


def run_rows(parted: list[list[str]]) -> list[Outcome]:
    """Run rows at once; the first is seen as it runs, the others' output when it has ended."""
    first, *others = parted
    with ThreadPoolExecutor(max(1, len(others))) as pool:
        later = [pool.submit(lambda row=row: [run(name, _log(name)) for name in row]) for row in others]
        outcomes = [run(name) for name in first]
        for row, found in zip(others, later, strict=True):
            outcomes += found.result()
            print(*(_log(name).read_text() for name in row), sep="", end="", flush=True)
    return outcomes


def run(name: str, log: Path | None = None) -> Outcome:
    """Run one lane, with one more try where it has retries; its output goes to `log` where one is given."""
    with _opened(log) as out:
        print(f"\n==> lane {name}: {LANES[name].purpose}", file=out, flush=True)
        if log:
            print(f"==> lane {name} runs beside it; its output follows ({log.relative_to(CHECKOUT)})", flush=True)
        start = time.monotonic()
        used: list[float] = []
        passed = _pytest(name, out, used) or (LANES[name].retries and _once_more(name, out, used))
        minutes = (time.monotonic() - start) / 60
    return Outcome(name, passed, minutes, sum(used) / 60, LANES[name].budget(written_modules()))


def closing(outcomes: list[Outcome]) -> int:
    """Print the table of lanes and what was retried; return the exit code."""
    retried = RETRIED.read_text().splitlines() if RETRIED.exists() else []
    print("\n==> lanes", *outcomes, sep="\n")
    print(*(f"passed or failed at its second try: {test}" for test in retried), sep="\n")
    failed = any(not outcome.passed for outcome in outcomes)
    if len(retried) > MOST_RETRIED:
        print(f"{len(retried)} tests were run twice, at most {MOST_RETRIED} may be: look at the first ones' output")
        failed = True
    on_ci = os.environ.get("CI") == "true"
    return int(failed or (on_ci and any(outcome.over for outcome in outcomes)))


def selection(name: str) -> str:
    """Return pytest's expression for the tests of a lane."""
    marked = [lane for lane in LANES if lane != "fast"]
    return f"not ({' or '.join(marked)})" if name == "fast" else name


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave a file unread that has no test of this lane, as a plugin of a lane's pytest: imports take long."""
    if not collection_path.match("test_*.py"):
        return None
    return None if may_have_tests_of(os.environ["TESTS_LANE"], collection_path) else True


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """Refuse a test whose lane would not read its file."""
    report = yield
    for item in report.result:
        for lane in {mark.name for mark in item.iter_markers()} & LANES.keys() if isinstance(item, pytest.Item) else ():
            if not may_have_tests_of(lane, item.path):
                report.outcome, report.longrepr = (
                    "failed",
                    f"{item.nodeid} is in the lane {lane}, which would not read {item.path.name}: write "
                    f"pytest.mark.{lane} there, or in a conftest.py above it",
                )
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: begun last, it would keep one process busy while the other has ended."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


def lane_of(source: str) -> str | None:
    """Name the lane of all of a file's tests, as `pytestmark` at its top says; None if each says it itself."""
    stated = re.search(r"^pytestmark = (pytest\.mark\..*|\[[^]]*\])$", source, re.MULTILINE)
    words = re.findall(r"pytest\.mark\.(\w+)", stated[1]) if stated else []
    return next((word for word in words if word in LANES), None)


def may_have_tests_of(lane: str, path: Path) -> bool:
    """Tell whether a file of tests, or a conftest.py above it, names a lane; what is unmarked may be anywhere."""
    source = path.read_text(encoding="utf-8")
    stated = lane_of(source)
    if stated or lane == "fast":
        return stated in (None, lane)
    return any(f"pytest.mark.{lane}" in text for text in (source, *map(_text, path.parents)))


@functools.cache
def _text(folder: Path) -> str:
    conftest = folder / "conftest.py"
    return conftest.read_text(encoding="utf-8") if conftest.is_file() else ""


def written_modules() -> int:
    return len(list((CHECKOUT / "course" / "modules").glob("*/*_dev.py")))


def _pytest(name: str, out: TextIO, used: list[float], *more: str) -> bool:
    lane = LANES[name]
    together = ["-n", str(lane.processes), "--dist", "loadfile"] if lane.processes > 1 else []
    if together:  # sorted by their numbers of tests, files with a few long tests each would begin last
        together += ["--no-loadscope-reorder"]
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.lanes",
        "-m",
        selection(name),
        "-o",
        f"cache_dir={_cache(name)}",
    ]
    environment = os.environ | THRIFTY | {"TESTS_LANE": name}
    child = subprocess.Popen(
        [*line, *together, *more], cwd=CHECKOUT, env=environment, stdout=out, stderr=subprocess.STDOUT
    )
    _, status, usage = os.wait4(child.pid, 0)  # what this child and its own have used, not what runs beside it
    child.returncode = os.waitstatus_to_exitcode(status)
    used.append(usage.ru_utime + usage.ru_stime)
    return child.returncode == 0  # nothing selected is a failure too


def _once_more(name: str, out: TextIO, used: list[float]) -> bool:
    failed = list(_failed(name))
    if not failed or len(failed) > MOST_RETRIED:
        return False
    RETRIED.parent.mkdir(parents=True, exist_ok=True)
    with RETRIED.open("a") as file:
        file.writelines(f"{name}: {test}\n" for test in failed)
    print(f"==> lane {name}: once more, alone: {len(failed)} failed", file=out, flush=True)
    return _pytest(name, out, used, "--lf", "--lfnf=none")


def _failed(name: str) -> Iterator[str]:
    record = _cache(name) / "v" / "cache" / "lastfailed"
    if record.exists():
        yield from json.loads(record.read_text())


def _cache(name: str) -> Path:
    return CHECKOUT / "build" / "tests" / name


def _log(name: str) -> Path:
    return CHECKOUT / "build" / "tests" / f"{name}.log"


@contextmanager
def _opened(log: Path | None) -> Iterator[TextIO]:
    if log is None:
        yield sys.stdout
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        yield file


if __name__ == "__main__":
    sys.exit(main())
