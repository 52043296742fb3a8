"""Take a faulty check out of the count for everybody, and put it back: what it changes first, then the change itself.

The judge's verdicts stay as they were recorded; a void says what they are worth. Nobody is judged again, but for those
whose grade is not of the recorded verdict.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Gradebook

from exchange.protocol.verdicts import ModuleResult
from tito.errors import TitoError
from tito.gradebook.lock import gradebook_lock
from tito.gradebook.rescoring import Rescored, graded_otherwise, rescore
from tito.gradebook.scores import open_gradebook
from tito.gradebook.voids import Void, declare, history_of, take_back, voids_of

from .checks import Check, checks_of, find_check
from .kinds import judge_of
from .queue import Queue
from .settings import GradingSettings
from .told import told_another_score

LOCK_SECONDS = 25.0  # a page and a command wait for the answer
JUDGED = ("graded", "refused", "unchanged")


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: a check of a module that shall be void, or count again."""

    assignment: str
    check: str
    reason: str = ""
    undo: bool = False


def verdicts_of(queue: Queue, assignment: str) -> dict[str, ModuleResult]:
    """Return the verdict that was recorded last on each student's work."""
    runs = queue.latest_runs(judge_of(assignment), assignment, JUDGED)
    return {run.student: ModuleResult.from_json({"slug": assignment, **run.report}) for run in runs}


def list_checks(settings: GradingSettings, queue: Queue, assignment: str) -> dict[str, Any]:
    """Return a module's checks as they were judged, how many pass each, and what is or was void."""
    with open_gradebook(settings) as gradebook:
        history = history_of(gradebook, assignment)
    void = {(each.exercise, each.title): each for each in history if each.undone_at is None}
    rows = [each.to_json() for each in checks_of(verdicts_of(queue, assignment))]
    for row in rows:
        found = void.get((row["exercise"], row["title"]))
        row["void"] = found.to_json() if found else None
    return {"assignment": assignment, "checks": rows, "history": [each.to_json() for each in history]}


def plan_void(settings: GradingSettings, queue: Queue, wanted: Wanted) -> dict[str, Any]:
    """Return whose points a void would change, and how; nothing is changed."""
    with _changing(settings) as gradebook:
        plan, _ = _changes(settings, queue, gradebook, wanted, "")
        gradebook.db.rollback()
    return plan


def apply_void(settings: GradingSettings, queue: Queue, wanted: Wanted, by: str) -> dict[str, Any]:
    """Let a check be void, or count again, with everybody's points, in one transaction; tell again who was told."""
    with _changing(settings) as gradebook:
        plan, change = _changes(settings, queue, gradebook, wanted, by)
        if change and wanted.undo:
            take_back(gradebook, wanted.assignment, change, by)
        elif change:
            declare(gradebook, wanted.assignment, change)
        gradebook.db.commit()
    return {**plan, "jobs": _follow_up(settings, queue, plan) if change else []}


@contextmanager
def _changing(settings: GradingSettings) -> Iterator[Gradebook]:
    with gradebook_lock(settings.course_dir, LOCK_SECONDS), open_gradebook(settings) as gradebook:
        yield gradebook


def _changes(
    settings: GradingSettings, queue: Queue, gradebook: Gradebook, wanted: Wanted, by: str
) -> tuple[dict[str, Any], Void | None]:
    """Give everybody their points, and return the plan with the void to write; None if it is so already."""
    verdicts, before = verdicts_of(queue, wanted.assignment), voids_of(gradebook, wanted.assignment)
    change, after = _after(verdicts, before, wanted, by)
    other = graded_otherwise(gradebook, wanted.assignment, verdicts, before, change.exercise)
    known = {student: verdict for student, verdict in verdicts.items() if student not in other}
    moved = rescore(gradebook, settings.course_dir, wanted.assignment, known, after, {change.exercise})
    # What is so already changes nothing, whatever somebody has done to the gradebook since.
    return _plan(settings, queue, wanted, change, [] if after == before else moved, verdicts, other), (
        None if after == before else change
    )


def _after(
    verdicts: Mapping[str, ModuleResult], before: list[Void], wanted: Wanted, by: str
) -> tuple[Void, list[Void]]:
    """Return the void that is meant, and the voids that hold afterwards."""
    known = checks_of(verdicts)
    # A void check that no verdict lists any more, since the tests were corrected, can be taken back all the same.
    known += [Check.of_void(void) for void in before if (void.exercise, void.title) not in {c.key for c in known}]
    check = find_check(known, wanted.assignment, wanted.check)
    present = next((void for void in before if (void.exercise, void.title) == check.key), None)
    if wanted.undo:
        return present or check.void("", by), [void for void in before if void is not present]
    if present is None:
        if not wanted.reason.strip():
            raise TitoError("students read why a check does not count: give a reason (--reason)")
        change = check.void(wanted.reason.strip(), by)
        return change, [*before, change]
    if wanted.reason.strip() not in ("", present.reason):
        raise TitoError(
            f"{check.name} is void already, for another reason ({present.reason}): undo that first, then give the new"
        )
    return present, before


def _plan(
    settings: GradingSettings, queue: Queue, wanted: Wanted, change: Void, moved: list[Rescored],
    verdicts: Mapping[str, ModuleResult], other: list[str],
) -> dict[str, Any]:  # fmt: skip
    students = [each.student for each in moved if each.before != each.after]
    told = told_another_score(settings, queue, wanted.assignment, students)
    return {
        "assignment": wanted.assignment, "undo": wanted.undo, "void": change.to_json(),
        "rows": [rescored_row(each, told) for each in moved],
        "judge_again": other,
        "not_judged": sorted(student for student, verdict in verdicts.items() if verdict.refused),
    }  # fmt: skip


def rescored_row(each: Rescored, told: list[str]) -> dict[str, Any]:
    """Return one student's line of a plan."""
    return {
        "student": each.student, "before": each.before, "after": each.after, "by_hand": each.by_hand,
        "told": each.student in told, "exercises": [part._asdict() for part in each.parts],
    }  # fmt: skip


def _follow_up(settings: GradingSettings, queue: Queue, plan: dict[str, Any]) -> list[str]:
    """Queue what the change asks for: another look at who was graded otherwise, new pages for who was told a score."""
    name, jobs = plan["assignment"], []
    again = [
        student for student in plan["judge_again"] if (settings.course_dir / "submitted" / student / name).is_dir()
    ]
    if again:
        jobs.append(queue.submit(judge_of(name), name, again, asked_by="a void check", force=True))
    if told := [row["student"] for row in plan["rows"] if row["told"]]:
        jobs.append(queue.submit("release_feedback", name, told, asked_by="a void check", unread=True))
    return jobs
