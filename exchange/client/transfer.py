"""Files in transit: read from a folder without following links, written completely into a new one."""

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from exchange.protocol.bundle import CHUNK_BYTES, BundleReader, encode_manifest
from exchange.protocol.models import FileInfo, Refused
from exchange.protocol.paths import check_path, normalise


@dataclass(frozen=True)
class Outgoing:
    """Files that are ready to be sent: what is declared, and where each file is."""

    files: list[FileInfo]
    places: list[Path]

    @property
    def length(self) -> int:
        """Give the length of the whole bundle in bytes."""
        return len(encode_manifest(self.files)) + sum(f.size for f in self.files)

    def content(self) -> Iterator[bytes]:
        """Yield the bundle, a quarter of a megabyte at a time."""
        yield encode_manifest(self.files)
        for info, place in zip(self.files, self.places, strict=True):
            left = info.size
            with _open(place) as stream:
                while left and (data := stream.read(min(CHUNK_BYTES, left))):
                    left -= len(data)
                    yield data
            if left:
                raise _changed(info.path)


def _changed(path: str) -> Refused:
    return Refused("a file changed during the upload", path, "save it and send it again", 409)


def _open(path: Path) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        remedy = "replace a link with the file itself, and check that you may read it"
        raise Refused("a file can't be opened", f"{path.name}: {error.strerror}", remedy) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refused("only regular files can be sent", path.name, "remove it, or copy its content into a file")
    return os.fdopen(descriptor, "rb")


def list_folder(folder: Path) -> list[str]:
    """List the plain files below a folder as relative paths, sorted; links and devices are not followed or listed."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not Path(root, n).is_symlink())
        for name in names:
            path = Path(root, name)
            if stat.S_ISREG(path.lstat().st_mode):
                found.append(path.relative_to(folder).as_posix())
    return sorted(found)


def pack(folder: Path, paths: Iterable[str]) -> Outgoing:
    """Read sizes and hashes of files below a folder, to declare them."""
    files, places = [], []
    for path in paths:
        place, digest, size = folder / path, hashlib.sha256(), 0
        with _open(place) as stream:
            while data := stream.read(CHUNK_BYTES):
                digest.update(data)
                size += len(data)
        files.append(FileInfo(check_path(normalise(path)), size, digest.hexdigest()))
        places.append(place)
    return Outgoing(files, places)


class _Unpacker:
    """Write the bytes of a bundle into files as they arrive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: Iterator[FileInfo] = iter(())
        self._left = 0
        self._stream: BinaryIO | None = None
        self.reader = BundleReader(self._begin, self._write)

    def _begin(self, files: list[FileInfo]) -> None:
        self._files = iter(files)
        self._next()

    def _next(self) -> None:
        while self._left == 0:
            if self._stream is not None:
                self._stream.close()
                self._stream = None
            info = next(self._files, None)
            if info is None:
                return
            target = self._folder / info.path
            target.parent.mkdir(parents=True, exist_ok=True)
            self._stream, self._left = target.open("xb"), info.size

    def _write(self, data: memoryview) -> None:
        assert self._stream is not None  # the reader never gives more bytes than were declared
        self._stream.write(data)
        self._left -= len(data)
        self._next()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


def unpack(chunks: Iterable[bytes], target: Path) -> list[FileInfo]:
    """Write a bundle into the new folder `target`, checked and complete, or leave nothing behind."""
    if target.exists():
        raise Refused("the folder for the download already exists", target.name, "choose another folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    unpacker = _Unpacker(folder)
    try:
        for chunk in chunks:
            unpacker.reader.feed(chunk)
        files = unpacker.reader.finish()
        unpacker.close()
        folder.chmod(0o755)
        folder.rename(target)
        return files
    finally:
        unpacker.close()
        shutil.rmtree(folder, ignore_errors=True)
