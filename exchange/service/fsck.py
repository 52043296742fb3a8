"""Check that every row has its blob, with the right size and hash, and every blob its row; sweep blobs without one."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from exchange.protocol.bundle import decode_manifest
from exchange.protocol.models import FileInfo
from exchange.service.blobs import Blobs
from exchange.service.database import Database
from exchange.service.settings import Settings
from exchange.service.tables import bundles, feedback, snapshots, submissions

# A blob is stored before the row that names it; younger ones may be on their way.
ORPHAN_SECONDS = 3600.0


@dataclass
class Report:
    """What was found; `damage` is empty when all is well."""

    rows: int = 0
    blobs: int = 0
    bytes: int = 0
    damage: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    swept: int = 0


def named_blobs(database: Database) -> dict[str, tuple[str, str]]:
    """Map each blob to (the row that names it, its declaration)."""
    found = {}
    with database.read() as connection:
        for table in (bundles, submissions, feedback, snapshots):
            keys = [
                c
                for c in table.c
                if c.name in ("course", "assignment", "kind", "version", "student", "attempt", "submission", "question")
            ]
            for row in connection.execute(select(table.c.blob, table.c.manifest, *keys)):
                found[row.blob] = (f"{table.name}: {' '.join(str(v) for v in row[2:])}", row.manifest)
    return found


def check(database: Database, blobs: Blobs, deep: bool = True) -> Report:
    """Compare rows and blobs; `deep` also reads every byte."""
    report = Report()
    stored = {key: (size, age) for key, size, age in blobs.list()}
    named = named_blobs(database)  # after the blobs: a row that is added meanwhile names a blob that exists
    report.rows, report.blobs = len(named), len(stored)
    for key, (row, manifest) in named.items():
        files = decode_manifest(manifest.encode())
        if key not in stored and not _arrived_meanwhile(blobs, key):
            report.damage.append(f"{row}: blob {key} is missing")
        elif problem := _content_problem(blobs, key, files, deep):
            report.damage.append(f"{row}: blob {key}: {problem}")
        report.bytes += sum(f.size for f in files)
    report.orphans = sorted(key for key in stored if key not in named)
    return report


def _arrived_meanwhile(blobs: Blobs, key: str) -> bool:
    try:
        next(blobs.get(key, 0, 1), b"")
    except FileNotFoundError:
        return False
    return True


def _content_problem(blobs: Blobs, key: str, files: list[FileInfo], deep: bool) -> str | None:
    offset = 0
    for info in files if deep else ():
        digest, size = hashlib.sha256(), 0
        for data in blobs.get(key, offset, info.size):
            digest.update(data)
            size += len(data)
        if size != info.size or digest.hexdigest() != info.sha256:
            return f"{info.path} differs from its declaration"
        offset += info.size
    return None


def sweep(database: Database, blobs: Blobs, settings: Settings, older_than_seconds: float = ORPHAN_SECONDS) -> int:
    """Delete old blobs that no row names; does nothing while a backup runs. Return how many."""
    with backup_lock(settings.data, exclusive=True) as held:
        if not held:
            return 0
        old = [key for key, _, age in blobs.list() if age > older_than_seconds]
        named = named_blobs(database)
        orphans = [key for key in old if key not in named]
        for key in orphans:
            blobs.delete(key)
        return len(orphans)


@contextmanager
def backup_lock(data: Path, exclusive: bool) -> Iterator[bool]:
    """Hold the lock that keeps sweeping and backing up apart; False if a sweep finds a backup running."""
    with (data / "backup.lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB if exclusive else fcntl.LOCK_SH)
        except BlockingIOError:
            yield False
            return
        yield True
