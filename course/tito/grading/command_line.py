"""What the commands of `tito grade` share: where the course is, waiting for queued work, tables."""

import json
import sys
from typing import Any

import click

POLL_SECONDS = 0.2
WHERE = click.option(
    "--course-dir",
    type=click.Path(file_okay=False),
    help="nbgrader's course. If given, grade there directly; if not, through the service if GRADING_URL and a token "
    "(COURSE_TOKEN or JUPYTERHUB_API_TOKEN) are set, else in this directory or var/course.",
)
DATABASE = click.option("--database", help="Record of grading (SQLAlchemy URL), for direct grading.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
STUDENTS = click.option(
    "--student", "students", multiple=True, metavar="NAME", help="Only these students; may be repeated."
)


def door_of(course_dir: str | None, database: str | None):
    from .client import open_door

    return open_door(course_dir, database)


def run_job(
    door, kind: str, name: str, students: tuple[str, ...], jobs: int | None, as_json: bool, quiet: bool = False,
    **options: bool,
) -> int:  # fmt: skip
    """Queue work, show its progress, print the result (`quiet`: only what failed); return the exit code."""
    job = door.submit(kind, name, list(students) or None, **options)
    with door.working(jobs):
        progress = _follow(door, job, f"{kind.replace('_', ' ')} {name}", as_json or not sys.stderr.isatty())
    tasks = [task for task in progress["tasks"] if task["student"] or len(progress["tasks"]) == 1]
    failed = [task for task in tasks if task["state"] == "failed"]
    if as_json and not quiet:
        click.echo(json.dumps({**progress, "tasks": tasks}, indent=1))
    elif not as_json and (failed if quiet else tasks):
        table(failed if quiet else tasks, ("student", "outcome", "score", "max_score", "duration_seconds", "message"))
    return 1 if failed else 0


def wait_for(door, job: str) -> bool:
    """Wait until a job has ended; tell whether all of it was done."""
    progress = _follow(door, job, "feedback", quiet=not sys.stderr.isatty())
    return all(task["state"] == "done" for task in progress["tasks"])


def _follow(door, job: str, title: str, quiet: bool) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet, transient=True) as bar:
        line = bar.add_task(title, total=None)
        while not (progress := door.progress(job))["done"]:
            bar.update(line, total=progress["total"], completed=progress["finished"])
            door.wait(POLL_SECONDS)
    return progress


def table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
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
