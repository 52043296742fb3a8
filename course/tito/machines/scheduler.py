"""The scheduler: Dask's, and in the same process the door for the grading service.

Workers can run code in this process: Dask unpickles what they send. So it runs in a sandbox (`walls.py`) without files
of the course, databases and homes, only with programs and its own certificate.
"""

import asyncio
import logging
import signal
from pathlib import Path
from typing import Any

from distributed import Client, Scheduler

from .certificates import server_context
from .door import Door
from .worker import security_of

log = logging.getLogger("grading.scheduler")
HEARTBEAT_SECONDS = 5.0  # a lost connection is noticed at once, a silent worker after `worker-ttl`
NOTHING_TO_DO = ("idle-timeout", "no-workers-timeout")  # checked four times a second, for time-outs that are not set


class QuietScheduler(Scheduler):
    """Dask's scheduler with fewer heartbeats: by default each worker sends up to two a second, whatever it does."""

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        for name in NOTHING_TO_DO:
            self.periodic_callbacks.pop(name, None)

    def heartbeat_worker(self, **said: Any) -> dict[str, Any]:
        return super().heartbeat_worker(**said) | {"heartbeat-interval": HEARTBEAT_SECONDS}


def run_scheduler(certificates: Path, host: str, port: int, door_port: int) -> None:
    """Be the scheduler until SIGTERM."""
    asyncio.run(_serve(certificates, host, port, door_port))


async def _serve(certificates: Path, host: str, port: int, door_port: int) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    security = security_of(certificates, "scheduler")
    # The client in this process connects in memory: what it sends to the scheduler need not be encrypted.
    listening: dict[str, Any] = {"protocol": ["tls", "inproc"], "host": [host, None], "port": [port, 0]}
    async with (
        QuietScheduler(**listening, security=security, dashboard=False) as scheduler,
        Client(_inside(scheduler), asynchronous=True, security=security, set_as_default=False) as client,
    ):
        door = Door(scheduler, client)
        server = await asyncio.start_server(door.answer, host, door_port, ssl=server_context(certificates, "scheduler"))
        async with server:
            log.info("workers: %s, the grading service: tls://%s:%s", scheduler.address, host, door_port)
            telling = asyncio.ensure_future(door.tell_slots())
            await told.wait()
            telling.cancel()


def _inside(scheduler: Scheduler) -> str:
    addresses = [listener.contact_address for listener in scheduler.listeners]
    return next(each for each in addresses if each.startswith("inproc://"))
