"""A frozen course: all of it can be read, and nothing in it can be changed, until somebody unfreezes it.

Everything that is not named in STAYS_OPEN is refused, so that a new route is closed by default. What students run is
hostile: this check is the protection, while pages and clients only save them the attempt.
"""

from fastapi import Request
from sqlalchemy import Connection, bindparam, delete, insert, select

from exchange.protocol.models import Freeze, Refused
from exchange.service import audit, find
from exchange.service.context import CallerDep, Service, ServiceDep
from exchange.service.identity import Caller
from exchange.service.tables import freezes

READING = ("GET", "HEAD", "OPTIONS")
# By method and last word of the address: the freeze itself, reading an answer, forgetting, the end of all.
STAYS_OPEN = {("PUT", "freeze"), ("DELETE", "freeze"), ("POST", "seen"), ("DELETE", "events"), ("DELETE", "content")}
_FREEZE = select(freezes).where(freezes.c.course == bindparam("for_course"))  # made once: each submission asks it


def find_freeze(connection: Connection, course: str) -> Freeze | None:
    """Return since when a course has been frozen and by whom, None if it is not frozen."""
    row = connection.execute(_FREEZE, {"for_course": course}).first()
    return Freeze(row.frozen_at, row.frozen_by) if row else None


def check_not_frozen(connection: Connection, course: str) -> None:
    """Raise Refused 409 in a frozen course."""
    if found := find_freeze(connection, course):
        since = f"frozen since {found.frozen_at[:16]}Z by {found.frozen_by}"
        raise Refused(
            f"{course} is over, {since}: nothing is released, fetched to work on, handed in, asked or graded any more",
            remedy="read and download what is there; an instructor can unfreeze the course",
            status=409,
        )


def refuse_changes(request: Request, service: ServiceDep, caller: CallerDep) -> None:
    """Refuse a request that would change a frozen course; callers who are not in it don't learn that it is frozen."""
    course, words = request.path_params.get("course", ""), request.url.path.rstrip("/").split("/")
    if request.method in READING or (request.method, words[-1]) in STAYS_OPEN or caller.role(course) is None:
        return
    with service.database.read() as connection:
        check_not_frozen(connection, course)


def freeze(service: Service, caller: Caller, course: str) -> Freeze:
    """Freeze a course; one that is frozen stays as it is."""
    with service.database.write() as connection:
        find.find_course(connection, caller, course)
        if found := find_freeze(connection, course):
            return found
        now = service.now()
        row = {"course": course, "frozen_at": now, "frozen_by": caller.acting_for or caller.name}
        connection.execute(insert(freezes).values(row))
        audit.record(connection, now, caller, "freeze", course)
    return Freeze(row["frozen_at"], row["frozen_by"])


def unfreeze(service: Service, caller: Caller, course: str) -> None:
    """Unfreeze a course; one that is not frozen stays as it is."""
    with service.database.write() as connection:
        find.find_course(connection, caller, course)
        if connection.execute(delete(freezes).where(freezes.c.course == course)).rowcount:
            audit.record(connection, service.now(), caller, "unfreeze", course)
