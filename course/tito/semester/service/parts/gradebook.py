"""nbgrader's gradebook: the students, the modules' due dates, and how the schedule affects the grades.

A student who dropped stays in it: removing them would delete their submissions and grades. `roster.json` next to it
says who is in the course, so that tables for other systems leave the others out. A due date, an extension or a late
policy changes all grades of a module in one transaction; nothing is judged again. The grading service then corrects the
scores that students have already seen; the schedule keeps an action for this until it is done.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from exchange.protocol.models import Receipt, parse_utc
from exchange.protocol.schedule import schedule_of
from tito.atomic import write_atomically
from tito.curriculum.milestones import assignment_of
from tito.gradebook.file import FILE_NAME, open_or_make, put_student
from tito.gradebook.late import LatePolicy, semester_policy
from tito.gradebook.lateness import Moved, Times, bring_to_schedule, preview
from tito.gradebook.policy import ROSTER_FILE, roster
from tito.semester import times
from tito.semester.model import Semester
from tito.semester.read import Valid
from tito.semester.roster import Student
from tito.semester.service import drops, schedule
from tito.semester.service.change import Change, Confirmation, became
from tito.semester.service.database import LATENESS
from tito.semester.service.parts.exchange import Needs, Spent, extensions_for, settings_for


def changes(valid: Valid, course_dir: Path, engine: Engine, needs: Needs, spent: Spent) -> list[Change]:
    """Return what makes the gradebook match the semester; `needs` has the modules whose dates must be confirmed."""
    if not (course_dir / FILE_NAME).is_file():
        first = _dues(valid, course_dir, {}, needs, spent)
        return [*_students(valid, course_dir, {}), *_roster(valid, course_dir), *first]
    with open_or_make(course_dir, valid.semester.course) as gradebook:
        students = {row.id: _student(row) for row in gradebook.students}
        dues = {row.name: row.duedate for row in gradebook.assignments}
    return [
        *_students(valid, course_dir, students),
        *_roster(valid, course_dir),
        *_dues(valid, course_dir, dues, needs, spent),
        *_grades(valid, course_dir, engine, needs, spent),
    ]


def _students(valid: Valid, course_dir: Path, now: dict[str, Student]) -> Iterator[Change]:
    course = valid.semester.course
    for student in valid.students:
        before, student = now.get(student.username), student._replace(section="")  # nbgrader knows no sections
        if before == student:
            continue
        sign, detail = ("~", became(_shown(before), _shown(student))) if before else ("+", _shown(student))
        subject = f"student {student.username}"
        yield Change(sign, "gradebook", subject, detail, partial(_put_student, course_dir, course, student))  # type: ignore[arg-type]


def _roster(valid: Valid, course_dir: Path) -> Iterator[Change]:
    now, people = roster(course_dir), _people(valid)
    text = json.dumps(people, indent=1, ensure_ascii=False) + "\n"
    if now is not None and json.loads((course_dir / ROSTER_FILE).read_text(encoding="utf-8")) == people:
        return
    leaving = (now or frozenset()) - set(people["students"])
    detail = f"{len(people['students'])} students" + (f", without {', '.join(sorted(leaving))}" if leaving else "")
    detail += "".join(f"; section {section} {count}" for section, count in _sizes(people["sections"].values()))
    make = partial(write_atomically, course_dir / ROSTER_FILE, text)
    needs = drops.of_people("students", leaving, now or ())
    yield Change("+" if now is None else "~", "gradebook", "roster", detail, make, needs)


def _people(valid: Valid) -> dict[str, Any]:
    """Return what graders are told about people: who is in the course, in which section, and who reads whom."""
    semester, staff = valid.semester, valid.semester.staff
    conflicts: dict[str, list[str]] = {}
    for each in semester.conflicts:
        conflicts.setdefault(each.grader, []).append(each.student)
    return {
        "students": sorted(student.username for student in valid.students),
        "staff": sorted({*staff.instructors, *staff.tas}),
        "sections": {student.username: student.section for student in valid.students if student.section},
        "readers": {section: sorted(set(names)) for section, names in semester.sections.items()},
        "conflicts": {grader: sorted(set(students)) for grader, students in sorted(conflicts.items())},
    }


def _sizes(sections: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(sections).items())


def _dues(
    valid: Valid, course_dir: Path, now: dict[str, datetime | None], needs: Needs, spent: Spent
) -> Iterator[Change]:
    semester = valid.semester
    for module in (*valid.selection.built, *map(assignment_of, semester.milestones)):
        due = semester.dates[module].due.astimezone(UTC).replace(tzinfo=None)  # nbgrader keeps naive UTC
        if module in now and now[module] == due:
            continue
        before = now.get(module)
        shown = semester.local(before.replace(tzinfo=UTC)) if before else None
        detail = became(shown, semester.local(semester.dates[module].due))
        sign = "~" if module in now else "+"
        make, yes = partial(_put_due, valid, course_dir, module, spent), _needed(valid, course_dir, module, needs)
        yield Change(sign, "gradebook", f"due date of {module}", detail, make, yes)  # type: ignore[arg-type]


def _needed(valid: Valid, course_dir: Path, module: str, needs: Needs) -> Confirmation | None:
    """Return the confirmation that a module's grades need; a new late policy is for all, so any module's will do."""
    if module in needs or semester_policy(course_dir) == _late_policy(valid.semester):
        return needs.get(module)
    return next(iter(needs.values()), None)


def _grades(valid: Valid, course_dir: Path, engine: Engine, needs: Needs, spent: Spent) -> Iterator[Change]:
    """Show how the semester's dates and late policy change the grades."""
    semester = valid.semester
    named = (*valid.selection.built, *map(assignment_of, semester.milestones))
    modules = {module: _times(semester, module, spent) for module in named}
    for module, moved in preview(course_dir, semester.course, modules, _late_policy(semester)).items():
        if moved:
            make = partial(_put_grades, valid, course_dir, engine, module, spent)
            yield Change("~", "grades", module, _shown_grades(moved), make, _needed(valid, course_dir, module, needs))


