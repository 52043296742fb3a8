"""Grading work from a command line: through the service if one runs, else directly in the course directory.

Both doors offer the same calls. Directly, the same queue and the same runner processes are used, for as long as the
command runs, so a command that was interrupted can be repeated.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any, Protocol

from exchange.client.token import hub_token
from exchange.hub.asking import ServiceClient
from tito.errors import TitoError
from tito.gradebook.frozen import refuse_frozen
from tito.gradebook.points import point_columns
from tito.running_nbgrader import put_programs_on_path

from .overview import module_overview, student_rows
from .pool import RunnerPool
from .queue import Queue
from .reading import all_readings, describe_reading, load_reading
from .reading_shares import hand_over, share_out
from .records import Run, open_database
from .regrading import regrade_plan
from .settings import GradingSettings, settings_from_environment
from .students import students_for
from .voids import Wanted, apply_void, list_checks, plan_void
from .workers import describe_workers


class Door(Protocol):
    """What a command can ask for."""

    def submit(self, kind: str, assignment: str, students: list[str] | None, **options: bool) -> str: ...
    def progress(self, job: str) -> dict[str, Any]: ...
    def overview(self) -> list[dict[str, Any]]: ...
    def rows(self, assignment: str) -> list[dict[str, Any]]: ...
    def given_points(self) -> list[str]: ...
    def last_run(self, assignment: str, student: str) -> dict[str, Any] | None: ...
    def checks(self, assignment: str) -> dict[str, Any]: ...
    def void(self, wanted: Wanted, plan: bool) -> dict[str, Any]: ...
    def regrade_plan(self, assignment: str) -> dict[str, Any]: ...
    def reading(self, assignment: str) -> dict[str, Any]: ...
    def readings(self) -> list[dict[str, Any]]: ...
    def share_reading(self, assignment: str, **how: Any) -> dict[str, Any]: ...
    def hand_reading_over(self, assignment: str, **which: Any) -> dict[str, Any]: ...
    def workers(self) -> dict[str, Any]: ...
    def working(self, jobs: int | None) -> contextlib.AbstractContextManager[None]: ...
    def wait(self, seconds: float) -> None: ...


class Direct:
    """The course directory itself."""

    def __init__(self, settings: GradingSettings):
        put_programs_on_path()
        self.settings = settings
        self.queue = Queue(open_database(settings.database_url))

    def submit(self, kind: str, assignment: str, students: list[str] | None, **options: bool) -> str:
        refuse_frozen(self.settings.course_dir)
        named = students_for(self.settings, kind, assignment, students)
        given = {name: True for name, value in options.items() if value}
        return self.queue.submit(kind, assignment, named, asked_by=_me(), **given)

    def progress(self, job: str) -> dict[str, Any]:
        return self.queue.progress(job) or {}

    def overview(self) -> list[dict[str, Any]]:
        return module_overview(self.settings, self.queue)

    def rows(self, assignment: str) -> list[dict[str, Any]]:
        return student_rows(self.settings, self.queue, assignment)

    def given_points(self) -> list[str]:
        return [each.name for each in point_columns(self.settings)]

    def last_run(self, assignment: str, student: str) -> dict[str, Any] | None:
        run = self.queue.latest_run("autograde", assignment, student, ("graded", "refused", "unchanged"))
        return None if run is None else {**describe_run(run), "report": run.report}

    def checks(self, assignment: str) -> dict[str, Any]:
        return list_checks(self.settings, self.queue, assignment)

    def void(self, wanted: Wanted, plan: bool) -> dict[str, Any]:
        if plan:
            return plan_void(self.settings, self.queue, wanted)
        return apply_void(self.settings, self.queue, wanted, by=_me())

    def regrade_plan(self, assignment: str) -> dict[str, Any]:
        return regrade_plan(self.settings, self.queue, assignment)

    def reading(self, assignment: str) -> dict[str, Any]:
        return describe_reading(load_reading(self.settings, self.queue, assignment), "")

    def readings(self) -> list[dict[str, Any]]:
        return all_readings(self.settings, self.queue, "")

    def share_reading(self, assignment: str, **how: Any) -> dict[str, Any]:
        return share_out(self.settings, self.queue, assignment, by_whom=_me(), **how)

    def hand_reading_over(self, assignment: str, **which: Any) -> dict[str, Any]:
        return hand_over(self.settings, self.queue, assignment, by_whom=_me(), **which)

    def workers(self) -> dict[str, Any]:
        return describe_workers(self.settings, self.queue)

    @contextlib.contextmanager
    def working(self, jobs: int | None) -> Iterator[None]:
        os.environ.setdefault("GRADING_LOG_LEVEL", "ERROR")  # what went wrong is in the table
        with RunnerPool(self.settings, self.queue, jobs):
            yield

    def wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)


class ThroughService:
    """A grading service that runs next to a Hub."""

    def __init__(self, url: str, token: str):
        self._service = ServiceClient(
            "the grading service",
            f"{url.rstrip('/')}/api/v1",
            token,
            timeout_seconds=30,
            refused=TitoError,
            silent=TitoError,
        )

    def submit(self, kind: str, assignment: str, students: list[str] | None, **options: bool) -> str:
        body = {"kind": kind, "assignment": assignment, "students": students, **options}
        return self._service.ask("POST", "/jobs", json=body)["id"]

    def progress(self, job: str) -> dict[str, Any]:
        return self._service.ask("GET", f"/jobs/{job}")

    def overview(self) -> list[dict[str, Any]]:
        return self._service.ask("GET", "/overview")["modules"]

    def rows(self, assignment: str) -> list[dict[str, Any]]:
        return self._service.ask("GET", f"/assignments/{assignment}/students")

    def given_points(self) -> list[str]:
        return self._service.ask("GET", "/points")

    def last_run(self, assignment: str, student: str) -> dict[str, Any] | None:
        runs = self._service.ask(
            "GET", "/runs", params={"assignment": assignment, "student": student, "kind": "autograde"}
        )
        done = [run["id"] for run in runs if run["outcome"] in ("graded", "refused", "unchanged")]
        return self._service.ask("GET", f"/runs/{done[0]}") if done else None

    def checks(self, assignment: str) -> dict[str, Any]:
        return self._service.ask("GET", f"/assignments/{assignment}/checks")

    def void(self, wanted: Wanted, plan: bool) -> dict[str, Any]:
        body = {"check": wanted.check, "reason": wanted.reason, "undo": wanted.undo}
        return self._service.ask("POST", f"/assignments/{wanted.assignment}/voids{'/plan' if plan else ''}", json=body)

    def regrade_plan(self, assignment: str) -> dict[str, Any]:
        return self._service.ask("GET", f"/assignments/{assignment}/regrade")

    def reading(self, assignment: str) -> dict[str, Any]:
        return self._service.ask("GET", f"/reading/{assignment}")

    def readings(self) -> list[dict[str, Any]]:
        return self._service.ask("GET", "/reading")

    def share_reading(self, assignment: str, **how: Any) -> dict[str, Any]:
        return self._service.ask("POST", f"/reading/{assignment}/share", json=how)

    def hand_reading_over(self, assignment: str, **which: Any) -> dict[str, Any]:
        return self._service.ask("POST", f"/reading/{assignment}/handover", json=which)

    def workers(self) -> dict[str, Any]:
        return self._service.ask("GET", "/workers")

    @contextlib.contextmanager
    def working(self, jobs: int | None) -> Iterator[None]:
        if jobs is not None:
            raise TitoError("--jobs is set by the running service (its own --jobs): leave it out, or give --course-dir")
        yield

    def wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)


def _me() -> str:
    return os.environ.get("USER") or "command line"


def open_door(course_dir: str | None, database: str | None) -> Door:
    """Choose the service if the environment names one and no course directory is given, else the directory."""
    url = os.environ.get("GRADING_URL")
    token = hub_token(os.environ, "TITO_TOKEN")
    if course_dir is None and url and token:
        return ThroughService(url, token)
    return Direct(settings_from_environment(course_dir=course_dir, database_url=database))


def describe_run(run: Run) -> dict[str, Any]:
    """Return a recorded run as plain data, without its report."""
    return {
        "id": run.id, "kind": run.kind, "assignment": run.assignment, "student": run.student,
        "submission": run.submission, "submission_sha256": run.submission_sha256, "source_sha256": run.source_sha256,
        "seed": None if run.seed is None else str(run.seed), "versions": run.versions, "outcome": run.outcome,
        "message": run.message, "score": run.score, "max_score": run.max_score,
        "started_at": run.started_at.isoformat(), "duration_seconds": run.duration_seconds,
    }  # fmt: skip
