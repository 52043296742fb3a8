"""What a sandbox is given, as content: the modules that a worker finds, which travel to wherever the sandbox stands."""

import atexit
import hashlib
import os
import py_compile
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Predecessors:
    """The modules of `tinytorch.core` that came before the judged one: (file name, text) each, in order of the names.

    Whether byte code may be made of them beside: of the course's own, to save each worker the compiling; what a student
    wrote is compiled nowhere but behind the walls.
    """

    modules: tuple[tuple[str, str], ...] = ()
    trusted: bool = False

    @staticmethod
    def read(folder: Path) -> "Predecessors":
        """Take what lies in `folder`/core."""
        paths = sorted((folder / "core").glob("*.py"))
        return Predecessors(tuple((path.name, path.read_text(encoding="utf-8")) for path in paths))

    @cached_property
    def digest(self) -> str:
        """Name this content: same modules, same digest."""
        said = hashlib.sha256()
        for name, text in self.modules:
            for part in (name.encode(), text.encode()):
                said.update(len(part).to_bytes(8, "big") + part)
        return said.hexdigest()

    def lay_out(self, below: Path) -> Path:
        """Write them to a new folder below `below`, which outlives this process, for sandboxes that it starts."""
        folder = self._write(Path(tempfile.mkdtemp(dir=below)) / "tree")
        _laid[self.digest, self.trusted] = folder
        return folder

    def folder(self) -> Path:
        """Return the folder where they lie; one that is laid out for this call lasts as long as this process."""
        known = _laid.get((self.digest, self.trusted))
        if known is None or not known.is_dir():
            private = Path(tempfile.mkdtemp(prefix="tito-predecessors-"))
            atexit.register(_remove, private, os.getpid())
            known = self.lay_out(private)
        return known

    def _write(self, folder: Path) -> Path:
        core = folder / "core"
        core.mkdir(parents=True)
        for name, text in self.modules:
            (core / name).write_text(text, encoding="utf-8")
            if self.trusted:
                _compile(core / name)
        return _readable(folder)


# Folders by content, of this process and of those that it was forked from.
_laid: dict[tuple[str, bool], Path] = {}


def _compile(path: Path) -> None:
    """A worker can't write byte code where it runs; ours saves it the compiling."""
    py_compile.compile(str(path), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def _readable(folder: Path) -> Path:
    """Let the sandbox's user read, whatever the umask, in a folder that no other user of this machine may enter."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # a forked child must not take it from its parent
        shutil.rmtree(folder, ignore_errors=True)
