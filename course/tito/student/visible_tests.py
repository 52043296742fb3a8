"""Run a module's visible tests through the judge's own handles, and show a student the results."""

from typing import TYPE_CHECKING

import click

from tito.curriculum import Module
from tito.source.notebook import NotebookError
from tito.workspace import Workspace, now

if TYPE_CHECKING:
    from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult

NOT_SOLVED = "is not solved yet"


def run_visible_tests(workspace: Workspace, module: Module) -> "ModuleResult":
    """Judge the saved notebook with the student's own earlier modules, and remember the points."""
    from tito.checks.local import run_tests

    result = run_tests(workspace.notebook(module.slug), module.slug)
    workspace.remember(
        module.slug, tested=now(), visible_points=result.points, visible_points_possible=points_possible(result)
    )
    return result


def points_possible(result: "ModuleResult") -> float:
    """Add up the points of the checks that were to be run."""
    return sum(check.points for exercise in result.exercises for check in exercise.checks)


def require_passed(result: "ModuleResult", module: Module) -> None:
    """Raise unless every visible check passed, naming those that did not."""
    if result.passed:
        return
    lines = [result.refused] if result.refused else []
    for exercise in result.exercises:
        lines += [f"  {exercise.name}: {_failure(check)}" for check in exercise.checks if not check.passed]
    lines += [f"  {note.cell}: {note.text}" for note in result.notes]
    raise NotebookError(
        f"the visible tests of {module.label} do not pass:\n"
        + "\n".join(lines)
        + f"\nNothing was exported. Fix the notebook, save it, and check with 'tito module test {module.slug}'."
    )


def _failure(check: "Check") -> str:
    text = f"'{check.title}': {_why(check)}"
    return text + "".join(f"\n      {name} {value}" for name, value in _details(check))


def _why(check: "Check") -> str:
    why = check.why or check.kind
    return f"{why}: is there an endless loop?" if why.startswith("no answer within") else why


def _details(check: "Check") -> list[tuple[str, str]]:
    rows = [("called", check.called), ("got", check.got), ("expected", check.expected)]
    return [(name, value) for name, value in rows if value]


def to_json(result: "ModuleResult") -> dict:
    """Return the result as data; nothing is known about hidden checks here anyway."""
    return result.to_json() | {"visible_points_possible": points_possible(result)}


def show_result(result: "ModuleResult", module: Module) -> None:
    """Print one line per check, and what is known about those that failed."""
    if result.refused:
        click.echo(result.refused)
    for exercise in result.exercises:
        _show_exercise(exercise)
    for note in result.notes:
        click.echo(f"note on {note.cell}: {note.text}")
    click.echo(f"\nVisible checks of {module.label}: {result.points:g} of {points_possible(result):g} points.")
    if result.passed:
        click.echo(f"Hidden checks on other inputs follow when you submit. Next: tito module complete {module.slug}")


def _show_exercise(exercise: "ExerciseResult") -> None:
    if exercise.checks and all(NOT_SOLVED in check.why for check in exercise.checks):
        click.echo(f"{click.style('open', fg='yellow')}    {exercise.name}: not solved yet")
        return
    for check in exercise.checks:
        word = click.style("passed", fg="green") if check.passed else click.style("failed", fg="red")
        click.echo(f"{word}  {exercise.name}: {check.title}")
        if check.passed:
            continue
        if _why(check):
            click.echo(f"        {_why(check)}")
        for name, value in _details(check):
            click.echo(f"        {name:<8} {value}")
