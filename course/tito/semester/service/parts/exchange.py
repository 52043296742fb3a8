"""The exchange: the course, each module's dates and policies, extensions.

A module that the semester no longer names is withdrawn from the students; what was submitted stays.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from exchange.client.exchange_client import ExchangeClient
from exchange.protocol.models import (
    Assignment,
    AssignmentSettings,
    Course,
    CourseSettings,
    Extension,
    ExtensionInfo,
    UploadLimits,
    parse_utc,
    plain,
    utc_text,
)
from tito.curriculum import Curriculum
from tito.curriculum.milestones import ASSIGNMENT, assignment_of, is_milestone
from tito.semester import times
from tito.semester.checks import milestones_of
from tito.semester.model import Semester
from tito.semester.read import Valid
from tito.semester.service import drops
from tito.semester.service.change import Change, Confirmation, became

Needs = Mapping[str, Confirmation]
Spent = Mapping[str, Mapping[str, int]]
TIMES = ("release_at", "due_at")
HOW_TO = (
    "Complete the modules, reach the milestone with `tito milestone run {slug}`, then `tito milestone submit {slug}`.\n"
)


def changes(valid: Valid, exchange: ExchangeClient, curriculum: Curriculum, needs: Needs) -> list[Change]:
    """Return what makes the exchange match the semester; `needs` has the modules whose dates must be confirmed."""
    semester = valid.semester
    course = next((row for row in exchange.courses() if row.id == semester.course), None)
    now = {row.id: row for row in exchange.assignments(semester.course)} if course else {}
    return [
        *_course(semester, exchange, course),
        *_assignments(valid, exchange, curriculum, now, needs),
        *_milestones(semester, exchange, now),
        *_withdrawn(semester, exchange, now),
        *(
            change
            for slug in semester.dates
            for change in _extensions(semester, exchange, slug, slug in now, needs.get(slug))
        ),
    ]


def settings_for(semester: Semester, slug: str, title: str, files: Sequence[str] = ()) -> AssignmentSettings:
    """Return a module's schedule and policies in the exchange's form; `files` may be added to the released ones."""
    dates = semester.dates[slug]
    return AssignmentSettings(
        title=title,
        release_at=utc_text(dates.release),
        due_at=utc_text(dates.due),
        grace_seconds=semester.late.grace_seconds,
        late_seconds=semester.late.window_seconds,
        attempts=semester.attempts.limit,
        counts=semester.attempts.counts,
        late_days=semester.late_days.on_one,
        files=list(files),
        unlock=semester.unlock == "when_closed" and not is_milestone(slug),  # a milestone has no solution
    )


def extensions_for(semester: Semester, slug: str) -> dict[str, Extension]:
    """Return a module's extensions by student, including accommodations, in the exchange's form."""
    rows = semester.extended(slug)
    return {each.student: Extension(due_at=utc_text(each.due), reason=each.reason) for each in rows}


def spent_days(semester: Semester, exchange: ExchangeClient) -> Spent:
    """Return how many late days have been used, by module and student."""
    spent: dict[str, dict[str, int]] = {}
    if semester.course in {row.id for row in exchange.courses()}:
        for row in exchange.late_days(semester.course):
            spent.setdefault(row.assignment, {})[row.student] = row.days
    return spent


def _course(semester: Semester, exchange: ExchangeClient, now: Course | None) -> Iterator[Change]:
    limits, late_days = now.limits if now else UploadLimits(), semester.late_days.semester
    settings = CourseSettings(semester.title, semester.time_zone, limits, semester.questions, late_days)
    if now and CourseSettings(now.title, now.timezone, now.limits, now.questions, now.late_days) == settings:
        return
    detail = f"{semester.title} ({semester.time_zone})" + ("" if semester.questions else ", without questions")
    detail += f", {late_days} late days per student" if late_days else ""
    make = partial(exchange.put_course, semester.course, settings)
    yield Change("~" if now else "+", "exchange", f"course {semester.course}", detail, make)


def _assignments(
    valid: Valid, exchange: ExchangeClient, curriculum: Curriculum, now: dict[str, Assignment], needs: Needs
) -> Iterator[Change]:
    semester = valid.semester
    for slug, title, files in _handed_in(valid, curriculum):
        wanted = settings_for(semester, slug, title, files)
        make = partial(exchange.put_assignment, semester.course, slug, wanted)
        dates = semester.dates[slug]
        if slug not in now:
            detail = f"{semester.local(dates.release)} to {semester.local(dates.due)}"
            yield Change("+", "exchange", slug, detail, make)
            continue
        before = exchange.assignment_settings(semester.course, slug)
        if altered := list(_altered(semester, plain(before), plain(wanted))):
            yield Change("~", "exchange", slug, "; ".join(altered), make, needs.get(slug))


def _handed_in(valid: Valid, curriculum: Curriculum) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield name, title and accepted files of all that students hand in."""
    for module in map(curriculum.find, valid.selection.built):
        yield module.slug, module.title, module.files
    known = {each.assignment: each for each in milestones_of(curriculum)}
    for milestone in (known[assignment_of(name)] for name in valid.semester.milestones):
        yield milestone.assignment, milestone.title, [f"{slug}.py" for slug in milestone.needs]


