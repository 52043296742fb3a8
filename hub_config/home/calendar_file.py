"""The viewer's own due dates as a calendar file (RFC 5545), which any calendar can import; a pure function."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from hub_config.home.course_map import Module

NAME, MEDIA_TYPE = "due-dates.ics", "text/calendar; charset=utf-8"
LONGEST_LINE = 75  # bytes, without the line end


def calendar(course: str, title: str, modules: Iterable[Module], now: datetime, page: str) -> str:
    """Return a calendar with an entry for each module's due date; `page` is the address before a module's name.

    An entry keeps its identity when its date changes: a calendar that reads the file again moves it.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//TinyTorch//Due dates//EN", "METHOD:PUBLISH"]
    lines.append(f"X-WR-CALNAME:{_text(title)}")
    for module in modules:
        if module.place == "built" and module.due:
            lines += _entry(course, module, module.due.at, now, page)
    return "".join(f"{line}\r\n" for long in [*lines, "END:VCALENDAR"] for line in _folded(long))


def _entry(course: str, module: Module, due: datetime, now: datetime, page: str) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{module.slug}@{course}"
    yield f"DTSTAMP:{_utc(now)}"
    yield f"DTSTART:{_utc(due)}"
    yield f"SUMMARY:{_text(f'{module.title} is due')}"
    yield f"DESCRIPTION:{_text(module.why_due or module.summary)}"
    yield f"URL:{page}{module.slug}"
    yield "TRANSP:TRANSPARENT"  # it does not mark the time as busy
    yield "END:VEVENT"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def _folded(line: str) -> Iterator[str]:
    """Split a line so that none is longer than the standard allows, and no letter is cut apart."""
    start, size = "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > LONGEST_LINE:
            yield start
            start, size = " ", 1
        start, size = start + letter, size + width
    yield start
