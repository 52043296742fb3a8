"""The keys of a semester file, with their defaults and bounds.

Unknown keys are refused. Times are read in the course's zone (the validation context's `zone`) and kept in UTC.
Checks that need the curriculum (is the module written?) or several keys (is the extension's student enrolled?) are
in `checks`.
"""

import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from exchange.protocol.names import NoName, name_from
from exchange.protocol.schedule import Schedule
from tito.curriculum.milestones import assignment_of
from tito.semester import times
from tito.semester.problems import Rule

COURSE_ID = re.compile(r"[a-z][a-z0-9-]{2,62}")
SIZE = re.compile(r"[0-9]+[MG]")
MOST_WEEKS = 60


def _instant(value: object, info: ValidationInfo) -> datetime:
    zone = (info.context or {}).get("zone") or ZoneInfo("UTC")
    return times.instant(value, zone)


def _week_or_day(value: object) -> int | date:
    """Return a week of the semester, or the day of `2026-10-19`."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_WEEKS:
        return value
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        remedy = f"write a week from 1 to {MOST_WEEKS}, such as 3, or a day, such as 2026-10-19"
        raise Rule("is neither a week of the semester nor a day", remedy) from None


def _day(value: object) -> date:
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise Rule("is not a day", "write YEAR-MONTH-DAY, such as 2026-12-22") from None


def _username(value: object) -> str:
    """Return a person's name in the form that the login service gives it."""
    if isinstance(value, int):
        raise Rule("was read as a number, without any leading zeros", 'write it in quotes, as "0012345"')
    if not isinstance(value, str):
        raise Rule("is not a user name", "write the name that the person logs in with")
    try:
        return name_from(value)
    except NoName as error:
        raise Rule("is not a user name", f"write the name that the person logs in with: {error}") from None


def _zone(value: str) -> str:
    times.zone(value)
    return value


