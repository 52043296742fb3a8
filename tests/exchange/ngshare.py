"""ngshare 0.6.0, the known replacement for nbgrader's exchange, in its own environment with SQLAlchemy 1.4, which it
needs.

`ensure()` makes the environment from its hashed lock (`tests/exchange/ngshare.lock`) with uv; `running` starts the
service, which uses the tests' Hub as ours does.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from exchange.protocol import scopes
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import free_port
from tests.harness.mortal import mortal
from tests.harness.plain import PLAIN

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT = CHECKOUT / "build" / "envs" / "ngshare"
LOCK = Path(__file__).with_name("ngshare.lock")
PREFIX = "/services/ngshare/"
START_SECONDS = 30.0
# ngshare listens on all interfaces; in tests it listens on this machine only.
LAUNCH = """
import sys
from tornado.httpserver import HTTPServer
listen = HTTPServer.listen
HTTPServer.listen = lambda self, port, address="", **options: listen(self, port, "127.0.0.1", **options)
from ngshare.ngshare import main
main(sys.argv[1:])
"""


def python() -> Path:
    """Return the interpreter that has ngshare and its nbgrader plugin."""
    return ENVIRONMENT / "bin" / "python"


def is_here() -> bool:
    """Tell whether the environment was made from the current lock."""
    stamp = ENVIRONMENT / "lock"
    return stamp.is_file() and stamp.read_bytes() == LOCK.read_bytes()


def ensure() -> None:
    """Make the environment unless it exists; needs a package index."""
    if is_here():
        return
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "--clear", str(ENVIRONMENT)], check=True)
    install = [uv, "pip", "install", "-q", "--require-hashes", "--python", str(python()), "-r", str(LOCK)]
    subprocess.run(install, check=True)
    (ENVIRONMENT / "lock").write_bytes(LOCK.read_bytes())


@contextlib.contextmanager
def running(hub: FakeHub, folder: Path, admin: str) -> Iterator[str]:
    """Start ngshare and yield its address; `admin` may make courses."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    token = hub.service("ngshare")
    environment = {
        "PATH": os.environ["PATH"],
        "JUPYTERHUB_API_URL": hub.url,
        "JUPYTERHUB_API_TOKEN": token,
        "JUPYTERHUB_CLIENT_ID": "service-ngshare",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": f'["{scopes.ACCESS}"]',
    }
    files = ["--database", f"sqlite:///{folder / 'ngshare.db'}", "--storage", str(folder / "files")]
    command = [str(python()), "-c", LAUNCH, *files, "--admins", admin]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(mortal(command), env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            _wait(process, port, folder / "log")
            yield f"http://127.0.0.1:{port}{PREFIX}"
        finally:
            process.terminate()
            process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/healthz", **PLAIN)
            return
        time.sleep(0.05)
    raise RuntimeError(f"ngshare did not start: {log.read_text()[-2000:]}")
