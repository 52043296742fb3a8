"""Send prepared requests, each at its own time, from processes that do nothing else.

    python -m tests.benchmarks.load PORT FILE     is one such process; `Load` starts them

A sender prepares all it can before: at the time of a request it opens a connection, writes bytes and reads to the
end. So its own processor time shows whether the figures are the service's.
"""

import asyncio
import gc
import pickle
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PATIENCE_SECONDS = 300.0
NO_ANSWER = 0  # used as a status: the connection failed
LEAD_SECONDS = 0.5  # from the start signal to second 0


class Planned(NamedTuple):
    """A request, and the second at which to send it."""

    number: int
    at: float
    data: bytes


class Answer(NamedTuple):
    """What was answered, and after how many seconds."""

    number: int
    seconds: float
    status: int
    body: bytes


@dataclass(frozen=True)
class Sent:
    """All answers, and the largest share of a core that a sender used."""

    answers: list[Answer]
    busiest: float


class Load:
    """Processes that have read their shares of the requests and wait for the start signal."""

    def __init__(self, port: int, planned: Iterable[Planned], folder: Path, senders: int = 2) -> None:
        planned = sorted(planned, key=lambda each: each.at)
        self._seconds = planned[-1].at
        with ExitStack() as undo:
            self._senders = [
                undo.enter_context(_sender(port, planned[number::senders], folder / f"load-{number}"))
                for number in range(senders)
            ]
            for sender in self._senders:
                assert sender.stdout is not None and sender.stdout.readline() == b"ready\n"
            self._undo = undo.pop_all()

    def send(self) -> Sent:
        """Send each request at its time; return when all have been answered."""
        begin = time.monotonic() + LEAD_SECONDS
        said = []
        for sender in self._senders:
            assert sender.stdin is not None
            sender.stdin.write(f"{begin}\n".encode())
            sender.stdin.flush()
        with self._undo:
            for sender in self._senders:
                said.append(pickle.loads(sender.communicate(timeout=PATIENCE_SECONDS + self._seconds)[0]))
        return Sent([Answer(*each) for answers, _ in said for each in answers], max(share for _, share in said))


def _sender(port: int, planned: list[Planned], file: Path) -> subprocess.Popen[bytes]:
    file.write_bytes(pickle.dumps([tuple(each) for each in planned]))
    command = [sys.executable, "-m", "tests.benchmarks.load", str(port), str(file)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def main() -> None:
    """Run one sender."""
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    planned = [Planned(*each) for each in pickle.loads(file.read_bytes())]
    file.unlink()
    gc.freeze()
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()
    begin = float(sys.stdin.readline())
    used, now = time.process_time(), time.monotonic()
    answers = asyncio.run(_send_all(port, planned, begin))
    share = (time.process_time() - used) / (time.monotonic() - now)
    sys.stdout.buffer.write(pickle.dumps(([tuple(each) for each in answers], share)))


async def _send_all(port: int, planned: list[Planned], begin: float) -> list[Answer]:
    return await asyncio.gather(*(_send(port, each, begin) for each in planned))


async def _send(port: int, planned: Planned, begin: float) -> Answer:
    await asyncio.sleep(begin + planned.at - time.monotonic())
    began = time.monotonic()
    try:
        answer = await asyncio.wait_for(_ask(port, planned.data), PATIENCE_SECONDS)
    except (OSError, TimeoutError) as error:
        return Answer(planned.number, time.monotonic() - began, NO_ANSWER, repr(error).encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    return Answer(planned.number, time.monotonic() - began, int(head.split()[1]), body)


async def _ask(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        return await reader.read()
    finally:
        writer.close()


if __name__ == "__main__":
    main()
