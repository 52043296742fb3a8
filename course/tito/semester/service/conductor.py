"""Plan and apply a semester: compare every place with the file, list the changes, make them.

Both take the same list, so a plan shows what apply does. Applying is safe to repeat: the next plan shows what failed
or was cut short.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from exchange.client.exchange_client import ExchangeClient
from exchange.protocol.models import Refused
from tito.curriculum import Curriculum
from tito.errors import TitoError
from tito.semester import times
from tito.semester.read import Sources, Valid, validate
from tito.semester.service import confirmation
from tito.semester.service.change import Change, Confirmation
from tito.semester.service.database import Applied, Confirmed
from tito.semester.service.hub_api import Hub
from tito.semester.service.parts import exchange, gradebook, notebooks, people, policies, receipts, timetable


@dataclass(frozen=True)
class Places:
    """The places that a semester changes."""

    engine: Engine
    course_dir: Path
    curriculum: Callable[[], Curriculum]
    hub: Hub
    exchange: ExchangeClient


@dataclass
class Run:
    """One apply: its changes, its progress, what failed, and what was left out because it was not confirmed.

    `yes` has the keys that were confirmed; None if nobody is watching who could be asked.
    """

    by: str
    began: datetime
    yes: Collection[str] | None
    changes: list[Change] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    lacking: list[Confirmation] = field(default_factory=list)
    made: int = 0
    now_making: str = ""
    finished: bool = False
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return what a page or the terminal shows of it."""
        rows = [
            {**change.as_dict(), "error": self.failed.get(i), "left_out": self.leaves_out(change)}
            for i, change in enumerate(self.changes)
        ]
        return {
            "by": self.by,
            "began": self.began.isoformat(),
            "finished": self.finished,
            "made": self.made,
            "total": len(self.changes),
            "now_making": self.now_making,
            "error": self.error,
            "confirmations": [each.as_dict() for each in self.lacking],
            "changes": rows,
        }

    def leaves_out(self, change: Change) -> bool:
        """Tell whether `change` is left out because it was not confirmed."""
        return change.needs in self.lacking


class Conductor:
    """Makes the places match a semester; one apply at a time."""

    def __init__(
        self, places: Places, on_applied: Callable[[], None], refuse_frozen: Callable[[str], None] = lambda _: None
    ) -> None:
        self._places, self._on_applied, self._refuse_frozen = places, on_applied, refuse_frozen
        self._applying = threading.Lock()
        self.run: Run | None = None

    def plan(self, valid: Valid) -> list[Change]:
        """Return what applying `valid` would change now, in the order in which it is done."""
        return list(self._changes(valid))

    def check(self, valid: Valid, yes: Collection[str]) -> None:
        """Raise TitoError if an apply of `valid` would be refused: it must be confirmed, or another is running."""
        if self._applying.locked():
            raise TitoError("an apply is under way: wait for it to finish")
        self._refuse_frozen(valid.semester.course)
        if lacking := confirmation.lacking(self.plan(valid), yes):
            raise TitoError(confirmation.refusal(lacking))

    def begin(self, valid: Valid, by: str, yes: Collection[str] = ()) -> Run:
        """Apply `valid` in a thread, with the kinds of loss in `yes` confirmed; raise TitoError while another is under
        way.
        """
        if not self._applying.acquire(blocking=False):
            began = self.run.began.isoformat(timespec="seconds") if self.run else "now"
            raise TitoError(f"an apply that began at {began} is under way: wait for it to finish")
        self.run = run = Run(by, times.now(), yes)
        threading.Thread(target=self._apply, args=(valid, run), name="apply", daemon=True).start()
        return run

    def apply_unattended(self, valid: Valid, by: str) -> Run:
        """Apply `valid` except what must be confirmed, and wait for the end."""
        with self._applying:
            self.run = run = Run(by, times.now(), yes=None)
            self._make_all(valid, run)
        return run

    def confirmed(self, course: str) -> list[Confirmed]:
        """Return what was confirmed, newest first."""
        with Session(self._places.engine, expire_on_commit=False) as session:
            rows = select(Confirmed).where(Confirmed.course == course).order_by(Confirmed.id.desc())
            return list(session.scalars(rows))

    def in_force(self) -> Applied | None:
        """Return the semester that was last put in force."""
        with Session(self._places.engine, expire_on_commit=False) as session:
            return session.scalar(select(Applied).order_by(Applied.id.desc()).limit(1))

    def valid_in_force(self) -> Valid | None:
        """Return the semester in force, read against the course as it is now."""
        row = self.in_force()
        if row is None:
            return None
        sources = Sources(row.semester, row.roster, row.semester_name, row.roster_name)
        return validate(sources, self._places.curriculum())

    def _changes(self, valid: Valid) -> Iterator[Change]:
        places, curriculum = self._places, self._places.curriculum()
        spent = exchange.spent_days(valid.semester, places.exchange)
        late = receipts.needs(valid, places.exchange, spent)
        yield from people.changes(valid, places.hub)
        yield from exchange.changes(valid, places.exchange, curriculum, late)
        yield from notebooks.changes(valid, places.engine, curriculum, places.course_dir)
        # Before the grades: what the grading service does from then on must not follow the old late policy.
        yield from policies.changes(valid, curriculum, places.course_dir, late)
        yield from gradebook.changes(valid, places.course_dir, places.engine, late, spent)
        yield from timetable.changes(valid, places.engine, late)

    def _apply(self, valid: Valid, run: Run) -> None:
        try:
            self._make_all(valid, run)
        finally:
            self._applying.release()

    def _make_all(self, valid: Valid, run: Run) -> None:
        try:
            self._refuse_frozen(valid.semester.course)
            changes = self.plan(valid)
            run.lacking = confirmation.lacking(changes, run.yes or ())
            if run.lacking and run.yes is not None:
                raise TitoError(confirmation.refusal(run.lacking))
            run.changes = changes
            self._remember_yes(valid, run)
            for index, change in enumerate(run.changes):
                run.now_making = f"{change.area} {change.subject}"
                self._make(change, index, run)
            if not run.failed and not run.lacking:
                self._record(valid, run.by)
        except TitoError as error:
            run.error = str(error)
        except Exception as error:  # the thread's top: whoever waits for this run must learn how it ended
            run.error = f"{type(error).__name__}: {error}"
        finally:
            run.now_making, run.finished = "", True
            self._on_applied()

    @staticmethod
    def _make(change: Change, index: int, run: Run) -> None:
        try:
            if not run.leaves_out(change):
                change.make()
        except (TitoError, Refused, OSError) as error:  # one place that fails must not hold up the others
            run.failed[index] = str(error)
        run.made += 1

    def _remember_yes(self, valid: Valid, run: Run) -> None:
        given = [each for each in confirmation.needed(run.changes) if each not in run.lacking]
        with Session(self._places.engine) as session, session.begin():
            for each in given:
                session.add(Confirmed(course=valid.semester.course, **each.as_dict(), by=run.by, at=run.began))

    def _record(self, valid: Valid, by: str) -> None:
        sources, row = valid.sources, self.in_force()
        if row is not None and (row.semester, row.roster) == (sources.semester, sources.roster):
            return
        values = {
            "course": valid.semester.course,
            "semester": sources.semester,
            "roster": sources.roster,
            "semester_name": sources.semester_name,
            "roster_name": sources.roster_name,
        }
        with Session(self._places.engine) as session, session.begin():
            session.add(Applied(**values, by=by, at=times.now()))
