"""The rule of time, used wherever something is called late: on time until due + grace, then late, counted from the due
time, until due + late window; then closed. An extension moves one student's due time, only ever later.

Lateness is not stored. It is computed from the schedule in force when somebody asks, so that an extension granted after
a submission, or a due date moved after it, applies to that submission too. A receipt says what was true when it was
signed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.protocol.models import AssignmentSettings, Extension, parse_utc


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
        return lateness_of((at - self.due_at).total_seconds(), self.grace_seconds) if self.due_at else 0


def lateness_of(seconds_after_due: float, grace_seconds: float) -> int:
    """Give 0 before the due time and within grace, else whole seconds (at least 1) since the due time."""
    return 0 if seconds_after_due <= grace_seconds else max(1, int(seconds_after_due))


def schedule_of(settings: AssignmentSettings, extension: Extension | None = None, late_days: int = 0) -> Schedule:
    """Return the times that apply to a student: an extension can move the due time later, never earlier, and each late
    day that they spent moves it another 24 hours.
    """
    due = parse_utc(settings.due_at) if settings.due_at else None
    attempts = settings.attempts
    if extension is not None:
        if due is not None and extension.due_at:
            due = max(due, parse_utc(extension.due_at))
        if attempts is not None:
            attempts += extension.extra_attempts
    due = due + timedelta(days=late_days) if due else None
    return Schedule(due, settings.grace_seconds, settings.late_seconds, attempts)


def effective_time(received: datetime, lateness_seconds: int, due: datetime | None) -> datetime:
    """Give the time whose distance from the assignment's due date is the lateness: nbgrader knows no other lateness."""
    if due is None:
        return received
    return due + timedelta(seconds=lateness_seconds) if lateness_seconds else min(received, due)
