"""A backup is made while the service runs and restores into any empty place; fsck finds every kind of damage."""

import json
import tarfile
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.protocol.models import AssignmentSettings, QuestionRequest, Refused
from exchange.service import fsck
from exchange.service.backup import backup
from exchange.service.commands import main
from exchange.service.database import Database
from exchange.service.restore import restore
from tests.exchange.live import COURSE, DUE, Live, in_thread, make_settings
from tests.exchange.postgres import new_database


def fill(live: Live) -> None:
    """Put one item of every kind into the exchange."""
    ada, staff = live.student("ada"), live.staff()
    staff.put_solution(COURSE, "tensor", live.folder({"core/tensor.py": "x"}))
    receipt = live.submit(ada, "häßlich ☃").receipt
    staff.put_feedback(COURSE, receipt.submission, live.folder({"tensor.html": "good"}))
    ada.report_event(COURSE, "tensor", "tested", {"note": "\u2028 \U0001f600"})
    asked = ada.ask(COURSE, "tensor", QuestionRequest("Why?", "add"), live.outgoing({"tensor.ipynb": "mine, as sent"}))
    staff.answer(COURSE, asked.id, "Because.", for_all="Why so?")


def everything(live: Live) -> tuple[object, ...]:
    """Read everything that a restored exchange must contain."""
    semester, ada = live.semester(), live.student("ada")
    receipts = [ada.receipt(COURSE, s.id) for s in ada.submissions(COURSE)]
    (asked,) = ada.questions(COURSE)
    with tempfile.TemporaryDirectory() as folder:
        ada.fetch_notebook(COURSE, asked.id, Path(folder) / "notebook")
        sent = (Path(folder) / "notebook" / "tensor.ipynb").read_text()
    questions = (asked, sent, ada.answers(COURSE, "tensor"))
    rows = (semester.courses(), semester.submissions(COURSE), semester.events(COURSE), ada.assignments(COURSE))
    return rows, receipts, questions


def test_restore_gives_back_everything(course: Live, tmp_path: Path) -> None:
    """The restored exchange has the rows, blobs and receipts of the old one, and its numbers continue."""
    fill(course)
    before = everything(course)
    backup(course.settings, tmp_path / "backup.tar")
    settings = make_settings(tmp_path / "restored", course.hub)
    restore(settings, tmp_path / "backup.tar")
    with in_thread(course.hub, settings, tmp_path / "again") as again:
        again.clock.at("2026-11-19T12:00:00Z")
        assert everything(again) == before
        assert again.submit(again.student("ada")).receipt.attempt == 2
        assert [s.seq for s in again.semester().submissions(COURSE)] == [1, 2]


@pytest.mark.postgresql
@pytest.mark.service
def test_sqlite_moves_to_postgresql(course: Live, postgresql_url: str, tmp_path: Path) -> None:
    """A backup of one database can be restored into the other, and numbers continue without a clash."""
    fill(course)
    before = everything(course)
    backup(course.settings, tmp_path / "backup.tar")
    url = new_database(postgresql_url, f"moved_{course.settings.port}")
    settings = make_settings(tmp_path / "restored", course.hub, database=url)
    restore(settings, tmp_path / "backup.tar")
    with in_thread(course.hub, settings, tmp_path / "again") as again:
        again.clock.at("2026-11-19T12:00:00Z")
        assert everything(again) == before
        assert [again.submit(again.student("bob"), str(i)).receipt.attempt for i in range(3)] == [1, 2, 3]


def test_backup_while_students_submit(course: Live, tmp_path: Path) -> None:
    """A backup made during submissions is consistent: fsck finds no problems after it is restored."""
    stop, ada = threading.Event(), course.student("ada")

    def submit_until_stopped() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            course.submit(ada, f"attempt {number}")

    thread = threading.Thread(target=submit_until_stopped)
    thread.start()
    try:
        outcomes = [backup(course.settings, tmp_path / f"backup-{i}.tar") for i in range(3)]
    finally:
        stop.set()
        thread.join()
    for number, outcome in enumerate(outcomes):
        settings = make_settings(tmp_path / f"restored-{number}", course.hub)
        restore(settings, tmp_path / f"backup-{number}.tar")
        database = Database(settings.database_url)
        report = fsck.check(database, _blobs(settings))
        database.close()
        assert (report.damage, report.orphans, report.rows) == ([], [], outcome["blobs"])


def _blobs(settings):
    from exchange.service.blobs import LocalBlobs

    return LocalBlobs(settings.data)


def test_backup_is_private(course: Live, tmp_path: Path) -> None:
    """Only its owner can read it: it contains students' work and the signing key."""
    backup(course.settings, tmp_path / "backup.tar")
    assert (tmp_path / "backup.tar").stat().st_mode & 0o777 == 0o600


