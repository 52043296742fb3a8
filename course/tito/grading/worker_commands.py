"""`tito grade workers`: who judges, where, what each is doing, and since when."""

import json

import click

from .command_line import AS_JSON, DATABASE, WHERE, door_of, table


@click.command()
@WHERE
@DATABASE
@AS_JSON
def workers(course_dir, database, as_json):
    """Show the machines that judge for this course, what each is doing, and since when.

    \b
    Examples:
      tito grade workers
      tito grade workers --json
    """
    found = door_of(course_dir, database).workers()
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    click.echo(found["said"])
    rows = [{**each, "does": "; ".join(each["does"]) or "waits"} for each in found["workers"]]
    if rows:
        table(rows, ("name", "address", "jobs", "since", "does"))
