"""Send and receive whole messages over a socket or a pair of pipes, with limits and deadlines.

`receive` returns when a whole message has arrived, or raises: WireError for a message that is too large or malformed,
TimeoutError at the deadline however slowly bytes arrive, EOFError when the other side is gone. `later`, if given, is
called for a later deadline first.
"""

import os
import select
import time
from collections.abc import Callable
from typing import Any

from tito.worker.wire import DEFAULT, HEADER, LENGTH, WireError, WireLimits

CHUNK = 2**20
Later = Callable[[], float] | None


class Channel:
    """A connection made of two file descriptors (the same one twice for a socket); it owns them."""

    def __init__(self, read_fd: int, write_fd: int, limits: WireLimits = DEFAULT):
        self._read_fd, self._write_fd, self._limits = read_fd, write_fd, limits
        self.received_bytes = 0

    def send(self, pieces: list[Any], deadline: float | None = None, later: Later = None) -> None:
        """Send the pieces of one message; TimeoutError at the deadline if the reader has stopped reading."""
        data = pieces[0] if len(pieces) == 1 else b"".join(bytes(piece) for piece in pieces)
        view = memoryview(data)
        while view:
            self._wait(self._write_fd, deadline, later, for_reading=False)
            try:
                view = view[os.write(self._write_fd, view[:CHUNK]) :]
            except (BrokenPipeError, ConnectionResetError):
                raise EOFError("the other side is gone") from None
            except BlockingIOError:
                continue

    def receive(self, deadline: float | None = None, later: Later = None) -> tuple[bytes, list[bytearray]]:
        """Return the next message's structure and array bytes."""
        structure_bytes, count = HEADER.unpack(self._exactly(HEADER.size, deadline, later))
        if structure_bytes > self._limits.structure_bytes or count > self._limits.arrays:
            raise WireError(
                f"a message announces {structure_bytes} bytes and {count} arrays, "
                f"the limits are {self._limits.structure_bytes} and {self._limits.arrays}"
            )
        raw = self._exactly(LENGTH.size * count, deadline, later)
        lengths = [LENGTH.unpack_from(raw, LENGTH.size * i)[0] for i in range(count)]
        if sum(lengths) > self._limits.array_bytes:
            raise WireError(f"a message's arrays have {sum(lengths)} bytes, the limit is {self._limits.array_bytes}")
        structure = bytes(self._exactly(structure_bytes, deadline, later))
        return structure, [self._exactly(length, deadline, later) for length in lengths]

    def close(self) -> None:
        for fd in {self._read_fd, self._write_fd}:
            os.close(fd)
        self._read_fd = self._write_fd = -1

    def _exactly(self, size: int, deadline: float | None, later: Later) -> bytearray:
        """Read `size` bytes; memory grows with the bytes that arrive, not with those announced."""
        data = bytearray()
        while len(data) < size:
            self._wait(self._read_fd, deadline, later, for_reading=True)
            try:
                chunk = os.read(self._read_fd, min(CHUNK, size - len(data)))
            except ConnectionResetError:
                chunk = b""
            except BlockingIOError:
                continue
            if not chunk:
                raise EOFError("the other side is gone")
            data += chunk
        self.received_bytes += size
        return data

    def _wait(self, fd: int, deadline: float | None, later: Later, *, for_reading: bool) -> None:
        if deadline is None:
            return  # the worker's side, which has nothing else to do
        poll = select.poll()
        poll.register(fd, select.POLLIN if for_reading else select.POLLOUT)
        remaining = deadline - time.monotonic()
        while remaining <= 0 or not poll.poll(max(1, int(remaining * 1000))):
            moved = later() if later else deadline
            remaining = moved - time.monotonic()
            if remaining <= 0:
                # Asking for a later deadline took time, in which the answer may have arrived.
                if moved > deadline and poll.poll(0):
                    return
                raise TimeoutError("no answer in time")
            deadline = moved
