"""A runner whose tasks are judged on other machines: as many at a time as there are judges.

Run by the pool as `python -m tito.grading.away_runner`, once, if a scheduler is set. A task is claimed when a judge
is free for it, so what is most urgent then goes first, and the queue's rules are those of one machine. Everything but
the judging (files, records, gradebook) is done here, in a thread for each task.
"""

import os
import queue as queues
import signal
import threading

from .away import judges_of
from .kinds import names_away
from .queue import Queue, Work
from .records import open_database
from .runner import REST_SECONDS, Runner, set_up_process
from .settings import GradingSettings, settings_from_environment


class AwayRunner:
    """Use one per process: if a task is taken away, the process ends, as a runner's does."""

    def __init__(self, settings: GradingSettings, queue: Queue, calls: "queues.SimpleQueue[None]"):
        self.queue, self.calls, self.kinds = queue, calls, names_away()
        self.runner = Runner(settings, queue, calls, when_lost=lambda: os._exit(3))
        self.judges = judges_of(settings)
        self.judges.changed = lambda: calls.put(None)
        self._at_work: set[int] = set()  # ids of the tasks

    def run(self, rest_seconds: float = REST_SECONDS) -> None:
        """Work until told to stop, or until nobody calls for `rest_seconds`; the tasks at hand are finished first."""
        while not self.runner.stopping.is_set():
            self._fill()
            try:
                self.calls.get(timeout=rest_seconds)
            except queues.Empty:
                if not self._at_work and not self.queue.ready(self.kinds):
                    return
        while self._at_work:
            self.calls.get()

    def _fill(self) -> None:
        while len(self._at_work) < self.judges.slots and (work := self.queue.claim(self.runner.name, self.kinds)):
            self._at_work.add(work.task_id)
            threading.Thread(target=self._do, args=(work,), daemon=True).start()

    def _do(self, work: Work) -> None:
        try:
            self.runner.do(work)
        finally:
            self._at_work.discard(work.task_id)
            self.calls.put(None)


def main() -> None:
    calls = set_up_process()
    settings = settings_from_environment()
    away = AwayRunner(settings, Queue(open_database(settings.database_url)), calls)
    signal.signal(signal.SIGTERM, lambda *_: away.runner.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    away.run()


if __name__ == "__main__":
    main()
