"""`tito grade reading`, `share` and `handover`: who reads which written answers, and how far they are.

Promises: nothing moves before its plan was shown and confirmed; repeating a command moves nothing twice.
"""

import json
import sys
from typing import Any

import click

from tito.errors import TitoError

from .command_line import AS_JSON, DATABASE, WHERE, door_of, table
from .sharing import BY

YES = click.option("--yes", is_flag=True, help="Do it without asking.")
PLAN = click.option("--plan", is_flag=True, help="Show what would move, and do nothing.")
QUESTION = click.option("--question", default="", metavar="NAME", help="Only answers to this question.")
SECTION = click.option("--section", default="", metavar="NAME", help="Only students of this section.")
MODULES = ("assignment", "answers", "waiting", "nobodys_waiting")
READERS = ("reader", "share", "waits", "read", "open", "beside_the_others_percent")


@click.command()
@click.argument("name", required=False)
@WHERE
@DATABASE
@AS_JSON
def reading(name, course_dir, database, as_json):
    """Show the progress of the reading: for each module, or for each reader of module NAME.

    \b
    Examples:
      tito grade reading
      tito grade reading tensor
      tito grade reading tensor --json
    """
    door = door_of(course_dir, database)
    found = door.reading(name) if name else door.readings()
    if as_json:
        click.echo(json.dumps(found, indent=1))
    elif name:
        table([_reader(row) for row in found["progress"]], READERS)
    else:
        table(found, MODULES)


def _reader(row: dict[str, Any]) -> dict[str, Any]:
    """Put how somebody reads, compared with the others, into one word: empty if there are too few answers."""
    said = row["strictness"]
    words = "" if said is None else f"{said['percent']:+.1f}" if said["is_clear"] else "no clear difference"
    return {**row, "reader": row["reader"] or "(nobody's)", "beside_the_others_percent": words}


@click.command()
@click.argument("name")
@click.option("--by", type=click.Choice(BY), default="student", show_default=True, help="What is shared out in turn.")
@click.option("--reader", "readers", multiple=True, required=True, metavar="NAME", help="A reader; may be repeated.")
@click.option("--again", is_flag=True, help="Also share out answers that are waiting in somebody's share.")
@PLAN
@YES
@WHERE
@DATABASE
@AS_JSON
def share(name, by, readers, again, plan, yes, course_dir, database, as_json):
    """Share out the answers of module NAME that are waiting to be read. The plan is shown first.

    \b
    Examples:
      tito grade share tensor --by section --reader tom --reader eve --plan
      tito grade share tensor --by question --reader tom --reader eve --yes
    """
    door = door_of(course_dir, database)
    how = {"by": by, "readers": list(readers), "again": again}
    _plan_and_do(lambda yes: door.share_reading(name, **how, yes=yes), plan, yes, as_json)


@click.command()
@click.argument("name")
@click.argument("giver", metavar="FROM")
@click.argument("to", required=False, default="")
@QUESTION
@SECTION
@PLAN
@YES
@WHERE
@DATABASE
@AS_JSON
def handover(name, giver, to, question, section, plan, yes, course_dir, database, as_json):
    """Hand over the answers waiting in FROM's share of module NAME to TO; without TO, anybody may read them.

    \b
    Examples:
      tito grade handover tensor tom eve --yes
      tito grade handover tensor tom eve --question checkpoint_memory --yes
      tito grade handover tensor tom --plan
    """
    door = door_of(course_dir, database)
    which = {"giver": giver, "to": to, "question": question, "section": section}
    _plan_and_do(lambda yes: door.hand_reading_over(name, **which, yes=yes), plan, yes, as_json)


def _plan_and_do(ask, plan: bool, yes: bool, as_json: bool) -> None:
    """Show what `ask(False)` would move, and let `ask(True)` move it once that is confirmed."""
    done = ask(False)
    if not as_json:
        table([{"to": name or "(nobody)", "answers": count} for name, count in done["to"].items()],
                    ("to", "answers"))  # fmt: skip
        if done["left_out"]:
            click.echo(f"{done['left_out']} stay where they are: none of those named may read them")
    if done["moves"] and not plan:
        if not yes and not sys.stdin.isatty():
            raise TitoError(f"{done['moves']} answers would move: --plan shows them, --yes moves them")
        if not yes:
            click.confirm(f"Move {done['moves']} answers?", abort=True, err=True)
        done = ask(True)
    if as_json:
        click.echo(json.dumps(done, indent=1))
