"""Walls around the scheduler, made by bubblewrap: programs, its certificate, the network, and nothing else.

It has to reach the network, so the walls are of files and processes; what listens on this machine without asking who
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
    """Return the command that runs `python arguments` behind walls with these files below /certificates.

    Raises TitoError where bubblewrap can't make them.
    """
    command = [_bubblewrap(), *_walls(shown), "--", sys.executable, *arguments]
    tried = subprocess.run([*command[: command.index("--") + 1], "/usr/bin/true"], capture_output=True, text=True)
    if tried.returncode:
        raise TitoError(
            f"workers could run code in the scheduler, so it stands behind walls, and bubblewrap can't make them here "
            f"({tried.stderr.strip() or 'no reason given'}): allow user namespaces, or give it a container or machine "
            "of its own without any file of the course, and --no-walls"
        )
    return command


def _bubblewrap() -> str:
    if found := shutil.which("bwrap"):
        return found
    raise TitoError(
        "workers could run code in the scheduler, so it stands behind walls, and bubblewrap is missing: apt-get "
        "install bubblewrap, or give it a container or machine of its own without any file of the course, and "
        "--no-walls"
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
    """The system, the environment and the packages themselves: not the folders that these lie in."""
    own = [Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_path("stdlib")), *map(_root, PACKAGES)]
    system = [Path("/usr"), *(path for path in map(Path, ("/bin", "/lib", "/lib64", "/sbin")) if path.exists())]
    wanted = [*system, *own, *(path for path in map(Path, NAMES) if path.exists())]
    return list(dict.fromkeys(path for path in wanted if not path.is_relative_to("/usr") or path == Path("/usr")))


# How hosts' names become addresses.
NAMES = ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/ld.so.cache")


def _root(package: str) -> Path:
    module = __import__(package)
    return Path(next(iter(module.__path__))).resolve()
