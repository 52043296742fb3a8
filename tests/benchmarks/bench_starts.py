"""A lab begins: 30 students open the notebook at once, until everybody's first cell has run. The docker place against
plain DockerSpawner with the same packages, in one run; then with servers that were started ahead of the lab.

The processor time is split: the Hub, the engine (dockerd, containerd and its shims), the servers, their kernels.
STARTS_STUDENTS=10 makes it short; 30 take about five minutes, most of them plain DockerSpawner's.
"""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tito.curriculum import load_curriculum
from tito.staff.image import Course, build_images

from tests.benchmarks.bench_docker import CHECKOUT, plain_image
from tests.benchmarks.busy import cpu_seconds, descendants, tree_cpu_seconds
from tests.benchmarks.docker_hubs import BenchHub, two_hubs
from tests.benchmarks.first_cell import run_first_cell
from tests.docker.place import docker

STUDENTS = int(os.environ.get("STARTS_STUDENTS", "30"))
ENGINE = ("dockerd", "containerd", "docker-proxy", "runc")
KERNEL = "ipykernel"
IS_CLIENT = True  # what is measured is other processes': this one must have time left


def run(report) -> None:
    """Build both images, then let the class come: unannounced to both, and expected by ours."""
    course = CHECKOUT / "course"
    tiers = [tier.name for tier in load_curriculum(course).tiers]
    ours_image = build_images(Course(course, tiers), "bench", ["student"])["student"]
    with (
        plain_image() as plain_name,
        tempfile.TemporaryDirectory(prefix="bench-starts-") as folder,
        two_hubs(ours_image, plain_name, Path(folder)) as (ours, plain),
    ):
        for hub in (ours, plain):
            come(hub, 1)  # reads both images from disk
        unexpected = tell(report, "ours", ours)
        peer = tell(report, "plain", plain)
        ahead = come(ours, STUDENTS, ahead=True)
    report.ratio(f"{STUDENTS} come at once, until all first cells have run", unexpected, peer, "s", wanted="<= 0.3")
    report.ratio("the same, servers started ahead", ahead, peer, "s", wanted="<= 0.1")


def tell(report, label: str, hub: BenchHub) -> float:
    """Let the class come unannounced and report where the processor time went; return the seconds."""
    engine, own = engine_cpu_seconds(), tree_cpu_seconds(hub.pid)
    parts: dict[str, float] = {}
    seconds = come(hub, STUDENTS, parts=parts)
    parts |= {"engine": engine_cpu_seconds() - engine, "Hub": tree_cpu_seconds(hub.pid) - own}
    for name in ("Hub", "engine", "servers", "kernels"):
        report.measure(f"{label}: processor seconds of {name}, {STUDENTS} starts", parts[name], "s")
    return seconds


def come(hub: BenchHub, people: int, ahead: bool = False, parts: dict[str, float] | None = None) -> float:
    """Return the seconds until newcomers' first cells have run; `ahead`: their servers are there before."""
    names = hub.newcomers(people)
    try:
        if ahead:
            hub.seconds_until_usable(names)
        began = time.perf_counter()
        with ThreadPoolExecutor(people) as pool:
            list(pool.map(lambda name: open_notebook(hub, name, ahead), names))
        seconds = time.perf_counter() - began
        if parts is not None:
            parts |= cpu_of_containers([f"{hub.prefix}-{name}" for name in names])
        return seconds
    finally:
        hub.remove(names)


def open_notebook(hub: BenchHub, name: str, is_there: bool) -> None:
    """Do what the button and JupyterLab do: start the server, open its page, run a cell."""
    if is_there:
        hub.look(name)
    else:
        hub.start(name)
    run_first_cell(hub, name)


def engine_cpu_seconds() -> float:
    """Return what the engine has used since it runs; shims of containers that are gone are not among it."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return sum(cpu_seconds(pid, with_ended=True) for pid in pids if _name(pid).startswith(ENGINE))


def cpu_of_containers(names: list[str]) -> dict[str, float]:
    """Return the processor seconds of servers and of kernels in these containers."""
    found = {"servers": 0.0, "kernels": 0.0}
    for first in map(int, docker("inspect", "--format", "{{.State.Pid}}", *names).split()):
        for pid in (first, *descendants(first)):
            is_kernel = KERNEL in _command(pid)
            found["kernels" if is_kernel else "servers"] += cpu_seconds(pid, with_ended=not is_kernel)
    return found


def _name(pid: int) -> str:
    return _read(pid, "comm")


def _command(pid: int) -> str:
    return _read(pid, "cmdline")


def _read(pid: int, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
