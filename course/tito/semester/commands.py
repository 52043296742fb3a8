"""`tito semester check|roster|plan|apply|status|demo|next`: the semester file from the terminal.

`check`, `roster`, `demo` and `next` need no service. `plan`, `apply` and `status` ask the semester service, which has
the rights to change Hub, exchange and gradebook; the caller's token must allow it (see `client`).
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from tito.atomic import write_atomically
from tito.curriculum import load_curriculum
from tito.errors import TitoError
from tito.semester import times
from tito.semester.client import SemesterClient
from tito.semester.demo import Size, write_demo
from tito.semester.next_term import next_term
from tito.semester.preview import preview_of
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, Valid, read

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
OPTIONAL_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
YES = click.option(
    "--yes", multiple=True, metavar="KIND", help="Confirm one kind of loss that `plan` names: drops or late."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@click.command(epilog="Example:  tito semester check course/semesters/2026-fall.yaml")
@FILE
@JSON
def check(file: Path, as_json: bool) -> int:
    """Check a semester file and its roster; show every mistake with its line and what to do."""
    try:
        valid = read(file, load_curriculum())
    except SemesterError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"valid": False, "problems": [problem.as_dict() for problem in error.problems]}))
        return 1
    if as_json:
        warnings = [warning.as_dict() for warning in valid.warnings]
        click.echo(json.dumps({"valid": True, "problems": [], "warnings": warnings, **_summary(valid)}))
        return 0
    for warning in valid.warnings:
        click.echo(f"warning: {warning}", err=True)
    _show(valid)
    return 0


@click.command(epilog="Example:  tito semester roster canvas.csv --output course/semesters/roster.csv")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--username", default="", metavar="COLUMN", help="Heading of the column with the names that people log in with."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it as a roster for the Hub.")
@click.option("--force", is_flag=True, help="Overwrite the output.")
@JSON
def roster(file: Path, username: str, output: Path | None, force: bool, as_json: bool) -> int:
    """Show how the Hub reads a class list from Canvas, Moodle, GitHub Classroom or a spreadsheet (CSV or .xlsx)."""
    if output and output.exists() and not force:
        raise TitoError(f"{output} exists: name another file, or add --force")
    try:
        preview = preview_of(file, username)
    except SemesterError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"valid": False, "problems": [problem.as_dict() for problem in error.problems]}))
        return 1
    if output:
        write_atomically(output, preview.as_csv())
    click.echo(
        json.dumps({"valid": True, "problems": [], **preview.as_dict()}) if as_json else "\n".join(preview.lines())
    )
    if output and not as_json:
        click.echo(f"wrote {output}")
    return 0


@click.command(epilog="Example:  tito semester demo --output demo.yaml --students 300 --tas 20 --sections 3")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@click.option("--time-zone", default="UTC", show_default=True, help="The course's time zone.")
@click.option("--students", type=click.IntRange(1, 5000), default=3, show_default=True, help="How many students.")
@click.option("--tas", type=click.IntRange(1, 200), default=1, show_default=True, help="How many TAs.")
@click.option("--sections", type=click.IntRange(0, 26), default=0, show_default=True, help="How many sections.")
@click.option("--force", is_flag=True, help="Overwrite the file and its roster.")
def demo(output: Path, time_zone: str, students: int, tas: int, sections: int, force: bool) -> None:
    """Write a demo semester: students, TAs, an instructor, and the first modules open now."""
    if sections > min(tas, students):
        raise TitoError(
            f"--sections {sections} needs at least as many TAs and students: each section needs a TA and a student"
        )
    try:
        zone = times.zone(time_zone)
    except ValueError as error:
        raise TitoError(f"--time-zone {time_zone} {error}") from None
    roster = write_demo(output, load_curriculum(), times.now(), zone, force, Size(students, tas, sections))
    click.echo(f"wrote {output} and {roster}")


@click.command(
    name="next",
    epilog="Example:  tito semester next course/semesters/2026-fall.yaml --course tinytorch-2027-fall "
    "--opens 2027-10-04 --output course/semesters/next-fall.yaml",
)
@FILE
@click.option("--course", required=True, metavar="ID", help="Id of the new course.")
@click.option("--opens", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Day on which the first module opens.")
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@click.option("--force", is_flag=True, help="Overwrite the file and its roster.")
@JSON
def next_(file: Path, course: str, opens: datetime, output: Path, force: bool, as_json: bool) -> None:
    """Write next term's semester file: all dates shifted by the same days, comments kept, and an empty roster."""
    term = next_term(file, course, opens.date(), output, load_curriculum())
    term.write(force)
    sources = term.valid.sources
    if as_json:
        left_out = list(term.left_out)
        click.echo(json.dumps({"days": term.days, "left_out": left_out, **_files(sources), **_summary(term.valid)}))
        return
    _show(term.valid)
    click.echo(f"wrote {sources.semester_name} and {sources.roster_name}, which has no students yet")
    click.echo(f"dates are {term.days} days later" + ("" if term.days % 7 == 0 else ", on other days of the week"))
    if term.left_out:
        click.echo(f"left out, because they concern this term's students: {', '.join(term.left_out)}")


