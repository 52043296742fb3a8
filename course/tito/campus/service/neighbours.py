"""The services of this course that the campus service asks: semester and grading."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from exchange.hub.asking import ServiceClient
from tito.errors import TitoError

POLL_SECONDS, POLLS = 0.3, 1000


class NeighbourSilent(TitoError, ConnectionError):
    """Nobody answered; trying again later may help."""


class Neighbours:
    """Semester and grading, asked with this service's token."""

    def __init__(self, semester_url: str, grading_url: str, token: str, pause: Callable[[float], object] = time.sleep):
        words: dict[str, Any] = {"timeout_seconds": 120, "refused": TitoError, "silent": NeighbourSilent}
        self._semester = ServiceClient("the semester service", f"{semester_url}/api/v1", token, **words)
        self._grading = ServiceClient("the grading service", f"{grading_url}/api/v1", token, **words)
        self._pause = pause

    def close(self) -> None:
        self._semester.close()
        self._grading.close()

    def course(self) -> dict[str, Any]:
        """Return the semester in force: modules, milestones, time zone."""
        return self._semester.ask("GET", "/course")

    def is_frozen(self) -> bool:
        """Tell whether the course is frozen, so that nothing in it changes any more."""
        return self._semester.ask("GET", "/freeze")["frozen"] is not None

    def points(self, module: str) -> float:
        """Return the maximum points of a module."""
        found = self._semester.ask("GET", f"/modules/{module}")
        return float(sum(each["points"] for part in ("exercises", "written") for each in found[part]))

    def people(self) -> dict[str, Any]:
        """Return the roster and the staff."""
        return self._semester.ask("GET", "/people")

    def plan_roster(self, upload: dict[str, str]) -> dict[str, Any]:
        """Return what a class list would change as the roster."""
        return self._semester.ask("POST", "/roster/plan", json=upload)

    def apply_roster(self, roster: str, seen: str, yes: list[str]) -> dict[str, Any]:
        """Replace the roster with a class list and put it in force; return the apply when it has ended."""
        run = self._semester.ask("POST", "/roster/apply", json={"roster": roster, "seen": seen, "yes": yes})
        for _ in range(POLLS):
            if run["finished"]:
                return run
            self._pause(POLL_SECONDS)  # the semester service has no long poll
            run = self._semester.ask("GET", "/apply")
        raise TitoError("the semester service has not finished applying the roster: `tito semester status` shows why")

    def told(self, since: datetime | None) -> list[dict[str, Any]]:
        """Return the scores that students were shown, from `since` on."""
        return self._grading.ask("GET", "/told", params={"since": since.isoformat()} if since else {})
