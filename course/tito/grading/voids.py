"""Stop counting a faulty check for everybody, or count it again: first show what this changes, then change it.

The judge's verdicts stay as they were recorded; a void says what they are worth. Nobody is judged again, except those
whose grade does not come from the recorded verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exchange.protocol.verdicts import ModuleResult
from tito.errors import TitoError
from tito.gradebook.file import FILE_NAME
from tito.gradebook.rescoring import Rescored
from tito.gradebook.scores import open_gradebook
from tito.gradebook.voiding import Changed, Decide, change_void
from tito.gradebook.voids import Void, history_of, voids_of

from .checks import Check, checks_of, find_check
from .kinds import judge_of
from .queue import Queue
from .settings import GradingSettings
from .told import told_another_score

JUDGED = ("graded", "refused", "unchanged")


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: a check of a module that should be void, or count again."""

    assignment: str
    check: str
    reason: str = ""
    undo: bool = False


def say_what_is_void(settings: GradingSettings, modules: Mapping[str, dict[str, Any]]) -> None:
    """Add to the quick results of a student's modules which visible checks count for everybody, and why."""
    quick = {name: found["quick"] for name, found in modules.items() if found.get("quick", {}).get("report")}
    if not quick or not (settings.course_dir / FILE_NAME).is_file():
        return
    with open_gradebook(settings) as gradebook:
        for name, result in quick.items():
            result["voids"] = [void.words for void in voids_of(gradebook, name) if void.shown == void.title]


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
    verdicts = verdicts_of(queue, wanted.assignment)
    changed = change_void(settings, wanted.assignment, verdicts, _decide(wanted, verdicts, ""))
    return _plan(settings, queue, wanted, changed, verdicts)


def apply_void(settings: GradingSettings, queue: Queue, wanted: Wanted, by: str) -> dict[str, Any]:
    """Make a check void, or let it count again, and change all points in one transaction; queue the new feedback."""
    verdicts = verdicts_of(queue, wanted.assignment)
    changed = change_void(settings, wanted.assignment, verdicts, _decide(wanted, verdicts, by), by)
    plan = _plan(settings, queue, wanted, changed, verdicts)
    return {**plan, "jobs": _follow_up(settings, queue, plan) if changed.is_new else []}


def _decide(wanted: Wanted, verdicts: Mapping[str, ModuleResult], by: str) -> Decide:
    def decide(before: list[Void]) -> tuple[Void, list[Void]]:
        known = checks_of(verdicts)
        # A void check that no verdict lists any more, since the tests were corrected, can still be undone.
        listed = {check.key for check in known}
        known += [Check.of_void(void) for void in before if (void.exercise, void.title) not in listed]
        check = find_check(known, wanted.assignment, wanted.check)
        present = next((void for void in before if (void.exercise, void.title) == check.key), None)
        if wanted.undo:
            return present or check.void("", by), [void for void in before if void is not present]
        if present is None:
            change = check.void(_reason(wanted), by)
            return change, [*before, change]
        return _as_it_is(check, present, wanted), before

    return decide


def _reason(wanted: Wanted) -> str:
    if not (reason := wanted.reason.strip()):
        raise TitoError("no reason was given, but students must see why a check does not count: give one (--reason)")
    return reason


def _as_it_is(check: Check, present: Void, wanted: Wanted) -> Void:
    if wanted.reason.strip() not in ("", present.reason):
        rule = f"{check.name} is already void, for another reason ({present.reason})"
        raise TitoError(f"{rule}: undo that first, then give the new reason")
    return present


def _plan(
    settings: GradingSettings, queue: Queue, wanted: Wanted, changed: Changed, verdicts: Mapping[str, ModuleResult]
) -> dict[str, Any]:
    students = [each.student for each in changed.moved if each.before != each.after]
    told = told_another_score(settings, queue, wanted.assignment, students)
    return {
        "assignment": wanted.assignment, "undo": wanted.undo, "void": changed.void.to_json(),
        "rows": [rescored_row(each, told) for each in changed.moved],
        "judge_again": changed.judge_again,
        "not_judged": sorted(student for student, verdict in verdicts.items() if verdict.refused),
    }  # fmt: skip


def rescored_row(each: Rescored, told: list[str]) -> dict[str, Any]:
    """Return one student's line of a plan."""
    return {
        "student": each.student, "before": each.before, "after": each.after, "by_hand": each.by_hand,
        "told": each.student in told, "exercises": [part._asdict() for part in each.parts],
    }  # fmt: skip


def _follow_up(settings: GradingSettings, queue: Queue, plan: dict[str, Any]) -> list[str]:
    """Queue what the change needs: judge again who was graded otherwise, make new pages for those who saw a score."""
    name, jobs = plan["assignment"], []
    again = [
        student for student in plan["judge_again"] if (settings.course_dir / "submitted" / student / name).is_dir()
    ]
    if again:
        jobs.append(queue.submit(judge_of(name), name, again, asked_by="a void check", force=True))
    if told := [row["student"] for row in plan["rows"] if row["told"]]:
        jobs.append(queue.submit("release_feedback", name, told, asked_by="a void check", unread=True))
    return jobs
