"""The rules of time and attempts, as pure functions: which settings make sense, who may submit now, and when nobody may
any more.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from exchange.protocol.models import AssignmentSettings, Refused, parse_utc, utc_text
from exchange.protocol.schedule import Schedule

MOST_LATE_DAYS = 365
MAX_SECONDS = 10 * 366 * 86400  # ten years; larger ones overflow dates and mean "never", which is None


def check_settings(settings: AssignmentSettings) -> AssignmentSettings:
    """Return settings in canonical form, or raise Refused naming the value that makes no sense."""
    for name in ("grace_seconds", "late_seconds"):
        value = getattr(settings, name)
        if value is not None and not 0 <= value <= MAX_SECONDS:
            raise Refused(f"{name} must be from 0 to {MAX_SECONDS} seconds", str(value), "use null for no limit")
    if settings.attempts is not None and not 1 <= settings.attempts <= 10_000:
        raise Refused(
            "attempts must be from 1 to 10000 (null: any number)", str(settings.attempts), "leave it out for any number"
        )
    if not 0 <= settings.late_days <= MOST_LATE_DAYS:
        raise Refused(f"late_days must be from 0 to {MOST_LATE_DAYS}", str(settings.late_days), "use 0 for none")
    release, due = (_canonical(settings.release_at), _canonical(settings.due_at))
    if release and due and release >= due:
        rule = "an assignment must be due after its release"
        raise Refused(rule, f"release {release}, due {due}", "move one of them")
    return replace(settings, release_at=release, due_at=due)


def _canonical(text: str | None) -> str | None:
    return None if text is None else utc_text(parse_utc(text))


def check_open(schedule: Schedule, at: datetime, used: int, closed_by_student: bool) -> None:
    """Raise Refused unless this student may submit now."""
    if closed_by_student:
        raise Refused(
            "you closed this module to see its solution, so it takes no more submissions",
            remedy="your earlier attempts still count",
            status=409,
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
            "`tito receipt list` shows the attempt that counts",
            409,
        )


def free_at(schedules: Iterable[Schedule]) -> datetime | None:
    """Give the last moment at which anybody may still submit, None if there is no such moment."""
    closing = [schedule.closes_at for schedule in schedules]
    known = [moment for moment in closing if moment is not None]
    return max(known) if len(known) == len(closing) else None
