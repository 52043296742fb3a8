"""A demo semester: every written module, three students, a TA and an instructor, dates around now.

The first modules are open from the start, later ones open every third day, so that every state of a module can be
seen. The Olympics are open from the start too, so that there is a leaderboard. A larger class has sections that TAs
share.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from zoneinfo import ZoneInfo

from tito.atomic import write_atomically
from tito.curriculum import Curriculum
from tito.curriculum.olympics import MODULE
from tito.errors import TitoError
from tito.semester.roster import Student, as_csv

COURSE = "tinytorch-demo"
OPEN_AT_ONCE = 3
STUDENTS = (
    Student("ada", "Lovelace", "Ada", "ada@example.org"),
    Student("ben", "Rosen", "Ben", "ben@example.org"),
    Student("chen", "Chen", "Li", "chen@example.org"),
)
TAS = ("tom",)
TEXT = """# A demo semester, written by `tito semester demo`. Change it as you like;
# `tito semester apply` puts it in force.
course: {course}
title: "TinyTorch: build a deep-learning framework"
time_zone: {zone}
modules: [{modules}]
schedule:
{schedule}
late: {{grace_minutes: 15, window_hours: 48, penalty_percent_per_day: 10, maximum_percent: 30}}
attempts: {{limit: 50, counts: last_on_time}}
unlock: when_closed
grading: {{mode: best, manual_percent: 10}}
limits: {{memory: 2G, cpus: 2, processes: 512, home: 5G, idle_minutes: 60}}
staff:
  instructors: [ida]
  tas: [{tas}]
{sections}roster: {roster}
"""


@dataclass(frozen=True)
class Size:
    """How large a demo class is: three students and a TA without sections, or more."""

    students: int = len(STUDENTS)
    tas: int = len(TAS)
    sections: int = 0

    @property
    def section_names(self) -> list[str]:
        """Return the sections' names: A, B, C."""
        return [chr(ord("A") + number) for number in range(self.sections)]

    def roster(self) -> list[Student]:
        """Return the students, the sections in turn."""
        more = [
            Student(f"s{number:04d}", f"Student {number}") for number in range(len(STUDENTS) + 1, self.students + 1)
        ]
        names = cycle(self.section_names or [""])
        return [student._replace(section=next(names)) for student in [*STUDENTS, *more][: self.students]]

    def staff(self) -> list[str]:
        """Return the TAs."""
        return [*TAS, *(f"ta{number:02d}" for number in range(len(TAS) + 1, self.tas + 1))][: self.tas]

    def readers(self) -> str:
        """Return the line that says which TAs read which section; each TA reads one."""
        names, tas = self.section_names, self.staff()
        parts = [f"{name}: [{', '.join(tas[at :: len(names)])}]" for at, name in enumerate(names)]
        return f"sections: {{{', '.join(parts)}}}\n" if parts else ""


@dataclass(frozen=True)
class Demo:
    """The two files of a demo semester."""

    semester: str
    roster: str


def make_demo(
    curriculum: Curriculum, roster_name: str, now: datetime, zone: ZoneInfo, size: Size | None = None
) -> Demo:
    """Return the texts of a semester in which the first written modules are open at `now`."""
    size = size or Size()
    slugs = [module.slug for module in curriculum.written]
    if not slugs:
        raise TitoError("the course has no written module, and a demo semester needs at least one")
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    schedule = "\n".join(_dates(slug, index, today) for index, slug in enumerate(slugs))
    modules = ", ".join(slugs)
    people = {"tas": ", ".join(size.staff()), "sections": size.readers(), "roster": roster_name}
    text = TEXT.format(course=COURSE, zone=zone.key, modules=modules, schedule=schedule, **people)
    return Demo(text, as_csv(size.roster()))


def write_demo(
    path: Path, curriculum: Curriculum, now: datetime, zone: ZoneInfo, force: bool = False, size: Size | None = None
) -> Path:
    """Write the demo semester to `path`, its roster next to it; refuse to overwrite a file unless forced."""
    roster = path.with_name(f"{path.stem}-roster.csv")
    for file in (path, roster):
        if file.exists() and not force:
            raise TitoError(f"{file} exists and may contain your changes: name another file, or add --force")
    demo = make_demo(curriculum, roster.name, now, zone, size)
    write_atomically(roster, demo.roster)
    write_atomically(path, demo.semester)
    return roster


def _dates(slug: str, index: int, today: datetime) -> str:
    """Return one line of the schedule: open since midnight, or every third day; due after a week, or some days more."""
    wait = 0 if slug == MODULE else max(0, index - OPEN_AT_ONCE + 1) * 3
    release = (today + timedelta(days=wait)).strftime("%Y-%m-%d %H:%M")
    due = (today + timedelta(days=wait + 7 + min(index, OPEN_AT_ONCE - 1))).strftime("%Y-%m-%d 20:00")
    return f"  {slug}: {{release: {release}, due: {due}}}"
