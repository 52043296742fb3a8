"""Work that was on time and would be late under the semester's schedule: somebody must confirm this first."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from exchange.client.exchange_client import ExchangeClient
from exchange.protocol.models import AssignmentSettings, Extension, Submission, parse_utc
from exchange.protocol.schedule import Schedule, schedule_of
from tito.semester.model import Semester
from tito.semester.read import Valid
from tito.semester.service.change import Confirmation
from tito.semester.service.parts.exchange import Needs, Spent, extensions_for, settings_for


def needs(valid: Valid, exchange: ExchangeClient, spent: Spent) -> Needs:
    """Return, by module, what must be confirmed because work that is on time now would be late."""
    semester = valid.semester
    if semester.course not in {row.id for row in exchange.courses()}:
        return {}
    known = {row.id for row in exchange.assignments(semester.course)}
    found = {
        slug: _becoming_late(semester, exchange, slug, spent.get(slug, {})) for slug in semester.dates if slug in known
    }
    return {slug: _confirmation(slug, rows) for slug, rows in found.items() if rows}


def _becoming_late(
    semester: Semester, exchange: ExchangeClient, slug: str, spent: Mapping[str, int]
) -> list[Submission]:
    before, after = exchange.assignment_settings(semester.course, slug), settings_for(semester, slug, "")
    granted = {row.student: Extension(row.due_at) for row in exchange.extensions(semester.course, slug)}
    wanted = extensions_for(semester, slug)
    if _times(before, granted) == _times(after, wanted):
        return []  # the many submissions of a semester are fetched only if something changes
    rows = (row for row in exchange.all_submissions(semester.course, slug) if not row.late)

    def own(student: str) -> Schedule:
        return schedule_of(after, wanted.get(student), spent.get(student, 0))

    return [row for row in rows if own(row.student).lateness_seconds(_received(row)) > 0]


def _received(row: Submission) -> datetime:
    return parse_utc(row.received_at)


def _times(
    settings: AssignmentSettings, extensions: dict[str, Extension]
) -> tuple[str | None, int, dict[str, str | None]]:
    return settings.due_at, settings.grace_seconds, {who: each.due_at for who, each in extensions.items()}


def _confirmation(slug: str, rows: Iterable[Submission]) -> Confirmation:
    attempts: dict[str, list[str]] = {}
    for row in rows:
        attempts.setdefault(row.student, []).append(str(row.attempt))
    names = ", ".join(f"{who} (attempt {', '.join(numbers)})" for who, numbers in sorted(attempts.items()))
    return Confirmation("late", f"work of {slug} that was on time becomes late: {names}")
