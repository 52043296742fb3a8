"""A semester to try things with: every written module, three students, a TA and an instructor, dates around now.

The first modules are open at once, later ones open every third day, so that every state of a module can be seen. The
Olympics are open at once too, so that there is a leaderboard to look at.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tito.atomic import write_atomically
from tito.curriculum import Curriculum
from tito.curriculum.olympics import MODULE
from tito.errors import TitoError

COURSE = "tinytorch-demo"
OPEN_AT_ONCE = 3
ROSTER = """username,last_name,first_name,email
ada,Lovelace,Ada,ada@example.org
ben,Rosen,Ben,ben@example.org
chen,Chen,Li,chen@example.org
"""
TEXT = """# A semester to try things with, made by `tito semester demo`. Change it as you like;
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
  tas: [tom]
roster: {roster}
"""


@dataclass(frozen=True)
class Demo:
    """The two files of a demo semester."""

    semester: str
    roster: str


def make_demo(curriculum: Curriculum, roster_name: str, now: datetime, zone: ZoneInfo) -> Demo:
    """Return the texts of a semester in which the first written modules are open at `now`."""
    slugs = [module.slug for module in curriculum.written]
    if not slugs:
        raise TitoError("a demo semester needs at least one written module, and the course has none")
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    schedule = "\n".join(_dates(slug, index, today) for index, slug in enumerate(slugs))
    modules = ", ".join(slugs)
    text = TEXT.format(course=COURSE, zone=zone.key, modules=modules, schedule=schedule, roster=roster_name)
    return Demo(text, ROSTER)


def write_demo(path: Path, curriculum: Curriculum, now: datetime, zone: ZoneInfo, force: bool = False) -> Path:
    """Write the demo semester to `path`, its roster beside it; refuse to overwrite a file unless forced."""
    roster = path.with_name(f"{path.stem}-roster.csv")
    for file in (path, roster):
        if file.exists() and not force:
            raise TitoError(f"{file} exists, and may hold your changes: name another file, or add --force")
    demo = make_demo(curriculum, roster.name, now, zone)
    write_atomically(roster, demo.roster)
    write_atomically(path, demo.semester)
    return roster


def _dates(slug: str, index: int, today: datetime) -> str:
    """Return one line of the schedule: open since midnight, or every third day; a week of time, then more."""
    wait = 0 if slug == MODULE else max(0, index - OPEN_AT_ONCE + 1) * 3
    release = (today + timedelta(days=wait)).strftime("%Y-%m-%d %H:%M")
    due = (today + timedelta(days=wait + 7 + min(index, OPEN_AT_ONCE - 1))).strftime("%Y-%m-%d 20:00")
    return f"  {slug}: {{release: {release}, due: {due}}}"
