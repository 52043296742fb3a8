"""Fetch files over http(s): with progress, kept only if the checksum is right, appearing whole or not at all."""

import hashlib
import os
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tinytorch.datasets.formats import unpacked

TIMEOUT_SECONDS = 30
BLOCK_BYTES = 1 << 18
SECONDS_BETWEEN_LINES = 0.2  # of progress: often enough to look alive, seldom enough for a notebook's output


def fetch(url: str, path: Path, md5: str) -> None:
    """Fetch one file to `path`; `md5` is that of its (uncompressed) content.

    Raises:
        ConnectionError: the address could not be reached or the connection broke.
        ValueError: the content is not the published one. Nothing is kept then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as scratch:
        part = Path(scratch) / path.name
        _download(url, part)
        _check(url, unpacked(part), md5)
        part.replace(path)


def fetch_archive(url: str, folder: Path, md5: Mapping[str, str]) -> None:
    """Fetch a tar archive and keep the members named in `md5` (names without folders) in `folder`.

    Raises: as `fetch`; ValueError also if a member is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        archive = Path(scratch) / "archive"
        _download(url, archive)
        contents = _members(url, archive, md5)
        for name in md5:
            part = Path(scratch) / name
            part.write_bytes(contents[name])
        for name in md5:
            (Path(scratch) / name).replace(folder / name)


def _members(url: str, archive: Path, md5: Mapping[str, str]) -> dict[str, bytes]:
    contents = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                stream = tar.extractfile(member) if name in md5 else None
                if stream is not None:
                    contents[name] = stream.read()
                    _check(f"{name} in {url}", contents[name], md5[name])
    except (tarfile.TarError, EOFError) as problem:
        raise ValueError(f"{url} did not give a tar archive ({problem}): try again, or pass another url=") from problem
    missing = [name for name in md5 if name not in contents]
    if missing:
        raise ValueError(f"{url} lacks {', '.join(missing)}: pass the address of the official archive as url=")
    return contents


def _download(url: str, path: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer, path.open("wb") as file:
            total = int(answer.headers.get("Content-Length") or 0)
            progress = _Progress(url.rsplit("/", 1)[-1], total)
            while block := answer.read(BLOCK_BYTES):
                file.write(block)
                progress.add(len(block))
            progress.end()
        if total and path.stat().st_size != total:
            raise ConnectionError(f"the connection ended after {path.stat().st_size} of {total} bytes")
    except (urllib.error.URLError, OSError) as problem:
        raise ConnectionError(
            f"could not fetch {url} ({problem}). Without internet, put the official "
            "files into a folder and name it with root= or TINYTORCH_DATA, or name a mirror's address with url="
        ) from problem


def _check(what: str, content: bytes, md5: str) -> None:
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise ValueError(
            f"{what}: checksum (md5) is {found}, the published file has {md5}; nothing was kept, try again"
        )


class _Progress:
    """One line on stderr that is rewritten: name, megabytes, per cent."""

    def __init__(self, name: str, total_bytes: int) -> None:
        self.name, self.total, self.done, self.last = name, total_bytes, 0, 0.0

    def add(self, size_bytes: int) -> None:
        self.done += size_bytes
        if time.monotonic() - self.last > SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            self._write("")

    def end(self) -> None:
        self._write(os.linesep)

    def _write(self, end: str) -> None:
        share = f" of {self.total / 1e6:.1f} MB ({self.done / self.total:4.0%})" if self.total else " MB"
        sys.stderr.write(f"\r{self.name}: {self.done / 1e6:.1f}{share}{end}")
        sys.stderr.flush()
