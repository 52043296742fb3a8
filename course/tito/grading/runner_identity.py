"""Name a runner process so that another one on the same machine can tell whether it is still alive."""

import os
import socket
from pathlib import Path


def runner_name() -> str:
    """Name this process so that another on the same machine can tell whether it is still alive."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_ticks(os.getpid())}"


def _start_ticks(pid: int) -> str:
    """The process's start time in clock ticks (proc(5), field 22): a reused pid has another one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_dead(runner: str) -> bool:
    host, pid, ticks = runner.rsplit(":", 2)
    return host == socket.gethostname() and _start_ticks(int(pid)) != ticks
