"""Releases and solutions: versions of an assignment's files, of which students see the newest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from exchange.protocol.bundle import decode_manifest
from exchange.protocol.models import AssignmentSettings, FileInfo, Refused, UploadLimits
from exchange.service import audit, find
from exchange.service.context import Service
from exchange.service.courses import create_assignment
from exchange.service.identity import Caller
from exchange.service.intake import AlreadyStored, Stored, check_limits
from exchange.service.tables import assignments, bundles

# Staff's files are trusted more than a student's, and may carry data sets.
LIMITS = UploadLimits(max_files=500, max_file_bytes=500_000_000, max_submission_bytes=500_000_000)


def find_bundle(
    connection: Connection, course: str, assignment: str, kind: str, version: int | None = None
) -> Row[Any]:
    """Return the newest (or a given) version of a release or solution; raise Refused 404 if there is none."""
    b = bundles.c
    query = select(bundles).where(b.course == course, b.assignment == assignment, b.kind == kind)
    if version is not None:
        query = query.where(b.version == version)
    row = connection.execute(query.order_by(b.version.desc()).limit(1)).first()
    if row is None:
        raise Refused(f"the exchange has no {kind} of {assignment}", remedy="ask your instructor", status=404)
    return row


@dataclass(frozen=True)
class BundleIntake:
    """A release or solution on its way in."""

    service: Service
    caller: Caller
    course: str
    assignment: str
    kind: str
    force: bool

    def admit(self, files: list[FileInfo], at: datetime) -> None:
        """Raise Refused before any byte is stored."""
        check_limits(files, LIMITS)
        with self.service.database.read() as connection:
            find.find_course(connection, self.caller, self.course)
            self._check_replaces(connection, files)

    def _check_replaces(self, connection: Connection, files: list[FileInfo]) -> None:
        row = self._current(connection)
        if row is None:
            return
        if decode_manifest(row.manifest.encode()) == files:
            raise AlreadyStored(None)
        if not self.force:
            raise Refused(
                f"this would replace the {self.kind}",
                f"version {row.version} of {self.assignment} has other files",
                "add --force to replace it; students who fetched the earlier one keep it",
                409,
            )

    def _current(self, connection: Connection) -> Row[Any] | None:
        a, b = assignments.c, bundles.c
        query = select(bundles).where(b.course == self.course, b.assignment == self.assignment, b.kind == self.kind)
        if self.kind == "release":
            shown = select(a.release_version).where(a.course == self.course, a.id == self.assignment)
            query = query.where(b.version == shown.scalar_subquery())
        return connection.execute(query.order_by(b.version.desc()).limit(1)).first()

    def accept(self, stored: Stored) -> None:
        """Commit a new version; the same files again raise AlreadyStored and change nothing."""
        now = self.service.now()
        with self.service.database.write() as connection:
            self._check_replaces(connection, stored.files)
            create_assignment(connection, self.course, self.assignment, AssignmentSettings(title=self.assignment), now)
            version = self._insert(connection, stored, now)
            if self.kind == "release":
                self._publish(connection, version, now)
            detail = f"version {version}, {len(stored.files)} files"
            audit.record(
                connection,
                now,
                self.caller,
                f"put {self.kind}",
                self.course,
                self.assignment,
                status=201,
                detail=detail,
            )
        self.service.bell.ring()

    def _insert(self, connection: Connection, stored: Stored, now: str) -> int:
        b = bundles.c
        newest = select(func.coalesce(func.max(b.version), 0)).where(
            b.course == self.course, b.assignment == self.assignment, b.kind == self.kind
        )
        version = connection.execute(newest).scalar_one() + 1
        row = {"course": self.course, "assignment": self.assignment, "kind": self.kind, "version": version}
        row |= {"blob": stored.blob, "manifest": stored.manifest, "size": stored.size}
        row |= {"created_at": now, "created_by": self.caller.acting_for or self.caller.name}
        connection.execute(bundles.insert().values(row))
        return version

    def _publish(self, connection: Connection, version: int, now: str) -> None:
        a = assignments.c
        values = {"release_version": version, "released_at": func.coalesce(a.released_at, now)}
        connection.execute(update(assignments).where(a.course == self.course, a.id == self.assignment).values(values))


def withdraw(service: Service, caller: Caller, course: str, assignment: str) -> None:
    """Hide a release from students; its files, submissions and feedback stay."""
    now, a = service.now(), assignments.c
    with service.database.write() as connection:
        find.find_assignment(connection, caller, course, assignment, now)
        values = {"release_version": None, "released_at": None}
        connection.execute(update(assignments).where(a.course == course, a.id == assignment).values(values))
        audit.record(connection, now, caller, "withdraw release", course, assignment)
