"""Grades as tables that learning-management systems read: Canvas, Moodle, or plain rows of everything.

These systems have no place for students who dropped the course, so their tables leave them out; plain rows say who is
on the roster.

A student without a submission has an empty cell, which these systems read as "no grade yet"; ask for zeros to get them.
"""

import csv
import io
from collections.abc import Iterable
from typing import Any

FORMATS = ("plain", "canvas", "moodle")
PLAIN = (
    "student", "last_name", "first_name", "email", "assignment", "submitted_at", "seconds_late", "raw_score",
    "late_penalty", "score", "max_score", "needs_manual_grade", "feedback_released_at",
    "not_judged", "on_roster",
)  # fmt: skip
# A spreadsheet runs a cell that begins like this as a formula; names come from outside.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def export_table(form: str, modules: dict[str, list[dict[str, Any]]], missing_as_zero: bool = False) -> str:
    """Return CSV text of {module: rows of its students} in one of FORMATS."""
    table = {"plain": _plain, "canvas": _canvas, "moodle": _moodle}[form](modules, missing_as_zero)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n" if form == "canvas" else "\n").writerows(table)
    return text.getvalue()


def dropped(modules: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the students who have rows but are no longer on the roster."""
    return sorted({row["student"] for rows in modules.values() for row in rows if not row["on_roster"]})


def _plain(modules: dict[str, list[dict[str, Any]]], missing_as_zero: bool) -> Iterable[list]:
    yield list(PLAIN)
    for rows in modules.values():
        for row in rows:
            yield [_cell(_score(row, missing_as_zero) if name == "score" else row[name]) for name in PLAIN]


def _canvas(modules: dict[str, list[dict[str, Any]]], missing_as_zero: bool) -> Iterable[list]:
    """Canvas reads students by SIS Login ID, assignments by their title, and the second row as points possible."""
    names = list(modules)
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]
    possible = [_number(modules[name][0]["max_score"]) if modules[name] else "" for name in names]
    yield ["    Points Possible", "", "", "", "", *possible]
    for student, rows in _by_student(modules).items():
        about = next(iter(rows.values()))
        full = ", ".join(part for part in (about["last_name"], about["first_name"]) if part) or student
        scores = [_cell(_score(rows[name], missing_as_zero)) if name in rows else "" for name in names]
        yield [_cell(full), "", "", _cell(student), "", *scores]


def _moodle(modules: dict[str, list[dict[str, Any]]], missing_as_zero: bool) -> Iterable[list]:
    """Moodle's grade import maps Username or Email address to users, and further columns to grade items."""
    names = list(modules)
    yield ["Username", "First name", "Last name", "Email address", *names]
    for student, rows in _by_student(modules).items():
        about = next(iter(rows.values()))
        who = [student, about["first_name"], about["last_name"], about["email"]]
        scores = [_cell(_score(rows[name], missing_as_zero)) if name in rows else "" for name in names]
        yield [*map(_cell, who), *scores]


def _by_student(modules: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, dict[str, Any]]]:
    students: dict[str, dict[str, dict[str, Any]]] = {}
    for name, rows in modules.items():
        for row in (row for row in rows if row["on_roster"]):
            students.setdefault(row["student"], {})[name] = row
    return dict(sorted(students.items()))


def _score(row: dict[str, Any], missing_as_zero: bool) -> float | None:
    if row["score"] is None and missing_as_zero:
        return 0.0
    return row["score"]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value)
    return f"'{value}" if str(value).startswith(FORMULA_STARTS) else str(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
