"""The client retries after temporary faults, says what is known about an upload, and protects a student's files."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exchange.client import ExchangeClient, ReceiptFolder, Unreachable, fetch_folder, submit_folder
from exchange.client.transfer import list_folder, pack, unpack
from exchange.protocol.models import Refused
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, free_port, in_thread, make_settings, write

pytestmark = pytest.mark.service


@pytest.fixture
def course(hub: FakeHub, tmp_path: Path) -> Iterator[Live]:
    """An open course on SQLite."""
    with in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        live.open_course(due_at=None)
        yield live


class LosesAnswers:
    """A connection to the service that drops the first answers after the service has sent them."""

    def __init__(self, port: int, lost: int) -> None:
        self.lost, self._port = lost, port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._port)) as far:
            sending = threading.Thread(target=self._pump, args=(near, far), daemon=True)
            sending.start()
            while data := far.recv(65536):
                # A repeated submission is answered with 200, so a receipt is recognized by its body too.
                if self.lost and (b" 201 Created" in data or b'{"receipt"' in data):
                    self.lost -= 1
                    near.shutdown(socket.SHUT_RDWR)
                    return
                near.sendall(data)
            with contextlib.suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def line(course: Live) -> Iterator[LosesAnswers]:
    """A connection that loses the first answer."""
    line = LosesAnswers(course.settings.port, lost=1)
    yield line
    line.close()


def through(course: Live, line: LosesAnswers, **options: float) -> ExchangeClient:
    """Make a student's client that uses the bad connection."""
    url = course.url.replace(str(course.settings.port), str(line.port))
    return ExchangeClient(url, course.hub.student("ada", COURSE), **options)  # type: ignore[arg-type]


def test_a_lost_answer_is_asked_for_again(course: Live, line: LosesAnswers, tmp_path: Path) -> None:
    """The client retries on its own; the service has one submission."""
    folder = write(tmp_path / "tensor", {"tensor.ipynb": "mine"})
    with through(course, line) as ada:
        done = submit_folder(ada, COURSE, "tensor", folder, ReceiptFolder(tmp_path / "receipts"))
        assert line.lost == 0
        assert [s.id for s in ada.submissions(COURSE)] == [done.signed.receipt.submission]


def test_unknown_arrival_is_said_and_submitting_again_is_safe(course: Live, tmp_path: Path) -> None:
    """If retries run out, the student is told; the next submit returns the receipt of the first."""
    folder = write(tmp_path / "tensor", {"tensor.ipynb": "mine"})
    line, receipts = LosesAnswers(course.settings.port, lost=100), ReceiptFolder(tmp_path / "receipts")
    try:
        with through(course, line, patience_seconds=0.5) as ada:
            with pytest.raises(Refused, match=r"NOT KNOWN whether your work has arrived"):
                submit_folder(ada, COURSE, "tensor", folder, receipts)
            line.lost = 0
            done = submit_folder(ada, COURSE, "tensor", folder, receipts)
            assert (done.signed.receipt.attempt, len(ada.submissions(COURSE))) == (1, 1)
            write(folder, {"tensor.ipynb": "changed"})
            assert submit_folder(ada, COURSE, "tensor", folder, receipts).signed.receipt.attempt == 2
    finally:
        line.close()


def test_nobody_there_is_said(tmp_path: Path) -> None:
    """Without a connection nothing can have arrived, and the error says that nothing was sent."""
    outgoing = pack(write(tmp_path, {"tensor.ipynb": "x"}), ["tensor.ipynb"])
    with (
        ExchangeClient(f"http://127.0.0.1:{free_port()}", "token", patience_seconds=0.1) as client,
        pytest.raises(Unreachable) as error,
    ):
        client.submit(COURSE, "tensor", outgoing)
    assert error.value.sent is False


def test_refusals_say_that_nothing_arrived(course: Live, tmp_path: Path) -> None:
    """A refusal says that nothing arrived and what to do, and leaves no key behind."""
    receipts = ReceiptFolder(tmp_path / "receipts")
    with pytest.raises(Refused, match=r"NOT arrived.*released notebook.*has other\.ipynb.*rename it to tensor"):
        submit_folder(course.student("ada"), COURSE, "tensor", write(tmp_path / "t", {"other.ipynb": "x"}), receipts)
    assert list(tmp_path.glob("receipts/**/*.unanswered")) == []


def test_hub_that_is_silent_for_a_moment(course: Live) -> None:
    """The client retries after a 503 while the Hub restarts; tokens that were checked before keep working."""
    known, fresh = course.student("ada"), course.student("bob")
    known.courses()
    course.hub.silent = True
    assert [c.id for c in known.courses()] == [COURSE]
    timer = threading.Timer(0.6, lambda: setattr(course.hub, "silent", False))
    timer.start()
    assert [c.id for c in fresh.courses()] == [COURSE]
    timer.join()


