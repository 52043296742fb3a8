"""`tito insight similar`: pairs of answers that share passages which few others have, for a person to judge."""

import json
from typing import Any

import click

from tito.insight.client import InsightClient


@click.command(epilog="Examples:  tito insight similar tensor --compare\n\n  tito insight similar tensor --json")
@click.argument("module")
@click.option("--compare", is_flag=True, help="Compare the collected answers again; it takes a moment.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
def similar(module: str, compare: bool, as_json: bool) -> None:
    """List pairs of answers to MODULE that share passages which few others have.

    It is no verdict: read both answers side by side on the Insight page, and talk with both students. It is recorded
    that you have looked; students see none of it.
    """
    client = InsightClient()
    if compare:
        client.compare(module)
        return click.echo(f"{module} is being compared; try again in a moment", err=True)
    said = client.similar(module)
    return click.echo(json.dumps(said, indent=1) if as_json else "\n".join(_lines(said)))


def _lines(said: dict[str, Any]) -> list[str]:
    if not said["run"]:
        return [f"{said['module']} has not been compared yet: add --compare"]
    found = []
    for name, each in said["exercises"].items():
        found += [f"{name}: not compared, {each['excluded']}"] if each["excluded"] else _pairs(name, each["pairs"])
    return found


def _pairs(name: str, pairs: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"{name}: {' and '.join('/'.join(filter(None, pair[side])) for side in ('one', 'other'))}, "
        f"{pair['share']:.0%} of the smaller one's own passages"
        for pair in pairs
    ]
    return lines or [f"{name}: no pair"]
