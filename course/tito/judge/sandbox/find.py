"""Find the sandbox of this place. Where none can be had, this refuses, and nothing is graded."""

import functools
import os
from pathlib import Path

from .bubblewrap import Bubblewrap
from .limits import Sandbox, SandboxLimits, SandboxUnavailable

ENVIRONMENT_NAME = "TITO_WORKER_ENVIRONMENT"
KIND_NAME, KINDS = "TITO_SANDBOX", ("bubblewrap", "container")


def find_sandbox(limits: SandboxLimits | None = None) -> Sandbox:
    """Return the sandbox of this place, or raise SandboxUnavailable."""
    kind = os.environ.get(KIND_NAME, "bubblewrap")
    if kind not in KINDS:
        raise SandboxUnavailable(f"{KIND_NAME} is one of {', '.join(KINDS)}, got {kind!r}")
    return _found(kind, worker_environment(), limits or SandboxLimits())


@functools.lru_cache
def _found(kind: str, environment: Path, limits: SandboxLimits) -> Sandbox:
    if kind == "container":
        from .container import container_of_environment

        return container_of_environment(limits)
    return Bubblewrap(environment, limits)


def worker_environment() -> Path:
    """Find the worker's environment: named by `TITO_WORKER_ENVIRONMENT`, else the checkout's build/envs/worker."""
    named = os.environ.get(ENVIRONMENT_NAME)
    return Path(named) if named else Path(__file__).resolve().parents[4] / "build" / "envs" / "worker"
