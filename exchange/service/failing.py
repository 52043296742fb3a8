"""How often a check fails in the class, as students' own test cells reported it: shown to staff next to a question.

A report comes from the student's own server and may contain anything. It names checks by marks of their titles, as
`tinytorch.reports.mark` makes them; a test compares the two.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from exchange.protocol.models import Question
from exchange.service.tables import events

MARK_CHARACTERS = 6


@dataclass(frozen=True)
class Newest:
    """One student's newest run of an exercise's test cell; `failed`: marks of checks, None if they are unknown."""

    passed: bool
    failed: frozenset[str] | None


def mark(title: str) -> str:
    """Name a check by a digest of its title."""
    return hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()[:MARK_CHARACTERS]


def with_counts(connection: Connection, course: str, asked: list[Question]) -> list[Question]:
    """Fill in how many students ran what each question is about, and how many of them fail it now."""
    known = {name: newest_runs(connection, course, name) for name in {each.assignment for each in asked}}
    return [_counted(each, list(known[each.assignment].get(each.exercise, {}).values())) for each in asked]


def newest_runs(connection: Connection, course: str, assignment: str) -> dict[str, dict[str, Newest]]:
    """Return each exercise's newest run by student."""
    e = events.c
    chosen = select(e.student, e.detail).where(e.course == course, e.assignment == assignment, e.kind == "checked")
    newest: dict[str, dict[str, Newest]] = {}
    for row in connection.execute(chosen.order_by(e.seq)):
        for cell in _cells(json.loads(row.detail)):
            newest.setdefault(cell["exercise"], {})[row.student] = _read(cell)
    return newest


def _counted(question: Question, runs: list[Newest]) -> Question:
    wanted = mark(question.check)
    told = [run for run in runs if run.failed is not None] if question.check else []
    return replace(
        question,
        failing=sum(not run.passed for run in runs),
        tried=len(runs),
        check_failing=sum(wanted in (run.failed or ()) for run in told),
        check_tried=len(told),
    )


def _cells(detail: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {"exercise": str, "checks": int, "passed": int}
    cells = detail.get("cells")
    found = [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    return [cell for cell in found if all(type(cell.get(name)) is kind for name, kind in kinds.items())]


def _read(cell: dict[str, Any]) -> Newest:
    """A run that passed fails no check, whatever else it reports; one of an earlier version does not name checks."""
    if cell["passed"] >= cell["checks"]:
        return Newest(True, frozenset())
    failed = cell.get("failed")
    return Newest(False, frozenset(failed.split()) if isinstance(failed, str) else None)
