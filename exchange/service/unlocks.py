"""When a student may have the solution: once nobody may submit any more, or earlier, if they give up submitting
themselves.

Both are final: a student who has the solution can't submit any more.
"""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from exchange.protocol.models import Refused, UnlockRequest, UnlockState, utc_text
from exchange.service import audit, events, find, policy
from exchange.service.context import Service
from exchange.service.granted import NOTHING, read_granted
from exchange.service.identity import Caller
from exchange.service.tables import bundles, unlocks


def free_at(connection: Connection, found: find.AssignmentRow) -> datetime | None:
    """Return the moment after which nobody may submit, whatever was granted or spent; None if there is none."""
    granted = read_granted(connection, found.course, [found.id]).values()
    return policy.free_at([NOTHING.schedule(found.settings), *(each.schedule(found.settings) for each in granted)])


def state(connection: Connection, found: find.AssignmentRow, student: str) -> UnlockState:
    """Return the state for one student."""
    b = bundles.c
    solution = select(b.version).where(b.course == found.course, b.assignment == found.id, b.kind == "solution")
    row = find.find_unlock(connection, found.course, found.id, student)
    free = free_at(connection, found)
    return UnlockState(
        offered=found.settings.unlock and connection.execute(solution).first() is not None,
        granted=row is not None,
        granted_by=None if row is None else "student" if row.closed else "time",
        free_at=utc_text(free) if free else None,
        closed_by_student=row is not None and bool(row.closed),
    )


def grant(service: Service, caller: Caller, course: str, assignment: str, request: UnlockRequest) -> UnlockState:
    """Grant the solution if its time has come, or if students close the module for themselves and confirm it."""
    at, now = service.clock(), service.now()
    with service.database.write() as connection:
        found = find.find_assignment(connection, caller, course, assignment, now)
        before = state(connection, found, caller.name)
        if before.granted:
            return before
        if not before.offered:
            rule = f"no solution is available for {assignment}"
            raise Refused(rule, remedy="ask your instructor for help", status=409)
        free = free_at(connection, found)
        closes = free is None or at <= free
        if closes:
            _check_confirmed(request, found, before)
        row = {"course": course, "assignment": assignment, "student": caller.name, "closed": closes, "granted_at": now}
        connection.execute(insert(unlocks).values(row))
        events.add(connection, now, course, assignment, caller.name, "unlocked", {"closed": closes})
        detail = "closed by the student" if closes else "after the last deadline"
        audit.record(connection, now, caller, "unlock", course, assignment, caller.name, detail=detail)
        return state(connection, found, caller.name)


def _check_confirmed(request: UnlockRequest, found: find.AssignmentRow, before: UnlockState) -> None:
    when = f"from {before.free_at} on" if before.free_at else "which is never, as the assignment has no last deadline"
    if not request.close:
        raise Refused(
            f"the solution of {found.id} is available only when nobody can submit any more, {when}",
            remedy="finish it, ask for help, or close the module for yourself: then you can never submit it again",
            status=409,
        )
    if request.confirm != found.id:
        raise Refused(
            "the confirmation is not the module's name", repr(request.confirm)[:80], f"confirm with {found.id!r}", 409
        )
