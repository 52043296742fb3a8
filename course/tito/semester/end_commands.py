"""`tito semester freeze` and `unfreeze`: the end of a course, and the way back."""

from contextlib import closing
from typing import Any

import click

from tito.agreeing import agreed, print_json
from tito.semester.client import SemesterClient

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
YES = click.option("--yes", is_flag=True, help="Do it without asking.")
SHOWN = 20


@click.command()
@click.option("--plan", "plan_only", is_flag=True, help="Show what a freeze would affect, and change nothing.")
@click.option(
    "--unfinished", is_flag=True, help="Freeze even if grading has work left; the work left undone is listed."
)
@YES
@JSON
def freeze(plan_only: bool, unfinished: bool, yes: bool, as_json: bool) -> int:
    """Freeze the course: everything can still be read and downloaded, but nothing in it changes any more.

    From then on nothing is released, fetched to work on, handed in, tested, graded or asked; open requests for another
    look are closed with the reason. Queued grading is finished first. `unfreeze` undoes the freeze.

    \b
    Examples:
      tito semester freeze --plan
      tito semester freeze --yes
      tito semester freeze --unfinished --yes --json
    """
    with closing(SemesterClient()) as client:
        plan = client.freeze_plan()
        if not as_json:
            _say(plan)
        if plan_only or plan["frozen"] or not agreed(yes, f"Freeze {plan['course']}?"):
            return print_json(as_json, {**plan, "left_undone": []})
        done = client.freeze(unfinished)
    if not as_json:
        for task in done["left_undone"]:
            click.echo(f"left undone: {_task(task)}")
        click.echo(
            f"{plan['course']} has been frozen since {done['frozen']['since'][:16]}. Next: tito semester archive"
        )
    return print_json(as_json, {**plan, **done})


@click.command(epilog="Example:  tito semester unfreeze --yes")
@YES
@JSON
def unfreeze(yes: bool, as_json: bool) -> int:
    """Unfreeze the course; apply the semester afterwards to bring back its releases and collections."""
    with closing(SemesterClient()) as client:
        before = client.freeze_plan()
        if before["frozen"] and not agreed(yes, f"Unfreeze {before['course']}?"):
            return 0
        client.unfreeze()
    if not as_json:
        click.echo(
            f"{before['course']} is no longer frozen" if before["frozen"] else f"{before['course']} was not frozen"
        )
    return print_json(as_json, {"course": before["course"], "was_frozen": before["frozen"]})


def _say(plan: dict[str, Any]) -> None:
    if plan["frozen"]:
        click.echo(f"{plan['course']} was frozen at {plan['frozen']['since'][:16]} by {plan['frozen']['by']}")
        gone, back = "its data has been deleted from the services", "tito semester unfreeze undoes it"
        click.echo(gone if plan["deleted"] else back)
        return
    click.echo(f"{plan['course']} is not frozen. A freeze would affect:")
    for task in plan["unfinished"][:SHOWN]:
        click.echo(f"  grading still has to do: {_task(task)}")
    if (more := len(plan["unfinished"]) - SHOWN) > 0:
        click.echo(f"  and {more} more")
    click.echo(f"  {plan['open_regrades']} open requests for another look, which are closed with the reason")
    click.echo(f"  {plan['open_questions']} unanswered questions, which stay unanswered")
    click.echo(f"  {plan['coming']} releases and collections to come, which are cancelled")


def _task(task: dict[str, str]) -> str:
    return " ".join(part for part in (task["kind"].replace("_", " "), task["assignment"], task["student"]) if part)
