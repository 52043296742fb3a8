"""Hand a module to the exchange."""

from .. import exchange_door
from ..queue import Queue, Work
from ..settings import GradingSettings
from ..work import Outcome


def release(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Hand the release to the exchange; students get it when its time has come."""
    return Outcome("done", exchange_door.release(settings, work.assignment))
