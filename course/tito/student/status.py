"""`tito status`: what is done, what is due, and what comes next."""

import json
import os

import click

from tito.curriculum import load_curriculum
from tito.student.answers import all_option, as_json_option
from tito.student.progress import DONE, Progress, all_progress, next_step
from tito.student.semester import list_progress, say_what_is_listed
from tito.workspace import Workspace


@click.command()
@all_option
@as_json_option
def status(everything: bool, as_json: bool) -> int:
    """Show what is done, what is due and what comes next.

    \b
    Examples:
      tito status
      tito status --all
      tito status --json
    """
    curriculum = load_curriculum()
    listed = list_progress(all_progress(Workspace.here(), curriculum), everything)
    due, trouble = _due()
    following = next_step(listed.progress)
    if as_json:
        facts = {"modules": [each.to_json() for each in listed.progress], "due": due, "next": following}
        troubles = {"course_unreachable": trouble, "semester_unknown": listed.trouble}
        click.echo(json.dumps(facts | {key: why for key, why in troubles.items() if why}, ensure_ascii=False))
        return 0
    for tier in curriculum.tiers:
        _show_tier(tier.title, [each for each in listed.progress if each.module.tier == tier.name])
    say_what_is_listed(listed)
    _show_due(due)
    if trouble:
        click.secho(f"\nDates are not shown: {trouble}", fg="yellow")
    if following:
        click.echo(f"\nNext: {following}")
    return 0


def _show_tier(title: str, progress: list[Progress]) -> None:
    if not progress:
        return
    done = sum(each.state in DONE for each in progress)
    click.secho(f"{title}: {done} of {len(progress)} modules", bold=True)
    for each in progress:
        mark = click.style("done", fg="green") if each.state in DONE else "    "
        click.echo(f"  {mark}  {each.module.label:<18} {each.module.summary}")


def _due() -> tuple[list[dict], str]:
    """Ask the course for its dates; without a course there are none; if it can't be reached, return the reason."""
    if not os.environ.get("EXCHANGE_URL"):
        return [], ""
    from tito.student.dates import dates_of_course

    return dates_of_course()


def _show_due(due: list[dict]) -> None:
    if due:
        click.secho("\nDue", bold=True)
    for each in due:
        said = (
            "submitted" + (" late" if each["late"] else "") if each["submitted"] else "" if each["open"] else "closed"
        )
        click.echo(f"  {each['due_local']}  {each['module']:<16} {said}".rstrip())
