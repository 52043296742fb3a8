"""How long a submission may take: wall-clock time, less what its processes stood in the queue for a processor.

On a crowded machine honest slow code keeps its time. Code that sleeps or waits for itself asks for no processor, so it
gets no more of it; and who makes the queue oneself, with threads, has used the processor meanwhile.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SMALLEST_CREDIT = 0.05  # seconds; a machine with room makes everybody wait for milliseconds
TICKS = os.sysconf("SC_CLK_TCK")


class MachineBusy(BaseException):
    """The machine had no time for the submission: there can be no verdict now. No check may take it for one."""


@dataclass(frozen=True)
class TimeLimits:
    """Seconds, each less the time in the queue for a processor; `wall` alone is by the clock on the wall.

    `reading` is the judge's own processor time for one check.
    """

    request: float
    check: float
    total: float
    wall: float
    reading: float


@dataclass(frozen=True)
class Use:
    """Processor seconds that processes had, and seconds in which they could have run but had to wait for one."""

    had: float = 0.0
    waited: float = 0.0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.had + other.had, self.waited + other.waited)


def use_of_family(number: int) -> Use:
    """Measure a process and its descendants; where the system doesn't tell, nobody has waited."""
    found, waiting = Use(), [number]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}")
        try:
            threads = list((folder / "task").iterdir())
            found += use_in_words(folder.joinpath("stat").read_text(), [_read(t / "schedstat") for t in threads])
            waiting += [int(child) for thread in threads for child in _read(thread / "children").split()]
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile, or there is no /proc
    return found


def use_in_words(stat: str, schedstats: list[str]) -> Use:
    """Read what the kernel says in /proc/PID/stat, and in /proc/PID/task/*/schedstat of each thread."""
    fields = stat.rpartition(")")[2].split()
    had = (int(fields[11]) + int(fields[12])) / TICKS
    return Use(had, sum(int(words[1]) for line in schedstats if len(words := line.split()) > 1) / 1e9)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _own_use() -> Use:
    """The judge itself: its waiting must not cost the student either."""
    words = _read(Path("/proc/thread-self/schedstat")).split()
    return Use(time.thread_time(), int(words[1]) / 1e9 if len(words) > 1 else 0.0)


class Times:
    """The deadlines of one submission, over all its attempts and workers."""

    def __init__(self, limits: TimeLimits):
        self.limits = limits
        now = time.monotonic()
        self._end = self._check_end = self._request_end = now + limits.total
        self._stop = now + limits.wall
        self._reading_end = math.inf
        self.worker_started(Use)

    def worker_started(self, measure: Callable[[], Use], took_seconds: float = 0.0) -> None:
        """From now on `measure` tells how the worker fares; that it took long to start costs nobody time."""
        self._end += took_seconds
        self._check_end += took_seconds
        self._measure = measure
        self._seen_at, self._seen = time.monotonic(), _own_use()

    def begin_cell(self) -> None:
        """Let what comes before a cell's first check have the submission's time: that of the last check is over."""
        self._check_end, self._reading_end = self._end, math.inf

    def begin_check(self) -> None:
        """Let the time of a check begin."""
        self._check_end = time.monotonic() + self.limits.check
        self._reading_end = time.thread_time() + self.limits.reading

    def begin_request(self) -> float:
        """Let the time of a request begin, and return its deadline."""
        self._request_end = time.monotonic() + self.limits.request
        return self.deadline

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Bring a new worker up to date: that is not the check's time."""
        began, check_end = time.monotonic(), self._check_end
        used, reading_end = time.thread_time(), self._reading_end
        self._check_end, self._reading_end = self._end, math.inf
        try:
            yield
        finally:
            self._check_end = check_end + time.monotonic() - began
            self._reading_end = reading_end + time.thread_time() - used

    @property
    def deadline(self) -> float:
        return min(self._request_end, self._check_end, self._end)

    @property
    def reading_is_over(self) -> bool:
        """Tell whether a check has asked for more than the judge can read in the time for it."""
        return time.thread_time() > self._reading_end

    @property
    def are_over(self) -> bool:
        """Tell whether all the time of the submission is used up."""
        if time.monotonic() > self._end:
            self.later_deadline()
        return time.monotonic() > self._end

    def later_deadline(self) -> float:
        """Return the deadline, moved by what was waited for a processor; MachineBusy where that has no end."""
        if self.deadline > time.monotonic():
            return self.deadline
        credit = self._credit()
        if credit >= SMALLEST_CREDIT:
            if time.monotonic() > self._stop:
                raise MachineBusy(f"in {self.limits.wall:g} seconds the machine had too little time for it")
            self._request_end += credit
            self._check_end += credit
            self._end += credit
        return self.deadline

    def why_late(self) -> str:
        if self.deadline == self._end:
            return f"all checks together took over {self.limits.total:g} seconds"
        if self.deadline == self._check_end:
            return f"the check took over {self.limits.check:g} seconds"
        return f"no answer within {self.limits.request:g} seconds"

    def _credit(self) -> float:
        """Measure what was waited since the last time; whoever had the processor meanwhile did not wait for it."""
        seen, now = self._measure() + _own_use(), time.monotonic()  # to measure may take a second
        passed = now - self._seen_at
        waited = min(seen.waited - self._seen.waited, passed - (seen.had - self._seen.had))
        self._seen_at, self._seen = now, seen
        return waited
