"""The processor time of a process and of all that it starts, killed ones among them.

A judge kills its sandbox with all that runs in it, and what is killed with a namespace is in nobody's account of ended
children: /proc/PID/stat then lacks more than half of a quick check. A control group misses nothing. Linux with cgroup2;
whoever is not root needs a group of their own to make others in: systemd-run --user --scope make bench BENCH=deadline.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.busy import descendants

NAME = "bench"


class ProcessorGroup:
    """A control group that processes were put into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, pid: int) -> None:
        """Count a process, its descendants, and whatever they start, from now on."""
        for each in (pid, *descendants(pid)):
            self.folder.joinpath("cgroup.procs").write_text(str(each))

    def seconds(self) -> float:
        """Return the processor seconds that the group had."""
        lines = self.folder.joinpath("cpu.stat").read_text().splitlines()
        return int(dict(line.split() for line in lines)["usage_usec"]) / 1e6


@contextmanager
def processor_group(name: str = NAME) -> Iterator[ProcessorGroup]:
    """Make a group for the block, in this process's own; what is still in it goes back there.

    Groups that exist at the same time need different names.
    """
    own = own_group()
    folder = own / f"{name}-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        raise RuntimeError(f"{folder} can't be made ({error.strerror}), {HOW}") from error
    try:
        yield ProcessorGroup(folder)
    finally:
        for pid in folder.joinpath("cgroup.procs").read_text().split():
            own.joinpath("cgroup.procs").write_text(pid)
        folder.rmdir()


HOW = "and without it killed judges aren't counted: run as root, or behind systemd-run --user --scope"


def own_group() -> Path:
    """Return the folder of this process's group; RuntimeError where cgroup2 is not mounted."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    places = [Path(words[1]) for words in mounts if words[2] == "cgroup2"]
    if not places:
        raise RuntimeError(f"cgroup2 is not mounted, {HOW}")
    groups = Path("/proc/self/cgroup").read_text().splitlines()
    path = next(line.removeprefix("0::") for line in groups if line.startswith("0::"))
    return places[0] / path.lstrip("/")