@click.command(epilog="Example:  tito semester plan course/semesters/2026-fall.yaml")
@OPTIONAL_FILE
@JSON
def plan(file: Path | None, as_json: bool) -> int:
    """Show what applying a semester would change; without FILE, the file that the semester service was started with."""
    answer = SemesterClient().plan(Sources.of(file) if file else None)
    if as_json:
        click.echo(json.dumps(answer))
        return 0
    for warning in answer["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    for change in answer["changes"]:
        click.echo(_line(change))
    count = len(answer["changes"])
    click.echo(f"{count} change{'s' if count != 1 else ''}" if count else "nothing to change")
    for each in answer["confirmations"]:
        click.echo(f"must be confirmed (tito semester apply --yes {each['key']}): {each['sentence']}")
    return 0


@click.command(epilog="Example:  tito semester apply course/semesters/2026-fall.yaml")
@OPTIONAL_FILE
@YES
@JSON
def apply(file: Path | None, yes: tuple[str, ...], as_json: bool) -> int:
    """Put a semester in force: Hub, exchange, notebooks, gradebook and schedule. Applying again changes nothing.

    A change that takes something away from people must be confirmed by name (`plan` shows it); otherwise nothing is
    changed.
    """
    shown: set[int] = set()

    def progress(run: dict[str, Any]) -> None:
        for index, change in enumerate(run["changes"][: run["made"]]):
            if index not in shown and not as_json:
                click.echo(_line(change))
            shown.add(index)

    run = SemesterClient().apply(Sources.of(file) if file else None, progress, yes)
    failed = [change for change in run["changes"] if change["error"]]
    if as_json:
        click.echo(json.dumps(run))
    elif run["error"]:
        click.echo(f"stopped: {run['error']}", err=True)
    else:
        left = f"{len(failed)} failed: fix the cause and apply again" if failed else "the semester is in force"
        click.echo(f"{run['made'] - len(failed)} of {run['total']} changes made; {left}")
    return 1 if failed or run["error"] else 0


@click.command(epilog="Example:  tito semester status")
@JSON
def status(as_json: bool) -> int:
    """Show which semester is in force, whether its file has changed, and the schedule."""
    answer = SemesterClient().status()
    if as_json:
        click.echo(json.dumps(answer))
        return 0
    force, file = answer["in_force"], answer["file"]
    click.echo(
        f"{force['course']}, applied by {force['by']} at {force['at'][:16]}" if force else "no semester is in force"
    )
    if file:
        state = "has mistakes" if file["problems"] else "differs from it" if file["differs"] else "is the one in force"
        click.echo(f"{file['name']} {state}")
    for action in answer["actions"]:
        if action["state"] != "cancelled":
            what = f"{action['kind']} {action['module']}"
            click.echo(f"  {action['at'][:16]}  {what:24} {action['state']:8} {action['message']}".rstrip())
    for each in (answer["run"] or {}).get("confirmations", ()):
        click.echo(f"left out, must be confirmed (tito semester apply --yes {each['key']}): {each['sentence']}")
    for each in answer["confirmed"]:
        click.echo(f"{each['key']} confirmed by {each['by']} at {each['at'][:16]}: {each['sentence']}")
    return 0


def _line(change: dict[str, Any]) -> str:
    """Write one change as a line of a plan."""
    error = f"  FAILED: {change['error']}" if change.get("error") else ""
    return f"{change['sign']} {change['area']:10} {change['subject']:32} {change['detail']}{error}"


def _files(sources: Sources) -> dict[str, str]:
    return {"semester": sources.semester_name, "roster": sources.roster_name}


def _summary(valid: Valid) -> dict[str, object]:
    semester = valid.semester
    return {
        "course": semester.course,
        "modules": list(valid.selection.built),
        "prebuilt": list(valid.selection.prebuilt),
        "students": len(valid.students),
        "tas": semester.staff.tas,
        "instructors": semester.staff.instructors,
    }


def _show(valid: Valid) -> None:
    semester = valid.semester
    click.echo(f"{valid.sources.semester_name}: valid. {semester.course}, times in {semester.time_zone}")
    for slug in valid.selection.built:
        dates = semester.schedule[slug]
        closes = semester.local(semester.closes(slug))
        click.echo(f"  {slug:14} {semester.local(dates.release)} to {semester.local(dates.due)}, closes {closes}")
    if valid.selection.prebuilt:
        click.echo(f"  prebuilt: {', '.join(valid.selection.prebuilt)}")
    if days := semester.late_days.semester:
        click.echo(f"  late days: {days} for each student, at most {semester.late_days.on_one} on one module")
    people = f"{len(valid.students)} students, {len(semester.staff.tas)} TAs"
    click.echo(f"  {people}, {len(semester.staff.instructors)} instructors")
