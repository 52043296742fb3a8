"""What must be true before `serve` starts: `NotReady` states the fault, the value found, and a command to run."""

import os
import shlex
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

LEAST_FREE_MIB = 500
PROGRAMS = (".py", ".yaml", ".json", ".toml", ".cfg", ".pth")  # what a server reads; a roster may be closed


class NotReady(Exception):
    """This machine can't run the Hub in its present state."""


def check_disk(folder: Path) -> None:
    """Refuse to start where students' work could not be kept."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free // 2**20
    if free < LEAST_FREE_MIB:
        raise NotReady(
            f"Not enough disk space under {folder}: {free} MB are free, at least {LEAST_FREE_MIB} MB are needed.\n"
            "Free some space, or keep the Hub's state elsewhere: HUB_VAR=/another/disk/var make serve"
        )
    if not os.access(folder, os.W_OK):
        raise NotReady(f"This user can't write to {folder}. Run: sudo chown -R $(id -un) {folder}")


def check_port(host: str, port: int) -> None:
    """Refuse to start on a port that is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NotReady(
                f"Can't listen on port {port} of {host}: {error.strerror}.\n"
                f"Use another port: HUB_PORT={port + 1 if port < 65535 else 8001} make serve"
            ) from error


def check_bubblewrap() -> None:
    """Refuse to start without a sandbox: students' code would run unprotected."""
    if shutil.which("bwrap") is None:
        raise NotReady("bubblewrap is missing. Run: sudo apt-get install -y bubblewrap")
    if shutil.which("setpriv") is None:
        raise NotReady("setpriv is missing. Run: sudo apt-get install -y util-linux")
    line = ["bwrap", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotReady(
            f"bubblewrap can't make a sandbox here: {done.stderr.strip()}\n"
            "Unprivileged user namespaces may be off. Run: sudo sysctl -w kernel.unprivileged_userns_clone=1\n"
            "or start as root. "
            "In a container, allow it user namespaces (--security-opt seccomp=unconfined), or use the docker place."
        )


def check_readable(folders: Iterable[Path]) -> None:
    """Refuse to start if servers could not read the files they need: a checkout that was made under a strict umask.

    Checking the first two levels is enough, since a umask affects everything that is made under it.
    """
    if os.geteuid() != 0:
        return  # servers keep this user's uid
    for folder in folders:
        for path in (folder, *folder.glob("*"), *folder.glob("*/*")):
            if _is_closed(path):
                raise NotReady(
                    f"Students' servers run as separate users, which can't read {path} "
                    f"(mode {stat.S_IMODE(path.stat().st_mode):03o}; was it made under umask 077?).\n"
                    f"Run: chmod -R go+rX {shlex.quote(str(folder))}"
                )


def _is_closed(path: Path) -> bool:
    if path.name.startswith((".", "__pycache__")) or not path.exists():
        return False
    if path.is_dir():
        return path.stat().st_mode & 0o005 != 0o005
    return path.suffix in PROGRAMS and not path.stat().st_mode & 0o004
