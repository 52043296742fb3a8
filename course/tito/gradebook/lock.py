"""One writer at a time for gradebook.db, across processes: the grading service and the formgrader both take this lock.

nbgrader commits an assignment in many small transactions; between two of them nobody else may write.
"""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tito.errors import TitoError

from .frozen import CourseFrozen, refuse_frozen

LOCK_NAME = "gradebook.lock"
POLL_SECONDS = 0.02


class GradebookBusy(TitoError):
    """Somebody else held the gradebook for longer than the caller could wait."""


class GradebookLock:
    """An exclusive lock on a course's gradebook; the kernel frees it when its holder dies."""

    def __init__(self, course_dir: Path):
        self.path = course_dir / LOCK_NAME
        self._file: IO[str] | None = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free, without waiting; raise CourseFrozen if nobody may change anything anymore."""
        handle = self.path.open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            refuse_frozen(self.path.parent)
        except (BlockingIOError, CourseFrozen) as error:
            handle.close()
            if isinstance(error, CourseFrozen):
                raise
            return False
        self._file = handle
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@contextlib.contextmanager
def gradebook_lock(course_dir: Path, timeout_seconds: float = 300.0) -> Iterator[None]:
    """Hold the gradebook while the block runs; raise GradebookBusy if it did not become free in time."""
    lock = GradebookLock(course_dir)
    deadline = time.monotonic() + timeout_seconds
    while not lock.try_acquire():
        if time.monotonic() > deadline:
            raise GradebookBusy(f"{lock.path} was held by another program for {timeout_seconds:g} s: try again")
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()
