"""The clockwork: one thread that sends scores once students are shown them, and checks the platform each night."""

import logging
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from exchange.hub.rounds import Rounds
from tito.campus.database import utc_now
from tito.campus.platform.errors import PlatformSilent
from tito.campus.service.campus import Campus
from tito.errors import TitoError

ROUND_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 600.0  # while the platform is down: short enough to notice the end of an hour's outage soon
NIGHT_HOUR = 3
log = logging.getLogger("tito.campus")


class Clockwork:
    """Work for a campus until it is stopped."""

    def __init__(self, campus: Campus, round_seconds: float = ROUND_SECONDS) -> None:
        self._campus, self._round = campus, round_seconds
        self._pause = round_seconds
        self._rounds = Rounds("campus", self._one, "a round of the campus failed", round_seconds, log)
        self.start, self.stop, self.wake = self._rounds.start, self._rounds.stop, self._rounds.wake

    def round(self) -> None:
        """Send what is due, and do the night's work if a night has come; the next round tries again what failed."""
        try:
            self._campus.send()
            self._pause = self._round
        except PlatformSilent as silent:
            self._pause = max(silent.after_seconds, min(self._pause * 2, LONGEST_PAUSE_SECONDS))
            log.warning("the platform takes no scores now, trying again in %.0f s: %s", self._pause, silent)
        except TitoError as error:
            log.warning("scores were not sent: %s", error)
        self._do_the_nights()

    def _do_the_nights(self) -> None:
        last = self._campus.last_look()  # the first is done by somebody who has seen what it changes
        if last is not None and last < last_night(utc_now(), self._zone()):
            self._campus.nightly()

    def _zone(self) -> str:
        try:
            course: dict[str, Any] = self._campus.neighbours.course()
        except TitoError:
            return "UTC"
        return str(course["time_zone"])

    def _one(self) -> float:
        self.round()
        return self._pause


def last_night(now: datetime, zone: str) -> datetime:
    """Return when it was last the hour of the nightly check in the course's zone."""
    local = now.astimezone(ZoneInfo(zone))
    tonight = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight <= local else tonight - timedelta(days=1)
