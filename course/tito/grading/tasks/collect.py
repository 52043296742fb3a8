"""Fetch the attempts that count from the exchange."""

from .. import exchange_door
from ..queue import Queue, Work
from ..settings import GradingSettings
from ..work import Outcome
from .lateness import follow_schedule


def collect(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Fetch the attempts that count from the exchange into nbgrader's `submitted`."""
    collected = exchange_door.collect(settings, work.assignment)
    message = f"{len(collected['new'])} new or changed, {len(collected['same'])} unchanged"
    # An extension may have been granted since the last collection.
    moved = follow_schedule(work, settings, queue).message
    return Outcome("done", f"{message}; {moved}" if moved else message, {"report": collected})
