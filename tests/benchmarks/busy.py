"""How busy each process was during a measurement: a figure is the service's only if its client had time left.

Shares of one core for processes, of the time for disks; read from /proc before and after. Linux only.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

TICK = 1 / os.sysconf("SC_CLK_TCK")
LITTLE_OF_A_CORE = 0.3  # a client that needs more may have influenced the figure
MOST_OF_A_CORE = 0.8  # a client with one thread that needs more measures itself
WHOLE_DISKS = ("sd", "vd", "xvd", "nvme", "mmcblk", "dm-")


@dataclass
class Busy:
    """Shares of the measured time; `client` is the clients' mean, of one core each."""

    client: float = 0.0
    hub: float = 0.0
    service: float = 0.0
    disk: float = 0.0
    clients: list[int] = field(default_factory=list)

    def tell(self, report, label: str) -> None:
        """Add the shares to the report; a client that was the bottleneck fails."""
        report.measure(f"{label}: client", self.client, "of a core", wanted=f"<= {LITTLE_OF_A_CORE}")
        for name in ("hub", "service"):
            report.measure(f"{label}: {name}", getattr(self, name), "of a core")
        report.measure(f"{label}: disk", self.disk, "of the time")


@contextmanager
def watched(clients: list[int]) -> Iterator[Busy]:
    """Watch the block: the client processes, this process (which plays the Hub), and all others that it has started."""
    busy, begin, before = Busy(clients=clients), perf_counter(), _used(clients)
    disk = _disk_seconds()
    yield busy
    seconds, after = perf_counter() - begin, _used(clients)
    used = {name: (after[name] - before[name]) / seconds for name in after}
    busy.client = used["client"] / max(1, len(clients))
    busy.hub, busy.service = used["hub"], used["service"]
    busy.disk = (_disk_seconds() - disk) / seconds


@contextmanager
def told(report, *, is_client: bool) -> Iterator[None]:
    """Report how busy this process, all that it started, and the disk were; a client's share has a limit.

    Containers are not children of this process, so they are not counted in a benchmark with them, nor are killed
    sandboxes.
    """
    begin, before, disk = perf_counter(), own_and_started(), _disk_seconds()
    yield
    seconds, after = perf_counter() - begin, own_and_started()
    own, started = ((a - b) / seconds for a, b in zip(after, before, strict=True))
    report.measure("busy: this process", own, "of a core", wanted=f"<= {MOST_OF_A_CORE}" if is_client else "")
    report.measure("busy: what it started", started, "of a core")
    report.measure("busy: disk", (_disk_seconds() - disk) / seconds, "of the time")


def own_and_started() -> tuple[float, float]:
    """Return processor seconds of this process, and of its descendants, whether they have ended or still run."""
    times = os.times()
    ended = times.children_user + times.children_system
    running = (cpu_seconds(each, with_ended=True) for each in descendants(os.getpid()))
    return times.user + times.system, ended + sum(running)


def _used(clients: list[int]) -> dict[str, float]:
    others = [pid for pid in descendants(os.getpid()) if pid not in clients]
    return {
        "client": sum(map(cpu_seconds, clients)),
        "hub": cpu_seconds(os.getpid()),
        "service": sum(map(cpu_seconds, others)),
    }


def descendants(pid: int) -> list[int]:
    """List all descendants of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def tree_cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and of all that it started, including what has ended."""
    return sum(cpu_seconds(each, with_ended=True) for each in (pid, *descendants(pid)))


def cpu_seconds(pid: int, with_ended: bool = False) -> float:
    """Return the processor time of a process, 0 if it is gone; on request with that of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11 : 15 if with_ended else 13])) * TICK


def machine_seconds() -> float:
    """Return the processor time that all programs and the kernel have used since the machine started."""
    first = Path("/proc/stat").read_text().partition("\n")[0].split()
    user, nice, system, _idle, _waiting, *interrupts = map(int, first[1:8])
    return (user + nice + system + sum(interrupts)) * TICK


def _disk_seconds() -> float:
    """Return how long the busiest disk has been busy since the machine started."""
    rows = [line.split() for line in Path("/proc/diskstats").read_text().splitlines()]
    return max((int(row[12]) / 1000 for row in rows if row[2].startswith(WHOLE_DISKS)), default=0.0)
