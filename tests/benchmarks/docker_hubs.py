"""A Hub that starts containers for a benchmark: as ours does, or as plain DockerSpawner does.

Both Hubs are equal but for the spawner: same bridge, proxy, limits, volumes and page. A server is usable once its
JupyterLab page and its API answer through the proxy; ours must also have the released notebook in its home by then.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import TypeVar

from exchange.protocol import scopes
from hub_config.docker.bridge import with_bridge
from hub_config.settings import load_settings
from tests.docker.place import docker, remove_all
from tests.e2e.hub import CHECKOUT, free_port, write_semester
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, as_process, make_settings
from tests.harness.mortal import mortal

PATIENCE_SECONDS = 120
MODULE = "tensor"
CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_ip, c.JupyterHub.hub_port = "{gateway}", {hub_port}
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.authenticator_class = "null"
c.JupyterHub.services = [dict(name="bench", api_token="{token}")]
c.JupyterHub.load_roles = [
    dict(name="bench", services=["bench"], scopes=["admin:users", "admin:servers", "access:servers"])
]
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = c.Spawner.start_timeout = {patience}
"""
OURS = """
from hub_config.settings import load_settings
from hub_config.spawners.docker import apply_containers
settings = load_settings()
limits = settings.limits
student = dict(image="{image}", memory_mib=limits.memory_mib, cpus=limits.cpus, processes=limits.processes, env={env})
apply_containers(c, settings, dict(student=student))
"""
PLAIN = """
from hub_config.settings import load_settings
limits = load_settings().limits
c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = "{image}"
c.DockerSpawner.pull_policy = "never"
c.DockerSpawner.remove = True
c.DockerSpawner.prefix = "{prefix}"
c.DockerSpawner.network_name = "{network}"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.volumes = {{"{prefix}-home-{{username}}": "/home/jovyan"}}
c.DockerSpawner.mem_limit = limits.memory
c.DockerSpawner.cpu_limit = limits.cpus
"""


@dataclass
class BenchHub:
    """A Hub that starts servers of one kind; each start is for a new person with an empty home."""

    hub_url: str  # the Hub itself: its proxy drops a request that takes 20 s, such as a report on a start
    url: str
    token: str
    prefix: str
    pages: tuple[str, ...]
    started: list[str] = field(default_factory=list)
    pid: int = 0
    has_servers_below = False  # containers are not children of the Hub

    def ask(self, method: str, url: str, body: dict | None = None) -> HTTPResponse:
        """Send a request with the token of this benchmark."""
        headers = {"Authorization": f"token {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method, headers=headers)
        return urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)

    def newcomers(self, count: int) -> list[str]:
        """Add new people to the Hub; return their names."""
        names = [f"s{len(self.started) + number}" for number in range(count)]
        self.started += names
        for name in names:
            self.ask("POST", f"{self.hub_url}/users/{name}").close()
        return names

    def seconds_until_usable(self, names: list[str]) -> float:
        """Start these people's servers at the same moment; return the seconds until the last is usable."""
        began = time.perf_counter()
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(self.start, names))
        return time.perf_counter() - began

    def memory_mib(self, name: str) -> float:
        """Return the memory of a server that can't be freed like page cache: anonymous memory, and files in /tmp."""
        script = "cat /sys/fs/cgroup/memory.stat /sys/fs/cgroup/memory/memory.stat 2>/dev/null; true"
        lines = docker("exec", f"{self.prefix}-{name}", "sh", "-c", script).splitlines()
        facts = {key: int(value) for key, value in (line.split() for line in lines)}
        return (facts.get("anon", facts.get("rss", 0)) + facts["shmem"]) / 2**20  # rss in cgroup version 1

    def roots(self, names: list[str]) -> list[int]:
        """Return the first process of each of these servers."""
        containers = [f"{self.prefix}-{name}" for name in names]
        return [int(pid) for pid in docker("inspect", "--format", "{{.State.Pid}}", *containers).split()]

    def remove(self, names: list[str]) -> None:
        """Remove the containers; the Hub notices this later."""
        docker("rm", "--force", *(f"{self.prefix}-{name}" for name in names))

    def start(self, name: str) -> None:
        """Start a person's server and return when it is usable."""
        self.ask("POST", f"{self.hub_url}/users/{name}/server").close()
        self._wait_until_ready(name)
        self.look(name)

    def look(self, name: str) -> None:
        """Open the pages of a server that is ready."""
        for page in self.pages:
            with self.ask("GET", f"{self.url}/user/{name}/{page}") as answer:
                if not answer.read():
                    raise RuntimeError(f"{name}'s server answers {page} with nothing")

    def _wait_until_ready(self, name: str) -> None:
        """Read the Hub's own progress report: repeated requests would slow the Hub down."""
        with self.ask("GET", f"{self.hub_url}/users/{name}/server/progress") as events:
            for line in events:
                event = json.loads(line[5:]) if line.startswith(b"data:") else {}
                if event.get("failed"):
                    raise RuntimeError(f"{name}'s server did not start: {event}")
                if event.get("ready"):
                    return
        raise RuntimeError(f"the Hub stopped reporting on {name}'s server")


