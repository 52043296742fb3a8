"""Search the layers of an image, or a container's files, for things that students must not find."""

import gzip
import io
import json
import re
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tests.docker.secrets_of_course import lines_of

PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64,}")
TOKEN = re.compile(rb"\b(?:[0-9a-f]{64}|gh[pousr]_[A-Za-z0-9]{36}|sk-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16})\b")
STAFF_FOLDERS = (
    *("tito/staff", "tito/judge", "tito/gradebook", "tito/rendering", "tito/grading", "tito/formgrader"),
    *("tito/semester", "exchange/service", "hub_config"),
)
COMPILERS = re.compile(
    r"(^|/)(bin|sbin|libexec|lib/gcc)/(.*/)?([a-z0-9_-]*-)?(gcc|cc|c\+\+|g\+\+|clang|ld|make|cc1)(-[0-9.]+)?$"
)
# Packages from Debian and PyPI are verified by hash and full of checksums; only our own are searched for tokens.
OTHERS = re.compile(
    r": (usr/(?!local/)|var/lib/|opt/tinytorch/(share|etc)/"
    r"|(opt/tinytorch|env)/lib/[^/]+/site-packages/(?!tinytorch|tito|exchange))"
)
LARGEST = 2**26


@dataclass
class Scan:
    """What to look for; `secrets` maps names to values, such as the tokens of a running Hub."""

    fragments: Mapping[bytes, str]
    modules: frozenset[str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    looked_at: int = 0

    def image(self, name: str) -> "Scan":
        """Search all layers of an image, including overwritten and deleted files, and its environment."""
        config = json.loads(_output("docker", "image", "inspect", name))[0]["Config"]
        self.values(f"environment of {name}", "\n".join(config["Env"]))
        with _tar_of("docker", "save", name) as outer:
            for entry in outer:
                if entry.name.endswith("layer.tar"):
                    layer = outer.extractfile(entry)
                    assert layer is not None
                    with tarfile.open(fileobj=layer, mode="r|") as files:
                        self.files(f"{name} layer {entry.name[:8]}", files)
        return self

    def container(self, name: str, folders: tuple[str, ...]) -> "Scan":
        """Search a running container's file system and these folders, which may be volumes or temporary files."""
        with _tar_of("docker", "export", name) as files:
            self.files(name, files)
        for folder in folders:
            with _tar_of("docker", "exec", name, "tar", "-C", folder, "-c", ".") as files:
                self.files(f"{name}:{folder}", files)
        return self

    def files(self, where: str, files: tarfile.TarFile) -> None:
        """Search the members of a tar stream."""
        compiled: set[str] = set()
        sources: set[str] = set()
        for entry in files:
            path = entry.name.removeprefix("./")
            self._name(where, path, entry.isdir())
            if entry.issym() or entry.islnk():
                sources.add(path)
            elif entry.isfile():
                (compiled if path.endswith(".pyc") else sources).add(path)
                self.looked_at += 1
                stream = files.extractfile(entry)
                assert stream is not None
                self.content(f"{where}: {path}", stream.read(LARGEST))
        self.found += [f"{where}: {path} is compiled code without its source" for path in sorted(compiled)
                       if source_of(path) not in sources]  # fmt: skip

    def content(self, where: str, data: bytes) -> None:
        """Search one file, and archives one level deep."""
        for part, inner in unpacked(data):
            at = f"{where}{part}"
            if b"\0" not in inner[:1000]:
                hits = {self.fragments[line] for line in lines_of(inner) if line in self.fragments}
                self.found += [f"{at} has a {hit}" for hit in sorted(hits)]
                if PRIVATE_KEY.search(inner):
                    self.found.append(f"{at} has a private key")
            self.values(at, inner)

    def values(self, where: str, text: bytes | str) -> None:
        """Search for secret values, and in text for anything that looks like a token."""
        data = text.encode() if isinstance(text, str) else text
        self.found += [
            f"{where} has the secret {name}" for name, value in self.secrets.items() if value.encode() in data
        ]
        if b"\0" not in data[:1000] and not OTHERS.search(where) and TOKEN.search(data):
            self.found.append(f"{where} has what looks like a token")

    def _name(self, where: str, path: str, folder: bool) -> None:
        if folder and path.endswith(STAFF_FOLDERS):
            self.found.append(f"{where}: {path} belongs to the staff")
        if COMPILERS.search(path):
            self.found.append(f"{where}: {path} is a compiler")
        match = re.search(r"(?:tinytorch/core/|_releases/)([a-z]+)\.py$", path)
        if match and match[1] not in self.modules:
            self.found.append(f"{where}: {path} is a module of the course")
        if PurePosixPath(path).name.endswith("_dev.py"):
            self.found.append(f"{where}: {path} is a module's source")


def source_of(compiled: str) -> str:
    """Return the path of a compiled file's source."""
    path = PurePosixPath(compiled)
    if path.parent.name == "__pycache__":
        return str(path.parent.parent / f"{path.name.split('.')[0]}.py")
    return str(path.with_suffix(".py"))


def unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a file's bytes, and for a zip or gzip file its contents too."""
    yield "", data
    if data[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name in archive.namelist():
                    yield f"!{name}", archive.read(name)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            return
    elif data[:2] == b"\x1f\x8b":
        try:
            yield "!", gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return


class _tar_of:
    """The tar stream that a command prints; raises an error if the command fails."""

    def __init__(self, *command: str):
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._tar = tarfile.open(fileobj=self._process.stdout, mode="r|")  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> tarfile.TarFile:
        return self._tar

    def __exit__(self, kind, *rest) -> None:
        self._tar.close()
        assert self._process.stdout is not None
        with self._process.stdout as rest_of_it:
            while rest_of_it.read(2**20):
                pass
        if self._process.wait() != 0 and kind is None:
            raise subprocess.CalledProcessError(self._process.returncode, self._process.args)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