def test_cut_or_foreign_files_are_refused(course: Live, tmp_path: Path) -> None:
    """A backup that is cut short, foreign or absent is refused, and no blob is restored."""
    whole = tmp_path / "backup.tar"
    backup(course.settings, whole)
    settings = make_settings(tmp_path / "restored", course.hub)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2 // 512 * 512])
    foreign = tmp_path / "foreign.tar"
    with tarfile.open(foreign, "w") as tar:
        tar.add(whole, "../../etc/passwd")
    for bad in (cut, foreign, tmp_path / "absent.tar"):
        with pytest.raises(Refused):
            restore(settings, bad)
    assert not list(settings.data.glob("blobs/*/*"))


def test_restore_never_overwrites(course: Live, tmp_path: Path) -> None:
    """Restoring into a place that is in use is refused."""
    backup(course.settings, tmp_path / "backup.tar")
    with pytest.raises(Refused, match="empty place"):
        restore(course.settings, tmp_path / "backup.tar")


def test_altered_rows_are_refused(course: Live, tmp_path: Path) -> None:
    """Rows are hashed: a late submission can't be made early in a backup."""
    course.semester().put_assignment(COURSE, "tensor", AssignmentSettings(due_at=DUE, late_seconds=None))
    course.clock.at(DUE, hours=1)
    fill(course)
    whole, forged = tmp_path / "backup.tar", tmp_path / "forged.tar"
    backup(course.settings, whole)
    with tarfile.open(whole) as old, tarfile.open(forged, "w") as new:
        for member in old.getmembers():
            data = old.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "tables/submissions.jsonl":
                assert rb"\"late\": true" in data
                data = data.replace(b"2026-11-20T13:", b"2026-11-20T11:").replace(
                    rb"\"late\": true", rb"\"late\": false"
                )
            _add(new, member.name, data)
    with pytest.raises(Refused, match="not as they were written"):
        restore(make_settings(tmp_path / "restored", course.hub), forged)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    import io

    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def test_fsck_sees_damage(course: Live, tmp_path: Path) -> None:
    """A flipped byte, a missing blob and a blob without a row are each reported."""
    fill(course)
    blobs = sorted(course.settings.data.glob("blobs/*/*"), key=lambda p: p.stat().st_mtime_ns)
    assert course.fsck().damage == []
    flipped = blobs[0]
    flipped.write_bytes(flipped.read_bytes()[:-1] + b"\xff")
    blobs[1].unlink()
    orphan = course.settings.data / "blobs" / "00" / ("00" * 16)
    orphan.write_bytes(b"x")
    report = course.fsck()
    assert len(report.damage) == 2
    assert any("differs from its declaration" in line for line in report.damage)
    assert any("is missing" in line for line in report.damage)
    assert report.orphans == [orphan.name]


def test_sweep_takes_old_orphans_alone(course: Live) -> None:
    """A sweep never deletes a blob that a row names or one that is too new, and deletes nothing while a backup runs."""
    fill(course)
    orphan = course.settings.data / "blobs" / "00" / ("00" * 16)
    orphan.write_bytes(b"x")
    service = course.service

    def sweep(seconds: float) -> int:
        return fsck.sweep(service.database, service.blobs, course.settings, seconds)

    assert sweep(3600) == 0
    with fsck.backup_lock(course.settings.data, exclusive=False):
        assert sweep(-1) == 0
    assert (sweep(-1), orphan.exists()) == (1, False)
    assert (course.fsck().damage, course.fsck().orphans) == ([], [])


def test_commands(course: Live, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """backup, restore, fsck, rotate-key and public-key work from the command line, with and without --json."""
    fill(course)
    place = ["--data", str(course.settings.data)]
    place += ["--database", course.settings.database] if course.settings.database else []
    assert main(["backup", str(tmp_path / "b.tar"), "--json", *place]) == 0
    assert json.loads(capsys.readouterr().out)["blobs"] == 5
    assert main(["restore", str(tmp_path / "b.tar"), "--data", str(tmp_path / "new")]) == 0
    assert main(["fsck", "--sweep", "--json", "--data", str(tmp_path / "new")]) == 0
    capsys.readouterr()
    assert main(["public-key", *place]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(["rotate-key", *place]) == 0
    capsys.readouterr()
    assert main(["public-key", *place]) == 0
    keys = json.loads(capsys.readouterr().out)
    assert [k["key_id"] for k in keys[1:]] == [k["key_id"] for k in first]
    assert main(["restore", str(tmp_path / "b.tar"), "--data", str(tmp_path / "new")]) == 1
    assert "empty place" in capsys.readouterr().err


def test_new_receipts_use_a_rotated_key_at_once(course: Live) -> None:
    """Rotation needs no restart; receipts signed with either key verify with the published keys."""
    import base64

    from exchange.protocol.receipt import verify

    ada = course.student("ada")
    old = course.submit(ada, "1")
    course.service.keyring.rotate("2026-11-19T12:00:01.000000Z")
    new = course.submit(ada, "2")
    assert old.receipt.key_id != new.receipt.key_id
    keys = {k.key_id: base64.b64decode(k.public_key) for k in ada.keys()}  # noqa: SIM118
    for signed in (old, new):
        verify(signed, keys[signed.receipt.key_id])
    with pytest.raises(Refused, match="signature"):
        verify(replace(new, receipt=replace(new.receipt, late=True)), keys[new.receipt.key_id])
