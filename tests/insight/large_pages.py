"""What Insight's pages cost after a semester of 200 students in 20 modules, compared with an empty course.

    python -m tests.insight.large_pages

Nobody is judged for this: runs, sums of events, roster and modules are written as the services would write them.
"""

import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, insert
from tito.grading.api import make_app
from tito.grading.queue import Queue
from tito.grading.records import Job, Run, Task, open_database
from tito.grading.settings import GradingSettings, settings_from_environment

from exchange.hub.identity import HubIdentity, read_caller
from exchange.protocol import scopes
from exchange.protocol.models import utc_text
from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult
from exchange.service.database import Database
from exchange.service.tables import activity, exercise_activity
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, free_port, in_thread, make_settings
from tests.home import beside_exchange
from tests.home.beside_exchange import HOME, STAFF, Pages, Visitor, _served
from tests.insight.planted_class import _now

EXERCISES, CHECKS = 5, 4
PAGES = ("insight", "insight/modules/m01")
TA = (*STAFF, "custom:grading:read", "access:services!service=grading", scopes.EVENTS)


@contextlib.contextmanager
def semester(folder: Path, students: int, modules: int) -> Iterator[Visitor]:
    """Serve a course with this many students and modules; yield a TA who visits its home page."""
    with served(folder, students, modules) as pages:
        yield a_ta(pages)


def a_ta(pages: Pages) -> Visitor:
    return pages.visitor("tom", scopes.staff_group(COURSE), *TA)


@contextlib.contextmanager
def served(folder: Path, students: int, modules: int) -> Iterator[Pages]:
    """Serve a course with this many students and modules."""
    course = folder / "course"
    (course / "source").mkdir(parents=True)
    names = [f"s{n:03d}" for n in range(students)]
    slugs = [f"m{n:02d}" for n in range(1, modules + 1)]
    _write_semester(course, slugs, names)
    with FakeHub() as hub, in_thread(hub, make_settings(folder / "exchange", hub), folder) as live:
        live.open_course(assignment="m01")
        settings = settings_from_environment(
            {"PATH": os.environ["PATH"]}, course_dir=course, course_id=COURSE, exchange_url=live.url,
            token=hub.service("grading"),
        )  # fmt: skip
        queue = Queue(open_database(settings.database_url))
        _write_runs(queue, slugs, names)
        _write_sums(live, slugs, names)
        with contextlib.ExitStack() as stack:
            stack.callback(queue.engine.dispose)
            url = _serve(live, settings, queue, stack)
            pages = Pages(live, stack, url)
            pages.sections, pages.modules = dict.fromkeys(names, ""), slugs
            yield pages


def _serve(live: Live, settings: GradingSettings, queue: Queue, stack: contextlib.ExitStack) -> str:
    identity = HubIdentity(live.hub.url, read_caller)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Any) -> Any:
        yield
        await identity.close()

    url = f"http://127.0.0.1:{free_port()}"
    stack.enter_context(_served(make_app(settings, queue, identity, lifespan=lifespan), url))
    return url


def _write_semester(course: Path, slugs: list[str], names: list[str]) -> None:
    dates = {"place": "built", "release": utc_text(_now(days=-60)), "due": utc_text(_now(days=-1))}
    exercises = [f"e{n}" for n in range(EXERCISES)]
    rows = [{"slug": slug, "label": f"{slug[1:]} {slug}", "title": slug, "exercises": exercises} for slug in slugs]
    tiers = [{"name": "all", "modules": [row | dates for row in rows]}] if rows else []
    (course / "semester.json").write_text(json.dumps({"course": COURSE, "title": "Large", "tiers": tiers}))
    (course / "roster.json").write_text(json.dumps({"students": names, "staff": []}))


