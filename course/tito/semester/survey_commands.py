"""`tito semester surveys`: what students said, as distributions."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import click

from tito.semester.client import SemesterClient

COLUMNS = ("survey", "week", "question", "choice", "count")


@click.command(epilog="Examples:  tito semester surveys\n\n  tito semester surveys --csv > surveys.csv")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts, with what students wrote.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table of counts for a spreadsheet.")
def surveys(as_json: bool, as_csv: bool) -> None:
    """Show when the semester's surveys are, and the distributions of those with five answers or more."""
    said = SemesterClient().surveys()
    if as_json:
        return click.echo(json.dumps(said, indent=1))
    if as_csv:
        return click.echo(_table(said), nl=False)
    for each in said:
        click.echo("\n".join(_lines(each)))
    return None


def _table(said: list[dict[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for survey in said:
        for question, row in _rows(survey):
            writer.writerow([survey["survey"], survey["week"], question["question"], row["choice"], row["count"]])
    return text.getvalue()


def _rows(survey: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for question in survey["questions"]:
        for row in question["choices"] or ():
            yield question, row


def _lines(survey: dict[str, Any]) -> Iterator[str]:
    answers = "fewer than five answers" if survey["answers"] is None else f"{survey['answers']} answers"
    week = f" (week {survey['week']})" if survey["week"] else ""
    yield f"{survey['survey']}{week}, open until {survey['closes'][:10]}: {answers}"
    for question in survey["questions"]:
        yield f"  {question['title']}"
        counts = [f"{row['title']}: {row['count']}" for row in question["choices"] or ()]
        yield f"    {', '.join(counts) or 'fewer than five answers'}"
    yield from (f"  wrote: {text}" for text in survey["texts"])
