"""Learn of new submissions from the exchange and queue a quick run for each, continuing where we left off before a
restart.
"""

import logging
import threading

from sqlalchemy.orm import Session

from exchange.protocol.models import Submission
from tito.curriculum.milestones import is_milestone
from tito.errors import TitoError
from tito.gradebook.frozen import refuse_frozen

from . import exchange_door
from .queue import Queue
from .records import Note
from .settings import GradingSettings

log = logging.getLogger("grading.arrivals")
WAIT_SECONDS = 20  # the exchange answers as soon as something arrives; this only bounds an idle request
RETRY_SECONDS = 3.0
CURSOR = "exchange_cursor"


class Arrivals:
    """Use as a context manager; a thread asks the exchange while the block runs."""

    def __init__(self, settings: GradingSettings, queue: Queue):
        self.settings, self.queue = settings, queue
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grading-arrivals", daemon=True)

    def __enter__(self) -> "Arrivals":
        if self.settings.exchange_url and self.settings.course_id:
            self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        # The thread may be in the middle of a long poll; it is a daemon and writes nothing that could be cut in half.
        self._stopping.set()

    def _run(self) -> None:
        said = ""
        while not self._stopping.is_set():
            try:
                self.take(WAIT_SECONDS)
                said = ""
            except TitoError as error:
                if str(error) != said:
                    log.warning("%s", error)
                    said = str(error)
                self._stopping.wait(RETRY_SECONDS)

    def take(self, wait_seconds: int) -> int:
        """Ask once; queue a quick run for each new submission; return how many. The cursor moves after the queueing, so
        that a death between the two repeats a run instead of losing one."""
        refuse_frozen(self.settings.course_dir)  # they are queued if somebody unfreezes the course
        arrived = exchange_door.new_submissions(self.settings, self._cursor(), wait_seconds)
        for submission in arrived:
            self._queue(submission)
        if arrived:
            self._move_cursor(max(submission.seq for submission in arrived))
        return len(arrived)

    def _queue(self, submission: Submission) -> None:
        """Queue a quick run; a package for a milestone waits for its turn, whichever attempt counts by then."""
        kind, which = (
            ("milestone", {}) if is_milestone(submission.assignment) else ("quick", {"submission": submission.id})
        )
        self.queue.submit(kind, submission.assignment, [submission.student], asked_by="exchange", **which)

    def _cursor(self) -> int:
        with Session(self.queue.engine) as session:
            note = session.get(Note, self._cursor_name())
            return int(note.value) if note else 0

    def _move_cursor(self, seq: int) -> None:
        with Session(self.queue.engine) as session:
            session.merge(Note(name=self._cursor_name(), value=str(seq)))
            session.commit()

    def _cursor_name(self) -> str:
        return f"{CURSOR} {self.settings.course_id}"[:64]
