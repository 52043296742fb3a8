"""`tito semester delete`: remove a frozen and archived course from the services.

There is no button for it: to delete a course you must name it and have its archive at hand.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from exchange.client import ExchangeClient
from exchange.protocol.models import Refused
from tito.agreeing import agreed, print_json
from tito.errors import TitoError
from tito.semester.archive import check_archive
from tito.semester.client import SemesterClient


@click.command()
@click.argument("course")
@click.option("--archive", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The course's archive.")
@click.option("--without-archive", is_flag=True, help="Delete it without one: nobody can look anything up any more.")
@click.option("--early", is_flag=True, help="Delete it before keep_months of the semester file have passed.")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would be deleted and what stays; change nothing.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
def delete(course, archive, without_archive, early, plan_only, yes, as_json):
    """Delete COURSE from the services: work, receipts, feedback, grades, events, roster and schedule.

    It must be frozen. Its archive is first read again and compared with what the exchange has. To finish a deletion
    that was interrupted, repeat the command.

    \b
    Examples:
      tito semester delete tinytorch-2026-fall --plan
      tito semester delete tinytorch-2026-fall --archive tinytorch-2026-fall.tar --yes
    """
    with closing(SemesterClient()) as client:
        plan = client.delete_plan(course)
        if not as_json:
            _say(plan)
        if plan_only:
            return print_json(as_json, {**plan, "deleted": False})
        why = _archived(plan, archive, without_archive)
        if not agreed(yes, f"Delete {course}?", "nothing was deleted"):
            return print_json(as_json, {**plan, "deleted": False})
        done = client.delete(course, why, early)
    if not as_json:
        click.echo(f"{course} is deleted ({why})")
    return print_json(as_json, done)


def _archived(plan: dict[str, Any], archive: Path | None, without: bool) -> str:
    """Return why the course may be deleted; raise TitoError unless its archive is complete, with all submissions."""
    if archive is None:
        if without:
            return "without an archive"
        raise TitoError(
            "no archive was given: name the course's archive (--archive FILE), or do without (--without-archive)"
        )
    course, found = plan["course"], check_archive(archive)
    frozen = (found.about.get("frozen") or {}).get("frozen_at")
    if found.problems:
        raise TitoError(f"{archive} is damaged ({found.problems[0]}): make a new one with tito semester archive")
    if found.about["course"] != course:
        raise TitoError(f"{archive} is an archive of {found.about['course']}, not of {course}")
    if plan["frozen"] and frozen != plan["frozen"]["since"]:
        raise TitoError(f"{archive} was made before {course} was frozen: make a new one with tito semester archive")
    try:
        with ExchangeClient.from_environment() as exchange:
            missing = {row.id for row in exchange.all_submissions(course)} - found.submissions
    except Refused as error:
        raise TitoError(str(error)) from error
    if missing:
        raise TitoError(f"{len(missing)} submissions of {course} are missing from {archive}: make a new one")
    return f"archive of {len(found.submissions)} submissions, {found.bytes:,} bytes"


def _say(plan: dict[str, Any]) -> None:
    frozen, held, graded = plan["frozen"], plan["exchange"], plan["grading"]
    click.echo(f"{plan['course']}: " + (f"frozen since {frozen['since'][:16]}" if frozen else "NOT frozen"))
    if plan["kept_until"]:
        click.echo(f"  students' work is kept until {plan['kept_until'][:10]}")
    work = f"{held['submissions']} submissions of {held['students']} students ({held['size']:,} bytes)"
    click.echo(f"  would be deleted: {work}, {held['feedback']} with feedback")
    click.echo(f"    {held['events']} events, {held['questions']} questions, releases, schedule, notices, surveys")
    click.echo(f"    gradebook: {'yes' if graded['gradebook'] else 'none'}, {graded['runs']} runs of grading")
    for each in plan["kept"]:
        click.echo(f"  stays: {each}")