def _report(slug: str, number: int, kind: str) -> tuple[dict[str, Any], ModuleResult]:
    def passes(exercise: int, check: int) -> bool:
        return (number * 7 + exercise * 3 + check) % 5 > 0 or kind == "autograde"

    verdict = ModuleResult(
        slug,
        tuple(
            ExerciseResult(f"e{e}", 18, tuple(
                Check(f"check {c} of e{e}", 4.5, hidden=c == CHECKS - 1, passed=passes(e, c),
                      kind="" if passes(e, c) else "wrong values")
                for c in range(CHECKS)
            ))
            for e in range(EXERCISES)
        ),
    )  # fmt: skip
    return verdict.to_json(), verdict


def _write_runs(queue: Queue, slugs: list[str], names: list[str]) -> None:
    """Write two attempts per student and module, both with a quick check, and the second one graded."""
    if not names:
        return
    with queue.engine.begin() as connection:
        connection.execute(insert(Job).values(id="j", kind="quick", assignment="m01", asked_by=""))
        connection.execute(insert(Task).values(id=1, kind="quick", assignment="m01", state="done"))
        for slug in slugs:
            rows = []
            for kind, attempt in (("quick", 1), ("quick", 2), ("autograde", 2)):
                for number, name in enumerate(names):
                    report, verdict = _report(slug, number + attempt, kind)
                    rows.append({
                        "task_id": 1, "kind": kind, "assignment": slug, "student": name, "outcome": "graded",
                        "submission": f"{name}-{slug}-{attempt}", "score": verdict.points, "report": report,
                        "max_score": verdict.max_points, "message": "",
                    })  # fmt: skip
            connection.execute(insert(Run), rows)


def _write_sums(live: Live, slugs: list[str], names: list[str]) -> None:
    if not names:
        return
    now = _now(days=-2)
    times = {"first_at": now - timedelta(hours=5), "last_at": now, "progress_at": now, "fetched_at": now,
             "worked_at": now, "completed_at": now, "submitted_at": now}  # fmt: skip
    sums = {"events": 40, "seconds": 8000, "sessions": 3, "runs": 30, **{k: utc_text(at) for k, at in times.items()}}
    runs = {"runs": 6, "best": 4, "failed_in_a_row": 0, "runs_to_solve": 4, "fault": "", "hints": 1}
    people = [{"course": COURSE, "assignment": slug, "student": name} for slug in slugs for name in names]
    cells = [{**who, **runs, "exercise": f"e{n}", "last_at": utc_text(now)} for who in people for n in range(EXERCISES)]
    with Database(live.settings.database_url).engine.begin() as connection:
        connection.execute(insert(activity), [{**who, **sums} for who in people])
        connection.execute(insert(exercise_activity), cells)


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the SQL statements of all databases in this process."""
    said: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith(("PRAGMA", "BEGIN")):
            said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def cost(ta: Visitor, page: str, times: int = 5) -> float:
    """Return a page's median CPU milliseconds, all services and the browser together, without the first request."""
    with counted() as statements:
        said = ta.get(HOME + page).raise_for_status().text
    assert "servers are missing" not in said, "the exchange did not answer in time: run it again"
    print(f"{page}: {len(statements)} SQL statements", flush=True)
    found = []
    for _ in range(times):
        began = time.process_time()
        ta.get(HOME + page).raise_for_status()
        found.append((time.process_time() - began) * 1000)
    return statistics.median(found)


def main() -> None:
    beside_exchange.START_SECONDS = 1800.0  # pages are measured by processor time, however long they wait for it
    with tempfile.TemporaryDirectory(prefix="large-") as folder:
        with semester(Path(folder) / "empty", 0, 20) as ta:
            empty = {page: cost(ta, page) for page in PAGES}
        with semester(Path(folder) / "full", 200, 20) as ta:
            full = {page: cost(ta, page) for page in PAGES}
    for page in PAGES:
        print(f"{page}: {full[page]:.0f} ms, empty {empty[page]:.0f} ms: {full[page] / empty[page]:.1f} times")


if __name__ == "__main__":
    main()
