"""A worker: takes submissions from the scheduler for its machine's number of judges, until told to leave.

It comes back by itself after a scheduler was away. When told to leave (SIGTERM), it takes nothing new, finishes what it
has, and exits; what it can't finish is given to others.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import tempfile
from pathlib import Path

import dask.config
from distributed import Worker
from distributed.security import Security

from tito.errors import TitoError

from . import carried
from .calls import place_of
from .certificates import files_of
from .door import SLOT
from .judges import Judges

log = logging.getLogger("grading.worker")
AGAIN_SECONDS = 2.0
LEAVE_SECONDS = 60.0  # a judge's longest quick check; longer work is judged again elsewhere


def run_worker(scheduler: str, certificates: Path, slots: int, *, name: str, host: str | None) -> None:
    """Be a worker until SIGTERM. Raises TitoError if student code can't be run in a sandbox on this machine."""
    place_of(scheduler)
    security = security_of(certificates, "worker")
    with tempfile.TemporaryDirectory(prefix="tito-worker-") as folder:
        judges = Judges(slots, Path(folder))
        try:
            if reason := judges.why_not():
                raise TitoError(f"no worker was started: {reason}")
            carried.judges.append(judges.judge)
            asyncio.run(_until_told(scheduler, security, slots, name or default_name(), host, folder))
        finally:
            judges.close()


def default_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


def security_of(certificates: Path, part: str) -> Security:
    """Return Dask's settings to use TLS, and only TLS, as this part."""
    own, authority = map(str, files_of(certificates, part))
    given = {f"tls_{role}_{what}": own for role in ("scheduler", "worker", "client") for what in ("cert", "key")}
    return Security(require_encryption=True, tls_ca_file=authority, **given)


async def _until_told(scheduler: str, security: Security, slots: int, name: str, host: str | None, folder: str) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    while not told.is_set():
        try:
            worker = await Worker(
                scheduler, security=security, name=name, host=host, local_directory=folder, protocol="tls",
                nthreads=slots + 1,  # one more than judges: for the course's part, for which others may be waiting
                resources={SLOT: slots}, memory_limit=0, dashboard=False,
            )  # fmt: skip
        except (OSError, TimeoutError, ValueError) as error:
            log.warning("the scheduler %s can't be reached: %s", scheduler, error)
            await _pause(told)
            continue
        log.info("%s is ready for %s with %s judges", name, scheduler, slots)
        await _work(worker, told)
        await _pause(told)


async def _work(worker: Worker, told: asyncio.Event) -> None:
    leave = asyncio.ensure_future(told.wait())
    ended = asyncio.ensure_future(worker.finished())
    await asyncio.wait((leave, ended), return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        log.info("leaving after finishing the current work")
        with contextlib.suppress(TimeoutError, OSError):
            await asyncio.wait_for(worker.close_gracefully(reason="told to leave"), LEAVE_SECONDS)
        await worker.close(reason="told to leave")
    for each in (leave, ended):
        each.cancel()


async def _pause(told: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(told.wait(), AGAIN_SECONDS)


def quieten() -> None:
    """Turn off what is not needed in Dask, and routine messages in its log."""
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s %(process)d %(levelname)s %(message)s")
    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.WARNING)
    dask.config.set({
        "distributed.worker.profile.enabled": False,
        "distributed.admin.tick.interval": "10s", "distributed.admin.tick.cycle": "10s",
        "distributed.admin.tick.limit": "30s", "distributed.admin.system-monitor.interval": "10s",
        # Each worker is meant to keep its copy of the course's part.
        "distributed.scheduler.active-memory-manager.start": False,
        "distributed.scheduler.worker-ttl": "60s", "distributed.scheduler.work-stealing-interval": "1s",
        "distributed.comm.timeouts.connect": "10s", "distributed.comm.retry.count": 0,
        "distributed.admin.large-graph-warning-threshold": "1GB",
    })  # fmt: skip
