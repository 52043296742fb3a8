"""The processor time of a process and of all that it starts, including what is killed.

A judge kills its sandbox with all that runs in it. The time of processes that are killed with their namespace is added
to no parent's: /proc/PID/stat then lacks more than half of a quick check. A control group counts all of it. This needs
Linux with cgroup2; a user other than root needs a group in which they may make others, from
systemd-run --user --scope make bench BENCH=deadline.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.busy import descendants

NAME = "bench"


class ProcessorGroup:
    """A control group to which processes were added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, pid: int) -> None:
        """Count a process, its descendants, and whatever they start, from now on."""
        for each in (pid, *descendants(pid)):
            self.folder.joinpath("cgroup.procs").write_text(str(each))

    def seconds(self) -> float:
        """Return the processor seconds that the group has used."""
        lines = self.folder.joinpath("cpu.stat").read_text().splitlines()
        return int(dict(line.split() for line in lines)["usage_usec"]) / 1e6


@contextmanager
def processor_group(name: str = NAME) -> Iterator[ProcessorGroup]:
    """Make a group for the block inside this process's own; move what is still in it back afterwards.

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
    """Return the folder of this process's group; raise RuntimeError if cgroup2 is not mounted."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    places = [Path(words[1]) for words in mounts if words[2] == "cgroup2"]
    if not places:
        raise RuntimeError(f"cgroup2 is not mounted, {HOW}")
    groups = Path("/proc/self/cgroup").read_text().splitlines()
    path = next(line.removeprefix("0::") for line in groups if line.startswith("0::"))
    return places[0] / path.lstrip("/")
