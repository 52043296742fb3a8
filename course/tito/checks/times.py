"""How long a submission may take: wall-clock time, less the time that its processes waited for a processor.

On a crowded machine honest slow code keeps its time. Code that sleeps or waits for itself asks for no processor, so it
gets no extra time; nor does code that makes the queue itself, with threads: it has used the processor meanwhile.
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
    """The machine had no time for the submission, so there can be no verdict now. No check may catch this."""


@dataclass(frozen=True)
class TimeLimits:
    """Seconds, each less the time spent waiting for a processor; only `wall` is plain wall-clock time.

    `reading` is the judge's own processor time for one check.
    """

    request: float
    check: float
    total: float
    wall: float
    reading: float


@dataclass(frozen=True)
class Use:
    """Processor seconds that processes used, and seconds in which they could have run but waited for a processor."""

    had: float = 0.0
    waited: float = 0.0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.had + other.had, self.waited + other.waited)


def use_of_family(number: int) -> Use:
    """Measure a process and its descendants; if the system doesn't report waiting, it counts as none."""
    found, waiting = Use(), [number]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}")
        try:
            threads = list((folder / "task").iterdir())
            found += use_in_words(folder.joinpath("stat").read_text(), [_read(t / "schedstat") for t in threads])
            waiting += [int(child) for thread in threads for child in _read(thread / "children").split()]
        except (OSError, ValueError, IndexError):
            continue  # it has ended in the meantime, or there is no /proc
    return found


def use_in_words(stat: str, schedstats: list[str]) -> Use:
    """Read the kernel's /proc/PID/stat, and /proc/PID/task/*/schedstat of each thread."""
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
        """From now on `measure` measures the worker; the time that it took to start doesn't count."""
        self._end += took_seconds
        self._check_end += took_seconds
        self._measure = measure
        self._seen_at, self._seen = time.monotonic(), _own_use()

    def begin_cell(self) -> None:
        """End the last check's time; until a cell's first check only the submission's time counts."""
        self._check_end, self._reading_end = self._end, math.inf

    def begin_check(self) -> None:
        """Start a check's time."""
        self._check_end = time.monotonic() + self.limits.check
        self._reading_end = time.thread_time() + self.limits.reading

    def begin_request(self) -> float:
        """Start a request's time, and return its deadline."""
        self._request_end = time.monotonic() + self.limits.request
        return self.deadline

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Don't count the time for bringing a new worker up to date as the check's."""
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
        """Whether a check has asked for more than the judge can read in the check's reading time."""
        return time.thread_time() > self._reading_end

    @property
    def are_over(self) -> bool:
        """Whether the submission's time is used up."""
        if time.monotonic() > self._end:
            self.later_deadline()
        return time.monotonic() > self._end

    def later_deadline(self) -> float:
        """Return the deadline, moved by the time spent waiting for a processor; MachineBusy if that never ends."""
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
        """Measure the waiting since the last time; time in which the processes had the processor was not waiting."""
        seen, now = self._measure() + _own_use(), time.monotonic()  # measuring may take a second
        passed = now - self._seen_at
        waited = min(seen.waited - self._seen.waited, passed - (seen.had - self._seen.had))
        self._seen_at, self._seen = now, seen
        return waited
