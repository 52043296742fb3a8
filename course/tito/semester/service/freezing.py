"""Freeze a course: grading first, which reports what is unfinished, then the exchange, which keeps everybody out.

Both may be asked again: what is frozen stays as it is, and the next freeze finishes one that was interrupted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from exchange.client.exchange_client import ExchangeClient
from exchange.protocol.models import Refused, utc_text
from tito.errors import TitoError
from tito.semester import times
from tito.semester.service.database import CANCELLED, PENDING, Action
from tito.semester.service.grading_api import Grading

CANCELLED_BY_FREEZE = "the course was frozen"


class CourseFrozen(TitoError):
    """Nothing in the course changes any more."""


@dataclass(frozen=True)
class Freezing:
    """The parts that a freeze needs; `exchange_for(name)` acts for somebody."""

    engine: Engine
    grading: Grading
    exchange_for: Callable[[str], ExchangeClient]

    def plan(self, course: str) -> dict[str, Any]:
        """Return whether a course is frozen, and what a freeze would affect; nothing is changed."""
        found = self._frozen(course)
        with self.exchange_for("") as exchange:
            questions = exchange.questions(course, waiting=True) if found is None else []
        return {
            **self.grading.freeze_state(),
            "course": course,
            "frozen": found,
            "open_questions": len(questions),
            "coming": self._coming(course),
        }

    def freeze(self, course: str, by: str, leave_undone: bool = False) -> dict[str, Any]:
        """Freeze a course and return what was left undone; raise TitoError naming what grading still has to do."""
        since = utc_text(times.now())
        left = self.grading.freeze(since, by, leave_undone)["left_undone"]
        try:
            with self.exchange_for(by) as exchange:
                found = exchange.freeze(course)
        except Refused:
            self.grading.unfreeze()
            raise
        self._cancel(course)
        return {"frozen": {"since": found.frozen_at, "by": found.frozen_by}, "left_undone": left}

    def unfreeze(self, course: str, by: str) -> None:
        """Unfreeze a course; the next apply brings back what was cancelled."""
        with self.exchange_for(by) as exchange:
            exchange.unfreeze(course)
        self.grading.unfreeze()

    def frozen(self, course: str) -> dict[str, str] | None:
        """Return since when a course is frozen and by whom; None if it is not, or the exchange does not answer."""
        try:
            return self._frozen(course) if course else None
        except Refused:
            return None

    def refuse_frozen(self, course: str) -> None:
        """Raise CourseFrozen in a frozen course."""
        if found := self._frozen(course):
            raise CourseFrozen(
                f"{course} was frozen at {found['since'][:16]} by {found['by']}, and nothing in it changes: unfreeze "
                "it first (tito semester unfreeze)"
            )

    def _frozen(self, course: str) -> dict[str, str] | None:
        try:
            with self.exchange_for("") as exchange:
                found = exchange.course(course).frozen
        except Refused as refused:
            if refused.status == 404:  # none of it was applied yet
                return None
            raise
        return {"since": found.frozen_at, "by": found.frozen_by} if found else None

    def _coming(self, course: str) -> int:
        with Session(self.engine) as session:
            return session.query(Action).filter_by(course=course, state=PENDING).count()

    def _cancel(self, course: str) -> None:
        waiting = (Action.course == course, Action.state == PENDING)
        with Session(self.engine) as session, session.begin():
            session.execute(update(Action).where(*waiting).values(state=CANCELLED, message=CANCELLED_BY_FREEZE))
