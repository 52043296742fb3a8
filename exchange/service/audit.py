"""Who did or tried what: a row for each change, and for each request that was refused for lack of rights.

A flood of refusals from one caller is counted, not stored row by row, so that the audit can't be used to fill the disk.
"""

import threading
import time
from collections import OrderedDict

from sqlalchemy import Connection

from exchange.service.identity import Caller
from exchange.service.tables import audit

REFUSALS_PER_MINUTE = 200
CALLERS = 1000
TEXT = 240


def record(
    connection: Connection,
    at: str,
    caller: Caller | None,
    verb: str,
    course: str = "",
    assignment: str = "",
    subject: str = "",
    status: int = 200,
    detail: str = "",
) -> None:
    """Add a row inside the caller's transaction, so that a change and its record happen together."""
    row = {"at": at, "actor": caller.name if caller else "", "acting_for": caller.acting_for if caller else ""}
    named = {"verb": verb, "course": course, "assignment": assignment, "subject": subject}
    row |= {name: text[:TEXT] for name, text in named.items()}
    connection.execute(audit.insert(), {**row, "status": status, "detail": detail[:1000]})


class RefusalLimit:
    """Let through a limited number of refusals per caller and minute."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._lock = threading.Lock()

    def allows(self, who: str) -> bool:
        """Count one refusal; False once this minute's share is used up."""
        key = (who, int(time.monotonic() // 60))
        with self._lock:
            self._counts[key] = self._counts.pop(key, 0) + 1
            while len(self._counts) > CALLERS:
                self._counts.popitem(last=False)
            return self._counts[key] <= REFUSALS_PER_MINUTE
