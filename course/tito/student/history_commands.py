"""`tito module history|restore`: go back to any version of a notebook that was saved."""

import json
from datetime import UTC, datetime, timedelta

import click

from tito.errors import TitoError
from tito.history.comparing import compare
from tito.history.keeping import shown
from tito.history.submitted import Attempt, attempts
from tito.history.versions import History, Version
from tito.student.answers import answer, as_json_option, find_module
from tito.student.tables import print_table
from tito.workspace import Workspace

COLOURS = {"+": "green", "-": "red"}


@click.command()
@click.argument("name")
@click.option("--diff", "number", type=click.IntRange(1), help="Compare this version with your notebook, cell by cell.")
@as_json_option
def history(name: str, number: int | None, as_json: bool) -> int:
    """List the versions of your notebook: when it was saved, which exercises' tests had passed, what was submitted.

    \b
    Examples:
      tito module history tensor
      tito module history tensor --diff 12
    """
    _, module, workspace = find_module(name)
    kept = History(workspace, module.slug)
    if number is None:
        _list(kept, attempts(workspace, module.slug), as_json)
    else:
        _compare(workspace, kept, number, as_json)
    return 0


def _list(kept: History, sent: list[Attempt], as_json: bool) -> None:
    versions = kept.versions()
    if as_json:
        rows = [v.to_json() | {"submitted": [a.to_json() for a in sent if a.sha256 == v.sha256]} for v in versions]
        click.echo(json.dumps({"module": kept.slug, "versions": rows}, ensure_ascii=False))
        return
    if not versions:
        click.echo("No versions yet: one is kept whenever you save the notebook in JupyterLab.")
        return
    now = datetime.now(UTC)
    print_table(["version", "saved (UTC)", "", "passed", "what"], [_row(kept, each, sent, now) for each in versions])
    click.echo(
        f"\n'tito module history {kept.slug} --diff N' compares, 'tito module restore {kept.slug} N' restores one."
    )


def _row(kept: History, version: Version, sent: list[Attempt], now: datetime) -> list[str]:
    what = [version.why, *(f"submitted, attempt {a.number}" for a in sent if a.sha256 == version.sha256)]
    if version.file != shown(kept.workspace, kept.workspace.notebook(kept.slug)):
        what.append(f"as {version.file}")
    if version.outputs_left_out:
        what.append("without its outputs, which were too large")
    moment = version.saved_at[:19].replace("T", " ")
    return [str(version.number), moment, ago(now - version.moment), passed(version), "; ".join(what)]


def passed(version: Version) -> str:
    """Say how many exercises' tests had passed."""
    return f"{len(version.passed)} of {version.tests}" if version.tests else ""


def ago(age: timedelta) -> str:
    """Say how long ago something was."""
    minutes = max(0, int(age.total_seconds())) // 60
    if minutes < 100:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"


def _compare(workspace: Workspace, kept: History, number: int, as_json: bool) -> None:
    notebook = workspace.notebook(kept.slug)
    now = notebook.read_bytes() if notebook.is_file() else b""
    changes = compare(kept.read(kept.find(number)), now)
    if as_json:
        click.echo(json.dumps({"version": number, "changes": [each.to_json() for each in changes]}, ensure_ascii=False))
        return
    for change in changes:
        click.echo(f"{change.label}: {change.what}")
        for line in change.lines():
            click.echo("    " + click.style(line, fg=COLOURS.get(line[:1])))
    if not changes:
        click.echo(f"Version {number} has the same cells as your notebook now.")
        return
    click.echo(f"\n'tito module restore {kept.slug} {number}' would turn the lines with - into those with +.")


@click.command()
@click.argument("name")
@click.argument("number", type=click.IntRange(1))
@click.option("--cell", default="", help="Restore only this cell, named by its exercise.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def restore(name: str, number: int, cell: str, yes: bool, as_json: bool) -> int:
    """Restore a version of your notebook, or one cell of it. What you have now becomes a version first.

    If the notebook is open in JupyterLab, reload it afterwards: File, Reload Notebook from Disk.

    \b
    Examples:
      tito module restore tensor 12
      tito module restore tensor 12 --cell add --yes
    """
    from tito.history.restoring import restore as put_back

    _, module, workspace = find_module(name)
    path = workspace.show(workspace.notebook(module.slug))
    what = f"{cell} in {path}" if cell else path
    if not yes and not as_json and not click.confirm(f"Replace {what} with version {number}? Yours becomes a version."):
        raise TitoError("nothing was changed.")
    done = put_back(workspace, module.slug, number, cell)
    undo = done.undo.number if done.undo else None
    answer(
        as_json,
        {"module": module.slug, "restored": number, "cell": cell or None, "undo": undo},
        f"{what} is as it was at {done.version.saved_at[:19].replace('T', ' ')} UTC.",
        "Is it open in JupyterLab? File, Reload Notebook from Disk shows it.",
        f"If that was wrong: tito module restore {module.slug} {undo}" if undo else "",
    )
    return 0
