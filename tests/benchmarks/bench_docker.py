"""The size of a student's image against a plainly built image of the same packages, on the same engine.

The plain image is what `python -m venv` and `pip install` of the same lock give.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tito.curriculum import load_curriculum
from tito.staff.image import BASE_IMAGE, Course, build_images

CHECKOUT = Path(__file__).resolve().parents[2]
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PLAIN = f"""FROM {BASE_IMAGE}
RUN apt-get update -qq && apt-get install -y -qq python3 python3-venv >/dev/null
COPY ca.crt bootstrap.lock student.lock /build/
RUN python3 -m venv /opt/venv
RUN PIP_CERT=/build/ca.crt /opt/venv/bin/pip install --quiet --require-hashes -r /build/bootstrap.lock
RUN PIP_CERT=/build/ca.crt /opt/venv/bin/pip install --quiet --require-hashes --no-deps -r /build/student.lock
RUN useradd --create-home --uid 1000 jovyan
USER jovyan
WORKDIR /home/jovyan
ENV PATH=/opt/venv/bin:/usr/bin:/bin
CMD ["jupyterhub-singleuser"]
"""


def run(report) -> None:
    """Build both and report."""
    course = CHECKOUT / "course"
    tiers = [tier.name for tier in load_curriculum(course).tiers]
    ours = build_images(Course(course, tiers), "bench", ["student"])["student"]
    with plain_image() as plain:
        report.ratio("image size", size_mb(ours), size_mb(plain), "MB", wanted="< 1")


@contextmanager
def plain_image() -> Iterator[str]:
    """Build the peer's image; remove its name afterwards."""
    name = "tinytorch-hub/plain:bench"
    with tempfile.TemporaryDirectory() as folder:
        for lock in ("bootstrap.lock", "student.lock"):
            shutil.copyfile(CHECKOUT / "requirements" / lock, Path(folder) / lock)
        shutil.copyfile(BUNDLE, Path(folder) / "ca.crt")
        (Path(folder) / "Dockerfile").write_text(PLAIN)
        docker("build", "--quiet", "--tag", name, folder)
    try:
        yield name
    finally:
        docker("image", "rm", "--force", "--no-prune", name)


def size_mb(image: str) -> float:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def docker(*words: str) -> str:
    """Ask the engine; "" where it does not know what is asked for."""
    return subprocess.run(["docker", *words], capture_output=True, text=True).stdout.strip()
