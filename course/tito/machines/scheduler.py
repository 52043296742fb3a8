"""The scheduler: Dask's, and in the same process the door for the grading service.

Workers can run code in this process: Dask unpickles what they send. So it runs in a sandbox (`walls.py`) without files
of the course, databases and homes, only with programs and its own certificate.
"""

import asyncio
import logging
import signal
from pathlib import Path

from distributed import Client, Scheduler

from .certificates import server_context
from .door import Door
from .worker import security_of

log = logging.getLogger("grading.scheduler")


def run_scheduler(certificates: Path, host: str, port: int, door_port: int) -> None:
    """Be the scheduler until SIGTERM."""
    asyncio.run(_serve(certificates, host, port, door_port))


async def _serve(certificates: Path, host: str, port: int, door_port: int) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    security = security_of(certificates, "scheduler")
    address = f"tls://{host}:{port}"
    async with (
        Scheduler(host=address, security=security, dashboard=False) as scheduler,
        Client(scheduler.address, asynchronous=True, security=security, set_as_default=False) as client,
    ):
        door = Door(scheduler, client)
        server = await asyncio.start_server(door.answer, host, door_port, ssl=server_context(certificates, "scheduler"))
        async with server:
            log.info("workers: %s, the grading service: tls://%s:%s", scheduler.address, host, door_port)
            telling = asyncio.ensure_future(door.tell_slots())
            await told.wait()
            telling.cancel()
