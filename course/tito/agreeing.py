"""How commands that make large changes ask for confirmation, and answer scripts."""

import json
import sys
from typing import Any

import click

from tito.errors import TitoError


def agreed(yes: bool, question: str, not_done: str = "nothing was changed") -> bool:
    """Return whether somebody agrees; raise TitoError if nobody can be asked and --yes was not given."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise TitoError(f"{not_done}: give --yes, or --plan to see what would change")
    return click.confirm(question, err=True)


def print_json(as_json: bool, found: Any) -> int:
    """Print an answer for scripts if it is asked for; return the exit code 0."""
    if as_json:
        click.echo(json.dumps(found, indent=1))
    return 0