def _shown_grades(moved: list[Moved]) -> str:
    """Say who gains and who loses how many points."""
    kinds = {"gain": 1, "lose": -1, "the same points, different lateness": 0}
    parts = []
    for word, sign in kinds.items():
        rows = [each for each in moved if (each.gain > 0) - (each.gain < 0) == sign]
        names = [f"{each.student} {each.before.points:.4g} → {each.after.points:.4g}" for each in rows]
        names = [f"{name} ({each.gain:+.4g})" if sign else name for name, each in zip(names, rows, strict=True)]
        parts += [f"{word}: {', '.join(names)}"] if names else []
    return "; ".join(parts)


def _put_student(course_dir: Path, course: str, student: Student) -> None:
    names = {"last_name": student.last_name, "first_name": student.first_name}
    put_student(course_dir, course, student.username, **names, email=student.email)


def _put_due(valid: Valid, course_dir: Path, module: str, spent: Spent) -> None:
    """Set a due date, and change the grades accordingly in the same transaction."""
    semester = valid.semester
    bring_to_schedule(course_dir, semester.course, module, _times(semester, module, spent), _late_policy(semester))


def _put_grades(valid: Valid, course_dir: Path, engine: Engine, module: str, spent: Spent) -> None:
    # The action first: if this process ends in between, students still get their new scores.
    schedule.ask(engine, valid.semester.course, LATENESS, module, "apply", times.now())
    _put_due(valid, course_dir, module, spent)


def _late_policy(semester: Semester) -> LatePolicy:
    late = semester.late
    return LatePolicy(late.grace_minutes, late.penalty_percent_per_day, late.maximum_percent)


def _times(semester: Semester, module: str, spent: Spent) -> Times:
    settings, extensions = settings_for(semester, module, ""), extensions_for(semester, module)
    days = spent.get(module, {})

    def lateness(receipt: Receipt) -> int:
        own = schedule_of(settings, extensions.get(receipt.student), days.get(receipt.student, 0))
        return own.lateness_seconds(parse_utc(receipt.received_at))

    return Times(semester.dates[module].due, lateness)


def _student(row) -> Student:
    return Student(row.id, row.last_name or "", row.first_name or "", row.email or "")


def _shown(student: Student) -> str:
    return f"{student.first_name} {student.last_name} {student.email}".strip() or "no name"
