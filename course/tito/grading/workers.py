"""Who judges for this course: this machine, or workers on others; what each is doing, and since when.

What the scheduler's door says comes from machines that are not trusted: it is shown, shortened and as text.
"""

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.hub.identity import Caller

from .identity import needs
from .kinds import names_away
from .queue import Queue
from .records import RUNNING, Task, utc_now
from .rights import READ
from .settings import GradingSettings

router = APIRouter()
Reader = Annotated[Caller, Depends(needs(READ))]
MOST_WORKERS, MOST_TEXT = 500, 200


@router.get("/workers")
def workers(request: Request, _: Reader) -> dict[str, Any]:
    """Return which machines judge, what each is doing and since when."""
    return describe_workers(request.app.state.settings, request.app.state.queue)


def describe_workers(settings: GradingSettings, queue: Queue) -> dict[str, Any]:
    """Return {"said": a sentence, "elsewhere": whether other machines judge, "workers": [{name, address, jobs, since,
    does}]}; times in UTC.
    """
    from tito.machines.calls import JudgesSilent, who_is_there  # what judges need, numpy too: loaded only here

    running = _running(queue)
    if not settings.scheduler:
        does = [_does(task, task.started_at) for task in running.values()]
        said = f"Submissions are judged on the grading service's own machine, {settings.jobs} at a time."
        own = {"name": "this machine", "address": "", "jobs": settings.jobs, "since": "", "does": does}
        return {"said": said, "workers": [own], "elsewhere": False}
    assert settings.certificates
    try:
        found = who_is_there(settings.scheduler, settings.certificates).get("workers")
    except JudgesSilent as silent:
        return {
            "said": f"Nothing is being judged: {silent}. Submissions are waiting.",
            "workers": [],
            "elsewhere": True,
        }
    rows = [_row(each, running) for each in found[:MOST_WORKERS]] if isinstance(found, list) else []
    return {"said": _said(rows, queue.ready(names_away())), "workers": rows, "elsewhere": True}


def _said(rows: list[dict[str, Any]], waiting: int) -> str:
    slots = sum(row["jobs"] for row in rows)
    if not slots:
        return f"No worker is connected; {waiting} submissions wait for one: run tito grade worker on a free machine."
    at_work = sum(len(row["does"]) for row in rows)
    return f"{len(rows)} workers can judge {slots} submissions at a time; {at_work} now, and {waiting} are waiting."


def _row(said: Any, running: dict[int, Task]) -> dict[str, Any]:
    said = said if isinstance(said, dict) else {}
    slots, does = said.get("slots"), said.get("does")
    jobs = slots if isinstance(slots, int) and 0 <= slots <= 1024 else 0
    tasks = [_task(each, running) for each in does[:jobs]] if isinstance(does, list) else []
    return {
        "name": _text(said.get("name")), "address": _text(said.get("address")), "jobs": jobs,
        "since": _moment(said.get("since")), "does": tasks,
    }  # fmt: skip


def _task(said: Any, running: dict[int, Task]) -> str:
    said = said if isinstance(said, dict) else {}
    label, since = said.get("label"), _moment(said.get("since"))
    task = running.get(label) if isinstance(label, int) else None
    if task is None:
        return f"work that is no longer wanted, since {since}"
    return f"{task.kind} {task.assignment} of {task.student}, since {since}"


def _does(task: Task, since: datetime.datetime | None) -> str:
    return f"{task.kind} {task.assignment} {f'of {task.student}' if task.student else ''}, since {_shown(since)}"


def _running(queue: Queue) -> dict[int, Task]:
    with Session(queue.engine, expire_on_commit=False) as session:
        return {task.id: task for task in session.scalars(select(Task).where(Task.state == RUNNING))}


def _text(value: Any) -> str:
    return "".join(each for each in value[:MOST_TEXT] if each.isprintable()) if isinstance(value, str) else "?"


def _moment(value: Any) -> str:
    """A time of another machine's clock, if it can be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        return "?"
    return _shown(min(datetime.datetime.fromtimestamp(value, datetime.UTC), utc_now()))


def _shown(at: datetime.datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "?"
