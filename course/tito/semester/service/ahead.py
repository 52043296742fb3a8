"""Start the servers of a section before its lab, so that nobody has to wait when a whole class arrives together.

Servers start a few at a time, from some minutes ahead until the lab begins. Each student's is started once for each
lab, so a server that somebody stops stays stopped. A server that nobody uses is idle, and is culled like any other.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from exchange.hub.rounds import Rounds
from tito.errors import TitoError
from tito.semester import times
from tito.semester.labs import Meeting, beginning
from tito.semester.read import Valid
from tito.semester.service.hub_api import Hub

AT_ONCE = 4  # servers starting at the same time: few enough for people at work not to notice
PAUSE_SECONDS, LONGEST_SLEEP_SECONDS = 2.0, 20.0
log = logging.getLogger("tito.semester")


class Ahead:
    """A thread that checks which labs begin soon."""

    def __init__(self, hub: Hub, in_force: Callable[[], Valid | None], now: Callable[[], datetime] = times.now) -> None:
        self._hub, self._in_force, self._now = hub, in_force, now
        self._asked: dict[Meeting, set[str]] = {}
        self._said: set[Meeting] = set()
        self._rounds = Rounds("labs", self.round, "servers for a lab were not started", LONGEST_SLEEP_SECONDS, log)
        self.start, self.stop, self.wake = self._rounds.start, self._rounds.stop, self._rounds.wake

    def round(self) -> float:
        """Start what may be started now; return the seconds until there is more to do."""
        valid = self._in_force()
        soon = beginning(valid.semester, self._now()) if valid else []
        self._asked = {meeting: self._asked.get(meeting, set()) for meeting in soon}
        self._said &= set(soon)
        left = sum(self._start(meeting, valid) for meeting in soon) if valid else 0
        return PAUSE_SECONDS if left else LONGEST_SLEEP_SECONDS

    def _start(self, meeting: Meeting, valid: Valid) -> int:
        """Ask for the servers of a lab's students while there are places; return 0 once all are there."""
        asked = self._asked[meeting]
        expected = [student.username for student in valid.students if meeting.has(student)]
        if not (missing := [name for name in expected if name not in asked]):
            self._say(meeting, valid, len(expected))
            return 0
        servers = self._hub.servers()
        asked.update(servers)
        missing = [name for name in missing if name not in servers]
        places = max(0, AT_ONCE - sum(not ready for ready in servers.values()))
        for name in missing[:places]:
            self._ask(name)
            asked.add(name)
        return 1 + len(missing[places:])  # the round after the last one reports that all are there

    def _ask(self, name: str) -> None:
        try:
            self._hub.start_server(name)
        except TitoError as error:  # one that can't start must not hold up the others
            log.warning("the server of %s was not started ahead of a lab: %s", name, error)

    def _say(self, meeting: Meeting, valid: Valid, expected: int) -> None:
        if meeting not in self._said:
            self._said.add(meeting)
            who = f"section {meeting.section}" if meeting.section else "everybody"
            begins = valid.semester.local(meeting.at)
            log.info("the %d servers of %s were started for the lab at %s", expected, who, begins)

    def progress(self, meeting: Meeting) -> int:
        """Return how many students of a lab that begins soon have a server, started for it or there before."""
        return len(self._asked.get(meeting, ()))
