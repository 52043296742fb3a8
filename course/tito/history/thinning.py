"""Which versions to keep as time passes: all of the last hour, then the last one of each hour, then of each day."""

from collections.abc import Iterable
from datetime import datetime, timedelta

ALL_FOR = timedelta(hours=1)
HOURLY_FOR = timedelta(days=2)


def too_many(versions: Iterable[tuple[int, datetime, str]], now: datetime) -> set[int]:
    """Return the numbers of versions (number, time, file) that have a later one in their hour or day, per file."""
    last: dict[tuple, int] = {}
    numbers = set()
    for number, moment, name in sorted(versions):
        numbers.add(number)
        last[(name, *_slot(number, moment, now))] = number
    return numbers - set(last.values())


def _slot(number: int, moment: datetime, now: datetime) -> tuple:
    age = now - moment
    if age <= ALL_FOR:
        return ("each", number)
    return ("hour", moment.strftime("%Y%m%d%H")) if age <= HOURLY_FOR else ("day", moment.strftime("%Y%m%d"))
