"""A course as one file that can be opened in ten years: a plain tar of plain files, and a list of their digests.

    course.json                                 what it is of, when it was made, how much is in it, the public keys
    semester/semester.yaml, semester/roster.csv as they were in force
    submissions/MODULE/STUDENT/attempt-NN/      files/, receipt.json, and feedback/ if there is any
    submissions.json                            the exchange's rows: when, how late, which attempt counted, results
    grades/                                     plain.csv, canvas.csv, moodle.csv, rows.json
    report/                                     report.md, report.json, activity.json: the course's numbers
    SHA256SUMS                                  digest of each file above, as `sha256sum --check` reads it; the last one

A file without SHA256SUMS is incomplete. Treat it as a secret: it contains students' work and grades.
"""

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from exchange.protocol.models import Refused
from exchange.protocol.receipt import read_receipt, verify
from tito.errors import TitoError

FORMAT = 1
ABOUT, SUMS, ROWS = "course.json", "SHA256SUMS", "submissions.json"
BLOCK = 1 << 20
LARGEST_TEXT = 512 * 2**20  # the largest file that is read into memory: the lists of a course of thousands


class Writer:
    """Adds files to an archive and keeps their digests."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.digests: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content), hashlib.sha256(content).hexdigest())

    def add_json(self, name: str, content: Any) -> None:
        self.add(name, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            self._add(name, stream, path.stat().st_size, digest)

    def close(self) -> None:
        """Write the digests, which complete the archive."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in self.digests.items())
        self._add(SUMS, io.BytesIO(lines.encode()), len(lines.encode()), "")

    def _add(self, name: str, stream: IO[bytes], size: int, digest: str) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, stream)
        self.digests[name] = digest


@contextmanager
def new_archive(target: Path) -> Iterator[Writer]:
    """Give the writer of an archive, which appears as `target` only when it is complete."""
    half = target.with_name(f".{target.name}.half")
    try:
        with half.open("wb") as stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
            half.chmod(0o600)
            writer = Writer(tar)
            yield writer
            writer.close()
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


@dataclass
class Checked:
    """What was found in an archive; `problems` is empty if it is complete and unaltered."""

    about: dict[str, Any] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    submissions: frozenset[str] = frozenset()
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "course": self.about.get("course", ""), "frozen": self.about.get("frozen"), "files": self.files,
            "bytes": self.bytes, "submissions": len(self.submissions), "problems": self.problems,
        }  # fmt: skip


def check_archive(path: Path) -> Checked:
    """Read an archive from its first byte to its last; raise TitoError if it is not one."""
    digests: dict[str, str] = {}
    kept: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r|") as tar:
            for member in tar:
                digests[member.name] = _read(tar, member, kept)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise TitoError(f"{path} can't be read as an archive ({error}): use another copy of it") from error
    if SUMS not in kept or ABOUT not in kept:
        raise TitoError(f"{path} is not a complete archive of a course: it has no {SUMS if ABOUT in kept else ABOUT}")
    checked = Checked(json.loads(kept[ABOUT]), len(digests) - 1, path.stat().st_size)
    checked.problems += _differences(digests, kept[SUMS])
    checked.submissions = frozenset(row["id"] for row in json.loads(kept.get(ROWS, b"[]")))
    checked.problems += _receipt_problems(kept, digests, checked)
    return checked


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo, kept: dict[str, bytes]) -> str:
    """Return a file's digest, and keep the content that later checks need."""
    digest, stream = hashlib.sha256(), tar.extractfile(member)
    keeps = member.name in (ABOUT, SUMS, ROWS) or member.name.endswith("/receipt.json")
    parts = []
    while stream is not None and (block := stream.read(BLOCK)):
        digest.update(block)
        if keeps and member.size <= LARGEST_TEXT:
            parts.append(block)
    if keeps:
        kept[member.name] = b"".join(parts)
    return digest.hexdigest()


def _differences(digests: Mapping[str, str], sums: bytes) -> Iterator[str]:
    written = {name: digest for digest, _, name in (line.partition("  ") for line in sums.decode().splitlines())}
    for name in sorted(written.keys() | (digests.keys() - {SUMS})):
        if name not in digests:
            yield f"{name} is missing"
        elif name not in written:
            yield f"{name} is not in {SUMS}"
        elif digests[name] != written[name]:
            yield f"{name} was changed"


def _receipt_problems(kept: Mapping[str, bytes], digests: Mapping[str, str], checked: Checked) -> Iterator[str]:
    """Compare each receipt with its files and its signature."""
    keys = {key["key_id"]: base64.b64decode(key["public_key"]) for key in checked.about.get("keys", ())}
    found = set()
    for name, content in kept.items():
        if not name.endswith("/receipt.json"):
            continue
        try:
            signed = read_receipt(json.loads(content))
            verify(signed, keys.get(signed.receipt.key_id, b""))
        except (Refused, ValueError) as error:
            yield f"{name}: {error}"
            continue
        found.add(signed.receipt.submission)
        folder = name.removesuffix("receipt.json")
        for info in signed.receipt.files:
            if digests.get(f"{folder}files/{info.path}") != info.sha256:
                yield f"{folder}files/{info.path} differs from what was handed in"
    yield from (f"submission {missing} has no receipt" for missing in sorted(checked.submissions - found))
