"""The notebook sent with a question, if the student agrees: one file, bounded, stored as it is, never run here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from exchange.protocol.models import FileInfo, Refused, UploadLimits
from exchange.protocol.notebooks import LARGEST_SNAPSHOT
from exchange.service import audit
from exchange.service.context import Service
from exchange.service.identity import Caller
from exchange.service.intake import Stored, check_limits
from exchange.service.tables import questions, snapshots

LIMITS = UploadLimits(max_files=1, max_file_bytes=LARGEST_SNAPSHOT, max_submission_bytes=LARGEST_SNAPSHOT)
STUDENT_BYTES = 60_000_000  # all notebooks of one student's questions in a course


@dataclass(frozen=True)
class SnapshotIntake:
    """A question's notebook on its way in."""

    service: Service
    caller: Caller
    question: Row[Any]

    def admit(self, files: list[FileInfo], at: datetime) -> None:
        """Raise Refused before any byte is stored."""
        check_limits(files, LIMITS)
        wanted = f"{self.question.assignment}.ipynb"
        if files[0].path != wanted:
            rule = "only the module's own notebook can be attached to a question"
            raise Refused(rule, files[0].path[:200], f"send {wanted}")
        with self.service.database.read() as connection:
            self._check(connection, files[0].size)

    def accept(self, stored: Stored) -> None:
        """Attach the notebook, replacing an earlier one."""
        now, row = self.service.now(), self.question
        values = {"question": row.id, "blob": stored.blob, "manifest": stored.manifest, "size": stored.size}
        with self.service.database.write() as connection:
            self._check(connection, stored.size)
            connection.execute(delete(snapshots).where(snapshots.c.question == row.id))
            connection.execute(insert(snapshots).values(values | {"sent_at": now}))
            audit.record(connection, now, self.caller, "attach notebook", row.course, row.assignment, row.id, 201)

    def _check(self, connection: Connection, size: int) -> None:
        q = questions.c
        state = connection.execute(select(q.answered_at).where(q.id == self.question.id)).first()
        if state is None or state.answered_at is not None:
            rule = "a notebook can be attached only before the answer"
            raise Refused(rule, remedy="ask another question", status=409)
        used = select(func.coalesce(func.sum(snapshots.c.size), 0)).select_from(snapshots.join(questions))
        mine = used.where(q.course == self.question.course, q.student == self.caller.name, q.id != self.question.id)
        if int(connection.execute(mine).scalar_one()) + size > STUDENT_BYTES:
            value = f"{size} bytes more"
            rule = f"the notebooks of your questions can take at most {STUDENT_BYTES} bytes"
            raise Refused(rule, value, "ask without it", 413)
