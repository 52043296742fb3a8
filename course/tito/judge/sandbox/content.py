"""The content that a sandbox is given: the modules that a worker finds, which travel to the sandbox's machine."""

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
    """The modules of `tinytorch.core` before the judged one: pairs of file name and text, in the order of their names.

    `trusted`: they may be compiled to byte code. The course's own are, to save each worker the compiling; a student's
    code is compiled only in the sandbox.
    """

    modules: tuple[tuple[str, str], ...] = ()
    trusted: bool = False

    @staticmethod
    def read(folder: Path) -> "Predecessors":
        """Read the modules in `folder`/core."""
        paths = sorted((folder / "core").glob("*.py"))
        return Predecessors(tuple((path.name, path.read_text(encoding="utf-8")) for path in paths))

    @cached_property
    def digest(self) -> str:
        """A name for this content: same modules, same digest."""
        said = hashlib.sha256()
        for name, text in self.modules:
            for part in (name.encode(), text.encode()):
                said.update(len(part).to_bytes(8, "big") + part)
        return said.hexdigest()

    def lay_out(self, below: Path) -> Path:
        """Write them to a new folder in `below`, which outlives this process, for sandboxes that it starts."""
        folder = self._write(Path(tempfile.mkdtemp(dir=below)) / "tree")
        _laid[self.digest, self.trusted] = folder
        return folder

    def folder(self) -> Path:
        """Return the folder where they are; one that is made for this call lasts as long as this process."""
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
    """Compile a module for workers, which can't write byte code where they run."""
    py_compile.compile(str(path), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def _readable(folder: Path) -> Path:
    """Make files readable for the sandbox's user with any umask; no other user of this machine can enter the folder."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # a forked child must not remove its parent's folder
        shutil.rmtree(folder, ignore_errors=True)
