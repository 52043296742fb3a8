"""The real service for tests: in a thread, with a clock that tests set, or as a process that tests kill."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn

from exchange.client import ExchangeClient
from exchange.client.transfer import Outgoing, pack
from exchange.protocol.models import AssignmentSettings, CourseSettings, SignedReceipt, parse_utc, utc_text
from exchange.service import fsck
from exchange.service.app import build_service, create_app
from exchange.service.blobs import LocalBlobs
from exchange.service.context import Service
from exchange.service.database import Database
from exchange.service.settings import Settings, from_environment
from tests.exchange.fake_hub import FakeHub
from tests.harness.mortal import mortal
from tests.harness.plain import PLAIN

COURSE = "tiny-2026"
DUE = "2026-11-20T12:00:00.000000Z"
START_SECONDS = 120.0  # other tests may run on this machine too


class Clock:
    """The server's time; `at` sets and stops it."""

    def __init__(self) -> None:
        self.moment: datetime | None = None

    def __call__(self) -> datetime:
        return self.moment or datetime.now(UTC)

    def at(self, text: str, **later: float) -> None:
        """Set the time to the one in `text` plus a timedelta."""
        self.moment = parse_utc(text) + timedelta(**later)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


class Live:
    """A running service and its Hub."""

    service: Service  # set for a service in a thread, not for a Process

    def __init__(self, hub: FakeHub, settings: Settings, scratch: Path) -> None:
        self.hub, self.settings, self.scratch = hub, settings, scratch
        self.clock = Clock()
        self.url = f"http://{settings.host}:{settings.port}{settings.prefix.rstrip('/')}"
        self._clients: list[ExchangeClient] = []
        self._folders = 0

    def client(self, token: str, **options: object) -> ExchangeClient:
        """Make a client that is closed together with the service."""
        client = ExchangeClient(self.url, token, **{"patience_seconds": 5.0, **options})  # type: ignore[arg-type]
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            client.close()

    def student(self, name: str, *courses: str) -> ExchangeClient:
        """Make a student's client."""
        return self.client(self.hub.student(name, *(courses or (COURSE,))))

    def staff(self, name: str = "grace", *courses: str) -> ExchangeClient:
        """Make an instructor's client with all of the course's staff verbs."""
        return self.client(self.hub.staff(name, *(courses or (COURSE,))))

    def semester(self) -> ExchangeClient:
        """Make the semester service's client."""
        return self.client(self.hub.service("semester"))

    def folder(self, files: Mapping[str, str | bytes]) -> Path:
        """Write files into a new folder."""
        self._folders += 1
        return write(self.scratch / f"folder-{self._folders}", files)

    def open_course(self, course: str = COURSE, assignment: str = "tensor", **settings: object) -> None:
        """Create a course with one released assignment that has a notebook and a data file."""
        values = {"due_at": DUE, **settings}
        with self.semester() as semester:
            semester.put_course(course, CourseSettings(title="Tiny"))
            semester.put_assignment(course, assignment, AssignmentSettings(**values))  # type: ignore[arg-type]
            files = {f"{assignment}.ipynb": '{"cells": []}', "data.csv": "1,2\n"}
            semester.release(course, assignment, self.folder(files))

    def outgoing(self, files: Mapping[str, str | bytes]) -> Outgoing:
        """Prepare files for sending."""
        folder = self.folder(files)
        return pack(folder, sorted(files))

    def fsck(self) -> fsck.Report:
        """Compare rows and blobs, as the `fsck` command does while the service runs."""
        database = Database(self.settings.database_url)
        try:
            return fsck.check(database, LocalBlobs(self.settings.data))
        finally:
            database.close()

    def submit(
        self, client: ExchangeClient, text: str = "mine", assignment: str = "tensor", key: str = ""
    ) -> SignedReceipt:
        """Submit the assignment's notebook with some text in it."""
        return client.submit(COURSE, assignment, self.outgoing({f"{assignment}.ipynb": text}), key)


def make_settings(data: Path, hub: FakeHub, **given: object) -> Settings:
    """Make settings for a service on a free port."""
    port = free_port()
    values = {"port": port, "data": data, "hub_api_url": hub.url, "reserve_bytes": 0, **given}
    return from_environment({}, **values)


def free_port() -> int:
    """Return a port that the OS chose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def in_thread(hub: FakeHub, settings: Settings, scratch: Path) -> Iterator[Live]:
    """Run the service in a thread of this process."""
    live = Live(hub, settings, scratch)
    service = build_service(settings, clock=live.clock)
    live.service = service
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.host, settings.port))
    listening.listen(128)
    config = uvicorn.Config(create_app(service), log_level="error", access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield live
    finally:
        live.close()
        server.should_exit = True
        thread.join(10)
        listening.close()


class Process(Live):
    """The service in a separate process."""

    process: subprocess.Popen[bytes]
    before: tuple[str, ...] = ()  # words placed before its command

    def start(self) -> None:
        """Start it and wait until it is healthy."""
        options = {
            "--data": self.settings.data,
            "--host": self.settings.host,
            "--port": self.settings.port,
            "--hub-api-url": self.settings.hub_api_url,
        }
        if self.settings.database:
            options["--database"] = self.settings.database
        command = [
            *self.before,
            sys.executable,
            "-m",
            "exchange",
            "serve",
            *(str(x) for pair in options.items() for x in pair),
        ]
        environment = {**os.environ, "EXCHANGE_RESERVE_BYTES": str(self.settings.reserve_bytes)}
        self.process = subprocess.Popen(
            mortal(command), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                assert self.process.stderr is not None
                said = self.process.stderr.read().decode()
                self._reap()
                raise RuntimeError(f"the service ended: {said}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", timeout=2, **PLAIN).status_code in (200, 507):
                    return
            time.sleep(0.02)
        raise TimeoutError(f"the service was not healthy within {START_SECONDS} s")

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """Stop it as an operator would."""
        self.process.terminate()
        return self._reap()

    def _reap(self) -> int:
        code = self.process.wait(30)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def peak_bytes(self) -> int:
        """Return its peak memory use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


@contextlib.contextmanager
def as_process(hub: FakeHub, settings: Settings, scratch: Path) -> Iterator[Process]:
    """Run the service as a process."""
    live = Process(hub, settings, scratch)
    live.start()
    try:
        yield live
    finally:
        live.close()
        if live.process.poll() is None:
            live.stop()


def later(text: str, **delta: float) -> str:
    """Return the time in `text` plus a timedelta."""
    return utc_text(parse_utc(text) + timedelta(**delta))
