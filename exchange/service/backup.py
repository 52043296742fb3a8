"""Back up while the service runs, and restore into an empty place: one tar file with rows, blobs and keys.

The rows are one snapshot; blobs never change, and sweeping pauses meanwhile, so every row has its blob. Rows are JSON
lines, so a backup of SQLite can be restored into PostgreSQL and vice versa. `backup.json` comes last: a file without it
is incomplete. Keep the file secret: it holds students' work and the private keys.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from exchange.hub.durable import make_folder, sync_folder
from exchange.protocol.models import Refused, utc_text
from exchange.service import fsck
from exchange.service.blobs import LocalBlobs
from exchange.service.database import Database
from exchange.service.settings import Settings
from exchange.service.tables import bundles, feedback, metadata, snapshots, submissions

FORMAT = 1


def backup(settings: Settings, target: Path) -> dict[str, Any]:
    """Write everything into `target`, which appears only when it is complete and on disk; return what is in it."""
    database, blobs = Database(settings.database_url), LocalBlobs(settings.data)
    try:
        if database.revision() is None:
            raise Refused("there is no exchange to back up", f"none in {settings.data}", "name its --data folder")
        make_folder(target.parent)
        with (
            fsck.backup_lock(settings.data, exclusive=False),
            tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as scratch,
        ):
            whole = Path(scratch) / "backup.tar"
            outcome = _write_file(settings, database, blobs, whole)
            whole.replace(target)
            sync_folder(target.parent)
        return outcome
    finally:
        database.close()


def _write_file(settings: Settings, database: Database, blobs: LocalBlobs, target: Path) -> dict[str, Any]:
    with target.open("xb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        with tarfile.open(fileobj=stream, mode="w") as tar:
            outcome = _write_rows(database, tar, target.with_name("rows"))
            for path in sorted((settings.data / "keys").glob("*.pem")):
                tar.add(path, f"keys/{path.name}", filter=_without_owner)
            for key in outcome.pop("keys"):
                tar.add(blobs.path(key), f"blobs/{key}", filter=_without_owner)
            _add_summary(tar, outcome)
        stream.flush()
        os.fsync(stream.fileno())
    return outcome


def _write_rows(database: Database, tar: tarfile.TarFile, scratch: Path) -> dict[str, Any]:
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    keys: set[str] = set()
    revision = database.revision()
    with database.snapshot() as connection:
        for table in metadata.sorted_tables:
            counts[table.name], digests[table.name] = _dump(connection, table, scratch)
            tar.add(scratch, f"tables/{table.name}.jsonl", filter=_without_owner)
        for table in (bundles, submissions, feedback, snapshots):
            keys |= set(connection.execute(select(table.c.blob)).scalars())
    outcome: dict[str, Any] = {"format": FORMAT, "revision": revision, "created_at": utc_text(datetime.now(UTC))}
    outcome |= {"rows": sum(counts.values()), "blobs": len(keys), "counts": counts, "sha256": digests}
    return outcome | {"keys": sorted(keys)}


def _dump(connection: Connection, table: Table, path: Path) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as stream:
        for row in connection.execution_options(yield_per=500).execute(select(table)):
            line = json.dumps(dict(row._mapping)).encode() + b"\n"
            digest.update(line)
            stream.write(line)
            count += 1
    return count, digest.hexdigest()


def _without_owner(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def _add_summary(tar: tarfile.TarFile, outcome: dict[str, Any]) -> None:
    data = json.dumps(outcome, indent=2).encode()
    info = tarfile.TarInfo("backup.json")
    info.size = len(data)
    tar.addfile(_without_owner(info), io.BytesIO(data))