def _milestones(semester: Semester, exchange: ExchangeClient, now: dict[str, Assignment]) -> Iterator[Change]:
    """Let students hand in packages: the exchange accepts work only for releases, so a milestone's is one line."""
    for name in map(assignment_of, semester.milestones):
        if name not in now or not now[name].released_at:
            yield Change(
                "+", "exchange", f"release of {name}", "how to hand in", partial(_open, exchange, semester.course, name)
            )


def _open(exchange: ExchangeClient, course: str, name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tito-milestone-") as folder:
        slug = name.removeprefix(ASSIGNMENT)
        (Path(folder) / "README.md").write_text(HOW_TO.format(slug=slug), encoding="utf-8")
        exchange.release(course, name, Path(folder), force=True)


def _altered(semester: Semester, before: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    for key, new in wanted.items():
        old = before[key]
        if old != new:
            shown = became(_local(semester, old), _local(semester, new)) if key in TIMES else became(old, new)
            yield f"{key.removesuffix('_at')} {shown}"


def _withdrawn(semester: Semester, exchange: ExchangeClient, now: dict[str, Assignment]) -> Iterator[Change]:
    for slug, row in now.items():
        if slug not in semester.dates and row.released_at:
            make = partial(exchange.withdraw, semester.course, slug)
            yield Change("-", "exchange", slug, "withdrawn; submissions are kept", make)


def _extensions(
    semester: Semester, exchange: ExchangeClient, slug: str, exists: bool, needs: Confirmation | None
) -> Iterator[Change]:
    rows = exchange.extensions(semester.course, slug) if exists else []
    granted = {row.student: row for row in rows}
    wanted = extensions_for(semester, slug)
    for student, extension in wanted.items():
        yield from _extension(semester, exchange, slug, student, extension, granted.get(student), needs)
    for student in sorted(granted.keys() - wanted.keys()):
        make = partial(exchange.delete_extension, semester.course, slug, student)
        until = granted[student].due_at
        detail, asked = f"was {_local(semester, until)}", needs
        if asked is None and until and parse_utc(until) > times.now():
            asked = drops.of_extension(student, slug, semester.local(parse_utc(until)))
        yield Change("-", "exchange", f"extension of {slug} for {student}", detail, make, asked)


def _extension(
    semester: Semester,
    exchange: ExchangeClient,
    slug: str,
    student: str,
    wanted: Extension,
    before: ExtensionInfo | None,
    needs: Confirmation | None,
) -> Iterator[Change]:
    if before and (before.due_at, before.reason) == (wanted.due_at, wanted.reason):
        return
    wanted.extra_attempts = before.extra_attempts if before else 0
    make = partial(exchange.put_extension, semester.course, slug, student, wanted)
    detail = became(_local(semester, before.due_at) if before else None, _local(semester, wanted.due_at))
    subject = f"extension of {slug} for {student}"
    if before is None:
        yield Change("+", "exchange", subject, detail, make)  # an extension makes nobody late
    else:
        yield Change("~", "exchange", subject, detail, make, needs)


def _local(semester: Semester, text: str | None) -> str | None:
    return semester.local(parse_utc(text)) if text else None
