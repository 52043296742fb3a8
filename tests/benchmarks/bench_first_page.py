"""JupyterLab's first page in a slow browser on a slow line: a student's server against stock JupyterLab of the same
packages, in turns, in the same run.

Chromium computes four times as slowly and receives 5 Mbit/s with 40 ms to the server; each visit begins with an empty
cache. The page is interactive when its launcher is there and the browser has answered a frame after that.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser
from tito.staff.ready_pages import compress_pages

from tests.e2e.browser import chromium
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import free_port
from tests.harness.mortal import mortal
from tests.hub_config.single_user import running

ROUNDS = 5
SLOWER, BITS, LATENCY_MILLISECONDS = 4, 5_000_000, 40
PATIENCE_MILLISECONDS = 180_000
LAUNCHER = ".jp-Launcher-body, .jp-LauncherCard"
IS_CLIENT = False  # the browser is what is measured


@dataclass(frozen=True)
class Visit:
    """One first look at a page: seconds until it is interactive, and what came over the line."""

    seconds: float
    megabytes: float


def run(report) -> None:
    """Visit both in turns and report the medians."""
    compress_pages(Path(sys.prefix))  # as `make_environments` and the images do
    with (
        tempfile.TemporaryDirectory(prefix="bench-page-") as folder,
        FakeHub() as hub,
        running(hub, Path(folder) / "home", "http://127.0.0.1:9") as ours,
        stock(Path(folder) / "stock") as (url, token),
        chromium() as browser,
    ):
        places = ((f"{ours.url}lab", ours.token), (f"{url}lab", token))
        for place in places:
            visit(browser, *place)  # the servers read their files from disk once
        visits = [[visit(browser, *place) for place in places] for _ in range(ROUNDS)]
    ours_, peers = zip(*visits, strict=True)
    report.ratio("first page interactive", *(median(v.seconds for v in all_) for all_ in (ours_, peers)), "s", "<= 0.5")
    report.ratio("sent for the first page", *(median(v.megabytes for v in all_) for all_ in (ours_, peers)), "MB")


def visit(browser: Browser, url: str, token: str) -> Visit:
    """Open the page with nothing in the cache."""
    context = browser.new_context(extra_http_headers={"Authorization": f"token {token}"})
    try:
        page = context.new_page()
        tell, received = context.new_cdp_session(page), [0.0]
        tell.send("Network.enable")
        tell.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        line = {"latency": LATENCY_MILLISECONDS, "downloadThroughput": BITS / 8, "uploadThroughput": BITS / 8}
        tell.send("Network.emulateNetworkConditions", {"offline": False, **line})
        tell.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        began = time.perf_counter()
        page.goto(url, wait_until="commit", timeout=PATIENCE_MILLISECONDS)
        page.wait_for_selector(LAUNCHER, timeout=PATIENCE_MILLISECONDS)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        return Visit(time.perf_counter() - began, sum(received) / 1e6)
    finally:
        context.close()


@contextlib.contextmanager
def stock(home: Path) -> Iterator[tuple[str, str]]:
    """Run JupyterLab as it comes, with a home and a configuration of its own."""
    home.mkdir()
    port, token = free_port(), os.urandom(16).hex()
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}", "--allow-root"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.ip=127.0.0.1"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(mortal(command), env=environment, cwd=home, stdout=log, stderr=log)
        try:
            _wait(f"{url}api", process, home / "log")
            yield url, token
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
