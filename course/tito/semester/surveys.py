"""When a semester's surveys are open: from the start of a week, or of a day, for seven days."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tito.semester.model import Semester

OPEN_DAYS = 7


@dataclass(frozen=True)
class Survey:
    """One survey: its name is the day on which it opens; `week` is 0 if the semester file gives a day."""

    name: str
    week: int
    opens: datetime
    closes: datetime


def surveys_of(semester: Semester) -> list[Survey]:
    """Return a semester's surveys in order. Weeks count from the first release, up to the last due date."""
    dates = semester.dates.values()
    if not dates:
        return []
    first = min(each.release for each in dates).astimezone(semester.zone).date()
    last = max(each.due for each in dates)
    found = {}
    for each in semester.surveys:
        survey = _survey(semester, each, first)
        if not survey.week or survey.opens <= last:
            found[survey.name] = survey
    return [found[name] for name in sorted(found)]


def _survey(semester: Semester, when: int | date, first: date) -> Survey:
    week = when if isinstance(when, int) else 0
    day = first + timedelta(weeks=when - 1) if isinstance(when, int) else when
    opens, closes = (
        datetime.combine(each, time(), tzinfo=semester.zone) for each in (day, day + timedelta(days=OPEN_DAYS))
    )
    return Survey(day.isoformat(), week, opens, closes)


def open_survey(semester: Semester, now: datetime) -> Survey | None:
    """Return the survey that is open; the newer one if there are two."""
    return next((each for each in reversed(surveys_of(semester)) if each.opens <= now < each.closes), None)
