"""A student's container compared with plain DockerSpawner and an ordinary image of the same packages, on one engine.

Measured in turns: the image's size; one start, and ten starts at once until the last server is usable, each with an
empty home (ours fetches the released module into it); and the memory of an idle server: anonymous memory and files in
/tmp, without page cache, which containers of one image share. The plain image is what `python -m venv` and
`pip install` of the same lock produce, and runs an unmodified `jupyterhub-singleuser`.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tito.curriculum import load_curriculum
from tito.staff.image import BASE_IMAGE, Course, build_images

from tests.benchmarks.docker_hubs import BenchHub, two_hubs
from tests.docker.place import docker

CHECKOUT = Path(__file__).resolve().parents[2]
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
ROUNDS, CLASS_ROUNDS, CLASS = 5, 3, 10
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

IS_CLIENT = True  # this process measures others, so it must have time left


def run(report) -> None:
    """Build both images, then measure."""
    course = CHECKOUT / "course"
    tiers = [tier.name for tier in load_curriculum(course).tiers]
    ours = build_images(Course(course, tiers), "bench", ["student"])["student"]
    with plain_image() as plain, tempfile.TemporaryDirectory(prefix="bench-docker-") as folder:
        report.ratio("image size", size_mb(ours), size_mb(plain), "MB", wanted="< 1")
        with two_hubs(ours, plain, Path(folder)) as hubs:
            in_turns(hubs, 1, 1)  # reads both images from disk
            starts = in_turns(hubs, ROUNDS, 1)
            classes = in_turns(hubs, CLASS_ROUNDS, CLASS)
    report.ratio("from start to usable", *medians(starts, "seconds"), "s", wanted="< 1")
    report.ratio(f"{CLASS} starts at once, all usable", *medians(classes, "seconds"), "s", wanted="< 1")
    report.ratio("memory of an idle server", *medians(classes, "mib"), "MiB", wanted="< 1")


def in_turns(hubs: tuple[BenchHub, BenchHub], rounds: int, people: int) -> tuple[list[dict], list[dict]]:
    """Start servers of both kinds, each kind first in every other round; return each kind's figures."""
    figures: tuple[list[dict], list[dict]] = ([], [])
    for number in range(rounds):
        for kind in (0, 1) if number % 2 == 0 else (1, 0):
            figures[kind].append(once(hubs[kind], people))
    return figures


def once(hub: BenchHub, people: int) -> dict[str, float]:
    """Start servers together, measure their memory, and remove them."""
    names = hub.newcomers(people)
    try:
        seconds = hub.seconds_until_usable(names)
        return {"seconds": seconds, "mib": median(hub.memory_mib(name) for name in names)}
    finally:
        hub.remove(names)


def medians(figures: tuple[list[dict], list[dict]], name: str) -> tuple[float, float]:
    ours, plain = (median(each[name] for each in rounds) for rounds in figures)
    return ours, plain


@contextmanager
def plain_image() -> Iterator[str]:
    """Build the peer's image; remove its name afterwards."""
    name = "tinytorch-hub/plain:bench"
    with tempfile.TemporaryDirectory() as folder:
        for lock in ("bootstrap.lock", "student.lock"):
            shutil.copyfile(CHECKOUT / "requirements" / lock, Path(folder) / lock)
        shutil.copyfile(BUNDLE, Path(folder) / "ca.crt")
        (Path(folder) / "Dockerfile").write_text(PLAIN)
        docker("build", "--quiet", "--tag", name, folder, seconds=1200)
    try:
        yield name
    finally:
        subprocess.run(["docker", "image", "rm", "--force", "--no-prune", name], capture_output=True)


def size_mb(image: str) -> float:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6
