"""The versions of one module's notebook: keep one, list them, read one.

A version is a file, `NUMBER-TIME.version`: a line of JSON about it, then the notebook's compressed text; long outputs
are separate files that versions share. There is no index that could break. Promise: a version is complete, or does not
exist.
"""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tito.atomic import write_atomically
from tito.errors import TitoError
from tito.history.notebook import parse, passed_in, without_outputs
from tito.history.pieces import Packed, digest_of, pack, unpack
from tito.history.places import histories
from tito.history.submitted import attempts
from tito.history.thinning import too_many
from tito.workspace import Workspace

# Bytes of one version: if there are more, outputs are left out; running the cells brings them back.
LARGEST_BYTES = 4 * 2**20
_NAME = re.compile(r"(?P<number>\d{6,})-(?P<moment>\d{8}T\d{6})\.version")
_MOMENT = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Version:
    """What is known about a version without unpacking it."""

    number: int
    saved_at: str  # UTC
    file: str  # the notebook's place, below the home
    why: str
    sha256: str
    size: int
    passed: list[str]  # exercises whose tests had passed, according to the saved outputs
    tests: int
    outputs_left_out: bool
    pieces: list[str]

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.saved_at)

    def to_json(self) -> dict:
        return {name: value for name, value in asdict(self).items() if name != "pieces"}


class History:
    """The versions of one module."""

    def __init__(self, workspace: Workspace, slug: str) -> None:
        self.workspace, self.slug = workspace, slug
        self.folder = histories(workspace) / slug
        self.outputs = self.folder / "outputs"

    def files(self) -> dict[int, Path]:
        """Return the versions' files by number, oldest first."""
        found = self.folder.glob("*.version") if self.folder.is_dir() else ()
        return dict(sorted((int(match["number"]), path) for path in found if (match := _NAME.fullmatch(path.name))))

    def versions(self) -> list[Version]:
        """List the versions that can be read, oldest first."""
        return [version for path in self.files().values() if (version := _read_head(path))]

    def find(self, number: int) -> Version:
        """Find a version; raise TitoError if there is none with that number."""
        version = next((each for each in self.versions() if each.number == number), None)
        if version is None:
            there = ", ".join(str(each) for each in self.files()) or "none"
            raise TitoError(
                f"{self.slug} has no version {number}. Available: {there}. Try 'tito module history {self.slug}'."
            )
        return version

    def newest(self, file: str = "") -> Version | None:
        """Return the newest version, or that of one file if given."""
        for path in reversed(self.files().values()):
            version = _read_head(path)
            if version is not None and file in ("", version.file):
                return version
        return None

    def read(self, version: Version) -> bytes:
        """Return a version's notebook, byte for byte."""
        try:
            _, _, text = self.files()[version.number].read_bytes().partition(b"\n")
            return unpack(text, version.pieces, lambda digest: (self.outputs / digest).read_bytes())
        except (KeyError, OSError, ValueError) as error:
            raise TitoError(
                f"version {version.number} of {self.slug} can't be read: {error}. Use another one."
            ) from error

    def keep(self, data: bytes, file: str, why: str, now: datetime | None = None) -> Version:
        """Keep a notebook's bytes, unless the newest version of that file has the same; then thin out old versions."""
        now = now or datetime.now(UTC)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.alone():
            newest = self.newest(file)
            if newest is not None and newest.sha256 == digest_of(data):
                return newest
            number = max(self.files(), default=0) + 1
            version, packed = _prepared(number, now, file, why, data)
            self._write(version, packed)
            self._drop(self._to_thin(now))
        return version

    def thin(self, now: datetime | None = None) -> None:
        """Delete versions that are too many for their age."""
        if self.folder.is_dir():
            with self.alone():
                self._drop(self._to_thin(now or datetime.now(UTC)))

    def give_up(self, numbers: set[int]) -> None:
        """Delete these versions."""
        with self.alone():
            self._drop(numbers)

    def kept_always(self) -> set[int]:
        """Return the numbers of versions that are never deleted: the submitted ones, and the newest."""
        submitted = {attempt.sha256 for attempt in attempts(self.workspace, self.slug)}
        versions = self.versions()
        first: dict[str, int] = {}
        for version in versions:
            if version.sha256 in submitted:
                first.setdefault(version.sha256, version.number)
        return set(first.values()) | {version.number for version in versions[-1:]}

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes and threads out; the folder itself is locked, which needs no disk space."""
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _to_thin(self, now: datetime) -> set[int]:
        numbers = too_many(((v.number, v.moment, v.file) for v in self.versions()), now)
        return numbers - self.kept_always() if numbers else set()

    def _write(self, version: Version, packed: Packed) -> None:
        for digest, data in packed.pieces:
            if not (self.outputs / digest).is_file():
                write_atomically(self.outputs / digest, data)
        head = json.dumps(asdict(version), ensure_ascii=True).encode()
        name = f"{version.number:06}-{version.moment.strftime(_MOMENT)}.version"
        write_atomically(self.folder / name, head + b"\n" + packed.text)

    def _drop(self, numbers: set[int]) -> None:
        """Remove versions first, then the outputs that no version uses any more."""
        for number, path in self.files().items():
            if number in numbers:
                path.unlink(missing_ok=True)
        if self.outputs.is_dir():
            wanted = {digest for version in self.versions() for digest in version.pieces}
            for path in self.outputs.iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)


def _prepared(number: int, now: datetime, file: str, why: str, data: bytes) -> tuple[Version, Packed]:
    digest, notebook, packed = digest_of(data), parse(data), pack(data)
    left_out = packed.size > LARGEST_BYTES and notebook is not None
    if left_out and notebook is not None:
        packed = pack(without_outputs(notebook))
    if packed.size > LARGEST_BYTES:
        raise TitoError(
            f"{file} is too large to keep a version of it: {len(data)} bytes. Clear its outputs and save it again."
        )
    passed, tests = passed_in(notebook)
    moment = now.astimezone(UTC).isoformat(timespec="seconds")
    pieces = [piece for piece, _ in packed.pieces]
    return Version(number, moment, file, why, digest, len(data), passed, tests, left_out, pieces), packed


def _read_head(path: Path) -> Version | None:
    try:
        with path.open("rb") as file:
            return Version(**json.loads(file.readline()))
    except (OSError, ValueError, TypeError):
        return None
