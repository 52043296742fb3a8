"""What the grading service says about a student's module: quick result of visible checks, score, regrade requests."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from exchange.protocol.verdicts import ExerciseResult, ModuleResult, Note
from hub_config.home.moments import Clock, Moment


@dataclass(frozen=True)
class Quick:
    """What the visible checks said about the newest submission, within a minute of it."""

    waiting: bool
    submission: str = ""
    checked: Moment | None = None
    message: str = ""
    exercises: tuple[ExerciseResult, ...] = ()
    notes: tuple[Note, ...] = ()
    again: Moment | None = None  # when it will be tried again because the machine had no time for it
    voids: tuple[str, ...] = ()  # about checks that count for everybody

    @property
    def checks(self) -> int:
        return sum(len(exercise.checks) for exercise in self.exercises)

    @property
    def passing(self) -> int:
        return sum(exercise.passing for exercise in self.exercises)

    @property
    def passed(self) -> bool:
        return bool(self.exercises) and all(exercise.passed for exercise in self.exercises)

    @property
    def words(self) -> str:
        """Say it in one line."""
        if not self.exercises and self.waiting:
            return "Not judged, will be tried again" if self.again else "Being checked"
        if not self.exercises:
            return self.message or "It could not be checked"
        return f"{self.passing} of {self.checks} visible checks pass"


@dataclass(frozen=True)
class Grade:
    """The score of a module whose feedback was released."""

    score: float
    max_score: float
    released: Moment
    unread_answers: int = 0
    unread_points: float = 0.0

    @property
    def is_final(self) -> bool:
        return not self.unread_answers

    @property
    def so_far(self) -> float:
        """The maximum of what has been read."""
        return self.max_score - self.unread_points

    @property
    def to_be_read(self) -> str:
        """What is still to be read, in words; empty if nothing is."""
        if self.is_final:
            return ""
        answers = "1 answer" if self.unread_answers == 1 else f"{self.unread_answers} answers"
        points = f"{round(self.unread_points, 2):g} points"
        return f"{answers} ({points}) {'is' if self.unread_answers == 1 else 'are'} still to be read"


@dataclass(frozen=True)
class Entry:
    """What the course measured for the newest entry, on the public half of its digits."""

    waiting: bool
    accepted: bool
    message: str


@dataclass(frozen=True)
class Turn:
    """A milestone's runs: how the last one ended, and about when the waiting one will be ready."""

    waiting: bool
    message: str = ""
    ran: Moment | None = None
    running: bool = False
    ahead: int = 0
    ready: Moment | None = None
    why: str = ""  # it was stopped, and is tried again
    not_measured: str = ""  # after the last try

    @property
    def words(self) -> str:
        """Say in one line when its turn comes."""
        if self.running:
            return "It is running now"
        others = "1 other run is ahead of it" if self.ahead == 1 else f"{self.ahead} other runs are ahead of it"
        return "It is next, once quick checks and grading are done" if not self.ahead else f"Waiting: {others}"


@dataclass(frozen=True)
class Regrade:
    """A request to look at a grade again, and its answer."""

    exercise: str
    reason: str
    answer: str
    open: bool


def read_quick(row: dict[str, Any] | None, clock: Clock) -> Quick | None:
    """Read the newest quick result of a module, None if there is none."""
    if row is None:
        return None
    verdict = ModuleResult.from_json({"slug": "", **(row.get("report") or {})})
    # A refused submission was not run at all: the reason is the result, not a list of exercises without checks.
    exercises = () if row.get("outcome") == "refused" else verdict.exercises
    return Quick(
        waiting=row["waiting"],
        submission=row.get("submission", ""),
        checked=clock.moment(row.get("checked_at")),
        message=row.get("message", "") or verdict.refused,
        exercises=tuple(exercise.visible() for exercise in exercises),
        notes=verdict.notes,
        again=clock.moment(row.get("again_at")),
        voids=tuple(row.get("voids", ())),
    )


def read_entry(row: dict[str, Any] | None) -> Entry | None:
    """Read how an entry was measured, None if none was handed in."""
    return None if row is None else Entry(row["waiting"], row["accepted"], row["message"])


def read_turn(row: dict[str, Any] | None, clock: Clock) -> Turn | None:
    """Read what the grading service says about a milestone's runs, None if none was requested."""
    if row is None:
        return None
    again, about = clock.moment(row.get("again_at")), timedelta(seconds=row.get("about_seconds", 0.0))
    ready = (max(again.at, clock.now) if again else clock.now) + about
    return Turn(
        waiting=row["waiting"],
        message=row.get("message", ""),
        ran=clock.moment(row.get("run_at")),
        running=row.get("running", False),
        ahead=row.get("ahead", 0),
        ready=clock.moment(ready.isoformat()) if row["waiting"] else None,
        why=row.get("why", ""),
        not_measured=row.get("not_measured", ""),
    )


def read_grade(row: dict[str, Any] | None, clock: Clock) -> Grade | None:
    """Read the score of released feedback, None before its release."""
    if row is None:
        return None
    released = clock.moment(row["released_at"])
    assert released is not None
    unread = row.get("unread_answers", 0), row.get("unread_points", 0.0)
    return Grade(row["score"], row["max_score"], released, *unread)
