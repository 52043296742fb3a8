"""`tito milestone list|run|status|submit`: historical results, rerun with the student's own framework."""

import json
import sys

import click

from exchange.client import ReceiptFolder, submit_folder
from tito.curriculum import load_curriculum
from tito.curriculum.milestones import find_milestone, load_milestones
from tito.student.answers import answer, as_json_option
from tito.student.exchange_door import exchange, lateness
from tito.student.milestone_run import MilestoneResult, kept_result, missing_modules, require_modules, run_milestone
from tito.student.tables import print_table
from tito.workspace import Workspace


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON, for scripts.")
def list_milestones(as_json: bool) -> int:
    """List the milestones, what each needs, and the value at which it is reached.

    \b
    Examples:
      tito milestone list
      tito milestone list --json
    """
    workspace, curriculum = Workspace.here(), load_curriculum()
    milestones = load_milestones()
    missing = {
        each.name: [module.slug for module, _ in missing_modules(workspace, curriculum, each)] for each in milestones
    }
    if as_json:
        click.echo(
            json.dumps([each.to_json() | {"missing": missing[each.name]} for each in milestones], ensure_ascii=False)
        )
        return 0
    for each in milestones:
        click.secho(f"{each.year}  {each.slug}: {each.title}", bold=True)
        click.echo(f"      {each.summary}")
        click.echo(f"      reached at {each.threshold:g} ({each.metric})")
        waiting = ", ".join(missing[each.name])
        click.echo(f"      still needs: {waiting}" if waiting else f"      ready: tito milestone run {each.slug}")
    return 0


@click.command()
@click.argument("name")
@click.option("--full", is_flag=True, help="Run it on the whole published data set.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON, for scripts.")
def run(name: str, full: bool, as_json: bool) -> int:
    """Run a milestone on your own framework, and keep its result and figure.

    NAME is its slug or its year. It runs in a fresh process, with a fixed seed, within its time budget.

    \b
    Examples:
      tito milestone run perceptron
      tito milestone run 1986 --full
    """
    workspace = Workspace.here()
    milestone = find_milestone(name)
    require_modules(workspace, load_curriculum(), milestone)
    if not as_json:
        click.secho(f"{milestone.year}: {milestone.title}", bold=True)
        sys.stdout.flush()
    result = run_milestone(workspace, milestone, full, show=not as_json)
    if as_json:
        click.echo(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        _show(result)
    return 0 if result.reached else 1


def _show(result: MilestoneResult) -> None:
    if result.value is None:
        click.echo(f"{click.style('failed', fg='red')}  {result.why}")
        return
    mark = click.style("reached", fg="green") if result.reached else click.style("not reached", fg="red")
    click.echo(
        f"{mark}  {result.metric}: {result.value:.4g}, needed {result.threshold:g}, in {result.seconds:.1f} seconds"
    )
    click.echo(f"Figure: {result.picture}")
    if result.film:
        click.echo(f"Film: {result.film}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON, for scripts.")
def status(as_json: bool) -> int:
    """Show which milestones you have reached, according to the results kept in your home.

    \b
    Examples:
      tito milestone status
      tito milestone status --json
    """
    workspace = Workspace.here()
    rows = []
    for each in load_milestones():
        for full in (False, True) if each.full else (False,):
            kept = kept_result(workspace, each, full)
            rows.append({"milestone": each.name, "full": full, "title": each.title, "result": kept})
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return 0
    print_table(
        ["milestone", "", "value", "needed", "run"], [_row(row) for row in rows if row["result"] or not row["full"]]
    )
    return 0


@click.command()
@click.argument("name")
@as_json_option
def submit(name: str, as_json: bool) -> int:
    """Hand in your package, as completed, for a milestone's points, and keep the receipt.

    NAME is its slug or its year. The course runs it when its turn comes; your course page says about when that is.

    \b
    Examples:
      tito milestone submit mlp
    """
    workspace, milestone = Workspace.here(), find_milestone(name)
    require_modules(workspace, load_curriculum(), milestone)
    with exchange(patience_seconds=60.0) as (client, course):
        done = submit_folder(client, course, milestone.assignment, workspace.core, ReceiptFolder())
    receipt = done.signed.receipt
    sent = sorted(file.path for file in receipt.files)
    facts = {"milestone": milestone.slug, "submission": receipt.submission, "attempt": receipt.attempt}
    facts |= {"late": receipt.late, "received_at": receipt.received_at, "files": sent}
    said = lateness(receipt.late, receipt.lateness_seconds)
    answer(
        as_json,
        facts,
        f"Your package has arrived for {milestone.slug}: attempt {receipt.attempt}, {said}.",
        f"Sent: {', '.join(sent)}",
        "Quick checks and grading go first; your course page says when its turn comes, and then shows the result.",
    )
    return 0


def _row(row: dict) -> list[str]:
    name, kept = row["milestone"] + (" (full)" if row["full"] else ""), row["result"]
    if kept is None:
        return [name, "not run", "", "", ""]
    mark = "reached" if kept.get("first_reached") else "not reached"
    value = "" if kept.get("value") is None else f"{kept['value']:.4g}"
    return [name, mark, value, f"{kept['threshold']:g}", kept["when"]]
