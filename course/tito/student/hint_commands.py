"""`tito hint EXERCISE`: open the next hint of an exercise."""

import json

import click

from tito.stuck.exercises import module_with
from tito.stuck.hints import Hints, find_hints, open_next
from tito.student.answers import as_json_option
from tito.workspace import Workspace


@click.command()
@click.argument("exercise")
@click.option("--again", is_flag=True, help="Show the hints that are already open; open no new one.")
@as_json_option
def hint(exercise: str, again: bool, as_json: bool) -> int:
    """Open the next hint of an exercise. Hints cost nothing; each helps a little more than the one before.

    \b
    Examples:
      tito hint infer_shape
      tito hint infer_shape --again
    """
    module = module_with(exercise)
    look = find_hints if again else open_next
    hints = look(Workspace.here(), module.slug, exercise)
    if as_json:
        click.echo(json.dumps(hints.to_json(), ensure_ascii=False))
    else:
        click.echo("\n".join(_said(hints)))
    return 0


def _said(hints: Hints) -> list[str]:
    if not hints.texts:
        return [f"{hints.exercise} has no step-by-step hints: read the HINT in its docstring again, or ask somebody."]
    lines = [f"{number}. {text}\n" for number, text in enumerate(hints.shown, start=1)]
    if not lines:
        lines = ["No hint is open yet.\n"]
    count = f"{hints.opened} of {len(hints.texts)} hints of {hints.exercise} are open."
    more = f" The next one: tito hint {hints.exercise}" if hints.left else " That was all of them."
    return [*lines, count + more]
