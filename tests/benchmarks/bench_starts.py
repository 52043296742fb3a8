"""A lab begins: 30 students open the notebook at once, until everybody's first cell has run. The docker place against
plain DockerSpawner with the same packages, in one run; then with servers that were started ahead of the lab; then the
local place against the same, and against JupyterHub's SimpleLocalProcessSpawner, which puts no wall around anybody.

The processor time is split: the Hub, the engine (dockerd, containerd and its shims), the servers, their kernels.
STARTS_STUDENTS=10 makes it short; 30 take about ten minutes, most of them plain DockerSpawner's.
"""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from tito.curriculum import load_curriculum
from tito.staff.image import Course, build_images

from tests.benchmarks.bench_docker import CHECKOUT, plain_image
from tests.benchmarks.bench_idle import pss_mb
from tests.benchmarks.busy import cpu_seconds, descendants
from tests.benchmarks.docker_hubs import BenchHub, two_hubs
from tests.benchmarks.first_cell import run_first_cell
from tests.benchmarks.local_hubs import two_local_hubs

IDLE = 5
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
        tell_memory(report, ours)
    report.ratio(f"{STUDENTS} come at once, until all first cells have run", unexpected, peer, "s", wanted="<= 0.3")
    report.ratio("the same, servers started ahead", ahead, peer, "s", wanted="<= 0.1")
    with tempfile.TemporaryDirectory(prefix="bench-starts-") as folder:
        local(report, Path(folder) / "local", peer)


def local(report, folder: Path, peer: float) -> None:
    """Let the class come to processes of this machine."""
    with two_local_hubs(folder) as (ours, simple):
        for hub in (ours, simple):
            come(hub, 1)
        unexpected = tell(report, "local", ours)
        unwalled = tell(report, "simple", simple)
        ahead = come(ours, STUDENTS, ahead=True)
    report.ratio("local place, until all first cells have run", unexpected, peer, "s", wanted="<= 0.3")
    report.ratio("local place, of SimpleLocalProcessSpawner's", unexpected, unwalled, "s", wanted="< 1")
    report.ratio("local place, servers started ahead", ahead, peer, "s", wanted="<= 0.1")


def tell_memory(report, hub: BenchHub) -> None:
    """Report what a server takes that has no kernel yet, where IDLE share the image's files: PSS of its processes."""
    names = hub.newcomers(IDLE)
    try:
        hub.seconds_until_usable(names)
        report.measure(
            "an idle server without a kernel (PSS)", median(map(server_mb, hub.roots(names))), "MiB", "<= 65"
        )
    finally:
        hub.remove(names)


def server_mb(root: int) -> float:
    return sum(map(pss_mb, (root, *descendants(root))))


def tell(report, label: str, hub: BenchHub) -> float:
    """Let the class come unannounced and report where the processor time went; return the seconds."""
    parts: dict[str, float] = {}
    seconds = come(hub, STUDENTS, parts=parts)
    for name, used in parts.items():
        report.measure(f"{label}: processor seconds of {name}, {STUDENTS} starts", used, "s")
    return seconds


def come(hub: BenchHub, people: int, ahead: bool = False, parts: dict[str, float] | None = None) -> float:
    """Return the seconds until newcomers' first cells have run; `ahead`: their servers are there before."""
    names = hub.newcomers(people)
    own, engine = hub_cpu_seconds(hub), engine_cpu_seconds()
    try:
        if ahead:
            hub.seconds_until_usable(names)
        began = time.perf_counter()
        with ThreadPoolExecutor(people) as pool:
            list(pool.map(lambda name: open_notebook(hub, name, ahead), names))
        seconds = time.perf_counter() - began
        if parts is not None:
            parts |= {"Hub": hub_cpu_seconds(hub) - own, "engine": used_since(engine)}
            parts |= cpu_of_servers(hub.roots(names))
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


def engine_cpu_seconds() -> dict[str, float]:
    """Return what each process of the engine has used: shims come with containers, and go with them."""
    pids = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    return {pid: cpu_seconds(int(pid), with_ended=True) for pid in pids if _name(pid).startswith(ENGINE)}


def used_since(before: dict[str, float]) -> float:
    """Return what the engine's processes of now have used since `before`."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in engine_cpu_seconds().items())


def hub_cpu_seconds(hub: BenchHub) -> float:
    """Return what Hub and proxy have used; servers that are the Hub's children are not among it."""
    servers = {pid for root in hub.roots([]) for pid in (root, *descendants(root))} if hub.has_servers_below else set()
    return sum(cpu_seconds(pid) for pid in {hub.pid, *descendants(hub.pid)} - servers)


def cpu_of_servers(roots: list[int]) -> dict[str, float]:
    """Return the processor seconds of servers and of kernels, given each server's first process."""
    found = {"servers": 0.0, "kernels": 0.0}
    for first in roots:
        for pid in (first, *descendants(first)):
            is_kernel = KERNEL in _command(pid)
            found["kernels" if is_kernel else "servers"] += cpu_seconds(pid, with_ended=not is_kernel)
    return found


def _name(pid: int | str) -> str:
    return _read(pid, "comm")


def _command(pid: int) -> str:
    return _read(pid, "cmdline")


def _read(pid: int | str, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
