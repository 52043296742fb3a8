"""Find the Python for an environment: one that other users can run.

A Hub started by root runs student servers under an unprivileged user, who can't reach a Python in /root. So the running
Python's base is used if everybody can reach it, else another on this machine, else a copy of the base.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LOWEST = (3, 11, 2)
# The parts of the standard library that a server needs; a minimal system Python may lack some.
PROBE = "import ctypes, lzma, sqlite3, ssl, sys; print(*sys.version_info[:3])"
LEFT_OUT = ("test", "__pycache__", "site-packages", "idlelib", "tkinter", "*.a")


def reachable_python(copy_to: Path) -> Path:
    """Find a Python that any user can run; if there is none, a copy is made in `copy_to`."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    if os.geteuid() != 0 or is_reachable(base):
        return base
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        for folder in ("/usr/local/bin", "/usr/bin"):
            found = Path(folder, name).resolve()
            if found.is_file() and is_reachable(found) and _is_fit(found):
                return found
    return _copy(base, copy_to)


def is_reachable(path: Path) -> bool:
    """Return whether a user without special rights can enter every folder of the path and run the file."""
    return path.stat().st_mode & 0o005 == 0o005 and all(folder.stat().st_mode & 0o001 for folder in path.parents)


def _is_fit(python: Path) -> bool:
    result = subprocess.run([str(python), "-I", "-c", PROBE], capture_output=True, text=True)
    return result.returncode == 0 and tuple(map(int, result.stdout.split())) >= LOWEST


def _copy(base: Path, target: Path) -> Path:
    """Copy a Python installation without its tests and site-packages; Python finds its library next to itself."""
    prefix = Path(sys.base_prefix).resolve()
    python = target / base.relative_to(prefix)
    if not python.is_file():
        shutil.rmtree(target, ignore_errors=True)
        fresh = target.with_name(f"{target.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in ("bin", "lib"):
            shutil.copytree(prefix / folder, fresh / folder, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
        fresh.rename(target)
    return python
