"""A service's thread that works in rounds: it sleeps in between, can be woken early, and survives a failed round."""

import logging
import threading
from collections.abc import Callable


class Rounds:
    """Call `work` again and again; it returns the seconds to sleep; after a fault the thread sleeps `after_fault`."""

    def __init__(
        self, name: str, work: Callable[[], float], fault: str, after_fault: float, log: logging.Logger
    ) -> None:
        self._work, self._fault, self._after_fault, self._log = work, fault, after_fault, log
        self._wake, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether the present round is the last one."""
        return self._stopping

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the round that runs, if any, and end the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """Begin the next round now: something has changed."""
        self._wake.set()

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                seconds = self._work()
            except Exception:  # the thread's top: a database that is locked or unreachable must not end it
                seconds = self._after_fault
                self._log.exception("%s; trying again in %.0f s", self._fault, seconds)
            self._wake.wait(seconds)
