"""The exchange: the course, each module's dates and policies, extensions.

A module that the semester no longer names is withdrawn from the students; what was submitted stays.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from exchange.protocol.models import AssignmentSettings, CourseSettings, Extension, Limits, parse_utc, utc_text
from tito.curriculum import Curriculum
from tito.semester.model import Semester
from tito.semester.read import Valid
from tito.semester.service.change import Change, became
from tito.semester.service.exchange_api import StaffExchange

TIMES = ("release_at", "due_at")


def changes(valid: Valid, exchange: StaffExchange, curriculum: Curriculum, policies: dict[str, Any]) -> list[Change]:
    """Return what makes the exchange's course that of the semester; `policies` are those now in force."""
    semester = valid.semester
    course = exchange.course(semester.course)
    now = exchange.assignments(semester.course) if course else {}
    return [
        *_course(semester, exchange, course),
        *_assignments(valid, exchange, curriculum, now, policies),
        *_withdrawn(semester, exchange, now),
        *_extensions(semester, exchange, now),
    ]


def settings_for(semester: Semester, slug: str, title: str) -> AssignmentSettings:
    """Return a module's schedule and policies in the exchange's words."""
    dates = semester.schedule[slug]
    return AssignmentSettings(
        title=title,
        release_at=utc_text(dates.release),
        due_at=utc_text(dates.due),
        grace_seconds=int(semester.late.grace.total_seconds()),
        late_seconds=int(semester.late.window.total_seconds()),
        attempts=semester.attempts.limit,
        counts=semester.attempts.counts,
        unlock=semester.unlock == "when_closed",
    )


def _course(semester: Semester, exchange: StaffExchange, now: dict[str, Any] | None) -> Iterator[Change]:
    if now and (now["title"], now["timezone"]) == (semester.title, semester.time_zone):
        return
    limits = Limits(**now["limits"]) if now else Limits()
    settings = CourseSettings(title=semester.title, timezone=semester.time_zone, limits=limits)
    detail = f"{semester.title} ({semester.time_zone})"
    make = partial(exchange.put_course, semester.course, settings)
    yield Change("~" if now else "+", "exchange", f"course {semester.course}", detail, make)


def _assignments(
    valid: Valid,
    exchange: StaffExchange,
    curriculum: Curriculum,
    now: dict[str, dict[str, Any]],
    policies: dict[str, Any],
) -> Iterator[Change]:
    semester = valid.semester
    unlock_altered = bool(policies) and policies.get("unlock") != semester.unlock
    for slug in valid.selection.built:
        wanted = settings_for(semester, slug, curriculum.find(slug).title)
        make = partial(exchange.put_assignment, semester.course, slug, wanted)
        if slug not in now:
            dates = semester.schedule[slug]
            detail = f"{semester.local(dates.release)} to {semester.local(dates.due)}"
            yield Change("+", "exchange", slug, detail, make)
            continue
        altered = list(_altered(semester, now[slug], wanted))
        if unlock_altered:
            altered.append(f"unlock {became(policies.get('unlock'), semester.unlock)}")
        if altered:
            yield Change("~", "exchange", slug, "; ".join(altered), make)


def _altered(semester: Semester, now: dict[str, Any], wanted: AssignmentSettings) -> Iterator[str]:
    before = {
        "title": now["title"],
        "release_at": now["release_at"],
        "due_at": now["due_at"],
        "grace_seconds": now["grace_seconds"],
        "late_seconds": _late_seconds(now),
        "attempts": now["attempts_allowed"],
        "counts": now["counts"],
    }
    for key, old in before.items():
        new = getattr(wanted, key)
        if old != new:
            shown = became(_local(semester, old), _local(semester, new)) if key in TIMES else became(old, new)
            yield f"{key.removesuffix('_at')} {shown}"


def _late_seconds(now: dict[str, Any]) -> int | None:
    if not now["due_at"] or not now["closes_at"]:
        return None
    return int((parse_utc(now["closes_at"]) - parse_utc(now["due_at"])).total_seconds())


def _withdrawn(semester: Semester, exchange: StaffExchange, now: dict[str, dict[str, Any]]) -> Iterator[Change]:
    for slug, row in now.items():
        if slug not in semester.schedule and row["released_at"]:
            make = partial(exchange.withdraw, semester.course, slug)
            yield Change("-", "exchange", slug, "withdrawn; submissions are kept", make)


def _extensions(semester: Semester, exchange: StaffExchange, now: dict[str, dict[str, Any]]) -> Iterator[Change]:
    for slug in semester.schedule:
        granted = exchange.extensions(semester.course, slug) if slug in now else {}
        wanted = {each.student: each for each in semester.extensions if each.module == slug}
        for student, extension in wanted.items():
            before = granted.get(student)
            due = utc_text(extension.due)
            if before and (before["due_at"], before["reason"]) == (due, extension.reason):
                continue
            extra = before["extra_attempts"] if before else 0
            body = Extension(due_at=due, extra_attempts=extra, reason=extension.reason)
            make = partial(exchange.put_extension, semester.course, slug, student, body)
            detail = became(_local(semester, before["due_at"]) if before else None, semester.local(extension.due))
            yield Change("~" if before else "+", "exchange", f"extension of {slug} for {student}", detail, make)
        for student in granted.keys() - wanted.keys():
            make = partial(exchange.delete_extension, semester.course, slug, student)
            detail = f"was {_local(semester, granted[student]['due_at'])}"
            yield Change("-", "exchange", f"extension of {slug} for {student}", detail, make)


def _local(semester: Semester, text: str | None) -> str | None:
    return semester.local(parse_utc(text)) if text else None
