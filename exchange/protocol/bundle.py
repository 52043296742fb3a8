"""How files are sent: one line of JSON that declares every path, size and SHA-256, then the bytes of the files in that
order.

The declaration comes first, so that a receiver can refuse before it stores anything, and the content is fixed once the
line has arrived. Neither side holds a file in memory. The media type is `application/vnd.exchange.bundle`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from exchange.protocol.models import FileInfo, Refused
from exchange.protocol.paths import check_collisions, check_path

MEDIA_TYPE = "application/vnd.exchange.bundle"
MAX_MANIFEST_BYTES = 256_000  # a thousand long paths; no submission needs more
CHUNK_BYTES = 256 * 1024


def encode_manifest(files: Iterable[FileInfo]) -> bytes:
    """Write the declaration line."""
    rows = [{"path": f.path, "sha256": f.sha256, "size": f.size} for f in files]
    line = json.dumps({"files": rows}, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return line.encode() + b"\n"


def decode_manifest(line: bytes) -> list[FileInfo]:
    """Read and check the declaration line; raise Refused, naming the entry that breaks a rule."""
    try:
        rows = json.loads(line)["files"]
        files = [_entry(row) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(
            rule='the bundle does not start with one line of JSON, {"files": [{"path", "sha256", "size"}, ...]}',
            value=f"{type(error).__name__}: {str(error)[:120]}",
            remedy="send it with exchange.client",
            status=400,
        ) from error
    check_collisions(f.path for f in files)
    return files


def _entry(row: dict[str, Any]) -> FileInfo:
    path, size, digest = row["path"], row["size"], row["sha256"]
    if (
        not isinstance(path, str)
        or not isinstance(digest, str)
        or type(size) is not int
        or set(row) != {"path", "size", "sha256"}
    ):
        raise TypeError(f"wrong entry {ascii(row)[:120]}")
    if size < 0 or size > 2**53 or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError(f"wrong size or sha256 in entry {ascii(row)[:160]}")
    return FileInfo(check_path(path), size, digest)


def bundle_digest(files: Iterable[FileInfo]) -> str:
    """Name a bundle by its declaration, which fixes its content."""
    return hashlib.sha256(encode_manifest(files)).hexdigest()


class BundleReader:
    """Feed it chunks as they arrive; it checks the declaration, then each file's hash, and passes the bytes on.

    `on_manifest(files)` is called once, before any byte of a file; `write(data)` gets the bytes of the files in order.
    """

    def __init__(self, on_manifest: Callable[[list[FileInfo]], None], write: Callable[[memoryview], Any]) -> None:
        self._on_manifest, self._write = on_manifest, write
        self._head = bytearray()
        self.files: list[FileInfo] | None = None
        self._index, self._left = 0, 0
        self._hash = hashlib.sha256()

    def feed(self, data: bytes | bytearray) -> None:
        """Take the next bytes; raise Refused at the first wrong one."""
        view = memoryview(data)
        if self.files is None:
            view = view[self._feed_head(data) :]
        while len(view):
            self._skip_finished()
            if self.files is None or self._index >= len(self.files):
                raise Refused("the bundle is longer than declared", remedy="send it again", status=400)
            piece = view[: self._left]
            self._hash.update(piece)
            self._write(piece)
            self._left -= len(piece)
            view = view[len(piece) :]
            self._skip_finished()

    def _feed_head(self, data: bytes | bytearray) -> int:
        """Take what belongs to the declaration; return how many bytes that are, its end among them."""
        end = data.find(b"\n")
        self._head += data if end < 0 else data[:end]
        if len(self._head) > MAX_MANIFEST_BYTES:
            raise Refused(
                f"the declaration is longer than {MAX_MANIFEST_BYTES} bytes",
                str(len(self._head)),
                "send fewer files",
                status=413,
            )
        if end < 0:
            return len(data)
        files = decode_manifest(bytes(self._head))
        self._head.clear()
        self._on_manifest(files)
        self.files = files
        self._left = files[0].size if files else 0
        return end + 1

    def _skip_finished(self) -> None:
        while self.files is not None and self._index < len(self.files) and self._left == 0:
            declared = self.files[self._index]
            if self._hash.hexdigest() != declared.sha256:
                raise Refused(
                    rule="a file differs from its declaration (SHA-256)",
                    value=declared.path,
                    remedy="it changed during the upload: save it and send it again",
                    status=409,
                )
            self._hash = hashlib.sha256()
            self._index += 1
            self._left = self.files[self._index].size if self._index < len(self.files) else 0

    def finish(self) -> list[FileInfo]:
        """Return the files if everything declared has arrived, else raise Refused."""
        self._skip_finished()
        if self.files is None:
            raise Refused("the bundle has no declaration line", remedy="send it with exchange.client", status=400)
        if self._index < len(self.files):
            raise Refused(
                "the bundle is incomplete", f"{self.files[self._index].path} is cut short", "send it again", status=400
            )
        return self.files


def iterate(files: list[FileInfo], read: Callable[[int, int], Iterator[bytes]]) -> Iterator[bytes]:
    """Yield a whole bundle; `read(offset, length)` yields bytes of the stored content."""
    yield encode_manifest(files)
    total = sum(f.size for f in files)
    if total:
        yield from read(0, total)
