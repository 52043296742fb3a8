"""The scheduler's sandbox, made with bubblewrap: programs, its certificate, the network, and nothing else.

It has to reach the network, so only files and processes are walled off; services on this machine that don't check who
calls can be reached from inside.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from tito.errors import TitoError

PACKAGES = ("tito", "exchange", "tinytorch")
INSIDE = "/certificates"


def behind_walls(arguments: list[str], shown: Iterable[Path]) -> list[str]:
    """Return the command that runs `python arguments` in a sandbox with these files below /certificates.

    Raises TitoError if bubblewrap can't make one.
    """
    command = [_bubblewrap(), *_walls(shown), "--", sys.executable, *arguments]
    tried = subprocess.run([*command[: command.index("--") + 1], "/usr/bin/true"], capture_output=True, text=True)
    if tried.returncode:
        raise TitoError(
            f"workers could run code in the scheduler, so it needs a sandbox, and bubblewrap can't make one here "
            f"({tried.stderr.strip() or 'no reason given'}): allow user namespaces, or run it with --no-walls in a "
            "separate container or machine that has no files of the course"
        )
    return command


def _bubblewrap() -> str:
    if found := shutil.which("bwrap"):
        return found
    raise TitoError(
        "workers could run code in the scheduler, so it needs a sandbox, and bubblewrap is missing: apt-get install "
        "bubblewrap, or run it with --no-walls in a separate container or machine that has no files of the course"
    )


def _walls(shown: Iterable[Path]) -> list[str]:
    words = [*_namespaces(), "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in _variables().items():
        words += ["--setenv", name, value]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for folder in _folders():
        words += ["--ro-bind", str(folder), str(folder)]
    for path in shown:
        words += ["--ro-bind", str(path), f"{INSIDE}/{path.name}"]
    return [*words, "--remount-ro", "/", "--chdir", "/tmp"]


def _namespaces() -> list[str]:
    users = [] if os.geteuid() == 0 else ["--unshare-user", "--disable-userns"]
    return [*users, "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"]


def _variables() -> dict[str, str]:
    roots = dict.fromkeys(str(_root(name).parent) for name in PACKAGES)
    return {
        "PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(roots),
        "PYTHONDONTWRITEBYTECODE": "1", "DASK_CONFIG": "/tmp/dask",
    }  # fmt: skip


def _folders() -> list[Path]:
    """The system, the environment and the packages themselves, but not the folders around them."""
    own = [Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_path("stdlib")), *map(_root, PACKAGES)]
    system = [Path("/usr"), *(path for path in map(Path, ("/bin", "/lib", "/lib64", "/sbin")) if path.exists())]
    wanted = [*system, *own, *(path for path in map(Path, NAMES) if path.exists())]
    return list(dict.fromkeys(path for path in wanted if not path.is_relative_to("/usr") or path == Path("/usr")))


# Files by which host names become addresses.
NAMES = ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/ld.so.cache")


def _root(package: str) -> Path:
    module = __import__(package)
    return Path(next(iter(module.__path__))).resolve()
