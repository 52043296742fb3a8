"""Whether a home has room, what fills it, and where a server keeps its own files while it has none.

Nothing here needs room itself, or any part of Jupyter.
"""

import errno
import heapq
import os
import stat
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tito.history.room import FULL, give_up
from tito.workspace import Workspace

ENOUGH_BYTES = 1024 * 1024  # with less, saving a notebook may fail
PROBE_BYTES = 64 * 1024
MOST_ENTRIES = 300_000  # checked to find the largest files
ASIDE = "/tmp/home-is-full"
# What Jupyter, IPython, JupyterLab and matplotlib write at start, each into its folder under ASIDE.
WRITTEN_AT_START = {
    "JUPYTER_CONFIG_DIR": "jupyter",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
    "MPLCONFIGDIR": "matplotlib",
}
READ_AT_START = {"JUPYTER_CONFIG_PATH": ".jupyter", "JUPYTER_PATH": ".local/share/jupyter"}


@dataclass(frozen=True)
class Found:
    """A file in the home, by its path there, and the bytes that it takes."""

    path: str
    size: int


def has_room(home: Path) -> bool:
    """Tell whether a notebook can be saved; versions of notebooks are deleted for that, before anything else."""
    while not _has_room(home):
        if not give_up(Workspace(home / "tinytorch"), ENOUGH_BYTES):
            return False
    return True


def _has_room(home: Path) -> bool:
    """Tell from the free space and by trying, which quotas and limits on the number of files require."""
    try:
        free = os.statvfs(home)
        if free.f_bavail * free.f_frsize < ENOUGH_BYTES:
            return False
        with tempfile.NamedTemporaryFile(dir=home, prefix=".room-", buffering=0) as probe:
            probe.write(bytes(PROBE_BYTES))
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno not in FULL
    return True


def free_bytes(home: Path) -> int:
    """Tell how much can still be written."""
    free = os.statvfs(home)
    return free.f_bavail * free.f_frsize


def keep_aside(home: Path, environ: MutableMapping[str, str]) -> None:
    """Redirect what is written at start to memory, but still read existing settings."""
    for name, folder in WRITTEN_AT_START.items():
        environ[name] = f"{ASIDE}/{folder}"
        Path(environ[name]).mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, folder in READ_AT_START.items():
        environ[name] = os.pathsep.join(filter(None, (environ.get(name), str(home / folder))))


def largest_files(home: Path, count: int) -> list[Found]:
    """List the largest files, including hidden ones; links are not followed."""
    return heapq.nlargest(count, _files(home), key=lambda found: found.size)


def _files(home: Path) -> Iterator[Found]:
    seen = 0
    for folder, _, names in os.walk(home):
        for name in names:
            seen += 1
            if seen > MOST_ENTRIES:
                return
            path = Path(folder, name)
            with suppress(OSError):
                facts = path.lstat()
                if stat.S_ISREG(facts.st_mode):
                    yield Found(str(path.relative_to(home)), facts.st_blocks * 512)


def delete_file(home: Path, name: str) -> int:
    """Permanently delete a file in the home; return its bytes. Raise OSError, or ValueError if it is not there."""
    path = home / name
    if (
        Path(name).is_absolute()
        or ".." in Path(name).parts
        or path.parent.resolve() != home.resolve() / Path(name).parent
    ):
        raise ValueError(f"{name!r} is no file of this home")
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise ValueError(f"{name!r} is no file of this home")
    path.unlink()
    return facts.st_blocks * 512


@contextmanager
def replacing(path: str) -> Iterator[Path]:
    """Yield a new file next to `path`, which replaces it if the block succeeds and is deleted otherwise."""
    target = Path(path).resolve()
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, f"File is not writable: {path}")
    made, name = tempfile.mkstemp(prefix=".~", dir=target.parent)
    os.close(made)
    new = Path(name)
    try:
        new.chmod(_mode_of(target))
        yield new
        with new.open("rb") as written:
            os.fsync(written.fileno())
        new.replace(target)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def _mode_of(path: Path) -> int:
    with suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
