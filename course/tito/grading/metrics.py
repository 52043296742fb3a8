"""What an operator monitors about grading besides requests: how much is waiting, since when, and what failed."""

import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from exchange.hub.sight import Metrics

from .queue import Queue
from .records import FAILED, QUEUED, Task, utc_now

RECENT = datetime.timedelta(hours=1)


def grading_metrics(queue: Queue) -> Metrics:
    """Return the metrics of a service with this queue; they are read from its database when somebody asks."""
    metrics = Metrics("grading")
    metrics.gauge("waiting_tasks", "Submissions waiting or being judged", queue.waiting)
    metrics.gauge("oldest_task_seconds", "How long the oldest waiting submission has waited", lambda: _oldest(queue))
    metrics.gauge("failed_tasks", "Submissions of the last hour that could not be judged", lambda: _failed(queue))
    return metrics


def _oldest(queue: Queue) -> float:
    with Session(queue.engine) as session:
        since = session.scalar(select(func.min(Task.queued_at)).where(Task.state == QUEUED))
    return (utc_now() - since).total_seconds() if since else 0.0


def _failed(queue: Queue) -> float:
    recently = utc_now() - RECENT
    count = select(func.count()).select_from(Task).where(Task.state == FAILED, Task.finished_at > recently)
    with Session(queue.engine) as session:
        return session.scalar(count) or 0
