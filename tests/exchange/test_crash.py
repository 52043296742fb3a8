"""Acknowledged submissions survive kill -9; an unfinished upload leaves nothing behind."""

import contextlib
import random
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from exchange.client import Unreachable
from exchange.client.transfer import Outgoing
from exchange.protocol.models import CourseSettings, Refused, SignedReceipt, UploadLimits
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Process, as_process, make_settings
from tests.exchange.postgres import new_database

pytestmark = pytest.mark.service
CLIENTS, SUBMISSIONS = 50, 500  # in each round
SIZE = 2_000  # bytes of a submission


class Crowd:
    """Fifty students who retry until every submission is acknowledged, whatever happens to the service."""

    def __init__(self, live: Process) -> None:
        self.live, self.stopped = live, False
        self.receipts: list[tuple[SignedReceipt, bytes]] = []
        self.clients = [live.client(live.hub.student(f"s{i}", COURSE), patience_seconds=0.5) for i in range(CLIENTS)]
        self._lock = threading.Lock()

    def submit_all(self, round_number: int) -> None:
        """Send every student's share of this round; retry each upload with its key until it is acknowledged."""
        share = SUBMISSIONS // CLIENTS
        jobs = [(i, round_number * share + n) for n in range(share) for i in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda job: self._submit(*job), jobs))

    def _submit(self, student: int, number: int) -> None:
        content = random.Random(f"{student}-{number}").randbytes(SIZE)
        outgoing = self._outgoing(student, number, content)
        while not self.stopped:
            try:
                signed = self.clients[student].submit(COURSE, "tensor", outgoing, key=f"upload-{student}-{number}")
            except Unreachable:
                continue
            with self._lock:
                self.receipts.append((signed, content))
            return

    def _outgoing(self, student: int, number: int, content: bytes) -> Outgoing:
        with self._lock:
            return self.live.outgoing({"tensor.ipynb": content})


def kill_at_random(live: Process, crowd: threading.Thread, seed: int) -> int:
    """Kill and restart the service at up to two random moments while the crowd submits; return how often."""
    moments, kills = random.Random(seed), 0
    while crowd.is_alive() and kills < 2:
        crowd.join(moments.uniform(0.02, 1.5))
        if crowd.is_alive():
            live.kill()
            kills += 1
            live.start()
    return kills


def check_everything(live: Process, receipts: list[tuple[SignedReceipt, bytes]]) -> None:
    """Check that each receipt's submission is stored, each upload is stored once, and nothing is stored in part.

    A kill may leave a blob without a row, which a sweep removes later; that blob is complete too.
    """
    staff = live.staff()
    found, page = [], staff.submissions(COURSE, limit=1000)
    while page:
        found += page
        page = staff.submissions(COURSE, after=page[-1].seq, limit=1000)
    by_id = {s.id: s for s in found}
    assert len(found) == len(by_id) == len({signed.receipt.submission for signed, _ in receipts})
    for signed, content in receipts:
        stored = by_id[signed.receipt.submission]
        assert (stored.student, stored.attempt, stored.files) == (
            signed.receipt.student,
            signed.receipt.attempt,
            signed.receipt.files,
        )
        assert stored.files[0].size == len(content)
    report = live.fsck()
    assert (report.damage, report.rows) == ([], len(found) + 1)
    orphans = [live.settings.data / "blobs" / key[:2] / key for key in report.orphans]
    assert {path.stat().st_size for path in orphans} <= {SIZE}
    assert incoming(live) == []


def incoming(live: Process) -> list[Path]:
    """Return the files of uploads that have not arrived completely."""
    return list((live.settings.data / "incoming").iterdir())


@pytest.fixture(params=[5, pytest.param(2, marks=pytest.mark.postgresql)], ids=["sqlite", "postgresql"])
def rounds(request: pytest.FixtureRequest) -> tuple[int, str]:
    """The number of rounds and the database; test_power_cut checks more closely what a disk may hold."""
    if request.param == 5:
        return 5, ""
    return 2, new_database(request.getfixturevalue("postgresql_url"), f"crash_{time.time_ns()}")


@pytest.mark.timeout(1800)
def test_acknowledged_submissions_survive_kill_9(rounds: tuple[int, str], tmp_path: Path) -> None:
    """Fifty clients make 500 submissions in each round, and the service is killed at random moments."""
    count, database = rounds
    with FakeHub() as hub, as_process(hub, make_settings(tmp_path / "data", hub, database=database), tmp_path) as live:
        live.open_course(due_at=None)
        crowd, kills = Crowd(live), 0
        for number in range(count):
            thread = threading.Thread(target=crowd.submit_all, args=(number,))
            thread.start()
            try:
                kills += kill_at_random(live, thread, seed=number)
                thread.join()
            finally:
                crowd.stopped = True
                thread.join()
            crowd.stopped = False
        assert len(crowd.receipts) == count * SUBMISSIONS
        assert kills >= count
        check_everything(live, crowd.receipts)


