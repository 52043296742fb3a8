"""What pages ask for: what is waiting to be graded, the state of each module and student, and a student's own state.

Staff see everybody; students see their own quick results immediately, and scores only once their feedback is released.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused
from tito.errors import TitoError
from tito.gradebook.points import point_columns, point_rows
from tito.gradebook.policy import roster
from tito.gradebook.scores import module_rows
from tito.gradebook.sections import sections

from .entry_states import entry_states
from .identity import caller, needs
from .kinds import buttons
from .queue import Queue
from .records import QUEUED, RUNNING, FeedbackRelease, Regrade, Run, StillUnread, Task
from .rights import READ
from .settings import GradingSettings
from .students import EVERYBODY, students_with
from .turns import milestone_states
from .unjudged import mark_unjudged
from .voids import say_what_is_void

router = APIRouter()
UNFINISHED = ("running", "killed")
Reader = Annotated[Caller, Depends(needs(READ))]


@router.get("/overview")
def overview(
    request: Request, _: Reader, section: Annotated[list[str] | None, Query(max_length=200)] = None
) -> dict[str, Any]:
    """Count, per module: collected, to autograde, to read by hand, graded, late, missing, feedback made and
    released; for the students of some sections, or for all.
    """
    settings, queue = request.app.state.settings, request.app.state.queue
    modules = module_overview(settings, queue, section or ())
    with Session(queue.engine) as session:
        regrades = session.scalars(select(Regrade).where(Regrade.answered_at.is_(None))).all()
    waits = {"waiting_tasks": queue.waiting(), "open_regrades": len(regrades)}
    return {"modules": modules, **waits, "buttons": buttons()}


def module_overview(settings: GradingSettings, queue: Queue, chosen: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Count what is waiting and what is done in each module, for the `chosen` sections or for all.

    Students who dropped the course are not counted: nobody waits for their work any more.
    """
    known, members = sections(settings.course_dir), roster(settings.course_dir)

    def counts(student: str) -> bool:
        takes_part = members is None or student in members
        return takes_part and (not chosen or known.of_student(student) in chosen)

    return [_module(settings, queue, name, rows, counts) for name, rows in module_rows(settings).items()]


def _module(
    settings: GradingSettings, queue: Queue, name: str, rows: list[dict[str, Any]], counts: Callable[[str], bool]
) -> dict[str, Any]:
    rows = [row for row in mark_unjudged(queue, name, rows) if counts(row["student"])]
    collected = set(filter(counts, students_with(settings.course_dir / "submitted", name)))
    graded = {row["student"] for row in rows if row["submitted"]} & set(
        students_with(settings.course_dir / "autograded", name)
    )
    feedback = list(filter(counts, students_with(settings.course_dir / "feedback", name)))
    with Session(queue.engine) as session:
        released = session.scalars(select(FeedbackRelease.student).where(FeedbackRelease.assignment == name)).all()
        early = session.scalars(select(StillUnread.student).where(StillUnread.assignment == name)).all()
    return {
        "assignment": name,
        "students": len(rows),
        "collected": len(collected),
        "to_autograde": len(collected - graded),
        "to_read_by_hand": sum(row["needs_manual_grade"] for row in rows if row["student"] in graded),
        "unread_answers": sum(row["unread_answers"] for row in rows if row["student"] in graded),
        "graded": len(graded),
        "not_judged": sum(bool(row["not_judged"]) for row in rows if row["student"] in graded),
        "late": sum(row["seconds_late"] > 0 for row in rows if row["submitted"]),
        "missing": sum(row["student"] not in collected for row in rows),
        "feedback_made": len(feedback),
        "feedback_released": sum(map(counts, released)),
        "released_before_read": sum(map(counts, early)),
    }


@router.get("/assignments/{assignment}/students")
def students(assignment: str, request: Request, _: Reader) -> list[dict[str, Any]]:
    """List, for one module, every student: submitted, late, score, what is waiting, feedback, quick result."""
    return student_rows(request.app.state.settings, request.app.state.queue, assignment)


def student_rows(settings: GradingSettings, queue: Queue, assignment: str) -> list[dict[str, Any]]:
    """Return one row for each student of a module or a column of points; raise TitoError for an unknown one."""
    rows = module_rows(settings, assignment).get(assignment)
    if rows is None and (given := point_rows(settings, assignment)) is not None:
        return given
    if rows is None:
        known = ", ".join(module_rows(settings)) or "none yet"
        raise TitoError(f"there is no module {assignment} in the gradebook; there are: {known}")
    collected = set(students_with(settings.course_dir / "submitted", assignment))
    with Session(queue.engine) as session:
        query = select(FeedbackRelease).where(FeedbackRelease.assignment == assignment)
        released = {each.student: each.released_at.isoformat() for each in session.scalars(query)}
    return [
        {**row, "collected": row["student"] in collected, "feedback_released_at": released.get(row["student"])}
        for row in mark_unjudged(queue, assignment, rows)
    ]


