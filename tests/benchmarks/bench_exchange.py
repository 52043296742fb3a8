"""Three hundred students submit 200 kB notebooks at the deadline: ours compared with ngshare 0.6.0, in turns, in one
run.

The students are simulated by CLIENTS separate processes and the Hub by this one, so that neither waits for the other;
how busy each was is reported with the figures, and a client without time left fails the benchmark.

Both ask the same Hub about every token, and both store on the same disk with SQLite; ours also syncs each submission
to disk and signs a receipt before it answers. ngshare runs in a separate environment with SQLAlchemy 1.4, in which
it works.
"""

import asyncio
import base64
import json
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlparse

from exchange.protocol import scopes
from exchange.protocol.bundle import MEDIA_TYPE
from exchange.protocol.models import CourseSettings
from tests.benchmarks.busy import Busy, watched
from tests.exchange import ngshare
from tests.exchange.exchanges import ask_ngshare
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Process, as_process, make_settings

STUDENTS, SIZE, ROUNDS = 300, 200_000, 3
CLIENTS = 2
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Load:
    """One round: submissions per second, and the 99th percentile of the time to an answer."""

    per_second: float
    p99_seconds: float
    busy: Busy


def run(report) -> None:
    """Measure both in turns and report the medians."""
    ngshare.ensure()
    with tempfile.TemporaryDirectory(prefix="bench-exchange-") as folder, FakeHub() as hub:
        place = Path(folder)
        with (
            as_process(hub, make_settings(place / "data", hub), place) as live,
            ngshare.running(hub, place / "ngshare", admin="operator") as url,
        ):
            _prepare_ours(live)
            _prepare_ngshare(hub, url)
            rounds = [(_ours(live), _ngshare(hub, url)) for _ in range(ROUNDS)]
            peak = live.peak_bytes()
    ours, peer = ([r[i] for r in rounds] for i in (0, 1))
    report.ratio(
        "submissions per second", _median(ours, "per_second"), _median(peer, "per_second"), "/s", wanted=">= 2"
    )
    report.ratio(
        "p99 time to the answer", _median(ours, "p99_seconds"), _median(peer, "p99_seconds"), "s", wanted="<= 1"
    )
    for who, rounds_of in (("ours", ours), ("ngshare", peer)):
        max((each.busy for each in rounds_of), key=lambda busy: busy.client).tell(report, who)
    report.measure("peak memory with 300 uploads at once", peak / 1e6, "MB", wanted="<= 200")


def _median(rounds: list[Load], name: str) -> float:
    return median(getattr(each, name) for each in rounds)


def _prepare_ours(live: Process) -> None:
    live.open_course(due_at=None)
    live.semester().put_course(COURSE, CourseSettings(title="Bench"))


def _ours(live: Process) -> Load:
    address = f"{live.url}/api/v1/courses/{COURSE}/assignments/tensor/submissions"

    def request(number: int) -> bytes:
        outgoing = live.outgoing({"tensor.ipynb": _notebook(number)})
        headers = {"Content-Type": MEDIA_TYPE, "Idempotency-Key": f"{time.time_ns()}-{number}"}
        return http_request(address, live.hub.student(f"s{number}", COURSE), headers, b"".join(outgoing.content()))

    return _measure(address, request, lambda status, body: status == 201)


def _prepare_ngshare(hub: FakeHub, url: str) -> None:
    operator = hub.token("operator", scope=[scopes.ACCESS])
    students = [
        {"username": f"s{n}", "first_name": "A", "last_name": "B", "email": "s@example.org"} for n in range(STUDENTS)
    ]
    files = json.dumps([{"path": "tensor.ipynb", "content": base64.encodebytes(b"{}").decode()}])
    steps = [
        (f"course/{COURSE}", {"instructors": '["operator"]'}),
        (f"students/{COURSE}", {"students": json.dumps(students)}),
        (f"assignment/{COURSE}/tensor", {"files": files}),
    ]
    for path, data in steps:
        answer = ask_ngshare(url, operator, "POST", path, data)
        if not answer["success"]:
            raise RuntimeError(f"ngshare refused {path}: {answer}")


