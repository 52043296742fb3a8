"""`tito grade`: judge collected submissions, explain a verdict, make feedback, see and export grades.

Promises: repeating a command does no harm; interrupted work continues where it stopped; exit code 1 if a submission
could not be graded for a reason of ours (a submission that is refused for its own reasons is graded, with 0 points).
"""

import json
import sys
from pathlib import Path
from typing import Any

import click

from tito.errors import TitoError

from .command_line import AS_JSON, DATABASE, STUDENTS, WHERE, door_of, run_job, table


@click.command()
@click.argument("name")
@click.option("--jobs", type=click.IntRange(1, 64), help="Submissions judged at the same time.")
@STUDENTS
@click.option(
    "--force", is_flag=True, help="Judge again what was already graded from the same files by the same tests."
)
@WHERE
@DATABASE
@AS_JSON
def autograde(name, jobs, students, force, course_dir, database, as_json):
    """Judge the collected submissions of module NAME.

    \b
    Examples:
      tito grade autograde tensor --jobs 2
      tito grade autograde tensor --student ada --force
    """
    door = door_of(course_dir, database)
    return run_job(door, "autograde", name, students, jobs, as_json, force=force)


@click.command()
@click.argument("name")
@STUDENTS
@click.option("--release", is_flag=True, help="Then release it to the students, through the exchange.")
@click.option("--yes", is_flag=True, help="Release it without asking, even if answers have not been read.")
@WHERE
@DATABASE
@AS_JSON
def feedback(name, students, release, yes, course_dir, database, as_json):
    """Make the feedback pages of module NAME.

    If answers have not been read, --release says how many and asks first; students are told what is still to be read.

    \b
    Examples:
      tito grade feedback tensor
      tito grade feedback tensor --release
    """
    door = door_of(course_dir, database)
    unread = release and _release_unread(door.rows(name), name, students, yes)
    code = run_job(door, "feedback", name, students, None, as_json)
    if release and not code:
        code = run_job(door, "release_feedback", name, students, None, as_json, unread=unread)
    return code


def _release_unread(rows: list[dict[str, Any]], name: str, students: tuple[str, ...], yes: bool) -> bool:
    """Ask whether to release feedback with unread answers; True for yes, False if there are none."""
    from tito.gradebook.unread import AnswersUnread, refuse_unread

    try:
        refuse_unread(name, [row for row in rows if not students or row["student"] in students])
    except AnswersUnread as waits:
        if not yes and not sys.stdin.isatty():
            raise TitoError(f"{waits} (--yes)") from waits
        click.echo(str(waits), err=True)
        if not yes:
            click.confirm("Release the feedback anyway?", abort=True, err=True)
        return True
    return False


@click.command()
@click.argument("student")
@click.argument("name")
@WHERE
@DATABASE
@AS_JSON
def explain(student, name, course_dir, database, as_json):
    """Show why STUDENT's module NAME got its points: judge it again from the recorded seed, check by check.

    \b
    Example:
      tito grade explain ada tensor
    """
    from .explain import explain_run, print_explanation

    door = door_of(course_dir, database)
    run = door.last_run(name, student)
    if run is None:
        raise TitoError(f"{student}'s {name} has not been judged yet: tito grade autograde {name} --student {student}")
    voids = [row["void"] for row in door.checks(name)["checks"] if row["void"]]
    explanation = explain_run(run, voids, course_dir, database)
    if as_json:
        click.echo(json.dumps(explanation, indent=1))
    else:
        print_explanation(explanation)
    return 0 if explanation["reproduced"] is not False else 1


@click.command()
@click.argument("name", required=False)
@WHERE
@DATABASE
@AS_JSON
def status(name, course_dir, database, as_json):
    """Show what has been judged and what is waiting: for each module, or for each student of module NAME.

    \b
    Examples:
      tito grade status
      tito grade status tensor --json
    """
    door = door_of(course_dir, database)
    rows = door.rows(name) if name else door.overview()
    columns: tuple[str, ...]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    elif name:
        columns = (
            "student",
            "submitted_at",
            "score",
            "max_score",
            "late_penalty",
            "unread_answers",
            "feedback_released_at",
            "not_judged",
        )
        table(rows, columns)
    else:
        columns = (
            "assignment",
            "students",
            "collected",
            "to_autograde",
            "to_read_by_hand",
            "graded",
            "not_judged",
            "late",
            "missing",
            "feedback_released",
        )
        table(rows, columns)


@click.command()
@click.option("--format", "form", type=click.Choice(("plain", "canvas", "moodle")), default="plain", show_default=True)
@click.option("--module", "names", multiple=True, metavar="NAME", help="Only these columns; may be repeated.")
@click.option(
    "--into",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Canvas's own gradebook file: write the scores into it and keep everything else.",
)
@click.option("--missing-as-zero", is_flag=True, help="Write 0 instead of an empty cell if nothing was submitted.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.  [standard output]")
@WHERE
@DATABASE
@AS_JSON
def export(form, names, into, missing_as_zero, output, course_dir, database, as_json):
    """Write the grades as CSV for Canvas or Moodle, or as plain rows. Only plain rows include students who dropped.

    Milestones are columns like modules, and so are points that were given elsewhere (tito grade points).

    \b
    Examples:
      tito grade export --format canvas --output grades.csv
      tito grade export --into canvas-grades.csv --output for-canvas.csv
      tito grade export --module tensor --json
    """
    from tito.gradebook.table import dropped, export_table

    door = door_of(course_dir, database)
    wanted = names or [*(row["assignment"] for row in door.overview()), *door.given_points()]
    modules = {name: door.rows(name) for name in wanted}
    if into is not None:
        text = _into_canvas(into, modules, missing_as_zero)
    else:
        text = json.dumps(modules, indent=1) + "\n" if as_json else export_table(form, modules, missing_as_zero)
    if form != "plain" and not as_json and (gone := dropped(modules)):
        click.echo(f"left out, no longer on the roster: {', '.join(gone)}", err=True)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="")
        click.echo(f"{output}: {sum(map(len, modules.values()))} rows of {len(modules)} modules", err=True)


def _into_canvas(file: Path, modules: dict[str, list[dict[str, Any]]], missing_as_zero: bool) -> str:
    from tito.gradebook.canvas_file import fill

    filled = fill(file.read_bytes(), file.name, modules, missing_as_zero)
    click.echo(f"{file.name}: {filled.changed} cells filled or changed, all others unchanged", err=True)
    if filled.other_maximum:
        click.echo(f"Canvas has a different maximum, change it there: {'; '.join(filled.other_maximum)}", err=True)
    if filled.missing:
        click.echo(f"on the roster but not in that file: {', '.join(filled.missing)}", err=True)
    return filled.text
