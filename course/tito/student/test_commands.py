"""`tito test integration`: do the modules work together?"""

import json

import click

from tito.curriculum import load_curriculum
from tito.student.integration import run_integration
from tito.workspace import Workspace


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON, for scripts.")
def integration(as_json: bool) -> int:
    """Test whether the completed modules in your own package work together.

    Each test needs some modules; it is run if they are complete.

    \b
    Examples:
      tito test integration
    """
    results = run_integration(Workspace.here(), load_curriculum())
    failed = [each for each in results if not each.passed]
    if as_json:
        click.echo(json.dumps([each.to_json() for each in results], ensure_ascii=False))
        return 1 if failed else 0
    for each in results:
        click.echo(
            f"{click.style('passed', fg='green') if each.passed else click.style('failed', fg='red')}  {each.title}"
        )
        if each.why:
            click.echo(f"        {each.why}")
    if not results:
        click.echo("Nothing to test yet: complete two modules first.")
    return 1 if failed else 0
