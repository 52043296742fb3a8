"""What the commands of `tito grade` have in common: where the course is, the door to it, tables."""

import sys
from typing import Any

import click

WHERE = click.option(
    "--course-dir",
    type=click.Path(file_okay=False),
    help="nbgrader's course. Given: grade there directly. Not given: through the service if GRADING_URL and a token "
    "(COURSE_TOKEN or JUPYTERHUB_API_TOKEN) are set, else in this directory or var/course.",
)
DATABASE = click.option("--database", help="Record of grading (SQLAlchemy URL), for direct grading.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def open_door_for(course_dir: str | None, database: str | None):
    from .client import open_door

    return open_door(course_dir, database)


def print_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        # Text, not markup: a student's name or a judge's message must not be read as formatting.
        table.add_row(*(Text(_shown(row[column])) for column in columns))
    Console(width=None if sys.stdout.isatty() else 240).print(table)  # a pipe has no width to fold at


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
