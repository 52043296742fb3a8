"""The lanes of the tests: which tests run together, how, and how long they may take.

    python -m tests.lanes                  every lane
    python -m tests.lanes live docker      these lanes
    python -m tests.lanes --list           what each lane is for, and its minutes

A test's marker names its lane; a test without such a marker is in `fast`. A failure in one lane does not stop the
others. Lanes that mostly wait for something other than the processor run alongside the others. On CI (CI=true) a lane
that takes a fifth more than its minutes fails. The budget is for all twenty modules on two cores; a lane that grows
with the modules gets a share for each module that has been written.
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
MOST_RETRIED = 3  # if more tests fail at first, a busy machine is not the cause
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
    "OMP_NUM_THREADS": "1",  # more threads in each process would only wait for each other and waste time
    "PYTHONDONTWRITEBYTECODE": "",  # where it is set, each process that a test starts compiles all its imports again
}


@dataclass(frozen=True)
class Lane:
    """Tests that run together."""

    purpose: str
    minutes: float
    minutes_per_module: float = 0
    processes: int = 2  # 3 for a lane that waits a third of the time
    beside: bool = False  # leaves most of two processors idle, so it runs alongside the other lanes from the start
    retries: bool = False  # run failed tests once more, alone; each is recorded

    def budget(self, modules: int) -> float:
        return self.minutes + self.minutes_per_module * modules


# These budgets use all of CI's 90 minutes; tighten them by the minutes that a run prints.
LANES = {
    "fast": Lane("what has no marker of a lane: nothing is started", 6),
    "service": Lane("services, commands and workers as processes; databases; environments", 27, processes=3),
    # after the services: by then the docker lane's builds, which run alongside the first lanes, have ended
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
    """The result of one lane."""

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
    """Run lanes; return 0 if all passed and, on CI, kept to their budgets."""
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
    """Divide lanes into rows that run at the same time, each one lane after another; one processor gets one row."""
    if (os.cpu_count() or 1) < 2:
        return [names]
    parted = [[name for name in names if LANES[name].beside is beside] for beside in (False, True)]
    return [row for row in parted if row]


def run_rows(parted: list[list[str]]) -> list[Outcome]:
    """Run rows at the same time; show the first row's output as it runs and the others' afterwards."""
    first, *others = parted
    with ThreadPoolExecutor(max(1, len(others))) as pool:
        later = [pool.submit(lambda row=row: [run(name, _log(name)) for name in row]) for row in others]
        outcomes = [run(name) for name in first]
        for row, found in zip(others, later, strict=True):
            outcomes += found.result()
            print(*(_log(name).read_text() for name in row), sep="", end="", flush=True)
    return outcomes


def run(name: str, log: Path | None = None) -> Outcome:
    """Run one lane, retrying its failures once if the lane allows that; write its output to `log` if one is given."""
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
    """Print the table of lanes and the retried tests; return the exit code."""
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
    """Skip a file that has no test of this lane, as a hook of a lane's pytest: importing it takes long."""
    if not collection_path.match("test_*.py"):
        return None
    return None if may_have_tests_of(os.environ["TESTS_LANE"], collection_path) else True


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """Fail a test if its lane would not read its file."""
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
    """Start with the longest files: if started last, they would keep one process busy after the other has ended."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


def lane_of(source: str) -> str | None:
    """Name the lane that `pytestmark` sets for all of a file's tests; None if each test has its own marker."""
    stated = re.search(r"^pytestmark = (pytest\.mark\..*|\[[^]]*\])$", source, re.MULTILINE)
    words = re.findall(r"pytest\.mark\.(\w+)", stated[1]) if stated else []
    return next((word for word in words if word in LANES), None)


def may_have_tests_of(lane: str, path: Path) -> bool:
    """Tell whether a lane reads a test file.

    If `pytestmark` names a lane, only that one does; otherwise `fast` and each lane that the file or a conftest.py
    above it names.
    """
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
    if together:  # sorted by number of tests, files with a few long tests would start last
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
    _, status, usage = os.wait4(child.pid, 0)  # the time that this child and its children used, and no other process
    child.returncode = os.waitstatus_to_exitcode(status)
    used.append(usage.ru_utime + usage.ru_stime)
    return child.returncode == 0  # selecting no tests is a failure too


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