def test_tokens_are_asked_for_once(course: Live) -> None:
    """The service asks the Hub about a token once, not once per request."""
    ada = course.student("ada")
    before = course.hub.asked
    for _ in range(5):
        ada.courses()
    assert course.hub.asked == before + 1


def test_not_configured() -> None:
    """If the address or token is missing, the message names the variable."""
    for environment, missing in (({}, "EXCHANGE_URL"), ({"EXCHANGE_URL": "http://x"}, "COURSE_TOKEN")):
        with pytest.raises(Refused, match=missing):
            ExchangeClient.from_environment(environment)


def test_another_server_at_the_address(course: Live, hub: FakeHub) -> None:
    """If another server answers, the error names the setting to check."""
    with (
        ExchangeClient(hub.url, hub.student("ada", COURSE)) as client,
        pytest.raises(Refused, match="check EXCHANGE_URL"),
    ):
        client.courses()


# Files


@pytest.mark.parametrize("said", [b"<html>Log in to the network</html>", b'"yes"', b"[1]", b'[{"course": 1}]', b"{}"])
def test_an_answer_that_is_none_of_the_exchanges(said: bytes) -> None:
    """A network's login page, or anything else that answers 200 in another format, leads to the same error."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            with ExchangeClient(address, "token") as client, pytest.raises(Refused, match="check EXCHANGE_URL"):
                client.courses()
        finally:
            server.shutdown()


def test_links_and_devices_are_never_sent(tmp_path: Path) -> None:
    """Links and pipes are not listed, and are refused if they are packed by name."""
    secret = tmp_path / "secret"
    secret.write_text("another's")
    folder = write(tmp_path / "tensor", {"tensor.ipynb": "x"})
    (folder / "link.ipynb").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    assert list_folder(folder) == ["tensor.ipynb"]
    for name in ("link.ipynb", "pipe"):
        with pytest.raises(Refused):
            pack(folder, [name])


def test_names_travel_in_one_form(tmp_path: Path) -> None:
    """A name that is stored with decomposed accents is sent with composed ones."""
    folder = write(tmp_path, {"cafe\u0301.ipynb": "x"})
    assert [f.path for f in pack(folder, list_folder(folder)).files] == ["caf\u00e9.ipynb"]


def test_download_is_whole_or_not_there(tmp_path: Path) -> None:
    """An incomplete or wrong bundle leaves no folder, and an existing folder is refused."""
    good = pack(write(tmp_path / "a", {"x/y.txt": "12345", "z.txt": ""}), ["x/y.txt", "z.txt"])
    data = b"".join(good.content())
    for wrong in (data[:-1], data[:-1] + b"6", data + b"7", b"", data.replace(b"x/y.txt", b"../y.tx")):
        with pytest.raises(Refused):
            unpack([wrong], tmp_path / "target")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a"]
    assert unpack([data], tmp_path / "target") == good.files
    assert (tmp_path / "target" / "x" / "y.txt").read_text() == "12345"
    with pytest.raises(Refused, match="folder for the download already exists"):
        unpack([data], tmp_path / "target")


def test_fetch_keeps_what_the_student_has(course: Live, tmp_path: Path) -> None:
    """Files are added, never replaced; the copy of the release is updated, and a correction is reported."""
    ada, folder, releases = course.student("ada"), tmp_path / "home" / "tensor", tmp_path / "home" / ".releases"
    first = fetch_folder(ada, COURSE, "tensor", folder, releases)
    assert (first.written, first.kept, first.corrected) == (["data.csv", "tensor.ipynb"], [], False)
    write(folder, {"tensor.ipynb": "hours of work"})
    (folder / "data.csv").unlink()
    with pytest.raises(Refused, match="never overwrites"):
        fetch_folder(ada, COURSE, "tensor", folder, releases)
    course.staff().release(COURSE, "tensor", course.folder({"tensor.ipynb": "new", "data.csv": "1"}), force=True)
    again = fetch_folder(ada, COURSE, "tensor", folder, releases, add_missing=True)
    assert (again.written, again.kept, again.corrected) == (["data.csv"], ["tensor.ipynb"], True)
    assert (folder / "tensor.ipynb").read_text() == "hours of work"
    assert (releases / "tensor" / "tensor.ipynb").read_text() == "new"
    assert sorted(p.name for p in releases.iterdir()) == [".earlier", "tensor"]
    earlier = releases / ".earlier" / "tensor"  # used to tell which changes are the student's own
    assert [p.read_text() for p in earlier.iterdir()] == ['{"cells": []}']


def test_full_home_does_not_keep_from_submitting(course: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The submission succeeds, and only the exchange keeps the receipt."""

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("exchange.client.receipts._write", full)
    folder = write(tmp_path / "tensor", {"tensor.ipynb": "mine"})
    ada = course.student("ada")
    done = submit_folder(ada, COURSE, "tensor", folder, ReceiptFolder(tmp_path / "receipts"))
    assert done.receipt_path is None
    assert ada.receipt(COURSE, done.signed.receipt.submission) == done.signed
