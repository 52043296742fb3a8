"""Fourteen weeks of 100 students in 20 modules pass through the exchange: what has grown at the end?

The clock is set, the API is real: some 26,000 requests, each module in its week. The limits, per student and module:

- blobs: what was sent (a notebook of about 60 kB, feedback of 30) and at most a twentieth more. Nothing is compressed.
- database: ROW_BYTES. A submission with its receipt and declaration, ten events with their sums, two results, a
  feedback, and the records of who did what take about 6 kB with their indexes.
- memory (PSS of this process, in which exchange, home page and all clients run): no growth per student and module;
  GROWTH_MB from the fourth module to the last.
- open files: at most CONNECTIONS of the database, of three files each (its pool opens another when requests overlap,
  and keeps twenty); no more of anything else than after the fourth module.
- CPU of a student's page at the end, with 20 modules behind them: PAGE_TIMES that of the fourth module's week. The
  class page reads a row for each student and module, so its CPU may grow as the number of modules does.
- `fsck` finds no damage and no blob without a row, and the database's write-ahead log is as small as at the beginning.

There are also the semester's surveys: each student is asked on three days and answers. Of all this the semester
service's database may keep sums within SURVEY_BYTES, and no names.

Nobody is judged here (`bench_judge`, `bench_capacity`), so quick results and feedback are written as a grader would
send them. The gradebook and the grading service's records do not grow with it, and the supervisor rotates the logs
by size (`tests/hub_config/test_supervisor.py`).
"""

import statistics
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session
from tito.insight.survey import QUESTIONS
from tito.semester.service.database import SurveyPerson, open_database
from tito.semester.service.surveys import DAYS_ASKED, Surveys

from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.exchange.semester_lived import Semester, blob_bytes, database_bytes, live_it, write_log_bytes
from tests.home import beside_exchange
from tests.home.beside_exchange import HOME, Pages

SIZE = Semester()
SETTLED = 4  # after this module everything has been used once
BLOB_OVERHEAD, ROW_BYTES = 1.05, 10_000
SURVEYS, SURVEY_BYTES = 4, 200_000  # an empty database of the semester service takes 100 kB
GROWTH_MB, CONNECTIONS, WRITE_LOG_BYTES = 40.0, 20, 16_000_000
PAGE_TIMES = 3.0
TIMES = 9


@dataclass(frozen=True)
class Moment:
    """What is in use after a module."""

    memory_mb: float
    database_files: int
    other_files: int
    home_milliseconds: float
    class_milliseconds: float


def run(report) -> None:
    """Play the semester, measuring after the fourth module and at the end."""
    beside_exchange.START_SECONDS = 1800.0
    with tempfile.TemporaryDirectory(prefix="bench-soak-") as folder, FakeHub() as hub:
        place = Path(folder)
        with in_thread(hub, make_settings(place / "data", hub), place) as live:
            moments: dict[int, Moment] = {}

            def look(number: int) -> None:
                if number in (SETTLED, SIZE.modules):
                    moments[number] = stands(live, number)

            sent = live_it(live, SIZE, look)
            tell_disk(report, live, sent)
            tell_growth(report, moments[SETTLED], moments[SIZE.modules])
        tell_surveys(report, place / "semester.db")


def stands(live: Live, modules: int) -> Moment:
    """Measure now, with pages that show the modules so far."""
    memory, files, now = pss_mb(), parted(open_files()), live.clock.moment
    with ExitStack() as stack:
        pages = Pages(live, stack)
        pages.modules, pages.sections = SIZE.slugs[:modules], dict.fromkeys(SIZE.names, "")
        student, ta = pages.student(SIZE.names[1]), pages.ta("tom")
        costs = _cost(student, HOME), _cost(ta, HOME + "class")
        moment = Moment(memory, *files, *costs)
    live.clock.moment = now
    return moment


def _cost(visitor: beside_exchange.Visitor, address: str) -> float:
    visitor.get(address).raise_for_status()
    found = []
    for _ in range(TIMES):
        began = time.process_time()
        visitor.get(address).raise_for_status()
        found.append((time.process_time() - began) * 1000)
    return statistics.median(found)


def tell_disk(report, live: Live, sent: int) -> None:
    data, pairs = live.settings.data, SIZE.students * SIZE.modules
    report.measure("blobs, of what was sent", blob_bytes(data) / sent, "", wanted=f"<= {BLOB_OVERHEAD}")
    rows = database_bytes(data) / pairs / 1000
    report.measure("database for each student and module", rows, "kB", wanted=f"<= {ROW_BYTES / 1000}")
    log = write_log_bytes(data) / 1e6
    report.measure("log of writes beside it", log, "MB", wanted=f"<= {WRITE_LOG_BYTES / 1e6}")
    found = live.fsck()
    report.measure("damage and orphans that fsck finds", len(found.damage) + len(found.orphans), "", wanted="<= 0")
    report.measure("blobs that fsck has read", found.blobs, "")


def tell_growth(report, settled: Moment, end: Moment) -> None:
    memory = end.memory_mb - settled.memory_mb
    report.measure("memory at the end (PSS)", end.memory_mb, "MB")
    report.measure(f"memory since module {SETTLED}", memory, "MB", wanted=f"<= {GROWTH_MB}")
    report.measure("open files of the database", end.database_files, "", wanted=f"<= {3 * CONNECTIONS}")
    others = end.other_files - settled.other_files
    report.measure(f"other open files since module {SETTLED}", others, "", wanted="<= 0")
    report.measure("a student's page at the end: CPU", end.home_milliseconds, "ms")
    times = end.home_milliseconds / settled.home_milliseconds
    report.measure(f"a student's page, of module {SETTLED}'s", times, "times", wanted=f"<= {PAGE_TIMES}")
    report.measure("class page at the end: CPU", end.class_milliseconds, "ms")
    times = end.class_milliseconds / settled.class_milliseconds
    report.measure(f"class page, of module {SETTLED}'s", times, "times", wanted=f"<= {SIZE.modules / SETTLED}")


def tell_surveys(report, file: Path) -> None:
    """Ask and answer as the service does, and look at what is kept after the last survey."""
    engine = open_database(f"sqlite:///{file}")
    surveys, question = Surveys(engine), QUESTIONS[0]
    choices = list(question.choices)
    for week in range(SURVEYS):
        key = (COURSE, f"survey {week}")
        surveys.forget_people(COURSE, [key[1]])
        for number, name in enumerate(SIZE.names):
            for day in range(DAYS_ASKED):
                surveys.remind(key, name, f"day {day}")
            surveys.answer(key, name, {question.name: choices[number % len(choices)]})
    surveys.forget_people(COURSE, [])
    with Session(engine) as session:
        people = len(session.scalars(select(SurveyPerson)).all())
    answered = sum(tally[question.name, choice] for tally in surveys.tallies(COURSE).values() for choice in choices)
    engine.dispose()
    report.measure("survey answers kept as sums", answered, "", wanted=f">= {SURVEYS * len(SIZE.names)}")
    report.measure("people whom surveys remember", people, "", wanted="<= 0")
    report.measure("database of the surveys", file.stat().st_size / 1000, "kB", wanted=f"<= {SURVEY_BYTES / 1000:g}")


def open_files() -> list[str]:
    """List what this process has open: paths, and sockets and pipes by their numbers."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the folder's own entry, which was open only while it was listed
            found.append(str(each.readlink()))
    return found


def parted(files: list[str]) -> tuple[int, int]:
    """Count the files of the exchange's database, and all others."""
    of_database = sum(Path(name).name.startswith("exchange.db") for name in files)
    return of_database, len(files) - of_database


def pss_mb() -> float:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
