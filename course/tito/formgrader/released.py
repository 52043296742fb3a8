"""Which modules are released, as the exchange says; if it does not answer, that must not stop anybody from grading."""

import logging

from tito.grading.exchange_door import ExchangeError
from tito.grading.exchange_door import released_assignments as ask_exchange
from tito.grading.settings import GradingSettings

log = logging.getLogger("formgrader")


def released_assignments(settings: GradingSettings) -> set[str]:
    """Return the released modules, none if there is no exchange or it does not answer (which is logged)."""
    if not settings.exchange_url or not settings.course_id:
        return set()
    try:
        return ask_exchange(settings)
    except ExchangeError as error:
        log.warning("%s", error)
        return set()
