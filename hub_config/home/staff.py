"""How the class is doing, put together for TAs and instructors; pure functions over what the services say."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hub_config.home.course_map import module_titles
from hub_config.home.moments import Clock, Moment

STUCK_TESTS = 8  # test runs without completing: four in five students complete with fewer
STUCK_SILENCE = timedelta(days=3)  # without activity after having begun


@dataclass
class ModuleRow:
    """One module's counts in the class; names are user names, sorted."""

    slug: str
    label: str
    title: str
    release: Moment | None
    due: Moment | None
    closes: Moment | None
    students: int
    fetched: list[str] = field(default_factory=list)
    tested: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    graded: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    grading: dict[str, Any] | None = None

    @property
    def is_released(self) -> bool:
        return bool(self.release and self.release.is_past)

    @property
    def is_due(self) -> bool:
        return bool(self.due and self.due.is_past)

    @property
    def next(self) -> str:
        """The action that the module is waiting for, empty if there is none."""
        grading = self.grading
        if not self.is_released or grading is None:
            return ""
        if self.is_due and grading["collected"] < len(self.submitted):
            return "collect"
        for count, action in (("to_autograde", "autograde"), ("to_read_by_hand", "read")):
            if grading[count]:
                return action
        if grading["feedback_made"] < grading["graded"]:
            return "feedback"
        early = grading.get("released_before_read", 0)  # another release shows the whole score
        return "release_feedback" if early or grading["feedback_released"] < grading["feedback_made"] else ""


@dataclass(frozen=True)
class Stuck:
    """Somebody who may need help, and what suggests it."""

    student: str
    module: str
    why: str
    last: Moment
    weight: int


def module_rows(
    course: dict[str, Any],
    students: Iterable[str],
    progress: Iterable[dict[str, Any]],
    steps: Iterable[dict[str, Any]],
    grading: Iterable[dict[str, Any]],
    clock: Clock,
) -> list[ModuleRow]:
    """Return each built module's counts over the students on the roster, with the grading service's counts."""
    roster = sorted(students)
    given = [module for tier in course["tiers"] for module in tier["modules"] if module["place"] == "built"]
    rows = {m["slug"]: _row(m, len(roster), clock) for m in given}
    for each in grading:
        if each["assignment"] in rows:
            rows[each["assignment"]].grading = each
    reached = {(each["assignment"], each["student"]): each for each in steps}
    standing = {row["student"]: {a["id"]: a for a in row["assignments"]} for row in progress}
    for student in roster:
        for slug, row in rows.items():
            _count(row, student, standing.get(student, {}).get(slug), reached.get((slug, student), {}))
    return list(rows.values())


def _row(module: dict[str, Any], students: int, clock: Clock) -> ModuleRow:
    release, due, closes = (clock.moment(module[key]) for key in ("release", "due", "closes"))
    return ModuleRow(module["slug"], module["label"], module["title"], release, due, closes, students)


def _count(row: ModuleRow, student: str, standing: dict[str, Any] | None, steps: dict[str, Any]) -> None:
    standing = standing or {}
    for names, key in ((row.fetched, "fetched_at"), (row.tested, "tests"), (row.completed, "completed_at")):
        if steps.get(key):
            names.append(student)
    if standing.get("submitted_at"):
        row.submitted.append(student)
        if standing["late"]:
            row.late.append(student)
        if standing["feedback_at"]:
            row.graded.append(student)
    elif row.is_due:
        row.missing.append(student)


def stuck(
    course: dict[str, Any], students: Iterable[str], steps: Iterable[dict[str, Any]], clock: Clock
) -> list[Stuck]:
    """Return who tests again and again without completing, or began and became inactive; the worst cases first."""
    roster, titles = set(students), module_titles(course)
    ours = (each for each in steps if each["student"] in roster and each["assignment"] in titles)
    found = [_stuck(titles[each["assignment"]], each, clock) for each in ours]
    return sorted((each for each in found if each), key=lambda each: (-each.weight, each.student, each.module))


def _reached_points(detail: dict[str, Any]) -> str:
    """Say how far the last test run got; the report is the student's own, so it may contain anything."""
    points, possible = detail.get("points"), detail.get("points_possible")
    if isinstance(points, int | float) and isinstance(possible, int | float):
        return f", last {points:g} of {possible:g} points"
    return ""


def _stuck(title: str, steps: dict[str, Any], clock: Clock) -> Stuck | None:
    student, tests = steps["student"], steps["tests"]
    if not tests or steps["completed_at"] or steps["submitted_at"]:
        return None
    last = clock.moment(steps["last_at"])
    assert last is not None
    silent = clock.now - last.at
    at = _reached_points(steps["last_test"])
    if tests >= STUCK_TESTS:
        return Stuck(student, title, f"{tests} test runs, not completed{at}", last, tests)
    if silent >= STUCK_SILENCE:
        return Stuck(student, title, f"began, then nothing for {silent.days} days{at}", last, silent.days)
    return None
