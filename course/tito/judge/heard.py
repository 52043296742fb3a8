"""The messages of the judge's own process while it judges, and the verdict made from them, however the process ends."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from exchange.protocol.verdicts import ExerciseResult, ModuleResult, Note
from tinytorch.testing.exercise import Outcome
from tito.checks.link import Budget, WorkerFault
from tito.checks.plan import Plan, Test
from tito.checks.run import JudgingFailed, NotJudgedNow, Progress, unfinished
from tito.errors import TitoError

from .apart import Bounds, End, Tell

PATIENCE = 1.5  # a check stops itself after `reading_seconds`, unless it is in the middle of one long operation
ENDING_SECONDS = 300.0  # for starting and stopping workers, beyond the wall-clock time of the budget
OURS = {error.__name__: error for error in (TitoError, JudgingFailed, NotJudgedNow)}
# Signals of a process that crashed because of what it read.
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)


class Step:
    """The child's side: reports each step, and ends a check that takes too long to read its values."""

    def __init__(self, tell: Tell, seconds: float):
        self._tell, self._seconds = tell, seconds
        self._runs = 0

    def reading(self, place: str) -> None:
        """Report which cell is read now."""
        self._tell({"reading": place})

    @contextmanager
    def checking(self) -> Iterator[Progress]:
        """Give the function that reports a run's checks, with a time limit on each; only a first run is recorded."""
        self._runs += 1
        signal.signal(signal.SIGPROF, self._end_check)
        try:
            yield self._progress
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _progress(self, test: Test, hidden: bool, outcomes: list[Outcome]) -> None:
        # For work that asks the worker for nothing; `Link.request` checks by itself, since this clock only sees long
        # stretches. Again after each further second: an exception raised while an object is released is lost.
        signal.setitimer(signal.ITIMER_PROF, self._seconds, 1.0)
        told = [asdict(outcome) for outcome in outcomes] if self._runs == 1 else []
        self._tell({"test": test.name, "hidden": hidden, "outcomes": told, "run": self._runs})

    def _end_check(self, number: int, frame: Any) -> None:
        raise WorkerFault("too much", f"a value could not be read within {self._seconds:g} seconds")


def tell_state(
    tell: Tell, slug: str, exercises: Iterable[ExerciseResult], notes: Iterable[Note] = (), refused: str = ""
) -> None:
    """Report a whole verdict; a later one replaces it."""
    tell({"state": ModuleResult(slug, tuple(exercises), tuple(notes), refused).to_json()})


class Heard:
    """The parent's side."""

    def __init__(self, plan: Plan, budget: Budget):
        self._plan, self._seconds = plan, budget.reading_seconds
        self.bounds = Bounds(PATIENCE * budget.reading_seconds, budget.wall_seconds + ENDING_SECONDS)
        self._told: dict[tuple[str, bool], list[Outcome]] = {}
        self._state: ModuleResult | None = None
        self._place = ""
        self._error: dict[str, Any] | None = None

    def hear(self, message: dict[str, Any]) -> None:
        """Handle one message from the child."""
        if "state" in message:
            self._state = ModuleResult.from_json(message["state"])
        elif "reading" in message:
            self._place = message["reading"]
        elif "test" in message:
            self._place = ""
            if message["run"] == 1:
                self._told[message["test"], message["hidden"]] = [Outcome(**each) for each in message["outcomes"]]
        elif "error" in message:
            self._error = message

    def verdict(self, end: End) -> dict[str, Any]:
        """Return refusal, exercises and notes; raise what the child raised, or NotJudgedNow if it was not to blame."""
        if self._error and self._error["error"] == "WorkerFault":  # a check's end that was raised outside it
            end = replace(end, how="silent")
        elif self._error:
            kind = OURS.get(self._error["error"], _Unexpected)
            raise kind(self._error["text"]) from _Unexpected(self._error["trace"])
        if end.how == "done" and self._state:
            return _fields(self._state)
        if end.how == "wall" or (end.how == "died" and end.signal not in CRASHES):
            raise NotJudgedNow(f"the judge's process {_how(end)}; nothing was judged, so nobody lost a point")
        why = self._why(end)
        state = self._state or ModuleResult(self._plan.slug, tuple(unfinished(self._plan, self._told, why)))
        return _fields(replace(state, notes=(*state.notes, Note("", why))))

    def _why(self, end: End) -> str:
        what = f"{self._place} could not be read" if self._place else "a value could not be read"
        if end.how == "silent":
            return f"{what} within {self._seconds:g} seconds, and judging ended there"
        if end.how == "memory":
            return f"{what} in {self.bounds.memory_bytes // 2**20} MB of memory, and judging ended there"
        return f"{what}: the process that read it crashed, and judging ended there"


class _Unexpected(RuntimeError):
    """An unexpected error in the judge's process."""


def _how(end: End) -> str:
    return "got too little time" if end.how == "wall" else f"was killed from outside (signal {end.signal})"


def _fields(state: ModuleResult) -> dict[str, Any]:
    return {"refused": state.refused, "exercises": state.exercises, "notes": state.notes}