SomeHub = TypeVar("SomeHub", bound=BenchHub)


@contextmanager
def two_hubs(ours: str, plain: str, folder: Path) -> Iterator[tuple[BenchHub, BenchHub]]:
    """Run a Hub for each image on one bridge, and an exchange with a released module; remove everything afterwards."""
    network = f"b-{os.urandom(4).hex()}"
    environment = {"HUB_PLACE": "docker", "HUB_VAR": str(folder / "var"), "HUB_DOCKER__NETWORK": network}
    environment |= {"HUB_SEMESTER": str(write_semester(folder / "semester", MODULE))}
    environment |= {"HUB_DOCKER__PREFIX": f"{network}-ours"}
    try:
        gateway = with_bridge(load_settings(environment)).inner_host
        with exchange(gateway, folder) as variables:
            values = {"gateway": gateway, "network": network, "env": variables}
            with (
                hub(
                    CONFIG + OURS, f"{network}-ours", {"image": ours, **values}, environment, folder, BenchHub
                ) as first,
                hub(
                    CONFIG + PLAIN, f"{network}-plain", {"image": plain, **values}, environment, folder, BenchHub
                ) as second,
            ):
                first.pages += (f"api/contents/{MODULE}/{MODULE}.ipynb?content=0",)
                yield first, second
    finally:
        remove_all(network)


@contextmanager
def exchange(host: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run an exchange with a released module; yield the variables with which a student's server finds it."""
    with FakeHub() as people:
        settings = make_settings(folder / "exchange", people, host=host)
        with as_process(people, settings, folder) as live:
            live.open_course(assignment=MODULE, due_at=None)
            token = people.token("student", groups=[scopes.student_group(COURSE)], scope=[scopes.ACCESS])
            yield {"EXCHANGE_URL": live.url, "EXCHANGE_COURSE": COURSE, "COURSE_TOKEN": token}


@contextmanager
def hub(
    config: str, prefix: str, values: dict, environment: dict[str, str], folder: Path, kind: type[SomeHub]
) -> Iterator[SomeHub]:
    """Run a Hub with this configuration."""
    token, port = os.urandom(16).hex(), free_port()
    values = values | {"prefix": prefix, "token": token, "port": port, "patience": PATIENCE_SECONDS}
    values |= {"hub_port": free_port(), "proxy_port": free_port()}
    values |= {"proxy": Path(sys.executable).parent / "configurable-http-proxy"}
    place = folder / prefix
    place.mkdir()
    (place / "config.py").write_text(config.format(**values))
    variables = {"PATH": "/usr/bin:/bin", "CONFIGPROXY_AUTH_TOKEN": token, "PYTHONPATH": str(CHECKOUT), **environment}
    variables |= {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
    with (place / "log").open("w") as log:
        command = [sys.executable, "-m", "jupyterhub", "--config", str(place / "config.py")]
        process = subprocess.Popen(mortal(command), cwd=place, env=variables, stdout=log, stderr=log)
    hub_url = f"http://{values['gateway']}:{values['hub_port']}/hub/api"
    running = kind(hub_url, f"http://127.0.0.1:{port}", token, prefix, ("api", "lab"), pid=process.pid)
    try:
        wait_until_up(running, process, place / "log")
        yield running
    except (OSError, RuntimeError) as error:
        error.add_note((place / "log").read_text()[-3000:])
        raise
    finally:
        process.terminate()
        process.wait(60)


def wait_until_up(hub: BenchHub, process: subprocess.Popen, log: Path) -> None:
    """Wait until the Hub answers through its proxy."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with hub.ask("GET", f"{hub.url}/hub/api/") as answer:
                if "version" in json.load(answer):
                    return
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError(f"the Hub did not come up:\n{log.read_text()[-3000:]}")
