"""Accept, read and choose submissions: what `admission` lets in, and the rows of `tables`."""

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from exchange.protocol.bundle import bundle_digest, decode_manifest
from exchange.protocol.models import (
    FileInfo,
    Receipt,
    Refused,
    ResultInfo,
    Submission,
    parse_utc,
    plain,
    utc_text,
)
from exchange.protocol.receipt import read_receipt
from exchange.service import audit, choice, events
from exchange.service.admission import Admission, admit
from exchange.service.context import Service
from exchange.service.identity import Caller
from exchange.service.intake import AlreadyStored, Stored
from exchange.service.judged import candidates
from exchange.service.standing import Schedules
from exchange.service.tables import feedback, results, submissions

# What was stored under a student's key.
_REPEATED = select(submissions.c.receipt, submissions.c.manifest, submissions.c.assignment).where(
    submissions.c.course == bindparam("for_course"),
    submissions.c.student == bindparam("for_student"),
    submissions.c.idempotency_key == bindparam("for_key"),
)


class SubmissionIntake:
    """One student's submission on its way in: admitted by its declaration, accepted once it is stored."""

    def __init__(self, service: Service, caller: Caller, course: str, assignment: str, key: str) -> None:
        self.service, self.caller, self.key = service, caller, key
        self.course, self.assignment = course, assignment
        self.owner = (course, caller.name)

    def admit(self, files: list[FileInfo], at: datetime) -> None:
        """Raise Refused (or AlreadyStored) before any byte is stored."""
        with self.service.database.read() as connection:
            self._check_repeated(connection, files)
            self._admission(connection, files, at, self.service.in_flight.of(self.owner))

    def accept(self, stored: Stored) -> str:
        """Commit the row, its receipt, event and audit together; return the signed receipt as JSON."""

        def take(connection: Connection) -> tuple[str, bool]:
            self._check_repeated(connection, stored.files)
            admission = self._admission(connection, stored.files, stored.received_at, 0)
            return self._insert(connection, stored, admission), admission.lateness_seconds > 0

        receipt_text, late = self.service.group_commit.run(take)
        metrics = self.service.metrics
        metrics.submissions.labels(self.course, self.assignment, str(late).lower()).inc()
        metrics.submission_bytes.inc(stored.size)
        self.service.bell.ring()
        return receipt_text

    def _check_repeated(self, connection: Connection, files: list[FileInfo]) -> None:
        named = {"for_course": self.course, "for_student": self.caller.name, "for_key": self.key}
        row = connection.execute(_REPEATED, named).first()
        if row is None:
            return
        same = bundle_digest(decode_manifest(row.manifest.encode())) == bundle_digest(files)
        if row.assignment != self.assignment or not same:
            rule = "this Idempotency-Key belongs to another upload"
            raise Refused(rule, self.key, "send other files with a new key", 409)
        raise AlreadyStored(row.receipt)

    def _admission(self, connection: Connection, files: list[FileInfo], at: datetime, in_flight: int) -> Admission:
        return admit(connection, self.caller, self.course, self.assignment, files, at, in_flight)

    def _insert(self, connection: Connection, stored: Stored, admission: Admission) -> str:
        at, due = utc_text(stored.received_at), admission.schedule.due_at
        receipt = Receipt(
            submission=uuid.uuid4().hex,
            course=self.course,
            assignment=self.assignment,
            student=self.caller.name,
            attempt=admission.attempt,
            received_at=at,
            due_at=utc_text(due) if due else None,
            late=admission.lateness_seconds > 0,
            lateness_seconds=admission.lateness_seconds,
            files=stored.files,
            key_id=admission.key_id,
        )
        text = json.dumps(plain(self.service.keyring.sign(receipt)))
        row = {name: getattr(receipt, name) for name in ("course", "assignment", "student", "attempt", "received_at")}
        row |= {"id": receipt.submission, "idempotency_key": self.key, "receipt": text}
        row |= {"blob": stored.blob, "manifest": stored.manifest, "size": stored.size}
        connection.execute(submissions.insert(), row)
        detail = {"attempt": receipt.attempt, "late": receipt.late, "submission": receipt.submission}
        events.add(connection, at, self.course, self.assignment, self.caller.name, "submitted", detail)
        subject = receipt.submission
        audit.record(connection, at, self.caller, "submit", self.course, self.assignment, subject, 201)
        return text


def query() -> Select[Any]:
    """Select submissions with their result and feedback."""
    f, r = feedback.c, results.c
    return (
        select(submissions, r.score, r.body, r.posted_at, r.posted_by)
        .add_columns(f.manifest.label("feedback_manifest"), f.released_at.label("feedback_at"))
        .select_from(submissions.outerjoin(results).outerjoin(feedback))
    )


@dataclass(frozen=True)
class Standing:
    """An attempt as it stands now, for `choice`."""

    id: str
    attempt: int
    late: bool
    quick_score: float | None
    full_score: float | None


def _standing(row: Any, schedules: Schedules) -> Standing:
    full = row.score if row.body and json.loads(row.body)["kind"] == "full" else None
    return Standing(row.id, row.attempt, schedules.lateness_seconds(row) > 0, row.quick_score, full)


def counting_ids(
    connection: Connection,
    course: str,
    schedules: Schedules,
    counts: Mapping[str, str],
    students: Collection[str] | None = None,
) -> set[str]:
    """Return the ids of the submissions (of these students) that count by the current schedules; `counts` gives each
    assignment's rule.
    """
    s, r = submissions.c, results.c
    chosen = select(s.id, s.assignment, s.student, s.attempt, s.received_at, r.score, r.quick_score, r.body)
    chosen = chosen.select_from(submissions.outerjoin(results))
    chosen = chosen.where(s.course == course, s.assignment.in_(list(counts)))
    if students is not None:
        chosen = chosen.where(s.student.in_(students))
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(chosen).all():
        groups.setdefault((row.assignment, row.student), []).append(row)
    return {
        choice.choose([_standing(row, schedules) for row in candidates(rows)], counts[assignment]).id
        for (assignment, _), rows in groups.items()
    }


def read(row: Row[Any], schedules: Schedules, counting: set[str]) -> Submission:
    """Build the answer from a row of `query`."""
    due, lateness = schedules.of(row.assignment, row.student).due_at, schedules.lateness_seconds(row)
    body = json.loads(row.body) if row.body else None
    result = ResultInfo(**body, score=row.score, posted_at=row.posted_at, posted_by=row.posted_by) if body else None
    return Submission(
        seq=row.seq,
        id=row.id,
        course=row.course,
        assignment=row.assignment,
        student=row.student,
        attempt=row.attempt,
        received_at=row.received_at,
        due_at=utc_text(due) if due else None,
        late=lateness > 0,
        lateness_seconds=lateness,
        counts=row.id in counting,
        size=row.size,
        files=decode_manifest(row.manifest.encode()),
        result=result,
        feedback=decode_manifest(row.feedback_manifest.encode()) if row.feedback_manifest else [],
        feedback_at=row.feedback_at,
    )


def received(row: Row[Any]) -> datetime:
    """Give the time that counts."""
    return parse_utc(row.received_at)


def signed(row: Row[Any]) -> Any:
    """Read the stored receipt."""
    return read_receipt(json.loads(row.receipt))
