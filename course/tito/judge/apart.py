"""Do a piece of work in a separate process that can be killed from outside, and receive its messages meanwhile.

The child is a fork of this process: everything that is imported and cached is available immediately. Its messages
arrive as they are sent, so that none is lost when the child is killed; a child that is silent for too much processor
time, or that wants too much memory, can do nothing to prevent its end.
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import struct
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

Tell = Callable[[dict[str, Any]], None]
LENGTH = struct.Struct("<I")
LOOK_SECONDS = 0.1
PR_SET_PDEATHSIG = 1
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Bounds:
    """What the child may use. `silent_seconds` of its own processor time may pass between two messages."""

    silent_seconds: float
    wall_seconds: float
    memory_bytes: int = 2**30  # beyond what it shares with its parent


@dataclass(frozen=True)
class End:
    """How the child ended: "done", "silent", "wall", "memory", or "died" with a signal's number."""

    how: str
    process: int
    signal: int = 0


def do_apart(work: Callable[[Tell], None], bounds: Bounds, hear: Tell) -> End:
    """Run `work(tell)` in a child; `hear` gets its messages. An error that `work` raises is sent as {"error": ...}."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    with warnings.catch_warnings():
        # Python warns of forks with threads. Ours hold no lock that the child needs; a child that hung would be killed.
        warnings.simplefilter("ignore", DeprecationWarning)
        parent = os.getpid()
        child = os.fork()
    if child == 0:
        _be_the_child(work, bounds, writing, parent)
    os.close(writing)
    try:
        watched = os.pidfd_open(child)
    except OSError:  # no descriptors left
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        raise
    try:
        return _Watch(child, watched, reading, bounds, hear).until_its_end()
    finally:
        _kill(child, watched)
        os.close(reading)


def _be_the_child(work: Callable[[Tell], None], bounds: Bounds, writing: int, parent: int) -> NoReturn:
    code = 70
    try:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(code)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the parent's handler would only note it
        gc.freeze()  # the parent's objects stay shared with it
        _limit_memory(bounds.memory_bytes)
        tell = lambda message: _write(writing, message)  # noqa: E731
        try:
            work(tell)
        except MemoryError:
            tell({"memory": True})
        except BaseException as error:
            tell({"error": type(error).__name__, "text": str(error), "trace": traceback.format_exc()[-4000:]})
        code = 0
    finally:
        os._exit(code)


def _limit_memory(more_bytes: int) -> None:
    """Limit the memory that is written to, not the address space: programs that the child starts may reserve any."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = pages * PAGE + more_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _write(fd: int, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    view = memoryview(LENGTH.pack(len(data)) + data)
    while view:
        view = view[os.write(fd, view) :]


class _Watch:
    """The parent's side."""

    def __init__(self, child: int, watched: int, reading: int, bounds: Bounds, hear: Tell):
        self._child, self._watched, self._reading = child, watched, reading
        self._bounds, self._hear = bounds, hear
        self._data = bytearray()
        self._used: float | None = None
        self._memory = False

    def until_its_end(self) -> End:
        stop = time.monotonic() + self._bounds.wall_seconds
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        poll.register(self._watched, select.POLLIN)
        while True:
            ready = dict(poll.poll(LOOK_SECONDS * 1000))
            if ready.get(self._reading, 0) & select.POLLIN:
                self._take()
            elif self._watched in ready:
                return self._ended()
            elif self._is_silent():
                return End("silent", self._child)
            if time.monotonic() > stop:
                return End("wall", self._child)

    def _take(self) -> bool:
        """Handle what has arrived; False at the end."""
        came = os.read(self._reading, 2**16)
        self._data += came
        while len(self._data) >= LENGTH.size:
            size = LENGTH.unpack_from(self._data)[0] + LENGTH.size
            if len(self._data) < size:
                break
            message = json.loads(self._data[LENGTH.size : size])
            del self._data[:size]
            self._used = None
            self._memory = self._memory or "memory" in message
            self._hear(message)
        return bool(came)

    def _is_silent(self) -> bool:
        used = _processor_seconds(self._child)
        if self._used is None:
            self._used = used
        return used - self._used > self._bounds.silent_seconds

    def _ended(self) -> End:
        """Handle the rest, and return how it ended."""
        os.set_blocking(self._reading, False)
        with contextlib.suppress(BlockingIOError):
            while self._take():
                pass
        status = os.waitid(os.P_PIDFD, self._watched, os.WEXITED | os.WNOWAIT)
        assert status is not None
        if self._memory:
            return End("memory", self._child)
        if status.si_code == os.CLD_EXITED and status.si_status == 0:
            return End("done", self._child)
        return End("died", self._child, status.si_status if status.si_code != os.CLD_EXITED else 0)


def _processor_seconds(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _kill(child: int, watched: int) -> None:
    signal.pidfd_send_signal(watched, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(watched)
