"""`tito status`: what is done, what is due, and what comes next."""

import json
import os

import click

from tito.curriculum import load_curriculum
from tito.student.progress import DONE, Progress, all_progress, next_step
from tito.workspace import Workspace


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON, for scripts.")
def status(as_json: bool) -> int:
    """Show what is done, what is due and what comes next.

    \b
    Examples:
      tito status
      tito status --json
    """
    curriculum = load_curriculum()
    progress = all_progress(Workspace.here(), curriculum)
    due, trouble = _due()
    if as_json:
        facts = {"modules": [each.to_json() for each in progress], "due": due, "next": next_step(progress)}
        click.echo(json.dumps(facts | ({"course_unreachable": trouble} if trouble else {}), ensure_ascii=False))
        return 0
    for tier in curriculum.tiers:
        _show_tier(tier.title, [each for each in progress if each.module.tier == tier.name])
    _show_due(due)
    if trouble:
        click.secho(f"\nDates are not shown: {trouble}", fg="yellow")
    following = next_step(progress)
    if following:
        click.echo(f"\nNext: {following}")
    return 0


def _show_tier(title: str, progress: list[Progress]) -> None:
    done = sum(each.state in DONE for each in progress)
    click.secho(f"{title}: {done} of {len(progress)} modules", bold=True)
    for each in progress:
        mark = click.style("done", fg="green") if each.state in DONE else "    "
        click.echo(f"  {mark}  {each.module.label:<18} {each.module.summary}")


def _due() -> tuple[list[dict], str]:
    """Ask the course for its dates; without a course there are none, and an unreachable one is said."""
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
