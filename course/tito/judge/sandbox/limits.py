"""What every sandbox promises, whatever its walls are made of, and what a worker may use behind them.

A `Sandbox` starts workers; each one is used for one submission and thrown away. Inside there is a read-only system, the
worker's environment, the modules that came before, an empty /tmp and a /proc of its own: no network, no environment, no
file of the host.
"""

import json
from dataclasses import dataclass
from typing import Protocol

from tito.checks.link import WorkerProcess
from tito.errors import TitoError

from .content import Predecessors

# Users of sandboxes started by root: each job has one of its own, beyond any that a system gives out.
FIRST_USER, USERS = 1_900_000_000, 100_000_000


class SandboxUnavailable(TitoError):
    """Student code cannot be run safely here, so it is not run."""


@dataclass(frozen=True)
class SandboxLimits:
    """What one worker may use."""

    cpu_seconds: int = 300
    address_space_bytes: int = 2 * 2**30
    file_bytes: int = 2**25
    tmp_bytes: int = 2**26


class Sandbox(Protocol):
    """Starts workers behind walls. A class of them is called with limits and what its `place` finds in the environment.

    What it returned is given again for the same place and limits, so a sandbox is checked once.
    """

    def start(self, predecessors: Predecessors) -> WorkerProcess:
        """Start a worker that finds these modules as `tinytorch.core`, and nothing else that is not its own."""

    def clear(self, judge: int) -> None:
        """End the workers of a judge's process that was killed."""


def worker_command(python: str, limits: SandboxLimits, user: int | None = None) -> list[str]:
    """Return the command that is run behind the walls, whatever they are made of; it confines itself further.

    `user` is the unprivileged user that it changes to, None if it is one already.
    """
    confine = {
        "user": user,
        "cpu_seconds": limits.cpu_seconds,
        "address_space_bytes": limits.address_space_bytes,
        "file_bytes": limits.file_bytes,
    }
    return [python, "-P", "-s", "-B", "-m", "tito.worker", "--confine", json.dumps(confine)]


def worker_variables() -> dict[str, str]:
    """One thread, so that two jobs share two cores fairly; one order of sets, so that a verdict can be repeated."""
    return {
        "PATH": "/env/bin:/usr/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "TINYTORCH_HOME": "/predecessors",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }
