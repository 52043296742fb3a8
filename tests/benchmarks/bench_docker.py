"""A student's container against DockerSpawner with a plainly built image of the same packages, on the same engine.

Both are started by the same Hub, in turns: size of the image, time from start to a server that answers, ten starts at
once, memory of an idle server. The plain image is what `python -m venv` and `pip install` of the same lock give.
"""

import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tito.curriculum import load_curriculum
from tito.staff.image import BASE_IMAGE, Course, build_images

CHECKOUT = Path(__file__).resolve().parents[2]
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
ROUNDS, CLASS = 3, 10
PATIENCE_SECONDS = 300
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
CONFIG = """
from hub_config.spawners.docker import ContainerSpawner
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_ip, c.JupyterHub.hub_port = "{gateway}", {hub_port}
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.authenticator_class = "jupyterhub.auth.PAMAuthenticator"
c.JupyterHub.services = [dict(name="bench", api_token="{token}")]
c.JupyterHub.load_roles = [dict(name="bench", services=["bench"], scopes=["admin:users", "admin:servers"])]
c.JupyterHub.spawner_class = {spawner}
c.JupyterHub.concurrent_spawn_limit = 0
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = c.Spawner.start_timeout = 300
c.DockerSpawner.image = "{image}"
c.DockerSpawner.pull_policy = "never"
c.DockerSpawner.remove = True
c.DockerSpawner.prefix = "{prefix}"
c.DockerSpawner.volumes = {{"{prefix}-{{username}}": "/home/jovyan"}}
c.ContainerSpawner.kinds = dict(student=dict(image="{image}", memory_mib=2048, cpus=2.0, processes=256,
    env=dict(EXCHANGE_COURSE="bench", EXCHANGE_URL="http://127.0.0.1:9")))
"""


def run(report) -> None:
    """Measure both in turns; report medians."""
    course = CHECKOUT / "course"
    tiers = [tier.name for tier in load_curriculum(course).tiers]
    ours = build_images(Course(course, tiers), "bench", ["student"])["student"]
    with plain_image() as plain:
        report.ratio("image size", size_mb(ours), size_mb(plain), "MB", wanted="< 1")
        with hub(ours, "ContainerSpawner") as our_hub, hub(plain, '"dockerspawner.DockerSpawner"') as plain_hub:
            first = [(once(our_hub), once(plain_hub)) for _ in range(ROUNDS)]
            together = [(at_once(our_hub), at_once(plain_hub))]
            memory = [(our_hub.idle_mib(), plain_hub.idle_mib())]
    for label, rounds, unit in (
        ("from start to usable", first, "s"),
        (f"{CLASS} starts at once, all usable", together, "s"),
        ("memory of an idle server", memory, "MiB"),
    ):
        report.ratio(label, *(median(pair[i] for pair in rounds) for i in (0, 1)), unit, wanted="< 1")


@dataclass
class BenchHub:
    """A Hub that starts servers of one kind."""

    url: str
    token: str
    prefix: str

    def ask(self, method: str, path: str) -> int:
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def start(self, name: str) -> float:
        """Start a server; return the seconds until JupyterLab's page can be had."""
        self.ask("POST", f"/hub/api/users/{name}")
        began = time.monotonic()
        self.ask("POST", f"/hub/api/users/{name}/server")
        wait_until(lambda: self._page(name), f"{name}'s server")
        return time.monotonic() - began

    def stop(self, name: str) -> None:
        self.ask("DELETE", f"/hub/api/users/{name}/server")
        wait_until(lambda: not docker("ps", "-q", "--filter", f"name=^{self.prefix}-{name}$"), "its end")

    def idle_mib(self) -> float:
        """Return the memory of one server that nobody uses yet, without the page cache."""
        self.start("idle")
        docker("exec", f"{self.prefix}-idle", "true")
        text = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", f"{self.prefix}-idle").split("/")[0].strip()
        self.stop("idle")
        units = {"GiB": 1024.0, "MiB": 1.0}
        return float(text[:-3]) * units[text[-3:]]

    def _page(self, name: str) -> bool:
        address = docker(
            "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", f"{self.prefix}-{name}"
        )
        if not address:
            return False
        try:
            with urllib.request.urlopen(f"http://{address}:8888/user/{name}/api", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def once(hub: BenchHub) -> float:
    """Start and stop one server."""
    seconds = hub.start("one")
    hub.stop("one")
    return seconds


def at_once(hub: BenchHub) -> float:
    """Start a class at the same moment; return the seconds until the last is there."""
    names = [f"student{number}" for number in range(CLASS)]
    began = time.monotonic()
    with ThreadPoolExecutor(CLASS) as pool:
        list(pool.map(hub.start, names))
        seconds = time.monotonic() - began
        list(pool.map(hub.stop, names))
    return seconds


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


@contextmanager
def hub(image: str, spawner: str) -> Iterator[BenchHub]:
    """Run a Hub on Docker's default bridge; remove its containers and volumes afterwards."""
    prefix, token = f"bench-{secrets.token_hex(4)}", secrets.token_hex(16)
    port, hub_port, api_port = free_ports(3)
    gateway = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    proxy = Path(sys.executable).parent / "configurable-http-proxy"
    values = {"port": port, "hub_port": hub_port, "api_port": api_port, "gateway": gateway, "token": token}
    values |= {"image": image, "prefix": prefix, "spawner": spawner, "proxy": proxy}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.py").write_text(CONFIG.format(**values))
        with (Path(folder) / "log").open("w") as log:
            command = [sys.executable, "-m", "jupyterhub", "--config", f"{folder}/config.py"]
            environment = {"PATH": "/usr/bin:/bin", "CONFIGPROXY_AUTH_TOKEN": token, "PYTHONPATH": str(CHECKOUT)}
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        running = BenchHub(f"http://127.0.0.1:{port}", token, prefix)
        try:
            wait_until(lambda: alive(process, Path(folder) / "log") and is_up(running.url), "the Hub")
            yield running
        finally:
            process.terminate()
            process.wait(60)
            for listing, removal in ((("ps", "-aq"), ("rm", "-fv")), (("volume", "ls", "-q"), ("volume", "rm", "-f"))):
                found = docker(*listing, "--filter", f"name={prefix}").split()
                if found:
                    docker(*removal, *found)


def alive(process: subprocess.Popen, log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the Hub ended:\n{log.read_text()[-3000:]}")
    return True


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/hub/api/", timeout=5) as answer:
            return "version" in json.load(answer)
    except OSError:
        return False


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {PATIENCE_SECONDS} s")
        time.sleep(0.05)


def size_mb(image: str) -> float:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def docker(*words: str) -> str:
    """Ask the engine; "" where it does not know what is asked for."""
    return subprocess.run(["docker", *words], capture_output=True, text=True).stdout.strip()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
