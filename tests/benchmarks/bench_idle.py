"""What the Hub costs before the first student: memory and processor time of everything that `make serve` started; and
the memory of a student's server before its first kernel.

PSS counts a process's own memory and its share of what it shares with others, so that the sum is the memory that
the machine has lost.
"""

import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.hub import RunningHub, write_semester
from tests.exchange.fake_hub import FakeHub
from tests.hub_config.single_user import running

MINUTE = 60.0
QUIET_SHARE = 0.05  # of one processor, all processes together
LONGEST_SECONDS = 420.0  # to become quiet; workers stay idle for a minute after the last task
WORKERS = "tito.grading.runner"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """One process at one moment."""

    name: str
    pss_mb: float
    cpu_seconds: float


IS_CLIENT = True  # this process measures others, so it must have time left


def run(report) -> None:
    """Start the Hub, wait until it is quiet, and watch it for a minute."""
    with tempfile.TemporaryDirectory() as scratch:
        semester = write_semester(Path(scratch) / "semester", "tensor")
        hub = RunningHub("local", Path(scratch) / "var", extra={"HUB_SEMESTER": str(semester)}).start()
        try:
            wait_until_quiet(hub)
            before, began = samples(hub), time.monotonic()
            time.sleep(MINUTE)
            tell(report, before, samples(hub), time.monotonic() - began)
        finally:
            hub.stop()
        tell_server(report, Path(scratch))


def tell_server(report, folder: Path) -> None:
    """Report the memory of a student's server before its first kernel: just started, and after its first page."""
    with FakeHub() as hub, running(hub, folder / "student", "http://127.0.0.1:9") as server:
        report.measure("memory of a student's server (PSS)", pss_mb(server.process.pid), "MB", wanted="<= 65")
        server.ask("lab")
        server.ask("api/contents?content=1")
        report.measure("its memory after a first page (PSS)", pss_mb(server.process.pid), "MB", wanted="<= 65")


def tell(report, before: dict[int, Sample], after: dict[int, Sample], seconds: float) -> None:
    """Report each process and the sums, with their limits."""
    share = {pid: 100 * spent(pid, before, after) / seconds for pid in after}
    for pid, each in sorted(after.items(), key=lambda item: -item[1].pss_mb):
        report.measure(f"memory of {each.name} (PSS)", each.pss_mb, "MB")
        report.measure(f"processor time of {each.name}", share[pid], "%")
    workers = [pid for pid, each in after.items() if WORKERS in each.name]
    report.measure("memory of everything (PSS)", sum(each.pss_mb for each in after.values()), "MB", wanted="<= 550")
    report.measure("processor time of everything", sum(share.values()), "%")
    report.measure("processor time of the grading workers", sum(share[pid] for pid in workers), "%", wanted="< 1")


def spent(pid: int, before: dict[int, Sample], after: dict[int, Sample]) -> float:
    """Return the processor seconds of a process between two samples; all that it has used if it is new."""
    return after[pid].cpu_seconds - (before[pid].cpu_seconds if pid in before else 0.0)


def wait_until_quiet(hub: RunningHub) -> None:
    """Return when no worker is left and hardly anything was done for ten seconds."""
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        before = samples(hub)
        time.sleep(10)
        after = samples(hub)
        done = sum(spent(pid, before, after) for pid in after)
        at_rest = before.keys() == after.keys() and not any(WORKERS in each.name for each in after.values())
        if at_rest and done <= 10 * QUIET_SHARE:
            return
    print(f"not quiet after {LONGEST_SECONDS:g} s: measured as it is", flush=True)


def samples(hub: RunningHub) -> dict[int, Sample]:
    """Return each process of this Hub, including the supervisor."""
    assert hub.process is not None
    found = {}
    for pid in family(hub.process.pid):
        folder = Path(f"/proc/{pid}")
        try:
            name = name_of((folder / "cmdline").read_text().split("\0"))
            pss = pss_mb(pid)
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        found[pid] = Sample(name, pss, (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND)
    return found


def family(pid: int) -> Iterable[int]:
    """Yield a process and all its descendants."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            yield from family(int(child))


def pss_mb(pid: int) -> float:
    """Return a process's memory in MiB: its own, and its share of what it shares with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def name_of(words: list[str]) -> str:
    """Return what a command line runs: a module, or a file."""
    if "-m" in words:
        return words[words.index("-m") + 1]
    return " ".join(Path(word).name for word in words[:2])
