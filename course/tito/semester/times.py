"""Dates of a course: written in its time zone, kept in UTC.

A time that the clocks skip or repeat (the hour of a daylight saving change) is refused rather than guessed.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

from tito.semester.problems import Rule

EXAMPLE = "write YEAR-MONTH-DAY HOUR:MINUTE, for example 2026-11-01 23:59"


def zone(name: str) -> ZoneInfo:
    """Return the time zone called `name`, an IANA name such as Europe/Berlin."""
    if name not in available_timezones():
        raise Rule("is not an IANA time zone", "write one such as Europe/Berlin, America/New_York, Asia/Tokyo or UTC")
    return ZoneInfo(name)


def instant(text: object, course_zone: ZoneInfo) -> datetime:
    """Return the UTC time of `text` ("2026-11-01 23:59", or with an offset), read in `course_zone`."""
    if isinstance(text, datetime) and text.tzinfo is not None:
        return text.astimezone(UTC)
    moment = _parse(text)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return _unambiguous(moment, course_zone)


def _parse(text: object) -> datetime:
    if not isinstance(text, str):
        raise Rule("is not a date and time", EXAMPLE)
    try:
        date.fromisoformat(text)
    except ValueError:
        pass
    else:
        raise Rule("has a date but no time of day", EXAMPLE)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Rule(f"is not a date and time ({error})", EXAMPLE) from None


def _unambiguous(moment: datetime, course_zone: ZoneInfo) -> datetime:
    first, second = (moment.replace(tzinfo=course_zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(course_zone).replace(tzinfo=None) != moment:
        raise Rule(f"does not exist in {course_zone.key}, where clocks skip that hour", "choose a time an hour later")
    if first != second:
        offset = moment.replace(tzinfo=course_zone).strftime("%z")
        remedy = f"add the offset, for example {moment:%Y-%m-%d %H:%M}{offset[:3]}:{offset[3:]}"
        raise Rule(f"happens twice in {course_zone.key}, where clocks repeat that hour", remedy)
    return first


def local(moment: datetime, course_zone: ZoneInfo) -> str:
    """Return `moment` as the course's people read it: 2026-11-01 23:59."""
    return moment.astimezone(course_zone).strftime("%Y-%m-%d %H:%M")


def now() -> datetime:
    """Return the present, in UTC."""
    return datetime.now(UTC)
