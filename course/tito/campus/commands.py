"""`tito campus status|link|roster|keys|forget`, `tito campus grades status|send`: a learning platform from a terminal.

All of them ask the campus service, which talks to the platform; the caller's token must allow it (see `client`).
"""

import json
from contextlib import closing
from typing import Any

import click

from tito.campus.client import CampusClient
from tito.errors import TitoError

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@click.command(epilog="Example:  tito campus status")
@JSON
def status(as_json: bool) -> None:
    """Show which course on the platform is linked, which ones could be, and the last checks of its members."""
    with closing(CampusClient()) as client:
        answer = client.status()
    if as_json:
        click.echo(json.dumps(answer))
        return
    linked = answer["linked"]
    click.echo(f"{answer['course']} is {linked['title']!r} at {answer['issuer']}" if linked else "no course is linked")
    for each in answer["launched"]:
        click.echo(f"  {each['key']}  {each['title']}  (context {each['context']}, deployment {each['deployment']})")
    for each in answer["syncs"]:
        click.echo(f"  {each['at'][:16]}  {each['by']:10} {each['outcome']:9} {each['message']}")
    _say_left(answer["left"])


@click.command(epilog="Example:  tito campus link 5f2a81c09b3d")
@click.argument("key")
@JSON
def link(key: str, as_json: bool) -> None:
    """Link the platform's course KEY to this course; `tito campus status` lists those from which it was opened."""
    with closing(CampusClient()) as client:
        answer = client.link(key)
    click.echo(json.dumps(answer) if as_json else f"linked: {answer['linked']['title']}")


@click.command(epilog="Example:  tito campus roster --plan\n\nExample:  tito campus roster --yes")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would change, and change nothing (the default).")
@click.option("--yes", is_flag=True, help="Make the platform's members the roster.")
@click.option("--drops", is_flag=True, help="With --yes: drop people even if they are more than a tenth of the class.")
@JSON
def roster(only_plan: bool, yes: bool, drops: bool, as_json: bool) -> int:
    """Update the roster from the platform's members."""
    if only_plan and yes:
        raise TitoError("--plan changes nothing, but --yes does: give one of them")
    with closing(CampusClient()) as client:
        if not yes:
            plan = client.plan_roster()
            click.echo(json.dumps(plan)) if as_json else _show_plan(plan)
            return 0
        done = client.apply_roster(drops)
    click.echo(json.dumps(done) if as_json else f"{done['outcome']}: {done['message']}")
    return int(done["outcome"] == "failed")


@click.command(name="status", epilog="Example:  tito campus grades status --look --json")
@click.option("--look", is_flag=True, help="First ask the platform's gradebook what it has.")
@click.option("--all", "everything", is_flag=True, help="Also show the scores that the platform has accepted.")
@JSON
def grades_status(look: bool, everything: bool, as_json: bool) -> int:
    """Show each student's scores: what was sent, what the platform answered, what differs. Exit 1 if any needs you."""
    with closing(CampusClient()) as client:
        if look:
            client.look()
        answer = client.grades()
    rows = answer["scores"]
    wrong = [row for row in rows if row["differs"] or row["state"] not in ("sent", "waiting")]
    if as_json:
        click.echo(json.dumps(answer))
        return int(bool(wrong))
    for row in rows if everything else [row for row in rows if row["differs"] or row["state"] != "sent"]:
        click.echo(_score_line(row))
    sent = sum(row["state"] == "sent" for row in rows)
    click.echo(f"{sent} of {len(rows)} scores sent, {len(wrong)} need attention")
    _say_left(answer["left"])
    return int(bool(wrong))


@click.command(name="send", epilog="Example:  tito campus grades send")
@JSON
def grades_send(as_json: bool) -> None:
    """Send what is waiting now, and try again what the platform refused."""
    with closing(CampusClient()) as client:
        answer = client.send()
    click.echo(json.dumps(answer) if as_json else answer["said"])


@click.command(epilog="Example:  tito campus keys --rotate")
@click.option("--rotate", is_flag=True, required=True, help="Make a new key, used for signing after a day.")
@JSON
def keys(rotate: bool, as_json: bool) -> None:
    """Change the key with which the Hub signs its requests to the platform."""
    with closing(CampusClient()) as client:
        answer = client.rotate_keys()
    click.echo(json.dumps(answer) if as_json else f"made {answer['made']}: published now, used for signing after a day")


@click.command(epilog="Example:  tito campus forget\n\nExample:  tito campus forget --yes")
@click.option("--yes", is_flag=True, help="Do it; otherwise only show what would be forgotten.")
@JSON
def forget(yes: bool, as_json: bool) -> None:
    """Forget what is known about a frozen course on the platform, after `tito semester delete`."""
    with closing(CampusClient()) as client:
        found = client.forget(yes)
    if as_json:
        click.echo(json.dumps(found))
        return
    counted = {name: number for name, number in found.items() if name not in ("course", "deleted")}
    rows = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counted.items())
    click.echo(f"{found['course']}: {'forgotten' if yes else 'would be forgotten (--yes)'}: {rows}")
    click.echo("people keep the names with which they log in")


def _show_plan(plan: dict[str, Any]) -> None:
    for warning in plan["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    for each in plan["changes"]:
        click.echo(f"{each['sign']} {each['area']:10} {each['subject']:32} {each['detail']}")
    for each in plan["without_name"]:
        click.echo(f"left out: {each}", err=True)
    count = len(plan["changes"])
    changes = f"{count} change{'s' if count != 1 else ''}" if count else "nothing to change"
    click.echo(f"{plan['students']} students; {changes}")
    for each in plan["confirmations"]:
        click.echo(f"must be confirmed (tito campus roster --yes --drops): {each['sentence']}")


def _score_line(row: dict[str, Any]) -> str:
    there = "" if row["there"] is None else f", there {row['there']:g}"
    state = "differs" if row["differs"] else row["state"]
    told = f"{row['score']:g} of {row['maximum']:g}"
    return f"  {row['student']:24} {row['assignment']:20} {told:14} {state:8} {row['answer']}{there}".rstrip()


def _say_left(left: list[dict[str, Any]]) -> None:
    if left:
        click.echo(f"left the platform's course: {', '.join(each['name'] for each in left)}")