def rows_to_release(settings: GradingSettings, assignment: str, students: list[str]) -> list[dict[str, Any]]:
    """Return the rows of those whose feedback would be released: of all who have some, if EVERYBODY is named."""
    made = set(students_with(settings.course_dir / "feedback", assignment))
    wanted = made if students == [EVERYBODY] else made & set(students)
    return [row for row in module_rows(settings, assignment).get(assignment, []) if row["student"] in wanted]


@router.get("/points")
def given_points(request: Request, _: Reader) -> list[str]:
    """Name the columns of points that were given elsewhere; their rows are asked for as a module's."""
    return [each.name for each in point_columns(request.app.state.settings)]


@router.get("/me")
def own(request: Request, person: Annotated[Caller, Depends(caller)]) -> dict[str, Any]:
    """Show callers their own quick results, released scores and regrade requests, by module."""
    return _told_of(request, person.name)


@router.get("/students/{student}")
def of_student(student: str, request: Request, person: Annotated[Caller, Depends(caller)]) -> dict[str, Any]:
    """The same for one student, for staff; students may name only themselves."""
    if not person.has(READ) and person.name != student:
        raise Refused("students may read only their own results", student, "leave the name out: `me`", 403)
    return _told_of(request, student)


def _told_of(request: Request, student: str) -> dict[str, Any]:
    settings = request.app.state.settings
    found = _state_of(request.app.state.queue, student)
    say_what_is_void(settings, found["modules"])
    return {**found, "points": _given_to(settings, student)}


def _given_to(settings: GradingSettings, student: str) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "points": each.points[student], "max_score": each.max_score, "at": each.at}
        for each in point_columns(settings)
        if student in each.points
    ]


def _state_of(queue: Queue, student: str) -> dict[str, Any]:
    with Session(queue.engine) as session:
        releases = session.scalars(select(FeedbackRelease).where(FeedbackRelease.student == student)).all()
        unread = {
            each.assignment: each for each in session.scalars(select(StillUnread).where(StillUnread.student == student))
        }
        regrades = session.scalars(select(Regrade).where(Regrade.student == student)).all()
        quick = select(Run).where(Run.student == student, Run.kind == "quick", Run.outcome.not_in(UNFINISHED))
        newest: dict[str, Run] = {}
        for run in session.scalars(quick.order_by(Run.id)):
            newest[run.assignment] = run
        waiting = session.scalars(
            select(Task).where(Task.student == student, Task.kind == "quick", Task.state.in_((QUEUED, RUNNING)))
        ).all()
        milestones, entries = milestone_states(session, student), entry_states(session, student)
    modules: dict[str, dict[str, Any]] = {name: {"milestone": found} for name, found in milestones.items()}
    for name, found in entries.items():
        modules.setdefault(name, {})["entry"] = found
    for assignment, run in newest.items():
        modules.setdefault(assignment, {})["quick"] = describe_quick(run)
    for task in waiting:
        again = task.lease_until if task.state == QUEUED else None  # for one that the machine had no time for
        modules.setdefault(task.assignment, {}).setdefault("quick", {}).update(
            waiting=True, again_at=again.isoformat() if again else None
        )
    for release in releases:
        modules.setdefault(release.assignment, {})["feedback"] = {
            "released_at": release.released_at.isoformat(), "score": release.score, "max_score": release.max_score,
            **_still_unread(unread.get(release.assignment)),
        }  # fmt: skip
    for regrade in regrades:
        modules.setdefault(regrade.assignment, {}).setdefault("regrades", []).append(
            {"id": regrade.id, "exercise": regrade.exercise, "reason": regrade.reason, "answer": regrade.answer,
             "open": regrade.answered_at is None}
        )  # fmt: skip
    return {"student": student, "modules": modules}


def _still_unread(row: StillUnread | None) -> dict[str, Any]:
    return {"unread_answers": row.answers if row else 0, "unread_points": row.points if row else 0.0}


def describe_quick(run: Run) -> dict[str, Any]:
    """Show the results of visible checks."""
    return {
        "waiting": False, "submission": run.submission, "outcome": run.outcome, "message": run.message,
        "score": run.score, "max_score": run.max_score, "checked_at": run.started_at.isoformat(), "report": run.report,
    }  # fmt: skip
