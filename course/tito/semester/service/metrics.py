"""What an operator watches of the semester besides requests: is it in force, and is what is due done."""

from datetime import timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from exchange.hub.sight import Metrics
from tito.semester import times
from tito.semester.service.conductor import Conductor
from tito.semester.service.database import PENDING, RUNNING, Action

PATIENCE = timedelta(minutes=5)


def semester_metrics(conductor: Conductor, engine: Engine) -> Metrics:
    """Return the metrics of the service; they are read from its database when somebody looks."""
    metrics = Metrics("semester")
    metrics.gauge("in_force", "1 while a semester is in force", lambda: float(conductor.in_force() is not None))
    metrics.gauge("overdue_actions", "Releases and collections due for 5 minutes", lambda: _overdue(engine))
    return metrics


def _overdue(engine: Engine) -> float:
    due = Action.at < times.now() - PATIENCE
    count = select(func.count()).select_from(Action).where(Action.state.in_((PENDING, RUNNING)), due)
    with Session(engine) as session:
        return session.scalar(count) or 0
