"""Grading's part in the freeze of a course: queued work is finished first, open requests are closed, and from then on
nothing is queued or changed.

A freeze is refused while work is running; work that is only waiting is named, and left undone if the caller says so.
"""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tito.errors import TitoError
from tito.gradebook.frozen import Frozen, frozen, remove_frozen, write_frozen
from tito.gradebook.lock import gradebook_lock

from .queue import Queue
from .records import QUEUED, RUNNING, Regrade, Task, utc_now
from .settings import GradingSettings

SHOWN = 5
UNDONE = "cancelled: the course was frozen"


def freeze_state(settings: GradingSettings, queue: Queue) -> dict[str, Any]:
    """Return whether the gradebook is frozen, and what a freeze would affect."""
    how = frozen(settings.course_dir)
    with Session(queue.engine) as session:
        regrades = session.scalars(select(Regrade.id).where(Regrade.answered_at.is_(None))).all()
    return {
        "frozen": {"since": how.since, "by": how.by} if how else None,
        "unfinished": [_described(task) for task in _unfinished(queue)],
        "open_regrades": len(regrades),
    }


def freeze(settings: GradingSettings, queue: Queue, how: Frozen, leave_undone: bool) -> dict[str, Any]:
    """Freeze the gradebook; work still queued is cancelled if `leave_undone`, else nothing is frozen.

    Return what was left undone. Freezing again changes nothing.
    """
    if frozen(settings.course_dir):
        return {**freeze_state(settings, queue), "left_undone": []}
    _refuse_unfinished(queue, leave_undone)
    with gradebook_lock(settings.course_dir):
        write_frozen(settings.course_dir, how)
    try:
        _refuse_unfinished(queue, leave_undone)  # somebody may have asked for work meanwhile; now nobody can
    except TitoError:
        remove_frozen(settings.course_dir)
        raise
    left = [_described(task) for task in _unfinished(queue)]
    _end(queue, how)
    return {**freeze_state(settings, queue), "left_undone": left}


def unfreeze(settings: GradingSettings) -> None:
    """Let the gradebook be changed again; repeating this changes nothing."""
    remove_frozen(settings.course_dir)


def _refuse_unfinished(queue: Queue, leave_undone: bool) -> None:
    tasks = _unfinished(queue)
    running = [task for task in tasks if task.state == RUNNING]
    if running:
        raise TitoError(f"grading is at work on {_named(running)}: try again in a minute")
    if tasks and not leave_undone:
        raise TitoError(
            f"grading still has to do {_named(tasks)}: wait until it is done, or leave it undone "
            "(tito semester freeze --unfinished)"
        )


def _unfinished(queue: Queue) -> list[Task]:
    with Session(queue.engine, expire_on_commit=False) as session:
        return list(session.scalars(select(Task).where(Task.state.in_((QUEUED, RUNNING))).order_by(Task.id)))


def _end(queue: Queue, how: Frozen) -> None:
    """Cancel what is waiting, and close requests for another look with the reason."""
    said = f"The course was frozen at {how.since[:16].replace('T', ' ')} UTC: requests are closed."
    closed = {"answer": said, "answered_by": how.by, "answered_at": utc_now(), "open_key": None}
    ended = {"state": "cancelled", "waiting_key": None, "finished_at": utc_now(), "message": UNDONE}
    with Session(queue.engine) as session:
        session.execute(update(Task).where(Task.state == QUEUED).values(ended))
        session.execute(update(Regrade).where(Regrade.answered_at.is_(None)).values(closed))
        session.commit()


def _described(task: Task) -> dict[str, str]:
    return {"kind": task.kind, "assignment": task.assignment, "student": task.student, "state": task.state}


def _named(tasks: list[Task]) -> str:
    names = [" ".join(filter(None, (t.kind.replace("_", " "), t.assignment, t.student))) for t in tasks[:SHOWN]]
    return ", ".join(names) + (f" and {len(tasks) - SHOWN} more" if len(tasks) > SHOWN else "")
