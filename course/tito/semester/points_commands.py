"""`tito grade points`: points that were given elsewhere; each student's change is shown before any is made."""

import base64
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from tito.agreeing import agreed, print_json
from tito.errors import TitoError
from tito.semester.client import SemesterClient

SHOWN = 40  # names in one line of a plan


@click.command()
@click.argument("name", required=False)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False)
@click.option("--column", default="", metavar="HEADING", help="Which column of FILE has the points.")
@click.option(
    "--max", "max_score", type=float, help="The most points that a student can have; files from Canvas contain it."
)
@click.option("--username", default="", metavar="HEADING", help="Which column has the names that people log in with.")
@click.option("--take-back", is_flag=True, help="Remove the column NAME, or only the points of --student.")
@click.option("--student", default="", metavar="WHO", help="With --take-back: remove only this student's points.")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
def points(name, file, column, max_score, username, take_back, student, plan_only, yes, as_json):
    """Enter points that were given elsewhere (a midterm, a project) as the column NAME, from a list FILE.

    FILE is CSV or .xlsx with user names and points, such as an export from Canvas's or Moodle's gradebook. Students see
    their points, and exports contain the column. Without NAME, the columns are listed. An empty cell takes nothing
    away; if any line has a mistake, the whole list is refused.

    \b
    Examples:
      tito grade points midterm exam.csv --column "Total" --max 60 --plan
      tito grade points midterm exam.csv --column "Total" --max 60 --yes
      tito grade points midterm --take-back --student ada
      tito grade points --json
    """
    with closing(SemesterClient()) as client:
        return _points(client, name, file, column, max_score, username, take_back, student, plan_only, yes, as_json)


def _points(client, name, file, column, max_score, username, take_back, student, plan_only, yes, as_json):
    if name is None:
        return _list(client.points(), as_json)
    if take_back:
        return _take_back(client, name, student, plan_only, yes, as_json)
    if file is None:
        raise TitoError(f"no list was given: tito grade points {name!r} FILE")
    given = {"column": column, "username": username, "max_score": max_score, "file": file.name}
    content = base64.b64encode(file.read_bytes()).decode()
    plan = client.ask_points(name, "plan", {"content": content, **given})
    if not as_json:
        _say(plan)
    nothing = not plan["changes"] and plan["max_before"] == plan["max_score"]
    if plan_only or nothing or not agreed(yes, "Enter these points?"):
        return print_json(as_json, {**plan, "changed": 0})
    planned = {key: plan[key] for key in ("points", "max_score", "file", "seen")}
    done = client.ask_points(name, "apply", planned)
    if not as_json:
        click.echo(f"Done: {done['changed']} changed. Students see their points now.")
    return print_json(as_json, {**plan, **done})


def _take_back(client: SemesterClient, name: str, student: str, plan_only: bool, yes: bool, as_json: bool) -> int:
    found: dict[str, float] = next((each["points"] for each in client.points() if each["name"] == name), {})
    gone = {who: value for who, value in found.items() if student in ("", who)}
    if not as_json:
        whose = student or f"{len(gone)} student{'' if len(gone) == 1 else 's'} and the column"
        click.echo(f"{name}: the points of {whose} would be removed")
    if plan_only or not agreed(yes, "Take them back?"):
        return print_json(as_json, {"name": name, "points": gone, "removed": 0})
    done = client.ask_points(name, "take_back", {"student": student})
    if not as_json:
        click.echo(f"Done: {done['removed']} removed. The record of grade changes keeps them.")
    return print_json(as_json, {"name": name, "points": gone, **done})


def _list(columns: list[dict[str, Any]], as_json: bool) -> int:
    if not as_json:
        for each in columns:
            about = f"{len(each['points'])} students, at most {each['max_score']:g}"
            click.echo(f"{each['name']:24} {about}, from {each['source']} by {each['by']} at {each['at'][:16]}")
        if not columns:
            click.echo("no points were given elsewhere")
    return print_json(as_json, columns)


def _say(plan: dict[str, Any]) -> None:
    click.echo(f"{plan['name']}: from the column {plan['column']!r} of {plan['file']}, at most {plan['max_score']:g}")
    if plan["max_before"] not in (None, plan["max_score"]):
        click.echo(f"  the maximum was {plan['max_before']:g}")
    for row in plan["changes"]:
        before = "none" if row["before"] is None else f"{row['before']:g}"
        click.echo(f"  {row['student']:24} {before} -> {row['after']:g}")
    click.echo(f"{len(plan['changes'])} to change, {plan['unchanged']} unchanged")
    _say_names("not on the roster, left out", plan["unknown"])
    _say_names("on the roster but without points in the list, left unchanged", plan["missing"])


def _say_names(what: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        click.echo(f"{what}: {', '.join(names[:SHOWN])}{more}")
