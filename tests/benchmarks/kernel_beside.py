"""A student's kernel beside other work: how long it takes to answer 1."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from jupyter_client.manager import KernelManager

PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 60.0


class KernelBeside:
    """A kernel that is asked repeatedly."""

    def __enter__(self) -> "KernelBeside":
        self._kernel = KernelManager(kernel_name="python3")
        self._kernel.start_kernel()
        self._client = self._kernel.client()
        self._client.start_channels()
        self._client.wait_for_ready(PATIENCE_SECONDS)
        self._seconds()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._kernel.shutdown_kernel(now=True)

    def seconds_of(self, work: Callable[[], object]) -> list[float]:
        """Ask while `work` runs; return the seconds of each round trip."""
        with self.asked() as seconds:
            work()
        return seconds

    @contextmanager
    def asked(self) -> Iterator[list[float]]:
        """Ask during the block; when it ends, the list has the seconds of each round trip."""
        seconds: list[float] = []
        done = Event()

        def ask() -> None:
            while not done.wait(PAUSE_SECONDS):
                seconds.append(self._seconds())

        thread = Thread(target=ask, name="ask the kernel")
        thread.start()
        try:
            yield seconds
        finally:
            done.set()
            thread.join()

    def _seconds(self) -> float:
        began = time.perf_counter()
        self._client.execute("1", reply=True, timeout=PATIENCE_SECONDS)
        return time.perf_counter() - began
