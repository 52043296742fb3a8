"""What an operator monitors about the semester besides requests: is one in force, and is everything due done."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from exchange.hub.sight import Metrics
from tito.semester import times
from tito.semester.service.database import PENDING, RUNNING, Action

PATIENCE = timedelta(minutes=5)


def semester_metrics(is_in_force: Callable[[], bool], engine: Callable[[], Engine]) -> Metrics:
    """Return the metrics of the service; they are read when somebody asks."""
    metrics = Metrics("semester")
    metrics.gauge("in_force", "1 while a semester is in force", lambda: float(is_in_force()))
    metrics.gauge("overdue_actions", "Releases and collections due for 5 minutes", lambda: _overdue(engine()))
    return metrics


def _overdue(engine: Engine) -> float:
    due = Action.at < times.now() - PATIENCE
    count = select(func.count()).select_from(Action).where(Action.state.in_((PENDING, RUNNING)), due)
    with Session(engine) as session:
        return session.scalar(count) or 0
