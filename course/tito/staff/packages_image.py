"""The image from which the others take their packages: what the locks name, installed once for all kinds.

Promises: its name is a digest of locks, scripts and base, so that it is made once for all courses on a machine;
downloads stay in a volume, so that a changed lock downloads only what is new in it. This also works if the engine's
client has no BuildKit: the installation is a container that is committed, not a step of a build.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from tito.errors import TitoError
from tito.staff.engine import REPOSITORY, ROOT, Say, digest_of, docker, follow, inspect

LOCKS = ("bootstrap", "student", "staff", "hub", "worker", "node")
FILES = ("packages.Dockerfile", "packages.sh", "trim.sh", "proxy/package.json", "proxy/package-lock.json")
DOWNLOADS = f"{REPOSITORY}-downloads"
# This machine's certificate authorities, used during the build: the first file that exists.
BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class Packages:
    """The packages' image on one base; every image built from it calls `make`, which does the work once."""

    def __init__(self, base: str, force: bool, say: Say) -> None:
        self._base, self._force, self._say = base, force, say

    @cached_property
    def name(self) -> str:
        with _staged() as context:
            return f"{REPOSITORY}/packages:{digest_of(context, inspect(self._base, '{{.Id}}'))[:12]}"

    def make(self) -> str:
        """Make the image if it is not there; return its name."""
        if self._force or not inspect(self.name, "{{.Id}}"):
            self._say(f"installing packages for all images: {self.name}")
            with _staged() as context:
                self._install(self._bare(context))
        self._force = False
        return self.name

    def _bare(self, context: Path) -> str:
        """Build the image in which the installation runs; return its id."""
        answer = context / "id"
        command = ["docker", "build", "--file", str(context / "packages.Dockerfile"), "--iidfile", str(answer)]
        command += ["--build-arg", f"BASE_IMAGE={self._base}", *(["--no-cache"] * self._force), str(context)]
        follow(command, self._say)
        return answer.read_text("utf-8").strip()

    def _install(self, bare: str) -> None:
        container = f"{self.name.replace('/', '-').replace(':', '-')}-{os.getpid()}"
        run = ["docker", "run", "--name", container, "--volume", f"{DOWNLOADS}:/downloads", bare]
        try:
            follow([*run, "sh", "/build/packages.sh"], self._say)
            docker("commit", container, self.name)
        finally:
            docker("rm", "--force", container)


@contextmanager
def _staged() -> Iterator[Path]:
    """Put what the image is made of into a folder."""
    with tempfile.TemporaryDirectory(prefix="tito-packages-") as folder:
        context = Path(folder)
        for name in FILES:
            shutil.copyfile(ROOT / "docker" / name, context / Path(name).name)
        for name in LOCKS:
            shutil.copyfile(ROOT / "requirements" / f"{name}.lock", context / f"{name}.lock")
        shutil.copyfile(_bundle(), context / "ca.crt")
        yield context


def _bundle() -> str:
    paths = (*(os.environ[name] for name in BUNDLES if name in os.environ), SYSTEM_BUNDLE)
    found = next((path for path in paths if Path(path).is_file()), None)
    if found is None:
        raise TitoError(f"no file of certificate authorities was found ({SYSTEM_BUNDLE}): set SSL_CERT_FILE.")
    return found
