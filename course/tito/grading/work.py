"""Do a claimed task of any kind. `perform` takes it and returns how it ended.

A fault in a submission is an outcome ("refused", with a message that the student can act on); a fault on our side is an
exception, which the runner records as "failed", and then the previous grade is kept.
"""

from dataclasses import dataclass, field
from typing import Any

from .kinds import find_kind
from .queue import Queue, QueueError, Work
from .settings import GradingSettings
from .students import EVERYBODY, everybody_for


@dataclass(frozen=True)
class Outcome:
    outcome: str
    message: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def perform(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    kind = find_kind(work.kind)
    if kind is None:  # queued by a version that had it
        raise QueueError(f"there is no kind of grading work called {work.kind!r} any more")
    if kind.after and work.student == EVERYBODY:
        return _for_everybody(work, settings, queue)
    return kind.load()(work, settings, queue)


def _for_everybody(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Queue one task per student; they belong to the same jobs."""
    students = everybody_for(settings, work.kind, work.assignment)
    queue.extend(work, students)
    return Outcome("done", f"{len(students)} submissions queued")