def test_half_an_upload_is_gone_after_a_crash(tmp_path: Path) -> None:
    """The received part of an upload is removed at the first start after the service was killed."""
    with FakeHub() as hub, as_process(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        live.open_course(due_at=None)
        with half_an_upload(live) as (slow, sending):
            live.kill()
            slow.go_on.set()
            assert isinstance(sending.exception(), Refused)
        assert len(incoming(live)) == 1
        live.start()
        assert (incoming(live), live.student("ada").submissions(COURSE)) == ([], [])


class _Slow:
    """An upload that pauses halfway until told to continue."""

    def __init__(self, outgoing: Outgoing) -> None:
        self.files, self.length, self._outgoing = outgoing.files, outgoing.length, outgoing
        self.reached, self.go_on = threading.Event(), threading.Event()

    def content(self):
        for number, chunk in enumerate(self._outgoing.content()):
            if number == 5:
                self.reached.set()
                self.go_on.wait(30)
            yield chunk


@contextlib.contextmanager
def half_an_upload(live: Process) -> Iterator[tuple[_Slow, Future[SignedReceipt]]]:
    """Send ada's notebook; enter when half of it has arrived, and leave when the upload has ended."""
    slow = _Slow(live.outgoing({"tensor.ipynb": b"x" * 3_000_000}))
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(live.student("ada").submit, COURSE, "tensor", slow)  # type: ignore[arg-type]
        try:
            assert slow.reached.wait(20)
            while not incoming(live):
                time.sleep(0.01)
            yield slow, sending
        finally:
            slow.go_on.set()


def test_stopping_ends_running_uploads_in_order(tmp_path: Path) -> None:
    """An operator's stop lets a running upload finish and exits with code 0; a restart has every submission."""
    with FakeHub() as hub, as_process(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        live.open_course(due_at=None)
        receipts = [live.submit(live.student("bob")).receipt]
        with half_an_upload(live) as (slow, sending):
            live.process.terminate()
            wait_until_it_takes_no_more(live)
            time.sleep(1)  # a service that waits for no upload would have ended this one by now
            slow.go_on.set()
            receipts.append(sending.result().receipt)
        live.close()
        assert live.stop() == 0
        report = live.fsck()
        assert (report.damage, report.orphans, report.rows, incoming(live)) == ([], [], 3, [])
        live.start()
        assert [s.id for s in live.staff().submissions(COURSE)] == [receipt.submission for receipt in receipts]


def wait_until_it_takes_no_more(live: Process) -> None:
    """Wait until a stopping service has closed its port to new connections."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection((live.settings.host, live.settings.port), 1).close()
        except ConnectionRefusedError:
            return
        except OSError:  # not answered in time, or reset while it was being closed
            continue
        time.sleep(0.02)
    raise TimeoutError("the service still takes connections 20 s after it was told to stop")


def test_second_process_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """Only one service may use a data folder: two would interfere with each other's uploads."""
    with FakeHub() as hub, as_process(hub, make_settings(tmp_path / "data", hub), tmp_path):
        other = Process(hub, make_settings(tmp_path / "data", hub), tmp_path)
        with pytest.raises(RuntimeError, match="another process uses the data folder"):
            other.start()


@pytest.mark.tmpfs
def test_full_disk_refuses_clearly_and_damages_nothing(tmp_path: Path) -> None:
    """With only the reserve left or no space at all: 507, earlier work is intact; with more space submitting works."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], check=True)
    try:
        with FakeHub() as hub, as_process(hub, make_settings(place / "data", hub), tmp_path) as live:
            live.open_course(due_at=None)
            live.semester().put_course(COURSE, CourseSettings(limits=UploadLimits(max_file_bytes=10**8)))
            ada, kept, refused = live.student("ada"), [], []
            for number in range(12):
                content = random.Random(number).randbytes(700_000)
                try:
                    kept.append(ada.submit(COURSE, "tensor", live.outgoing({"tensor.ipynb": content})).receipt)
                except Refused as error:
                    refused.append((error.status, error.rule))
            assert len(kept) >= 3
            assert {status for status, _ in refused} == {507}
            _fill(place, refused, live)
            assert [s.id for s in ada.submissions(COURSE)] == [r.submission for r in kept]
            assert live.fsck().damage == []
            subprocess.run(["mount", "-o", "remount,size=40m", str(place)], check=True)
            assert live.submit(ada, "there is room again").receipt.attempt == len(kept) + 1
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _fill(place: Path, refused: list[tuple[int, str]], live: Process) -> None:
    """Leave no free block, so that even the database cannot grow, and submit a few bytes."""
    with (place / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while ballast.write(b"x" * 4096):
            pass
    for number in range(30):
        try:
            live.submit(live.student("bob"), f"small {number}")
        except Refused as error:
            refused.append((error.status, error.rule))
    assert {status for status, _ in refused} == {507}
    (place / "ballast").unlink()
