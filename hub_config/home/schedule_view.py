"""The schedule as a page shows it: first what failed, then what is coming, then what was done."""

from dataclasses import dataclass
from typing import Any

from hub_config.home.course_map import module_titles
from hub_config.home.moments import Clock, Moment
from hub_config.home.neighbours import Missing


@dataclass(frozen=True)
class Row:
    """One release or collection."""

    kind: str
    title: str
    at: Moment
    by: str
    state: str
    message: str
    again: Moment | None


@dataclass(frozen=True)
class Lab:
    """A coming lab: `servers` of its students' servers are running; `soon` once they are being started."""

    at: Moment
    who: str
    servers: int
    students: int
    soon: bool


def lab_rows(labs: list[dict[str, Any]], clock: Clock) -> list[Lab]:
    """Return the coming labs by time; an older semester service lists none."""
    return [_lab(lab, clock) for lab in labs]


def _lab(lab: dict[str, Any], clock: Clock) -> Lab:
    at, ahead = clock.moment(lab["at"]), clock.moment(lab["ahead"])
    assert at is not None and ahead is not None
    who = f"Section {lab['section']}" if lab["section"] else "Everybody"
    return Lab(at, who, lab["servers"], lab["students"], soon=ahead.is_past)


def schedule_rows(
    actions: list[dict[str, Any]], course: dict[str, Any] | Missing, clock: Clock
) -> dict[str, list[Row]]:
    """Return rows under `failing`, `coming` and `done`; cancelled ones are left out."""
    titles = {} if isinstance(course, Missing) else module_titles(course)
    rows: dict[str, list[Row]] = {"failing": [], "coming": [], "done": []}
    for action in actions:
        if action["state"] == "cancelled":
            continue
        row = _row(action, titles, clock)
        failing = action["tries"] > 0 and action["state"] == "pending"
        rows["done" if action["state"] == "done" else "failing" if failing else "coming"].append(row)
    rows["done"].reverse()
    return rows


def _row(action: dict[str, Any], titles: dict[str, str], clock: Clock) -> Row:
    at = clock.moment(action["at"])
    assert at is not None
    return Row(
        kind=action["kind"],
        title=titles.get(action["module"], action["module"]),
        at=at,
        by=action["by"],
        state=action["state"],
        message=action["message"],
        again=clock.moment(action["try_after"]),
    )
