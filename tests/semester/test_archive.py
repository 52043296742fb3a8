"""An archive can be read back in full and opened with plain tools, and every change to it is noticed."""

import base64
import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tito.errors import TitoError
from tito.semester.archive import ABOUT, ROWS, SUMS, check_archive, new_archive
from tito.semester.service.deleting import kept_until

from exchange.protocol.models import FileInfo, Receipt, SignedReceipt, plain
from exchange.protocol.receipt import canonical, key_id_of

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
FOLDER = "submissions/tensor/ada/attempt-01"
SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"  # of foo


def signed() -> dict:
    at = "2026-11-20T12:00:00.000000Z"
    receipt = Receipt("s" * 32, "c", "tensor", "ada", 1, at, None, False, 0, [FileInfo("tensor.ipynb", 3, SHA256)],
                      key_id_of(PUBLIC))  # fmt: skip
    signature = base64.b64encode(KEY.sign(canonical(receipt))).decode()
    return plain(SignedReceipt(receipt=receipt, signature=signature))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with one submission."""
    with new_archive(tmp_path / "course.tar") as writer:
        (tmp_path / "work").write_bytes(b"foo")
        writer.add_file(f"{FOLDER}/files/tensor.ipynb", tmp_path / "work")
        writer.add_json(f"{FOLDER}/receipt.json", signed())
        writer.add_json(ROWS, [{"id": "s" * 32}])
        keys = [{"key_id": key_id_of(PUBLIC), "public_key": base64.b64encode(PUBLIC).decode()}]
        writer.add_json(ABOUT, {"course": "c", "frozen": None, "keys": keys})
    return tmp_path / "course.tar"


def changed(path: Path, name: str, content: bytes | None) -> list[str]:
    """Rewrite the archive with one file changed, or left out (None), and return the problems found."""
    other = path.with_name("other.tar")
    with tarfile.open(path) as old, tarfile.open(other, "w") as new:
        for member in old:
            stream = old.extractfile(member)
            assert stream is not None
            data = stream.read() if member.name != name else content
            if data is not None:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
    return check_archive(other).problems


def test_a_whole_archive_has_no_problems_and_only_its_owner_reads_it(path: Path):
    found = check_archive(path)
    assert (found.problems, found.files, found.about["course"]) == ([], 4, "c")
    assert (found.bytes, path.stat().st_mode & 0o777) == (path.stat().st_size, 0o600)


def test_tar_and_sha256sum_alone_open_and_check_it(path: Path, tmp_path: Path):
    subprocess.run(["tar", "-xf", str(path)], cwd=tmp_path, check=True)
    done = subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_change_is_noticed(path: Path):
    work = f"{FOLDER}/files/tensor.ipynb"
    assert changed(path, work, b"bar") == [f"{work} was changed", f"{work} differs from what was handed in"]
    assert changed(path, work, None) == [f"{work} is missing", f"{work} differs from what was handed in"]
    forged = signed()
    forged["receipt"]["late"] = True
    problems = changed(path, f"{FOLDER}/receipt.json", json.dumps(forged).encode())
    assert any("signature" in problem for problem in problems) and "has no receipt" in problems[-1]


def test_one_that_was_cut_off_or_is_no_archive_is_refused(path: Path, tmp_path: Path):
    (tmp_path / "cut.tar").write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    (tmp_path / "text.tar").write_text("not a tar")
    for name in ("cut.tar", "text.tar"):
        with pytest.raises(TitoError):
            check_archive(tmp_path / name)


def test_what_was_not_finished_leaves_nothing_behind(tmp_path: Path):
    def interrupted() -> None:
        with new_archive(tmp_path / "course.tar") as writer:
            writer.add("a", b"b")
            raise OSError("the exchange is away")

    with pytest.raises(OSError, match="the exchange is away"):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_months_are_the_calendars():
    assert kept_until("2026-08-31T12:00:00.000000Z", 6).date().isoformat() == "2027-02-28"
    assert kept_until("2026-12-01T00:00:00.000000Z", 12).date().isoformat() == "2027-12-01"
