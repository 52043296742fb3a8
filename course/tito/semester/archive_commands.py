"""`tito semester archive` and `verify`: write a course as one file, and read it back, even years later."""

import json
import os
from contextlib import closing
from pathlib import Path

import click

from exchange.client import ExchangeClient
from exchange.protocol.models import Refused
from tito.errors import TitoError
from tito.semester.archive import Checked, check_archive
from tito.semester.archiving import write_archive
from tito.semester.client import SemesterClient

SHOWN = 20
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@click.command(epilog="Example:  tito semester archive --output tinytorch-2026-fall.tar")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@JSON
def archive(output: Path, force: bool, as_json: bool) -> int:
    """Write the course into one tar file, read it back, and print its size.

    It contains semester file and roster, submissions with receipts and feedback, grades, the course's numbers, and a
    digest of each file. Freeze the course first: later changes are not in the archive.
    """
    if output.exists() and not force:
        raise TitoError(f"{output} exists: name another file, or overwrite it (--force)")
    course = os.environ.get("EXCHANGE_COURSE", "")
    try:
        with closing(SemesterClient()) as semester, ExchangeClient.from_environment() as exchange:
            texts = semester.texts()
            write_archive(output, texts, exchange, texts["course"] or course)
    except Refused as error:
        raise TitoError(str(error)) from error
    return _say(output, check_archive(output), as_json)


@click.command(epilog="Example:  tito semester verify tinytorch-2026-fall.tar")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
def verify(file: Path, as_json: bool) -> int:
    """Read an archive from its first byte to its last: digests, receipts, signatures. It needs no Hub."""
    return _say(file, check_archive(file), as_json)


def _say(path: Path, found: Checked, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"file": str(path), **found.as_dict()}, indent=1))
        return 1 if found.problems else 0
    for problem in found.problems[:SHOWN]:
        click.echo(f"damaged: {problem}", err=True)
    if (more := len(found.problems) - SHOWN) > 0:
        click.echo(f"and {more} more", err=True)
    frozen = found.about.get("frozen")
    state = f"frozen since {frozen['frozen_at'][:16]}" if frozen else "not frozen when it was made"
    click.echo(f"{path}: {found.about['course']}, {state}")
    size = f"{found.bytes:,} bytes in {found.files} files, {len(found.submissions)} submissions"
    click.echo(f"{size}; {f'{len(found.problems)} problems' if found.problems else 'read back, complete'}")
    return 1 if found.problems else 0
