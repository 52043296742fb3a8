"""Put a module into the exchange."""

from .. import exchange_door
from ..queue import Queue, Work
from ..settings import GradingSettings
from ..work import Outcome


def release(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Put the release into the exchange; students get it when its time has come."""
    return Outcome("done", exchange_door.release(settings, work.assignment))
