"""The rules of time and attempts, as pure functions: the one authority on what is on time, late, closed, and what
counts.

A submission is on time until due + grace. After that it is late, counted from the due time, until due + late window;
then the assignment is closed for that student. An extension moves one student's due time and may add attempts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from exchange.protocol.models import AssignmentSettings, Extension, Refused, parse_utc, utc_text

MAX_SECONDS = 10 * 366 * 86400  # ten years; larger ones overflow dates and mean "never", which is None


@dataclass(frozen=True)
class Schedule:
    """One student's times for one assignment."""

    due_at: datetime | None
    grace_seconds: int
    late_seconds: int | None
    attempts: int | None

    @property
    def closes_at(self) -> datetime | None:
        """Give the last moment at which this student may submit, None if there is none."""
        if self.due_at is None or self.late_seconds is None:
            return None
        return self.due_at + timedelta(seconds=max(self.grace_seconds, self.late_seconds))

    def lateness_seconds(self, at: datetime) -> int:
        """Give 0 for on time, else whole seconds (at least 1) since the due time."""
        if self.due_at is None or at <= self.due_at + timedelta(seconds=self.grace_seconds):
            return 0
        return max(1, int((at - self.due_at).total_seconds()))


def check_settings(settings: AssignmentSettings) -> AssignmentSettings:
    """Return settings in canonical form, or raise Refused naming the value that makes no sense."""
    for name in ("grace_seconds", "late_seconds"):
        value = getattr(settings, name)
        if value is not None and not 0 <= value <= MAX_SECONDS:
            raise Refused(f"{name} is between 0 and {MAX_SECONDS} seconds", str(value), "use null for no limit")
    if settings.attempts is not None and not 1 <= settings.attempts <= 10_000:
        raise Refused(
            "attempts is at least 1 (null: any number)", str(settings.attempts), "leave it out for any number"
        )
    release, due = (_canonical(settings.release_at), _canonical(settings.due_at))
    if release and due and release >= due:
        raise Refused("an assignment is due after its release", f"release {release}, due {due}", "move one of them")
    return replace(settings, release_at=release, due_at=due)


def _canonical(text: str | None) -> str | None:
    return None if text is None else utc_text(parse_utc(text))


def schedule_of(settings: AssignmentSettings, extension: Extension | None = None) -> Schedule:
    """Give the times that hold for a student: an extension can move the due time later, never earlier."""
    due = parse_utc(settings.due_at) if settings.due_at else None
    attempts = settings.attempts
    if extension is not None:
        if due is not None and extension.due_at:
            due = max(due, parse_utc(extension.due_at))
        if attempts is not None:
            attempts += extension.extra_attempts
    return Schedule(due, settings.grace_seconds, settings.late_seconds, attempts)


def check_open(schedule: Schedule, at: datetime, used: int, closed_by_student: bool) -> None:
    """Raise Refused unless this student may submit now."""
    if closed_by_student:
        raise Refused(
            "a module that you closed to see its solution takes no more submissions",
            "closed by you",
            "your earlier attempts still count",
            409,
        )
    closes = schedule.closes_at
    if closes is not None and at > closes:
        raise Refused(
            f"the assignment closed at {utc_text(closes)}",
            f"received at {utc_text(at)}",
            "ask your instructor for an extension; your files are untouched",
            409,
        )
    if schedule.attempts is not None and used >= schedule.attempts:
        raise Refused(
            f"the assignment allows {schedule.attempts} attempt(s)",
            f"{used} used",
            "the attempt that counts is shown by `tito receipt list`",
            409,
        )


def free_at(settings: AssignmentSettings, extensions: Iterable[Extension]) -> datetime | None:
    """Give the last moment at which anybody may still submit, None if there is no such moment."""
    closing = [schedule_of(settings, e).closes_at for e in (None, *extensions)]
    known = [moment for moment in closing if moment is not None]
    return max(known) if len(known) == len(closing) else None


class Attempt(Protocol):
    """What `choose` needs to know of a submission."""

    attempt: int
    late: bool
    score: float | None


A = TypeVar("A", bound=Attempt)


def choose(attempts: Sequence[A], counts: str) -> A:
    """Pick the attempt that counts: `last`, `last_on_time` (else the last), or `best` score (the later of equals)."""
    last = max(attempts, key=lambda a: a.attempt)
    if counts == "last_on_time":
        return max((a for a in attempts if not a.late), key=lambda a: a.attempt, default=last)
    if counts == "best":
        return max(attempts, key=lambda a: (a.score if a.score is not None else float("-inf"), a.attempt))
    return last
