"""Feedback and results: what graders attach to a submission. The newest replaces the older; the audit records who did
it and when.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from exchange.protocol.models import FileInfo, Refused, Result, UploadLimits, plain
from exchange.service import audit
from exchange.service.context import Service
from exchange.service.events import check_detail
from exchange.service.identity import Caller
from exchange.service.intake import Stored, check_limits
from exchange.service.tables import feedback, results

LIMITS = UploadLimits(max_files=100, max_file_bytes=50_000_000, max_submission_bytes=100_000_000)
MAX_RESULT_BYTES = 200_000
# Feedback is read in a browser: pages, pictures, data. Graders are not expected to send anything else.
SUFFIXES = (".html", ".json", ".txt", ".md", ".png", ".svg", ".csv", ".ipynb", ".pdf")


@dataclass(frozen=True)
class FeedbackIntake:
    """Feedback files of one submission on their way in."""

    service: Service
    caller: Caller
    submission: Row[Any]

    def admit(self, files: list[FileInfo], at: datetime) -> None:
        """Raise Refused before any byte is stored."""
        check_limits(files, LIMITS)
        wrong = [f.path for f in files if not f.path.lower().endswith(SUFFIXES)]
        if wrong:
            raise Refused(f"feedback files must end in {', '.join(SUFFIXES)}", ", ".join(wrong)[:300], "leave them out")

    def accept(self, stored: Stored) -> None:
        """Replace the submission's feedback in one transaction."""
        now, row = self.service.now(), self.submission
        values = {"submission": row.id, "blob": stored.blob, "manifest": stored.manifest, "size": stored.size}
        values |= {"released_at": now, "released_by": self.caller.acting_for or self.caller.name}
        with self.service.database.write() as connection:
            connection.execute(delete(feedback).where(feedback.c.submission == row.id))
            connection.execute(insert(feedback).values(values))
            audit.record(connection, now, self.caller, "put feedback", row.course, row.assignment, row.id, 201)
        self.service.bell.ring()


def put_result(service: Service, caller: Caller, submission: Row[Any], result: Result) -> None:
    """Attach what the grader found. The quick score is kept along with the full result, to compare attempts by; a quick
    result that comes after the full one adds its score and changes nothing else.
    """
    for name in ("score", "max_score"):
        value = getattr(result, name)
        if value is not None and not -1e9 < value < 1e9:
            raise Refused(f"{name} must be between -1e9 and 1e9", str(value), "send null if there is none")
    body = {k: v for k, v in plain(result).items() if k != "score"}
    check_detail(body, MAX_RESULT_BYTES)
    now = service.now()
    values = {"submission": submission.id, "score": result.score, "body": json.dumps(body)}
    values |= {"posted_at": now, "posted_by": caller.acting_for or caller.name}
    with service.database.write() as connection:
        _replace(connection, values, result)
        detail = f"{result.kind} {result.status} {result.score}"
        audit.record(
            connection,
            now,
            caller,
            "put result",
            submission.course,
            submission.assignment,
            submission.id,
            detail=detail,
        )
    service.bell.ring()


def _replace(connection: Connection, values: dict[str, Any], result: Result) -> None:
    mine = results.c.submission == values["submission"]
    before = connection.execute(select(results).where(mine)).first()
    quick = result.score if result.kind == "quick" else before.quick_score if before else None
    if before and result.kind == "quick" and json.loads(before.body)["kind"] == "full":
        connection.execute(update(results).where(mine).values(quick_score=quick))
        return
    connection.execute(delete(results).where(mine))
    connection.execute(insert(results).values(values | {"quick_score": quick}))
