"""Submissions with a receipt survive a power cut, which, unlike kill -9, loses what was written but not synced.

The long form, with 500 cuts: `make bench BENCH=powercut`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.protocol.models import parse_utc
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Process, make_settings
from tests.exchange.power_cut.cuts import cut, disks, moments, without
from tests.exchange.power_cut.disk import Disk, lucks
from tests.exchange.power_cut.life import DATA, Recording, recorded
from tests.exchange.power_cut.recorded import ROOT, Account, Entry, Step, Sync, Write

pytestmark = [pytest.mark.service, pytest.mark.strace]
STUDENTS, CUTS = 4, 20


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return recorded(tmp_path_factory.mktemp("recorded"), STUDENTS)


def test_every_receipt_is_whole_after_a_power_cut(recording: Recording) -> None:
    """Whatever survives of the unsynced data, the exchange starts and has every submission that got a receipt."""
    outcome = cut(recording, moments(recording, CUTS))
    assert [str(fault) for fault in outcome.faults] == []
    assert outcome.disks > CUTS
    assert outcome.receipts > CUTS * STUDENTS


# What an exchange could forget to sync, and the fault that must then be reported.
FORGOTTEN: dict[str, tuple[Callable[[Sync], bool], str]] = {
    "the commits of the database": (lambda sync: sync.path.endswith("-wal"), "is not there"),
    "the content of blobs": (lambda sync: "/incoming/" in sync.path, "differs from its declaration"),
    "the folders of blobs": (lambda sync: "/blobs/" in sync.path, "is missing"),
    "the name of its own folder": (lambda sync: sync.path == "", "is not there"),
    "the folder of its keys": (lambda sync: sync.path.endswith("/keys"), "the private key"),
    "the folder of a backup": (lambda sync: sync.path.endswith("/backups"), "a backup that was told of"),
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_a_sync_that_is_left_out_is_found(recording: Recording, what: str) -> None:
    """If any of these syncs is left out, a power cut breaks a promise and the fault is found."""
    is_left_out, said = FORGOTTEN[what]
    faults = cut(without(recording, is_left_out), [recording.account.last]).faults
    assert said in " ".join(fault.said for fault in faults)


def test_the_real_service_goes_on_after_a_cut(recording: Recording, tmp_path: Path) -> None:
    """The real program starts on the worst disk and accepts a submission, and fsck finds no damage."""
    moment = recording.account.last
    held = next(held for _, luck, held in disks(recording, [moment]) if luck.name == "nothing")
    held.write(tmp_path)
    with FakeHub() as hub:
        live = Process(hub, make_settings(tmp_path / DATA, hub), tmp_path)
        live.start()
        try:
            before = len(live.staff().submissions(COURSE))
            assert before >= len(recording.given_at(moment)) > 0
            assert parse_utc(live.submit(live.student("new")).receipt.received_at)
            assert live.fsck().damage == []
        finally:
            live.close()
            live.stop()


def held_of(steps: list[Step], moment: int, number: int) -> dict[str, bytes]:
    disk = Disk(Account(steps))
    disk.run_to(moment)
    return disk.held(lucks(0)[number]).files


def test_the_disk_promises_no_more_than_posix() -> None:
    """Syncing a file does not sync its name, syncing a folder no content; a sync covers only what ended before it."""
    name, data = Entry(0, 1, ROOT, "a", 1), Write(2, 9, 1, 0, b"late")
    steps = [name, data, Sync(4, 5, 1, "a"), Sync(6, 7, ROOT, "")]
    assert held_of(steps, 5, 0) == {}
    assert held_of(steps, 7, 0) == {"a": b""}, "the write had not ended when the sync began"
    assert held_of(steps, 7, 1) == {"a": b"late"}
    assert held_of([*steps, Sync(10, 11, 1, "a")], 11, 0) == {"a": b"late"}
    moved = Entry(12, 13, ROOT, "b", 1)
    gone = Entry(12, 13, ROOT, "a", None, after=moved)
    assert held_of([*steps, moved, gone], 13, 0) == {"a": b""}
    assert held_of([*steps, moved, gone, Sync(14, 15, ROOT, "")], 15, 0) == {"b": b""}
