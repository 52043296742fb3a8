"""A whole semester played through the exchange's real API with a set clock, so that weeks pass in seconds.

Each module is released in its week. Each student fetches it, runs test cells, opens a hint, tests, completes and
submits it; the grader posts a quick result, a full result and feedback; every tenth student asks a question with
their notebook and gets an answer.
"""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from exchange.client import ExchangeClient
from exchange.protocol.models import AssignmentSettings, CourseSettings, QuestionRequest, Result, utc_text
from tests.exchange.live import COURSE, Live

BEGAN = "2026-09-07T08:00:00.000000Z"
RUNS, ASK_EVERY = 6, 10
NOTEBOOK_WORDS, FEEDBACK_WORDS = 8_000, 4_000  # about 60 and 30 kB, like a real module's


@dataclass(frozen=True)
class Semester:
    """The size of the semester."""

    students: int = 100
    modules: int = 20
    weeks: int = 14

    @property
    def names(self) -> list[str]:
        return [f"s{number:03d}" for number in range(self.students)]

    @property
    def slugs(self) -> list[str]:
        return [f"m{number:02d}" for number in range(1, self.modules + 1)]


def text(words: int, seed: str) -> str:
    """Make a notebook with this many words."""
    chosen = random.Random(seed).choices(["import", "tensor", "gradient", "=", "loss", "0.25"], k=words)
    return json.dumps({"cells": [{"source": " ".join(chosen)}]})


def live_it(live: Live, semester: Semester, after_module: Callable[[int], None] = lambda number: None) -> int:
    """Play the semester module by module; return how many bytes were sent that the exchange must keep."""
    live.clock.at(BEGAN)
    staff, service = live.staff(), live.semester()
    service.put_course(COURSE, CourseSettings(title="Lived"))
    sent = 0
    for number, slug in enumerate(semester.slugs):
        live.clock.at(BEGAN, days=7 * semester.weeks * number / semester.modules)
        sent += _release(live, service, slug)
        for name in semester.names:
            sent += _work(live, staff, name, slug)
        after_module(number + 1)
    return sent


def _release(live: Live, service: ExchangeClient, slug: str) -> int:
    assert live.clock.moment is not None
    due = utc_text(live.clock.moment + timedelta(days=12))
    service.put_assignment(COURSE, slug, AssignmentSettings(due_at=due))
    release = text(NOTEBOOK_WORDS, slug)
    folder = live.folder({f"{slug}.ipynb": release})
    service.release(COURSE, slug, folder)
    shutil.rmtree(folder)
    return len(release)


def _work(live: Live, staff: ExchangeClient, name: str, slug: str) -> int:
    """Do one student's work on one module; delete the sent files, which would be on the student's own disk."""
    with ExchangeClient(live.url, live.hub.student(name, COURSE), patience_seconds=60) as student:
        began = live.clock.moment
        assert began is not None
        home = live.folder({})
        student.fetch_release(COURSE, slug, home / "fetched")
        for run in range(RUNS):
            live.clock.moment = began + timedelta(minutes=10 * (run + 1))
            solved = {"exercise": f"e{run % 5}", "checks": 4, "passed": 4 if run > 2 else run}
            student.report_event(COURSE, slug, "checked", {"cells": [solved, {"exercise": f"e{run % 5}", "hint": 1}]})
        student.report_event(COURSE, slug, "tested", {"points": 60, "points_possible": 90})
        student.report_event(COURSE, slug, "completed", {})
        notebook, feedback = text(NOTEBOOK_WORDS, f"{name} {slug}"), text(FEEDBACK_WORDS, slug)
        sent = {f"{slug}.ipynb": notebook}
        receipt = student.submit(COURSE, slug, live.outgoing(sent)).receipt
        _give_back(live, staff, receipt.submission, slug, feedback)
        asked = _ask(live, student, staff, slug, notebook) if name.endswith("0") else 0
        live.clock.moment = began
    for folder in live.scratch.glob("folder-*"):
        shutil.rmtree(folder)
    return len(notebook) + len(feedback) + asked


def _give_back(live: Live, staff: ExchangeClient, submission: str, slug: str, feedback: str) -> None:
    for kind in ("quick", "full"):
        checks = [{"name": f"check {number}", "passed": True} for number in range(20)]
        staff.put_result(COURSE, submission, Result(kind, "passed", 80.0, 90.0, "18 of 20", {"checks": checks}))  # type: ignore[arg-type]
    staff.put_feedback(COURSE, submission, live.folder({f"{slug}.html": feedback}))


def _ask(live: Live, student: ExchangeClient, staff: ExchangeClient, slug: str, notebook: str) -> int:
    outgoing = live.outgoing({f"{slug}.ipynb": notebook})
    asked = student.ask(COURSE, slug, QuestionRequest("Why is it so?", "e0"), outgoing)
    staff.take_question(COURSE, asked.id)
    staff.answer(COURSE, asked.id, "Since the gradient is a sum.")
    return len(notebook)


def database_bytes(data: Path) -> int:
    """Return the size of the database after merging the write-ahead log into it."""
    with sqlite3.connect(data / "exchange.db", timeout=60) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    connection.close()
    return (data / "exchange.db").stat().st_size


def write_log_bytes(data: Path) -> int:
    return (data / "exchange.db-wal").stat().st_size


def blob_bytes(data: Path) -> int:
    return sum(path.stat().st_size for path in (data / "blobs").rglob("*") if path.is_file())
