"""The grading service's end: send submissions to the scheduler's door, wait for answers, survive its restarts.

It uses one connection, TLS 1.3 with the course's certificates, and frames of JSON and bytes. Nothing that it receives
is executed or unpickled; an answer to a question that was not asked, or is already answered, is dropped.

One thread reads and writes, in an event loop: OpenSSL loses data if one thread writes while another one reads.
"""

import asyncio
import contextlib
import functools
import itertools
import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tito.checks.run import JudgingFailed, NotJudgedNow
from tito.errors import TitoError

from .certificates import client_context, host_of
from .frames import ANSWER_BYTES, KEPT_COURSES, BadFrame, frame, next_frame, read_frame

log = logging.getLogger("grading.calls")
CONNECT_SECONDS = 10.0
LOOK_SECONDS = 3.0  # somebody waits for a page
AGAIN_SECONDS = 1.0  # between two attempts to reach a missing scheduler
AWAY_SECONDS = 60.0  # a scheduler that restarts is back by then; otherwise the work goes back to the queue
ALIVE_SECONDS = 15.0  # between two keepalives
MOST_SLOTS = 1024


class JudgesSilent(TitoError):
    """The scheduler does not answer; nothing was judged, and trying again later may help."""


class BadAddress(TitoError):
    """The scheduler's address can't be used; the message says why."""


@dataclass
class _Waiting:
    course: tuple[str, bytes]
    package: bytes
    label: int
    answers: "queue.SimpleQueue[bytes | Exception]" = field(default_factory=queue.SimpleQueue)


class Calls:
    """A connection that is made again as often as needed, until `close`. `changed` is called when slots come or go."""

    def __init__(self, address: str, certificates: Path):
        self._place, self._context = place_of(address), client_context(certificates, "service")
        self.changed: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()  # for everything below
        self._waiting: dict[int, _Waiting] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._known: dict[str, None] = {}  # the course's parts that the other side has, oldest first
        self._slots = 0
        self._away_since: float | None = time.monotonic()
        self._loop = asyncio.new_event_loop()
        self._connecting = self._loop.create_task(self._stay_connected())
        self._thread = threading.Thread(target=self._run, name="grading-calls", daemon=True)
        self._thread.start()

    @property
    def slots(self) -> int:
        """How many submissions can be judged at the same time; 0 while there are no workers."""
        return self._slots

    def judge(self, course: tuple[str, bytes], package: bytes, seconds: float, label: int = 0) -> bytes:
        """Return a worker's answer; `course` is the digest and bytes of the course's part, `label` the name in
        `who_is_there`.

        Raises NotJudgedNow if no worker answers in time or none could, JudgesSilent if the scheduler stays away.
        """
        waiting, number = _Waiting(course, package, label), next(self._numbers)
        with self._lock:
            self._waiting[number] = waiting
            self._hand_over(number, waiting)
        try:
            return self._wait(waiting, time.monotonic() + seconds)
        finally:
            with self._lock:
                if self._waiting.pop(number, None):
                    self._send({"forget": number})

    def close(self) -> None:
        self._in_the_loop(self._connecting.cancel)
        self._thread.join()

    def _wait(self, waiting: _Waiting, until: float) -> bytes:
        while time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                answer = waiting.answers.get(timeout=1.0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
            away = self._away_since
            if away is not None and time.monotonic() - away > AWAY_SECONDS:
                raise JudgesSilent(f"the scheduler {self._place[0]}:{self._place[1]} does not answer")
        raise NotJudgedNow("no worker answered in time; nothing was judged, so nobody lost a point")

    # the connection

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._connecting)
        self._loop.close()

    async def _stay_connected(self) -> None:
        said = ""
        while True:
            try:
                async with self._connected() as reader:
                    said = ""
                    await self._listen(reader)
                why = "it ended the connection"
            except (OSError, BadFrame) as error:
                why = str(error)
            if why != said:
                log.warning("the scheduler %s:%s can't be reached: %s", *self._place, why)
            said = why
            await asyncio.sleep(AGAIN_SECONDS)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await _open(self._place, self._context)
        with self._lock:
            self._writer, self._away_since, self._known = writer, None, {}
            for number, waiting in self._waiting.items():
                self._hand_over(number, waiting)
        try:
            yield reader
        finally:
            with self._lock:
                self._writer, self._away_since, self._slots = None, time.monotonic(), 0
            self.changed()
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):  # the end of the connection
            while True:
                self._hear(*await next_frame(reader, ANSWER_BYTES))

    def _hear(self, said: dict[str, Any], body: bytes) -> None:
        if "slots" in said:
            self._slots = _count(said["slots"])
            self.changed()
        with self._lock:
            number = said.get("answer", said.get("failed"))
            waiting = self._waiting.pop(number, None) if isinstance(number, int) else None
        if waiting:
            waiting.answers.put(body if "answer" in said else _failure(said))

    def _hand_over(self, number: int, waiting: _Waiting) -> None:
        digest, course = waiting.course
        if digest not in self._known:
            self._send({"course": digest}, course)
            self._known[digest] = None
            if len(self._known) > KEPT_COURSES:  # the other side forgets the same one
                self._known.pop(next(iter(self._known)))
        self._send({"judge": number, "of": digest, "label": waiting.label}, waiting.package)

    def _send(self, header: dict[str, Any], body: bytes = b"") -> None:
        if self._writer is not None:  # otherwise it is sent once there is a connection
            self._in_the_loop(self._writer.write, frame(header, body))

    def _in_the_loop(self, call: Callable[..., object], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(call, *arguments)


@functools.cache
def calls_of(address: str, certificates: Path) -> Calls:
    """Return this process's single connection."""
    return Calls(address, certificates)


def who_is_there(address: str, certificates: Path) -> dict[str, Any]:
    """Ask the door which workers are there, what each is doing and since when."""
    place = place_of(address)
    try:
        with (
            socket.create_connection(place, LOOK_SECONDS) as plain,
            client_context(certificates, "service").wrap_socket(
                plain, server_hostname=host_of("scheduler")
            ) as connection,
        ):
            connection.sendall(frame({"workers": True}))
            with connection.makefile("rb") as file:
                while came := read_frame(file, 0):
                    if "workers" in came[0]:
                        return came[0]
    except (OSError, BadFrame) as error:
        raise JudgesSilent(f"the scheduler {place[0]}:{place[1]} does not answer: {error}") from error
    raise JudgesSilent(f"the scheduler {place[0]}:{place[1]} ended the connection")


def place_of(address: str) -> tuple[str, int]:
    """Read tls://HOST:PORT; nothing else is accepted, since nobody may see what is sent."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme != "tls" or not host or not port or parts.path or parts.query:
        raise BadAddress(f"{address!r} is not a scheduler's address: use tls://HOST:PORT, always encrypted")
    return host, port


async def _open(place: tuple[str, int], context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(*place, ssl=context, server_hostname=host_of("scheduler"))
    except TimeoutError:
        raise TimeoutError(f"no answer within {CONNECT_SECONDS:g} seconds") from None
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(ALIVE_SECONDS))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, int(ALIVE_SECONDS))
    return reader, writer


def _count(value: object) -> int:
    return min(value, MOST_SLOTS) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _failure(said: dict[str, Any]) -> Exception:
    text = said.get("text")
    why = text[:500] if isinstance(text, str) else "no reason given"
    if said.get("hopeless") is True:
        return JudgingFailed(f"{why}; the previous grade stands")
    return NotJudgedNow(f"{why}; nothing was judged, so nobody lost a point")
