"""Where content is stored: immutable blobs under random keys, in a local folder behind a small interface.

A blob is written to `incoming/`, synced, renamed to its place, and the folder is synced: it is there completely, or not
at all. Nothing is overwritten. Another store (S3) needs only the methods of `Blobs`.
"""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from exchange.hub.durable import sync_folder
from exchange.protocol.bundle import CHUNK_BYTES
from exchange.protocol.models import Refused


class BlobWriter(Protocol):
    """A blob that is coming in."""

    key: str

    def write(self, data: memoryview) -> object: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...


class Blobs(Protocol):
    """What the service needs of a store."""

    def put(self) -> BlobWriter: ...
    def get(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]: ...
    def delete(self, key: str) -> None: ...
    def list(self) -> Iterator[tuple[str, int, float]]: ...
    def free_bytes(self) -> int: ...
    def clear_incoming(self) -> int: ...


def no_space(error: OSError) -> Refused:
    """Say that the disk is full."""
    return Refused(
        "the exchange has no room for the files",
        error.strerror or "the disk is full",
        "nothing was stored; tell your instructor and try again later, your files are untouched",
        507,
    )


def _is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _LocalWriter:
    """A file in `incoming/` that becomes a blob on commit."""

    def __init__(self, store: "LocalBlobs") -> None:
        self.key = secrets.token_hex(16)
        self._store = store
        self._path = store.incoming / self.key
        try:
            self._stream = self._path.open("xb", buffering=0)
        except OSError as error:
            raise (no_space(error) if _is_full(error) else error) from error

    def write(self, data: memoryview) -> None:
        """Append bytes; raise Refused (507) if the disk is full."""
        try:
            while len(data):
                data = data[self._stream.write(data) :]
        except OSError as error:
            raise (no_space(error) if _is_full(error) else error) from error

    def commit(self) -> None:
        """Make the blob durable and visible."""
        try:
            os.fsync(self._stream.fileno())
            self._stream.close()
            target = self._store.path(self.key)
            self._path.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            self.abort()
            raise (no_space(error) if _is_full(error) else error) from error

    def abort(self) -> None:
        """Discard what has come in."""
        self._stream.close()
        self._path.unlink(missing_ok=True)


class LocalBlobs:
    """Blobs in a folder: `blobs/ab/abcdef...`."""

    def __init__(self, data: Path) -> None:
        self.incoming, self.root = data / "incoming", data / "blobs"
        for folder in (self.incoming, *(self.root / f"{i:02x}" for i in range(256))):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.root, data):
            sync_folder(folder)

    def path(self, key: str) -> Path:
        """Give the file of a key."""
        return self.root / key[:2] / key

    def put(self) -> BlobWriter:
        """Begin a blob."""
        return _LocalWriter(self)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield a blob's bytes; a missing one is an error immediately, before any answer begins."""
        path = self.path(key)
        path.stat()
        return _read(path, offset, length)

    def delete(self, key: str) -> None:
        """Remove a blob that no row names."""
        self.path(key).unlink(missing_ok=True)

    def list(self) -> Iterator[tuple[str, int, float]]:
        """Yield (key, size in bytes, age in seconds) of every blob."""
        now = time.time()
        for folder in sorted(self.root.iterdir()):
            for path in sorted(folder.iterdir()):
                status = path.stat()
                yield path.name, status.st_size, now - status.st_mtime

    def free_bytes(self) -> int:
        """Tell how much space the file system has left."""
        return shutil.disk_usage(self.root).free

    def clear_incoming(self) -> int:
        """Remove what an earlier process left unfinished; only while no other process writes here."""
        leftovers = list(self.incoming.iterdir())
        for path in leftovers:
            path.unlink()
        return len(leftovers)


def _read(path: Path, offset: int, length: int | None) -> Iterator[bytes]:
    # Opened when the first bytes are asked for: a receiver that leaves before that leaves no open file behind.
    with path.open("rb") as stream:
        stream.seek(offset)
        left = length if length is not None else -1
        while left and (data := stream.read(CHUNK_BYTES if left < 0 else min(CHUNK_BYTES, left))):
            left -= len(data) if left > 0 else 0
            yield data
