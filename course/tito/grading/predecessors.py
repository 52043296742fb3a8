"""The modules that came before the judged one, as a folder to be mounted: of the reference, or of the student's own.

The judged module and later ones are never in it.
"""

import atexit
import functools
import os
import py_compile
import shutil
import stat
import tempfile
from pathlib import Path

from tito.curriculum import Curriculum, Module
from tito.export import export_module

LARGEST_FILE = 2**20  # bytes; an exported module has 30 kB


def reference_predecessors(module: Module, curriculum: Curriculum) -> Path:
    """Return a folder whose core/ has the reference of every prerequisite; made once for each state of the sources."""
    earlier = tuple(other for other in curriculum.before(module) if other.is_written)
    return _made(tuple((other.source, other.source.stat().st_mtime_ns) for other in earlier), earlier)


@functools.lru_cache(maxsize=64)
def _made(state: tuple, modules: tuple[Module, ...]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tito-predecessors-"))
    atexit.register(_remove, folder, os.getpid())
    core = _core_of(folder)
    for module in modules:
        exported = export_module(module)
        (core / exported.file_name).write_text(exported.text, encoding="utf-8")
        _compile(core / exported.file_name)
    return _readable(folder)


def own_predecessors(module: Module, curriculum: Curriculum, own_core: Path, target: Path) -> Path:
    """Fill `target`/core with the student's own prerequisites, and the reference where she has none."""
    reference = reference_predecessors(module, curriculum) / "core"
    core = _core_of(target)
    for path in sorted(reference.glob("*.py")):
        data = _regular_file(own_core / path.name)
        (core / path.name).write_bytes(path.read_bytes() if data is None else data)
    return _readable(target)


def has_own(module: Module, curriculum: Curriculum, own_core: Path) -> bool:
    """Tell whether the student has any of the prerequisites."""
    return any(_regular_file(own_core / f"{other.slug}.py") is not None for other in curriculum.before(module))


def _regular_file(path: Path) -> bytes | None:
    """Read a file of the student's; links and oversized files count as absent."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return None
    with os.fdopen(fd, "rb") as file:
        data = file.read(LARGEST_FILE + 1)
    return data if len(data) <= LARGEST_FILE else None


def _core_of(folder: Path) -> Path:
    core = folder / "core"
    core.mkdir(parents=True, exist_ok=True)
    return core


def _compile(path: Path) -> None:
    """A worker can't write byte code where it runs; ours saves it the compiling."""
    py_compile.compile(str(path), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def _readable(folder: Path) -> Path:
    """Let the sandbox's user read; a temporary folder is its maker's alone."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # a forked child must not take it from its parent
        shutil.rmtree(folder, ignore_errors=True)
