"""Our single-user server in a separate process, with `FakeHub` as its Hub; Jupyter and tito are real."""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import hub_config
from exchange.protocol import scopes
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, free_port
from tests.harness.mortal import mortal

CONFIGURATION = Path(hub_config.__file__).parent / "server"
ACCESS = "access:servers!server=ada/"
START_SECONDS = 120.0  # other tests may run on this machine too


@dataclass
class SingleUser:
    """A running server of the student ada."""

    url: str
    token: str
    home: Path
    log: Path
    start: Callable[[], subprocess.Popen]
    process: subprocess.Popen = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.start()

    def kill(self) -> None:
        """Kill it as the operating system does when memory runs out: it can't clean up."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start it again as its owner would, with the same home, address and token."""
        self.process = self.start()
        self.wait()

    def ask(self, path: str, body: dict | None = None, token: str = "") -> tuple[int, bytes]:
        """Send a request; return status and content."""
        headers = {"Authorization": f"token {token or self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def wait(self) -> None:
        """Wait for the first answer."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended:\n{self.log.read_text()[-3000:]}")
            with contextlib.suppress(OSError):
                if self.ask("api")[0] == 200:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"no answer within {START_SECONDS} s:\n{self.log.read_text()[-3000:]}")


@contextlib.contextmanager
def running(
    hub: FakeHub, home: Path, exchange_url: str, settings: dict[str, str] | None = None
) -> Iterator[SingleUser]:
    """Start a student's server with this home, and end it afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    token = hub.token("ada", groups=[scopes.student_group(COURSE)], scope=[scopes.ACCESS, ACCESS])
    url, log = f"http://127.0.0.1:{port}/user/ada/", home.parent / f"{home.name}.log"
    command = [sys.executable, str(CONFIGURATION / "launch.py"), *(["--allow-root"] * (os.geteuid() == 0))]
    # A socket's path can have 107 characters: spawners use a short folder, but pytest's folders are longer.
    with tempfile.TemporaryDirectory(prefix="runtime-", ignore_cleanup_errors=True) as runtime, log.open("w") as output:
        environment = _environment(hub, home, url, token) | {"JUPYTER_RUNTIME_DIR": runtime}
        environment |= {"EXCHANGE_URL": exchange_url} | (settings or {})
        start = functools.partial(
            subprocess.Popen, mortal(command), env=environment, cwd=home, stdout=output, stderr=output
        )
        server = SingleUser(url, token, home, log, start)
        try:
            server.wait()
            yield server
        finally:
            _end(server.process)


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        # Its signal handler writes to the log; a signal that arrives during a write is lost. Spawners then kill it.
        process.kill()
        process.wait()


def _environment(hub: FakeHub, home: Path, url: str, token: str) -> dict[str, str]:
    """Return the environment that a spawner and our images set."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TINYTORCH_HOME": str(home / "tinytorch"),
        "SERVER_KIND": "student",
        "JUPYTER_CONFIG_PATH": f"{CONFIGURATION}/student:{CONFIGURATION}",
        "EXCHANGE_COURSE": COURSE,
        "JUPYTERHUB_USER": "ada",
        "JUPYTERHUB_SERVER_NAME": "",
        "JUPYTERHUB_API_TOKEN": token,
        "JUPYTERHUB_API_URL": hub.url,
        "JUPYTERHUB_ACTIVITY_URL": "",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
        "JUPYTERHUB_SERVICE_URL": url,
        "JUPYTERHUB_DEFAULT_URL": "/lab",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/ada/oauth_callback",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([ACCESS]),
        "JUPYTERHUB_OAUTH_SCOPES": json.dumps([ACCESS]),
    }
