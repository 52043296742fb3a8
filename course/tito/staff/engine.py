"""Tools for building images: the engine check, the Debian base image, and builds that report their progress."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tito.errors import TitoError

ROOT = Path(__file__).resolve().parents[3]
REPOSITORY = "tinytorch-hub"
BASE_IMAGE = f"{REPOSITORY}/base:bookworm"
TOLD = ("Step ", "#", "==> ")  # how a builder's progress lines begin
Say = Callable[[str], None]


def check_engine() -> None:
    """Raise TitoError if no engine answers."""
    if shutil.which("docker") is None:
        raise TitoError("images are built with Docker, but the docker command is missing: apt-get install docker.io.")
    done = subprocess.run(["docker", "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True)
    if done.returncode != 0:
        raise TitoError(f"no Docker engine answers ({done.stderr.strip()}): start dockerd, or see docker/README.md.")


def make_base(base: str, say: Say) -> None:
    """Make the base image if it is not there."""
    if inspect(base, "{{.Id}}"):
        return
    say(f"making the base image {base}")
    done = subprocess.run(["bash", str(ROOT / "docker" / "base-image.sh"), base], capture_output=True, text=True)
    if done.returncode != 0:
        raise TitoError(f"the base image {base} could not be built:\n{(done.stdout + done.stderr).strip()}")


def inspect(name: str, template: str) -> str:
    """Return a property of an image, "" if there is no such image."""
    done = subprocess.run(["docker", "image", "inspect", "--format", template, name], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def digest_of(context: Path, *stands_on: str) -> str:
    """Return a digest of all files in a build's context, and of what the build is based on."""
    digest = hashlib.sha256("\0".join(stands_on).encode())
    for path in sorted(path for path in context.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(context)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def follow(command: list[str], say: Say) -> None:
    """Run a build and report its steps; if it fails, raise TitoError with the last lines of its output."""
    environment = os.environ | ({} if _has_buildkit() else {"DOCKER_BUILDKIT": "0"})
    words: list[str] = []
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            words.append(line.rstrip())
            if line.startswith(TOLD):
                say(f"    {line.rstrip()[:110]}")
    if process.returncode != 0:
        raise TitoError(f"'{' '.join(command)}' failed:\n" + "\n".join(words[-25:]))


def docker(*words: str) -> str:
    """Run a docker command; raise TitoError with the engine's message if it fails."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise TitoError(f"'docker {words[0]}' failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _has_buildkit() -> bool:
    return subprocess.run(["docker", "buildx", "version"], capture_output=True).returncode == 0
