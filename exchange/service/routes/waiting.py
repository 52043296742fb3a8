"""Long polls: answer immediately if there is something, else when something comes or the time is up."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from exchange.service.context import Service

T = TypeVar("T")


async def wait_for_rows(service: Service, look: Callable[[], list[T]], wait_seconds: float) -> list[T]:
    """Return the result of `look` (run in a worker thread), waiting up to `wait_seconds` for one that is not empty."""
    loop = asyncio.get_running_loop()
    until = loop.time() + min(wait_seconds, service.settings.longest_wait_seconds)
    while True:
        bell = service.bell.listen()
        try:
            rows = await run_in_threadpool(look)
            left = until - loop.time()
            if rows or left <= 0:
                return rows
            async with asyncio.timeout(left):
                await bell.wait()
        except TimeoutError:
            return []
        finally:
            service.bell.forget(bell)
