"""Restore a backup into an empty place, and check that every row has its blob before reporting success."""

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select, text

from exchange.protocol.bundle import CHUNK_BYTES
from exchange.protocol.models import Refused
from exchange.service import fsck
from exchange.service.backup import FORMAT
from exchange.service.blobs import LocalBlobs
from exchange.service.database import Database
from exchange.service.settings import Settings
from exchange.service.tables import metadata

ROWS_AT_ONCE = 500
_NAMES = re.compile(r"(?:blobs/[0-9a-f]{32}|keys/[0-9a-f]{16}\.pem|tables/[a-z_]+\.jsonl|backup\.json)")


def restore(settings: Settings, source: Path) -> dict[str, Any]:
    """Restore into a data folder and database that hold nothing yet; return what was restored."""
    database = Database(settings.database_url)
    try:
        with _open(source) as tar:
            summary = _read_summary(tar, source)
            _check_empty(settings, database)
            _restore_files(tar, settings)
            _restore_rows(tar, database, summary)
        report = fsck.check(database, LocalBlobs(settings.data))
        if report.damage:
            raise Refused("the backup is damaged", report.damage[0], "use another backup")
        return summary
    finally:
        database.close()


def _open(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, mode="r:")
    except (OSError, tarfile.TarError) as error:
        raise Refused("the backup is not a readable tar file", f"{source}: {error}", "name another file") from error


def _read_summary(tar: tarfile.TarFile, source: Path) -> dict[str, Any]:
    try:
        members = tar.getmembers()
        strange = [m.name for m in members if not (m.isreg() and _NAMES.fullmatch(m.name))]
        stream = tar.extractfile("backup.json")
        summary = json.load(stream) if stream and not strange else {}
        whole = summary.get("format") == FORMAT and summary["blobs"] == sum(
            m.name.startswith("blobs/") for m in members
        )
    except (KeyError, ValueError, tarfile.TarError):
        whole, strange = False, []
    if not whole:
        value = f"{source} with {strange[0]}" if strange else f"{source} is cut short or something else"
        raise Refused(f"this is not a complete backup of format {FORMAT}", value, "use another backup")
    return summary


def _check_empty(settings: Settings, database: Database) -> None:
    used = any((settings.data / "blobs").glob("*/*")) or any((settings.data / "keys").glob("*.pem"))
    if used or inspect(database.engine).get_table_names():
        raise Refused(
            "a backup can be restored only into an empty place",
            f"{settings.data} or its database is in use",
            "name another --data (and --database), check it with fsck, then serve from there",
        )


def _restore_files(tar: tarfile.TarFile, settings: Settings) -> None:
    blobs, keys = LocalBlobs(settings.data), settings.data / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    for member in tar.getmembers():
        kind, _, name = member.name.partition("/")
        if kind in ("blobs", "keys"):
            stream = tar.extractfile(member)
            assert stream is not None  # _read_summary let only regular files through
            _copy(stream, blobs.path(name) if kind == "blobs" else keys / name)
    os.sync()  # the folders too, before any row claims that the files are there


def _copy(stream: IO[bytes], target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as copy:
        while data := stream.read(CHUNK_BYTES):
            copy.write(data)
        copy.flush()
        os.fsync(copy.fileno())


def _restore_rows(tar: tarfile.TarFile, database: Database, summary: dict[str, Any]) -> None:
    database.migrate(summary["revision"])
    with database.write() as connection:
        for known in metadata.sorted_tables:
            if known.name in summary["counts"]:
                _fill(tar, connection, known.name, summary["sha256"][known.name])
    database.migrate()


def _fill(tar: tarfile.TarFile, connection: Connection, name: str, wanted: str) -> None:
    table = Table(name, MetaData(), autoload_with=connection)  # as it was at the backup's revision
    digest = hashlib.sha256()
    for rows in _batches(tar, name, digest):
        connection.execute(insert(table), rows)
    if digest.hexdigest() != wanted:
        raise Refused("the backup's rows are not as they were written", f"tables/{name}.jsonl", "use another backup")
    if "seq" in table.c and connection.dialect.name == "postgresql":
        largest = connection.execute(select(func.max(table.c.seq))).scalar()
        if largest:
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'seq'), {int(largest)})"))


def _batches(tar: tarfile.TarFile, name: str, digest: Any) -> Iterator[list[dict[str, Any]]]:
    stream = tar.extractfile(f"tables/{name}.jsonl")
    assert stream is not None
    batch: list[dict[str, Any]] = []
    for line in stream:
        digest.update(line)
        batch.append(json.loads(line))
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
