"""The scheduler: one thread that does what is due and sleeps until the next thing is."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from exchange.hub.rounds import Rounds
from tito.semester import times
from tito.semester.service import schedule
from tito.semester.service.database import Action

LONGEST_SLEEP_SECONDS = 20.0  # a machine's clock may be set, and a laptop's lid may have been closed
log = logging.getLogger("tito.semester")


class Scheduler:
    """Do each action when its time has come; `run(action)` returns what to record or raises why it must be retried."""

    def __init__(self, engine: Engine, run: Callable[[Action], str], now: Callable[[], datetime] = times.now) -> None:
        self._engine, self._run, self._now = engine, run, now
        self._rounds = Rounds("scheduler", self._round, "the schedule could not be read", LONGEST_SLEEP_SECONDS, log)
        self.stop, self.wake = self._rounds.stop, self._rounds.wake

    def start(self) -> None:
        """Queue again what a dead process left, then begin."""
        left = schedule.recover(self._engine)
        if left:
            log.warning("%d action(s) were running when the service last stopped; they will be done again", left)
        self._rounds.start()

    def run_due(self) -> int:
        """Do everything that is due; return how many actions were tried."""
        tried = 0
        while not self._rounds.stopping and (action := schedule.claim(self._engine, self._now())) is not None:
            self._do(action)
            tried += 1
        return tried

    def _do(self, action: Action) -> None:
        what = f"{action.kind} {action.module}"
        try:
            message = self._run(action)
        except Exception as error:  # the service's top: a fault in one action must not stop the others
            log.warning("%s failed at try %d: %s", what, action.tries, error, exc_info=not isinstance(error, OSError))
            schedule.retry_later(self._engine, action, f"{type(error).__name__}: {error}", self._now())
            return
        log.info("%s: %s", what, message)
        schedule.finish(self._engine, action, message, self._now())

    def _round(self) -> float:
        self.run_due()
        return self._sleep_seconds()

    def _sleep_seconds(self) -> float:
        upcoming = schedule.next_time(self._engine)
        if upcoming is None:
            return LONGEST_SLEEP_SECONDS
        return max(0.05, min(LONGEST_SLEEP_SECONDS, (upcoming - self._now()).total_seconds()))
