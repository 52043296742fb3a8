"""Ask the course for its dates, to show them next to the student's progress."""

import os
from datetime import datetime

from exchange.client import ExchangeClient
from exchange.protocol.models import Assignment, Refused

PATIENCE_SECONDS = 2.0


def dates_of_course() -> tuple[list[dict], str]:
    """List what is due, soonest first; if that can't be found out, return an empty list and the reason."""
    try:
        with ExchangeClient.from_environment(patience_seconds=PATIENCE_SECONDS) as client:
            found = client.assignments(os.environ.get("EXCHANGE_COURSE", ""))
    except Refused as error:
        return [], str(error)
    dated = sorted((a for a in found if a.due_at), key=lambda assignment: assignment.due_at or "")
    return [_row(assignment) for assignment in dated], ""


def _row(assignment: Assignment) -> dict:
    return {
        "module": assignment.id,
        "due": assignment.due_at,
        "due_local": local(assignment.due_at),
        "open": assignment.open,
        "submitted": assignment.submitted_at,
        "late": assignment.late,
        "state": assignment.state,
    }


def local(utc: str | None) -> str:
    """Write a UTC time as this machine's clock shows it, with its zone."""
    return datetime.fromisoformat(utc).astimezone().strftime("%a %d %b %H:%M %Z") if utc else ""
