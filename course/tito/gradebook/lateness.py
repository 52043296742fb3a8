"""Bring a module's grades in line with a schedule: due date, times and penalties, everybody's in one transaction.

Nothing is judged again. nbgrader keeps a due date per module, a time per graded submission and a penalty per notebook;
all follow from the schedule, and are written only here: a change of due date, grace, extension or penalty is applied
by `bring_to_schedule`, and shown by `preview`. The receipt in `autograded` says which attempt a grade is of; one that
did not come from the exchange keeps its time.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from sqlalchemy.orm import selectinload

from exchange.client.receipts import load
from exchange.protocol.models import Receipt
from exchange.protocol.schedule import effective_time
from tito.atomic import write_if_changed

from .file import open_or_make
from .late import LatePolicy
from .lock import gradebook_lock
from .policy import GradingPolicy, grading_policy
from .scores import counted_score

RECEIPT, TIMESTAMP = "receipt.json", "timestamp.txt"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"  # as the exchange's plugin for nbgrader writes it
Lateness = Callable[[Receipt], int]


class Standing(NamedTuple):
    """A grade under a schedule: seconds late, and the points that count."""

    seconds_late: float
    points: float


class Moved(NamedTuple):
    """A grade that a schedule changes."""

    student: str
    before: Standing
    after: Standing

    @property
    def gain(self) -> float:
        """Points won, negative for points lost."""
        return self.after.points - self.before.points


def receipt_of(folder: Path) -> Receipt | None:
    """Return the receipt that is in a collected or graded folder, None if there is none."""
    path = folder / RECEIPT
    return load(path).receipt if path.is_file() and not path.is_symlink() else None


def graded_receipt(course_dir: Path, student: str, assignment: str) -> Receipt | None:
    """Return the receipt of the attempt that a student's grade is of; older versions kept none with a grade."""
    steps = ("autograded", "submitted")
    found = (receipt_of(course_dir / step / student / assignment) for step in steps)
    return next((each for each in found if each), None)


class Times(NamedTuple):
    """A module's times: when it is due, and how late each attempt was."""

    due: datetime | None
    lateness: Lateness


def bring_to_schedule(course_dir: Path, course: str, assignment: str, times: Times, policy: LatePolicy) -> list[Moved]:
    """Set what follows from a module's times, in the gradebook and next to what was collected; return changed grades.

    A module that the gradebook does not know yet is added with its due date.
    """
    with gradebook_lock(course_dir), open_or_make(course_dir, course) as gradebook:
        write_times(course_dir, assignment, *times)
        moved = follow(gradebook, course_dir, assignment, *times, policy, grading_policy(course_dir))
        gradebook.db.commit()
        gradebook.update_or_create_assignment(assignment, duedate=_naive(times.due))
    return moved


def preview(course_dir: Path, course: str, modules: Mapping[str, Times], policy: LatePolicy) -> dict[str, list[Moved]]:
    """Return what `bring_to_schedule` would change in each module's grades, by doing it and rolling it back."""
    grading = grading_policy(course_dir)
    # Until the rollback the database is locked: thanks to our own lock, others who give points wait and don't fail.
    with gradebook_lock(course_dir), open_or_make(course_dir, course) as gradebook:
        moved = {name: follow(gradebook, course_dir, name, *times, policy, grading) for name, times in modules.items()}
        gradebook.db.rollback()
    return moved


def follow(
    gradebook: Gradebook,
    course_dir: Path,
    assignment: str,
    due: datetime | None,
    lateness: Lateness,
    policy: LatePolicy,
    grading: GradingPolicy,
) -> list[Moved]:
    """Set due date, times and penalties of a module's grades and return those that changed; commit or roll back."""
    try:
        book = gradebook.find_assignment(assignment)
    except MissingEntry:
        return []
    rows = gradebook.db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == book.id)
    graded = rows.options(selectinload(SubmittedAssignment.notebooks).undefer(SubmittedNotebook.score)).all()
    times = {each: _new_time(course_dir, assignment, each, lateness, due) for each in graded}
    changed = [each for each in graded if _is_other(each, _seconds(times[each], due), policy)]
    before = {each: _standing(grading, each) for each in changed}  # slow, but few
    book.duedate = _naive(due)
    for each, time in times.items():
        each.timestamp = time
    gradebook.db.flush()
    for each in changed:
        for notebook in each.notebooks:
            notebook.late_submission_penalty = policy.penalty(notebook.score, each.total_seconds_late) or None
    gradebook.db.flush()
    for each in changed:
        gradebook.db.expire(each)  # its penalty is a sum that the database computes
    return sorted(Moved(each.student_id, old, _standing(grading, each)) for each, old in before.items())


def _new_time(
    course_dir: Path, assignment: str, each: SubmittedAssignment, lateness: Lateness, due: datetime | None
) -> datetime | None:
    receipt = graded_receipt(course_dir, each.student_id, assignment)
    return _naive(_time(receipt, lateness, due)) if receipt else each.timestamp


def _is_other(each: SubmittedAssignment, seconds_late: float, policy: LatePolicy) -> bool:
    """Tell whether a grade has a different lateness from this, or a different penalty from what is due for it."""
    return each.total_seconds_late != seconds_late or any(
        abs((notebook.late_submission_penalty or 0.0) - policy.penalty(notebook.score, seconds_late)) > 1e-9
        for notebook in each.notebooks
    )


def _seconds(time: datetime | None, due: datetime | None) -> float:
    until = _naive(due)
    return max(0.0, (time - until).total_seconds()) if time and until else 0.0


def write_times(course_dir: Path, assignment: str, due: datetime | None, lateness: Lateness) -> None:
    """Write the times from which nbgrader reads lateness when it grades a collected submission (again)."""
    for folder in sorted((course_dir / "submitted").glob(f"*/{assignment}")):
        if receipt := receipt_of(folder):
            write_if_changed(folder / TIMESTAMP, _time(receipt, lateness, due).strftime(TIME_FORMAT))


def _time(receipt: Receipt, lateness: Lateness, due: datetime | None) -> datetime:
    return effective_time(datetime.fromisoformat(receipt.received_at), lateness(receipt), due).astimezone(UTC)


def _naive(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _standing(grading: GradingPolicy, each: SubmittedAssignment) -> Standing:
    return Standing(each.total_seconds_late, round(counted_score(grading, each), 9))  # sums of floats