def _matches(pattern: re.Pattern[str], rule: str, remedy: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise Rule(rule, remedy)
        return value

    return AfterValidator(check)


Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
WeekOrDay = Annotated[int | date, BeforeValidator(_week_or_day)]
Username = Annotated[str, BeforeValidator(_username)]
CourseId = Annotated[
    str,
    _matches(COURSE_ID, "is not a course id", "use lower-case letters, digits and '-', as in tinytorch-2026-fall"),
]
Size = Annotated[str, _matches(SIZE, "is not a size", "write a whole number with M or G, for example 2G")]
ZoneName = Annotated[str, AfterValidator(_zone)]


class Part(BaseModel):
    """A part of the file: immutable, no unknown keys, no values silently converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ModuleDates(Part):
    """When a module opens and when it is due."""

    release: Instant
    due: Instant

    @model_validator(mode="after")
    def _due_follows_release(self) -> "ModuleDates":
        if self.due <= self.release:
            raise Rule("is due before it is released", "make `due` later than `release`")
        return self


class Late(Part):
    """What happens after the due date: grace without penalty, a window with one, then nothing is accepted."""

    grace_minutes: int = Field(default=15, ge=0, le=24 * 60)
    window_hours: int = Field(default=48, ge=0, le=60 * 24)
    penalty_percent_per_day: float = Field(default=10, ge=0, le=100)
    maximum_percent: float = Field(default=100, ge=0, le=100)

    @property
    def grace_seconds(self) -> int:
        return self.grace_minutes * 60

    @property
    def window_seconds(self) -> int:
        return self.window_hours * 3600


class LateDays(Part):
    """Days of 24 hours that students may add to due dates without asking: in the semester, and on one module."""

    semester: int = Field(default=0, ge=0, le=100)
    per_module: int = Field(default=2, ge=1, le=14)

    @property
    def on_one(self) -> int:
        """Return how many a student may use on one module."""
        return min(self.semester, self.per_module)


class Attempts(Part):
    """How often a student may submit a module, and which attempt is graded."""

    limit: int = Field(default=50, ge=1, le=1000)
    counts: Literal["last", "last_on_time", "best"] = "last_on_time"


class Grading(Part):
    """Whose earlier modules the judge uses, and how many of the 100 points are graded by people (0 for none)."""

    mode: Literal["best", "reference", "own"] = "best"
    manual_percent: int = Field(default=10, ge=0, le=50)


class Milestone(Part):
    """A historical result re-run with the student's own framework, for points of its own."""

    due: Instant
    points: int = Field(ge=0, le=1000)


class SemesterLimits(Part):
    """What one student's server may use."""

    memory: Size = "2G"
    home: Size = "5G"
    cpus: float = Field(default=2, gt=0, le=64)
    processes: int = Field(default=512, ge=64, le=32768)
    idle_minutes: int = Field(default=60, ge=5, le=24 * 60)
    # How long one computation keeps an unused server running; 0: idle minutes count from its last message.
    busy_hours: int = Field(default=12, ge=0, le=7 * 24)


class Staff(Part):
    """Who teaches. Instructors run the semester and grade; TAs grade."""

    instructors: list[Username] = Field(min_length=1)
    tas: list[Username] = []


class Conflict(Part):
    """A student whose work a member of the staff does not grade; nobody needs to list themselves."""

    grader: Username
    student: Username


class Extension(Part):
    """A later due date for one student in one module; grace and late window count from it."""

    student: Username
    module: str
    due: Instant
    reason: str = ""


class Accommodation(Part):
    """More time for one student in all modules that are due after `since`: a factor on the time from release to due
    date, or days; grace and late window count from there.
    """

    student: Username
    factor: float | None = Field(default=None, gt=1, le=10)
    days: int | None = Field(default=None, ge=1, le=365)
    since: Instant | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> "Accommodation":
        if (self.factor is None) == (self.days is None):
            raise Rule("must give either a factor or days", "write `factor: 1.5` or `days: 3`")
        return self

    def due(self, dates: ModuleDates, zone: ZoneInfo) -> datetime | None:
        """Return the student's due date for a module, at the same local time; None if they get no more time for it."""
        if self.since is not None and dates.due <= self.since:
            return None
        if self.days is not None:
            return (dates.due.astimezone(zone) + timedelta(days=self.days)).astimezone(UTC)
        assert self.factor is not None
        minutes = (dates.due - dates.release).total_seconds() * self.factor / 60
        return dates.release + timedelta(minutes=math.ceil(round(minutes, 6)))  # due dates are whole minutes

    @property
    def words(self) -> str:
        """The reason of the extensions that come from it."""
        gives = f"{self.factor:g} times the time" if self.factor else f"{self.days} days more"
        return f"{gives} in every module" + (f": {self.reason}" if self.reason else "")


class Lab(Part):
    """A weekly meeting before which the servers of a section's students are started; no section is everybody."""

    section: str = Field(default="", max_length=80)
    first: Instant
    weeks: int = Field(default=1, ge=1, le=MOST_WEEKS)
    without: list[Day] = Field(default=[], max_length=MOST_WEEKS)  # days on which it does not take place
    minutes_ahead: int = Field(default=15, ge=1, le=60)


class Semester(Part):
    """A whole semester file."""

    course: CourseId
    title: str = Field(min_length=1, max_length=120)
    time_zone: ZoneName
    tiers: list[str] = []
    modules: list[str] = []
    schedule: dict[str, ModuleDates]
    late: Late = Late()
    late_days: LateDays = LateDays()
    attempts: Attempts = Attempts()
    # When students get the reference of a module that they could not finish: once nobody may submit any more (or as
    # soon as a student gives up submitting it), or never.
    unlock: Literal["when_closed", "never"] = "when_closed"
    # Whether students who are stuck ask staff in the exchange; a course may have another place for that.
    questions: bool = True
    # When the course ends: from then on, all of it can be read and nothing in it changes.
    freeze: Instant | None = None
    # How long students' work is kept after the freeze, before `tito semester delete` removes it without --early.
    keep_months: int | None = Field(default=None, ge=1, le=240)
    # When students are asked about the course: weeks since the first release, or days.
    surveys: list[WeekOrDay] = Field(default=[3, 6, 9, 12], max_length=30)
    grading: Grading = Grading()
    milestones: dict[str, Milestone] = {}
    labs: list[Lab] = Field(default=[], max_length=100)
    limits: SemesterLimits = SemesterLimits()
    staff: Staff
    # Which members of the staff read which of the roster's sections; those listed in none read all.
    sections: dict[str, list[Username]] = {}
    conflicts: list[Conflict] = []
    roster: str = "roster.csv"
    extensions: list[Extension] = []
    accommodations: list[Accommodation] = []

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def dates(self) -> dict[str, ModuleDates]:
        """Return the dates of all that is handed in: modules, and milestones, open from the first release on."""
        opens = min((dates.release for dates in self.schedule.values()), default=None)
        milestones = {
            assignment_of(name): ModuleDates.model_construct(release=opens or each.due, due=each.due)
            for name, each in self.milestones.items()
        }
        return {**self.schedule, **milestones}

    def closes(self, module: str) -> datetime:
        """Return the last moment at which anybody may submit `module`."""
        return self.closes_after(max(self.dues(module)))

    def closes_after(self, due: datetime) -> datetime:
        """Return when the exchange stops accepting work that is due then."""
        closes_at = Schedule(due, self.late.grace_seconds, self.late.window_seconds, None).closes_at
        assert closes_at is not None  # there is a due time and a window
        return closes_at

    def dues(self, module: str) -> list[datetime]:
        """Return the due date of `module` and, after it, those that extensions and late days can make of it."""
        dues = {self.dates[module].due, *(extension.due for extension in self.extended(module))}
        return sorted(
            dues | {due + timedelta(days=days) for due in dues for days in range(1, self.late_days.on_one + 1)}
        )

    def extended(self, module: str) -> list[Extension]:
        """Return who has more time for `module`, one entry per student: the later of extension and accommodation."""
        latest: dict[str, Extension] = {}
        for each in [*self._accommodated(module), *(each for each in self.extensions if each.module == module)]:
            if each.student not in latest or each.due >= latest[each.student].due:
                latest[each.student] = each
        return list(latest.values())

    def _accommodated(self, module: str) -> Iterator[Extension]:
        for each in self.accommodations:
            if module in self.dates and (due := each.due(self.dates[module], self.zone)):
                yield Extension(student=each.student, module=module, due=due, reason=each.words)

    def local(self, moment: datetime) -> str:
        """Return `moment` in the course's time zone, as 2026-11-01 23:59."""
        return times.local(moment, self.zone)


def known_keys(path: tuple[Any, ...]) -> list[str]:
    """Return the keys that the mapping at `path` may have, for the remedy of an unknown one."""
    part: Any = Semester
    for step in path:
        if isinstance(part, type) and issubclass(part, Part) and step in part.model_fields:
            part = part.model_fields[step].annotation
        elif getattr(part, "__args__", None):
            part = part.__args__[-1]
    return sorted(part.model_fields) if isinstance(part, type) and issubclass(part, Part) else []
