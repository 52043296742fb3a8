"""What must hold before `serve` starts: `NotReady` says the rule, what is there, and a line to run."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

LEAST_FREE_MIB = 500


class NotReady(Exception):
    """This machine can't serve as it is."""


def check_disk(folder: Path) -> None:
    """Refuse to start where students' work could not be kept."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free // 2**20
    if free < LEAST_FREE_MIB:
        raise NotReady(
            f"At least {LEAST_FREE_MIB} MB of free disk are needed under {folder}, {free} MB are left.\n"
            "Free some, or keep the Hub's state elsewhere: HUB_VAR=/another/disk/var make serve"
        )
    if not os.access(folder, os.W_OK):
        raise NotReady(f"{folder} can't be written by this user. Run: sudo chown -R $(id -un) {folder}")


def check_port(host: str, port: int) -> None:
    """Refuse to start on a port that somebody listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NotReady(
                f"Port {port} on {host} can't be taken: {error.strerror}.\n"
                f"Take another one: HUB_PORT={port + 1 if port < 65535 else 8001} make serve"
            ) from error


def check_bubblewrap() -> None:
    """Refuse to start where no sandbox can be had: students' code would run unprotected."""
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
            "In a container, allow it user namespaces (--security-opt seccomp=unconfined), or take the docker place."
        )
