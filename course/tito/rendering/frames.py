"""Messages between processes: four bytes for the length, then JSON. A reader gives up at its deadline."""

import json
import os
import select
import struct
import time
from typing import Any

LENGTH = struct.Struct(">I")


class Silent(Exception):
    """The other process did not answer in time, or has ended."""


def send(descriptor: int, message: Any) -> None:
    data = json.dumps(message).encode()
    view = memoryview(LENGTH.pack(len(data)) + data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        raise Silent(str(error)) from error


def receive(descriptor: int, deadline: float | None = None) -> Any:
    """Read one message; raise Silent at the end of the stream or at `deadline` (of time.monotonic)."""
    (size,) = LENGTH.unpack(_read(descriptor, LENGTH.size, deadline))
    return json.loads(_read(descriptor, size, deadline))


def _read(descriptor: int, size: int, deadline: float | None) -> bytes:
    parts: list[bytes] = []
    while size:
        if deadline is not None:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise Silent("no answer in time")
        part = os.read(descriptor, min(size, 1 << 20))
        if not part:
            raise Silent("the other process has ended")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
