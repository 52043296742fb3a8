"""`tito grade void` and `tito grade regrade`: what to do about a faulty check, with everybody's points shown first.

Promises: nothing changes before the plan was shown and confirmed; repeating a command changes nothing more.
"""

from typing import Any

import click

from tito.agreeing import agreed, print_json

from .command_line import AS_JSON, DATABASE, STUDENTS, WHERE, door_of, run_job, table, wait_for

PLAN = click.option("--plan", "plan_only", is_flag=True, help="Show whose points would change, and change nothing.")
YES = click.option("--yes", is_flag=True, help="Do it without asking.")


@click.command()
@click.argument("name")
@click.argument("check", required=False)
@click.option("--reason", default="", help="Why it does not count; students read it in their feedback.")
@click.option("--undo", is_flag=True, help="Let the check count again.")
@PLAN
@YES
@WHERE
@DATABASE
@AS_JSON
def void(name, check, reason, undo, plan_only, yes, course_dir, database, as_json):
    """Give everybody the points of a faulty CHECK of module NAME; without a CHECK list them.

    A void also applies to what is judged later. CHECK is EXERCISE:NUMBER, as in the list, or the check's title.
    Points that were given by hand stay.

    \b
    Examples:
      tito grade void tensor
      tito grade void tensor add:3 --reason "It compares with the wrong axis." --plan
      tito grade void tensor add:3 --undo --yes
    """
    from .voids import Wanted

    door = door_of(course_dir, database)
    if check is None:
        return _list(door.checks(name), as_json)
    wanted = Wanted(name, check, reason, undo)
    plan = door.void(wanted, plan=True)
    if not as_json:
        _say_void(plan)
    if plan_only or not agreed(yes, "Change these points?"):
        print_json(as_json, plan)
        return 0
    done = door.void(wanted, plan=False)
    with door.working(None):
        failed = [job for job in done["jobs"] if not wait_for(door, job)]
    print_json(as_json, done)
    if not as_json:
        click.echo("Done." if not failed else "Done, but some feedback could not be made again: see tito grade status")
    return 1 if failed else 0


@click.command()
@click.argument("name")
@click.option("--jobs", type=click.IntRange(1, 64), help="Submissions judged at the same time.")
@STUDENTS
@click.option(
    "--force", is_flag=True, help="Judge again what was already judged from the same files by the same tests."
)
@PLAN
@YES
@WHERE
@DATABASE
@AS_JSON
def regrade(name, jobs, students, force, plan_only, yes, course_dir, database, as_json):
    """Judge module NAME again by its corrected tests, and show whose points change before any do.

    The verdicts are kept: if you confirm, now or later, those that were shown are written. Students whose feedback is
    out get it again.

    \b
    Examples:
      tito grade regrade tensor --plan
      tito grade regrade tensor --yes
    """
    door = door_of(course_dir, database)
    code = run_job(door, "rejudge", name, students, jobs, as_json, quiet=True, force=force)
    plan = _only(door.regrade_plan(name), students)
    if not as_json:
        _say_regrade(plan)
    if code or plan_only or not plan["judged"] or not agreed(yes, "Change these points?"):
        print_json(as_json, plan)
        return code
    code = run_job(door, "autograde", name, tuple(plan["judged"]), jobs, as_json, quiet=True)
    if told := tuple(row["student"] for row in plan["rows"] if row["told"]):
        code = run_job(door, "release_feedback", name, told, None, as_json, quiet=True, unread=True) or code
    print_json(as_json, plan)
    if not as_json:
        click.echo("Done." if not code else "Some could not be graded: see tito grade status")
    return code


def _only(plan: dict[str, Any], students: tuple[str, ...]) -> dict[str, Any]:
    if not students:
        return plan
    rows = [row for row in plan["rows"] if row["student"] in students]
    return {**plan, "rows": rows, "judged": [name for name in plan["judged"] if name in students]}


def _list(found: dict[str, Any], as_json: bool) -> int:
    print_json(as_json, found)
    if not as_json and found["checks"]:
        rows = [{**row, "void": row["void"]["reason"] if row["void"] else ""} for row in found["checks"]]
        table(rows, ("name", "title", "points", "hidden", "passed", "judged", "void"))
    elif not as_json:
        click.echo(
            f"No submission of {found['assignment']} has been judged yet: tito grade autograde {found['assignment']}"
        )
    return 0


def _say_void(plan: dict[str, Any]) -> None:
    about = plan["void"]
    what = f"{about['exercise']}, “{about['title']}” ({about['points']:g} points)"
    click.echo(f"{what} {'counts again' if plan['undo'] else 'does not count: everybody has its points'}.")
    if about["reason"] and not plan["undo"]:
        click.echo(f"Students see the reason: {about['reason']}")
    _say_rows(plan)
    _say_names(
        "Their grade comes from another verdict than the recorded one, so they are judged again", plan["judge_again"]
    )
    _say_names("Could not be judged, so there is nothing to add to", plan["not_judged"])


def _say_regrade(plan: dict[str, Any]) -> None:
    count = len(plan["judged"])
    click.echo(f"{count} submission{'' if count == 1 else 's'} judged by other tests than those behind the grade.")
    _say_rows(plan)
    _say_names("Could not be judged", plan["not_judged"])


def _say_rows(plan: dict[str, Any]) -> None:
    changed = [row for row in plan["rows"] if row["before"] != row["after"]]
    if changed:
        table([{**row, "why": _why(row)} for row in changed], ("student", "before", "after", "told", "why"))
    else:
        click.echo("Nobody's points change.")
    _say_names("Points given by hand stay, check them", [row["student"] for row in plan["rows"] if row["by_hand"]])


def _why(row: dict[str, Any]) -> str:
    return ", ".join(f"{each['exercise']} {each['before']:g} → {each['after']:g}" for each in row["exercises"])


def _say_names(what: str, names: list[str]) -> None:
    if names:
        click.echo(f"{what}: {', '.join(names)}")
