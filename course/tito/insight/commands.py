"""`tito insight show|list|report|forget`: the course's numbers about itself, in the terminal.

`show`, `list` and `report` ask the grading service and change nothing. `forget` asks the exchange, shows what it would
remove, and removes it with `--yes`.
"""

import csv
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from tito.atomic import write_atomically
from tito.errors import TitoError
from tito.insight.client import InsightClient

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
CSV = click.option("--csv", "as_csv", is_flag=True, help="Print a table for a spreadsheet.")
MODULES: tuple[str, ...] = (
    "module",
    "fetched",
    "worked",
    "completed",
    "submitted",
    "full",
    "students",
    "completion",
    "hours",
    "spread",
)
MODULES += ("reading", "stuck", "suspects")
CHECKS = ("exercise", "check", "hidden", "points", "first", "last", "failed_last", "discrimination", "suspect")


@click.command(epilog="Examples:  tito insight show\n\n  tito insight show tensor --csv")
@click.argument("module", required=False)
@JSON
@CSV
def show(module: str | None, as_json: bool, as_csv: bool) -> None:
    """Show every module's numbers, who is stuck and suspect checks; or MODULE by exercise and check."""
    client = InsightClient()
    said = client.module(module) if module else client.semester()
    if as_json:
        return click.echo(json.dumps(said, indent=1))
    rows, columns = (checks_of(said), CHECKS) if module else (said["modules"], MODULES)
    if as_csv:
        return click.echo(as_table(rows, columns), nl=False)
    _print(rows, columns)
    return None if module else _print_semester(said)


def _print_semester(said: dict[str, Any]) -> None:
    for row in said["suspects"]:
        click.echo(f"review the check: {row['module']}, {row['exercise']}, {row['check']}: {row['why']}")
    for row in said["stuck"]:
        click.echo(f"stuck: {row['student']} in {row['module']} {row['exercise']}: {row['why']}")
    for row in said["modules"]:
        for line in row["warnings"]:
            click.echo(f"review the module: {row['module']}: {line}")
    if said["silent"]:
        click.echo(f"reports of students' servers are missing: {said['silent']}", err=True)


@click.command(
    "list", epilog="Example:  tito insight list tensor failed_last --exercise add --check 'adds two tensors'"
)
@click.argument("module")
@click.argument("number")
@click.option("--exercise", default="", help="The exercise, or the prediction.")
@click.option("--check", default="", help="The check of the exercise, by its title.")
@JSON
@CSV
def list_students(module: str, number: str, exercise: str, check: str, as_json: bool, as_csv: bool) -> None:
    """List the students behind a NUMBER of MODULE, by name.

    For a module: fetched, worked, completed, submitted, full, time, attempts, reading. For an exercise: passed_first,
    failed_first, passed_last, failed_last, runs, hints. For a prediction: right, wrong.
    """
    said = InsightClient().students(module, number, exercise, check)
    if as_json:
        return click.echo(json.dumps(said, indent=1))
    columns = tuple(said["students"][0]) if said["students"] else ("student",)
    return click.echo(as_table(said["students"], columns), nl=False) if as_csv else _print(said["students"], columns)


@click.command(epilog="Example:  tito insight report --output 2026-fall.html --compare 2026-spring.json")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write NAME.html, NAME.md or NAME.json."
)
@click.option(
    "--compare", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An earlier semester's NAME.json; may be repeated.",
)  # fmt: skip
def report(output: Path | None, compare: tuple[Path, ...]) -> None:
    """Compare the semester with the course's own goals, and say what to change; no student is named in it.

    The file's ending chooses the format; without --output, the report is printed as Markdown. Keep the JSON: the next
    semester is compared with it, even after events have been forgotten.
    """
    from tito.insight.report import of_semester, read_report, write_report

    client = InsightClient()
    said = client.semester()
    modules = {row["module"]: client.module(row["module"]) for row in said["modules"] if row["submitted"]}
    made = of_semester(said, modules, _surveys(client))
    earlier = [read_report(path) for path in compare]
    if output is None:
        return click.echo(write_report(made, earlier, ".md"), nl=False)
    write_atomically(output, write_report(made, earlier, output.suffix))
    return click.echo(f"{output}: {len(made['modules'])} modules, {len(made['changes'])} things to change", err=True)


def _surveys(client: InsightClient) -> list[dict[str, Any]]:
    try:
        return client.surveys()
    except TitoError as error:
        click.echo(f"the report has no surveys: {error}", err=True)
        return []


@click.command(epilog="Examples:  tito insight forget --before 2026-09-01\n\n  tito insight forget --student ada --yes")
@click.option("--before", help="Everybody's events before this date (UTC), or time with an offset.")
@click.option("--student", help="Events and questions of one student.")
@click.option("--yes", is_flag=True, help="Remove them; without it, only say how much that would be.")
@JSON
def forget(before: str | None, student: str | None, yes: bool, as_json: bool) -> None:
    """Remove what students' servers reported: events before a date, or one student's events and questions.

    Names that are left from comparing answers are removed too: pairs, and whose pairs somebody has looked at. What was
    handed in, receipts, results, scores and feedback stay; so does what is in backups, until they are deleted. Write
    the report first: it can't be made from events that are gone.
    """
    from exchange.client import ExchangeClient
    from exchange.protocol.models import Refused

    course = os.environ.get("EXCHANGE_COURSE", "")
    if not course:
        raise TitoError("EXCHANGE_COURSE, which names the course, is not set: see `python -m hub_config run --help`")
    insight, time = InsightClient(), f"{before}T00:00:00Z" if before and len(before) == len("2026-09-01") else before
    try:
        with ExchangeClient.from_environment() as exchange:
            found = exchange.forget(course, time, student, yes)
    except Refused as error:
        raise TitoError(str(error)) from error
    compared = insight.forget_similar(time, student, yes)
    if as_json:
        return click.echo(json.dumps({**vars(found), **compared}))
    what = f"{found.events} events, {found.questions} questions, {found.activity} sums made from events, "
    what += f"{compared['pairs']} entries of comparisons and names in {compared['looks']} records of who looked at them"
    return click.echo(f"removed: {what}" if yes else f"would remove: {what}. To remove them, add --yes.")


def checks_of(module: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each check of a module."""
    return [{"exercise": each["exercise"], **check} for each in module["exercises"] for check in each["checks"]]


def as_table(rows: Iterable[dict[str, Any]], columns: tuple[str, ...]) -> str:
    """Write CSV; unknown values are empty, and anything that a spreadsheet would compute is written as text."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[name] is None else _harmless(row[name]) for name in columns])
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value


def _print(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text("not known" if row[name] is None else _shown(row[name])) for name in columns))
    Console(width=240).print(table)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
