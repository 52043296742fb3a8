"""What every sandbox promises, whatever it is made with, and what a worker may use inside.

A `Sandbox` starts workers; each one is used for one submission and thrown away. Inside there is a read-only system, the
worker's environment, the earlier modules, an empty /tmp and a /proc of its own: no network, no environment variables
and no files of the host.
"""

import json
from dataclasses import dataclass
from typing import Protocol

from tito.checks.link import WorkerProcess
from tito.errors import TitoError

from .content import Predecessors

# Users of sandboxes started by root: each job has its own, beyond any that a system assigns.
FIRST_USER, USERS = 1_900_000_000, 100_000_000


class SandboxUnavailable(TitoError):
    """Student code can't be run safely here, so it is not run."""


@dataclass(frozen=True)
class SandboxLimits:
    """What one worker may use."""

    cpu_seconds: int = 300
    address_space_bytes: int = 2 * 2**30
    file_bytes: int = 2**25
    tmp_bytes: int = 2**26


class Sandbox(Protocol):
    """Starts workers in sandboxes. Such a class is called with what its `place` finds in the environment, and limits.

    The same place and limits get the same sandbox again, so a sandbox is checked once.
    """

    def start(self, predecessors: Predecessors) -> WorkerProcess:
        """Start a worker that finds these modules as `tinytorch.core`, and otherwise only its own files."""

    def clear(self, judge: int) -> None:
        """End the workers of a killed judge's process."""


def worker_command(python: str, limits: SandboxLimits, user: int | None = None) -> list[str]:
    """Return the command that runs in any kind of sandbox; it confines itself further.

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
    """Set one thread, so that two jobs share two cores fairly; one order of sets, so that a verdict can be repeated."""
    return {
        "PATH": "/env/bin:/usr/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "TINYTORCH_HOME": "/predecessors",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }
