"""One set of images and one Hub of the docker place, shared by a whole test run."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.staff.image import Course, build_images

from tests.docker.place import TAG, docker_hub
from tests.e2e.fixtures import keep_logs
from tests.e2e.hub import CHECKOUT, RunningHub, write_semester
from tests.security.shell import Shell, shell_of

HOME_MB = 300


@pytest.fixture(scope="session")
def real_course() -> Path:
    return CHECKOUT / "course"


@pytest.fixture(scope="session")
def images(real_course: Path) -> dict[str, str]:
    """The student's and the worker's image of the real course, with every tier built by students."""
    tiers = [tier.name for tier in load_curriculum(real_course).tiers]
    return build_images(Course(real_course, tiers), TAG, ("student", "worker"), say=print)


@pytest.fixture
def temporary_image() -> Iterator[str]:
    """The name of an image that is removed after the test; layers of other images stay."""
    name = "tinytorch-hub/planted:test"
    yield name
    subprocess.run(["docker", "image", "rm", "--force", "--no-prune", name], capture_output=True)


@pytest.fixture(scope="session")
def hub(images: dict[str, str], tmp_path_factory) -> Iterator[RunningHub]:
    """A Hub of the docker place with small homes, one open module, students ada, ben, chen, TA tom, instructor ida."""
    folder = tmp_path_factory.mktemp("docker-hub")
    semester = write_semester(folder / "semester", "tensor")
    with semester.open("a") as file:
        file.write(f"limits: {{memory: 4G, cpus: 2, processes: 256, home: {HOME_MB}M}}\n")
    with docker_hub(folder / "var", semester, HUB_DOCKER__HOMES=str(folder / "homes")) as hub:
        try:
            yield hub
        finally:
            keep_logs(hub)


@pytest.fixture(scope="module")
def ada(hub: RunningHub) -> Shell:
    """The attacker."""
    return shell_of(hub.url, "ada", hub.passwords()["ada"])


@pytest.fixture(scope="module")
def ben(hub: RunningHub) -> Shell:
    """The victim, whose server is running too."""
    return shell_of(hub.url, "ben", hub.passwords()["ben"])