def _ngshare(hub: FakeHub, url: str) -> Load:
    address = f"{url}submission/{COURSE}/tensor"

    def request(number: int) -> bytes:
        content = base64.encodebytes(_notebook(number)).decode()
        body = urlencode({"files": json.dumps([{"path": "tensor.ipynb", "content": content}])}).encode()
        token = hub.token(f"s{number}", scope=[scopes.ACCESS])
        return http_request(address, token, {"Content-Type": "application/x-www-form-urlencoded"}, body)

    return _measure(address, request, lambda status, body: status == 200 and json.loads(body)["success"])


def _notebook(number: int) -> bytes:
    """Text of a notebook's size that compresses as well as one."""
    words = random.Random(number).choices(["import", "tensor", "gradient", "=", "loss", "(", ")", "0.25"], k=SIZE // 5)
    return json.dumps({"cells": [{"source": " ".join(words)}]}).encode()[:SIZE]


def http_request(address: str, token: str, headers: dict[str, str], body: bytes) -> bytes:
    """Return a request as the bytes to send."""
    parts = urlparse(address)
    given = {"Host": parts.netloc, "Authorization": f"token {token}", "Content-Length": str(len(body)), **headers}
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{k}: {v}" for k, v in given.items()), "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


def _measure(address: str, request: Callable[[int], bytes], is_good: Callable[[int, bytes], bool]) -> Load:
    """Let the clients send their shares at the same moment; check the answers when all have arrived."""
    requests = [request(number) for number in range(STUDENTS)]
    port = urlparse(address).port
    assert port is not None
    shares = [requests[number::CLIENTS] for number in range(CLIENTS)]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(CLIENTS + 1)
    results = context.SimpleQueue()
    clients = [context.Process(target=_client, args=(port, share, barrier, results)) for share in shares]
    for client in clients:
        client.start()
    barrier.wait(PATIENCE_SECONDS)  # wait until all connections are open
    with watched([client.pid for client in clients if client.pid]) as busy:
        barrier.wait(PATIENCE_SECONDS)
        got = [results.get() for _ in clients]
    for client in clients:
        client.join()
    for status, body in (answer for _, answers in got for answer in answers):
        if not is_good(status, body):
            raise RuntimeError(f"a submission was refused: {status} {body[:500]!r}")
    seconds = sorted(each for times, _ in got for each in times)
    return Load(STUDENTS / seconds[-1], seconds[int(len(seconds) * 0.99) - 1], busy)


def _client(port: int, requests: list[bytes], barrier: Any, results: Any) -> None:
    """Send the requests of some students in a separate process, which lives until its processor time has been read."""
    asyncio.run(_send_all(port, requests, barrier, results))


async def _send_all(port: int, requests: list[bytes], barrier: Any, results: Any) -> None:
    """Open all connections, then send everything at the same moment, the deadline."""
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in requests]
    barrier.wait(PATIENCE_SECONDS)
    barrier.wait(PATIENCE_SECONDS)
    begin = time.perf_counter()

    async def one(line: tuple[asyncio.StreamReader, asyncio.StreamWriter], data: bytes) -> tuple[float, bytes]:
        reader, writer = line
        writer.write(data)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
        seconds = time.perf_counter() - begin
        writer.close()
        return seconds, answer

    found = await asyncio.gather(*(one(line, data) for line, data in zip(lines, requests, strict=True)))
    parted = [answer.partition(b"\r\n\r\n") for _, answer in found]
    results.put(([seconds for seconds, _ in found], [(int(head.split()[1]), body) for head, _, body in parted]))
    await asyncio.sleep(0.2)  # the parent reads /proc right after the queue
