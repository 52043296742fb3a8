"""Make the student's and the worker's environments on this machine, each from its lock with hashes and its own wheel.

Promises: idempotent (a stamp says what an environment was made of; a second call only builds two small
wheels to compare); one maker at a time; files readable and byte-compiled, so that an unprivileged user can run them and
write nothing.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tito.curriculum import load_curriculum
from tito.errors import TitoError
from tito.staff.interpreter import reachable_python
from tito.staff.package import build_student, build_worker
from tito.staff.ready_pages import compress_pages

KINDS = ("student", "worker")
STAMP = "made-of"


def make_environments(
    root: Path,
    course: Path,
    kinds: tuple[str, ...] = KINDS,
    tiers: list[str] | None = None,
    prebuilt: list[str] | None = None,
    say=lambda line: None,
) -> dict[str, Path]:
    """Make `root/build/envs/KIND` match its lock and wheel; return kind -> folder.

    `tiers` are those that the semester runs, None for all; the modules that they need and those in `prebuilt` come
    prebuilt.
    """
    if tiers is None:
        tiers = [tier.name for tier in load_curriculum(course).tiers]
    packages, envs = root / "build" / "packages", root / "build" / "envs"
    made = {}
    with _alone(root / "build" / ".environments.lock"):
        for kind in kinds:
            wheel = (
                build_student(course, packages, tiers, prebuilt)
                if kind == "student"
                else build_worker(course, packages)
            )
            made[kind] = _make(envs / kind, root / "requirements" / f"{kind}.lock", wheel, say)
            compress_pages(made[kind])
    return made


def _make(folder: Path, lock: Path, wheel: Path, say) -> Path:
    base = reachable_python(folder.parent / "python")
    digest = hashlib.sha256(str(base).encode())
    for path in (lock, wheel):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    wanted = digest.hexdigest()
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    stamp.unlink(missing_ok=True)
    python = folder / "bin" / "python"
    if not _stands_on(folder, base):
        say(f"creating {folder} from {lock.name}")
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--no-project", "--python", str(base), str(folder))
    say(f"installing {lock.name} and {wheel.name} into {folder}")
    install = ("--quiet", "--python", str(python), "--compile-bytecode")
    _uv("pip", "sync", *install, "--require-hashes", str(lock))
    # The version stays the same while the content changes, so uv must not use its cache or skip an installed package.
    _uv("pip", "install", *install, "--no-deps", "--reinstall", "--no-cache", str(wheel))
    stamp.write_text(wanted)
    return folder


def _stands_on(folder: Path, base: Path) -> bool:
    return (folder / "bin" / "python").exists() and (folder / "bin" / "python").resolve() == base.resolve()


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).parent / "uv"
    command = str(uv) if uv.is_file() else shutil.which("uv")
    if command is None:
        raise TitoError("uv is missing: run 'make install', which puts it into .venv.")
    # uv takes the file mode from the umask; an unprivileged user must be able to read what root installs.
    result = subprocess.run([command, *arguments], capture_output=True, text=True, umask=0o022)
    if result.returncode != 0:
        raise TitoError(f"'uv {' '.join(arguments)}' failed:\n{result.stderr.strip()}")


@contextmanager
def _alone(lock: Path):
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
