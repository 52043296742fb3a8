"""`tito module update`: the course has corrected a module; take the correction and keep what you wrote."""

import os

import click

from tito.errors import TitoError
from tito.history.comparing import Change
from tito.history.correcting import Correction, plan_correction, take_correction
from tito.student.answers import answer, as_json_option, find_module
from tito.student.fetching import fetch_newest
from tito.student.start import pristine

COLOURS = {"+": "green", "-": "red"}


@click.command()
@click.argument("name")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def update(name: str, plan_only: bool, yes: bool, as_json: bool) -> int:
    """Take a module's corrected text and tests into your notebook; your answers and your own cells stay.

    Your notebook becomes a version first, so this can be undone. What you completed stays until you complete it again.
    Anything without a place in the corrected notebook is kept at its end. Save the notebook in JupyterLab first.

    \b
    Examples:
      tito module update tensor --plan
      tito module update tensor
    """
    curriculum, module, workspace = find_module(name)
    if os.environ.get("EXCHANGE_COURSE"):
        fetch_newest(workspace, module.slug)
    pristine(workspace, module, curriculum)
    correction = plan_correction(workspace, module.slug)
    path = workspace.show(workspace.notebook(module.slug))
    if not as_json:
        _show(correction, path)
    undo = None
    if correction.is_needed and not plan_only:
        if not yes and not as_json and not click.confirm(f"Make these changes to {path}? Yours becomes a version."):
            raise TitoError("nothing was changed.")
        undo = take_correction(workspace, module.slug, correction).number
    facts = {"module": module.slug, "changed": undo is not None, "undo": undo, **facts_of(correction)}
    answer(as_json, facts, *(_done(module.slug, path, undo) if undo else ()))
    return 0


def facts_of(correction: Correction) -> dict:
    """Return what an update changes as plain data."""
    found = correction.updated
    return {
        "needed": correction.is_needed,
        "damaged": correction.damaged,
        "answers_of_version": correction.version.number if correction.version else None,
        "changes": [each.to_json() | {"what": what(each)} for each in found.changes],
        "kept_at_the_end": found.at_end,
        "task_corrected": found.other_task,
    }


def what(change: Change) -> str:
    """Say what happens to a given cell."""
    if change.now is None:
        return "is new"
    return "is left out" if change.then is None else "is corrected"


def _show(correction: Correction, path: str) -> None:
    found = correction.updated
    if correction.damaged:
        whose = f"version {correction.version.number}" if correction.version else "no version: none can be read"
        click.echo(f"{path} can't be read. It is kept as a version; the answers are taken from {whose}.")
    if not correction.is_needed:
        click.echo(f"Nothing to do: {path} already has the text and the tests of the newest release.")
    for change in found.changes:
        click.echo(f"{change.label}: {what(change)}")
        for line in change.lines():
            click.echo("    " + click.style(line, fg=COLOURS.get(line[:1])))
    if found.at_end:
        click.echo(f"Kept at the end, because the corrected notebook has no place for it: {', '.join(found.at_end)}")
    for name in found.other_task:
        click.echo(f"{name}: your answer stays, but its task was corrected.")
        click.echo("    'tito module reset' shows the corrected task, and keeps your notebook as a copy.")


def _done(slug: str, path: str, undo: int) -> tuple[str, ...]:
    return (
        f"{path} is corrected; your answers are as they were.",
        "Is it open in JupyterLab? File, Reload Notebook from Disk shows it.",
        f"Then: tito module test {slug}, and tito module complete {slug} again if you had completed it.",
        f"To undo: tito module restore {slug} {undo}",
    )
