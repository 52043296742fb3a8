"""A server extension: a silent computation counts as work too, for as long as the semester file allows.

Jupyter counts requests and messages. A kernel that computes in silence, and a program in a terminal that prints
nothing, look as idle as a closed laptop, and the Hub would stop their server. After `limits.busy_hours` of one
computation it no longer counts, silent or printing: an endless loop must not keep its memory for the rest of the term.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import PeriodicCallback

SECONDS = 20.0  # between two checks; the Hub is told at most every minute
SOURCE = "still_at_work"
HOURS = float(os.environ.get("SERVER_BUSY_HOURS", "12"))


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    work = Work(serverapp.web_app.settings, serverapp.kernel_manager)
    PeriodicCallback(work.look, SECONDS * 1000).start()


class CountedKernels(AsyncMappingKernelManager):
    """Kernels whose messages count as activity unless they come from a computation that is too long."""

    too_long: frozenset[str] = frozenset()
    _counted: datetime | None = None

    @property
    def last_kernel_activity(self) -> datetime:
        return max([self._counted or datetime.now(UTC), *self._of_kernels()])

    @last_kernel_activity.setter
    def last_kernel_activity(self, moment: datetime) -> None:
        # Jupyter sets this with each message of any kernel; each kernel also has the time of its own last message.
        if self._counted is None or not self._kernels:
            self._counted = moment

    def _of_kernels(self) -> Iterator[datetime]:
        for number, kernel in self._kernels.items():
            if number not in self.too_long and getattr(kernel, "last_activity", None):
                yield kernel.last_activity


class Work:
    """What is working in this server, and since when without a pause."""

    def __init__(self, settings: dict, kernels: CountedKernels, hours: float = HOURS) -> None:
        self.settings, self.kernels, self.hours = settings, kernels, hours
        self.since: dict[str, datetime] = {}

    def look(self, now: datetime | None = None) -> None:
        """Record what is busy now; what has been busy for too long no longer counts."""
        now = now or datetime.now(UTC)
        self.since = {name: self.since.get(name, now) for name in (*self._kernels(), *self._terminals())}
        short = {name for name, since in self.since.items() if (now - since).total_seconds() < 3600 * self.hours}
        self.kernels.too_long = frozenset(set(self.since) - short)
        if short:
            self.settings["last_activity_times"][SOURCE] = now

    def _kernels(self) -> list[str]:
        kernels = [(name, self.kernels.get_kernel(name)) for name in self.kernels.list_kernel_ids()]
        return [name for name, kernel in kernels if getattr(kernel, "execution_state", "") == "busy"]

    def _terminals(self) -> list[str]:
        manager = self.settings.get("terminal_manager")
        terminals = manager.terminals if manager is not None else {}
        return [f"terminal {name}" for name, terminal in terminals.items() if _runs_something(terminal.ptyproc)]


def _runs_something(process) -> bool:
    """Tell whether a program, and not its shell, is in a terminal's foreground."""
    try:
        return os.tcgetpgrp(process.fd) != os.getpgid(process.pid)
    except (OSError, ValueError):
        return False  # it is closed
