"""Tell the Hub that a server is ready as soon as it is.

The Hub's own checks of a starting server grow seconds apart, in which nobody can use a ready server; here they stay
close together. A server that ends while it starts is an error immediately, not after the Hub's timeout.
"""

import asyncio
import time

from jupyterhub.spawner import Spawner

LOOK_SECONDS = 0.1
POLL_SECONDS = 2.0  # asking an engine whether a container runs costs more than checking a port


async def until_it_listens(spawner: Spawner, address: str, port: int) -> tuple[str, int]:
    """Wait until somebody listens there, for as long as the Hub lets the spawner start; return address and port."""
    poll_at = time.monotonic() + POLL_SECONDS
    while not await _listens(address, port):
        if time.monotonic() > poll_at:
            code = await spawner.poll()
            if code is not None:
                raise RuntimeError(f"the server ended while it started (exit code {code}): see its log")
            poll_at = time.monotonic() + POLL_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
    return address, port


async def _listens(address: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), timeout=POLL_SECONDS)
    except OSError:  # a timeout too
        return False
    writer.close()
    return True
