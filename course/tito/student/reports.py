"""Send what test cells noted (`tinytorch.reports`) to the course, in one request, or leave it for the next time.

`python -m tito.student.reports`: a student's server starts it when there is something to send, never a cell. What the
course refuses is dropped, what can't be sent now is kept. A line written while the notes are taken may be lost.
"""

import contextlib
import json
import os

from tito.atomic import write_atomically
from tito.curriculum import Curriculum, load_curriculum
from tito.workspace import Workspace

MOST_BYTES = 3800  # of one event's detail; the exchange accepts 4000
NAME_CHARACTERS = 60  # the file is the student's own and may contain anything
TOLD = {"exercise": str, "checks": int, "passed": int, "fault": str, "failed": str}
TOLD |= {"prediction": str, "right": bool, "hint": int}

Note = tuple[str, dict]  # module, what is told


def send_reports(workspace: Workspace, curriculum: Curriculum) -> bool:
    """Send the oldest notes, all of one module, as one event; tell whether the course was asked."""
    notes = take(workspace, curriculum)
    if not notes:
        return False
    slug = notes[0][0]
    batch = _batch(notes, slug)
    if _arrived_or_refused(slug, batch):
        sent = {id(told) for told in batch}
        _keep(workspace, [note for note in notes if id(note[1]) not in sent])
    return True


def take(workspace: Workspace, curriculum: Curriculum) -> list[Note]:
    """Take the kernels' notes, unless some are left that were not sent yet; anything that is not a note is dropped."""
    taken = workspace.memory / "reports-taken.jsonl"
    if not taken.exists():
        with contextlib.suppress(FileNotFoundError):
            (workspace.memory / "reports.jsonl").rename(taken)
    with contextlib.suppress(FileNotFoundError):
        lines = taken.read_text(encoding="utf-8", errors="replace").splitlines()
        if notes := [note for line in lines if (note := _read(line, curriculum))]:
            return notes
        taken.unlink()
    return []


def _read(line: str, curriculum: Curriculum) -> Note | None:
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    slug = _module_of(facts, curriculum)
    told = {name: facts[name] for name, kind in TOLD.items() if type(facts.get(name)) is kind}
    told = {name: value[:NAME_CHARACTERS] if isinstance(value, str) else value for name, value in told.items()}
    return (slug, told) if slug and told else None


def _module_of(facts: dict, curriculum: Curriculum) -> str:
    """The module that has the exercise, or the one in whose folder the kernel runs."""
    for module in curriculum.written:
        if facts.get("exercise") in [exercise.name for exercise in module.exercises]:
            return module.slug
    return next((module.slug for module in curriculum.written if module.slug == facts.get("folder")), "")


def _batch(notes: list[Note], slug: str) -> list[dict]:
    """As many notes of a module as one event can hold, oldest first."""
    batch: list[dict] = []
    size = 20
    for told in (told for of, told in notes if of == slug):
        size += len(json.dumps(told, ensure_ascii=False).encode()) + 2
        if size > MOST_BYTES:
            break
        batch.append(told)
    return batch


def _keep(workspace: Workspace, notes: list[Note]) -> None:
    taken = workspace.memory / "reports-taken.jsonl"
    lines = [json.dumps(told | {"folder": slug}) + "\n" for slug, told in notes]
    write_atomically(taken, "".join(lines)) if lines else taken.unlink(missing_ok=True)


def _arrived_or_refused(slug: str, batch: list[dict]) -> bool:
    from exchange.client import ExchangeClient
    from exchange.client.connection import Unreachable
    from exchange.protocol.models import Refused

    try:
        with ExchangeClient.from_environment(patience_seconds=0) as client:  # one request, with no retry
            client.report_event(os.environ.get("EXCHANGE_COURSE", ""), slug, "checked", {"cells": batch})
    except Unreachable:
        return False
    except Refused:
        return True
    return True


if __name__ == "__main__":
    os.nice(10)  # cells come first
    send_reports(Workspace.here(), load_curriculum())
