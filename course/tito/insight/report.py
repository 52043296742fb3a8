"""A semester's report: the course measured against its own goals, and what to change by module. It names no student.

One file in HTML (no script, nothing from elsewhere), the same in Markdown for the log of changes, or JSON: the export
with which a later semester is compared.
"""

import html
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tito.errors import TitoError

from .survey_report import HEADS, survey_changes, survey_goals, survey_rows, survey_table
from .terms import ENOUGH, GOAL_COMPLETED, MOST_HOURS, MOST_SPREAD

FORMAT = 1
COLUMNS = ("completion", "hours", "spread", "reading")
TITLES = {"completion": "Completed", "hours": "Hours", "spread": "Spread", "reading": "Reads PyTorch"}
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.4rem;text-align:left}"
    "td.n,th.n{text-align:right}"
)


def of_semester(
    said: dict[str, Any], modules: dict[str, dict[str, Any]], surveys: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Make a report from what the services say; students become numbers, and what they wrote is left out."""
    rows = [
        {name: row[name] for name in ("module", "label", "title", "students", "submitted", "full", *COLUMNS)}
        for row in said["modules"]
    ]
    answered = survey_rows(surveys)
    changes = [change for row in said["modules"] for change in _changes(row, said, modules)]
    changes += [{"module": "", "title": "The course", "what": line} for line in survey_changes(answered)]
    return {
        "format": FORMAT, "course": said["course"], "at": said["at"], "students": said["students"],
        "modules": rows, "surveys": answered, "changes": changes,
    }  # fmt: skip


def _changes(row: dict[str, Any], said: dict[str, Any], modules: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    lines = list(row["warnings"])
    for each in said["suspects"]:
        if each["module"] == row["module"]:
            lines.append(f"check “{each['check']}” of {each['exercise']}: {each['why']}; review the check")
    for exercise in modules.get(row["module"], {}).get("exercises", ()):
        if exercise["first"] is not None and exercise["last"] is not None and exercise["last"] < 0.5:
            faults = ", ".join(list(exercise["kinds"])[:2])
            lines.append(
                f"{exercise['exercise']}: {exercise['last']:.0%} solve it in the end ({faults or 'no one fault'})"
            )
    return [{"module": row["module"], "title": row["title"], "what": line} for line in lines]


def read_report(path: Path) -> dict[str, Any]:
    """Read an earlier semester's export; raise TitoError if it is something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] == FORMAT and found["modules"] is not None and found["course"]["title"]:
            return found
    except (ValueError, KeyError, TypeError, OSError):
        pass
    raise TitoError(f"{path} is not a semester's report: make one with `tito insight report --output NAME.json`")


def write_report(report: dict[str, Any], earlier: list[dict[str, Any]], ending: str) -> str:
    """Write a report in the format of an ending, compared with earlier ones; raise TitoError for any other ending."""
    forms = {".html": _as_html, ".md": _as_markdown, ".json": lambda report, _: json.dumps(report, indent=1) + "\n"}
    if ending not in forms:
        raise TitoError(f"a report can't be written as '{ending}': give a name that ends in {', '.join(forms)}")
    return forms[ending](report, earlier)


def goals(report: dict[str, Any]) -> list[str]:
    """Say for each of the course's goals how many modules reach it, of those that are known, and what surveys say."""
    rows = report["modules"]

    def of(name: str, reached: Any) -> str:
        known = [row[name] for row in rows if row[name] is not None]
        return f"{sum(map(reached, known))} of {len(known)} modules ({len(rows) - len(known)} not known)"

    return [
        f"At least {GOAL_COMPLETED:.0%} complete it: {of('completion', lambda v: v >= GOAL_COMPLETED)}",
        f"At most {MOST_HOURS:g} hours: {of('hours', lambda v: v <= MOST_HOURS)}",
        f"The slowest tenth takes at most {MOST_SPREAD:g} times as long: {of('spread', lambda v: v <= MOST_SPREAD)}",
        *survey_goals(report.get("surveys", [])),
    ]


def cell(name: str, value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{value:.0%}" if name in ("completion", "reading") else f"{value:.1f}"


def _surveys(report: dict[str, Any], earlier: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return heads and lines of the surveys, earlier semesters' last; reports older than surveys have none."""
    lines = survey_table(report.get("surveys", []))
    for other in earlier:
        lines += survey_table(other.get("surveys", []), other["course"]["title"])
    return HEADS, lines


def _table(report: dict[str, Any], earlier: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    before = [{row["module"]: row for row in other["modules"]} for other in earlier]
    heads = ["Module", *(TITLES[name] for name in COLUMNS)]
    heads += [f"Completed in {other['course']['title']}" for other in earlier]
    rows = []
    for row in report["modules"]:
        then = [cell("completion", other.get(row["module"], {}).get("completion")) for other in before]
        rows.append([row["title"], *(cell(name, row[name]) for name in COLUMNS), *then])
    return heads, rows


NOTE = (
    "Hours are the least that a module took, as reported by students' servers; a number with fewer than "
    f"{ENOUGH} students behind it is not known."
)
NO_SURVEYS = "No survey has enough answers."


def _as_markdown(report: dict[str, Any], earlier: list[dict[str, Any]]) -> str:
    heads, rows = _table(report, earlier)
    lines = [f"# {_cell(report['course']['title'])}", "", f"{report['students']} students, {report['at'][:10]}.", ""]
    lines += ["## The course against its goals", "", *(f"- {line}" for line in goals(report)), ""]
    lines += ["## What to change", "", *(f"- {_cell(c['title'])}: {_cell(c['what'])}" for c in report["changes"])]
    lines += ["- Nothing that these numbers show."] if not report["changes"] else []
    lines += ["", "## Modules", "", *_markdown_table(heads, rows), "", NOTE, ""]
    heads, rows = _surveys(report, earlier)
    lines += ["## What students say", "", *(_markdown_table(heads, rows) if rows else [NO_SURVEYS]), ""]
    return "\n".join(lines)


def _markdown_table(heads: list[str], rows: list[list[str]]) -> list[str]:
    return [_row(heads), _row(["---"] * len(heads)), *map(_row, rows)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(_cell(each) for each in cells)} |"


def _cell(text: str) -> str:
    """Keep a text in its line and cell, and as text."""
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|").replace("`", "'")


def _as_html(report: dict[str, Any], earlier: list[dict[str, Any]]) -> str:
    e = html.escape
    title = e(report["course"]["title"])
    said = "".join(f"<li>{e(line)}</li>" for line in goals(report))
    todo = "".join(f"<li><b>{e(c['title'])}</b>: {e(c['what'])}</li>" for c in report["changes"])
    heads, answered = _surveys(report, earlier)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}: report</title>'
        f"<style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
        f"<p>{report['students']} students, {e(report['at'][:10])}.</p>\n"
        f"<h2>The course against its goals</h2>\n<ul>{said}</ul>\n"
        f"<h2>What to change</h2>\n<ul>{todo or '<li>Nothing that these numbers show.</li>'}</ul>\n"
        f"<h2>Modules</h2>\n{_html_table(*_table(report, earlier))}\n<p>{e(NOTE)}</p>\n"
        f"<h2>What students say</h2>\n{_html_table(heads, answered) if answered else f'<p>{NO_SURVEYS}</p>'}\n"
        f"</body></html>\n"
    )


def _html_table(heads: list[str], rows: list[list[str]]) -> str:
    e = html.escape
    head = "".join(f'<th scope="col">{e(each)}</th>' for each in heads)
    body = "".join(
        f'<tr><th scope="row">{e(row[0])}</th>{"".join(f"<td>{e(each)}</td>" for each in row[1:])}</tr>' for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
