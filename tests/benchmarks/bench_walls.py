"""How fast a student's server answers while a neighbour's container takes all that it can get.

A real Hub of the docker place with homes of 300 MB. The peer of each figure is the same server in the same run while
the neighbour is idle: the ratio shows what gets through the walls between containers.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from tito.curriculum import load_curriculum
from tito.staff.image import Course, build_images

from tests.docker.hogs import HOGS, hog
from tests.docker.kernel import kernel_of
from tests.docker.place import TAG, container_of, docker_hub
from tests.e2e.hub import CHECKOUT, write_semester
from tests.security.shell import Shell, shell_of

SAMPLES = 120
SECONDS = 25  # a hog runs longer than the sampling
PAUSE = 0.05  # between samples, like a person at work
Figures = dict[str, list[float]]


def run(report) -> None:
    """Build the image, start the Hub and two servers, and report."""
    course = CHECKOUT / "course"
    build_images(Course(course, [tier.name for tier in load_curriculum(course).tiers]), TAG, ("student", "worker"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        semester = write_semester(folder / "semester", "tensor")
        with semester.open("a") as file:
            file.write("limits: {memory: 2G, cpus: 2, processes: 256, home: 300M}\n")
        with docker_hub(folder / "var", semester, HUB_DOCKER__HOMES=str(folder / "homes")) as hub:
            passwords = hub.passwords()
            shell_of(hub.url, "ada", passwords["ada"])
            ben = shell_of(hub.url, "ben", passwords["ben"])
            asyncio.run(compare(report, ben, container_of(hub, "ada")))


async def compare(report, ben: Shell, neighbour: str) -> None:
    """Measure without a hog, then beside each."""
    async with kernel_of(ben) as kernel:
        await measure(ben, kernel, lambda: True, 10)  # warm up
        quiet = await measure(ben, kernel, lambda: True)
        alone = 1000 * quantile(quiet["1+1 in a kernel"], 0.5)
        report.measure("1+1 in a kernel, nobody beside, p50", alone, "ms", wanted="<= 25")
        for name in HOGS:
            held = hog(neighbour, name, SECONDS)
            await asyncio.to_thread(held.__enter__)
            deadline = time.monotonic() + SECONDS - 1
            beside = await measure(ben, kernel, lambda end=deadline: time.monotonic() < end)
            await asyncio.to_thread(held.__exit__, None, None, None)
            tell(report, name, beside, quiet)


async def measure(ben: Shell, kernel, going_on: Callable[[], bool], samples: int = SAMPLES) -> Figures:
    """Ask ben's server for its state and his kernel for 1+1, in turns."""
    found: Figures = {"a page of the server": [], "1+1 in a kernel": []}
    headers = {"Authorization": f"token {ben.token}"}
    async with httpx.AsyncClient(base_url=ben.hub_url, headers=headers, timeout=60) as client:
        while going_on() and len(found["1+1 in a kernel"]) < samples:
            began = time.monotonic()
            answer = await client.get(f"/user/{ben.name}/api/contents/?content=1")
            assert answer.status_code == 200, answer.text
            found["a page of the server"].append(time.monotonic() - began)
            said, seconds = await kernel.execute("1+1")
            assert said == "2"
            found["1+1 in a kernel"].append(seconds)
            await asyncio.sleep(PAUSE)
    return found


def tell(report, hog_name: str, beside: Figures, quiet: Figures) -> None:
    for what, seconds in beside.items():
        for label, share, wanted in (("p50", 0.5, "<= 3"), ("p99", 0.99, "<= 6")):
            ours, peer = (1000 * quantile(values, share) for values in (seconds, quiet[what]))
            report.ratio(f"{what} beside {hog_name}, {label}", ours, peer, "ms", wanted=wanted)


def quantile(values: list[float], share: float) -> float:
    """Return the value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
